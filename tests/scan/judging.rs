//! Whether a report passes: findings, what rules ignore, age, end of life, and what a report must say for it.

use countersign::scan::{JudgeError, Judgement, Report, Verdict, judge};
use serde_json::{Value, json};

use crate::written::{
    ALPINE, BUSTER, CREATED, GRYPE, at, bound, judged, not_judged, parse, rules, with, without,
};

fn judged_at(report: &Report, spec: &str, now: &str) -> Result<Judgement, JudgeError> {
    judge(&bound(report), &rules(spec), at(now))
}

fn denied(judgement: &Judgement) -> Vec<(&str, &str)> {
    judgement.denied.iter().map(|denied| (&*denied.finding.id, &*denied.rule)).collect()
}

/// A Trivy report with one finding that Trivy was told not to count.
fn suppressed_by_trivy() -> String {
    let finding: Value = serde_json::from_str(BUSTER).unwrap();
    let finding = finding["Results"][0]["Vulnerabilities"][1].clone();
    let modified = json!([
        {"Type": "vulnerability", "Status": "ignored", "Statement": "not reachable", "Source": ".trivyignore",
         "Finding": finding},
        {"Type": "secret", "Status": "ignored", "Finding": {"RuleID": "a", "Severity": "CRITICAL"}},
    ]);
    let without = with(BUSTER, "/Results/0/Vulnerabilities", json!([]));
    with(&without, "/Results/0/ExperimentalModifiedFindings", modified)
}

/// A Grype report whose critical match Grype was told to ignore.
fn suppressed_by_grype() -> String {
    let report: Value = serde_json::from_str(GRYPE).unwrap();
    let mut ignored = report["matches"][1].clone();
    ignored["appliedIgnoreRules"] = json!([{"vulnerability": "CVE-1999-0002", "reason": "we know"}]);
    let without = with(GRYPE, "/matches", json!([]));
    with(&without, "/ignoredMatches", json!([ignored]))
}

#[test]
fn a_denied_severity_fails_and_names_finding_and_rule() {
    let judgement = judged(BUSTER, "deny: {severities: [CRITICAL]}");
    assert!(!judgement.passed());
    assert_eq!(denied(&judgement), [("CVE-2019-18224", "severity CRITICAL")]);
    assert_eq!(judgement.others, 1);
    assert!(!judged(GRYPE, "deny: {severities: [CRITICAL]}").passed());
    assert!(!judged(ALPINE, "deny: {severities: [MEDIUM]}").passed());
}

#[test]
fn severities_that_are_not_denied_pass_with_a_proof() {
    for (report, spec) in [
        (ALPINE, "deny: {severities: [CRITICAL, HIGH]}"),
        (BUSTER, "deny: {severities: [HIGH, MEDIUM]}"),
        (GRYPE, "deny: {severities: [MEDIUM]}"),
    ] {
        let report = parse(report);
        let rules = rules(spec);
        let judgement = judge(&bound(&report), &rules, at(CREATED)).unwrap();
        let Verdict::Passed(passed) = judgement.verdict else { panic!("denied: {:?}", judgement.denied) };
        assert_eq!((passed.report(), passed.rules()), (report.digest, rules.digest()));
        assert_eq!(passed.manifest(), bound(&report).manifest());
        assert_eq!((passed.scanner(), passed.scanned_at()), (&report.scanner, report.created));
    }
}

#[test]
fn the_worst_finding_comes_first_and_each_once() {
    let target = serde_json::from_str::<Value>(BUSTER).unwrap()["Results"][0].clone();
    let twice = with(BUSTER, "/Results", json!([target, target]));
    let twice = judged(&twice, "deny: {severities: [LOW, CRITICAL]}");
    assert_eq!(denied(&twice), [("CVE-2019-18224", "severity CRITICAL"), ("CVE-2019-18276", "severity LOW")]);
}

#[test]
fn only_fixable_denies_what_has_a_fix() {
    let judgement = judged(BUSTER, "deny: {severities: [CRITICAL, LOW], onlyFixable: true}");
    assert_eq!(denied(&judgement), [("CVE-2019-18224", "severity CRITICAL, fixable")]);
    assert!(judged(GRYPE, "deny: {severities: [CRITICAL], onlyFixable: true}").passed());
    assert!(!judged(GRYPE, "deny: {severities: [LOW], onlyFixable: true}").passed());
}

#[test]
fn a_fix_without_a_version_is_a_fix() {
    let fixed = with(GRYPE, "/matches/1/vulnerability/fix/state", json!("fixed"));
    assert!(!judged(&fixed, "deny: {severities: [CRITICAL], onlyFixable: true}").passed());
    let fixed = with(BUSTER, "/Results/0/Vulnerabilities/0/Status", json!("fixed"));
    assert!(!judged(&fixed, "deny: {severities: [LOW], onlyFixable: true}").passed());
}

