//! The gate's report as SARIF: what the standard's schema and the services that take it ask for.

use serde_json::{Value, json};

use super::tanzu::tanzu;
use crate::policies::{pod, production};
use crate::support::cli::Countersign;
use crate::support::peers::tool;
use crate::world::World;

/// Runs the gate for its report, which the schema must accept.
fn sarif(gate: &Countersign, code: i32) -> Value {
    let path = gate.home().join("gate.sarif");
    gate.clone().args(["--report", "sarif=gate.sarif"]).run().expect_code(code);
    Countersign::program(tool("sarif-check")).arg(&path).run().expect_code(0);
    let report: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    report.pointer("/runs/0/results").unwrap().as_array().unwrap().iter().for_each(|one| taken(&report, one));
    report
}

/// What GitHub's code scanning asks for beyond the schema (its page on supported SARIF properties).
fn taken(report: &Value, result: &Value) {
    let rules = report["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
    assert_eq!(rule["id"], result["ruleId"]);
    for text in ["shortDescription", "fullDescription", "help"] {
        assert!(!rule[text]["text"].as_str().unwrap().is_empty(), "{rule}");
    }
    assert!(!result["message"]["text"].as_str().unwrap().is_empty(), "{result}");
    assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()), "{result}");
    let [location] = &result["locations"].as_array().unwrap()[..] else { panic!("{result}") };
    let place = &location["physicalLocation"];
    let uri = place["artifactLocation"]["uri"].as_str().unwrap();
    assert!(!uri.is_empty() && !uri.starts_with('/') && !uri.contains(':'), "{uri}");
    assert!(place["region"]["startLine"].as_u64().unwrap() > 0, "{place}");
    let (hash, number) = fingerprint(result).split_once(':').unwrap();
    assert!(hash.len() == 16 && number.parse::<u32>().is_ok(), "{result}");
}

fn fingerprint(result: &Value) -> &str {
    result["partialFingerprints"]["primaryLocationLineHash"].as_str().unwrap()
}

fn results(report: &Value) -> Vec<Value> {
    report["runs"][0]["results"].as_array().unwrap().clone()
}

/// Rule, level and line of each result.
fn told(report: &Value) -> Vec<(String, String, u64)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |result: &Value| {
        result.pointer("/locations/0/physicalLocation/region/startLine").unwrap().as_u64().unwrap()
    };
    let told = |result: &Value| (text(&result["ruleId"]), text(&result["level"]), line(result));
    results(report).iter().map(told).collect()
}

fn owned(told: &[(&str, &str, u64)]) -> Vec<(String, String, u64)> {
    told.iter().map(|(rule, level, line)| ((*rule).to_owned(), (*level).to_owned(), *line)).collect()
}

