//! OCI image manifests and indexes, and Docker schema 2's, as far as signing needs them. What is not needed
//! is not parsed.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::bundle::PREDICATE_ANNOTATION;
use super::digest::Digest;
use super::json::{self, JsonError};

/// OCI image manifest.
pub const OCI_MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const OCI_INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// Docker schema 2 image manifest.
pub const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
/// Docker schema 2 manifest list.
pub const DOCKER_INDEX: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
/// OCI image configuration, which cosign gives a `.sig` manifest.
pub const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// The empty descriptor of the image specification: media type of the blob `{}`.
pub const OCI_EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// The blob that [`OCI_EMPTY`] describes.
pub const EMPTY_BLOB: &[u8] = b"{}";

/// Media types that a manifest request accepts, most specific first.
pub const ACCEPTED: [&str; 4] = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_INDEX];

/// What a manifest points at: a blob or another manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of what is pointed at.
    #[serde(default)]
    pub media_type: String,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// What kind of artifact it is: a hint that may skip work and decides nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// The platform, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub platform: Option<Platform>,
    /// Of which predicate type the statement in it is, by its annotations: a hint that may skip work and decides
    /// nothing.
    #[serde(rename = "annotations", default, deserialize_with = "predicate_hint", skip_serializing)]
    pub predicate_hint: Option<String>,
}

/// Longest predicate type that is kept of a hint, in bytes: thousands of them are.
const HINT_LIMIT: usize = 256;

/// The annotation [`PREDICATE_ANNOTATION`]. Whatever else annotations hold, or instead of them, is not looked at: a
/// descriptor with annotations that nobody asks for is a descriptor all the same.
pub(crate) fn predicate_hint<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    let annotations = serde_json::Value::deserialize(deserializer)?;
    let hint = annotations.get(PREDICATE_ANNOTATION).and_then(serde_json::Value::as_str);
    Ok(hint.filter(|hint| !hint.is_empty() && hint.len() <= HINT_LIMIT).map(str::to_owned))
}

/// Platform of an index's child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    /// Processor architecture, as Go names it.
    #[serde(default)]
    pub architecture: String,
    /// Operating system, as Go names it.
    #[serde(default)]
    pub os: String,
    /// Processor variant, such as `v8`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Whether an index marks a child with it that does not run anywhere: build attestations are kept so.
    pub fn runs_nowhere(&self) -> bool {
        self.os == "unknown" && self.architecture == "unknown"
    }

    /// Whether this is the platform that somebody asked for; a variant counts only where one is asked for.
    pub fn is(&self, asked: &Self) -> bool {
        let variant = asked.variant.is_none() || self.variant == asked.variant;
        self.os == asked.os && self.architecture == asked.architecture && variant
    }
}

impl std::str::FromStr for Platform {
    type Err = String;

    /// Reads `OS/ARCHITECTURE[/VARIANT]`; the error says what is expected.
    fn from_str(text: &str) -> Result<Self, String> {
        let legal = |part: &&str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
        };
        let parts: Vec<&str> = text.split('/').filter(legal).collect();
        let named = |os: &str, architecture: &str, variant: Option<&str>| Self {
            os: os.to_owned(),
            architecture: architecture.to_owned(),
            variant: variant.map(str::to_owned),
        };
        match (text.split('/').count(), &parts[..]) {
            (2, [os, architecture]) => Ok(named(os, architecture, None)),
            (3, [os, architecture, variant]) => Ok(named(os, architecture, Some(variant))),
            _ => {
                Err("a platform is OS/ARCHITECTURE or OS/ARCHITECTURE/VARIANT, such as linux/arm64"
                    .to_owned())
            }
        }
    }
}

impl std::fmt::Display for Platform {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = super::escape_untrusted(&format!("{}/{}", self.os, self.architecture));
        match &self.variant {
            Some(variant) => write!(f, "{shown}/{}", super::escape_untrusted(variant)),
            None => f.write_str(&shown),
        }
    }
}

/// A manifest by what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::large_enum_variant, reason = "a few hundred bytes, and few of them are held at once")]
pub enum Manifest {
    /// One image or artifact: configuration and layers.
    Image(ImageManifest),
    /// A list of manifests.
    Index(Index),
}

/// An image or artifact manifest.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImageManifest {
    /// Media type as the manifest states it.
    #[serde(default)]
    pub media_type: Option<String>,
    /// The configuration blob.
    pub config: Descriptor,
    /// The layers, bottom first.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// The manifest that this one is attached to.
    #[serde(default)]
    pub subject: Option<Descriptor>,
    /// What kind of artifact it is.
    #[serde(default)]
    pub artifact_type: Option<String>,
    /// As in a descriptor.
    #[serde(rename = "annotations", default, deserialize_with = "predicate_hint")]
    pub predicate_hint: Option<String>,
}

