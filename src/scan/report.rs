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
use super::{cyclonedx, grype, sarif, trivy};

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
    /// Trivy's SARIF.
    Sarif,
    /// CycloneDX with vulnerabilities, of either.
    CycloneDx,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Trivy => "Trivy in JSON",
            Self::Grype => "Grype in JSON",
            Self::Sarif => "Trivy in SARIF",
            Self::CycloneDx => "Trivy or Grype in CycloneDX",
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
    /// XML, such as the other form of CycloneDX.
    #[error(
        "XML is not read; give the JSON form (`--format cyclonedx` of Trivy, `-o cyclonedx-json` of Grype)"
    )]
    Xml,
    /// JSON that no scanner known here writes.
    #[error("neither JSON, SARIF nor CycloneDX of Trivy, nor JSON or CycloneDX of Grype")]
    Unrecognised,
    /// SARIF from Grype.
    #[error("SARIF from Grype does not identify the image; give its JSON report (`grype -o json`)")]
    GrypeSarif,
    /// SARIF from elsewhere.
    #[error("SARIF of another tool than Trivy is not read; give a report of Trivy or Grype")]
    ForeignSarif,
    /// Another version of SARIF than is known.
    #[error("unknown version {0} of SARIF; version 2.1.0 is read")]
    SarifVersion(String),
    /// Another version of CycloneDX than is known.
    #[error("unknown version {0} of CycloneDX; versions 1.4 to 1.7 are read")]
    CycloneDxVersion(String),
    /// CycloneDX without vulnerabilities.
    #[error("an SBOM, not a scan report: it has no `vulnerabilities`; let a scanner look for them")]
    Sbom,
    /// CycloneDX of another tool.
    #[error("CycloneDX of {0} is not read; give what Trivy or Grype wrote about the image")]
    CycloneDxTool(String),
    /// A list of findings without any, of a tool that also writes one without looking.
    #[error(
        "{0} of Trivy without a vulnerability does not show that any was looked for; give its JSON report (`trivy image --format json`)"
    )]
    NothingShown(&'static str),
    /// Something that is not as its scanner writes it.
    #[error("the report is not as its scanner writes it: {0}")]
    NotAsWritten(String),
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
    runs: Option<IgnoredAny>,
    #[serde(rename = "bomFormat")]
    bom: Option<String>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

impl Report {
    /// How many findings there are of each severity; 0 of one that there is none of.
    pub fn severities(&self) -> BTreeMap<Severity, usize> {
        let mut counts = BTreeMap::from(Severity::ALL.map(|severity| (severity, 0)));
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
        if bytes.trim_ascii_start().starts_with(b"<") {
            return Err(ReportError::Xml);
        }
        let document = Bounded::new(bytes)?;
        let digest = Digest::of(bytes);
        let Object(shape) = document.read::<Object<Shape>>().map_err(|_| ReportError::Unrecognised)?;
        let grype = shape.descriptor.is_some_and(|Object(named)| named.name.as_deref() == Some("grype"));
        let cyclonedx = shape.bom.is_some_and(|format| format == cyclonedx::FORMAT);
        let report = match (shape.trivy.is_some(), grype, shape.runs.is_some(), cyclonedx) {
            (true, false, false, false) => trivy::read(document, digest)?,
            (false, true, false, false) => grype::read(document, digest)?,
            (false, false, true, false) => sarif::read(document, digest)?,
            (false, false, false, true) => cyclonedx::read(document, digest)?,
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

/// The version of a scanner, as it may stand in a claim.
pub(super) fn version(text: Option<String>) -> Result<Option<String>, ReportError> {
    match text.map(|text| escape_untrusted(&text)) {
        Some(version) if version.len() > VERSION_LIMIT => Err(ReportError::Version),
        version => Ok(version.filter(|version| !version.is_empty())),
    }
}
