//! The rules file is read strictly, and every mistake is named with its place.

use countersign::model::Digest;
use countersign::scan::Rules;

const GIVEN: &str = r#"apiVersion: scan.countersign.dev/v1alpha1
kind: ScanRules
metadata:
  name: production
spec:
  deny:
    severities: [CRITICAL, HIGH]     # UNKNOWN may be listed too
    onlyFixable: false
    endOfLife: false
  maxReportAge: 24h
  ignore:
    - id: CVE-2023-0001
      reason: not reachable, the binary is never started
      expires: 2026-12-31
  allowNothingScanned:
    reason: static binaries have no packages
"#;

fn error(text: &str) -> String {
    Rules::parse(text.as_bytes()).unwrap_err().to_string()
}

/// The error of the whole file after `from` has become `to`.
fn error_with(from: &str, to: &str) -> String {
    assert!(GIVEN.contains(from), "{from}");
    error(&GIVEN.replacen(from, to, 1))
}

#[test]
fn every_field_is_read_and_the_digest_is_that_of_the_bytes() {
    let rules = Rules::parse(GIVEN.as_bytes()).unwrap();
    assert_eq!(rules.digest(), Digest::of(GIVEN.as_bytes()));
    let commented = format!("# one more line\n{GIVEN}");
    assert_ne!(Rules::parse(commented.as_bytes()).unwrap().digest(), rules.digest());
}

#[test]
fn what_is_optional_may_be_left_out() {
    let least =
        "apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec: {deny: {endOfLife: true}}\n";
    Rules::parse(least.as_bytes()).unwrap();
}

#[test]
fn an_unknown_field_is_an_error_with_its_place_wherever_it_stands() {
    for (from, to, place) in [
        ("kind: ScanRules", "kind: ScanRules\nstatus: {}", "line 3, column 1"),
        ("  name: production", "  name: a\n  labels: {}", "line 5, column 3"),
        ("  maxReportAge", "  maxReportAgee", "line 10, column 3"),
        ("    onlyFixable", "    only_fixable", "line 8, column 5"),
        ("      reason: not", "      because: not", "line 13, column 7"),
        ("    reason: static", "    why: static", "line 16, column 5"),
    ] {
        let error = error_with(from, to);
        assert!(error.starts_with(&format!("{place}: ")), "{to}: {error}");
        assert!(error.contains("unknown field"), "{to}: {error}");
    }
}

#[test]
fn another_version_or_kind_is_an_error() {
    let error = error_with("v1alpha1", "v1beta1");
    assert_eq!(
        error,
        "line 1, column 13: `apiVersion` is `scan.countersign.dev/v1beta1`, `scan.countersign.dev/v1alpha1` is expected"
    );
    assert!(error_with("ScanRules", "SignaturePolicy").starts_with("line 2, column 7: `kind`"));
    assert!(error_with("kind: ScanRules\n", "").contains("kind"));
}

#[test]
fn a_severity_that_does_not_exist_is_an_error() {
    for wrong in ["critical", "SEVERE", "NEGLIGIBLE", "''", "1"] {
        let error = error_with("CRITICAL", wrong);
        assert!(error.starts_with("line 7, column 18: "), "{error}");
    }
    assert!(error_with("[CRITICAL, HIGH]", "[HIGH, HIGH]").contains("twice"));
    assert!(error_with("[CRITICAL, HIGH]", "HIGH").starts_with("line 7"));
}

#[test]
fn rules_that_deny_nothing_are_an_error() {
    let start = "apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec:\n";
    for deny in ["{}", "{endOfLife: false}", "{onlyFixable: false}"] {
        let error = error(&format!("{start}  deny: {deny}\n"));
        assert!(error.starts_with("line 4, column 9: ") && error.contains("denies nothing"), "{error}");
    }
    for severities in ["[]", ""] {
        let error = error(&format!("{start}  deny:\n    endOfLife: true\n    severities: {severities}\n"));
        assert!(error.starts_with("line 6") && error.ends_with("`severities` is empty"), "{error}");
    }
    assert!(error("apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec: {}\n").contains("deny"));
}

#[test]
fn only_fixable_without_severities_is_an_error() {
    let text = GIVEN.replace("onlyFixable: false", "onlyFixable: true");
    let error =
        error(&text.replace("    severities: [CRITICAL, HIGH]     # UNKNOWN may be listed too\n", ""));
    assert!(error.starts_with("line 7, column 18: `onlyFixable` without `severities`"), "{error}");
}

