//! Tasks by themselves: what they say where the image or the registry is not as they need it.

use serde_json::{Value, json};

use crate::cluster::{CI, apply, cosign_accepts, repository};
use crate::runs::TaskRun;
use crate::shop::{
    BUILD, as_account, build_sign, build_sign_params, built, public_key, registry_workspaces, shop,
};

/// build-sign of an image that is in the registry, with these workspaces.
fn build_sign_with(image: &(String, String), workspaces: Value) -> TaskRun {
    TaskRun::of_task(CI, "build-sign", build_sign_params(image), as_account("countersign-build", workspaces))
}

#[test]
fn the_gate_denies_an_image_with_one_signature() {
    let image = built("once");
    let mut workspaces = registry_workspaces();
    let policy = json!({"name": "policy", "configMap": {"name": "countersign-policy"}});
    workspaces.as_array_mut().unwrap().push(policy);
    let gate = || {
        let params = json!({"images": [format!("{}@{}", image.0, image.1)]});
        let spec = as_account("countersign-gate", workspaces.clone());
        TaskRun::of_task(CI, "deploy-gate", params, spec).expect_exit(1)
    };
    gate().expect_log(&["✗ build: no signature by its key", "✗ validation: no signature by its key"]);
    build_sign(&image);
    let denied = gate().expect_log(&["✓ build", "✗ validation: no signature by its key"]);
    assert_eq!(denied.result("DECISION"), "denied");
}

#[test]
fn a_wrong_password_is_told_from_a_missing_signature() {
    let image = built("password");
    let mut workspaces = registry_workspaces();
    workspaces[0]["secret"]["secretName"] = json!("registry-wrong");
    build_sign_with(&image, workspaces).expect_exit(3).expect_log(&["401 Unauthorized"]);
    let pinned = format!("{}@{}", image.0, image.1);
    cosign_accepts(&public_key(BUILD), "build", &pinned).expect_not_code(0);
    build_sign_with(&image, registry_workspaces()).expect_success();
    cosign_accepts(&public_key(BUILD), "build", &pinned).expect_code(0);
}

#[test]
fn an_unknown_authority_is_told_from_a_missing_signature() {
    let image = built("authority");
    let login = registry_workspaces()[0].clone();
    build_sign_with(&image, json!([login])).expect_exit(3).expect_log(&["UnknownIssuer"]);
}

#[test]
fn the_login_of_the_service_account_is_taken_where_no_workspace_has_one() {
    let image = built("account");
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "with-login"},
        "secrets": [{"name": "registry"}],
    });
    apply(CI, &account.to_string());
    apply(CI, &signs_the_build("with-login").to_string());
    let authority = registry_workspaces()[1].clone();
    let run = |account: &str| {
        let spec = as_account(account, json!([authority]));
        TaskRun::of_task(CI, "build-sign", build_sign_params(&image), spec)
    };
    run("countersign-build").expect_exit(3);
    assert_eq!(run("with-login").expect_success().result("SIGNED_DIGEST"), image.1);
}

/// Binds the Role that reads the build key to another account.
fn signs_the_build(account: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": format!("{account}-signs")},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "countersign-build"},
        "subjects": [{"kind": "ServiceAccount", "name": account}],
    })
}

#[test]
fn a_tag_in_place_of_a_digest_is_refused_before_anything_is_asked() {
    shop();
    let image = (repository("tag"), "main".to_owned());
    build_sign_with(&image, registry_workspaces()).expect_exit(2);
}
