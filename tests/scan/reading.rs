//! What is a report, and what it says. What is not understood is an error, never "no findings".

use countersign::scan::report::REPORT_LIMIT;
use countersign::scan::{Report, ReportError, Severity};
use serde_json::json;

use crate::written::{ALPINE, BUSTER, CREATED, GRYPE, at, changed, digest, parse};
use crate::written::{refused, with, without};

#[test]
fn a_trivy_report_is_read_as_it_was_written() {
    let report = parse(BUSTER);
    assert_eq!(report.scanner.to_string(), "trivy dev");
    assert_eq!(report.created, Some(at(CREATED)));
    assert_eq!(report.end_of_life, Some(false));
    let image_id = "sha256:c2c03a296d2329a4f3ab72a7bf38b78a8a80108204d326b0139d6af700e152d1";
    assert_eq!(report.identity.image_id, Some(digest(image_id)));
    assert_eq!(report.identity.layers, Some(1));
    let found: Vec<_> = report.findings.iter().map(|f| (f.severity, f.id.as_str(), &*f.package)).collect();
    let expected =
        [(Severity::Low, "CVE-2019-18276", "bash"), (Severity::Critical, "CVE-2019-18224", "libidn2-0")];
    assert_eq!(found, expected);
    let fixes: Vec<_> = report.findings.iter().map(|f| f.fixed_in.is_some()).collect();
    assert_eq!(fixes, [false, true]);
}

#[test]
fn a_grype_report_is_read_as_it_was_written() {
    let report = parse(GRYPE);
    assert_eq!(report.scanner.to_string(), "grype [not provided]");
    assert_eq!(report.created, None);
    assert_eq!(report.identity.layers, Some(3));
    assert_eq!(report.identity.manifests.len(), 1);
    assert_eq!(report.findings[0].fixed_in.as_deref(), Some("1.2.1, 2.1.3, 3.4.0"));
    assert_eq!(report.findings[1].severity, Severity::Critical);
    assert_eq!(report.findings[1].fixed_in, None);
}

#[test]
fn end_of_life_is_what_the_report_says() {
    assert_eq!(parse(ALPINE).end_of_life, Some(true));
    // Trivy leaves `EOSL` out where it is false, and where it did not look.
    let unseen = with(BUSTER, "/Results/0/Class", json!("lang-pkgs"));
    assert_eq!(parse(&unseen).end_of_life, None);
    assert_eq!(parse(&without(BUSTER, "/Metadata/OS")).end_of_life, None);
    let alert = json!([{"package": {}, "alerts": [{"type": "distro-eol", "message": "old"}]}]);
    assert_eq!(parse(GRYPE).end_of_life, None);
    assert_eq!(parse(&with(GRYPE, "/alertsByPackage", alert)).end_of_life, Some(true));
}

#[test]
fn a_time_that_is_none_is_no_time() {
    for time in ["", "yesterday", "0001-01-01T00:00:00Z", "2021-08-25T12:20:30", "2021-08-25"] {
        assert_eq!(parse(&with(BUSTER, "/CreatedAt", json!(time))).created, None, "{time}");
        assert_eq!(parse(&with(GRYPE, "/descriptor/timestamp", json!(time))).created, None, "{time}");
    }
    assert_eq!(parse(&without(BUSTER, "/CreatedAt")).created, None);
    let local = with(GRYPE, "/descriptor/timestamp", json!("2021-08-25T14:20:30.000000005+02:00"));
    assert_eq!(parse(&local).created, Some(at(CREATED)));
}

#[test]
fn a_report_cut_anywhere_is_an_error() {
    for report in [ALPINE, BUSTER, GRYPE] {
        let report = report.trim_end();
        for cut in (0..20).map(|part| report.len() * part / 20).chain([report.len() - 1]) {
            assert!(Report::parse(&report.as_bytes()[..cut]).is_err(), "cut at byte {cut}");
        }
    }
}

#[test]
fn an_unknown_schema_version_is_an_error_that_names_it() {
    let error = refused(&with(BUSTER, "/SchemaVersion", json!(3)));
    assert_eq!(error, ReportError::Schema(3));
    assert!(error.to_string().contains("schema version 3"));
    for version in [json!("2"), json!(null), json!(2.5), json!([2])] {
        refused(&with(BUSTER, "/SchemaVersion", version));
    }
}

