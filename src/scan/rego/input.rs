//! What rules in Rego read as `input`.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{Input, InputError, RegoRules};
use crate::scan::finding::{Finding, Severity};
use crate::scan::report::{Form, Report};

impl RegoRules {
    /// The input that these rules read of `report`, as JSON; `written` are the report's bytes, where they are needed.
    ///
    /// # Errors
    /// [`InputError`] if they read another scanner's reports, or would miss what the scanner suppressed.
    pub fn input_of<'a>(
        &self,
        report: &Report,
        written: Option<&'a [u8]>,
    ) -> Result<Cow<'a, [u8]>, InputError> {
        let expected = match self.input {
            Input::Trivy => Form::Trivy,
            Input::Grype => Form::Grype,
            Input::CycloneDx => return bill_of_materials(report).map(Cow::Owned),
        };
        if let Some(finding) = report.findings.iter().find(|finding| finding.suppressed.is_some()) {
            return Err(InputError::Suppressed(finding.id.clone()));
        }
        match (report.form == expected, written) {
            (true, Some(written)) => Ok(Cow::Borrowed(written)),
            (true, None) => Err(InputError::Json("the report was not kept".to_owned())),
            (false, _) => Err(InputError::Another { expected, found: report.form }),
        }
    }
}

/// The findings, package by package, as a CycloneDX document in XML reads in Rego: lists are members of members
/// (<https://cyclonedx.org/ext/vulnerability/>), and severities are words with a capital.
fn bill_of_materials(report: &Report) -> Result<Vec<u8>, InputError> {
    let mut findings: Vec<&Finding> = report.findings.iter().collect();
    let package = |finding: &Finding| (finding.package.clone(), finding.installed.clone());
    findings.sort_by_key(|finding| package(finding));
    let components: Vec<Value> =
        findings.chunk_by(|one, other| package(one) == package(other)).map(component).collect();
    let created = report.created.map(|time| time.to_string());
    let document = json!({"bom": {
        "metadata": {"timestamp": created, "tools": {"tool": [{"name": report.scanner.name, "version": report.scanner.version}]}},
        "components": {"component": components},
    }});
    serde_json::to_vec(&document).map_err(|error| InputError::Json(error.to_string()))
}

fn component(findings: &[&Finding]) -> Value {
    let vulnerabilities: Vec<Value> = findings
        .iter()
        .map(|finding| {
            let rating = json!({"severity": word(finding.severity)});
            json!({"id": finding.id, "ratings": {"rating": [rating]}, "fixedIn": finding.fixed_in})
        })
        .collect();
    let (name, version) = findings.first().map(|one| (&one.package, &one.installed)).unzip();
    json!({"name": name, "version": version, "vulnerabilities": {"vulnerability": vulnerabilities}})
}

/// The words that scan policies list in `notAllowedSeverities`.
fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Critical",
        Severity::High => "High",
        Severity::Medium => "Medium",
        Severity::Low => "Low",
        Severity::Unknown => "UnknownSeverity",
    }
}
