//! CycloneDX: what Trivy and Grype write after a scan is read, an SBOM is not taken for a scan.

use countersign::model::Digest;
use countersign::scan::{Binding, BindingError, Report, ReportError, Severity, Subject};
use serde_json::{Value, json};

use crate::forms::cyclonedx;
use crate::written::{
    ALPINE, BUSTER, GRYPE_CYCLONEDX, at, changed, judged, not_judged, parse, refused, subject,
};
use crate::written::{with, without};

const FIRST: &str = "/vulnerabilities/0";

#[test]
fn trivys_cyclonedx_is_read_as_it_was_written() {
    let report = parse(&cyclonedx(BUSTER));
    assert_eq!(report.scanner.to_string(), "trivy dev");
    assert_eq!(report.created, Some(at("2021-08-25T12:20:30Z")));
    assert_eq!(report.identity, parse(BUSTER).identity);
    assert_eq!((report.end_of_life, report.nothing_scanned), (None, false));
    let findings = parse(BUSTER).findings;
    assert_eq!(report.findings, findings);
}

#[test]
fn grypes_cyclonedx_is_read_as_it_was_written() {
    let report = parse(GRYPE_CYCLONEDX);
    assert_eq!(report.scanner.to_string(), "grype [not provided]");
    assert_eq!(report.created, Some(at("2026-06-22T05:23:19Z")));
    assert_eq!((report.identity.manifests.len(), report.identity.image_id), (1, None));
    let found: Vec<_> = report.findings.iter().map(|f| (f.severity, &*f.id, &*f.package)).collect();
    let expected =
        [(Severity::Low, "CVE-1999-0001", "package-1"), (Severity::Critical, "CVE-1999-0002", "package-2")];
    assert_eq!(found, expected);
    assert_eq!(report.findings[0].fixed_in.as_deref(), Some("1.2.1, 2.1.3, 3.4.0"));
    assert_eq!(report.findings[1].fixed_in, None);
}

#[test]
fn cyclonedx_binds_as_the_json_does() {
    let trivy = parse(&cyclonedx(BUSTER));
    assert_eq!(trivy.binds_to(&subject(&trivy)).unwrap().by(), Binding::ImageId);
    let layers = Subject { layers: 2, ..subject(&trivy) };
    assert_eq!(trivy.binds_to(&layers).unwrap_err(), BindingError::Layers { stated: 1, layers: 2 });
    let grype = parse(GRYPE_CYCLONEDX);
    assert_eq!(grype.binds_to(&subject(&grype)).unwrap().by(), Binding::Manifest);
    let stranger = Subject { manifest: Digest::of(b"x"), config: Digest::of(b"y"), layers: 1 };
    for report in [&trivy, &grype] {
        assert!(matches!(report.binds_to(&stranger), Err(BindingError::AnotherImage { .. })));
    }
}

#[test]
fn a_report_passes_or_fails_by_its_findings() {
    assert!(!judged(&cyclonedx(BUSTER), "deny: {severities: [CRITICAL]}").passed());
    assert!(judged(&cyclonedx(BUSTER), "deny: {severities: [HIGH]}").passed());
    assert!(!judged(GRYPE_CYCLONEDX, "deny: {severities: [CRITICAL]}").passed());
    assert!(judged(GRYPE_CYCLONEDX, "deny: {severities: [HIGH]}").passed());
}

#[test]
fn an_sbom_is_not_a_scan_report() {
    for report in [cyclonedx(BUSTER), GRYPE_CYCLONEDX.to_owned()] {
        for absent in [without(&report, "/vulnerabilities"), with(&report, "/vulnerabilities", json!(null))] {
            assert_eq!(refused(&absent), ReportError::Sbom);
        }
    }
    assert!(ReportError::Sbom.to_string().contains("an SBOM, not a scan report"));
}

#[test]
fn an_empty_list_shows_a_scan_by_grype_and_none_by_trivy() {
    let empty = refused(&with(&cyclonedx(BUSTER), "/vulnerabilities", json!([])));
    assert_eq!(empty, ReportError::NothingShown("CycloneDX"));
    let clean = with(GRYPE_CYCLONEDX, "/vulnerabilities", json!([]));
    assert!(judged(&clean, "deny: {severities: [LOW]}").passed());
}

