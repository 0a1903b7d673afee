//! SARIF: Trivy's is read as strictly as Trivy writes it, anybody else's is refused.

use countersign::model::Digest;
use countersign::scan::{Binding, BindingError, Report, ReportError, Severity, Subject};
use serde_json::{Value, json};

use crate::written::{
    GRYPE_SARIF, TRIVY_SARIF, changed, digest, not_judged, parse, refused, subject, with, without,
};

const RESULT: &str = "/runs/0/results/0";
const RULE: &str = "/runs/0/tool/driver/rules/0";

/// The report, about an image in a registry.
fn pulled() -> String {
    let named = format!("a.example/b@{}", Digest::of(b"manifest"));
    with(TRIVY_SARIF, "/runs/0/properties/repoDigests", json!([named]))
}

/// The report with its first message changed.
fn saying(from: &str, to: &str) -> String {
    changed(TRIVY_SARIF, |root| {
        let text = root.pointer_mut(&format!("{RESULT}/message/text")).unwrap();
        let changed = text.as_str().unwrap().replacen(from, to, 1);
        assert_ne!(text.as_str().unwrap(), changed, "{from} is not there");
        *text = json!(changed);
    })
}

#[test]
fn trivys_sarif_is_read_as_it_was_written() {
    let report = parse(TRIVY_SARIF);
    assert_eq!(report.scanner.to_string(), "trivy dev");
    assert_eq!((report.created, report.end_of_life, report.identity.layers), (None, None, None));
    let image_id = "sha256:961769676411f082461f9ef46626dd7a2d1e2b2a38e6a44364bcbecf51e66dd4";
    assert_eq!((report.identity.image_id, &report.identity.manifests[..]), (Some(digest(image_id)), &[][..]));
    let found: Vec<_> =
        report.findings.iter().map(|f| (f.severity, &*f.id, &*f.package, &*f.installed)).collect();
    let expected = [
        ("CVE-2019-1549", "libcrypto1.1"),
        ("CVE-2019-1551", "libcrypto1.1"),
        ("CVE-2019-1549", "libssl1.1"),
        ("CVE-2019-1551", "libssl1.1"),
    ];
    assert_eq!(found, expected.map(|(id, package)| (Severity::Medium, id, package, "1.1.1c-r0")));
    assert_eq!(report.findings[0].fixed_in.as_deref(), Some("1.1.1d-r0"));
}

#[test]
fn sarif_binds_by_the_manifest_digest_and_not_by_the_image_id_alone() {
    let report = parse(&pulled());
    assert_eq!(report.binds_to(&subject(&report)).unwrap().by(), Binding::Manifest);
    let other = Subject { config: Digest::of(b"another"), ..subject(&report) };
    assert!(matches!(report.binds_to(&other), Err(BindingError::Contradiction { .. })));
    let alone = parse(TRIVY_SARIF);
    assert_eq!(alone.binds_to(&subject(&alone)).unwrap_err(), BindingError::NoLayers);
    let stranger = Subject { manifest: Digest::of(b"x"), config: Digest::of(b"y"), layers: 1 };
    assert!(matches!(report.binds_to(&stranger), Err(BindingError::AnotherImage { .. })));
}

#[test]
fn sarif_that_names_no_image_is_without_identity() {
    assert_eq!(refused(&without(TRIVY_SARIF, "/runs/0/properties")), ReportError::NoIdentity);
    assert_eq!(refused(&without(TRIVY_SARIF, "/runs/0/properties/imageID")), ReportError::NoIdentity);
    let wrong = with(TRIVY_SARIF, "/runs/0/properties/imageID", json!("alpine"));
    assert!(matches!(refused(&wrong), ReportError::Digest(_)));
}

