//! CycloneDX JSON with vulnerabilities, as Trivy writes it (its `pkg/sbom/cyclonedx`, `pkg/sbom/io`) and Grype (its
//! `grype/presenter/cyclonedx`). The format is also that of plain SBOMs: a document in which nothing shows that
//! vulnerabilities were looked for is refused. What tells the image, a severity or a fix is told by each scanner in
//! its own way: [`trivy`], [`grype`].

mod document;
mod grype;
mod trivy;

use std::collections::HashMap;

use serde_json::value::RawValue;

use crate::model::json::{Bounded, Object};
use crate::model::{Digest, time};

use document::{Affected, Analysis, Component, Document, Rating, Tool, Tools, Vulnerability};

use super::finding::{Finding, FindingError, Members, Severity, Written, cut, shown};
use super::identity::Identity;
use super::report::{FINDINGS_LIMIT, Form, LeftOut, Report, ReportError, Scanner, version};

/// What `bomFormat` is.
pub(super) const FORMAT: &str = "CycloneDX";
/// The versions of the specification that are read: Trivy writes up to 1.6, Grype up to 1.7.
const VERSIONS: [&str; 4] = ["1.4", "1.5", "1.6", "1.7"];
/// What a finding is called.
const MEMBERS: Members = Members { id: "vulnerabilities.id", package: "components.name" };

/// A vulnerability in a package, for the scanner's module to say what is meant.
struct Hit<'a> {
    /// The version of the specification, which older scanners write older ones of.
    specification: &'a str,
    vulnerability: &'a Vulnerability,
    affected: &'a Affected,
    component: &'a Component,
}

