//! What the scan of an image found, from an attestation that a validation key signed. It is shown, and decides nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::html::Html;
use super::room::Room;
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

/// What the scans are shown of.
pub(super) struct Of<'a> {
    /// The image's name, for people.
    pub(super) image: &'a str,
    pub(super) room: Room,
    /// When the run was.
    pub(super) now: Timestamp,
}

pub(super) fn scans(html: &mut Html, known: &Scans, of: &Of<'_>) {
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
        of_platform(html, scan, of);
    }
    for remark in remarks.iter().take(of.room.lines) {
        html.why(remark);
    }
    if let Some(more @ 1..) = remarks.len().checked_sub(of.room.lines) {
        html.why(&format!("And {more} more."));
    }
    html.raw(
        "<p><small>As attested beside the image. The decision does not rest on it.</small></p></section>",
    );
}

fn of_platform(html: &mut Html, scan: &Scan, of: &Of<'_>) {
    html.raw("<dl class=\"facts\"><dt>Platform</dt><dd>").text(&scan.platform);
    html.raw("</dd><dt>Scanner</dt><dd>").cut(&scan.scanner).raw("</dd>");
    for (label, time) in [("Scanned", scan.finished), ("Passed", scan.passed)] {
        if let Some(time) = time {
            super::moment(html, label, time, of.now);
        }
    }
    html.raw("<dt>Attested by</dt><dd>").element("code", &[], &scan.key.to_string()).raw("</dd></dl>");
    counts(html, &scan.severities);
    table(html, scan, of);
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
fn table(html: &mut Html, scan: &Scan, of: &Of<'_>) {
    if scan.worst.is_empty() {
        return;
    }
    let label = format!("Findings in {}, {}", of.image, scan.platform);
    html.open("div", &[("class", "scroll"), ("role", "group"), ("aria-label", &label), ("tabindex", "0")]);
    html.raw("<table class=\"plain\"><thead><tr>");
    for title in ["Vulnerability", "Severity", "Package", "Installed", "Fixed in"] {
        html.raw("<th scope=\"col\">").raw(title).raw("</th>");
    }
    html.raw("</tr></thead><tbody>");
    let shown = of.room.findings.min(scan.worst.len());
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const HOSTILE: &str = "</td><script>a()</script>\"'\u{202e}";
    const SHOWN: &str = r"&lt;/td&gt;&lt;script&gt;a()&lt;/script&gt;&quot;&#39;\u{202e}";

    fn shown(known: &Scans) -> String {
        let mut html = Html::default();
        let now = "2026-01-31T12:00:00Z".parse().unwrap();
        scans(&mut html, known, &Of { image: HOSTILE, room: Room::on(1, 1), now });
        html.finish()
    }

    #[test]
    fn whatever_a_scan_says_stays_text() {
        let text = || HOSTILE.to_owned();
        let finding = Finding {
            severity: Severity::High,
            id: text(),
            package: text(),
            installed: text(),
            fixed_in: Some(text()),
            suppressed: None,
            purl: None,
        };
        let scan = Scan {
            platform: text(),
            scanner: text(),
            finished: None,
            passed: None,
            key: crate::model::Digest::of(b"").into(),
            severities: BTreeMap::from([(Severity::High, 1)]),
            worst: vec![finding],
        };
        let html = shown(&Scans::Known { scans: vec![scan], remarks: vec![text()] });
        // Image and platform in the table's name, platform, scanner, four columns, remark.
        assert_eq!(html.matches(SHOWN).count(), 9, "{html}");
        assert!(!html.contains("<script"), "{html}");
        assert!(shown(&Scans::Unknown(text())).contains(SHOWN));
    }

    #[test]
    fn that_no_scan_is_shown_is_said() {
        assert!(
            shown(&Scans::NotAsked).contains("No scan is shown: no signer that countersigns is satisfied.")
        );
    }
}