#[test]
fn negligible_is_low() {
    let report = with(GRYPE, "/matches/1/vulnerability/severity", json!("Negligible"));
    let judgement = judged(&report, "deny: {severities: [LOW]}");
    assert_eq!(denied(&judgement).len(), 2);
}

#[test]
fn unknown_severities_are_denied_where_they_are_listed() {
    for severity in [json!("UNKNOWN"), json!("Unknown"), json!(""), json!(null)] {
        let report = with(BUSTER, "/Results/0/Vulnerabilities/1/Severity", severity);
        assert!(judged(&report, "deny: {severities: [CRITICAL]}").passed());
        assert!(!judged(&report, "deny: {severities: [CRITICAL, UNKNOWN]}").passed());
    }
}

#[test]
fn end_of_life_is_denied_where_the_rules_say_so() {
    let judgement = judged(ALPINE, "deny: {endOfLife: true}");
    assert!(judgement.end_of_life && !judgement.passed());
    assert!(judged(ALPINE, "deny: {severities: [HIGH]}").passed());
    assert!(judged(BUSTER, "deny: {endOfLife: true}").passed());
}

#[test]
fn end_of_life_on_a_report_that_does_not_say_is_an_error() {
    let error = not_judged(GRYPE, "deny: {endOfLife: true}");
    assert!(error.contains("does not say whether the operating system is past its end of life"), "{error}");
}

#[test]
fn a_report_older_than_the_rules_allow_fails_and_one_as_old_passes() {
    let report = parse(BUSTER);
    let spec = "deny: {severities: [HIGH]}, maxReportAge: 24h";
    assert!(judged_at(&report, spec, "2021-08-26T12:20:30.000000005Z").unwrap().passed());
    let late = judged_at(&report, spec, "2021-08-26T12:20:30.000000006Z").unwrap();
    assert!(!late.passed());
    assert_eq!(late.too_old.unwrap().created, at(CREATED));
}

#[test]
fn a_report_without_a_time_of_its_own_is_an_error_where_its_age_counts() {
    let spec = "deny: {severities: [HIGH]}, maxReportAge: 24h";
    assert!(not_judged(GRYPE, spec).contains("no valid time of its own"));
    assert!(not_judged(&without(BUSTER, "/CreatedAt"), spec).contains("no valid time of its own"));
    let zero = with(BUSTER, "/CreatedAt", json!("0001-01-01T00:00:00Z"));
    assert!(not_judged(&zero, spec).contains("no valid time of its own"));
    assert!(judged(GRYPE, "deny: {severities: [HIGH]}").passed());
}

#[test]
fn a_time_in_the_future_is_no_valid_time_beyond_five_minutes() {
    let report = parse(BUSTER);
    let spec = "deny: {severities: [HIGH]}, maxReportAge: 24h";
    assert!(judged_at(&report, spec, "2021-08-25T12:15:30.000000005Z").unwrap().passed());
    let error = judged_at(&report, spec, "2021-08-25T12:15:30.000000004Z").unwrap_err();
    assert_eq!(error, JudgeError::Future(at(CREATED)));
    let stated = |now: &str| match judged_at(&report, "deny: {severities: [HIGH]}", now).unwrap().verdict {
        Verdict::Passed(passed) => passed.scanned_at(),
        Verdict::Failed => panic!("denied"),
    };
    assert_eq!(stated("2021-08-25T12:15:30.000000005Z"), Some(at(CREATED)));
    assert_eq!(stated("2021-08-25T12:15:30.000000004Z"), None);
    assert_eq!(stated("2020-01-01T00:00:00Z"), None);
}

#[test]
fn nothing_scanned_is_not_nothing_found() {
    let spec = "deny: {severities: [CRITICAL]}";
    let nothing = [
        without(BUSTER, "/Results"),
        with(BUSTER, "/Results", json!(null)),
        with(BUSTER, "/Results", json!([])),
    ];
    for report in nothing {
        assert!(not_judged(&report, spec).contains("nothing was scanned"));
        let allowed = judged(&report, &format!("{spec}, allowNothingScanned: {{reason: a static binary}}"));
        assert!(allowed.passed());
        assert_eq!(allowed.nothing_scanned.as_deref(), Some("a static binary"));
    }
    let clean = with(BUSTER, "/Results/0/Vulnerabilities", json!(null));
    assert!(judged(&clean, spec).passed());
    assert!(judged(&with(GRYPE, "/matches", json!([])), spec).passed());
}

#[test]
fn a_scan_for_secrets_alone_scanned_nothing() {
    for class in ["secret", "license", "config"] {
        let report = with(BUSTER, "/Results", json!([{"Target": "/etc/key", "Class": class}]));
        assert!(not_judged(&report, "deny: {severities: [CRITICAL]}").contains("nothing was scanned"));
    }
    for target in [json!({"Target": "a", "Class": "lang-pkgs"}), json!({"Target": "a"})] {
        let report = with(BUSTER, "/Results", json!([target]));
        assert!(judged(&report, "deny: {severities: [CRITICAL]}").passed());
    }
}