#[test]
fn unknown_content_is_an_error_and_never_no_findings() {
    let unknown = ["{}", "[]", "null", "\"\"", "[{}]", r#"{"matches":[]}"#, r#"{"Results":null}"#];
    let foreign = [
        r#"{"bomFormat":"SPDX","vulnerabilities":[]}"#,
        r#"{"descriptor":{"name":"syft"},"matches":[],"source":{"type":"image"}}"#,
        r#"[{"Target":"a","Vulnerabilities":null}]"#,
    ];
    for text in unknown.into_iter().chain(foreign) {
        assert_eq!(refused(text), ReportError::Unrecognised, "{text}");
    }
    for text in ["", " ", "scan failed", "\u{feff}{}"] {
        assert!(matches!(refused(text), ReportError::Json(_)), "{text}");
    }
}

#[test]
fn a_report_of_two_scanners_at_once_is_refused() {
    let both = with(BUSTER, "/descriptor", json!({"name": "grype"}));
    assert_eq!(refused(&both), ReportError::Unrecognised);
    assert_eq!(refused(&with(BUSTER, "/runs", json!([]))), ReportError::Unrecognised);
    assert_eq!(refused(&with(BUSTER, "/bomFormat", json!("CycloneDX"))), ReportError::Unrecognised);
}

#[test]
fn a_report_about_something_else_than_an_image_is_refused_by_name() {
    for kind in ["filesystem", "repository", "vm"] {
        let error = refused(&with(BUSTER, "/ArtifactType", json!(kind)));
        assert_eq!(error, ReportError::NotAnImage(format!("`{kind}`")));
    }
    assert_eq!(refused(&without(BUSTER, "/ArtifactType")), ReportError::Missing("ArtifactType"));
    let folder = with(GRYPE, "/source", json!({"type": "directory", "target": "/srv"}));
    assert_eq!(refused(&folder), ReportError::NotAnImage("`directory`".to_owned()));
    assert_eq!(refused(&with(GRYPE, "/source", json!(null))), ReportError::Missing("source"));
}

#[test]
fn a_report_without_identity_is_refused() {
    let none = without(BUSTER, "/Metadata/ImageID");
    assert_eq!(refused(&none), ReportError::NoIdentity);
    assert_eq!(refused(&without(BUSTER, "/Metadata")), ReportError::NoIdentity);
    let tags = json!({"userInput": "a", "imageID": "", "manifestDigest": "", "tags": ["a:1"]});
    assert_eq!(refused(&with(GRYPE, "/source/target", tags)), ReportError::NoIdentity);
}

#[test]
fn an_identity_that_is_no_digest_is_an_error() {
    for wrong in ["alpine", "sha256:abc", "c2c03a296d23"] {
        assert!(matches!(refused(&with(BUSTER, "/Metadata/ImageID", json!(wrong))), ReportError::Digest(_)));
        let digests = json!([format!("alpine@{wrong}")]);
        assert!(matches!(refused(&with(BUSTER, "/Metadata/RepoDigests", digests)), ReportError::Digest(_)));
    }
    assert!(matches!(refused(&with(BUSTER, "/Metadata/RepoDigests", json!(["a@"]))), ReportError::Digest(_)));
}

#[test]
fn matches_that_are_absent_or_null_are_not_an_empty_list() {
    assert_eq!(refused(&without(GRYPE, "/matches")), ReportError::Missing("matches"));
    assert_eq!(refused(&with(GRYPE, "/matches", json!(null))), ReportError::Missing("matches"));
    assert!(parse(&with(GRYPE, "/matches", json!([]))).findings.is_empty());
}

#[test]
fn a_member_of_the_wrong_type_is_an_error() {
    let cases = [
        with(BUSTER, "/Results", json!({})),
        with(BUSTER, "/Results/0/Vulnerabilities", json!("none")),
        with(BUSTER, "/Results", json!([["os-pkgs", null, null]])),
        with(BUSTER, "/Metadata/OS/EOSL", json!("no")),
        with(BUSTER, "/CreatedAt", json!(1)),
        with(GRYPE, "/matches", json!({})),
        with(GRYPE, "/descriptor/configuration", json!({"only-fixed": "no"})),
        without(GRYPE, "/matches/0/vulnerability/fix"),
        without(GRYPE, "/matches/0/artifact"),
    ];
    for report in cases {
        assert!(matches!(refused(&report), ReportError::Json(_)), "{report}");
    }
}

#[test]
fn a_finding_that_cannot_be_judged_is_an_error() {
    let cases = [
        without(BUSTER, "/Results/0/Vulnerabilities/0/VulnerabilityID"),
        with(BUSTER, "/Results/0/Vulnerabilities/0/VulnerabilityID", json!(" ")),
        without(BUSTER, "/Results/0/Vulnerabilities/0/PkgName"),
        with(BUSTER, "/Results/0/Vulnerabilities/0/Severity", json!("SERIOUS")),
        with(GRYPE, "/matches/0/vulnerability/severity", json!("none")),
        with(GRYPE, "/matches/0/artifact/name", json!("")),
    ];
    for report in cases {
        assert!(matches!(refused(&report), ReportError::Finding(_)), "{report}");
    }
}

#[test]
fn a_member_that_stands_twice_is_refused() {
    let twice =
        BUSTER.replacen("\"Severity\": \"LOW\"", "\"Severity\": \"CRITICAL\", \"Severity\": \"LOW\"", 1);
    assert!(matches!(refused(&twice), ReportError::Json(_)));
}

#[test]
fn reports_that_are_too_large_or_too_deep_are_refused() {
    assert_eq!(Report::parse(&vec![b' '; REPORT_LIMIT + 1]), Err(ReportError::TooLarge));
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(refused(&deep), ReportError::Json(_)));
    let one = r#"{"vulnerability":{"id":"CVE-1","fix":{}},"artifact":{"name":"a"}}"#;
    let none = with(GRYPE, "/matches", json!([]));
    let many = none.replace("\"matches\":[]", &format!("\"matches\":[{}]", vec![one; 100_001].join(",")));
    assert_eq!(refused(&many), ReportError::TooMany);
}

