//! What is written, when nothing is, and what is handed on.

use serde_json::json;

use super::{listed, not_validated, refused, validated};
use crate::reports::{clean, grype, trivy};
use crate::support::image::Pushed;
use crate::support::registry::{Act, Fault, Place};
use crate::world::{LENIENT, World, keys};

#[test]
fn a_tag_is_refused_and_what_it_points_at_is_told() {
    let world = World::new();
    let image = world.built("tagged");
    let command = world.validate_named(&image.tagged("1.4"), &[trivy(&image)], LENIENT);
    let run = refused(&world, &command, 2);
    assert!(run.stderr.contains(&image.digest.to_string()), "{}", run.stderr);
}

#[test]
fn an_image_that_is_not_in_the_registry_is_undecided() {
    let world = World::new();
    let image = world.built("gone");
    world.registry.remove(&image.repository, &image.digest.to_string());
    let run = refused(&world, &world.validate(&image, &[trivy(&image)], LENIENT), 3);
    assert!(run.stderr.contains("not in the registry"), "{}", run.stderr);
}

#[test]
fn a_configuration_that_is_not_in_the_registry_is_undecided() {
    let world = World::new();
    let image = world.built("no configuration");
    world.registry.remove(&image.repository, &image.config().to_string());
    refused(&world, &world.validate(&image, &[trivy(&image)], LENIENT), 3);
}

#[test]
fn a_configuration_with_other_bytes_is_undecided() {
    let world = World::new();
    let image = world.built("forged configuration");
    let forged = json!({"architecture": "amd64", "os": "linux", "rootfs": {"diff_ids": ["a", "b"]}});
    world.registry.overwrite(&image.repository, &image.config().to_string(), forged.to_string().as_bytes());
    refused(&world, &world.validate(&image, &[trivy(&image)], LENIENT), 3);
}

#[test]
fn a_dry_run_writes_nothing_and_says_what_it_would() {
    let world = World::new();
    let image = world.built("dry run");
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let command = world.validate(&image, &[trivy(&image)], LENIENT).args(["--dry-run", "--output", "json"]);
    let run = refused(&world, &command.arg("--results-dir").arg(&results), 0);
    let report = run.json();
    assert_eq!(report["dryRun"], true);
    assert_eq!(report["results"][0]["written"], false);
    assert_eq!(report["results"][0]["formats"], json!(["bundle", "legacy"]));
    assert_eq!(report["results"][0]["claims"]["countersign.dev/scan-result"], "pass");
    assert_eq!(std::fs::read_dir(&results).unwrap().count(), 0);
    not_validated(&image);
}

#[test]
fn the_same_again_writes_nothing() {
    let world = World::new();
    let image = world.built("again");
    let command = world.validate(&image, &[trivy(&image)], LENIENT).args(["--output", "json"]);
    assert_eq!(command.run().expect_code(0).json()["results"][0]["written"], true);
    let again = refused(&world, &command, 0).json();
    assert_eq!(again["results"][0]["written"], false);
    assert_eq!(again["results"][0]["formats"], json!(["bundle", "legacy"]));
}

#[test]
fn another_report_other_rules_or_another_build_key_write_again() {
    let world = World::new();
    let image = world.built("something else");
    let second = crate::support::keys::TestKey::new();
    world.sign(&image, &second, &[]);
    let first = world.validate(&image, &[trivy(&image)], LENIENT);
    first.run().expect_code(0);
    let others = [
        world.validate(&image, &[clean(&image)], LENIENT),
        world.validate(&image, &[trivy(&image)], "deny: {severities: [MEDIUM]}"),
        first.clone().args(["--build-key", &second.public_arg()]),
    ];
    for (number, command) in others.iter().enumerate() {
        let results = command.clone().args(["--output", "json"]).run().expect_code(0).json();
        assert_eq!(results["results"][0]["written"], true, "{results:#}");
        assert_eq!(validated(&image).len(), 2 * (number + 2));
    }
    refused(&world, &first, 0);
}

#[test]
fn a_missing_format_is_added() {
    let world = World::new();
    let image = world.built("formats");
    let command = world.validate(&image, &[trivy(&image)], LENIENT);
    command.clone().args(["--format", "legacy"]).run().expect_code(0);
    assert_eq!(formats(&image), ["legacy"]);
    command.run().expect_code(0);
    assert_eq!(formats(&image), ["bundle", "legacy"]);
}

