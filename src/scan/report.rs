//! A scan report in words that all scanners share, and how one is told from another by its content. What each
//! scanner's format looks like is its own module's affair.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::model::json::{Bounded, JsonError, Object};
use crate::model::{Digest, escape_untrusted};

use super::finding::{Finding, FindingError, Severity};
use super::identity::{Identity, NotADigest};
use super::{grype, trivy};

/// Largest report that is read, in bytes. Reports of big images with all packages listed have some 50 MiB.
pub const REPORT_LIMIT: usize = 64 << 20;
/// Most findings in one report.
pub const FINDINGS_LIMIT: usize = 100_000;
/// Longest version of a scanner, in bytes: it becomes part of a signed claim.
const VERSION_LIMIT: usize = 256;

/// Who wrote a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scanner {
    /// `trivy` or `grype`.
    pub name: &'static str,
    /// Its version, escaped; reports of older Trivys do not state it.
    pub version: Option<String>,
}

impl fmt::Display for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.version.iter().try_for_each(|version| write!(f, " {version}"))
    }
}

/// The formats of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Trivy's JSON.
    Trivy,
    /// Grype's JSON.
    Grype,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trivy => "Trivy in JSON",
            Self::Grype => "Grype in JSON",
        })
    }
}

/// What a scanner said about an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// SHA-256 of the report's bytes.
    pub digest: Digest,
    /// Its format.
    pub form: Form,
    /// Who wrote it.
    pub scanner: Scanner,
    /// When, by its own word; `None` if it has no valid time.
    pub created: Option<Timestamp>,
    /// Which image it speaks of.
    pub identity: Identity,
    /// All vulnerabilities, those that the scanner suppressed among them.
    pub findings: Vec<Finding>,
    /// Nothing in the image was looked at for vulnerabilities: no operating system, no packages.
    pub nothing_scanned: bool,
    /// Whether the image's operating system is past its end of life; `None` if the report does not say.
    pub end_of_life: Option<bool>,
    /// What the scanner was told to leave out.
    pub left_out: LeftOut,
}

/// What a scanner was told to leave out by whether there is a fix.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Vulnerabilities without a fix (Grype's `only-fixed`).
    pub unfixed: bool,
    /// Vulnerabilities with a fix (Grype's `only-notfixed`).
    pub fixed: bool,
}

/// Why bytes are not a report that can be judged. Texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// More bytes than [`REPORT_LIMIT`].
    #[error("larger than {} MiB", REPORT_LIMIT >> 20)]
    TooLarge,
    /// More findings than [`FINDINGS_LIMIT`].
    #[error("more than {FINDINGS_LIMIT} findings")]
    TooMany,
    /// Not JSON, cut short, too deep, a duplicate member, or a member of the wrong type.
    #[error("not a readable report: {0}")]
    Json(#[from] JsonError),
    /// JSON that no scanner known here writes.
    #[error("neither a JSON report of Trivy nor one of Grype")]
    Unrecognised,
    /// SARIF from Grype.
    #[error("SARIF from Grype does not identify the image; give its JSON report (`grype -o json`)")]
    GrypeSarif,
    /// SARIF from Trivy.
    #[error("SARIF from Trivy is not read yet; give its JSON report (`trivy image --format json`)")]
    TrivySarif,
    /// SARIF from elsewhere.
    #[error("SARIF is not read; give a JSON report of Trivy or Grype")]
    Sarif,
    /// Another version of the format than is known.
    #[error("unknown schema version {0} of a Trivy report; version 2 is read")]
    Schema(u64),
    /// A report about something that is no image.
    #[error("the report is not about a container image but about {0}")]
    NotAnImage(String),
    /// Nothing tells which image was scanned.
    #[error("the report is without identity: it states no manifest digest and no image ID")]
    NoIdentity,
    /// A member that the format requires is absent or null.
    #[error("the report has no `{0}`")]
    Missing(&'static str),
    /// Something that should be a digest is not.
    #[error(transparent)]
    Digest(#[from] NotADigest),
    /// A finding that cannot be judged.
    #[error(transparent)]
    Finding(#[from] FindingError),
    /// A finding that the scanner modified, of a kind that is not known.
    #[error("a modified finding is of the unknown type `{0}`")]
    ModifiedType(String),
    /// The scanner's version is too long for a claim.
    #[error("the scanner's version is longer than {VERSION_LIMIT} bytes")]
    Version,
}

/// The members that tell one format from another.
#[derive(Deserialize)]
struct Shape {
    #[serde(rename = "SchemaVersion")]
    trivy: Option<IgnoredAny>,
    descriptor: Option<Object<Named>>,
    runs: Option<Vec<Object<Run>>>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Run {
    tool: Option<Object<Tool>>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Option<Object<Named>>,
}

impl Report {
    /// How many findings there are of each severity; none of a severity that there is not.
    pub fn severities(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::new();
        for finding in &self.findings {
            *counts.entry(finding.severity).or_default() += 1;
        }
        counts
    }

    /// Reads a report; its scanner is recognised by the content.
    ///
    /// # Errors
    /// [`ReportError`] if it is not a whole report about a container image that names the image: what is not
    /// understood is never "no findings".
    pub fn parse(bytes: &[u8]) -> Result<Self, ReportError> {
        if bytes.len() > REPORT_LIMIT {
            return Err(ReportError::TooLarge);
        }
        let document = Bounded::new(bytes)?;
        let digest = Digest::of(bytes);
        let Object(shape) = document.read::<Object<Shape>>().map_err(|_| ReportError::Unrecognised)?;
        let grype = shape.descriptor.is_some_and(|Object(named)| named.name.as_deref() == Some("grype"));
        let report = match (shape.trivy.is_some(), grype, shape.runs) {
            (true, false, None) => trivy::read(document, digest)?,
            (false, true, None) => grype::read(document, digest)?,
            (false, false, Some(runs)) => return Err(sarif(&runs)),
            _ => return Err(ReportError::Unrecognised),
        };
        if report.identity.is_empty() {
            return Err(ReportError::NoIdentity);
        }
        if report.findings.len() > FINDINGS_LIMIT {
            return Err(ReportError::TooMany);
        }
        Ok(report)
    }
}

/// Why SARIF is refused, by whose it is.
fn sarif(runs: &[Object<Run>]) -> ReportError {
    let name = |Object(run): &Object<Run>| {
        let Object(driver) = run.tool.as_ref()?.0.driver.as_ref()?;
        driver.name.as_ref().map(|name| name.to_ascii_lowercase())
    };
    let names: Vec<_> = runs.iter().filter_map(name).collect();
    let by = |scanner: &str| names.iter().any(|name| name == scanner);
    match (by("grype"), by("trivy")) {
        (true, _) => ReportError::GrypeSarif,
        (false, true) => ReportError::TrivySarif,
        (false, false) => ReportError::Sarif,
    }
}

/// The time in `text`, if it is one: RFC 3339 with an offset, and after 1970, since a time that was not set is
/// written as the year 1.
pub(super) fn time(text: Option<&str>) -> Option<Timestamp> {
    let time: Timestamp = text?.parse().ok()?;
    (time > Timestamp::UNIX_EPOCH).then_some(time)
}

/// The version of a scanner, as it may stand in a claim.
pub(super) fn version(text: Option<String>) -> Result<Option<String>, ReportError> {
    match text.map(|text| escape_untrusted(&text)) {
        Some(version) if version.len() > VERSION_LIMIT => Err(ReportError::Version),
        version => Ok(version.filter(|version| !version.is_empty())),
    }
}
