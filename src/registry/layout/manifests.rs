//! Manifests of an image layout: found by tag and digest, by what they are attached to, and put.

use bytes::Bytes;
use serde::Deserialize;

use super::files::Failure;
use super::folder::Folder;
use crate::model::manifest::{ACCEPTED, Descriptor, Manifest, predicate_hint};
use crate::model::{Digest, MANIFEST_LIMIT, json};
use crate::registry::{Kind, Listing, ManifestName, REFERRERS_LIMIT, StoredManifest};

/// The manifest of that name.
pub(super) fn read_manifest(folder: &Folder, name: &ManifestName) -> Result<Option<StoredManifest>, Failure> {
    let descriptor = match name {
        ManifestName::Digest(digest) => {
            let bytes = folder.blob(digest, MANIFEST_LIMIT)?;
            return Ok(bytes.map(|bytes| stored(*digest, String::new(), bytes, None)));
        }
        ManifestName::Tag(tag) => folder.listing()?.find(tag)?,
    };
    let Some(Descriptor { digest, media_type, .. }) = descriptor else { return Ok(None) };
    let Some(bytes) = folder.blob(&digest, MANIFEST_LIMIT)? else {
        return Err(Failure::broken(format!("index.json names {digest}, and there is no such blob")));
    };
    Ok(Some(stored(digest, media_type, bytes, Some(digest.to_string()))))
}

/// A listed manifest has the media type of its descriptor, any other the one that it states itself.
fn stored(digest: Digest, listed: String, bytes: Vec<u8>, etag: Option<String>) -> StoredManifest {
    let media_type = match listed.is_empty() {
        true => Manifest::parse(&bytes).map(|m| m.media_type().to_owned()).unwrap_or_default(),
        false => listed,
    };
    StoredManifest { digest, media_type, bytes: Bytes::from(bytes), etag }
}

/// Reads every listed manifest. One whose bytes cannot be had may be a referrer: it is listed as one, so that
/// whoever asks for it learns why it is not there.
pub(super) fn list_referrers(folder: &Folder, subject: &Digest, request: &str) -> Result<Listing, Failure> {
    let mut listing = Listing::default();
    for (read, entry) in folder.listing()?.distinct().enumerate() {
        if read == REFERRERS_LIMIT {
            let reason = format!("index.json lists more than {REFERRERS_LIMIT} manifests");
            listing.stopped = Some(Failure::limit(reason).of(request.to_owned()));
            break;
        }
        let descriptor = match entry {
            Ok(descriptor) => descriptor,
            Err(reason) => {
                listing.unreadable.push(reason);
                continue;
            }
        };
        match folder.blob(&descriptor.digest, MANIFEST_LIMIT) {
            Ok(Some(bytes)) => take_if_attached(&mut listing, descriptor, &bytes, subject),
            Ok(None) | Err(_) => listing.descriptors.push(descriptor),
        }
    }
    Ok(listing)
}

/// As much of a manifest as tells what it is attached to, whatever else is wrong with it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Attachment {
    #[serde(default)]
    media_type: Option<String>,
    #[serde(default)]
    subject: Option<Subject>,
    #[serde(default)]
    artifact_type: Option<String>,
    #[serde(default)]
    config: Option<Configuration>,
    #[serde(rename = "annotations", default, deserialize_with = "predicate_hint")]
    predicate_hint: Option<String>,
}

#[derive(Deserialize)]
struct Subject {
    digest: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Configuration {
    #[serde(default)]
    media_type: Option<String>,
}

fn take_if_attached(listing: &mut Listing, listed: Descriptor, bytes: &[u8], subject: &Digest) {
    let read: Attachment = match json::from_slice(bytes) {
        Ok(read) => read,
        // Other media types are legal in index.json and to be ignored (image specification 1.1, image-layout).
        Err(error) if listed.media_type.is_empty() || ACCEPTED.contains(&listed.media_type.as_str()) => {
            return listing.unreadable.push(format!("{}: {error}", listed.digest));
        }
        Err(_) => return,
    };
    if read.subject.is_some_and(|attached_to| attached_to.digest == subject.to_string()) {
        listing.descriptors.push(Descriptor {
            media_type: read.media_type.unwrap_or(listed.media_type),
            digest: listed.digest,
            size: bytes.len() as u64,
            // What registries answer (distribution specification 1.1, listing referrers).
            artifact_type: read.artifact_type.or(read.config.and_then(|config| config.media_type)),
            platform: None,
            predicate_hint: read.predicate_hint,
        });
    }
}

/// A manifest on its way into a folder.
pub(super) struct Put {
    pub(super) name: ManifestName,
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
    /// Digest of the manifest that must still have the tag.
    pub(super) etag: Option<String>,
}

impl Put {
    /// Stores and lists it.
    pub(super) fn into(self, folder: &Folder) -> Result<(), Failure> {
        let digest = Digest::of(&self.bytes);
        if self.bytes.len() as u64 > MANIFEST_LIMIT {
            return Err(Failure::limit(format!("a manifest is at most {MANIFEST_LIMIT} bytes")));
        }
        let tag = match &self.name {
            ManifestName::Tag(tag) => Some(tag),
            ManifestName::Digest(named) if *named == digest => None,
            ManifestName::Digest(_) => {
                return Err(Failure::refused(format!("the bytes of the manifest have the digest {digest}")));
            }
        };
        folder.make()?;
        folder.store(&digest, &self.bytes)?;
        let _lock = folder.lock()?;
        let mut listing = folder.listing()?;
        if let (Some(tag), Some(etag)) = (tag, &self.etag)
            && listing.find(tag)?.map(|held| held.digest.to_string()).as_ref() != Some(etag)
        {
            return Err(Failure { kind: Kind::Conflict, reason: "another writer moved the tag".to_owned() });
        }
        let manifest = Manifest::parse(&self.bytes).ok();
        let descriptor = Descriptor {
            media_type: self.media_type,
            digest,
            size: self.bytes.len() as u64,
            artifact_type: manifest.clone().and_then(|m| match m {
                Manifest::Image(image) => image.artifact_type,
                Manifest::Index(_) => None,
            }),
            platform: None,
            predicate_hint: None,
        };
        let mut changed = listing.put(&descriptor, tag)?;
        for child in manifest.iter().flat_map(Manifest::children) {
            changed |= is_plain_image(folder, &child.digest) && listing.forget_unnamed(&child.digest);
        }
        if changed { folder.write_listing(&listing) } else { Ok(()) }
    }
}

/// Whether a child is there and attached to nothing: its index names it, so `index.json` need not.
fn is_plain_image(folder: &Folder, digest: &Digest) -> bool {
    let Ok(Some(bytes)) = folder.blob(digest, MANIFEST_LIMIT) else { return false };
    json::from_slice::<Attachment>(&bytes).is_ok_and(|read| read.subject.is_none())
}
