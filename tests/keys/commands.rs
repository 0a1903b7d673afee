//! `countersign keys` as people run it: exit codes, and what is never printed.

use crate::support::cli::{Countersign, Run};
use crate::support::keys::TestKey;
use crate::support::temp::TempFolder;

const SECRET: &str = "correct horse battery staple";

fn generate(folder: &TempFolder, more: &[&str]) -> Run {
    let command = Countersign::new().env("COUNTERSIGN_PASSWORD", SECRET).args(["keys", "generate"]);
    let run = command.arg("--output-prefix").arg(folder.join("build")).args(more).run();
    assert!(!run.all().contains(SECRET) && !run.all().contains("PRIVATE KEY"), "{run:?}");
    run
}

#[test]
fn a_pair_that_exists_is_bad_input_unless_it_may_be_kept_or_replaced() {
    let folder = TempFolder::new();
    generate(&folder, &[]).expect_code(0);
    let key = std::fs::read(folder.join("build.key")).unwrap();
    generate(&folder, &[]).expect_code(2);
    generate(&folder, &["--if-absent"]).expect_code(0);
    assert_eq!(std::fs::read(folder.join("build.key")).unwrap(), key);
    generate(&folder, &["--force"]).expect_code(0);
    assert_ne!(std::fs::read(folder.join("build.key")).unwrap(), key);
}

#[test]
fn files_need_a_password_and_an_unwritable_folder_is_bad_input() {
    let folder = TempFolder::new();
    let without =
        Countersign::new().args(["keys", "generate", "--output-prefix"]).arg(folder.join("build")).run();
    let without = without.expect_code(2);
    assert!(without.stderr.contains("no password was given"), "{without:?}");
    let nowhere = TempFolder::new();
    std::fs::remove_dir(nowhere.path()).unwrap();
    generate(&nowhere, &[]).expect_code(2);
}

#[test]
fn a_wrong_password_is_bad_input_and_is_not_repeated() {
    let folder = TempFolder::new();
    generate(&folder, &[]).expect_code(0);
    let guess = "another horse";
    let run = Countersign::new().env("COSIGN_PASSWORD", guess).args(["keys", "public", "--key"]);
    let run = run.arg(folder.join("build.key")).run().expect_code(2);
    assert!(run.stderr.contains("password is wrong") && !run.all().contains(guess), "{run:?}");
}

#[test]
fn a_key_store_that_this_build_lacks_is_named() {
    let run =
        Countersign::new().args(["keys", "public", "--key", "awskms:///alias/build"]).run().expect_code(2);
    assert!(run.stderr.contains("no support for `awskms` keys"), "{run:?}");
}

#[test]
fn the_public_key_of_a_plain_private_key_needs_no_password() {
    let key = TestKey::new();
    let run = Countersign::new().args(["keys", "public", "--key"]).arg(key.private()).run().expect_code(0);
    assert_eq!(run.stdout.trim(), key.public.to_pem().trim());
}

#[test]
fn without_a_cluster_a_secret_is_bad_input_and_with_an_unreachable_one_undecided() {
    let ask = |command: Countersign| command.args(["keys", "public", "--key", "k8s://ci/build"]).run();
    ask(Countersign::new()).expect_code(2);
    let folder = TempFolder::new();
    let config = folder.write(
        "config",
        r#"{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
            "clusters": [{"name": "k", "cluster": {"server": "http://127.0.0.1:1"}}],
            "users": [{"name": "u", "user": {"token": "hidden-token"}}]}"#,
    );
    let run = ask(Countersign::new().env("KUBECONFIG", config)).expect_code(3);
    assert!(!run.all().contains("hidden-token"), "{run:?}");
}
