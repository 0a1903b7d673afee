//! Tasks by themselves: what they say where the image or the registry is not as they need it.

use serde_json::{Value, json};

use crate::cluster::{CI, apply, cosign_accepts, repository};
use crate::runs::TaskRun;
use crate::shop::{
    BUILD, as_account, build_sign, build_sign_params, built, gate, public_key, registry_workspaces, shop,
};

/// build-sign of an image that is in the registry, with these workspaces.
fn build_sign_with(image: &(String, String), workspaces: Value) -> TaskRun {
    TaskRun::of_task(CI, "build-sign", build_sign_params(image), as_account("countersign-build", workspaces))
}

#[test]
fn the_gate_denies_an_image_with_one_signature() {
    let image = built("once");
    let gate = || gate(&format!("{}@{}", image.0, image.1)).expect_exit(1);
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
    let run = build_sign_with(&image, workspaces).expect_exit(3);
    run.expect_documented("cause: 401 Unauthorized: UNAUTHORIZED: authentication required");
    let pinned = format!("{}@{}", image.0, image.1);
    cosign_accepts(&public_key(BUILD), "build", &pinned).expect_not_code(0);
    build_sign_with(&image, registry_workspaces()).expect_success();
    cosign_accepts(&public_key(BUILD), "build", &pinned).expect_code(0);
}

#[test]
fn an_unknown_authority_is_told_from_a_missing_signature() {
    let image = built("authority");
    let login = registry_workspaces()[0].clone();
    let run = build_sign_with(&image, json!([login])).expect_exit(3);
    run.expect_documented("cause: the server's certificate is signed by an unknown CA (UnknownIssuer)");
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
    run("countersign-build").expect_exit(3).expect_documented(
        "cause: not authorized: … asks for user and password, and there is no credential for it",
    );
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

/// An image that is in no registry, which what is refused before that never asks for.
fn nowhere() -> (String, String) {
    shop();
    (repository("nowhere"), format!("sha256:{}", "0".repeat(64)))
}

#[test]
fn what_is_no_digest_is_refused() {
    let image = (nowhere().0, "main".to_owned());
    let run = build_sign_with(&image, registry_workspaces()).expect_exit(2);
    run.expect_documented("… is not a digest: sha256: and 64 lower-case hexadecimal digits are expected");
}

#[test]
fn an_account_that_may_not_read_the_key_gets_no_signature() {
    let spec = as_account("countersign-validation", registry_workspaces());
    let run = TaskRun::of_task(CI, "build-sign", build_sign_params(&nowhere()), spec).expect_exit(3);
    run.expect_documented(
        "key …: Kubernetes API server … refused: HTTP 403: secrets \"…\" is forbidden: User \
         \"system:serviceaccount:…\" cannot get resource \"secrets\" …",
    );
}

#[test]
fn an_image_that_is_not_in_the_registry_is_not_signed() {
    let run = build_sign_with(&nowhere(), registry_workspaces()).expect_exit(3);
    run.expect_documented("… is not in the registry");
}

#[test]
fn keys_that_come_as_workspaces_need_no_token() {
    let image = built("workspaces");
    // No token of this account is mounted.
    let sign = |task: &str, params: Value, more: &[Value]| {
        let mut workspaces = registry_workspaces();
        workspaces.as_array_mut().unwrap().extend_from_slice(more);
        TaskRun::of_task(CI, task, params, as_account("app-builder", workspaces)).expect_success()
    };
    let digest = json!({"image": image.0, "digest": image.1});
    let key = |secret: &str| json!({"name": "key", "secret": {"secretName": secret}});
    assert_eq!(sign("build-sign", digest, &[key(BUILD)]).result("SIGNED_DIGEST"), image.1);
    cosign_accepts(&public_key(BUILD), "build", &format!("{}@{}", image.0, image.1)).expect_code(0);
}