#[test]
fn an_allowance_says_nothing_about_a_report_that_scanned() {
    let spec = "deny: {severities: [CRITICAL]}, allowNothingScanned: {reason: static}";
    let judgement = judged(BUSTER, spec);
    assert!(!judgement.passed());
    assert_eq!(judgement.nothing_scanned, None);
}

#[test]
fn what_the_scanner_suppressed_is_judged_and_marked() {
    for (report, reason) in
        [(suppressed_by_trivy(), "ignored, not reachable, .trivyignore"), (suppressed_by_grype(), "we know")]
    {
        let judgement = judged(&report, "deny: {severities: [CRITICAL]}");
        assert!(!judgement.passed());
        assert_eq!(judgement.denied[0].finding.suppressed.as_deref(), Some(reason));
    }
}

#[test]
fn what_scanner_and_rules_both_ignore_passes_and_is_listed() {
    let spec = |id| {
        format!("deny: {{severities: [CRITICAL]}}, ignore: [{{id: {id}, reason: why, expires: 2021-12-31}}]")
    };
    for (report, id) in [(suppressed_by_trivy(), "CVE-2019-18224"), (suppressed_by_grype(), "CVE-1999-0002")]
    {
        let judgement = judged(&report, &spec(id));
        assert!(judgement.passed());
        assert_eq!(judgement.ignored.len(), 1);
        assert!(judgement.ignored[0].finding.suppressed.is_some());
    }
}

#[test]
fn a_modified_finding_of_an_unknown_type_is_an_error() {
    let modified = json!([{"Type": "weakness", "Status": "ignored", "Finding": {}}]);
    let report = with(BUSTER, "/Results/0/ExperimentalModifiedFindings", modified);
    assert!(Report::parse(report.as_bytes()).is_err());
}

#[test]
fn a_grype_run_with_only_fixed_is_refused_where_unfixed_findings_count() {
    for option in ["only-fixed", "onlyFixed"] {
        let report = with(GRYPE, "/descriptor/configuration", json!({option: true}));
        assert!(not_judged(&report, "deny: {severities: [HIGH]}").contains("only-fixed"));
        assert!(judged(&report, "deny: {severities: [HIGH], onlyFixable: true}").passed());
        let off = with(GRYPE, "/descriptor/configuration", json!({option: false}));
        assert!(judged(&off, "deny: {severities: [HIGH]}").passed());
    }
}

#[test]
fn a_grype_run_with_only_notfixed_is_refused() {
    let report = with(GRYPE, "/descriptor/configuration", json!({"only-notfixed": true}));
    assert!(not_judged(&report, "deny: {severities: [HIGH], onlyFixable: true}").contains("only-notfixed"));
}

#[test]
fn an_ignored_finding_passes_and_is_listed_with_reason_and_expiry() {
    let spec = "deny: {severities: [CRITICAL]}, ignore: [{id: CVE-2019-18224, reason: not reachable, expires: 2021-12-31}]";
    let judgement = judged(BUSTER, spec);
    assert!(judgement.passed());
    let [ignored] = judgement.ignored.as_slice() else { panic!("{:?}", judgement.ignored) };
    assert_eq!(ignored.finding.id, "CVE-2019-18224");
    assert_eq!(ignored.ignore.reason(), "not reachable");
    assert_eq!(ignored.ignore.expires().unwrap().to_string(), "2021-12-31");
}

#[test]
fn an_ignored_finding_that_no_severity_denies_is_listed_too() {
    let spec = "deny: {severities: [HIGH]}, ignore: [{id: CVE-2019-18276, reason: a, expires: 2021-12-31}]";
    assert_eq!(judged(BUSTER, spec).ignored.len(), 1);
}

#[test]
fn an_ignore_applies_on_its_last_day_and_no_longer() {
    let report = parse(BUSTER);
    let spec =
        "deny: {severities: [CRITICAL]}, ignore: [{id: CVE-2019-18224, reason: a, expires: 2021-12-31}]";
    assert!(judged_at(&report, spec, "2021-12-31T23:59:59.999999999Z").unwrap().passed());
    let expired = judged_at(&report, spec, "2022-01-01T00:00:00Z").unwrap();
    assert!(!expired.passed());
    assert_eq!(expired.ignored, []);
    assert_eq!(expired.denied[0].ignore_expired.unwrap().to_string(), "2021-12-31");
}

#[test]
fn an_ignore_is_for_the_very_id_that_the_report_gives() {
    for id in ["cve-2019-18224", "CVE-2019-1822", "CVE-2019-182240", "'CVE-2019-*'"] {
        let spec = format!(
            "deny: {{severities: [CRITICAL]}}, ignore: [{{id: {id}, reason: a, expires: 2021-12-31}}]"
        );
        assert!(!judged(BUSTER, &spec).passed(), "{id}");
    }
}
