//! What the scan of an image found, from an attestation that a validation key signed. It is shown, and decides nothing.

use jiff::Timestamp;

use super::html::Html;
use super::words;
use crate::model::Fingerprint;
use crate::scan::{Finding, Report, Severity};

/// Most findings of one image that are listed.
const SHOWN_LIMIT: usize = 20;

/// What is known of an image's scan.
pub(in crate::cli) enum Scanned {
    /// Nobody asked: no signer that countersigns is satisfied.
    NotAsked,
    /// There is no attestation by these keys.
    Absent,
    /// It could not be had; why.
    Unknown(String),
    /// The newest one, and the key that signed it.
    Found { key: Fingerprint, report: Box<Report> },
}

pub(super) fn scan(html: &mut Html, scanned: &Scanned, now: Timestamp) {
    let why = match scanned {
        Scanned::NotAsked => return,
        Scanned::Found { key, report } => return found(html, key, report, now),
        Scanned::Absent => "No scan is attached that a key of the validation signed.".to_owned(),
        Scanned::Unknown(why) => {
            format!("The scan could not be had: {why}. The decision does not rest on it.")
        }
    };
    html.raw("<section class=\"scan\"><h4>Scan</h4>").element("p", &[("class", "why")], &why);
    html.raw("</section>");
}

fn found(html: &mut Html, key: &Fingerprint, report: &Report, now: Timestamp) {
    html.raw("<section class=\"scan\"><h4>Scan</h4><dl class=\"facts\"><dt>Scanner</dt><dd>");
    html.text(&report.scanner.to_string()).raw("</dd>");
    if let Some(created) = report.created {
        html.raw("<dt>Made</dt><dd>");
        super::time(html, created);
        html.raw(" <small>").text(&words::distance(created, now)).raw(" this run</small></dd>");
    }
    html.raw("<dt>Attested by</dt><dd>").element("code", &[], &key.to_string()).raw("</dd></dl>");
    counts(html, &report.findings);
    table(html, &report.findings);
    html.raw("</section>");
}

const BY_WEIGHT: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Unknown];

fn counts(html: &mut Html, findings: &[Finding]) {
    html.raw("<ul class=\"severities\">");
    for severity in BY_WEIGHT {
        let number = findings.iter().filter(|finding| finding.severity == severity).count();
        let word = severity.to_string();
        let class = if number == 0 { "none".to_owned() } else { word.to_lowercase() };
        html.open("li", &[("class", &class)]).element("b", &[], &number.to_string()).raw(" ");
        html.text(&word).raw("</li>");
    }
    html.raw("</ul>");
}

/// The worst findings.
fn table(html: &mut Html, findings: &[Finding]) {
    if findings.is_empty() {
        return;
    }
    let mut worst: Vec<&Finding> = findings.iter().collect();
    worst.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.cmp(other)));
    html.raw("<div class=\"scroll\"><table class=\"plain\"><thead><tr>");
    for title in ["Vulnerability", "Severity", "Package", "Installed", "Fixed in"] {
        html.open("th", &[("scope", "col")]).raw(title).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
    for finding in worst.iter().take(SHOWN_LIMIT) {
        html.raw("<tr>").element("th", &[("scope", "row")], &finding.id);
        let severity = finding.severity.to_string();
        html.element("td", &[("class", &severity.to_lowercase())], &severity);
        html.element("td", &[], &finding.package).element("td", &[], &finding.installed);
        html.element("td", &[], finding.fixed_in.as_deref().unwrap_or("no fix")).raw("</tr>");
    }
    html.raw("</tbody></table></div>");
    if worst.len() > SHOWN_LIMIT {
        let more = format!("The {SHOWN_LIMIT} worst of {} findings.", worst.len());
        html.element("p", &[("class", "why")], &more);
    }
}