/// What each scanner tells in its own way.
struct Dialect {
    name: &'static str,
    /// Whether an empty list shows that vulnerabilities were looked for.
    empty_is_scanned: bool,
    identity: fn(&Component) -> Result<Identity, ReportError>,
    severity: fn(&Vulnerability, &[&Component]) -> Result<Severity, FindingError>,
    package: fn(&Component) -> String,
    installed: fn(&Hit<'_>) -> String,
    fixed_in: fn(&Hit<'_>) -> Option<String>,
}

/// Reads `document`, whose `bomFormat` is CycloneDX; `digest` is that of its bytes.
pub(super) fn read(document: Bounded<'_>, digest: Digest) -> Result<Report, ReportError> {
    let Object(report) = document.read::<Object<Document<'_>>>()?;
    let specification = report.spec_version.ok_or(ReportError::Missing("specVersion"))?;
    if !VERSIONS.contains(&specification.as_str()) {
        return Err(ReportError::CycloneDxVersion(shown(&specification)));
    }
    let Object(about) = report.about.ok_or(ReportError::Missing("metadata"))?;
    let vulnerabilities = report.vulnerabilities.ok_or(ReportError::Sbom)?;
    let (dialect, scanner_version) = scanner(about.tools)?;
    let Object(image) = about.component.ok_or(ReportError::Missing("metadata.component"))?;
    match image.r#type.as_deref() {
        Some("container") => {}
        Some(other) => return Err(ReportError::NotAnImage(format!("`{}`", shown(other)))),
        None => return Err(ReportError::Missing("metadata.component.type")),
    }
    let identity = (dialect.identity)(&image)?;
    if vulnerabilities.is_empty() && !dialect.empty_is_scanned && !identity.is_empty() {
        return Err(ReportError::NothingShown("CycloneDX"));
    }
    let components = report.components.unwrap_or_default();
    Ok(Report {
        digest,
        form: Form::CycloneDx,
        scanner: Scanner { name: dialect.name, version: version(scanner_version)? },
        created: time::stated(about.timestamp.as_deref()),
        identity,
        findings: findings(&vulnerabilities, &components, &specification, dialect)?,
        nothing_scanned: false,
        end_of_life: None,
        left_out: LeftOut::default(),
    })
}

/// The one tool that wrote the document.
fn scanner(tools: Option<&RawValue>) -> Result<(&'static Dialect, Option<String>), ReportError> {
    let tools = tools.ok_or(ReportError::Missing("metadata.tools"))?.get();
    let bounded = Bounded::new(tools.as_bytes())?;
    let mut tools = match tools.starts_with('[') {
        true => bounded.read::<Vec<Object<Tool>>>()?,
        false => bounded.read::<Object<Tools>>()?.0.components.unwrap_or_default(),
    };
    let (Some(Object(tool)), true) = (tools.pop(), tools.is_empty()) else {
        return Err(ReportError::CycloneDxTool("not exactly one tool".to_owned()));
    };
    match tool.name.as_deref() {
        Some("trivy") => Ok((&trivy::DIALECT, tool.version)),
        Some("grype") => Ok((&grype::DIALECT, tool.version)),
        other => Err(ReportError::CycloneDxTool(format!("`{}`", shown(other.unwrap_or_default())))),
    }
}

fn findings(
    vulnerabilities: &[Object<Vulnerability>],
    components: &[Object<Component>],
    specification: &str,
    dialect: &Dialect,
) -> Result<Vec<Finding>, ReportError> {
    let mut by_reference = HashMap::new();
    for Object(component) in components {
        let Some(reference) = component.reference.as_deref() else { continue };
        if by_reference.insert(reference, component).is_some() {
            return Err(ReportError::NotAsWritten(format!(
                "`{}`, which two components are called",
                shown(reference)
            )));
        }
    }
    let mut findings = Vec::with_capacity(vulnerabilities.len());
    for Object(vulnerability) in vulnerabilities {
        let hits = vulnerability.hits(&by_reference, specification)?;
        let affected: Vec<&Component> = hits.iter().map(|hit| hit.component).collect();
        if findings.len() + hits.len() > FINDINGS_LIMIT {
            return Err(ReportError::TooMany);
        }
        let severity = (dialect.severity)(vulnerability, &affected)?.to_string();
        let suppressed = vulnerability.why_suppressed();
        for hit in &hits {
            findings.push(hit.read(&severity, suppressed.clone(), dialect)?);
        }
    }
    Ok(findings)
}

impl Vulnerability {
    /// The packages that it is in: at least one, each described in this document.
    fn hits<'a>(
        &'a self,
        components: &HashMap<&str, &'a Component>,
        specification: &'a str,
    ) -> Result<Vec<Hit<'a>>, ReportError> {
        let id = || shown(self.id.as_deref().unwrap_or_default());
        let affects = self.affects.as_deref().unwrap_or_default();
        if affects.is_empty() {
            return Err(FindingError::Missing { id: id(), member: "affects" }.into());
        }
        let hits = affects.iter().map(|Object(affected)| {
            let reference = affected.r#ref.as_deref().unwrap_or_default();
            let component = components.get(reference).ok_or_else(|| {
                let reference = shown(reference);
                ReportError::NotAsWritten(format!("{} affects `{reference}`, which is no component", id()))
            })?;
            Ok(Hit { specification, vulnerability: self, affected, component })
        });
        hits.collect()
    }

    /// The ratings that give a severity.
    fn ratings(&self) -> Result<Vec<(&Rating, Severity)>, FindingError> {
        let rated = self.ratings.iter().flatten().filter_map(|Object(rating)| {
            let word = rating.severity.as_deref().filter(|word| !word.is_empty())?;
            Some(severity(word).map(|severity| (rating, severity)).ok_or_else(|| FindingError::Severity {
                id: shown(self.id.as_deref().unwrap_or_default()),
                word: shown(word),
            }))
        });
        rated.collect()
    }

    fn why_suppressed(&self) -> Option<String> {
        let Object(Analysis { state, justification, detail }) = self.analysis.as_ref()?;
        let stated = [state, justification, detail].into_iter().flatten().filter(|text| !text.is_empty());
        let stated: Vec<_> = stated.cloned().collect();
        Some(if stated.is_empty() { "an analysis in CycloneDX".to_owned() } else { cut(&stated.join(", ")) })
    }
}

/// The severity that a word of the specification names. `none` is what Grype makes of its `Negligible`, and `info`
/// what Trivy makes of a CVSS number under 4.
fn severity(word: &str) -> Option<Severity> {
    match word {
        "info" | "none" => Some(Severity::Low),
        word => Severity::of_scanner(word),
    }
}

/// The worst of several ratings; none at all is what a scanner writes about what its database does not describe.
fn worst(ratings: &[(&Rating, Severity)]) -> Severity {
    ratings.iter().map(|(_, severity)| *severity).max().unwrap_or(Severity::Unknown)
}

impl Hit<'_> {
    fn read(
        &self,
        severity: &str,
        suppressed: Option<String>,
        dialect: &Dialect,
    ) -> Result<Finding, FindingError> {
        let written = Written {
            id: self.vulnerability.id.as_deref().unwrap_or_default(),
            severity,
            package: &(dialect.package)(self.component),
            installed: &(dialect.installed)(self),
            fixed_in: (dialect.fixed_in)(self),
            suppressed,
            purl: self.component.purl.as_deref(),
        };
        written.read(&MEMBERS)
    }
}