#[test]
fn unknown_versions_and_tools_are_errors_that_name_them() {
    for version in ["1.3", "1.8", "2.0", ""] {
        let error = refused(&with(&cyclonedx(BUSTER), "/specVersion", json!(version)));
        assert_eq!(error, ReportError::CycloneDxVersion(version.to_owned()));
    }
    assert_eq!(refused(&without(GRYPE_CYCLONEDX, "/specVersion")), ReportError::Missing("specVersion"));
    let tool = |name: Value| with(GRYPE_CYCLONEDX, "/metadata/tools/components/0/name", name);
    assert_eq!(refused(&tool(json!("syft"))), ReportError::CycloneDxTool("`syft`".to_owned()));
    assert_eq!(refused(&tool(json!(null))), ReportError::CycloneDxTool("``".to_owned()));
    let two =
        with(GRYPE_CYCLONEDX, "/metadata/tools/components", json!([{"name": "grype"}, {"name": "trivy"}]));
    assert_eq!(refused(&two), ReportError::CycloneDxTool("not exactly one tool".to_owned()));
    assert_eq!(refused(&without(GRYPE_CYCLONEDX, "/metadata/tools")), ReportError::Missing("metadata.tools"));
}

#[test]
fn tools_are_read_as_version_1_4_wrote_them() {
    let older = with(&cyclonedx(BUSTER), "/specVersion", json!("1.4"));
    let older = with(
        &older,
        "/metadata/tools",
        json!([{"vendor": "aquasecurity", "name": "trivy", "version": "0.40.0"}]),
    );
    assert_eq!(parse(&older).scanner.to_string(), "trivy 0.40.0");
}

#[test]
fn xml_is_refused_by_name() {
    let xml = r#"<?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.6"/>"#;
    assert_eq!(refused(xml), ReportError::Xml);
    assert_eq!(refused(&format!("\n {xml}")), ReportError::Xml);
}

#[test]
fn what_is_no_image_or_has_no_identity_is_refused() {
    let folder = with(&cyclonedx(BUSTER), "/metadata/component/type", json!("application"));
    assert_eq!(refused(&folder), ReportError::NotAnImage("`application`".to_owned()));
    let component = without(GRYPE_CYCLONEDX, "/metadata/component");
    assert_eq!(refused(&component), ReportError::Missing("metadata.component"));
    assert_eq!(
        refused(&with(GRYPE_CYCLONEDX, "/metadata/component/version", json!("1.4"))),
        ReportError::NoIdentity
    );
    assert_eq!(
        refused(&with(&cyclonedx(BUSTER), "/metadata/component/properties", json!([]))),
        ReportError::NoIdentity
    );
    let labelled =
        json!([{"name": "aquasecurity:trivy:Labels:ImageID", "value": Digest::of(b"a").to_string()}]);
    assert_eq!(
        refused(&with(&cyclonedx(BUSTER), "/metadata/component/properties", labelled)),
        ReportError::NoIdentity
    );
}

#[test]
fn two_image_ids_are_refused() {
    let twice = changed(&cyclonedx(BUSTER), |root| {
        let properties = root.pointer_mut("/metadata/component/properties").unwrap().as_array_mut().unwrap();
        properties.push(json!({"name": "aquasecurity:trivy:ImageID", "value": Digest::of(b"a").to_string()}));
    });
    assert!(matches!(refused(&twice), ReportError::NotAsWritten(_)));
}

#[test]
fn a_cut_report_is_an_error() {
    for report in [cyclonedx(ALPINE), GRYPE_CYCLONEDX.trim_end().to_owned()] {
        for cut in (0..20).map(|part| report.len() * part / 20).chain([report.len() - 1]) {
            assert!(Report::parse(&report.as_bytes()[..cut]).is_err(), "cut at byte {cut}");
        }
    }
}

/// The first severity of Trivy's report with these ratings, and that source of the data.
fn rated(source: &str, ratings: Value) -> Severity {
    let report = with(&cyclonedx(BUSTER), &format!("{FIRST}/ratings"), ratings);
    parse(&with(&report, &format!("{FIRST}/source/name"), json!(source))).findings[0].severity
}

#[test]
fn trivys_severity_is_that_of_the_datas_source_then_nvds_then_the_worst() {
    let by = |name: &str, severity: &str| json!({"source": {"name": name}, "severity": severity, "method": "CVSSv31"});
    let all = json!([by("debian", "low"), by("nvd", "high"), by("ubuntu", "critical")]);
    assert_eq!(rated("debian", all.clone()), Severity::Low);
    assert_eq!(rated("alpine", all), Severity::High);
    assert_eq!(rated("alpine", json!([by("ubuntu", "low"), by("redhat", "medium")])), Severity::Medium);
    let older =
        json!([{"source": {"name": "nvd"}, "severity": "info", "method": "CVSSv2"}, by("nvd", "high")]);
    assert_eq!(rated("alpine", older), Severity::High);
    assert_eq!(rated("alpine", json!([])), Severity::Unknown);
}