#[test]
fn grypes_sarif_and_that_of_other_tools_are_refused_by_name() {
    assert_eq!(refused(GRYPE_SARIF), ReportError::GrypeSarif);
    assert!(ReportError::GrypeSarif.to_string().contains("does not identify the image"));
    let other = with(TRIVY_SARIF, "/runs/0/tool/driver/name", json!("CodeQL"));
    for text in [r#"{"version":"2.1.0","runs":[]}"#, r#"{"version":"2.1.0","runs":[{}]}"#, &other] {
        assert_eq!(refused(text), ReportError::ForeignSarif, "{text}");
    }
    assert!(ReportError::ForeignSarif.to_string().contains("another tool than Trivy"));
}

#[test]
fn another_version_or_several_runs_are_refused() {
    assert_eq!(
        refused(&with(TRIVY_SARIF, "/version", json!("2.2.0"))),
        ReportError::SarifVersion("2.2.0".to_owned())
    );
    assert_eq!(refused(&without(TRIVY_SARIF, "/version")), ReportError::Missing("version"));
    let twice = changed(TRIVY_SARIF, |root| {
        let run = root["runs"][0].clone();
        root["runs"].as_array_mut().unwrap().push(run);
    });
    assert!(refused(&twice).to_string().contains("several runs"));
}

#[test]
fn a_cut_report_is_an_error() {
    for part in 0..20 {
        let cut = TRIVY_SARIF.trim_end().len() * part / 20;
        assert!(Report::parse(&TRIVY_SARIF.as_bytes()[..cut]).is_err(), "cut at byte {cut}");
    }
}

#[test]
fn a_list_without_vulnerabilities_does_not_show_that_any_were_looked_for() {
    let empty =
        with(&with(TRIVY_SARIF, "/runs/0/results", json!([])), "/runs/0/tool/driver/rules", json!([]));
    assert_eq!(refused(&empty), ReportError::NothingShown("SARIF"));
    assert!(refused(&empty).to_string().contains("give its JSON report"));
    assert_eq!(refused(&without(TRIVY_SARIF, "/runs/0/results")), ReportError::Missing("results"));
}

#[test]
fn the_severity_is_the_word_and_never_the_number() {
    let number = with(&pulled(), &format!("{RULE}/properties/security-severity"), json!("9.9"));
    assert!(parse(&number).findings.iter().all(|found| found.severity == Severity::Medium));
    // One package's own severity differs: the rule has that of the last one.
    let worse = saying("Severity: MEDIUM", "Severity: CRITICAL");
    let found = parse(&worse).findings;
    assert_eq!((found[0].severity, found[2].severity), (Severity::Critical, Severity::Medium));
}

#[test]
fn a_rule_whose_severity_no_result_has_is_refused() {
    let tags = |word| {
        with(TRIVY_SARIF, &format!("{RULE}/properties/tags"), json!(["vulnerability", "security", word]))
    };
    assert!(refused(&tags("LOW")).to_string().contains("which no result has"));
    parse(&tags("MEDIUM"));
    let wrong =
        [json!(["vulnerability", "security"]), json!(["vulnerability", "MEDIUM", "security"]), json!(null)];
    for tags in wrong {
        assert!(matches!(
            refused(&with(TRIVY_SARIF, &format!("{RULE}/properties/tags"), tags)),
            ReportError::NotAsWritten(_)
        ));
    }
}

#[test]
fn a_message_that_is_not_as_trivy_writes_it_is_refused() {
    let cases = [
        ("Package: ", "Paket: "),
        ("libcrypto1.1", "libcrypto1.1\nInstalled Version: 2\nVulnerability CVE-2019-1549\nSeverity: LOW"),
        ("Vulnerability CVE-2019-1549", "Vulnerability CVE-2019-1551"),
        ("Severity: MEDIUM\n", ""),
        ("[CVE-2019-1549]", "[CVE-2019-1551]"),
        ("Link: ", "\nLink: "),
        ("cve-2019-1549)", "cve-2019-1549)\nand more"),
    ];
    for (from, to) in cases {
        assert!(matches!(refused(&saying(from, to)), ReportError::NotAsWritten(_)), "{to}");
    }
    assert!(matches!(refused(&saying("Severity: MEDIUM", "Severity: SERIOUS")), ReportError::Finding(_)));
    assert!(matches!(refused(&saying("Package: libcrypto1.1", "Package: ")), ReportError::Finding(_)));
}

