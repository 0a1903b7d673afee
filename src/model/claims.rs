//! Claims: what a signature states beside the digest. Only what is signed is a claim.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::json::UniqueMap;

/// Prefix of the claim names that are ours; refused in annotations that people give when signing.
pub const OWN_PREFIX: &str = "countersign.dev/";
/// `build` or `validation`, or another role given when signing.
pub const ROLE: &str = "countersign.dev/role";
/// The normalised repository that was signed for.
pub const REPOSITORY: &str = "countersign.dev/repository";
/// The source repository the image was built from.
pub const SOURCE: &str = "countersign.dev/source";
/// The commit the image was built from.
pub const REVISION: &str = "countersign.dev/revision";
/// When the signature was made: RFC 3339, UTC.
pub const SIGNED_AT: &str = "countersign.dev/signed-at";
/// Validation only: fingerprints of the keys whose signatures were verified before, sorted, parted by commas.
pub const COUNTERSIGNS: &str = "countersign.dev/countersigns";
/// Validation only: `sha256:` of each report's bytes, sorted, parted by commas.
pub const SCAN_REPORT: &str = "countersign.dev/scan-report";
/// Validation only: the manifest digests that the reports speak of, sorted, parted by commas.
pub const SCAN_SUBJECTS: &str = "countersign.dev/scan-subjects";
/// Validation only: `sha256:` of the bytes of the file of rules.
pub const SCAN_RULES: &str = "countersign.dev/scan-rules";
/// Validation only: `sha256:` of each OpenVEX document that a finding was ignored by, sorted, parted by commas.
pub const SCAN_VEX: &str = "countersign.dev/scan-vex";
/// Validation only: name and version of the scanner.
pub const SCANNER: &str = "countersign.dev/scanner";
/// Validation only: the report's own time: RFC 3339.
pub const SCANNED_AT: &str = "countersign.dev/scanned-at";
/// Validation only: [`SCAN_PASS`].
pub const SCAN_RESULT: &str = "countersign.dev/scan-result";

/// The role that only `validate` signs in, and that only a signer with `countersigns` accepts.
pub const VALIDATION_ROLE: &str = "validation";
/// The one value of [`SCAN_RESULT`]: a failing scan is never signed.
pub const SCAN_PASS: &str = "pass";

/// Most claims in one signature.
pub const COUNT_LIMIT: usize = 32;
/// Longest claim, name and value together, in bytes.
pub const LENGTH_LIMIT: usize = 4 << 10;

/// Claims by name. Values are strings; a signed value of another type counts as missing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Claims(BTreeMap<String, String>);

/// Why claims cannot be signed or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClaimsError {
    /// More than [`COUNT_LIMIT`].
    #[error("{0} claims: a signature may hold {COUNT_LIMIT}")]
    TooMany(usize),
    /// Longer than [`LENGTH_LIMIT`].
    #[error("claim `{0}` is longer than {LENGTH_LIMIT} bytes")]
    TooLong(String),
    /// Not `KEY=VALUE` with a key.
    #[error("`{0}` is not KEY=VALUE")]
    Form(String),
    /// A name that only countersign itself may state.
    #[error("the claim `{0}` begins with `{OWN_PREFIX}`, which countersign alone states")]
    Reserved(String),
    /// One name with two values.
    #[error("the claim `{0}` is given twice")]
    Twice(String),
}

