//! What the predicates of attestations say, of the two types that are written: a scan and a verification. Others are
//! named and not read.

pub mod summary;
pub mod vulnerability;

use super::json::JsonError;
use super::{Digest, VerifiedAttestation};

/// Why a predicate cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PredicateError {
    /// Of another type.
    #[error("it is of the type `{0}`")]
    Type(String),
    /// Not JSON of that form.
    #[error("its predicate cannot be read: {0}")]
    Json(#[from] JsonError),
    /// A member that is needed is absent.
    #[error("its predicate has no `{0}`")]
    Missing(&'static str),
}

/// The predicate, if it is of the type `expected`.
fn of_type<'a>(attestation: &'a VerifiedAttestation, expected: &str) -> Result<&'a str, PredicateError> {
    match attestation.predicate_type() {
        found if found == expected => Ok(attestation.predicate()),
        found => Err(PredicateError::Type(super::candidate::shown(found))),
    }
}

/// A digest as claims write it.
fn digest(text: Option<&str>) -> Option<Digest> {
    text?.parse().ok()
}
