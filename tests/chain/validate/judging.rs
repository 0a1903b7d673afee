//! What passes is signed, what fails is shown in a table and not signed.

use serde_json::json;

use super::{not_validated, refused, validated};
use crate::reports::{clean, grype, made_at, trivy, trivy_alpine, trivy_otherwise, with};
use crate::world::{LENIENT, STRICT, World};

#[test]
fn a_passing_report_gives_the_second_signature() {
    let world = World::new();
    for (content, findings, report) in
        [("trivy", 2, trivy as fn(&_) -> _), ("alpine", 4, trivy_alpine), ("grype", 2, grype)]
    {
        let image = world.built(content);
        let run = world.validate(&image, &[report(&image)], LENIENT).run().expect_code(0);
        assert!(run.stdout.contains("scan passed"), "{}", run.stdout);
        let counted = format!("{findings} findings that no rule denies");
        assert!(run.stdout.contains(&counted), "{}", run.stdout);
        assert_eq!(validated(&image)[0]["countersign.dev/scan-result"], "pass");
    }
}

#[test]
fn sarif_and_cyclonedx_of_an_image_are_judged_as_its_json() {
    let world = World::new();
    let image = world.built("other forms");
    for report in trivy_otherwise(&image) {
        let run = refused(&world, &world.validate(&image, std::slice::from_ref(&report), STRICT), 1);
        assert!(run.stdout.contains("severity CRITICAL"), "{}", run.stdout);
        let run = world.validate(&image, &[report], LENIENT).run().expect_code(0);
        assert!(run.stdout.contains("2 findings that no rule denies"), "{}", run.stdout);
    }
    // Two reports, each signed for in both formats.
    assert_eq!(validated(&image).len(), 4);
}

#[test]
fn a_report_without_findings_passes_the_strictest_rules() {
    let world = World::new();
    let image = world.built("clean");
    let run = world.validate(&image, &[clean(&image)], STRICT).run().expect_code(0);
    assert!(!run.stdout.contains("finding"), "{}", run.stdout);
}

#[test]
fn a_failing_report_leaves_no_trace_in_the_registry() {
    let world = World::new();
    let image = world.built("failing");
    for report in [trivy(&image), grype(&image)] {
        let run = refused(&world, &world.validate(&image, &[report], STRICT), 1);
        assert!(run.stdout.contains("scan failed"), "{}", run.stdout);
        assert!(run.stderr.contains("does not pass the rules"), "{}", run.stderr);
    }
    not_validated(&image);
}

#[test]
fn the_table_says_what_denies_and_by_which_rule() {
    let world = World::new();
    let image = world.built("table");
    let run = refused(&world, &world.validate(&image, &[trivy(&image)], STRICT), 1);
    let rows: Vec<Vec<&str>> =
        run.stdout.lines().map(|line| line.split("  ").map(str::trim).collect()).collect();
    let cells = |first: &str| {
        let row = rows.iter().find(|row| row.contains(&first)).unwrap_or_else(|| panic!("{}", run.stdout));
        row.iter().filter(|cell| !cell.is_empty()).copied().collect::<Vec<_>>()
    };
    assert_eq!(cells("ID"), ["ID", "SEVERITY", "PACKAGE", "INSTALLED", "FIXED IN", "RULE"]);
    let expected =
        ["CVE-2019-18224", "CRITICAL", "libidn2-0", "2.0.5-1", "2.0.5-1+deb10u1", "severity CRITICAL"];
    assert_eq!(cells("CVE-2019-18224"), expected);
    assert!(run.stdout.contains("1 finding that no rule denies"), "{}", run.stdout);
    assert!(!run.stdout.contains("CVE-2019-18276"), "what does not deny is no row: {}", run.stdout);
}

#[test]
fn ignored_findings_are_listed_with_reason_and_last_day() {
    let world = World::new();
    let image = world.built("ignored");
    let ignore = "ignore: [{id: CVE-2019-18224, reason: never reached, expires: 2999-12-31}]";
    let rules = format!("{STRICT}, {ignore}");
    let run = world.validate(&image, &[trivy(&image)], &rules).run().expect_code(0);
    let line = "ignored until 2999-12-31: CVE-2019-18224 CRITICAL libidn2-0: never reached";
    assert!(run.stdout.contains(line), "{}", run.stdout);
}

