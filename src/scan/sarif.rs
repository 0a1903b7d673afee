//! SARIF 2.1.0 as Trivy writes it (its `pkg/report/sarif.go`): a list of findings, with the image in the run's
//! properties. Grype's does not name the image, and other tools' say nothing that is judged here.
//!
//! Trivy keeps one rule for each vulnerability, with the severity of the last package as a word among its tags, and
//! one result for each package, with the package's own severity in the message. The result's word is what the JSON
//! report has; the rule's must be that of one of its results. The CVSS number is never looked at.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Digest;
use crate::model::json::{Bounded, Object};

use super::finding::{Finding, Members, Written, shown};
use super::identity::Identity;
use super::report::{Form, LeftOut, Report, ReportError, Scanner, version};

/// The one version that is read.
const VERSION: &str = "2.1.0";
/// The tag of rules about vulnerabilities; others are about secrets, misconfigurations and licences.
const VULNERABILITY: &str = "vulnerability";
/// How the message about a vulnerability begins, and that about anything else.
const PACKAGE: &str = "Package: ";
const ARTIFACT: &str = "Artifact: ";
/// What a finding is called.
const MEMBERS: Members = Members { id: "ruleId", package: "Package" };

#[derive(Deserialize)]
struct Log {
    version: Option<String>,
    runs: Vec<Object<Run>>,
}

#[derive(Deserialize)]
struct Run {
    tool: Option<Object<Tool>>,
    results: Option<Vec<Object<Outcome>>>,
    properties: Option<Object<Image>>,
}

#[derive(Deserialize)]
struct Tool {
    driver: Option<Object<Driver>>,
}

#[derive(Deserialize)]
struct Driver {
    name: Option<String>,
    version: Option<String>,
    rules: Option<Vec<Object<Rule>>>,
}

#[derive(Deserialize)]
struct Rule {
    id: String,
    properties: Option<Object<RuleProperties>>,
}

#[derive(Deserialize)]
struct RuleProperties {
    tags: Option<Vec<String>>,
}

/// Beside these Trivy writes `imageName` and `repoTags`, which tell nothing.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Image {
    repo_digests: Option<Vec<String>>,
    #[serde(rename = "imageID")]
    image_id: Option<String>,
}

/// A `result`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    rule_id: Option<String>,
    message: Option<Object<Message>>,
    suppressions: Option<Vec<Object<Suppression>>>,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Suppression {
    kind: Option<String>,
    status: Option<String>,
    justification: Option<String>,
}

/// Reads `document`, which has `runs`; `digest` is that of its bytes.
pub(super) fn read(document: Bounded<'_>, digest: Digest) -> Result<Report, ReportError> {
    let Object(log) = document.read::<Object<Log>>()?;
    let mut runs = log.runs;
    let names: Vec<_> = runs.iter().filter_map(|Object(run)| run.tool_name()).collect();
    if names.iter().any(|name| name == "grype") {
        return Err(ReportError::GrypeSarif);
    }
    let run = match (runs.pop(), names.first().map(String::as_str)) {
        (Some(Object(run)), Some("trivy")) if runs.is_empty() => run,
        (_, Some("trivy")) => return Err(ReportError::NotAsWritten("SARIF of several runs".to_owned())),
        _ => return Err(ReportError::ForeignSarif),
    };
    match log.version.as_deref() {
        Some(VERSION) => {}
        Some(other) => return Err(ReportError::SarifVersion(shown(other))),
        None => return Err(ReportError::Missing("version")),
    }
    let driver = run.tool.and_then(|Object(tool)| tool.driver).ok_or(ReportError::Missing("driver"))?.0;
    let Object(image) = run.properties.unwrap_or_default();
    let results = run.results.ok_or(ReportError::Missing("results"))?;
    let findings = findings(results, driver.rules.unwrap_or_default())?;
    let identity = image.identity()?;
    if findings.is_empty() && !identity.is_empty() {
        return Err(ReportError::NothingShown("SARIF"));
    }
    Ok(Report {
        digest,
        form: Form::Sarif,
        scanner: Scanner { name: "trivy", version: version(driver.version)? },
        created: None,
        identity,
        findings,
        nothing_scanned: false,
        end_of_life: None,
        left_out: LeftOut::default(),
    })
}

impl Run {
    fn tool_name(&self) -> Option<String> {
        let Object(driver) = self.tool.as_ref()?.0.driver.as_ref()?;
        driver.name.as_ref().map(|name| name.to_ascii_lowercase())
    }
}

