//! pipelines/two-signatures: what gets through it, and what stops where. The names of the applications tell the local
//! build and scan what to do (tests/e2e/tasks).

use std::time::Duration;

use crate::cluster::{SHOP, cosign_accepts, countersign, eventually, find, get, repository, seen};
use crate::shop::{BUILD, VALIDATION, gate, public_key, two_signatures};

fn pinned(name: &str, digest: &str) -> String {
    format!("{}@{digest}", repository(name))
}

#[test]
fn what_passes_is_signed_twice_and_runs_by_its_digest() {
    let run = two_signatures("passes").expect_success();
    let digest = run.reached("build").result("IMAGE_DIGEST");
    let image = pinned("passes", &digest);
    cosign_accepts(&public_key(BUILD), "build", &image).expect_code(0);
    cosign_accepts(&public_key(VALIDATION), "validation", &image).expect_code(0);
    // Each key made its own signature and not the other's.
    cosign_accepts(&public_key(BUILD), "validation", &image).expect_not_code(0);
    cosign_accepts(&public_key(VALIDATION), "build", &image).expect_not_code(0);

    let gate = run.reached("deploy-gate");
    assert_eq!(gate.result("DECISION"), "allowed");
    assert!(gate.result("PINNED_REFS").contains(&digest));
    let deployment = get(SHOP, "deployment", "passes");
    let deployed = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert_eq!(deployed, format!("{}:main@{digest}", repository("passes")));
    eventually("the application runs", Duration::from_secs(120), || {
        let deployment = seen(SHOP, "deployment", "passes")?;
        (deployment["status"]["availableReplicas"] == 1).then_some(())
    });
}

#[test]
fn a_failing_scan_stops_before_the_second_signature_and_shows_its_table() {
    let run = two_signatures("vulnerable").expect_stop("validation-sign", 1, &["deploy-gate", "deploy"]);
    run.reached("validation-sign")
        .expect_log(&["CVE-2019-18224", "CRITICAL", "libidn2-0"])
        .expect_documented("not signed: … does not pass the rules");
    let image = pinned("vulnerable", &run.reached("build").result("IMAGE_DIGEST"));
    cosign_accepts(&public_key(BUILD), "build", &image).expect_code(0);
    cosign_accepts(&public_key(VALIDATION), "validation", &image).expect_not_code(0);
    assert!(find(SHOP, "deployment", "vulnerable").is_none());
}

#[test]
fn a_report_that_was_exchanged_after_the_scan_is_refused() {
    let run = two_signatures("swapped").expect_stop("validation-sign", 2, &["deploy-gate", "deploy"]);
    run.reached("validation-sign").expect_documented("….json is not the report that was asked for");
    let image = pinned("swapped", &run.reached("build").result("IMAGE_DIGEST"));
    cosign_accepts(&public_key(VALIDATION), "validation", &image).expect_not_code(0);
}

#[test]
fn what_is_pushed_over_the_tag_is_neither_signed_nor_deployed() {
    let run = two_signatures("moved").expect_success();
    let built = run.reached("build").result("IMAGE_DIGEST");
    assert_eq!(run.reached("build-sign").result("SIGNED_DIGEST"), built);
    assert_eq!(run.reached("validation-sign").result("SIGNED_DIGEST"), built);
    // What the tag points at is another image, and nobody's key is on it.
    let tag = format!("{}:main", repository("moved"));
    let inspected = countersign(["inspect", "--output", "json", &tag]).expect_code(0);
    assert!(!inspected.stdout.contains(&built), "{inspected:#?}");
    for (key, role) in [(BUILD, "build"), (VALIDATION, "validation")] {
        cosign_accepts(&public_key(key), role, &pinned("moved", &built)).expect_code(0);
        cosign_accepts(&public_key(key), role, &tag).expect_not_code(0);
    }
    let deployment = get(SHOP, "deployment", "moved");
    let deployed = deployment["spec"]["template"]["spec"]["containers"][0]["image"].as_str().unwrap();
    assert_eq!(deployed, format!("{tag}@{built}"));
    // The gate stops a deployment that would take what the tag points at.
    let other = inspected.json()["digest"].as_str().expect("a digest").to_owned();
    let stopped = gate(&pinned("moved", &other)).expect_exit(1);
    stopped.expect_documented("✗ validation: no signature by its key");
}
