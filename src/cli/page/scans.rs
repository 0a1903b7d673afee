//! What the scan of an image found, from an attestation that a validation key signed. It is shown, and decides nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Entry;
use super::html::Html;
use crate::flow::scans::{ScanReport, Scanned as OfPlatform};
use crate::model::Fingerprint;
use crate::scan::{Finding, Severity};

/// Most findings of a platform that are kept, and the most that are listed.
const SHOWN_LIMIT: usize = 20;
/// Most platforms and remarks of an image that are kept.
const LIST_LIMIT: usize = 50;

/// What is known of an image's scans.
#[derive(Debug, Clone)]
pub(in crate::cli) enum Scans {
    /// Nobody asked: no signer that countersigns is satisfied.
    NotAsked,
    /// They could not be had; why.
    Unknown(String),
    /// The newest scan of each platform, and what is missing.
    Known { scans: Vec<Scan>, remarks: Vec<String> },
}

/// The newest scan of a platform, as far as it is shown.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Scan {
    platform: String,
    scanner: String,
    finished: Option<Timestamp>,
    passed: Option<Timestamp>,
    key: Fingerprint,
    severities: BTreeMap<Severity, usize>,
    /// The worst findings.
    worst: Vec<Finding>,
}

impl Scans {
    /// How many platforms' scans are known.
    pub(super) fn platforms(&self) -> usize {
        match self {
            Self::NotAsked | Self::Unknown(_) => 0,
            Self::Known { scans, .. } => scans.len(),
        }
    }
}

impl From<ScanReport> for Scans {
    /// Keeps what is shown: a report may have a hundred thousand findings.
    fn from(report: ScanReport) -> Self {
        let ScanReport { scanned, unscanned, unusable, invalid, unreachable } = report;
        let missing = unscanned
            .into_iter()
            .map(|(_, platform)| format!("{platform}: no scan is attested by these keys"));
        let remarks = [("not known", unreachable), ("unusable", unusable), ("invalid", invalid)];
        let remarks = remarks.into_iter().flat_map(|(what, remarks)| {
            remarks.into_iter().map(move |remark| format!("{what}: {}: {}", remark.place, remark.reason))
        });
        let remarks = missing.chain(remarks).take(LIST_LIMIT).collect();
        Self::Known { scans: scanned.into_iter().take(LIST_LIMIT).map(Scan::from).collect(), remarks }
    }
}

impl From<OfPlatform> for Scan {
    fn from(of: OfPlatform) -> Self {
        let OfPlatform { platform, scan, .. } = of;
        let severities = scan.report.severities();
        let mut worst = scan.report.findings;
        worst.sort_by(|one, other| other.severity.cmp(&one.severity).then_with(|| one.cmp(other)));
        worst.truncate(SHOWN_LIMIT);
        Self {
            platform: platform.to_string(),
            scanner: scan.report.scanner.to_string(),
            finished: scan.finished,
            passed: scan.summary.and_then(|summary| summary.verified_at),
            key: scan.key,
            severities,
            worst,
        }
    }
}

pub(super) fn scans(html: &mut Html, entry: &Entry<'_>, known: &Scans, now: Timestamp) {
    let (scans, remarks) = match known {
        Scans::NotAsked => {
            html.raw("<p class=\"why\">No scan is shown: no signer that countersigns is satisfied.</p>");
            return;
        }
        Scans::Unknown(why) => (&[][..], &[format!("The scans could not be had: {why}.")][..]),
        Scans::Known { scans, remarks } => (scans.as_slice(), remarks.as_slice()),
    };
    html.raw("<section class=\"scan\"><h4>What the scan found</h4>");
    for scan in scans {
        of_platform(html, entry, scan, now);
    }
    for remark in remarks.iter().take(entry.room.lines) {
        html.why(remark);
    }
    if let Some(more @ 1..) = remarks.len().checked_sub(entry.room.lines) {
        html.why(&format!("And {more} more."));
    }
    html.raw(
        "<p><small>As attested beside the image. The decision does not rest on it.</small></p></section>",
    );
}

fn of_platform(html: &mut Html, entry: &Entry<'_>, scan: &Scan, now: Timestamp) {
    html.raw("<dl class=\"facts\"><dt>Platform</dt><dd>").text(&scan.platform);
    html.raw("</dd><dt>Scanner</dt><dd>").cut(&scan.scanner).raw("</dd>");
    for (label, time) in [("Scanned", scan.finished), ("Passed", scan.passed)] {
        if let Some(time) = time {
            super::moment(html, label, time, now);
        }
    }
    html.raw("<dt>Attested by</dt><dd>").element("code", &[], &scan.key.to_string()).raw("</dd></dl>");
    counts(html, &scan.severities);
    table(html, entry, scan);
}

const BY_WEIGHT: [Severity; 5] =
    [Severity::Critical, Severity::High, Severity::Medium, Severity::Low, Severity::Unknown];

fn counts(html: &mut Html, severities: &BTreeMap<Severity, usize>) {
    html.raw("<ul class=\"severities\">");
    for severity in BY_WEIGHT {
        let number = severities.get(&severity).copied().unwrap_or_default();
        let word = severity.to_string().to_lowercase();
        html.open("li", &[("class", if number == 0 { "none" } else { &word })]);
        html.element("b", &[], &number.to_string()).raw(" ").text(&word).raw("</li>");
    }
    html.raw("</ul>");
}

/// The worst findings.
fn table(html: &mut Html, entry: &Entry<'_>, scan: &Scan) {
    if scan.worst.is_empty() {
        return;
    }
    let label = format!("Findings in {}, {}", entry.name().1, scan.platform);
    html.open("div", &[("class", "scroll"), ("role", "group"), ("aria-label", &label), ("tabindex", "0")]);
    html.raw("<table class=\"plain\"><thead><tr>");
    for title in ["Vulnerability", "Severity", "Package", "Installed", "Fixed in"] {
        html.raw("<th scope=\"col\">").raw(title).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
    let shown = entry.room.findings.min(scan.worst.len());
    for finding in &scan.worst[..shown] {
        let severity = finding.severity.to_string().to_lowercase();
        html.raw("<tr><th scope=\"row\">").cut(&finding.id);
        html.open("td", &[("class", &severity)]).text(&severity);
        html.raw("<td>").cut(&finding.package).raw("<td>").cut(&finding.installed);
        html.raw("<td>").cut(finding.fixed_in.as_deref().unwrap_or("no fix"));
    }
    html.raw("</table></div>");
    let all: usize = scan.severities.values().sum();
    if all > shown {
        html.why(&format!("The {shown} worst of {all} findings."));
    }
}
