//! Trivy's JSON report, schema version 2 (its `pkg/types/report.go`). Only vulnerabilities are read: secrets,
//! misconfigurations and licences stand in the same file and are not judged.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::json::{Bounded, Object};
use crate::model::{Digest, time};

use super::finding::{Finding, FindingError, Members, Written, shown};
use super::identity::Identity;
use super::report::{Form, LeftOut, Report, ReportError, Scanner, version};

/// The one schema version that is read.
const SCHEMA: u64 = 2;
/// What Trivy calls an image, wherever it came from.
const IMAGE: &str = "container_image";
/// The class of the target that holds the operating system's packages.
const OS_PACKAGES: &str = "os-pkgs";
/// The class of targets that hold packages of programming languages.
const LANGUAGE_PACKAGES: &str = "lang-pkgs";
/// What a finding is called.
const MEMBERS: Members = Members { id: "VulnerabilityID", package: "PkgName" };

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Document<'a> {
    trivy: Option<Object<About>>,
    created_at: Option<String>,
    artifact_type: Option<String>,
    #[serde(rename = "Metadata")]
    image: Option<Object<Image>>,
    #[serde(borrow)]
    results: Option<Vec<Object<Target<'a>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    schema_version: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct About {
    version: Option<String>,
}

#[derive(Default, Deserialize)]
struct Image {
    #[serde(rename = "OS")]
    os: Option<Object<System>>,
    #[serde(rename = "ImageID")]
    image_id: Option<String>,
    #[serde(rename = "DiffIDs")]
    diff_ids: Option<Vec<String>>,
    #[serde(rename = "RepoDigests")]
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct System {
    #[serde(rename = "EOSL")]
    end_of_life: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target<'a> {
    class: Option<String>,
    vulnerabilities: Option<Vec<Object<Vulnerability>>>,
    #[serde(borrow, rename = "ExperimentalModifiedFindings")]
    modified: Option<Vec<Object<Modified<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: Option<String>,
    pkg_name: Option<String>,
    installed_version: Option<String>,
    fixed_version: Option<String>,
    severity: Option<String>,
    status: Option<String>,
    #[serde(rename = "PkgIdentifier")]
    identifier: Option<Object<Identifier>>,
}

#[derive(Default, Deserialize)]
struct Identifier {
    #[serde(rename = "PURL")]
    purl: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modified<'a> {
    r#type: String,
    status: Option<String>,
    statement: Option<String>,
    source: Option<String>,
    #[serde(borrow)]
    finding: Option<&'a RawValue>,
}

/// Reads `document`, which has a `SchemaVersion`; `digest` is that of its bytes.
pub(super) fn read(document: Bounded<'_>, digest: Digest) -> Result<Report, ReportError> {
    let Object(Version { schema_version }) = document.read()?;
    if schema_version != SCHEMA {
        return Err(ReportError::Schema(schema_version));
    }
    let Object(report) = document.read::<Object<Document<'_>>>()?;
    match report.artifact_type.as_deref() {
        Some(IMAGE) => {}
        Some(other) => return Err(ReportError::NotAnImage(format!("`{}`", shown(other)))),
        None => return Err(ReportError::Missing("ArtifactType")),
    }
    let Object(image) = report.image.unwrap_or_default();
    let targets = report.results.unwrap_or_default();
    Ok(Report {
        digest,
        form: Form::Trivy,
        scanner: Scanner {
            name: "trivy",
            version: version(report.trivy.and_then(|Object(about)| about.version))?,
        },
        created: time::stated(report.created_at.as_deref()),
        identity: image.identity()?,
        end_of_life: image.end_of_life(&targets),
        nothing_scanned: !targets.iter().any(|Object(target)| target.holds_packages()),
        findings: findings(targets)?,
        left_out: LeftOut::default(),
    })
}

impl Image {
    fn identity(&self) -> Result<Identity, ReportError> {
        let mut identity = Identity {
            image_id: Identity::image_id_of(self.image_id.as_deref(), "Metadata.ImageID")?,
            layers: self.diff_ids.as_ref().map(Vec::len),
            ..Identity::default()
        };
        let digests = self.repo_digests.as_deref().unwrap_or_default();
        identity.add_repository_digests(digests, "Metadata.RepoDigests")?;
        Ok(identity)
    }

    /// Trivy writes `EOSL` only if it is true. So its absence says "no" where the operating system's packages were
    /// looked at, and nothing where they were not: there is no operating system, Trivy does not know it, or it
    /// was told to look at programming languages only.
    fn end_of_life(&self, targets: &[Object<Target<'_>>]) -> Option<bool> {
        let Object(system) = self.os.as_ref()?;
        let looked_at = || targets.iter().any(|Object(target)| target.class.as_deref() == Some(OS_PACKAGES));
        system.end_of_life.or_else(|| looked_at().then_some(false))
    }
}

impl Target<'_> {
    /// Whether this is about packages, whose vulnerabilities are looked up. A target of secrets, configuration or
    /// licences alone is not; one without a class is from a Trivy that wrote none.
    fn holds_packages(&self) -> bool {
        let packages = matches!(self.class.as_deref(), None | Some(OS_PACKAGES | LANGUAGE_PACKAGES));
        packages || self.vulnerabilities.as_ref().is_some_and(|found| !found.is_empty())
    }
}

fn findings(targets: Vec<Object<Target<'_>>>) -> Result<Vec<Finding>, ReportError> {
    let mut findings = Vec::new();
    for Object(target) in targets {
        for Object(found) in target.vulnerabilities.unwrap_or_default() {
            findings.push(found.read(None)?);
        }
        for Object(modified) in target.modified.unwrap_or_default() {
            findings.extend(modified.read()?);
        }
    }
    Ok(findings)
}

impl Vulnerability {
    fn read(&self, suppressed: Option<String>) -> Result<Finding, FindingError> {
        let text = |member: &'_ Option<String>| member.clone().unwrap_or_default();
        let fixed_in = self.fixed_version.clone().filter(|version| !version.is_empty());
        let fixed = self.status.as_deref() == Some("fixed");
        let written = Written {
            id: &text(&self.id),
            severity: &text(&self.severity),
            package: &text(&self.pkg_name),
            installed: &text(&self.installed_version),
            fixed_in: fixed_in.or_else(|| fixed.then(|| super::UNNAMED_FIX.to_owned())),
            suppressed,
            purl: self.identifier.as_ref().and_then(|Object(identifier)| identifier.purl.as_deref()),
        };
        written.read(&MEMBERS)
    }
}

impl Modified<'_> {
    /// The vulnerability that was modified; none if it is of another kind.
    fn read(&self) -> Result<Option<Finding>, ReportError> {
        match self.r#type.as_str() {
            "vulnerability" => {}
            "misconfiguration" | "secret" | "license" => return Ok(None),
            other => return Err(ReportError::ModifiedType(shown(other))),
        }
        let finding = self.finding.ok_or(ReportError::Missing("Finding"))?;
        let Object(found) = Bounded::new(finding.get().as_bytes())?.read::<Object<Vulnerability>>()?;
        Ok(Some(found.read(Some(self.reason()))?))
    }

    fn reason(&self) -> String {
        let stated = [&self.status, &self.statement, &self.source];
        let stated: Vec<_> = stated.into_iter().flatten().filter(|text| !text.is_empty()).cloned().collect();
        if stated.is_empty() { "modified".to_owned() } else { stated.join(", ") }
    }
}
