//! What the gate writes destroys nothing, and a failure to write is the whole answer.

use std::os::unix::fs::symlink;

use super::{report, says};
use crate::policies::{pod, policy, production};
use crate::world::{World, entries, shown};

/// A policy that allows everything.
fn free() -> String {
    policy("free", "**", "  action: Allow\n")
}

#[test]
fn results_that_cannot_be_written_are_the_one_answer() {
    let world = World::new();
    let image = world.countersigned("full");
    let manifest = world.file("pod.yaml", pod("app", &[&image.tagged("1.4")]));
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    symlink("/dev/full", results.join("DECISION")).unwrap();
    let gate =
        world.gate(&production(&world.registry)).args(["-f", &manifest, "--results-dir", &shown(&results)]);
    let json = report(&gate.clone().arg("--allow-tag"), 2);
    assert_eq!(json["error"]["kind"], "usage", "{json:#}");
    let run = gate.clone().arg("--pin").run().expect_code(2);
    assert_eq!(run.stdout, "");
    gate.arg("--pin-in-place").run().expect_code(2);
    assert!(!std::fs::read_to_string(manifest).unwrap().contains("@sha256:"));
}

#[test]
fn without_the_manifests_in_place_the_results_name_no_decision() {
    let world = World::new();
    let image = world.countersigned("in place");
    // A name that is as long as a name may be leaves no room for a new file beside it.
    let manifest = world.file(&format!("{}.yaml", "x".repeat(250)), pod("app", &[&image.tagged("1.4")]));
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let gate = world.gate(&production(&world.registry)).args([
        "--pin-in-place",
        "-f",
        &manifest,
        "--results-dir",
        &shown(&results),
    ]);
    gate.run().expect_code(2);
    for path in entries(&results) {
        assert_eq!(std::fs::read_to_string(path).unwrap(), "");
    }
}

#[test]
fn a_report_is_not_written_over_what_is_read_or_over_another() {
    let world = World::new();
    let image = world.image("over");
    let text = pod("app", &[&image.pinned()]);
    let manifest = world.file("app/pod.yaml", &text);
    let policy = world.file("policy.yaml", free());
    let folder = shown(&world.folder.join("app"));
    symlink("../policy.yaml", world.folder.join("app/link.xml")).unwrap();
    let gate = world.gate(&free().replace("free", "open")).args(["-f", &folder, "--policy", &policy]);
    let refused = |reports: &[String]| {
        let run = gate.clone().arg("--report").args(reports).run().expect_code(2);
        says(&run, "would be written over another file");
    };
    refused(&[format!("json={manifest}")]);
    refused(&[format!("junit={folder}/link.xml")]);
    // It would be read by the next run.
    refused(&[format!("json={folder}/report.json")]);
    let path = shown(&world.folder.join("report"));
    refused(&[format!("json={path}"), format!("junit={folder}/../report")]);
    assert_eq!(std::fs::read_to_string(&manifest).unwrap(), text);
    assert_eq!(std::fs::read_to_string(&policy).unwrap(), free());
    assert_eq!(entries(&world.folder.join("app")).len(), 2);
    assert!(!world.folder.join("report").exists());
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn a_run_without_a_decision_leaves_the_last_report() {
    let world = World::new();
    let path = world.file("report.json", "the last one, longer than the next");
    let fresh = world.folder.join("fresh.xml");
    let gate =
        world.gate(&free()).args(["--report", &format!("json={path}"), &format!("junit={}", shown(&fresh))]);
    gate.clone().args(["-f", "-"]).run().expect_code(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "the last one, longer than the next");
    assert!(!fresh.exists());
    gate.arg(world.image("report").pinned()).run().expect_code(0);
    serde_json::from_str::<serde_json::Value>(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert!(fresh.exists());
}

#[test]
fn references_are_listed_only_if_all_are_allowed() {
    let world = World::new();
    let (good, bad) = (world.countersigned("good"), world.image("bad"));
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    world.file("results/PINNED_REFS.json", "from an earlier run");
    let gate = world.gate(&production(&world.registry)).arg("--results-dir").arg(&results);
    gate.args([good.pinned(), bad.pinned()]).run().expect_code(1);
    assert_eq!(std::fs::read_to_string(results.join("PINNED_REFS")).unwrap(), "[]");
    assert!(!results.join("PINNED_REFS.json").exists());
}

#[test]
fn with_pin_an_error_stands_on_standard_error_whatever_is_wrong() {
    let world = World::new();
    let gate = world.gate(&free()).args(["--pin", "--output", "json"]);
    let run = gate.clone().args(["-f", "-", "--no-such-option"]).run().expect_code(2);
    assert_eq!(run.stdout, "");
    assert!(run.stderr.contains("\"error\""), "{run:#?}");
    assert_eq!(gate.args(["-f", "-"]).run().expect_code(2).stdout, "");
}
