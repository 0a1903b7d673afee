//! Attestations: in-toto statements about an image that a key signed, each with a predicate of its own type. None of
//! them is a signature of an image: what is read here never becomes a [`super::VerifiedSignature`], and a signature
//! is never read here.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::ATTESTATION_LIMIT;
use super::bundle::Bundle;
use super::candidate::shown;
use super::digest::Digest;
use super::envelope::{self, Envelope};
use super::json::{Bounded, JsonError, Object};
use super::key::{Fingerprint, PublicKey};
use super::statement::{self, Statement};

/// Annotation of a layer of the `.att` manifest: the statement's predicate type. Unsigned: it may only skip work.
pub const LAYER_ANNOTATION: &str = "predicateType";

/// An attestation as found, well-formed and not yet verified.
#[derive(Debug, Clone)]
pub struct Attestation {
    signed: Signed,
    statement: Statement,
    predicate: String,
}

/// What an envelope around a statement signs, and its one signature. The statement was not looked at yet: anybody may
/// attach one of many megabytes, and only a key makes it worth that.
#[derive(Debug, Clone)]
struct Signed {
    hint: Option<String>,
    /// The bytes that were signed, which end with the statement's.
    message: Vec<u8>,
    /// Where the statement's bytes begin in the message.
    at: usize,
    signature: Vec<u8>,
}

/// What bytes turned out to be.
#[derive(Debug, Clone)]
pub enum Read {
    /// A well-formed attestation.
    Attestation(Attestation),
    /// A signature, a certificate's, a foreign type; and what it is.
    Other(String),
    /// Bytes that do not parse or exceed a limit; and why.
    Invalid(String),
}

/// An attestation that a key accepted for a digest. Nothing but [`check`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedAttestation {
    image: Digest,
    key: Fingerprint,
    predicate_type: String,
    predicate: String,
    statement: Digest,
    names: Vec<String>,
}

impl VerifiedAttestation {
    /// The digest that it is about.
    pub fn image(&self) -> Digest {
        self.image
    }

    /// The key that accepted it.
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// What its predicate is, as written.
    pub fn predicate_type(&self) -> &str {
        &self.predicate_type
    }

    /// The predicate: JSON within the bounds of [`super::json`], byte for byte as it was signed.
    pub fn predicate(&self) -> &str {
        &self.predicate
    }

    /// SHA-256 of the statement's bytes: the same statement, stored twice, is one.
    pub fn statement(&self) -> Digest {
        self.statement
    }

    /// The names of its subjects, as written: they decide nothing, and are to be escaped where they are shown.
    pub fn names(&self) -> &[String] {
        &self.names
    }
}

/// What the keys say of an attestation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Checked {
    /// A key accepts it for the image.
    Verified(VerifiedAttestation),
    /// None of the keys accepts it: somebody else's.
    Unmatched,
    /// No attestation by a key: a signature, a certificate's, a foreign type; and what it is.
    Other(String),
    /// It does not parse or exceeds a limit, or a key accepts it and it states something else; why.
    Invalid(String),
}

/// Why there is no envelope that a key signed.
enum Unread {
    Other(String),
    Invalid(String),
}

#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "mediaType")]
    media_type: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Predicate<'a> {
    #[serde(borrow, default)]
    predicate: Option<&'a RawValue>,
}

impl Signed {
    /// Reads a sigstore bundle or an envelope that stands by itself, told apart by what they hold.
    fn read(bytes: &[u8]) -> Result<Self, Unread> {
        if bytes.len() as u64 > ATTESTATION_LIMIT {
            return Err(Unread::Invalid(format!("it is larger than {ATTESTATION_LIMIT} bytes")));
        }
        let (envelope, hint) = envelope_of(bytes)?;
        if envelope.payload_type != envelope::IN_TOTO {
            return Err(Unread::Other(format!("an envelope of type `{}`", shown(&envelope.payload_type))));
        }
        let signature = match <[Vec<u8>; 1]>::try_from(envelope.signatures) {
            Ok([signature]) => signature,
            Err(signatures) => return Err(Unread::Invalid(envelope::not_one_signature(signatures.len()))),
        };
        let message = envelope::pae(&envelope.payload_type, &envelope.payload);
        let at = message.len() - envelope.payload.len();
        Ok(Self { hint, message, at, signature })
    }

    /// The statement's bytes.
    fn statement(&self) -> &[u8] {
        self.message.get(self.at..).unwrap_or_default()
    }

    /// The key that accepts the signature; of several the one whose fingerprint is lowest, so that the order of the
    /// keys changes nothing.
    fn accepted_by(&self, keys: &[PublicKey]) -> Option<Fingerprint> {
        let accepting = keys.iter().filter(|key| key.accepts(&self.message, &self.signature));
        accepting.map(PublicKey::fingerprint).min()
    }
}