impl Claims {
    /// No claims.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value of the claim `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// States `value` for `name`, in place of what was there.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.0.insert(name.to_owned(), value.into());
    }

    /// Names and values, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is no claim.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These claims without `name`.
    pub fn without(&self, name: &str) -> Self {
        let mut rest = self.clone();
        rest.0.remove(name);
        rest
    }

    /// Whether they keep to [`COUNT_LIMIT`] and [`LENGTH_LIMIT`].
    ///
    /// # Errors
    /// The limit that is exceeded.
    pub fn within_limits(&self) -> Result<(), ClaimsError> {
        bounded(self.0.len(), self.0.iter().map(|(name, value)| (name, value.len())))
    }

    /// Reads `KEY=VALUE` annotations as people give them when signing.
    ///
    /// # Errors
    /// A text without `=`, a name given twice, a name with [`OWN_PREFIX`].
    pub fn from_annotations<S: AsRef<str>>(annotations: &[S]) -> Result<Self, ClaimsError> {
        let claims = Self::from_expectations(annotations)?;
        match claims.0.keys().find(|name| name.starts_with(OWN_PREFIX)) {
            Some(name) => Err(ClaimsError::Reserved(super::escape_untrusted(name))),
            None => Ok(claims),
        }
    }

    /// Reads `KEY=VALUE` expectations as people give them when verifying: any name, ours too.
    ///
    /// # Errors
    /// A text without `=`, a name given twice.
    pub fn from_expectations<S: AsRef<str>>(annotations: &[S]) -> Result<Self, ClaimsError> {
        let mut claims = Self::new();
        for text in annotations.iter().map(AsRef::as_ref).filter(|text| !text.is_empty()) {
            let (name, value) = text
                .split_once('=')
                .filter(|(name, _)| !name.is_empty())
                .ok_or_else(|| ClaimsError::Form(super::escape_untrusted(text)))?;
            if claims.0.insert(name.to_owned(), value.to_owned()).is_some() {
                return Err(ClaimsError::Twice(super::escape_untrusted(name)));
            }
        }
        Ok(claims)
    }
}

impl FromIterator<(String, String)> for Claims {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

/// Claims as they stand in signed JSON: any value type is legal there, and only strings become claims.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct SignedClaims(UniqueMap<serde_json::Value>);

impl SignedClaims {
    /// The claims whose values are strings.
    pub(crate) fn into_claims(self) -> Result<Claims, ClaimsError> {
        bounded(self.0.0.len(), self.0.0.iter().map(|(name, value)| (name, json_length(value))))?;
        let strings = self.0.0.into_iter().filter_map(|(name, value)| match value {
            serde_json::Value::String(value) => Some((name, value)),
            _ => None,
        });
        Ok(strings.collect())
    }
}

fn json_length(value: &serde_json::Value) -> usize {
    value.as_str().map_or_else(|| value.to_string().len(), str::len)
}

fn bounded<'a>(
    count: usize,
    mut lengths: impl Iterator<Item = (&'a String, usize)>,
) -> Result<(), ClaimsError> {
    if count > COUNT_LIMIT {
        return Err(ClaimsError::TooMany(count));
    }
    match lengths.find(|(name, length)| name.len() + length > LENGTH_LIMIT) {
        Some((name, _)) => {
            let start: String = name.chars().take(64).collect();
            Err(ClaimsError::TooLong(super::escape_untrusted(&start)))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn annotations_with_our_prefix_are_refused_and_expectations_with_it_are_not() {
        let shown = Claims::from_annotations(&["countersign.dev/\u{1b}[31m=1"]).map_err(|e| e.to_string());
        assert!(shown.is_err_and(|text| text.contains("\\u{1b}[31m")));
        let own = ["countersign.dev/role=validation"];
        assert!(matches!(Claims::from_annotations(&own), Err(ClaimsError::Reserved(_))));
        assert_eq!(Claims::from_expectations(&own).map(|c| c.get(ROLE) == Some("validation")), Ok(true));
    }

    #[test]
    fn a_value_may_hold_equals_signs_and_an_empty_annotation_counts_as_not_given() {
        let claims = Claims::from_annotations(&["a=b=c", ""]);
        assert_eq!(claims.map(|c| c.get("a").map(str::to_owned)), Ok(Some("b=c".to_owned())));
        assert!(matches!(Claims::from_annotations(&["=b"]), Err(ClaimsError::Form(_))));
        assert!(matches!(Claims::from_annotations(&["a=1", "a=2"]), Err(ClaimsError::Twice(_))));
    }
}
