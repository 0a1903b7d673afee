//! Scan reports: whatever they hold, one that is read names an image, binds to no other, and passes rules that deny
//! every severity only if it has no findings; nothing that it says could move a cursor.
#![no_main]

use countersign::model::Digest;
use countersign::scan::{Report, Rules, Subject, judge};
use libfuzzer_sys::fuzz_target;

const RULES: &str = "apiVersion: scan.countersign.dev/v1alpha1
kind: ScanRules
spec: {deny: {severities: [CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN]}, allowNothingScanned: {reason: fuzzing}}
";

fn shown(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
}

fuzz_target!(|bytes: &[u8]| {
    let report = match Report::parse(bytes) {
        Ok(report) => report,
        Err(error) => return shown(&error.to_string()),
    };
    assert_eq!(report.digest, Digest::of(bytes));
    shown(&report.scanner.to_string());
    for finding in &report.findings {
        assert!(!finding.id.is_empty() && !finding.package.is_empty());
        let texts = [&finding.id, &finding.package, &finding.installed];
        texts.into_iter().chain(&finding.fixed_in).chain(&finding.suppressed).for_each(|text| shown(text));
    }
    let other = Digest::of(b"another image");
    let stranger = Subject { manifest: other, config: other, layers: 1 };
    assert!(report.binds_to(&stranger).is_err());

    let identity = &report.identity;
    let manifest = identity.manifests.first().copied().or(identity.image_id).expect("an image is named");
    let config = identity.image_id.unwrap_or(manifest);
    let subject = Subject { manifest, config, layers: identity.layers.unwrap_or(0) };
    let bound = report.binds_to(&subject).expect("a report is about the image that it names");
    let rules = Rules::parse(RULES.as_bytes()).expect("rules");
    let now = "2026-01-02T03:04:05Z".parse().expect("a time");
    match judge(&bound, &rules, now) {
        Ok(judgement) => assert_eq!(judgement.passed(), report.findings.is_empty()),
        Err(error) => shown(&error.to_string()),
    }
});
