//! Scan rules in Rego: what published scan policies say, what is an error, and what is bounded.

use countersign::model::Digest;
use serde_json::{Value, json};

use crate::reports::{grype, trivy, trivy_alpine};
use crate::support::cli::{Countersign, Run};
use crate::support::image::Pushed;
use crate::world::{World, keys};

/// Rules of the shape that published scan policies have: their names, members and turns of speech.
const SCAN_POLICY: &str = include_str!("scan-policy.rego");

/// `validate` with rules in Rego.
fn validate(world: &World, image: &Pushed, report: &Value, rules: &str) -> Run {
    let command = Countersign::new().args(["validate", &image.pinned(), "--output", "json"]);
    let command =
        command.args(["--scan", &world.report(report), "--rules", &world.file("rules.rego", rules)]);
    let command = command.args(["--build-key", &keys().build.public_arg()]);
    // A password in the environment is nothing that rules could see, and nothing that stops them.
    command.args(["--key", &keys().validation.private_arg()]).env("COUNTERSIGN_PASSWORD", "unread").run()
}

/// What is said of rules that give no answer; nothing is signed.
fn refused(rules: &str) -> String {
    let world = World::new();
    let image = world.built("rules that give no answer");
    let run = validate(&world, &image, &trivy(&image), rules).expect_code(2);
    assert!(world.registry.requests().iter().all(|request| request.method != "PUT"), "{}", run.stdout);
    run.json()["error"]["message"].as_str().unwrap().to_owned()
}

fn messages(run: &Run) -> Value {
    run.json()["scans"][0]["messages"].clone()
}

#[test]
fn a_scan_policy_as_published_denies_a_critical_finding_of_either_scanner() {
    let world = World::new();
    let image = world.built("critical");
    let run = validate(&world, &image, &trivy(&image), SCAN_POLICY).expect_code(1);
    assert_eq!(messages(&run), json!(["CVE-2019-18224 in libidn2-0: {\"Critical\"}"]), "{}", run.stdout);
    assert_eq!(run.json()["results"], json!([]));
    let run = validate(&world, &image, &grype(&image), SCAN_POLICY).expect_code(1);
    assert_eq!(messages(&run).as_array().unwrap().len(), 1, "{}", run.stdout);
}

#[test]
fn a_scan_policy_as_published_lets_other_findings_pass_and_the_signature_names_it() {
    let world = World::new();
    let image = world.built("medium");
    let run = validate(&world, &image, &trivy_alpine(&image), SCAN_POLICY).expect_code(0);
    assert_eq!(messages(&run), json!([]));
    let claims = &run.json()["results"][0]["claims"];
    assert_eq!(claims["countersign.dev/scan-rules"], json!(Digest::of(SCAN_POLICY.as_bytes())));
    assert_eq!(claims["countersign.dev/scan-result"], "pass");
}

#[test]
fn severities_and_ignored_cves_are_what_the_policy_lists() {
    let world = World::new();
    let image = world.built("lists");
    let ignoring = SCAN_POLICY.replace("ignoreCves := []", "ignoreCves := [\"CVE-2019-18224\"]");
    validate(&world, &image, &trivy(&image), &ignoring).expect_code(0);
    let stricter = SCAN_POLICY.replace("[\"Critical\",", "[\"Medium\",");
    let run = validate(&world, &image, &trivy_alpine(&image), &stricter).expect_code(1);
    assert_eq!(messages(&run).as_array().unwrap().len(), 4, "{}", run.stdout);
}

#[test]
fn rules_may_read_a_scanners_own_report_and_no_other_scanners() {
    let world = World::new();
    let image = world.built("own report");
    let rules = |input: &str, body: &str| format!("# countersign:input {input}\npackage main\n{body}\n");
    let trivys = rules(
        "trivy",
        "deny[id] { v := input.Results[_].Vulnerabilities[_]; v.Severity == \"CRITICAL\"; id := v.VulnerabilityID }",
    );
    let run = validate(&world, &image, &trivy(&image), &trivys).expect_code(1);
    assert_eq!(messages(&run), json!(["CVE-2019-18224"]));
    let grypes = rules(
        "grype",
        "deny[id] { m := input.matches[_].vulnerability; m.severity == \"Critical\"; id := m.id }",
    );
    let run = validate(&world, &image, &grype(&image), &grypes).expect_code(1);
    assert_eq!(messages(&run).as_array().unwrap().len(), 1);
    let run = validate(&world, &image, &grype(&image), &trivys).expect_code(2);
    assert!(
        run.stdout.contains("the rules read a report of Trivy in JSON, and this is one of Grype in JSON"),
        "{}",
        run.stdout
    );
}

