//! Files that commands write: results for pipelines, and keys that nobody else can read.

use std::os::unix::fs::PermissionsExt as _;

use crate::world::{APP, World};

fn results(world: &World) -> Vec<String> {
    let read = |name: &str| std::fs::read_to_string(world.home().join("results").join(name)).unwrap();
    ["SIGNED_REF", "SIGNED_DIGEST"].map(read).to_vec()
}

#[test]
fn the_results_are_what_was_signed_and_nothing_else() {
    let world = World::new();
    world.home().write("results/SIGNED_REF", "from an earlier run");
    world.run("sign oci:app:1.0 --allow-tag --key build.key --results-dir results").expect_code(0);
    let digest = APP.split('@').nth(1).unwrap();
    assert_eq!(results(&world), [format!("oci:app:1.0@{digest}"), digest.to_owned()]);
    // Already signed is signed.
    world.run("sign APP --key build.key --results-dir results").expect_code(0);
    assert_eq!(results(&world), [APP, digest]);
}

#[test]
fn results_of_an_earlier_run_do_not_outlive_a_failure() {
    let world = World::new();
    world.home().write("results/SIGNED_DIGEST", "from an earlier run");
    world.run("sign oci:nowhere:1.0 --allow-tag --key build.key --results-dir results").expect_code(3);
    assert_eq!(results(&world), ["", ""]);
}

#[test]
fn results_that_cannot_be_written_are_bad_input_before_anything_is_asked_or_signed() {
    let world = World::new();
    let run =
        world.run("sign oci:nowhere:1.0 --allow-tag --key build.key --results-dir nowhere").expect_code(2);
    assert!(run.stderr.contains("the result file nowhere/SIGNED_REF cannot be written"), "{run:?}");
    world.run("sign APP --key build.key --results-dir nowhere").expect_code(2);
    let listed = world.run("inspect APP").expect_code(0);
    assert!(listed.stdout.contains("nothing is attached"), "{listed:?}");
}

#[test]
fn a_dry_run_writes_no_results() {
    let world = World::new();
    world.home().write("results/SIGNED_DIGEST", "from an earlier run");
    world.run("sign APP --key build.key --results-dir results --dry-run").expect_code(0);
    assert!(!world.home().join("results/SIGNED_REF").exists());
}

#[test]
fn a_private_key_can_be_read_by_its_owner_alone() {
    let world = World::new();
    world
        .command("keys generate --output-prefix new")
        .env("COUNTERSIGN_PASSWORD", "secret")
        .run()
        .expect_code(0);
    let mode = |name: &str| world.home().join(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("new.key"), mode("new.pub")), (0o600, 0o644));
}

#[test]
fn a_key_is_replaced_only_by_force_and_a_pair_that_is_kept_stays() {
    let world = World::new();
    let generate = |more: &str| {
        let line = format!("keys generate --output-prefix new {more}");
        world.command(&line).env("COUNTERSIGN_PASSWORD", "secret").run()
    };
    let key = || std::fs::read(world.home().join("new.key")).unwrap();
    generate("--dry-run").expect_code(0);
    assert!(!world.home().join("new.key").exists() && !world.home().join("new.pub").exists());
    generate("").expect_code(0);
    let first = key();
    generate("").expect_code(2);
    generate("--if-absent").expect_code(0);
    generate("--force --dry-run").expect_code(0);
    assert_eq!(key(), first);
    generate("--force").expect_code(0);
    assert_ne!(key(), first);
}

#[test]
fn a_copy_says_that_signatures_kept_in_another_repository_stay_there() {
    let world = World::new();
    let command = world.command("copy oci:app:1.0 oci:elsewhere:1.0");
    let run = command.env("COSIGN_REPOSITORY", "registry.example.org/signatures").run().expect_code(0);
    assert!(run.stderr.contains("what is kept in registry.example.org/signatures is not copied"), "{run:?}");
    let plain = world.run("copy oci:app:1.0 oci:another:1.0").expect_code(0);
    assert!(!plain.stderr.contains("COSIGN_REPOSITORY"), "{plain:?}");
}

#[test]
fn a_tag_that_is_not_there_is_told_from_one_that_could_not_be_asked() {
    let world = World::new();
    let run = world.run("sign oci:app:none --key build.key").expect_code(2);
    assert!(run.stderr.contains("hint: there is no such tag in the registry"), "{run:?}");
}

#[test]
fn a_dry_run_of_a_copy_writes_nothing() {
    let world = World::new();
    world.run("copy oci:app:1.0 oci:elsewhere:1.0 --dry-run").expect_code(0);
    assert!(!world.home().join("elsewhere").exists());
}

#[test]
fn a_password_is_in_no_output() {
    let world = World::new();
    for line in [
        "sign APP --key encrypted.key -vv",
        "keys public --key encrypted.key --output json",
        "keys generate --output-prefix new -vv --log-format json",
    ] {
        let right = world.command(line).env("COUNTERSIGN_PASSWORD", "correct horse").run().expect_code(0);
        assert!(!right.all().contains("correct horse"), "{right:?}");
    }
    let wrong =
        world.command("sign APP --key encrypted.key -vv").env("COSIGN_PASSWORD", "battery staple").run();
    assert!(wrong.expect_code(2).stderr.contains("the password is wrong"));
}

#[test]
fn policies_that_the_gate_would_refuse_are_not_explained() {
    let world = World::new();
    let text = std::fs::read_to_string(world.home().join("policy.yaml")).unwrap();
    world.home().write("same-name.yaml", &text);
    world.home().write("empty.yaml", "# none yet\n");
    let explain = "policy explain registry.example.org/shop/app:1.0 --policy";
    let run = world.run(&format!("{explain} policy.yaml same-name.yaml")).expect_code(2);
    assert!(run.stderr.contains("two policies have the name `production`"), "{run:?}");
    let run = world.run(&format!("{explain} empty.yaml")).expect_code(2);
    assert!(run.stderr.contains("no policy is loaded"), "{run:?}");
    // One file named twice is one file.
    world.run(&format!("{explain} policy.yaml policy.yaml")).expect_code(0);
}
