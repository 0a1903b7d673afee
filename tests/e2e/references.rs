//! Tasks that a run takes from elsewhere: from another namespace by the cluster resolver, from a bundle by the bundles
//! resolver.

use serde_json::{Value, json};

use crate::cluster::{CI, apply, bed};
use crate::runs::TaskRun;
use crate::shop::{as_account, build_sign_params, built, catalogued, namespace, registry_workspaces};

/// Signs with the Task that a resolver finds.
fn resolved(image: &(String, String), resolver: &str, params: &[(&str, &str)]) -> TaskRun {
    let params: Vec<Value> =
        params.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    let reference = json!({"resolver": resolver, "params": params});
    let spec = as_account("countersign-build", registry_workspaces());
    TaskRun::of_ref(CI, reference, build_sign_params(image), spec)
}

#[test]
fn the_cluster_resolver_takes_a_task_from_another_namespace() {
    let image = built("cluster-resolver");
    apply("default", &namespace("catalog").to_string());
    apply("catalog", &catalogued("build-sign"));
    let params = [("kind", "task"), ("name", "build-sign"), ("namespace", "catalog")];
    let run = resolved(&image, "cluster", &params).expect_success();
    assert_eq!(run.result("SIGNED_DIGEST"), image.1);
    let source = &run.object()["status"]["provenance"]["refSource"]["uri"];
    assert!(source.as_str().unwrap_or_default().contains("/namespaces/catalog/"), "{source}");
}

#[test]
fn the_bundles_resolver_takes_a_task_from_its_bundle_and_from_that_of_all() {
    let image = built("bundles-resolver");
    for name in ["build-sign", "tasks"] {
        let bundle = format!("{}/bundles/{name}:1", bed("PLATFORM"));
        let params = [("bundle", bundle.as_str()), ("name", "build-sign"), ("kind", "task")];
        let run = resolved(&image, "bundles", &params).expect_success();
        assert_eq!(run.result("SIGNED_DIGEST"), image.1);
        let source = &run.object()["status"]["provenance"]["refSource"]["uri"];
        assert!(source.as_str().unwrap_or_default().contains(&format!("/bundles/{name}")), "{source}");
    }
}
