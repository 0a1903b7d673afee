//! Showing what is attached to a digest. Nothing is verified, and the result says so.

mod attested;

use bytes::Bytes;
use serde::Serialize;

pub use attested::Stated;

use super::FlowError;
use super::allowance::Allowance;
use super::findings::Findings;
use super::gather::{Fallback, Gathering};
use super::pointer::Pointer;
use super::survey::{Sought, shown_type};
use super::verify::fetch_image;
use crate::model::candidate::Read;
use crate::model::list::ListManifest;
use crate::model::manifest::{Layer, Manifest};
use crate::model::verify::Remark;
use crate::model::{Claims, Digest, Format, PinnedRef, Repository, Tag, json};
use crate::registry::{ManifestName, Registry};

/// Said in every inspection.
pub const NOTE: &str = "nothing here is verified: keys and claims are what the writers say";

/// Longest key hint that is shown, in characters; a fingerprint has 44, and a bundle may have a million.
const HINT_LIMIT: usize = 128;

/// What is attached to an image, as found.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Inspection {
    /// The image.
    pub reference: String,
    /// Its digest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Length of its manifest in bytes.
    pub size: u64,
    /// Always `false`: see `note`.
    pub verified: bool,
    /// What that means.
    pub note: &'static str,
    /// The manifests of an index.
    pub children: Vec<Child>,
    /// What is attached.
    pub attached: Vec<Attached>,
    /// What could not be asked or read.
    pub unreachable: Vec<Remark>,
}

/// A manifest of an index.
#[derive(Debug, Serialize)]
pub struct Child {
    /// Its digest.
    pub digest: Digest,
    /// Its platform, `os/architecture[/variant]`.
    pub platform: Option<String>,
}

/// What kind of thing is attached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A well-formed signature that states this digest.
    Signature,
    /// A well-formed attestation about this digest, where attestations were asked for.
    Attestation,
    /// Attestations or an SBOM in cosign's tags, or an artifact.
    Other,
    /// What stands where a signature should be, and is none.
    Invalid,
}

/// One attached thing.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attached {
    /// What it is.
    pub kind: Kind,
    /// How it is stored, if it is a signature's place.
    pub format: Option<Format>,
    /// Repository and tag or digest, and the layer where it matters.
    #[serde(rename = "where")]
    pub place: String,
    /// Length of the payload or bundle in bytes, as its manifest states it.
    pub size: Option<u64>,
    /// What a bundle says of its key.
    pub key_hint: Option<String>,
    /// What it states beside the digest.
    pub claims: Option<Claims>,
    /// What an attestation says; nothing else has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub states: Option<Stated>,
    /// What it is instead of a signature, or what is wrong with it.
    pub reason: Option<String>,
}

struct Listing<'a> {
    image: &'a Digest,
    attached: Vec<Attached>,
    unreachable: Vec<Remark>,
}

impl Listing<'_> {
    fn push(&mut self, kind: Kind, remark: Remark, size: Option<u64>) {
        let Remark { place, format, reason } = remark;
        let reason = Some(reason);
        let (key_hint, claims, states) = (None, None, None);
        self.attached.push(Attached { kind, format, place, size, key_hint, claims, states, reason });
    }
}

impl Findings for Listing<'_> {
    async fn read(&mut self, bytes: &Bytes, pointer: &Pointer) {
        let (format, place) = (Some(pointer.format()), pointer.place.clone());
        let size = Some(pointer.size);
        let candidate = match pointer.read(bytes) {
            Read::Candidate(candidate) => candidate,
            Read::Other(reason) => return self.push(Kind::Other, Remark { place, format, reason }, size),
            Read::Invalid(reason) => return self.push(Kind::Invalid, Remark { place, format, reason }, size),
        };
        let key_hint = candidate.hint().map(|hint| hint.chars().take(HINT_LIMIT).collect());
        let (kind, claims, reason) = match candidate.unverified_claims(self.image) {
            Ok(claims) => (Kind::Signature, Some(claims.clone()), None),
            Err(reason) => (Kind::Invalid, None, Some(reason)),
        };
        let certificate = candidate.has_certificate().then(|| "made with a certificate (keyless)".to_owned());
        let reason = reason.or(certificate);
        let states = None;
        self.attached.push(Attached { kind, format, place, size, key_hint, claims, states, reason });
    }

    fn other(&mut self, remark: Remark) {
        self.push(Kind::Other, remark, None);
    }

    fn invalid(&mut self, remark: Remark) {
        self.push(Kind::Invalid, remark, None);
    }

    fn unreachable(&mut self, remark: Remark) {
        self.unreachable.push(remark);
    }
}

