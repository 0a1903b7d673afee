//! The DSSE envelope of the bundle format and of attestations, and the bytes that it signs
//! (secure-systems-lab/dsse, protocol.md and envelope.md, v1.0).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD as WRITTEN;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::Deserialize;

use super::json::{Bounded, JsonError, Object};

/// Media type of an envelope that stands by itself: an attestation in a layer of the `.att` manifest.
pub const MEDIA_TYPE: &str = "application/vnd.dsse.envelope.v1+json";
/// Payload type of an in-toto statement.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// An envelope with its base64 decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The payload's bytes.
    pub payload: Vec<u8>,
    /// The payload's type.
    pub payload_type: String,
    /// The signatures.
    pub signatures: Vec<Vec<u8>>,
}

/// Why bytes are not an envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Not JSON of that form.
    #[error("not an envelope: {0}")]
    Json(#[from] JsonError),
    /// Base64 in neither of its alphabets.
    #[error("the envelope's {0} is not base64")]
    Base64(&'static str),
}

/// An envelope as JSON.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EncodedEnvelope {
    payload: String,
    payload_type: String,
    #[serde(default)]
    signatures: Vec<Object<EncodedSignature>>,
}

#[derive(Deserialize)]
struct EncodedSignature {
    sig: String,
}

impl Envelope {
    /// Reads an envelope that stands by itself.
    ///
    /// # Errors
    /// Not JSON of that form, too deep, a duplicate member, or not base64.
    pub fn parse(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        Self::read(Bounded::new(bytes)?)
    }

    /// Reads an envelope whose bounds were checked.
    pub(super) fn read(text: Bounded<'_>) -> Result<Self, EnvelopeError> {
        let Object(encoded): Object<EncodedEnvelope> = text.read()?;
        encoded.decode()
    }
}

impl EncodedEnvelope {
    /// Decodes payload and signatures.
    pub(crate) fn decode(self) -> Result<Envelope, EnvelopeError> {
        let signatures =
            self.signatures.iter().map(|s| any_base64(&s.0.sig).ok_or(EnvelopeError::Base64("signature")));
        Ok(Envelope {
            payload: any_base64(&self.payload).ok_or(EnvelopeError::Base64("payload"))?,
            signatures: signatures.collect::<Result<_, _>>()?,
            payload_type: self.payload_type,
        })
    }
}

/// The bytes of an envelope that stands by itself, with a statement's bytes and `signature` over their encoding
/// ([`pae`]).
pub fn to_bytes(statement: &[u8], signature: &[u8]) -> Vec<u8> {
    written(statement, signature).to_string().into_bytes()
}

/// An envelope as JSON. It has no `keyid`: cosign refuses the SPKI's hash there.
pub(crate) fn written(statement: &[u8], signature: &[u8]) -> serde_json::Value {
    serde_json::json!({
        "payload": WRITTEN.encode(statement),
        "payloadType": IN_TOTO,
        "signatures": [{"sig": WRITTEN.encode(signature)}],
    })
}

/// Reads base64 in the standard or the URL-safe alphabet, padded or not, as DSSE demands of readers.
pub(crate) fn any_base64(text: &str) -> Option<Vec<u8>> {
    const LENIENT: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);
    STANDARD.decode(text).or_else(|_| URL_SAFE.decode(text)).ok()
}

/// What is wrong with an envelope that has not one signature but `count`.
pub(super) fn not_one_signature(count: usize) -> String {
    format!("the envelope has {count} signatures, one is expected")
}

/// The pre-authentication encoding: what a DSSE signature is made over.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encoding_is_that_of_the_protocols_example() {
        let message = pae("http://example.com/HelloWorld", b"hello world");
        assert_eq!(message, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    }

    #[test]
    fn base64_is_read_in_both_alphabets_with_and_without_padding() {
        for text in ["+/+/+w==", "-_-_-w==", "+/+/+w", "-_-_-w"] {
            assert_eq!(any_base64(text), Some(vec![0xfb, 0xff, 0xbf, 0xfb]), "{text}");
        }
        assert_eq!(any_base64("+_"), None);
    }
}
