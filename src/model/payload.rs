//! The signed payload of the legacy format: "simple signing", as cosign writes it in the layers of the
//! `sha256-HEX.sig` manifest (containers/image, signature-protocols; cosign, pkg/signature payload).

use serde::Deserialize;
use serde_json::json;

use super::claims::{Claims, ClaimsError, SignedClaims};
use super::digest::Digest;
use super::json::{self, JsonError, Object};

/// Media type of a layer that holds a payload.
pub const MEDIA_TYPE: &str = "application/vnd.dev.cosign.simplesigning.v1+json";
/// Annotation of the layer: standard padded base64 of the signature over the payload's bytes.
pub const SIGNATURE_ANNOTATION: &str = "dev.cosignproject.cosign/signature";
/// Annotation of a layer signed with a certificate's key.
pub const CERTIFICATE_ANNOTATION: &str = "dev.sigstore.cosign/certificate";
/// `critical.type` of a signature over an image.
pub const IMAGE_TYPE: &str = "cosign container image signature";
/// artifactType and config type of the third legacy place: the same manifest as a referrer without a tag.
pub const REFERRER_TYPE: &str = "application/vnd.dev.cosign.artifact.sig.v1+json";

/// What a payload states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payload {
    /// `critical.image.docker-manifest-digest` as written; it must be compared as a text.
    pub digest: String,
    /// `critical.type` as written.
    pub kind: String,
    /// `optional`, as far as it is strings.
    pub claims: Claims,
}

/// Why bytes are not a payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayloadError {
    /// Not JSON of that form.
    #[error("not a simple signing payload: {0}")]
    Json(#[from] JsonError),
    /// Claims beyond their limits.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}

#[derive(Deserialize)]
struct Document {
    critical: Object<Critical>,
    #[serde(default)]
    optional: Option<SignedClaims>,
}

#[derive(Deserialize)]
struct Critical {
    image: Object<Image>,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Image {
    #[serde(rename = "docker-manifest-digest")]
    digest: String,
}

impl Payload {
    /// Reads a payload.
    ///
    /// # Errors
    /// Not JSON of that form, a duplicate member, too deep, or claims beyond their limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, PayloadError> {
        let Object(Document { critical: Object(critical), optional }) = json::from_slice(bytes)?;
        let claims = optional.unwrap_or_default().into_claims()?;
        Ok(Self { digest: critical.image.0.digest, kind: critical.kind, claims })
    }
}

/// The payload's bytes for `digest`: compact JSON with sorted claims, escaped as Go's encoder does, so that
/// equal statements are equal bytes whoever writes them.
pub fn to_bytes(docker_reference: &str, digest: &Digest, claims: &Claims) -> Vec<u8> {
    let optional = if claims.is_empty() { serde_json::Value::Null } else { json!(claims) };
    let critical = json!({
        "identity": {"docker-reference": docker_reference},
        "image": {"docker-manifest-digest": digest},
        "type": IMAGE_TYPE,
    });
    go_escaped(&json!({"critical": critical, "optional": optional}).to_string())
}

/// Go's encoding/json escapes these five characters, which outside strings never occur in JSON.
fn go_escaped(text: &str) -> Vec<u8> {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped.push_str("\\u003c"),
            '>' => escaped.push_str("\\u003e"),
            '&' => escaped.push_str("\\u0026"),
            '\u{2028}' => escaped.push_str("\\u2028"),
            '\u{2029}' => escaped.push_str("\\u2029"),
            other => escaped.push(other),
        }
    }
    escaped.into_bytes()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_that_cosign_writes() {
        let digest = Digest::of(b"{}");
        let none = String::from_utf8(to_bytes("index.docker.io/library/a", &digest, &Claims::new())).unwrap();
        assert_eq!(
            none,
            format!(
                r#"{{"critical":{{"identity":{{"docker-reference":"index.docker.io/library/a"}},"image":{{"docker-manifest-digest":"{digest}"}},"type":"cosign container image signature"}},"optional":null}}"#
            )
        );
        let claims = Claims::from_annotations(&["b=<&>", "a=1"]).unwrap();
        let two = String::from_utf8(to_bytes("r", &digest, &claims)).unwrap();
        assert!(two.ends_with(r#""optional":{"a":"1","b":"\u003c\u0026\u003e"}}"#), "{two}");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let claims = Claims::from_annotations(&["a=<1>"]).unwrap();
        let digest = Digest::of(b"{}");
        let read = Payload::parse(&to_bytes("r", &digest, &claims)).unwrap();
        assert_eq!(read, Payload { digest: digest.to_string(), kind: IMAGE_TYPE.to_owned(), claims });
    }
}