#[test]
fn a_sarif_report_has_a_result_for_everything_that_is_not_satisfied_where_it_stands() {
    let world = World::new();
    let (good, bad, gone) = (world.countersigned("good"), world.built("bad"), world.image("gone"));
    world.registry.remove(&gone.repository, &gone.digest.to_string());
    let gate = world.gate(&production(&world.registry)).args(["-f", "k8s"]);
    gate.home().write("k8s/a pod.yaml", pod("app", &[&good.pinned(), &bad.pinned(), &gone.pinned()]));
    let report = sarif(&gate, 1);
    let expected = [("missing", "error", 10), ("unreachable", "warning", 12), ("unreachable", "warning", 12)];
    assert_eq!(told(&report), owned(&expected));
    let missing = &results(&report)[0];
    let place = missing.pointer("/locations/0/physicalLocation").unwrap();
    assert_eq!(place["artifactLocation"], json!({"uri": "k8s/a%20pod.yaml", "uriBaseId": "%SRCROOT%"}));
    let columns = [14, 14 + bad.pinned().len()];
    assert_eq!(json!([place["region"]["startColumn"], place["region"]["endColumn"]]), json!(columns));
    let text = missing["message"]["text"].as_str().unwrap();
    assert!(
        text.starts_with("denied: policy production: signer validation: no signature by its key"),
        "{text}"
    );
    assert!(text.contains(&bad.pinned()), "{text}");
    let invocation = &report["runs"][0]["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&json!(false), &json!(1)));
    let notified = invocation["toolExecutionNotifications"].to_string();
    assert!(notified.contains("not in the registry"), "{notified}");
}

#[test]
fn a_fingerprint_stays_when_lines_move_and_changes_with_the_image() {
    let world = World::new();
    let (one, other) = (world.image("one"), world.image("other"));
    let gate = world.gate(&production(&world.registry)).args(["-f", "pod.yaml"]);
    let fingerprints = |text: String| -> Vec<String> {
        gate.home().write("pod.yaml", text);
        results(&sarif(&gate, 1)).iter().map(|result| fingerprint(result).to_owned()).collect()
    };
    let before = fingerprints(pod("app", &[&one.pinned()]));
    assert_eq!(before.len(), 2);
    assert_ne!(before[0], before[1]);
    assert_eq!(fingerprints(format!("# moved\n\n{}", pod("app", &[&one.pinned()]))), before);
    let after = fingerprints(pod("app", &[&other.pinned()]));
    assert!(after.iter().all(|fingerprint| !before.contains(fingerprint)), "{before:?} {after:?}");
}

#[test]
fn a_policy_that_stops_nothing_warns_or_notes_and_what_is_allowed_has_no_result() {
    let world = World::new();
    let (image, good) = (world.image("watched"), world.countersigned("good"));
    for (mode, level) in [("Warn", "warning"), ("Audit", "note")] {
        let policy = production(&world.registry).replace("spec:\n", &format!("spec:\n  mode: {mode}\n"));
        let report = sarif(&world.gate(&policy).arg(image.pinned()), 0);
        assert_eq!(told(&report), owned(&[("missing", level, 1), ("missing", level, 1)]));
        assert_eq!(results(&report)[0]["properties"]["mode"], mode);
        assert_eq!(report["runs"][0]["invocations"][0]["executionSuccessful"], true);
    }
    let report = sarif(&world.gate(&production(&world.registry)).arg(good.pinned()), 0);
    assert_eq!(results(&report), Vec::<Value>::new());
    assert_eq!(report["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap().len(), 12);
}

#[test]
fn an_image_that_stands_in_no_file_is_found_under_its_name() {
    let world = World::new();
    let image = world.image("named");
    let report = sarif(&world.gate(&production(&world.registry)).arg(image.pinned()), 1);
    let uri = results(&report)[0].pointer("/locations/0/physicalLocation/artifactLocation/uri").cloned();
    let name = format!("{}/{}", image.host.replace(':', "%3A"), image.repository);
    assert_eq!(uri, Some(json!(name)));
    // Standard input is no file in a repository either.
    let gate =
        world.gate(&production(&world.registry)).args(["-f", "-"]).input(pod("app", &[&image.pinned()]));
    let report = sarif(&gate, 1);
    let uri = results(&report)[0].pointer("/locations/0/physicalLocation/artifactLocation/uri").cloned();
    assert_eq!(uri, Some(json!(name)));
}

#[test]
fn an_image_that_no_policy_speaks_of_is_a_result_as_the_setting_says() {
    let world = World::new();
    let gate = |setting: &str| {
        let gate = world.gate(&production(&world.registry)).args(["--no-match", setting]);
        gate.arg(format!("other.example.org/app@{}", world.image("other").digest))
    };
    assert_eq!(told(&sarif(&gate("deny"), 1)), owned(&[("no-match", "error", 1)]));
    assert_eq!(told(&sarif(&gate("warn"), 0)), owned(&[("no-match", "warning", 1)]));
    assert_eq!(told(&sarif(&gate("allow"), 0)), []);
}

#[test]
fn a_policy_with_alternatives_has_one_result_if_none_of_them_is_enough() {
    let world = World::new();
    let policy = tanzu(&[(&format!("{}/shop/*", world.registry.host()), "first second")]);
    let report = sarif(&world.gate(&policy).arg(world.image("unsigned").pinned()), 1);
    assert_eq!(told(&report), owned(&[("missing", "error", 1)]));
    let report = sarif(&world.gate(&policy).arg(world.built("signed").pinned()), 0);
    assert_eq!(results(&report), Vec::<Value>::new());
}