impl Image {
    fn identity(&self) -> Result<Identity, ReportError> {
        let mut identity = Identity {
            image_id: Identity::image_id_of(self.image_id.as_deref(), "properties.imageID")?,
            ..Identity::default()
        };
        let digests = self.repo_digests.as_deref().unwrap_or_default();
        identity.add_repository_digests(digests, "properties.repoDigests")?;
        Ok(identity)
    }
}

/// What Trivy says in a rule's tags: the kind of finding, and a severity.
struct Tags {
    vulnerability: bool,
    severity: String,
    /// A result has said the same severity.
    confirmed: bool,
}

impl Rule {
    /// The tags are the kind, the word `security` and the severity.
    fn tags(self) -> Result<(String, Tags), ReportError> {
        let tags = self.properties.and_then(|Object(properties)| properties.tags).unwrap_or_default();
        match <[String; 3]>::try_from(tags) {
            Ok([kind, security, severity]) if security == "security" => {
                Ok((self.id, Tags { vulnerability: kind == VULNERABILITY, severity, confirmed: false }))
            }
            _ => Err(ReportError::NotAsWritten(format!("the tags of the rule `{}`", shown(&self.id)))),
        }
    }
}

fn findings(results: Vec<Object<Outcome>>, rules: Vec<Object<Rule>>) -> Result<Vec<Finding>, ReportError> {
    let mut tags: BTreeMap<String, Tags> = BTreeMap::new();
    for Object(rule) in rules {
        let (id, tag) = rule.tags()?;
        if tags.contains_key(&id) {
            return Err(ReportError::NotAsWritten(format!("the rule `{}`, which stands twice", shown(&id))));
        }
        tags.insert(id, tag);
    }
    let mut findings = Vec::with_capacity(results.len());
    for Object(result) in results {
        let id = result.rule_id.as_deref().ok_or(ReportError::Missing("ruleId"))?;
        let text = result.message.as_ref().and_then(|Object(message)| message.text.as_deref());
        let text = text.ok_or(ReportError::Missing("message.text"))?;
        let wrong = || ReportError::NotAsWritten(format!("the result about `{}`", shown(id)));
        let tags = tags.get_mut(id).ok_or_else(wrong)?;
        if text.starts_with(ARTIFACT) && !tags.vulnerability {
            continue;
        }
        let words = Words::parse(text, id).filter(|_| tags.vulnerability).ok_or_else(wrong)?;
        tags.confirmed |= words.severity == tags.severity;
        findings.push(words.written(id, result.why_suppressed()).read(&MEMBERS)?);
    }
    match tags.iter().find(|(_, tags)| tags.vulnerability && !tags.confirmed) {
        Some((id, _)) => Err(ReportError::NotAsWritten(format!(
            "the severity of the rule `{}`, which no result has",
            shown(id)
        ))),
        None => Ok(findings),
    }
}

impl Outcome {
    /// Why somebody does not want it counted.
    fn why_suppressed(&self) -> Option<String> {
        let suppressions = self.suppressions.as_deref().filter(|suppressions| !suppressions.is_empty())?;
        let stated = suppressions.iter().flat_map(|Object(suppression)| {
            let Suppression { kind, status, justification } = suppression;
            [kind, status, justification].into_iter().flatten().filter(|text| !text.is_empty()).cloned()
        });
        let stated: Vec<_> = stated.collect();
        Some(if stated.is_empty() { "a suppression in SARIF".to_owned() } else { stated.join(", ") })
    }
}

/// What the message about a vulnerability says, line by line.
struct Words<'a> {
    package: &'a str,
    installed: &'a str,
    severity: &'a str,
    fixed: &'a str,
}

impl<'a> Words<'a> {
    /// Reads the six lines that Trivy writes, and nothing else: the name of a package could hold a line of its own.
    fn parse(text: &'a str, id: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let mut next = |start: &str| lines.next()?.strip_prefix(start);
        let package = next(PACKAGE)?;
        let installed = next("Installed Version: ")?;
        let named = next("Vulnerability ")?;
        let severity = next("Severity: ")?;
        let fixed = next("Fixed Version: ")?;
        let link = next("Link: ")?;
        let linked = link.strip_prefix('[')?.strip_prefix(id)?.strip_prefix("](")?.ends_with(')');
        let whole = lines.next().is_none() && named == id && linked;
        whole.then_some(Self { package, installed, severity, fixed })
    }

    fn written<'b>(&'b self, id: &'b str, suppressed: Option<String>) -> Written<'b> {
        Written {
            id,
            severity: self.severity,
            package: self.package,
            installed: self.installed,
            fixed_in: (!self.fixed.is_empty()).then(|| self.fixed.to_owned()),
            suppressed,
            purl: None,
        }
    }
}