fn envelope_of(bytes: &[u8]) -> Result<(Envelope, Option<String>), Unread> {
    let invalid = |error: &dyn std::fmt::Display| Unread::Invalid(error.to_string());
    let text = Bounded::new(bytes).map_err(|error| invalid(&error))?;
    let Object(Shape { media_type }) = text.read().map_err(|error: JsonError| invalid(&error))?;
    if media_type.is_none() {
        return Envelope::read(text).map(|envelope| (envelope, None)).map_err(|error| invalid(&error));
    }
    match Bundle::read(text) {
        Ok(Bundle::Keyed { envelope, hint }) => Ok((envelope, hint)),
        Ok(Bundle::Other(what)) => Err(Unread::Other(what)),
        Err(error) => Err(invalid(&error)),
    }
}

impl Attestation {
    /// Reads a sigstore bundle or an envelope that stands by itself, told apart by what they hold.
    pub fn read(bytes: &[u8]) -> Read {
        match Signed::read(bytes).and_then(Self::of) {
            Ok(attestation) => Read::Attestation(attestation),
            Err(Unread::Other(what)) => Read::Other(what),
            Err(Unread::Invalid(reason)) => Read::Invalid(reason),
        }
    }

    fn of(signed: Signed) -> Result<Self, Unread> {
        let (statement, predicate) = stated(signed.statement()).map_err(Unread::Invalid)?;
        if statement.predicate_type == statement::SIGNATURE_PREDICATE {
            return Err(Unread::Other("a signature".to_owned()));
        }
        Ok(Self { signed, statement, predicate })
    }

    /// What a bundle says of its key: shown, never trusted.
    pub fn hint(&self) -> Option<&str> {
        self.signed.hint.as_deref()
    }

    /// What its predicate is, as written; nothing vouches for it.
    pub fn predicate_type(&self) -> &str {
        &self.statement.predicate_type
    }

    /// The predicate as JSON, which nothing vouches for: for showing only.
    pub fn unverified_predicate(&self) -> &str {
        &self.predicate
    }

    /// SHA-256 of the statement's bytes.
    pub fn statement(&self) -> Digest {
        Digest::of(self.signed.statement())
    }

    /// Whether it would be about `image` if a key accepted it.
    ///
    /// # Errors
    /// What it states instead.
    pub fn speaks_of(&self, image: &Digest) -> Result<(), String> {
        match self.statement.kind.as_str() {
            statement::TYPE | statement::TYPE_V0_1 => {}
            kind => return Err(format!("its _type is `{}`", shown(kind))),
        }
        self.statement.subject_of(image).map(|_| ()).map_err(str::to_owned)
    }

    /// Asks every key whether it accepts the attestation for `image`.
    pub fn check(&self, image: &Digest, keys: &[PublicKey]) -> Checked {
        match self.signed.accepted_by(keys) {
            Some(key) => self.accepted(key, image),
            None => Checked::Unmatched,
        }
    }

    /// What it is for `image`, once `key` accepted its signature.
    fn accepted(&self, key: Fingerprint, image: &Digest) -> Checked {
        if let Err(reason) = self.speaks_of(image) {
            return Checked::Invalid(reason);
        }
        Checked::Verified(VerifiedAttestation {
            image: *image,
            key,
            predicate_type: self.statement.predicate_type.clone(),
            predicate: self.predicate.clone(),
            statement: self.statement(),
            names: self.statement.subjects.iter().filter_map(|subject| subject.name.clone()).collect(),
        })
    }
}

/// The statement and its predicate; an absent one is `null`, as JSON has it.
fn stated(payload: &[u8]) -> Result<(Statement, String), String> {
    let text = Bounded::new(payload).map_err(|error| format!("not an in-toto statement: {error}"))?;
    let statement = Statement::read(text).map_err(|error| error.to_string())?;
    let Object(Predicate { predicate }) = text.read().map_err(|error: JsonError| error.to_string())?;
    Ok((statement, predicate.map_or("null", RawValue::get).to_owned()))
}

/// Reads `bytes`, a bundle or an envelope, and asks every key whether it accepts the attestation for `image`. The
/// statement is read only where one does, so of what others signed nobody learns whether it is one.
pub fn check(bytes: &[u8], keys: &[PublicKey], image: &Digest) -> Checked {
    let checked = Signed::read(bytes).and_then(|signed| {
        let Some(key) = signed.accepted_by(keys) else { return Ok(Checked::Unmatched) };
        Attestation::of(signed).map(|attestation| attestation.accepted(key, image))
    });
    match checked {
        Ok(checked) => checked,
        Err(Unread::Other(what)) => Checked::Other(what),
        Err(Unread::Invalid(reason)) => Checked::Invalid(reason),
    }
}