#[test]
fn a_result_belongs_to_a_rule() {
    assert!(matches!(
        refused(&with(TRIVY_SARIF, &format!("{RESULT}/ruleId"), json!("CVE-1"))),
        ReportError::NotAsWritten(_)
    ));
    assert_eq!(refused(&without(TRIVY_SARIF, &format!("{RESULT}/ruleId"))), ReportError::Missing("ruleId"));
    let twice = changed(TRIVY_SARIF, |root| {
        let rule = root.pointer(RULE).unwrap().clone();
        root.pointer_mut("/runs/0/tool/driver/rules").unwrap().as_array_mut().unwrap().push(rule);
    });
    assert!(refused(&twice).to_string().contains("stands twice"));
}

#[test]
fn secrets_and_misconfigurations_are_not_judged_and_hide_nothing() {
    let added = |kind: &str, message: &str| {
        changed(TRIVY_SARIF, |root| {
            let rule = json!({"id": "DS002", "properties": {"tags": [kind, "security", "HIGH"]}});
            root.pointer_mut("/runs/0/tool/driver/rules").unwrap().as_array_mut().unwrap().push(rule);
            let result = json!({"ruleId": "DS002", "message": {"text": message}});
            root.pointer_mut("/runs/0/results").unwrap().as_array_mut().unwrap().push(result);
        })
    };
    assert_eq!(parse(&added("misconfiguration", "Artifact: Dockerfile\nType: dockerfile")).findings.len(), 4);
    assert!(matches!(refused(&added("vulnerability", "Artifact: Dockerfile")), ReportError::NotAsWritten(_)));
    assert!(matches!(refused(&added("secret", "Package: a")), ReportError::NotAsWritten(_)));
}

#[test]
fn a_suppressed_result_is_judged_and_marked() {
    let suppressions = json!([{"kind": "external", "status": "accepted", "justification": "we know"}]);
    let report = parse(&with(TRIVY_SARIF, &format!("{RESULT}/suppressions"), suppressions));
    assert_eq!(report.findings[0].suppressed.as_deref(), Some("external, accepted, we know"));
    let report = parse(&with(TRIVY_SARIF, &format!("{RESULT}/suppressions"), json!([{}])));
    assert!(report.findings[0].suppressed.is_some());
    assert_eq!(
        parse(&with(TRIVY_SARIF, &format!("{RESULT}/suppressions"), json!([]))).findings[0].suppressed,
        None
    );
}

#[test]
fn rules_that_ask_for_what_sarif_does_not_say_are_an_error() {
    let report = pulled();
    assert!(
        not_judged(&report, "deny: {severities: [HIGH]}, maxReportAge: 24h")
            .contains("no valid time of its own")
    );
    assert!(
        not_judged(&report, "deny: {endOfLife: true}").contains("does not say whether the operating system")
    );
}

#[test]
fn hostile_text_is_escaped() {
    let hostile = "\u{1b}[2J\u{202e}";
    let report = saying("Package: libcrypto1.1", &format!("Package: a{hostile}"));
    let mut shown: Vec<String> = vec![parse(&report).findings[0].package.clone()];
    for (pointer, value) in [
        ("/version".to_owned(), json!(hostile)),
        (format!("{RULE}/id"), json!(hostile)),
        (format!("{RULE}/properties/tags"), Value::Null),
        (format!("{RESULT}/ruleId"), json!(hostile)),
    ] {
        shown.push(refused(&with(TRIVY_SARIF, &pointer, value)).to_string());
    }
    for text in shown {
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
}