#[test]
fn an_ignore_needs_an_id_a_reason_and_a_last_day() {
    for (line, field) in [
        ("    - id: CVE-2023-0001\n      reason", "reason"),
        ("      reason: not reachable, the binary is never started\n", "reason"),
        ("      expires: 2026-12-31\n", "expires"),
    ] {
        let without = if line.starts_with("    -") { "    - reason" } else { "" };
        let error = error_with(line, without);
        let expected = if line.starts_with("    -") { "id" } else { field };
        assert!(
            error.starts_with("line ") && error.contains(&format!("missing field `{expected}`")),
            "{error}"
        );
    }
    assert!(
        error_with("reason: not reachable, the binary is never started", "reason: ' '")
            .contains("`reason` is empty")
    );
    assert!(error_with("id: CVE-2023-0001", "id: ''").contains("`id` is empty"));
    assert!(error_with("reason: static binaries have no packages", "reason: ''").contains("is empty"));
}

#[test]
fn a_last_day_is_a_day_that_exists() {
    for wrong in [
        "2026-02-29",
        "2026-13-01",
        "31.12.2026",
        "2026-12-31T00:00:00Z",
        "never",
        "20261231",
        "+002026-12-31",
    ] {
        let error = error_with("2026-12-31", wrong);
        assert!(error.starts_with("line 14, column 16: `expires`"), "{error}");
    }
}

#[test]
fn a_finding_is_ignored_once() {
    let twice = "    - {id: CVE-2023-0001, reason: a, expires: 2026-01-01}\n  allowNothingScanned";
    let error = error_with("  allowNothingScanned", twice);
    assert_eq!(error, "line 15, column 12: `CVE-2023-0001` is ignored twice");
}

#[test]
fn a_duplicate_key_is_an_error() {
    assert!(
        error_with("    endOfLife: false", "    endOfLife: true\n    endOfLife: false")
            .starts_with("line 10")
    );
}

#[test]
fn an_age_is_one_whole_number_and_a_unit() {
    for wrong in ["24", "0h", "1.5h", "1h30m", "-1h", "1w", "''"] {
        assert!(error_with("24h", wrong).starts_with("line 10, column 17: maxReportAge: "), "{wrong}");
    }
}

#[test]
fn a_file_has_exactly_one_document() {
    assert_eq!(error(""), "the rules file is empty");
    assert_eq!(error("# nothing\n---\n"), "the rules file is empty");
    assert!(error(&format!("{GIVEN}---\n{GIVEN}")).contains("one document"));
}

#[test]
fn what_is_no_yaml_or_too_large_is_an_error() {
    assert!(error("spec: [").starts_with("line "));
    assert!(error(&"#".repeat((1 << 20) + 1)).contains("larger than"));
    assert!(Rules::parse(b"kind: \xff").is_err());
}

#[test]
fn hostile_text_in_an_error_is_escaped() {
    for (from, to) in [
        ("CRITICAL", "\"\\e[2J\\u202e\""),
        ("2026-12-31", "\"\\e[2J\\u202e\""),
        ("24h", "\"\\e[2J\\u202e\""),
        ("ScanRules", "\"\\e[2J\\u202e\""),
        ("  maxReportAge", "  \"\\e[2J\\u202e\""),
    ] {
        let error = error_with(from, to);
        assert!(!error.chars().any(|c| c.is_control() || c == '\u{202e}'), "{error:?}");
    }
}

#[test]
fn the_file_in_the_documentation_is_read() {
    let document = include_str!("../../docs/scan-rules.md");
    let block = document.split("```yaml\n").nth(1).unwrap().split("```").next().unwrap();
    Rules::parse(block.as_bytes()).unwrap();
}

#[test]
fn a_field_without_a_value_is_an_error_and_not_the_default() {
    for (from, to) in [
        ("  name: production", "  name:"),
        ("severities: [CRITICAL, HIGH] ", "severities: "),
        ("onlyFixable: false", "onlyFixable:"),
        ("endOfLife: false", "endOfLife: ~"),
        ("maxReportAge: 24h", "maxReportAge:"),
        ("maxReportAge: 24h", "maxReportAge: null"),
        ("reason: not reachable, the binary is never started", "reason:"),
        ("\n    reason: static binaries have no packages", ""),
        (": 2026-12-31", ":"),
    ] {
        let error = error_with(from, to);
        assert!(error.starts_with("line ") && !error.contains("Option"), "{to}: {error}");
    }
}