#[test]
fn a_source_that_may_stand_on_another_and_rates_nothing_has_the_worst_rating() {
    let by = |name: &str, severity: &str| json!({"source": {"name": name}, "severity": severity});
    let all = json!([by("debian", "critical"), by("nvd", "low")]);
    assert_eq!(rated("rootio", all.clone()), Severity::Critical);
    assert_eq!(rated("alpine", all.clone()), Severity::Low);
    assert_eq!(rated("", all), Severity::Low);
    assert_eq!(rated("rootio", json!([by("rootio", "low"), by("nvd", "high")])), Severity::Low);
}

/// The severities of the first vulnerability, in two packages with these package URLs, whose ratings are a low one of
/// the data's source and a medium one.
fn rated_together(purls: [&str; 2], sources: Option<[&str; 2]>) -> Vec<Severity> {
    let report = changed(&cyclonedx(ALPINE), |root| {
        for (at, purl) in purls.into_iter().enumerate() {
            let component = &mut root["components"][at];
            component["purl"] = json!(purl);
            component["properties"] = match sources {
                Some(sources) => json!([{"name": "aquasecurity:trivy:SrcName", "value": sources[at]}]),
                None => json!([]),
            };
        }
        let first = &mut root["vulnerabilities"][0];
        first["source"] = json!({"name": "ghsa"});
        first["ratings"] = json!([{"source": {"name": "ghsa"}, "severity": "low"}, {"source": {"name": "x"}, "severity": "medium"}]);
        root["vulnerabilities"] = json!([first.clone()]);
    });
    parse(&report).findings.iter().map(|found| found.severity).collect()
}

#[test]
fn what_another_package_may_have_by_itself_is_critical() {
    // A source package that both are of; else packages of a distribution are rated one by one, those of a language not.
    let debian = ["pkg:deb/debian/pcre3@1", "pkg:deb/debian/mongodb@1"];
    assert_eq!(rated_together(debian, Some(["one", "one"])), [Severity::Low; 2]);
    assert_eq!(rated_together(debian, Some(["pcre3", "mongodb"])), [Severity::Critical; 2]);
    assert_eq!(rated_together(debian, None), [Severity::Critical; 2]);
    assert_eq!(rated_together(["pkg:deb/debian/a@1", "pkg:npm/a@1"], None), [Severity::Critical; 2]);
    assert_eq!(rated_together(["pkg:deb/debian/a@1", "no package URL"], None), [Severity::Critical; 2]);
    assert_eq!(rated_together(["pkg:npm/a@1", "pkg:npm/a@2"], None), [Severity::Low; 2]);
    assert_eq!(rated_together(["pkg:npm/%40a/core@1", "pkg:npm/%40b/core@1"], None), [Severity::Medium; 2]);
}

#[test]
fn a_rating_of_an_unknown_word_is_an_error() {
    for report in [cyclonedx(BUSTER), GRYPE_CYCLONEDX.to_owned()] {
        let wrong = with(&report, &format!("{FIRST}/ratings/0/severity"), json!("serious"));
        assert!(matches!(refused(&wrong), ReportError::Finding(_)));
    }
}

#[test]
fn grypes_negligible_is_low() {
    let report = with(GRYPE_CYCLONEDX, &format!("{FIRST}/ratings/0/severity"), json!("none"));
    assert_eq!(parse(&report).findings[0].severity, Severity::Low);
}

#[test]
fn a_fix_that_is_not_denied_counts_as_one() {
    let spec = "deny: {severities: [CRITICAL], onlyFixable: true}";
    let unsaid = without(GRYPE_CYCLONEDX, "/vulnerabilities/1/affects/0/versions");
    assert!(judged(GRYPE_CYCLONEDX, spec).passed() && !judged(&unsaid, spec).passed());
    let trivy = cyclonedx(BUSTER);
    let recommended =
        |text: &str| parse(&with(&trivy, "/vulnerabilities/1/recommendation", json!(text))).findings;
    assert_eq!(
        recommended("Upgrade a to version 2; Upgrade libidn2-0 to version 3")[1].fixed_in.as_deref(),
        Some("3")
    );
    assert_eq!(recommended("Upgrade all")[1].fixed_in.as_deref(), Some("Upgrade all"));
    assert_eq!(
        recommended(&"Upgrade b to version 2; ".repeat(1_000))[1].fixed_in.as_deref(),
        Some("(not named)")
    );
    assert_eq!(recommended("")[1].fixed_in, None);
    assert_eq!(recommended("Upgrade a to version 2")[1].fixed_in.as_deref(), Some("Upgrade a to version 2"));
}