#[test]
fn a_version_that_no_claim_could_hold_is_refused() {
    let long = with(BUSTER, "/Trivy/Version", json!("9".repeat(257)));
    assert_eq!(refused(&long), ReportError::Version);
}

#[test]
fn hostile_text_is_escaped_in_findings_and_errors() {
    let hostile = "\u{1b}[2J\u{202e}\r\n";
    let found = changed(BUSTER, |root| {
        let finding = &mut root["Results"][0]["Vulnerabilities"][0];
        for member in ["VulnerabilityID", "PkgName", "InstalledVersion", "FixedVersion"] {
            finding[member] = json!(format!("a{hostile}"));
        }
        root["Trivy"]["Version"] = json!(hostile);
    });
    let report = parse(&found);
    let first = &report.findings[0];
    let mut shown = vec![report.scanner.to_string(), first.id.clone(), first.package.clone()];
    shown.extend([first.installed.clone(), first.fixed_in.clone().unwrap()]);
    shown.push(refused(&with(BUSTER, "/ArtifactType", json!(hostile))).to_string());
    shown.push(refused(&with(BUSTER, "/Metadata/ImageID", json!(hostile))).to_string());
    shown.push(refused(&with(BUSTER, "/Metadata/RepoDigests", json!([hostile]))).to_string());
    shown.push(refused(&with(BUSTER, "/Results/0/Vulnerabilities/0/Severity", json!(hostile))).to_string());
    shown.push(refused(&with(BUSTER, "/Results", json!(hostile))).to_string());
    for text in shown {
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
}

#[test]
fn an_error_is_short_whatever_the_report_holds() {
    let long = "x".repeat(1 << 20);
    let cases = [
        with(BUSTER, "/ArtifactType", json!(long)),
        with(BUSTER, "/Metadata/ImageID", json!(long)),
        with(BUSTER, "/Metadata/RepoDigests", json!([long])),
        with(BUSTER, "/CreatedAt", json!([long])),
        with(BUSTER, "/Results/0/Vulnerabilities/0/VulnerabilityID", json!(long)),
        with(BUSTER, "/Results/0/Vulnerabilities/0/Severity", json!(long)),
        with(GRYPE, "/source/type", json!(long)),
        with(GRYPE, "/source/target/manifestDigest", json!(long)),
    ];
    for report in cases {
        let shown = refused(&report).to_string();
        assert!(shown.len() < 1_000, "{shown}");
    }
}
