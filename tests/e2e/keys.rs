//! signer-init and signer-retire, in a namespace of their own.

use serde_json::{Value, json};

use crate::cluster::{apply, find, get};
use crate::runs::TaskRun;
use crate::shop::{BUILD, VALIDATION, adapted, catalogued, file, initialise, namespace, shop};

const HERE: &str = "shop-retire";

/// What the cluster holds of a key pair.
fn pair(secret: &str) -> [Value; 2] {
    let data = |kind: &str, name: &str| get(HERE, kind, name)["data"].clone();
    [data("secret", secret), data("configmap", &format!("{secret}-pub"))]
}

fn retire(secret: &str) {
    let account = json!({"serviceAccountName": "countersign-retire"});
    TaskRun::of_task(HERE, "signer-retire", json!({"secret": secret}), account).expect_success();
}

#[test]
fn keys_are_made_once_and_a_retired_one_leaves_its_public_key() {
    shop();
    apply("default", &namespace(HERE).to_string());
    for rights in ["signer-init/init-rbac.yaml", "signer-retire/rbac.yaml"] {
        apply(HERE, &adapted(&file(&format!("tasks/{rights}"))));
    }
    for task in ["signer-init", "signer-retire"] {
        apply(HERE, &catalogued(task));
    }
    initialise(HERE);
    let made = [pair(BUILD), pair(VALIDATION)];
    for [secret, public] in &made {
        assert!(secret["cosign.key"].is_string() && secret["cosign.password"].is_string());
        assert!(public["cosign.pub"].as_str().unwrap().contains("BEGIN PUBLIC KEY"));
    }
    assert_ne!(made[0], made[1]);
    initialise(HERE);
    assert_eq!([pair(BUILD), pair(VALIDATION)], made, "a second run keeps the keys");

    // Twice: what is gone already is fine.
    retire(BUILD);
    retire(BUILD);
    assert_eq!(find(HERE, "secret", BUILD), None);
    assert_eq!(get(HERE, "configmap", &format!("{BUILD}-pub"))["data"], made[0][1]);
    assert_eq!(pair(VALIDATION), made[1]);
}
