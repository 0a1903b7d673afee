//! Grype's JSON report (its `grype/presenter/models`), which has no schema version: what is read must be there.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::model::json::{Bounded, Object};
use crate::model::{Digest, time};

use super::finding::{Finding, FindingError, Members, Written, shown};
use super::identity::Identity;
use super::report::{Form, LeftOut, Report, ReportError, Scanner, version};

/// The alert about a package of a distribution past its end of life.
const END_OF_LIFE: &str = "distro-eol";
/// What a finding is called.
const MEMBERS: Members = Members { id: "vulnerability.id", package: "artifact.name" };

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    matches: Option<Vec<Object<Match>>>,
    ignored_matches: Option<Vec<Object<Match>>>,
    alerts_by_package: Option<Vec<Object<Alerts>>>,
    #[serde(borrow)]
    source: Option<Object<Source<'a>>>,
    descriptor: Object<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    vulnerability: Object<Vulnerability>,
    artifact: Object<Artifact>,
    applied_ignore_rules: Option<Vec<Object<Applied>>>,
}

#[derive(Deserialize)]
struct Vulnerability {
    id: String,
    severity: Option<String>,
    fix: Object<Fix>,
}

#[derive(Deserialize)]
struct Fix {
    versions: Option<Vec<String>>,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Artifact {
    name: String,
    version: Option<String>,
    purl: Option<String>,
}

/// A rule of Grype's that took a match out of the count.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Applied {
    reason: Option<String>,
    fix_state: Option<String>,
    vex_status: Option<String>,
    vex_justification: Option<String>,
}

#[derive(Deserialize)]
struct Alerts {
    alerts: Option<Vec<Object<Alert>>>,
}

#[derive(Deserialize)]
struct Alert {
    r#type: Option<String>,
}

#[derive(Deserialize)]
struct Source<'a> {
    r#type: Option<String>,
    #[serde(borrow)]
    target: Option<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    #[serde(rename = "imageID")]
    image_id: Option<String>,
    manifest_digest: Option<String>,
    layers: Option<Vec<IgnoredAny>>,
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Descriptor {
    version: Option<String>,
    timestamp: Option<String>,
    configuration: Option<Object<Configuration>>,
}

/// Grype writes its options as `only-fixed`, older ones wrote `onlyFixed`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Configuration {
    only_fixed: Option<bool>,
    #[serde(rename = "onlyFixed")]
    only_fixed_before: Option<bool>,
    only_notfixed: Option<bool>,
    #[serde(rename = "onlyNotFixed")]
    only_notfixed_before: Option<bool>,
}

/// Reads `document`, whose descriptor names Grype; `digest` is that of its bytes.
pub(super) fn read(document: Bounded<'_>, digest: Digest) -> Result<Report, ReportError> {
    let Object(report) = document.read::<Object<Document<'_>>>()?;
    let identity = identity(report.source)?;
    let matches = report.matches.ok_or(ReportError::Missing("matches"))?;
    let mut findings = Vec::with_capacity(matches.len());
    for Object(found) in matches {
        findings.push(found.read(None)?);
    }
    for Object(found) in report.ignored_matches.unwrap_or_default() {
        findings.push(found.read(Some(found.why_ignored()))?);
    }
    let Object(descriptor) = report.descriptor;
    let Object(configuration) = descriptor.configuration.unwrap_or_default();
    Ok(Report {
        digest,
        form: Form::Grype,
        scanner: Scanner { name: "grype", version: version(descriptor.version)? },
        created: time::stated(descriptor.timestamp.as_deref()),
        identity,
        findings,
        nothing_scanned: false,
        end_of_life: end_of_life(&report.alerts_by_package.unwrap_or_default()),
        left_out: configuration.left_out(),
    })
}

/// Which image `source` is.
fn identity(source: Option<Object<Source<'_>>>) -> Result<Identity, ReportError> {
    let Object(source) = source.ok_or(ReportError::Missing("source"))?;
    match source.r#type.as_deref() {
        Some("image") => {}
        Some(other) => return Err(ReportError::NotAnImage(format!("`{}`", shown(other)))),
        None => return Err(ReportError::Missing("source.type")),
    }
    let target = source.target.ok_or(ReportError::Missing("source.target"))?;
    let Object(image) = Bounded::new(target.get().as_bytes())?.read::<Object<Image>>()?;
    let mut identity = Identity {
        image_id: Identity::image_id_of(image.image_id.as_deref(), "source.target.imageID")?,
        layers: image.layers.map(|layers| layers.len()),
        ..Identity::default()
    };
    identity.add_manifest(image.manifest_digest.as_deref(), "source.target.manifestDigest")?;
    let digests = image.repo_digests.unwrap_or_default();
    identity.add_repository_digests(&digests, "source.target.repoDigests")?;
    Ok(identity)
}

/// An alert says "yes". No alert says nothing: older Grypes have none, they can be switched off, and the database
/// does not know every distribution's dates.
fn end_of_life(alerts: &[Object<Alerts>]) -> Option<bool> {
    let mut alerts = alerts.iter().flat_map(|Object(package)| package.alerts.iter().flatten());
    alerts.any(|Object(alert)| alert.r#type.as_deref() == Some(END_OF_LIFE)).then_some(true)
}

impl Match {
    fn read(&self, suppressed: Option<String>) -> Result<Finding, FindingError> {
        let (Object(vulnerability), Object(artifact)) = (&self.vulnerability, &self.artifact);
        let written = Written {
            id: &vulnerability.id,
            severity: vulnerability.severity.as_deref().unwrap_or_default(),
            package: &artifact.name,
            installed: artifact.version.as_deref().unwrap_or_default(),
            fixed_in: vulnerability.fix.0.fixed_in(),
            suppressed,
            purl: artifact.purl.as_deref(),
        };
        written.read(&MEMBERS)
    }

    /// What the rules say that took it out of the count.
    fn why_ignored(&self) -> String {
        let rules = self.applied_ignore_rules.iter().flatten();
        let stated = rules.flat_map(|Object(rule)| {
            let words = [&rule.reason, &rule.vex_status, &rule.vex_justification, &rule.fix_state];
            words.into_iter().flatten().filter(|text| !text.is_empty())
        });
        let stated: Vec<_> = stated.cloned().collect();
        if stated.is_empty() { "an ignore rule of Grype's".to_owned() } else { stated.join(", ") }
    }
}

impl Fix {
    fn fixed_in(&self) -> Option<String> {
        let versions = self.versions.as_deref().unwrap_or_default();
        let named = (!versions.is_empty()).then(|| versions.join(", "));
        let fixed = self.state.as_deref() == Some("fixed");
        named.or_else(|| fixed.then(|| super::UNNAMED_FIX.to_owned()))
    }
}

impl Configuration {
    fn left_out(&self) -> LeftOut {
        let set = |options: [Option<bool>; 2]| options.contains(&Some(true));
        LeftOut {
            unfixed: set([self.only_fixed, self.only_fixed_before]),
            fixed: set([self.only_notfixed, self.only_notfixed_before]),
        }
    }
}