/// A layer with its annotations, which hold the signature in the legacy format.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Layer {
    /// The blob.
    #[serde(flatten)]
    pub descriptor: Descriptor,
    /// Annotations that are strings.
    #[serde(default)]
    pub annotations: json::UniqueMap<String>,
}

/// An index, or a page of referrers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Media type as the index states it.
    #[serde(default)]
    pub media_type: Option<String>,
    /// The manifests in it.
    #[serde(default)]
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one is attached to.
    #[serde(default)]
    pub subject: Option<Descriptor>,
}

/// Why bytes are not a manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON of that form.
    #[error("not a manifest: {0}")]
    Json(#[from] JsonError),
    /// Neither manifest nor index, or both at once.
    #[error("neither an image manifest nor an index")]
    Kind,
    /// An index, and an image manifest is needed.
    #[error("an index, where an image manifest belongs")]
    Index,
    /// An image manifest, and an index is needed.
    #[error("an image manifest, where an index belongs")]
    Image,
    /// Docker schema 1, which has no digest that could be signed.
    #[error("Docker schema 1 manifests are not supported")]
    Schema1,
}

/// Members that tell the kinds apart.
#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(borrow, default)]
    config: Option<&'a RawValue>,
    #[serde(borrow, default)]
    manifests: Option<&'a RawValue>,
    #[serde(borrow, default)]
    layers: Option<&'a RawValue>,
    #[serde(rename = "fsLayers", borrow, default)]
    fs_layers: Option<&'a RawValue>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Image,
    Index,
}

impl Kind {
    pub(super) fn of(bytes: &[u8]) -> Result<Self, ManifestError> {
        match json::from_slice::<json::Object<Outline<'_>>>(bytes)?.0 {
            Outline { fs_layers: Some(_), .. } => Err(ManifestError::Schema1),
            Outline { config: Some(_), manifests: None, .. } => Ok(Self::Image),
            Outline { config: None, layers: None, manifests: Some(_), .. } => Ok(Self::Index),
            _ => Err(ManifestError::Kind),
        }
    }

    /// Name of the member that lists what the manifest holds.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Image => "layers",
            Self::Index => "manifests",
        }
    }
}

impl Manifest {
    /// Reads a manifest or an index, told apart by what it holds. One that holds both is refused: two readers
    /// could see two images in it (the image specification warns of that).
    ///
    /// # Errors
    /// [`ManifestError`] for anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        match Kind::of(bytes)? {
            Kind::Image => Ok(Self::Image(json::from_slice(bytes)?)),
            Kind::Index => Ok(Self::Index(json::from_slice(bytes)?)),
        }
    }

    /// The media type as stated, or the OCI one for what it holds.
    pub fn media_type(&self) -> &str {
        match self {
            Self::Image(manifest) => manifest.media_type.as_deref().unwrap_or(OCI_MANIFEST),
            Self::Index(index) => index.media_type.as_deref().unwrap_or(OCI_INDEX),
        }
    }

    /// The children of an index; none for an image.
    pub fn children(&self) -> &[Descriptor] {
        match self {
            Self::Image(_) => &[],
            Self::Index(index) => &index.manifests,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const SIG: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[{"mediaType":"x","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","annotations":{"z":"1",  "a":"\u00e9"}}],"annotations":{"kept":"as is"}}"#;

    #[test]
    fn an_index_and_a_manifest_are_told_apart_and_both_at_once_is_refused() {
        assert!(matches!(Manifest::parse(SIG.as_bytes()), Ok(Manifest::Image(_))));
        assert!(matches!(Manifest::parse(br#"{"schemaVersion":2,"manifests":[]}"#), Ok(Manifest::Index(_))));
        let both = SIG.replacen('{', r#"{"manifests":[],"#, 1);
        assert_eq!(Manifest::parse(both.as_bytes()), Err(ManifestError::Kind));
        assert_eq!(Manifest::parse(br#"{"fsLayers":[]}"#), Err(ManifestError::Schema1));
    }

    #[test]
    fn a_platform_is_asked_for_with_or_without_its_variant() {
        let platform = |text: &str| text.parse::<Platform>().unwrap();
        assert!(platform("linux/arm/v7").is(&platform("linux/arm")));
        assert!(platform("linux/arm/v7").is(&platform("linux/arm/v7")));
        assert!(!platform("linux/arm/v7").is(&platform("linux/arm/v6")));
        assert!(!platform("linux/arm").is(&platform("linux/arm/v6")));
        assert!(platform("unknown/unknown").runs_nowhere());
        for text in ["", "linux", "linux/", "/arm", "linux/arm/", "linux/arm/v7/x", "linux/a b", "linux//v7"]
        {
            assert!(text.parse::<Platform>().is_err(), "{text}");
        }
    }
}
