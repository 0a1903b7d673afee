//! Candidates: bytes from a registry, sorted into well-formed signatures, foreign things and junk. None of
//! them is verified here.

use std::fmt;

use serde::Serialize;

use super::SIGNATURE_LIMIT;
use super::bundle::Bundle;
use super::claims::Claims;
use super::digest::Digest;
use super::envelope::{self, any_base64};
use super::key::PublicKey;
use super::payload::{self, Payload};
use super::statement::{self, Statement};

/// How a signature is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A sigstore bundle, attached as a referrer.
    Bundle,
    /// A layer of the manifest at `sha256-HEX.sig`.
    Legacy,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bundle => "bundle",
            Self::Legacy => "legacy",
        })
    }
}

/// A signature as found, well-formed and not yet verified.
#[derive(Debug, Clone)]
pub struct Candidate {
    format: Format,
    place: String,
    hint: Option<String>,
    /// Signed by a key that a certificate names; our keys may accept it all the same.
    certificate: bool,
    /// The bytes that were signed.
    message: Vec<u8>,
    signature: Vec<u8>,
    states: States,
}

#[derive(Debug, Clone)]
enum States {
    Payload(Payload),
    Statement(Statement),
}

/// What bytes from a registry turned out to be.
#[derive(Debug, Clone)]
pub enum Read {
    /// A well-formed signature.
    Candidate(Candidate),
    /// A certificate's, an attestation, a foreign type; and what it is.
    Other(String),
    /// Bytes that do not parse or exceed a limit; and why.
    Invalid(String),
}

impl Candidate {
    /// Reads a layer of a `.sig` manifest. `signature` is the layer's annotation
    /// ([`payload::SIGNATURE_ANNOTATION`]), `certificate` whether it has [`payload::CERTIFICATE_ANNOTATION`],
    /// `place` where it was found, to be shown.
    pub fn legacy(place: String, message: Vec<u8>, signature: Option<&str>, certificate: bool) -> Read {
        let Some(signature) = signature else {
            return Read::Invalid(format!("the layer has no `{}`", payload::SIGNATURE_ANNOTATION));
        };
        let Some(signature) = any_base64(signature) else {
            return Read::Invalid("the signature is not base64".to_owned());
        };
        if message.len() as u64 > SIGNATURE_LIMIT {
            return Read::Invalid(too_large());
        }
        match Payload::parse(&message) {
            Ok(payload) => Read::Candidate(Self {
                format: Format::Legacy,
                place,
                hint: None,
                certificate,
                message,
                signature,
                states: States::Payload(payload),
            }),
            Err(error) => Read::Invalid(error.to_string()),
        }
    }

    /// Reads a sigstore bundle found at `place`.
    pub fn bundle(place: String, bytes: &[u8]) -> Read {
        if bytes.len() as u64 > SIGNATURE_LIMIT {
            return Read::Invalid(too_large());
        }
        let (envelope, hint) = match Bundle::parse(bytes) {
            Ok(Bundle::Keyed { envelope, hint }) => (envelope, hint),
            Ok(Bundle::Other(what)) => return Read::Other(what),
            Err(error) => return Read::Invalid(error.to_string()),
        };
        if envelope.payload_type != envelope::IN_TOTO {
            return Read::Other(format!("an envelope of type `{}`", shown(&envelope.payload_type)));
        }
        let statement = match Statement::parse(&envelope.payload) {
            Ok(statement) => statement,
            Err(error) => return Read::Invalid(error.to_string()),
        };
        if statement.predicate_type != statement::SIGNATURE_PREDICATE {
            return Read::Other(format!("an attestation of type `{}`", shown(&statement.predicate_type)));
        }
        let message = envelope::pae(&envelope.payload_type, &envelope.payload);
        match <[Vec<u8>; 1]>::try_from(envelope.signatures) {
            Ok([signature]) => Read::Candidate(Self {
                format: Format::Bundle,
                place,
                hint,
                certificate: false,
                message,
                signature,
                states: States::Statement(statement),
            }),
            Err(signatures) => Read::Invalid(envelope::not_one_signature(signatures.len())),
        }
    }

    /// How it is stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Where it was found.
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What a bundle says of its key: shown, never trusted.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether it is stored with a certificate.
    pub fn has_certificate(&self) -> bool {
        self.certificate
    }

    /// Whether `key` accepts the signature over what was signed.
    pub(super) fn is_accepted_by(&self, key: &PublicKey) -> bool {
        key.accepts(&self.message, &self.signature)
    }

    /// What it would state for `image` if a key accepted it: for showing only.
    ///
    /// # Errors
    /// What it states instead.
    pub fn unverified_claims(&self, image: &Digest) -> Result<&Claims, String> {
        self.states.claims_for(image)
    }
}

impl States {
    /// The claims for `image`, or what is stated instead.
    pub(super) fn claims_for(&self, image: &Digest) -> Result<&Claims, String> {
        match self {
            Self::Payload(payload) => payload_claims(payload, image),
            Self::Statement(statement) => statement_claims(statement, image),
        }
    }
}

fn payload_claims<'a>(payload: &'a Payload, image: &Digest) -> Result<&'a Claims, String> {
    if payload.digest != image.to_string() {
        return Err(format!("it speaks of another digest, `{}`", shown(&payload.digest)));
    }
    if payload.kind != payload::IMAGE_TYPE {
        return Err(format!("its critical.type is `{}`", shown(&payload.kind)));
    }
    Ok(&payload.claims)
}

fn statement_claims<'a>(statement: &'a Statement, image: &Digest) -> Result<&'a Claims, String> {
    if statement.kind != statement::TYPE {
        return Err(format!("its _type is `{}`", shown(&statement.kind)));
    }
    statement.subject_of(image).map(|subject| &subject.claims).map_err(str::to_owned)
}

/// The adapters stop reading there as well; no caller can forget it here.
fn too_large() -> String {
    format!("it is larger than {SIGNATURE_LIMIT} bytes")
}

/// Text from outside, cut and escaped.
pub(super) fn shown(text: &str) -> String {
    super::escape_untrusted(&text.chars().take(128).collect::<String>())
}
