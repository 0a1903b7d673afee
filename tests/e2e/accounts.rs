//! Who can read which key, asked of the real API server with the token of each account, as a step would.

use serde_json::Value;

use crate::cluster::{CI, bed, find, kubectl};
use crate::shop::{BUILD, VALIDATION, shop};
use crate::support::cli::{Countersign, Run};
use crate::support::peers::tool;

/// Reads an object with nothing but the token of a service account.
fn read_as(account: &str, kind: &str, name: &str) -> Run {
    let token = kubectl(["create", "token", account, "--namespace", CI]).run().expect_code(0).stdout;
    // A configuration of its own: the administrator's certificate would be shown beside the token.
    let command = Countersign::program(tool("kubectl"));
    command
        .args(["--kubeconfig", "/dev/null", "--server", &format!("https://{}:6443", bed("NODE"))])
        .args(["--certificate-authority", &format!("{}/pki/ca.crt", bed("BED"))])
        .args(["--token", token.trim(), "get", kind, name, "--namespace", CI, "--output=json"])
        .run()
}

fn expect_forbidden(account: &str, kind: &str, name: &str) {
    let run = read_as(account, kind, name).expect_not_code(0);
    assert!(run.stderr.contains("Forbidden"), "{run:#?}");
}

fn expect_key(account: &str, secret: &str) {
    let secret: Value = read_as(account, "secret", secret).expect_code(0).json();
    assert!(secret["data"]["cosign.key"].is_string(), "{secret}");
}

#[test]
fn each_signer_reads_its_own_key_and_not_the_other_one() {
    shop();
    expect_key("countersign-build", BUILD);
    expect_key("countersign-validation", VALIDATION);
    expect_forbidden("countersign-build", "secret", VALIDATION);
    expect_forbidden("countersign-validation", "secret", BUILD);
}

#[test]
fn who_builds_scans_decides_or_deploys_reads_no_key() {
    shop();
    for account in ["app-builder", "app-deployer", "countersign-gate"] {
        for secret in [BUILD, VALIDATION] {
            expect_forbidden(account, "secret", secret);
        }
    }
}

#[test]
fn the_account_that_made_both_keys_is_gone() {
    shop();
    assert_eq!(find(CI, "serviceaccount", "countersign-init"), None);
    for kind in ["rolebinding", "role"] {
        assert_eq!(find(CI, kind, "countersign-init"), None);
    }
}

#[test]
fn public_keys_are_read_by_who_verifies_and_changed_by_nobody() {
    shop();
    for account in ["countersign-gate", "countersign-validation"] {
        for secret in [BUILD, VALIDATION] {
            let run = read_as(account, "configmap", &format!("{secret}-pub")).expect_code(0);
            assert!(run.stdout.contains("BEGIN PUBLIC KEY"), "{run:#?}");
        }
    }
    let accounts = ["build", "validation", "gate"].map(|name| format!("countersign-{name}"));
    for account in accounts.iter().map(String::as_str).chain(["app-builder", "app-deployer"]) {
        for what in [
            "configmap/countersign-build-key-pub",
            "configmap/countersign-policy",
            "configmap/countersign-rules",
        ] {
            for verb in ["update", "patch", "delete"] {
                let user = format!("--as=system:serviceaccount:{CI}:{account}");
                let run =
                    kubectl(["auth", "can-i", verb, what, "--namespace", CI, &user]).run().expect_code(1);
                assert_eq!(run.stdout.trim(), "no", "{account} {verb} {what}: {run:#?}");
            }
        }
    }
}
