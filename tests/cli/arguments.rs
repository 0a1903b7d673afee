//! Arguments as pipelines write them: optional parameters that are empty, arrays, and the image after them.

use crate::world::World;

#[test]
fn an_empty_parameter_is_as_if_it_were_not_given() {
    let world = World::new();
    let line = "sign APP --key build.key --role '' --source '' --revision= --annotation '' a=b '' --format '' \
                --results-dir '' --ca-file '' --registry-config '' --password-file '' --timeout '' --output '' \
                --mirror '' --plain-http '' --signature-repository ''";
    let run = world.run(line).expect_code(0);
    assert!(run.stdout.contains("bundle and legacy") && run.stdout.contains("role = build"), "{run:?}");
    world.command("verify APP --key '' build.pub -a ''").env("COSIGN_REPOSITORY", "").run().expect_code(0);
}

#[test]
fn an_empty_parameter_of_the_second_signature_and_the_gate_is_as_if_it_were_not_given() {
    let world = World::new();
    world.run("sign APP --key build.key").expect_code(0);
    let line = "validate APP --build-key '' build.pub --scan reports/app.json '' --scan-digest '' --rules rules.yaml \
                --key validation.key --policy '' --build-signer '' --platform '' --annotation '' --format '' \
                --results-dir '' --signature-repository ''";
    world.run(line).expect_code(0);
    let line = "gate '' -f deploy.yaml '' --policy policy.yaml '' --no-match '' --namespace '' --ignore-kind '' \
                --report '' --results-dir '' --signature-repository '' --pin-in-place \
                --mirror registry.example.org/shop=oci:. ''";
    world.run(line).expect_code(0);
    let line = "policy explain registry.example.org/shop/app:1.0 --policy '' policy.yaml --namespace ''";
    world.run(line).expect_code(0);
}

#[test]
fn a_required_parameter_that_is_empty_is_missing() {
    let world = World::new();
    for line in [
        "sign '' --key build.key",
        "sign APP --key ''",
        "verify APP --key '' ''",
        "verify APP --key=",
        "validate APP --build-key '' --scan reports/app.json --rules rules.yaml --key validation.key",
        "validate APP --build-key build.pub --scan '' --rules rules.yaml --key validation.key",
        "validate APP --build-key build.pub --scan reports/app.json --rules '' --key validation.key",
        "gate -f deploy.yaml --policy ''",
        "gate '' --policy policy.yaml",
        "policy check ''",
    ] {
        let run = world.run(line).expect_code(2);
        assert!(
            ["not provided", "no image is given", "none was supplied"]
                .iter()
                .any(|why| run.stderr.contains(why)),
            "{run:?}"
        );
    }
}

#[test]
fn an_image_may_stand_after_options_with_any_number_of_values() {
    let world = World::new();
    world.run("sign --key build.key --annotation a=b c=d APP").expect_code(0);
    for line in [
        "verify --key build.pub APP",
        "verify --annotation a=b c=d --key build.pub APP",
        "verify --key build.pub --annotation a=b c=d APP",
        "verify --key build.pub --annotation a=b APP --output json",
        "verify --key build.pub --plain-http localhost:5000 oci:app:1.0",
        "inspect --mirror registry.example.org=oci:mirror --plain-http a b APP",
        "verify --key build.pub -- APP",
        "validate --key validation.key --rules rules.yaml --build-key build.pub --scan reports/app.json APP",
        "validate --key validation.key --rules rules.yaml --scan reports/app.json APP --build-key build.pub",
        "policy explain --policy policy.yaml APP",
    ] {
        let run = world.run(line).expect_code(0);
        assert!(run.stdout.contains("sha256:58ff39b0"), "{line}: {run:?}");
    }
}

#[test]
fn every_image_is_decided_on_wherever_it_stands() {
    let world = World::new();
    let digest = "@sha256:58ff39b02c8a918fbeb8c7e61c9c273100c2d164f4cb802560c6d4a1211fe139";
    let (one, other) =
        (format!("registry.example.org/one{digest}"), format!("registry.example.org/two{digest}"));
    for line in [
        "gate ONE OTHER --policy policy.yaml",
        "gate --policy policy.yaml ONE OTHER",
        "gate ONE --policy policy.yaml OTHER",
        "gate ONE --policy policy.yaml --ignore-kind Task OTHER",
        "gate ONE --policy policy.yaml --plain-http localhost:5000 OTHER",
        "gate --policy policy.yaml --no-match deny -- ONE OTHER",
    ] {
        let line = line.replace("ONE", &one).replace("OTHER", &other);
        let run = world.run(&line).expect_code(1);
        assert!(run.stdout.contains("2 images: 2 denied"), "{line}: {run:?}");
    }
}

#[test]
fn a_forgotten_image_is_asked_for_and_no_value_is_taken_for_it() {
    let world = World::new();
    for line in [
        "verify --key build.pub release.pub",
        "verify --key build.pub mistyped.pub",
        "verify --key build.pub --plain-http localhost:5000",
        "verify --key build.pub --annotation stage",
        "inspect --mirror registry.example.org=oci:app",
        "sign --key build.key --annotation a=b",
    ] {
        let run = world.run(line).expect_code(2);
        assert!(run.stderr.contains("required arguments were not provided: <IMAGE"), "{line}: {run:?}");
    }
}

#[test]
fn arguments_that_are_no_text_are_refused_without_a_panic() {
    use std::os::unix::ffi::OsStrExt as _;
    let world = World::new();
    let run = world.command("inspect").arg(std::ffi::OsStr::from_bytes(b"oci:\xff")).run().expect_code(2);
    assert!(run.stderr.starts_with("error: ") && !run.stderr.contains("panicked"), "{run:?}");
}

#[test]
fn what_is_written_on_the_command_line_is_shown_escaped() {
    let world = World::new();
    for line in ["sign APP --key \u{1b}[31m --format \u{1b}[31m", "keys generate \u{1b}[31m", "\u{1b}[31m"] {
        let run = world.run(line).expect_code(2);
        assert!(run.stderr.starts_with("error: ") && !run.all().contains('\u{1b}'), "{run:?}");
    }
}
