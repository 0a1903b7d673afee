//! The drop-in Task in a Pipeline that is otherwise as it was, with a key that cosign made.

use serde_json::json;

use crate::cluster::{SHOP, apply, bed, cosign_accepts, get, repository};
use crate::runs::PipelineRun;
use crate::shop::{adapted, belongings, catalogued, file, json_of, namespace, shop};
use crate::support::peers::cosign;

const HERE: &str = "shop-build";

/// The account of the old Pipeline: it has the registry's login, reads its key, and deploys.
fn account() -> String {
    let role = |namespace: &str, rule: serde_json::Value| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": {"name": "pipeline", "namespace": namespace}, "rules": [rule],
        })
    };
    let binding = |namespace: &str| {
        json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": {"name": "pipeline", "namespace": namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "pipeline"},
            "subjects": [{"kind": "ServiceAccount", "name": "pipeline", "namespace": HERE}],
        })
    };
    let reads = json!({"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"],
        "resourceNames": ["cosign-key-password"]});
    let deploys =
        json!({"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "create", "patch"]});
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "pipeline"},
        "secrets": [{"name": "registry"}],
    });
    let items = [account, role(HERE, reads), role(SHOP, deploys), binding(HERE), binding(SHOP)];
    json!({"apiVersion": "v1", "kind": "List", "items": items}).to_string()
}

/// What the namespace has before the change, and the Task in the ClusterTask's place. That Task has no workspace for
/// the registry's authority: its image knows it.
fn old_pipeline() {
    apply("default", &namespace(HERE).to_string());
    apply(HERE, &belongings().to_string());
    apply(HERE, &account());
    let key = cosign().env("KUBECONFIG", bed("KUBECONFIG")).env("COSIGN_PASSWORD", "of cosign's");
    key.args(["generate-key-pair", &format!("k8s://{HERE}/cosign-key-password")]).run().expect_code(0);
    for task in ["git-clone", "buildah", "trivy-scan"] {
        apply(HERE, &adapted(&file(&format!("tests/e2e/tasks/{task}.yaml"))));
    }
    apply(HERE, &adapted(&file("pipelines/two-signatures/deploy.yaml")));
    let (ours, trusting) = ["countersign@", "bed/countersign-trusting:1"]
        .map(|name| format!("default: {}/{name}", bed("PLATFORM")))
        .into();
    let drop_in = catalogued("stakater-cosign-v1");
    let lines = drop_in.lines().map(|line| match line.split_once(&ours) {
        Some((indent, _)) => format!("{indent}{trusting}"),
        None => line.to_owned(),
    });
    apply(HERE, &lines.collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_drop_in_signs_in_a_pipeline_that_changes_one_word() {
    shop();
    old_pipeline();
    let [before, after] =
        ["before", "after"].map(|name| adapted(&file(&format!("pipelines/migration/{name}.yaml"))));
    let changed = json_of(&before).to_string().replacen(r#""kind":"ClusterTask""#, r#""kind":"Task""#, 1);
    assert_eq!(changed, json_of(&after).to_string());
    apply(HERE, &after);

    let image = format!("{}:main", repository("migrated"));
    let claim =
        json!({"spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let run = PipelineRun::run(&json!({
        "apiVersion": "tekton.dev/v1", "kind": "PipelineRun",
        "metadata": {"namespace": HERE, "generateName": "app-"},
        "spec": {
            "pipelineRef": {"name": "app"},
            "params": [
                {"name": "url", "value": "https://git.example.org/shop/migrated.git"},
                {"name": "image", "value": image},
            ],
            "workspaces": [{"name": "source", "volumeClaimTemplate": claim}],
            "taskRunTemplate": {"serviceAccountName": "pipeline"},
        },
    }))
    .expect_success();

    let digest = run.reached("build-and-push").result("IMAGE_DIGEST");
    run.reached("image-signing").expect_log(&[&digest]);
    let public = get(HERE, "secret", "cosign-key-password");
    let public = entry_of_secret(&public["data"]["cosign.pub"]);
    cosign_accepts(&public, "build", &format!("{}@{digest}", repository("migrated"))).expect_code(0);
}

/// An entry of a secret.
fn entry_of_secret(entry: &serde_json::Value) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(entry.as_str().expect("an entry")).unwrap();
    String::from_utf8(bytes).unwrap()
}
