//! The one place where a candidate becomes a verified signature: [`check`] asks the keys, and nothing else
//! makes a [`VerifiedSignature`].

use std::collections::BTreeSet;

use serde::Serialize;

use super::candidate::{Candidate, Format, Read};
use super::claims::Claims;
use super::digest::Digest;
use super::key::{Fingerprint, PublicKey};

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
    let accepting = accepting(candidate, keys);
    if accepting.is_empty() {
        return match candidate.has_certificate() {
            true => Checked::Other("a signature with a certificate (keyless)".to_owned()),
            false => Checked::Unmatched,
        };
    }
    match candidate.unverified_claims(image) {
        Ok(claims) => Checked::Verified(
            accepting
                .into_iter()
                .map(|key| VerifiedSignature {
                    image: *image,
                    key: key.fingerprint(),
                    format: candidate.format(),
                    claims: claims.clone(),
                    place: candidate.place().to_owned(),
                })
                .collect(),
        ),
        Err(reason) => Checked::Invalid(reason),
    }
}

fn accepting<'a>(candidate: &Candidate, keys: &'a [PublicKey]) -> Vec<&'a PublicKey> {
    keys.iter().filter(|key| candidate.is_accepted_by(key)).collect()
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
    /// The keys that accepted something in `invalid`; not those of junk, which nobody can be held to.
    pub misstating: BTreeSet<Fingerprint>,
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
                Checked::Invalid(reason) => {
                    self.misstating
                        .extend(accepting(&candidate, keys).into_iter().map(PublicKey::fingerprint));
                    self.invalid.push(remark(reason));
                }
            },
        }
    }
}
