//! The port [`Registry`] for image layouts in folders (image specification 1.1, image-layout): tags are names
//! in `index.json`, manifests and blobs lie below `blobs/sha256`, referrers are found by `subject`.
//!
//! Readers take no lock: whatever they see was renamed into place whole. Writers take turns by a lock file.

mod blobs;
mod files;
mod folder;
mod listing;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::{
    BlobStream, Kind, Listing, ManifestName, REFERRERS_LIMIT, Referrers, Registry, RegistryError,
    StoredManifest,
};
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::{Digest, MANIFEST_LIMIT, Repository};
use files::Failure;
use folder::Folder;

/// Image layouts in folders. It holds no state: a folder is opened with each call.
#[derive(Debug, Clone, Copy, Default)]
pub struct LayoutRegistry;

/// A call: the folder it goes to, and what it asks as errors show it.
struct Call {
    folder: Folder,
    request: String,
}

impl Call {
    fn new(repository: &Repository, verb: &str, what: &str) -> Result<Self, RegistryError> {
        let request = format!("{verb} {repository}{what}");
        match repository {
            Repository::Layout(path) => Ok(Self { folder: Folder::new(PathBuf::clone(path)), request }),
            Repository::Registry { .. } => Err(RegistryError {
                kind: Kind::Unreachable,
                request,
                reason: "this is a repository in a registry, not an image layout".to_owned(),
            }),
        }
    }

    /// Does the work where blocking is allowed.
    async fn run<T, W>(self, work: W) -> Result<T, RegistryError>
    where
        T: Send + 'static,
        W: FnOnce(&Folder) -> Result<T, Failure> + Send + 'static,
    {
        let Self { folder, request } = self;
        match tokio::task::spawn_blocking(move || work(&folder)).await {
            Ok(done) => done.map_err(|failure| failure.of(request)),
            Err(error) => {
                let reason = crate::model::escape_untrusted(&error.to_string());
                Err(RegistryError { kind: Kind::Unreachable, request, reason })
            }
        }
    }
}

fn named(name: &ManifestName) -> String {
    match name {
        ManifestName::Tag(tag) => format!(":{tag}"),
        ManifestName::Digest(digest) => format!("@{digest}"),
    }
}

impl Registry for LayoutRegistry {
    async fn manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
    ) -> Result<Option<StoredManifest>, RegistryError> {
        let name = name.clone();
        Call::new(repository, "read", &named(&name))?.run(move |folder| read_manifest(folder, &name)).await
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        let digest = *digest;
        let call = Call::new(repository, "read", &format!("@{digest}"))?;
        call.run(move |folder| Ok(folder.blob(&digest, limit)?.map(Bytes::from))).await
    }

    async fn referrers(&self, repository: &Repository, subject: &Digest) -> Result<Referrers, RegistryError> {
        let subject = *subject;
        let call = Call::new(repository, "read referrers of", &format!("@{subject}"))?;
        let request = call.request.clone();
        call.run(move |folder| Ok(Referrers::Listed(list_referrers(folder, &subject, &request)?))).await
    }

    async fn push_blob(&self, repository: &Repository, bytes: Bytes) -> Result<(), RegistryError> {
        let call = Call::new(repository, "write", &format!("@{}", Digest::of(&bytes)))?;
        call.run(move |folder| {
            folder.make()?;
            folder.store(&Digest::of(&bytes), &bytes)
        })
        .await
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
        media_type: &str,
        bytes: Bytes,
        etag: Option<&str>,
    ) -> Result<(), RegistryError> {
        let call = Call::new(repository, "write", &named(name))?;
        let put = Put {
            name: name.clone(),
            media_type: media_type.to_owned(),
            bytes,
            etag: etag.map(str::to_owned),
        };
        call.run(move |folder| put.into(folder)).await
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, RegistryError> {
        let digest = *digest;
        let call = Call::new(repository, "look for", &format!("@{digest}"))?;
        call.run(move |folder| folder.has_blob(&digest)).await
    }

    async fn open_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<BlobStream>, RegistryError> {
        let digest = *digest;
        let call = Call::new(repository, "read", &format!("@{digest}"))?;
        let request = call.request.clone();
        let file = call.run(move |folder| folder.open(&digest)).await?;
        Ok(file.map(|file| blobs::stream(file, digest, request)))
    }

    async fn push_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
        bytes: BlobStream,
    ) -> Result<(), RegistryError> {
        let wanted = *digest;
        let call = Call::new(repository, "write", &format!("@{digest}"))?;
        let request = call.request.clone();
        let unfinished = call.run(move |folder| folder.begin_blob(&wanted)).await?;
        match unfinished {
            Some(unfinished) => blobs::receive(unfinished, digest, size, bytes, &request).await,
            None => Ok(()),
        }
    }

    async fn mount_blob(
        &self,
        _repository: &Repository,
        _from: &Repository,
        _digest: &Digest,
    ) -> Result<bool, RegistryError> {
        Ok(false)
    }

    fn slowest_round_trip(&self) -> Duration {
        Duration::ZERO
    }
}

fn read_manifest(folder: &Folder, name: &ManifestName) -> Result<Option<StoredManifest>, Failure> {
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
fn list_referrers(folder: &Folder, subject: &Digest, request: &str) -> Result<Listing, Failure> {
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

fn take_if_attached(listing: &mut Listing, listed: Descriptor, bytes: &[u8], subject: &Digest) {
    let manifest = match Manifest::parse(bytes) {
        Ok(manifest) => manifest,
        Err(error) => return listing.unreadable.push(format!("{}: {error}", listed.digest)),
    };
    let attached_to = subject_of(&manifest);
    if attached_to == Some(*subject) {
        let media_type = manifest.media_type().to_owned();
        listing.descriptors.push(Descriptor {
            media_type,
            digest: listed.digest,
            size: bytes.len() as u64,
            artifact_type: artifact_type(manifest),
            platform: None,
        });
    }
}

fn subject_of(manifest: &Manifest) -> Option<Digest> {
    let subject = match manifest {
        Manifest::Image(image) => image.subject.as_ref(),
        Manifest::Index(index) => index.subject.as_ref(),
    };
    subject.map(|subject| subject.digest)
}

/// As the distribution specification 1.1 has registries answer (listing referrers): the manifest's own, else
/// the media type of its configuration.
fn artifact_type(manifest: Manifest) -> Option<String> {
    match manifest {
        Manifest::Image(image) => image.artifact_type.or(Some(image.config.media_type)),
        Manifest::Index(_) => None,
    }
}

/// A manifest on its way into a folder.
struct Put {
    name: ManifestName,
    media_type: String,
    bytes: Bytes,
    etag: Option<String>,
}

impl Put {
    fn into(self, folder: &Folder) -> Result<(), Failure> {
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
    Manifest::parse(&bytes).is_ok_and(|manifest| subject_of(&manifest).is_none())
}
