//! The one place where a candidate becomes a verified signature.
//!
//! Reading ([`Candidate::legacy`], [`Candidate::bundle`]) sorts bytes from a registry into well-formed
//! candidates, foreign things and junk; [`check`] asks the keys. Only [`check`] makes a [`VerifiedSignature`].

use std::fmt;

use serde::Serialize;

use super::SIGNATURE_LIMIT;
use super::bundle::Bundle;
use super::claims::Claims;
use super::digest::Digest;
use super::envelope::{self, any_base64};
use super::key::{Fingerprint, PublicKey};
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
            Err(signatures) => {
                Read::Invalid(format!("the envelope has {} signatures, one is expected", signatures.len()))
            }
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
    fn claims_for(&self, image: &Digest) -> Result<&Claims, String> {
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
    let hex = image.hex();
    let mut named = statement.subjects.iter().filter(|subject| subject.sha256.as_deref() == Some(&hex));
    match (named.next(), named.next()) {
        (Some(subject), None) => Ok(&subject.claims),
        (Some(_), Some(_)) => Err("two of its subjects are this digest".to_owned()),
        (None, _) => Err("none of its subjects is this digest".to_owned()),
    }
}

/// The adapters stop reading there as well; no caller can forget it here.
fn too_large() -> String {
    format!("it is larger than {SIGNATURE_LIMIT} bytes")
}

fn shown(text: &str) -> String {
    super::escape_untrusted(&text.chars().take(128).collect::<String>())
}

/// A signature that a key accepted for a digest. Nothing but [`check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature {
    image: Digest,
    key: Fingerprint,
    format: Format,
    claims: Claims,
    place: String,
}

impl VerifiedSignature {
    /// The digest that was signed.
    pub fn image(&self) -> Digest {
        self.image
    }

    /// The key that accepted it.
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// How it is stored.
    pub fn format(&self) -> Format {
        self.format
    }

    /// What it states beside the digest.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Where it was found.
    pub fn place(&self) -> &str {
        &self.place
    }
}

/// What the keys say of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// These keys accept it for the image: almost always one.
    Verified(Vec<VerifiedSignature>),
    /// None of the keys accepts it: somebody else's.
    Unmatched,
    /// None accepts it, and a certificate's key made it.
    Other(String),
    /// A key accepts it, and it states something else; what.
    Invalid(String),
}

/// Asks every key whether it accepts `candidate` for `image`.
///
/// All keys are asked, whatever the hint says: a hint is not trusted, and that a second key accepts the same
/// signature must not depend on the order of the keys.
pub fn check(candidate: &Candidate, image: &Digest, keys: &[PublicKey]) -> Checked {
    let accepting: Vec<&PublicKey> =
        keys.iter().filter(|key| key.accepts(&candidate.message, &candidate.signature)).collect();
    if accepting.is_empty() {
        return match candidate.certificate {
            true => Checked::Other("a signature with a certificate (keyless)".to_owned()),
            false => Checked::Unmatched,
        };
    }
    match candidate.states.claims_for(image) {
        Ok(claims) => Checked::Verified(
            accepting
                .into_iter()
                .map(|key| VerifiedSignature {
                    image: *image,
                    key: key.fingerprint(),
                    format: candidate.format,
                    claims: claims.clone(),
                    place: candidate.place.clone(),
                })
                .collect(),
        ),
        Err(reason) => Checked::Invalid(reason),
    }
}

/// Something found or missing, where, and why it does not count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// Repository and tag or digest, and the layer where it matters.
    #[serde(rename = "where")]
    pub place: String,
    /// The signature format concerned, where that is known.
    pub format: Option<Format>,
    /// Why.
    pub reason: String,
}

/// What is known of the signatures on one digest in one repository.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What the keys accepted.
    pub verified: Vec<VerifiedSignature>,
    /// Number of well-formed signatures that none of the keys accepts.
    pub unmatched: usize,
    /// Certificates, attestations, foreign types.
    pub other: Vec<Remark>,
    /// Junk, and what a key accepts although it states something else.
    pub invalid: Vec<Remark>,
    /// What could not be asked or read.
    pub unreachable: Vec<Remark>,
    /// Whether all places were looked at; `false` where gathering stopped because the answer was allowed.
    pub complete: bool,
}

impl Evidence {
    /// Reads and checks one candidate and keeps what came of it; the bytes are dropped.
    pub fn take(&mut self, read: Read, place: &str, format: Format, image: &Digest, keys: &[PublicKey]) {
        let remark = |reason| Remark { place: place.to_owned(), format: Some(format), reason };
        match read {
            Read::Other(what) => self.other.push(remark(what)),
            Read::Invalid(reason) => self.invalid.push(remark(reason)),
            Read::Candidate(candidate) => match check(&candidate, image, keys) {
                Checked::Verified(signatures) => self.verified.extend(signatures),
                Checked::Unmatched => self.unmatched += 1,
                Checked::Other(what) => self.other.push(remark(what)),
                Checked::Invalid(reason) => self.invalid.push(remark(reason)),
            },
        }
    }
}