#[test]
fn a_recommendation_for_one_of_several_packages_speaks_of_the_others_since_version_1_5() {
    let recommended = |version: &str, text: &str| {
        let report = with(&cyclonedx(ALPINE), &format!("{FIRST}/recommendation"), json!(text));
        parse(&with(&report, "/specVersion", json!(version))).findings[1].fixed_in.clone()
    };
    assert_eq!(recommended("1.5", "Upgrade libcrypto1.1 to version 2"), None);
    assert_eq!(recommended("1.5", ""), None);
    assert_eq!(recommended("1.4", "Upgrade libssl1.1 to version 3").as_deref(), Some("3"));
    let one = "Upgrade libcrypto1.1 to version 2";
    assert_eq!(recommended("1.4", one).as_deref(), Some(one));
    assert_eq!(recommended("1.4", "").as_deref(), Some("(not said)"));
}

#[test]
fn an_analysis_is_shown_and_the_finding_judged() {
    let analysis =
        json!({"state": "not_affected", "justification": "code_not_reachable", "detail": "never called"});
    let report = with(&cyclonedx(BUSTER), "/vulnerabilities/1/analysis", analysis);
    let judgement = judged(&report, "deny: {severities: [CRITICAL]}");
    assert!(!judgement.passed());
    let why = judgement.denied[0].finding.suppressed.as_deref();
    assert_eq!(why, Some("not_affected, code_not_reachable, never called"));
}

#[test]
fn a_vulnerability_without_a_package_of_this_document_is_an_error() {
    let report = cyclonedx(BUSTER);
    assert!(matches!(
        refused(&with(&report, &format!("{FIRST}/affects"), json!([]))),
        ReportError::Finding(_)
    ));
    for reference in [json!("pkg:deb/x"), json!(null), json!("urn:cdx:a/1#b")] {
        let wrong = with(&report, &format!("{FIRST}/affects/0/ref"), reference);
        assert!(matches!(refused(&wrong), ReportError::NotAsWritten(_)));
    }
    let same = with(&report, "/components/1/bom-ref", parsed(&report)["components"][0]["bom-ref"].clone());
    assert!(matches!(refused(&same), ReportError::NotAsWritten(_)));
    assert!(matches!(refused(&without(&report, &format!("{FIRST}/id"))), ReportError::Finding(_)));
    assert!(matches!(refused(&without(&report, "/components/0/name")), ReportError::Finding(_)));
}

fn parsed(report: &str) -> Value {
    serde_json::from_str(report).unwrap()
}

#[test]
fn packages_are_named_as_trivys_json_names_them() {
    for (group, purl, name) in [
        ("org.a", "pkg:maven/org.a/b@1", "org.a:b"),
        ("@org", "pkg:npm/%40org/b@1", "@org/b"),
        ("", "pkg:deb/debian/b@1", "b"),
    ] {
        let report = changed(&cyclonedx(BUSTER), |root| {
            let component = &mut root["components"][0];
            component["group"] = json!(group);
            component["name"] = json!("b");
            component["purl"] = json!(purl);
        });
        assert_eq!(parse(&report).findings[0].package, name);
    }
}

#[test]
fn many_packages_under_one_long_text_are_read_in_time() {
    let report = changed(&cyclonedx(BUSTER), |root| {
        let affected = root["vulnerabilities"][0]["affects"][0].clone();
        root["vulnerabilities"][0]["affects"] = json!(vec![affected; 20_000]);
        root["vulnerabilities"][0]["recommendation"] = json!("Upgrade a to version 1; ".repeat(100_000));
        root["vulnerabilities"][0]["analysis"] = json!({"detail": "x".repeat(1 << 20)});
    });
    let begin = std::time::Instant::now();
    assert_eq!(parse(&report).findings.len(), 20_001);
    assert!(begin.elapsed().as_secs() < 120, "{:?}", begin.elapsed());
    let many = changed(&report, |root| {
        let affected = root["vulnerabilities"][0]["affects"][0].clone();
        root["vulnerabilities"][0]["affects"] = json!(vec![affected; 100_000]);
    });
    assert_eq!(refused(&many), ReportError::TooMany);
}

#[test]
fn rules_that_ask_for_the_end_of_life_are_an_error() {
    assert!(not_judged(&cyclonedx(ALPINE), "deny: {endOfLife: true}").contains("does not say"));
}
