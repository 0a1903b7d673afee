//! Rules files: nothing panics, an error says what is wrong in text that could not move a cursor, and rules that are
//! read can be applied to a report.
#![no_main]

use countersign::model::Digest;
use countersign::scan::{Report, Rules, Subject, judge};
use libfuzzer_sys::fuzz_target;

const REPORT: &str = r#"{"SchemaVersion":2,"CreatedAt":"2026-01-02T03:04:05Z","ArtifactType":"container_image",
"Metadata":{"OS":{"Family":"debian"},"ImageID":"sha256:0000000000000000000000000000000000000000000000000000000000000000","DiffIDs":[]},
"Results":[{"Target":"a","Class":"os-pkgs","Vulnerabilities":[
{"VulnerabilityID":"CVE-2023-0001","PkgName":"a","Severity":"HIGH","FixedVersion":"2"},
{"VulnerabilityID":"CVE-2023-0002","PkgName":"a","Severity":"CRITICAL"}]}]}"#;

fuzz_target!(|bytes: &[u8]| {
    let rules = match Rules::parse(bytes) {
        Ok(rules) => rules,
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && !text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
            return;
        }
    };
    assert_eq!(rules.digest(), Digest::of(bytes));
    let report = Report::parse(REPORT.as_bytes()).expect("a report");
    let config = report.identity.image_id.expect("an image ID");
    let bound = report.binds_to(&Subject { manifest: config, config, layers: 0 }).expect("its image");
    let now = report.created.expect("a time");
    let judgement = judge(&bound, &rules, now).expect("a report that says all that rules can ask for");
    assert_eq!(judgement.denied.len() + judgement.ignored.len() + judgement.others, report.findings.len());
});