#[test]
fn an_ignore_that_expired_no_longer_applies_and_the_table_says_so() {
    let world = World::new();
    let image = world.built("expired ignore");
    let ignore = "ignore: [{id: CVE-2019-18224, reason: never reached, expires: 2020-12-31}]";
    let command = world.validate(&image, &[trivy(&image)], &format!("{STRICT}, {ignore}"));
    let run = refused(&world, &command, 1);
    assert!(run.stdout.contains("the rules ignored it until 2020-12-31"), "{}", run.stdout);
}

#[test]
fn what_the_scanner_suppressed_is_judged_and_marked() {
    let world = World::new();
    let image = world.built("suppressed");
    let mut suppressed = grype(&image)["matches"][1].clone();
    suppressed["appliedIgnoreRules"] = json!([{"reason": "somebody thinks so"}]);
    let report = with(grype(&image), "/matches", json!([]));
    let report = with(report, "/ignoredMatches", json!([suppressed]));
    let run = refused(&world, &world.validate(&image, &[report], STRICT), 1);
    assert!(run.stdout.contains("suppressed by the scanner: somebody thinks so"), "{}", run.stdout);
}

#[test]
fn a_report_older_than_the_rules_allow_is_a_denial() {
    let world = World::new();
    let image = world.built("old");
    let rules = format!("{LENIENT}, maxReportAge: 24h");
    let run = refused(&world, &world.validate(&image, &[trivy(&image)], &rules), 1);
    assert!(run.stdout.contains("the rules allow no older one"), "{}", run.stdout);
    let fresh = made_at(trivy(&image), jiff::Timestamp::now());
    world.validate(&image, &[fresh], &rules).run().expect_code(0);
}

#[test]
fn an_operating_system_past_its_end_of_life_is_a_denial_where_the_rules_say_so() {
    let world = World::new();
    let image = world.built("end of life");
    let report = with(trivy(&image), "/Metadata/OS/EOSL", json!(true));
    let rules = format!("{}, endOfLife: true}}", LENIENT.trim_end_matches('}'));
    let run = refused(&world, &world.validate(&image, &[report], &rules), 1);
    assert!(run.stdout.contains("past its end of life"), "{}", run.stdout);
    world.validate(&image, &[trivy(&image)], &rules).run().expect_code(0);
}

#[test]
fn of_several_reports_for_one_image_each_must_pass() {
    let world = World::new();
    let image = world.built("two scanners");
    let clean_grype = with(grype(&image), "/matches", json!([]));
    let one_fails = world.validate(&image, &[clean_grype.clone(), trivy(&image)], STRICT);
    let run = refused(&world, &one_fails, 1);
    assert!(run.stdout.contains("scan passed") && run.stdout.contains("scan failed"), "{}", run.stdout);
    world.validate(&image, &[clean_grype, clean(&image)], STRICT).run().expect_code(0);
}

#[test]
fn what_a_report_says_cannot_move_a_terminals_cursor() {
    let world = World::new();
    let image = world.built("hostile");
    let hostile = "\u{1b}[2K\u{202e}all is well\nscan passed\u{85}";
    let mut report = trivy(&image);
    for member in ["PkgName", "InstalledVersion", "FixedVersion", "VulnerabilityID"] {
        report = with(report, &format!("/Results/0/Vulnerabilities/1/{member}"), json!(hostile));
    }
    let command = world.validate(&image, &[report], STRICT);
    for output in ["text", "json"] {
        let run = refused(&world, &command.clone().args(["--output", output]), 1);
        let shown = |c: char| c == '\n' || !(c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c));
        assert!(run.all().chars().all(shown), "{:?}", run.all());
        assert!(!run.all().contains("\nscan passed"), "{:?}", run.all());
    }
}

#[test]
fn a_failing_report_is_told_in_json_too() {
    let world = World::new();
    let image = world.built("json");
    let command = world.validate(&image, &[trivy(&image)], STRICT).args(["--output", "json"]);
    let report = refused(&world, &command, 1).json();
    assert_eq!(report["decision"], "denied");
    assert_eq!(report["results"], json!([]));
    let scan = &report["scans"][0];
    assert_eq!((&scan["passed"], &scan["others"]), (&json!(false), &json!(1)));
    let denied = &scan["denied"][0];
    assert_eq!(denied["id"], "CVE-2019-18224", "{denied:#}");
    assert_eq!(denied["rule"], "severity CRITICAL", "{denied:#}");
    assert_eq!(report["error"]["kind"], "denied");
    assert_eq!(report["build"][0]["decision"], "allowed");
}
