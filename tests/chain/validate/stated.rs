//! What a validation signature states: product.md's table of claims, one by one.

use countersign::model::Digest;
use serde_json::{Value, json};

use super::{refused, validated};
use crate::reports::{TRIVY_TIME, grype, made_at, trivy, with};
use crate::support::cli::Countersign;
use crate::world::{LENIENT, STRICT, World, keys, rules_text, verify};

/// One validation of `image`; its claims.
fn claims_of(world: &World, image: &crate::support::image::Pushed, reports: &[Value]) -> Value {
    world.validate(image, reports, LENIENT).run().expect_code(0);
    let both = validated(image);
    assert_eq!(both.len(), 2, "one in each format");
    assert_eq!(both[0], both[1]);
    both[0].clone()
}

fn sorted(mut texts: Vec<String>) -> String {
    texts.sort();
    texts.join(",")
}

#[test]
fn every_claim_is_there_and_no_other() {
    let world = World::new();
    let image = world.built("claims");
    let report = with(trivy(&image), "/Trivy/Version", json!("0.57.1"));
    let before = jiff::Timestamp::now();
    let claims = claims_of(&world, &image, std::slice::from_ref(&report));
    let signed_at: jiff::Timestamp = claims["countersign.dev/signed-at"].as_str().unwrap().parse().unwrap();
    assert!(signed_at.as_second() >= before.as_second() && signed_at <= jiff::Timestamp::now());
    let expected = json!({
        "countersign.dev/role": "validation",
        "countersign.dev/repository": format!("{}/{}", image.host, image.repository),
        "countersign.dev/signed-at": claims["countersign.dev/signed-at"],
        "countersign.dev/countersigns": keys().build.public.fingerprint().to_string(),
        "countersign.dev/scan-report": Digest::of(report.to_string().as_bytes()),
        "countersign.dev/scan-subjects": image.digest,
        "countersign.dev/scan-rules": Digest::of(rules_text(LENIENT).as_bytes()),
        "countersign.dev/scanner": "trivy 0.57.1",
        "countersign.dev/scanned-at": TRIVY_TIME,
        "countersign.dev/scan-result": "pass",
    });
    assert_eq!(claims, expected);
}

#[test]
fn source_and_revision_are_stated_where_given() {
    let world = World::new();
    let image = world.built("source");
    let given = ["--source", "https://git.example/app", "--revision", "4f2a91c", "--annotation", "team=shop"];
    world.validate(&image, &[trivy(&image)], LENIENT).args(given).run().expect_code(0);
    let claims = &validated(&image)[0];
    assert_eq!(claims["countersign.dev/source"], "https://git.example/app");
    assert_eq!(claims["countersign.dev/revision"], "4f2a91c");
    assert_eq!(claims["team"], "shop");
    let secret = "https://bob:s3cret@git.example/app";
    for command in [
        world.validate(&image, &[trivy(&image)], LENIENT).args(["--source", secret]),
        Countersign::new()
            .args(["sign", &image.pinned(), "--key", &keys().build.private_arg()])
            .args(["--source", secret]),
    ] {
        let run = refused(&world, &command, 2);
        assert!(!run.all().contains("s3cret"), "{run:?}");
    }
    let own = world
        .validate(&image, &[trivy(&image)], LENIENT)
        .args(["--annotation", "countersign.dev/revision=x"]);
    refused(&world, &own, 2);
}

#[test]
fn a_report_without_a_time_states_none() {
    let world = World::new();
    let image = world.built("no time");
    let claims = claims_of(&world, &image, &[grype(&image)]);
    assert_eq!(claims.get("countersign.dev/scanned-at"), None);
    assert_eq!(claims["countersign.dev/scanner"], "grype [not provided]");
    // Of two, one without a time: the age of both together is not known.
    let image = world.built("one without a time");
    let claims = claims_of(&world, &image, &[grype(&image), trivy(&image)]);
    assert_eq!(claims.get("countersign.dev/scanned-at"), None);
    assert_eq!(claims["countersign.dev/scanner"], "grype [not provided],trivy dev");
}

#[test]
fn several_reports_are_all_named_and_the_oldest_time_counts() {
    let world = World::new();
    let image = world.built("several");
    let newer = made_at(trivy(&image), "2022-01-01T00:00:00Z".parse().unwrap());
    let reports = [newer, trivy(&image)];
    let claims = claims_of(&world, &image, &reports);
    let digests = reports.iter().map(|report| Digest::of(report.to_string().as_bytes()).to_string());
    assert_eq!(claims["countersign.dev/scan-report"], sorted(digests.collect()));
    assert_eq!(claims["countersign.dev/scan-subjects"], image.digest.to_string());
    assert_eq!(claims["countersign.dev/scanned-at"], TRIVY_TIME);
    assert_eq!(claims["countersign.dev/scanner"], "trivy dev");
}

#[test]
fn every_build_key_that_signed_is_named_and_no_other() {
    let world = World::new();
    let image = world.image("two builders");
    // One in each format: no one place shows both.
    let second = crate::support::keys::TestKey::new();
    world.sign(&image, &keys().build, &["--format", "legacy"]);
    world.sign(&image, &second, &["--format", "bundle"]);
    world.sign(&image, &keys().stranger, &[]);
    let never = crate::support::keys::TestKey::new();
    let command = world.validate(&image, &[trivy(&image)], LENIENT);
    command.args(["--build-key", &second.public_arg(), &never.public_arg()]).run().expect_code(0);
    let fingerprints = [&keys().build, &second].map(|key| key.public.fingerprint().to_string());
    assert_eq!(validated(&image)[0]["countersign.dev/countersigns"], sorted(fingerprints.to_vec()));
}

#[test]
fn annotations_are_stated_beside_and_ours_are_refused() {
    let world = World::new();
    let image = world.built("annotated");
    let command = world.validate(&image, &[trivy(&image)], LENIENT);
    command.clone().args(["--annotation", "team=shop"]).run().expect_code(0);
    assert_eq!(validated(&image)[0]["team"], "shop");
    refused(&world, &command.args(["--annotation", "countersign.dev/role=build"]), 2);
}

#[test]
fn no_claim_of_a_pass_exists_after_a_failure() {
    let world = World::new();
    let image = world.built("failing");
    refused(&world, &world.validate(&image, &[trivy(&image)], STRICT), 1);
    verify(&image.pinned(), &keys().validation, &["--annotation", "countersign.dev/scan-result=pass"])
        .expect_code(1);
}