/// Lists what is attached to `image` in `places`; what attestations say only where they are asked for, since each may
/// have 32 MiB.
///
/// # Errors
/// The image itself is not there or could not be read. What could not be read beside it stands in the result.
pub async fn inspect<R: Registry>(
    registry: &R,
    image: &PinnedRef,
    places: &[Repository],
    attestations: bool,
) -> Result<Inspection, FlowError> {
    let digest = image.digest();
    let mut listing = Listing { image: &digest, attached: Vec::new(), unreachable: Vec::new() };
    let (fetched, ()) = tokio::join!(fetch_image(registry, image), list(registry, places, &mut listing));
    let (stored, manifest) = fetched?;
    let allowance = Allowance::of_one();
    for place in places.iter().filter(|_| attestations) {
        attested::add(registry, place, &digest, &allowance, &mut listing.attached, &mut listing.unreachable)
            .await;
    }
    Ok(Inspection {
        reference: image.to_string(),
        digest,
        media_type: crate::model::escape_untrusted(manifest.media_type()),
        size: stored.bytes.len() as u64,
        verified: false,
        note: NOTE,
        children: children(&manifest),
        attached: listing.attached,
        unreachable: listing.unreachable,
    })
}

async fn list<R: Registry>(registry: &R, places: &[Repository], listing: &mut Listing<'_>) {
    let image = listing.image;
    for place in places {
        let sought = Sought::Signatures;
        Gathering { registry, place, image, sought, fallback: Fallback::Always, allowance: None }
            .run(listing)
            .await;
        tagged(registry, place, Tag::attestations(image), "attestation", listing).await;
        tagged(registry, place, Tag::sbom(image), "SBOM", listing).await;
    }
}

/// What stands at a tag of cosign's that holds no signatures, layer by layer.
async fn tagged<R: Registry>(
    registry: &R,
    place: &Repository,
    tag: Tag,
    what: &str,
    listing: &mut Listing<'_>,
) {
    let shown = format!("{place}:{tag}");
    let stored = match registry.manifest(place, &ManifestName::Tag(tag)).await {
        Ok(None) => return,
        Ok(Some(stored)) => stored,
        Err(error) => {
            return listing.unreachable(Remark { place: shown, format: None, reason: error.to_string() });
        }
    };
    let layers = match ListManifest::parse(&stored.bytes, "layers") {
        Ok(layers) => layers,
        Err(error) => {
            return listing.invalid(Remark { place: shown, format: None, reason: error.to_string() });
        }
    };
    for (number, element) in layers.elements().iter().enumerate() {
        let place = format!("{shown} layer {}", number + 1);
        match json::from_slice::<Layer>(element.get().as_bytes()) {
            Ok(layer) => {
                let kind = shown_type(&layer.descriptor.media_type);
                let reason = format!("{what}, `{kind}`");
                listing.push(
                    Kind::Other,
                    Remark { place, format: None, reason },
                    Some(layer.descriptor.size),
                );
            }
            Err(error) => listing.invalid(Remark { place, format: None, reason: error.to_string() }),
        }
    }
}

fn children(manifest: &Manifest) -> Vec<Child> {
    let platform =
        |child: &crate::model::manifest::Descriptor| child.platform.as_ref().map(ToString::to_string);
    manifest
        .children()
        .iter()
        .map(|child| Child { digest: child.digest, platform: platform(child) })
        .collect()
}