/// The formats in which the image is validated.
fn formats(image: &Pushed) -> Vec<String> {
    let listed = listed(image);
    let mut formats: Vec<String> =
        listed.iter().map(|signature| signature["format"].as_str().unwrap().to_owned()).collect();
    formats.sort();
    formats
}

#[test]
fn a_format_that_is_refused_leaves_the_other_and_is_told() {
    let world = World::new();
    let image = world.built("immutable");
    world.registry.misbehave(Fault::on_writes(Place::SigTag, Act::ImmutableTag(409)));
    let command = world.validate(&image, &[trivy(&image)], LENIENT).args(["--output", "json"]);
    let run = command.run().expect_code(3);
    let result = &run.json()["results"][0];
    assert_eq!(result["formats"], json!(["bundle"]));
    assert_eq!(result["failed"][0]["format"], "legacy");
    assert!(run.stderr.contains("--format bundle"), "{}", run.stderr);
}

#[test]
fn the_results_name_the_image_and_its_digest() {
    let world = World::new();
    let image = world.built("results");
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let command = world.validate(&image, &[trivy(&image)], LENIENT).arg("--results-dir").arg(&results);
    command.run().expect_code(0);
    let read = |name: &str| std::fs::read_to_string(results.join(name)).unwrap();
    assert_eq!(read("SIGNED_REF"), image.pinned());
    assert_eq!(read("SIGNED_DIGEST"), image.digest.to_string());
}

#[test]
fn a_denial_leaves_the_results_empty() {
    let world = World::new();
    let image = world.image("denied results");
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let command = world.validate(&image, &[trivy(&image)], LENIENT).arg("--results-dir").arg(&results);
    refused(&world, &command, 1);
    for name in ["SIGNED_REF", "SIGNED_DIGEST"] {
        assert_eq!(std::fs::read_to_string(results.join(name)).unwrap(), "");
    }
}

#[test]
fn the_json_has_one_object_for_every_part_of_the_answer() {
    let world = World::new();
    let image = world.built("json");
    let command = world.validate(&image, &[grype(&image)], LENIENT).args(["--output", "json"]);
    let report = command.run().expect_code(0).json();
    assert_eq!(report["decision"], "allowed");
    assert_eq!(report["build"][0]["policies"][0]["signers"][0]["name"], "build");
    let scan = &report["scans"][0];
    assert_eq!(scan["digest"], image.digest.to_string());
    assert_eq!((&scan["platform"], &scan["passed"]), (&json!("linux/amd64"), &json!(true)));
    let result = &report["results"][0];
    assert_eq!(result["reference"], image.pinned());
    assert_eq!(result["key"], keys().validation.public.fingerprint().to_string());
    assert_eq!(report.get("error"), None);
}

#[test]
fn another_repository_holds_the_signatures_where_it_is_named() {
    let world = World::new();
    let image = world.image("elsewhere");
    let elsewhere = format!("{}/signatures", image.host);
    let named = ["--signature-repository", elsewhere.as_str()];
    world.sign(&image, &keys().build, &named);
    refused(&world, &world.validate(&image, &[trivy(&image)], LENIENT), 1);
    world.validate(&image, &[trivy(&image)], LENIENT).args(named).run().expect_code(0);
    assert!(world.registry.writes().iter().all(|request| request.path.starts_with("/v2/signatures/")));
    crate::world::verify(&image.pinned(), &keys().validation, &named).expect_code(0);
    not_validated(&image);
}

#[test]
fn an_image_in_a_folder_is_validated_without_a_registry() {
    let world = World::new();
    let image = world.built("folder");
    let folder = format!("oci:{}", world.folder.join("layout").display());
    crate::support::cli::Countersign::new().args(["copy", &image.pinned(), &folder]).run().expect_code(0);
    world.registry.forget_requests();
    let pinned = format!("{folder}@{}", image.digest);
    world.validate_named(&pinned, &[trivy(&image)], LENIENT).run().expect_code(0);
    assert_eq!(world.registry.requests().len(), 0);
    crate::world::verify(&pinned, &keys().validation, &[]).expect_code(0);
}
