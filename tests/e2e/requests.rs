//! pipelines/pull-request: what a change would get, said without a signer's key.

use serde_json::json;

use crate::cluster::{apply, bed, cosign_accepts, countersign, kubectl};
use crate::runs::PipelineRun;
use crate::shop::{
    BUILD, adapted, belongings, file, json_of, manifests, namespace, public_key, shop, with_authority,
};

const HERE: &str = "shop-pr";

/// The Pipeline, and what its reader has.
fn install() {
    shop();
    apply("default", &namespace(HERE).to_string());
    apply(HERE, &belongings().to_string());
    let rules = adapted(&file("pipelines/two-signatures/rules.yaml"));
    apply(HERE, &rules.replace("namespace: shop-ci", &format!("namespace: {HERE}")));
    for path in manifests("tests/e2e/tasks") {
        apply(HERE, &adapted(&path));
    }
    for name in ["accounts", "judge-scan", "pipeline"] {
        apply(HERE, &adapted(&file(&format!("pipelines/pull-request/{name}.yaml"))));
    }
}

/// A run as run.yaml has it, for an application.
fn change_of(name: &str) -> PipelineRun {
    let run = adapted(&file("pipelines/pull-request/run.yaml"))
        .replace(
            &format!("{}/tools/countersign:0.1.0", bed("SHOP")),
            &format!("{}/countersign:1", bed("PLATFORM")),
        )
        .replace("shop-pr/app:", &format!("shop-pr/{name}:"));
    PipelineRun::run(&with_authority(json_of(&run)))
}

#[test]
fn a_change_is_judged_by_the_same_rules_and_signed_by_nobody() {
    install();
    let good = change_of("app").expect_success();
    let image = format!("{}/shop-pr/app@{}", bed("SHOP"), good.reached("build").result("IMAGE_DIGEST"));
    cosign_accepts(&public_key(BUILD), "build", &image).expect_not_code(0);
    let attached = countersign(["inspect", "--output", "json", &image]).expect_code(0).json();
    assert_eq!((&attached["attached"], &attached["unreachable"]), (&json!([]), &json!([])), "{attached:#}");
    let bad = change_of("vulnerable").expect_stop("judge", 1, &[]);
    bad.reached("judge").expect_log(&["CVE-2019-18224", "CRITICAL"]);
    // No key of a signer is in the namespace.
    let secrets = kubectl(["get", "secrets", "--namespace", HERE, "--output=json"]).run().json();
    let keys = secrets["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|secret| secret["data"]["cosign.key"] != json!(null));
    assert_eq!(keys.count(), 0, "{secrets}");
}
