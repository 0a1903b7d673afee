//! The in-toto statement inside an envelope (in-toto attestation, spec v1): of a signature, or of an attestation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;

use super::claims::{Claims, ClaimsError, SignedClaims};
use super::digest::Digest;
use super::json::{Bounded, JsonError, Object, UniqueMap};

/// `_type` of a statement, as written.
pub const TYPE: &str = "https://in-toto.io/Statement/v1";
/// `_type` of the version before, which cosign gives attestations.
pub const TYPE_V0_1: &str = "https://in-toto.io/Statement/v0.1";
/// Predicate type of an image signature. cosign takes any other for one as well; we do not, or else an
/// attestation would count as an approval.
pub const SIGNATURE_PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";

/// What a statement states.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// `_type` as written.
    pub kind: String,
    /// `predicateType` as written.
    pub predicate_type: String,
    /// Its subjects, in their order.
    pub subjects: Vec<Subject>,
}

/// One thing a statement speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// `name` as written: a signature's has none, and it decides nothing.
    pub name: Option<String>,
    /// `digest.sha256` as written, where it is there.
    pub sha256: Option<String>,
    /// `annotations`, as far as they are strings.
    pub claims: Claims,
}

/// Why bytes are not a statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// Not JSON of that form.
    #[error("not an in-toto statement: {0}")]
    Json(#[from] JsonError),
    /// Claims beyond their limits.
    #[error(transparent)]
    Claims(#[from] ClaimsError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    #[serde(rename = "_type")]
    kind: String,
    predicate_type: String,
    #[serde(default)]
    subject: Vec<Object<SubjectDocument>>,
}

#[derive(Deserialize)]
struct SubjectDocument {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    digest: UniqueMap<String>,
    #[serde(default)]
    annotations: Option<SignedClaims>,
}

impl Statement {
    /// Reads a statement.
    ///
    /// # Errors
    /// Not JSON of that form, a duplicate member, too deep, or claims beyond their limits.
    pub fn parse(bytes: &[u8]) -> Result<Self, StatementError> {
        Self::read(Bounded::new(bytes)?)
    }

    /// As [`Self::parse`], of JSON whose bounds were checked.
    ///
    /// # Errors
    /// Not of that form, or claims beyond their limits.
    pub fn read(text: Bounded<'_>) -> Result<Self, StatementError> {
        let Object(document): Object<Document> = text.read()?;
        let subjects = document.subject.into_iter().map(|Object(mut subject)| {
            let claims = subject.annotations.unwrap_or_default().into_claims()?;
            Ok(Subject { name: subject.name, sha256: subject.digest.0.remove("sha256"), claims })
        });
        Ok(Self {
            kind: document.kind,
            predicate_type: document.predicate_type,
            subjects: subjects.collect::<Result<_, ClaimsError>>()?,
        })
    }
}

impl Statement {
    /// The one subject that is `image`.
    ///
    /// # Errors
    /// None is, or several are: two readers could see two statements in it.
    pub fn subject_of(&self, image: &Digest) -> Result<&Subject, &'static str> {
        let hex = image.hex();
        let mut named = self.subjects.iter().filter(|subject| subject.sha256.as_deref() == Some(&hex));
        match (named.next(), named.next()) {
            (Some(subject), None) => Ok(subject),
            (Some(_), Some(_)) => Err("two of its subjects are this digest"),
            (None, _) => Err("none of its subjects is this digest"),
        }
    }
}

/// The bytes of a signature's statement for `digest`.
pub fn to_bytes(digest: &Digest, claims: &Claims) -> Vec<u8> {
    let subject = json!([{"annotations": claims, "digest": {"sha256": digest.hex()}}]);
    json!({"_type": TYPE, "predicate": {}, "predicateType": SIGNATURE_PREDICATE, "subject": subject})
        .to_string()
        .into_bytes()
}

/// The bytes of an attestation's statement about `digest` in the repository `name`, with a predicate that is JSON
/// already and stays to the byte. cosign reads attestations in this version of the form.
///
/// # Errors
/// The predicate is not JSON, or its type is a signature's.
pub fn attestation(
    name: &str,
    digest: &Digest,
    predicate_type: &str,
    predicate: &str,
) -> Result<Vec<u8>, serde_json::Error> {
    if predicate_type == SIGNATURE_PREDICATE {
        return Err(serde::ser::Error::custom("a signature is no attestation"));
    }
    let subject = [Named { name, digest: BTreeMap::from([("sha256", digest.hex())]) }];
    let predicate = serde_json::from_str(predicate)?;
    serde_json::to_vec(&Attestation { kind: TYPE_V0_1, predicate_type, subject, predicate })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Attestation<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    predicate_type: &'a str,
    subject: [Named<'a>; 1],
    predicate: &'a RawValue,
}

#[derive(Serialize)]
struct Named<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, String>,
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let claims = Claims::from_annotations(&["a=1"]).unwrap();
        let digest = Digest::of(b"{}");
        let read = Statement::parse(&to_bytes(&digest, &claims)).unwrap();
        assert_eq!((read.kind.as_str(), read.predicate_type.as_str()), (TYPE, SIGNATURE_PREDICATE));
        assert_eq!(read.subjects, [Subject { name: None, sha256: Some(digest.hex()), claims }]);
    }

    #[test]
    fn duplicate_subject_digests_and_members_are_refused() {
        let twice = r#"{"_type":"t","predicateType":"p","subject":[{"digest":{"sha256":"a","sha256":"b"}}]}"#;
        assert!(Statement::parse(twice.as_bytes()).is_err());
        let types = r#"{"_type":"t","predicateType":"p","predicateType":"q","subject":[]}"#;
        assert!(Statement::parse(types.as_bytes()).is_err());
    }
}