#[test]
fn rules_that_give_no_answer_are_bad_input_and_never_a_pass() {
    let with = |body: &str| format!("# countersign:input trivy\n{body}");
    for (rules, said) in [
        ("package main\ndeny[m] { m := \"x\" }".to_owned(), "no line says what `input` is"),
        (with("deny[m] { m := \"x\" }"), "Missing package declaration"),
        (with("package other\ndeny[m] { m := \"x\" }"), "the package `other`; `package main` is expected"),
        (with("package main\nallow[m] { m := \"x\" }"), "no rule `deny` in `package main`"),
        (
            with("package main\ndeny[m] { m := input.x }\nviolation[m] { m := \"x\" }"),
            "only the messages of `deny` are read",
        ),
        (with("package main\ndeny[m] { x := i; some i; m := x }"), "`i` is used before `some i` declares it"),
        (with("package main\ndeny = true { input.Results }"), "`deny` is no set of messages"),
        (with("package main\ndeny[m] { m := to_number(\"x\") }"), "could not parse string as number"),
        (with("package main\ndeny[m] { m := 1 / 0 }"), "divide by zero"),
        (
            with("package main\nx = 1 { true }\nx = 2 { true }\ndeny[m] { x == 1; m := \"x\" }"),
            "conflicts with rule",
        ),
        (
            with(
                "package main\ndeny[m] { m := http.send({\"method\": \"get\", \"url\": \"http://127.0.0.1\"}) }",
            ),
            "http.send",
        ),
        (with("package main\ndeny[m] { m := opa.runtime().env }"), "opa.runtime"),
        (with("package main\ndeny[m] {"), "rules:3"),
    ] {
        let message = refused(&rules);
        assert!(message.contains(said), "{rules}: {message}");
    }
}

/// Rules of one line in which a declared variable has the name of something else, and which must deny all the same.
#[test]
fn a_declared_variable_is_never_taken_for_something_else_of_its_name() {
    let world = World::new();
    let image = world.built("names");
    for (number, body) in [
        "deny[m] { some i; r := input.Results[i]; some j; v := r.Vulnerabilities[j]; s := {x | some i; x := [v.Severity][i]}; s[\"CRITICAL\"]; m := v.VulnerabilityID }",
        "deny[m] { r := [x | some i; x := input.Results[i]]; some i; some j; v := r[i].Vulnerabilities[j]; v.Severity == \"CRITICAL\"; m := v.VulnerabilityID }",
        "k := \"x\"\ndeny[m] { some k; v := input.Results[_].Vulnerabilities[k]; v.Severity == \"CRITICAL\"; m := v.VulnerabilityID }",
        "k(x) = y { y := x }\ndeny[m] { some k; v := input.Results[_].Vulnerabilities[k]; v.Severity == \"CRITICAL\"; m := v.VulnerabilityID }",
        "default k = 7\ndeny[m] { some k; v := input.Results[_].Vulnerabilities[k]; v.Severity == \"CRITICAL\"; m := v.VulnerabilityID }",
        "import input.nothing as k\ndeny[m] { some k; v := input.Results[_].Vulnerabilities[k]; v.Severity == \"CRITICAL\"; m := v.VulnerabilityID }",
        "deny[m] { k := 5; ids := [v.VulnerabilityID | some k; v := input.Results[_].Vulnerabilities[k]; v.Severity == \"CRITICAL\"]; k == 5; m := ids[_] }",
    ]
    .iter()
    .enumerate()
    {
        let rules = format!("# countersign:input trivy\npackage main\n{body}\n");
        let run = validate(&world, &image, &trivy(&image), &rules).expect_code(1);
        assert_eq!(messages(&run), json!(["CVE-2019-18224"]), "{number}: {}", run.stdout);
    }
}

#[test]
fn what_rules_over_a_raw_report_would_miss_is_refused() {
    let world = World::new();
    let image = world.built("suppressed");
    let finding = json!({"VulnerabilityID": "CVE-1", "PkgName": "a", "Severity": "CRITICAL"});
    let modified = json!([{"Type": "vulnerability", "Status": "ignored", "Finding": finding}]);
    let report =
        crate::reports::with(trivy_alpine(&image), "/Results/0/ExperimentalModifiedFindings", modified);
    let rules = "# countersign:input trivy\npackage main\ndeny[m] { m := input.Results[_].Vulnerabilities[_].Nothing }\n";
    let run = validate(&world, &image, &report, rules).expect_code(2);
    assert!(run.stdout.contains("the scanner suppressed findings (CVE-1 first)"), "{}", run.stdout);
    validate(&world, &image, &report, SCAN_POLICY).expect_code(1);
}

#[test]
fn a_loop_a_blow_up_and_a_recursion_without_end_are_stopped() {
    let with = |body: &str| format!("# countersign:input trivy\npackage main\n{body}");
    for (rules, said) in [
        (
            with(
                "n := numbers.range(1, 9999)\ndeny[m] { n[i] + n[j] + n[k] == -1; m := sprintf(\"%d %d %d\", [i, j, k]) }",
            ),
            "the rules did not end within 10 s",
        ),
        (
            with(
                "deny[m] { m := concat(\"\", [s | numbers.range(1, 100000000)[_]; s := \"a long text that is repeated\"]) }",
            ),
            "took more than 1024 MiB of memory",
        ),
        (with("f(x) = f(x)\ndeny[m] { m := f(1) }"), "took more than 1024 MiB of memory"),
    ] {
        let message = refused(&rules);
        assert!(message.contains(said), "{rules}: {message}");
    }
}
