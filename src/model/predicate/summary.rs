//! The verification summary: that an image was verified under a policy, and passed (SLSA, specification v1.0,
//! verification summary attestation).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::PredicateError;
use crate::model::json::{self, Object, UniqueMap};
use crate::model::{Claims, Digest, PinnedRef, VerifiedAttestation, claims, time};

/// Type of the predicate.
pub const TYPE: &str = "https://slsa.dev/verification_summary/v1";
/// Who verified: `validate`.
pub const VERIFIER: &str = "https://countersign.dev/validate";
/// What was verified under: the rules with that digest, wherever they came from.
pub const POLICY: &str = "https://countersign.dev/scan-rules";
/// What was found. No SLSA level is claimed: nothing of the build was looked at but its signature.
pub const LEVEL: &str = "COUNTERSIGN_SCAN_PASSED";
/// Member that says again what the validation signature claims; the specification lets members be added under URIs.
pub const CLAIMS: &str = "https://countersign.dev/claims";

/// The one result that is ever written.
const PASSED: &str = "PASSED";
/// Longest text that is kept of one, in characters.
const TEXT_LIMIT: usize = 512;

/// What a verification summary says. Texts are the writer's own: they are to be escaped where they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Who verified.
    pub verifier: String,
    /// When, by the verifier's own word.
    pub verified_at: Option<Timestamp>,
    /// What was verified, as a URI.
    pub resource: String,
    /// What it was verified under, as a URI.
    pub policy: String,
    /// SHA-256 of the policy: of the rules file, where `validate` wrote it.
    pub policy_digest: Option<Digest>,
    /// Whether it passed.
    pub passed: bool,
    /// What the verifier calls the levels that were reached.
    pub levels: Vec<String>,
    /// SHA-256 of each report that the verification rests on, where `validate` wrote it.
    pub reports: Vec<Digest>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    verifier: Object<Verifier>,
    time_verified: Option<String>,
    resource_uri: Option<String>,
    policy: Option<Object<Policy>>,
    verification_result: String,
    #[serde(default)]
    verified_levels: Vec<String>,
    #[serde(rename = "https://countersign.dev/claims", default)]
    claims: UniqueMap<serde_json::Value>,
}

#[derive(Deserialize)]
struct Verifier {
    id: String,
}

#[derive(Deserialize)]
struct Policy {
    uri: Option<String>,
    #[serde(default)]
    digest: UniqueMap<String>,
}

impl Summary {
    /// Reads the predicate of `attestation`.
    ///
    /// # Errors
    /// [`PredicateError`]: of another type or form.
    pub fn of(attestation: &VerifiedAttestation) -> Result<Self, PredicateError> {
        Self::parse(super::of_type(attestation, TYPE)?)
    }

    /// Reads a predicate of this type, which nothing need vouch for.
    ///
    /// # Errors
    /// [`PredicateError`]: not of that form.
    pub fn parse(predicate: &str) -> Result<Self, PredicateError> {
        let Object(document): Object<Document> = json::from_slice(predicate.as_bytes())?;
        let (policy, digest) = match document.policy {
            Some(Object(mut policy)) => (policy.uri.unwrap_or_default(), policy.digest.0.remove("sha256")),
            None => Default::default(),
        };
        let reports = document.claims.0.get(claims::SCAN_REPORT).and_then(|reports| reports.as_str());
        let Object(Verifier { id }) = document.verifier;
        Ok(Self {
            verifier: cut(&id),
            verified_at: time::stated(document.time_verified.as_deref()),
            resource: cut(&document.resource_uri.unwrap_or_default()),
            policy: cut(&policy),
            policy_digest: digest.and_then(|hex| Digest::from_hex(&hex).ok()),
            passed: document.verification_result == PASSED,
            levels: document
                .verified_levels
                .iter()
                .take(claims::COUNT_LIMIT)
                .map(|level| cut(level))
                .collect(),
            reports: reports
                .into_iter()
                .flat_map(|list| list.split(','))
                .filter_map(|one| one.parse().ok())
                .collect(),
        })
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_LIMIT).collect()
}

/// The predicate that says of `image` what its validation signature claims, as JSON: the same for the same claims.
/// `None` unless they name the rules and the time.
pub fn to_json(image: &PinnedRef, claims: &Claims) -> Option<String> {
    let rules = Digest::from_hex(claims.get(claims::SCAN_RULES)?.strip_prefix("sha256:")?).ok()?;
    let summary = json!({
        "verifier": {"id": VERIFIER},
        "timeVerified": claims.get(claims::SIGNED_AT)?,
        "resourceUri": resource(image),
        "policy": {"uri": POLICY, "digest": {"sha256": rules.hex()}},
        "verificationResult": PASSED,
        "verifiedLevels": [LEVEL],
        CLAIMS: claims.without(claims::SIGNED_AT),
    });
    Some(summary.to_string())
}

/// The image's package URL (package-url, type `oci`); where it lies is stated only where that means something to
/// others: a folder's path does not.
fn resource(image: &PinnedRef) -> String {
    let digest = image.digest().hex();
    match image.repository().claim() {
        Some(repository) => {
            let name = repository.rsplit('/').next().unwrap_or_default().to_owned();
            format!("pkg:oci/{name}@sha256%3A{digest}?repository_url={}", escaped(&repository))
        }
        None => format!("pkg:oci/image@sha256%3A{digest}"),
    }
}

/// Repository names hold nothing else that a URL's query has a meaning for.
fn escaped(repository: &str) -> String {
    repository.replace('[', "%5B").replace(']', "%5D").replace(':', "%3A")
}
