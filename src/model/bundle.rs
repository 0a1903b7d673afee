//! Sigstore bundles signed with a key: the format that cosign 3 writes by default
//! (sigstore/protobuf-specs, sigstore_bundle.proto, as protobuf JSON).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::digest::Digest;
use super::envelope::{self, EncodedEnvelope, Envelope, EnvelopeError};
use super::json::{Bounded, JsonError, Object};
use super::key::{Fingerprint, PublicKey};

/// Media type of the bundles that are written, and artifactType of the manifest that carries one.
pub const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
/// What the media type of every bundle begins with.
pub const MEDIA_TYPE_STEM: &str = "application/vnd.dev.sigstore.bundle";
/// Manifest annotation: what the bundle holds.
pub const CONTENT_ANNOTATION: &str = "dev.sigstore.bundle.content";
/// Manifest annotation: the statement's predicate type.
pub const PREDICATE_ANNOTATION: &str = "dev.sigstore.bundle.predicateType";

/// Media types that are read as signatures; every other version is "other", as it is for cosign.
const READ: [&str; 3] = [
    MEDIA_TYPE,
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3.1+json",
];

/// What a bundle holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bundle {
    /// An envelope signed with a key.
    Keyed {
        /// The envelope.
        envelope: Envelope,
        /// What the writer says of the key: shown, never trusted.
        hint: Option<String>,
    },
    /// Something that no key can answer for, and why: a certificate, a bare message signature, another version.
    Other(String),
}

/// Why bytes are not a bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not JSON of that form.
    #[error("not a sigstore bundle: {0}")]
    Json(#[from] JsonError),
    /// The envelope's base64.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// Neither envelope nor message signature, or both, or no verification material.
    #[error("not a sigstore bundle: {0}")]
    Form(&'static str),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    media_type: String,
    verification_material: Object<Material>,
    #[serde(default)]
    dsse_envelope: Option<Object<EncodedEnvelope>>,
    #[serde(default)]
    message_signature: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Material {
    #[serde(default)]
    public_key: Option<Object<KeyIdentifier>>,
    #[serde(default)]
    certificate: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    x509_certificate_chain: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct KeyIdentifier {
    #[serde(default)]
    hint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    media_type: String,
}

impl Bundle {
    /// Reads a bundle.
    ///
    /// # Errors
    /// Not JSON of that form, too deep, a duplicate member, or an envelope that is not base64.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        Self::read(Bounded::new(bytes)?)
    }

    /// Reads a bundle whose bounds were checked, which takes longest of all.
    pub(super) fn read(text: Bounded<'_>) -> Result<Self, BundleError> {
        let Object(Version { media_type }) = text.read()?;
        if !READ.contains(&media_type.as_str()) {
            let shown: String = media_type.chars().take(128).collect();
            return Ok(Self::Other(format!("a bundle of type `{}`", super::escape_untrusted(&shown))));
        }
        let Object(document): Object<Document> = text.read()?;
        debug_assert_eq!(document.media_type, media_type);
        let Object(material) = document.verification_material;
        match (document.dsse_envelope, material) {
            (_, Material { certificate: Some(_), .. } | Material { x509_certificate_chain: Some(_), .. }) => {
                Ok(Self::Other("a bundle with a certificate (keyless)".to_owned()))
            }
            (None, _) if document.message_signature.is_some() => {
                Ok(Self::Other("a bundle with a bare message signature".to_owned()))
            }
            (None, _) => Err(BundleError::Form("it holds no envelope")),
            (Some(_), _) if document.message_signature.is_some() => {
                Err(BundleError::Form("it holds an envelope and a message signature at once"))
            }
            (Some(_), Material { public_key: None, .. }) => Err(BundleError::Form("it names no public key")),
            (Some(Object(envelope)), Material { public_key: Some(Object(key)), .. }) => {
                let hint = key.hint.filter(|hint| !hint.is_empty());
                Ok(Self::Keyed { envelope: envelope.decode()?, hint })
            }
        }
    }
}

/// The bytes of a bundle with a statement's bytes and `signature` over their encoding ([`envelope::pae`]).
pub fn to_bytes(statement: &[u8], signature: &[u8], key: &PublicKey) -> Vec<u8> {
    let envelope = envelope::written(statement, signature);
    let material = json!({"publicKey": {"hint": key.fingerprint().hint()}});
    json!({"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope})
        .to_string()
        .into_bytes()
}

/// A bundle as [`to_bytes`] writes it, with a signature that no key made: to see whether it would be read.
pub(crate) fn unsigned(statement: &[u8]) -> Vec<u8> {
    let material = json!({"publicKey": {}});
    let envelope = envelope::written(statement, &[0]);
    json!({"mediaType": MEDIA_TYPE, "verificationMaterial": material, "dsseEnvelope": envelope})
        .to_string()
        .into_bytes()
}

/// The fingerprint that a hint names, where it is one: base64 of the SHA-256 of the SPKI DER.
pub fn hinted_fingerprint(hint: &str) -> Option<Fingerprint> {
    let bytes: [u8; 32] = STANDARD.decode(hint).ok()?.try_into().ok()?;
    Some(Fingerprint::from(Digest::from_bytes(bytes)))
}
