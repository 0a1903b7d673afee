//! Indexes: a report for each runnable child.

use serde_json::Value;

use super::{not_validated, refused, validated};
use crate::reports::{grype, trivy};
use crate::support::image::{self, Pushed, PushedIndex};
use crate::support::registry::{Act, Fault, Place, Times};
use crate::world::{LENIENT, REPOSITORY, STRICT, World, keys};

/// An index with its build signature, and one on each manifest below it if asked for.
fn index(world: &World, content: &str, more: &[&str]) -> PushedIndex {
    let pushed = image::index(&world.registry, REPOSITORY, "1.4", content);
    world.sign(&pushed.index, &keys().build, more);
    pushed
}

/// The children that run.
fn runnable(pushed: &PushedIndex) -> Vec<&Pushed> {
    let (_, nested) = pushed.nested.as_ref().unwrap();
    pushed.platforms.iter().chain([nested]).collect()
}

fn reports(children: &[&Pushed]) -> Vec<Value> {
    children.iter().map(|child| trivy(child)).collect()
}

#[test]
fn an_index_needs_a_report_for_each_child_that_runs_nested_ones_too() {
    let world = World::new();
    let pushed = index(&world, "all scanned", &[]);
    let children = runnable(&pushed);
    world.validate(&pushed.index, &reports(&children), LENIENT).run().expect_code(0);
    let subjects = validated(&pushed.index)[0]["countersign.dev/scan-subjects"].as_str().unwrap().to_owned();
    let mut expected: Vec<String> = children.iter().map(|child| child.digest.to_string()).collect();
    expected.sort();
    assert_eq!(subjects, expected.join(","));
    // The index alone is signed.
    children.into_iter().for_each(not_validated);
}

#[test]
fn an_index_with_one_platform_unscanned_is_refused() {
    let world = World::new();
    let pushed = index(&world, "one unscanned", &[]);
    let children = runnable(&pushed);
    for missing in 0..children.len() {
        let mut scanned = children.clone();
        let unscanned = scanned.remove(missing);
        let run = refused(&world, &world.validate(&pushed.index, &reports(&scanned), LENIENT), 2);
        assert!(run.stderr.contains(&format!("{}", unscanned.digest)), "{}", run.stderr);
        assert!(run.stderr.contains("has no scan report"), "{}", run.stderr);
    }
}

#[test]
fn one_platform_that_fails_denies_the_index() {
    let world = World::new();
    let pushed = index(&world, "one fails", &[]);
    let children = runnable(&pushed);
    let clean: Vec<Value> = children.iter().map(|child| crate::reports::clean(child)).collect();
    let mut one_fails = clean.clone();
    one_fails[1] = trivy(children[1]);
    refused(&world, &world.validate(&pushed.index, &one_fails, STRICT), 1);
    world.validate(&pushed.index, &clean, STRICT).run().expect_code(0);
}

#[test]
fn a_report_about_none_of_the_children_is_refused() {
    let world = World::new();
    let pushed = index(&world, "one too many", &[]);
    let other = world.image("another");
    let mut all = runnable(&pushed);
    all.push(&other);
    let run = refused(&world, &world.validate(&pushed.index, &reports(&all), LENIENT), 2);
    assert!(run.stderr.contains("speaks of none of the 3 platforms"), "{}", run.stderr);
}

#[test]
fn a_digest_that_names_the_index_binds_no_report() {
    let world = World::new();
    let pushed = index(&world, "named by the index", &[]);
    let children = runnable(&pushed);
    let mut all = reports(&children);
    all[0] = trivy(&world.image("something else"));
    all[0]["Metadata"]["RepoDigests"] = serde_json::json!([pushed.index.pinned()]);
    refused(&world, &world.validate(&pushed.index, &all, LENIENT), 2);
}

#[test]
fn an_index_of_which_nothing_runs_is_refused() {
    let world = World::new();
    let mut pushed = image::index(&world.registry, REPOSITORY, "1.4", "nothing runs");
    let mut body: Value = serde_json::from_slice(&pushed.index.bytes).unwrap();
    let attestation = body["manifests"][2].clone();
    body["manifests"] = Value::Array(vec![attestation]);
    let bytes = body.to_string().into_bytes();
    pushed.index.digest = countersign::model::Digest::of(&bytes);
    world.registry.put_manifest(REPOSITORY, "1.5", &pushed.index.media_type, &bytes);
    world.sign(&pushed.index, &keys().build, &[]);
    let report = trivy(pushed.attestation.as_ref().unwrap());
    let run = refused(&world, &world.validate(&pushed.index, &[report], LENIENT), 2);
    assert!(run.stderr.contains("nothing in this index runs"), "{}", run.stderr);
}

#[test]
fn no_annotation_exempts_a_child() {
    let world = World::new();
    let mut pushed = image::index(&world.registry, REPOSITORY, "1.4", "annotated");
    let mut body: Value = serde_json::from_slice(&pushed.index.bytes).unwrap();
    body["manifests"][0]["annotations"] =
        serde_json::json!({"vnd.docker.reference.type": "attestation-manifest"});
    let bytes = body.to_string().into_bytes();
    pushed.index.digest = countersign::model::Digest::of(&bytes);
    world.registry.put_manifest(REPOSITORY, "1.5", &pushed.index.media_type, &bytes);
    world.sign(&pushed.index, &keys().build, &[]);
    let children = runnable(&pushed);
    refused(&world, &world.validate(&pushed.index, &reports(&children[1..]), LENIENT), 2);
}

#[test]
fn recursive_signs_each_child_that_runs_before_the_index() {
    let world = World::new();
    let pushed = index(&world, "recursive", &["--recursive"]);
    let children = runnable(&pushed);
    let command = world.validate(&pushed.index, &reports(&children), LENIENT).arg("--recursive");
    command.args(["--format", "legacy"]).run().expect_code(0);
    let puts: Vec<String> = world.registry.writes().into_iter().map(|request| request.path).collect();
    let place = |image: &Pushed| puts.iter().position(|path| path.ends_with(&image.sig_tag())).unwrap();
    for child in &children {
        assert!(place(child) < place(&pushed.index), "{puts:#?}");
        // A child's signature speaks of its own report alone.
        let claims = &validated(child)[0];
        assert_eq!(claims["countersign.dev/scan-subjects"], child.digest.to_string());
    }
    validated(&pushed.index);
    let (nested, _) = pushed.nested.as_ref().unwrap();
    not_validated(nested);
    not_validated(pushed.attestation.as_ref().unwrap());
}

#[test]
fn recursive_needs_a_build_signature_on_every_child() {
    let world = World::new();
    let pushed = index(&world, "children unsigned", &[]);
    let children = runnable(&pushed);
    for child in &children[1..] {
        world.sign(child, &keys().build, &[]);
    }
    let command = world.validate(&pushed.index, &reports(&children), LENIENT).arg("--recursive");
    let run = refused(&world, &command, 1);
    assert!(run.stderr.contains(&children[0].digest.to_string()), "{}", run.stderr);
    world.sign(children[0], &keys().build, &[]);
    command.run().expect_code(0);
}

#[test]
fn a_platform_is_validated_alone_on_its_own_build_signature() {
    let world = World::new();
    let pushed = index(&world, "one platform", &[]);
    let arm64 = &pushed.platforms[1];
    let command = world.validate(&pushed.index, &[trivy(arm64)], LENIENT).args(["--platform", "linux/arm64"]);
    // The build signature on the index is not its own.
    refused(&world, &command, 1);
    world.sign(arm64, &keys().build, &[]);
    command.run().expect_code(0);
    assert_eq!(validated(arm64)[0]["countersign.dev/scan-subjects"], arm64.digest.to_string());
    not_validated(&pushed.index);
    not_validated(&pushed.platforms[0]);
}

#[test]
fn a_platform_that_is_not_there_is_refused_with_those_that_are() {
    let world = World::new();
    let pushed = index(&world, "no such platform", &[]);
    let command = world.validate(&pushed.index, &[trivy(&pushed.platforms[0])], LENIENT);
    let run = refused(&world, &command.args(["--platform", "linux/s390x"]), 2);
    assert!(run.stderr.contains("linux/amd64, linux/arm64, linux/riscv64"), "{}", run.stderr);
}

#[test]
fn a_report_for_another_platform_is_refused() {
    let world = World::new();
    let pushed = index(&world, "other platform", &["--recursive"]);
    let command = world.validate(&pushed.index, &[grype(&pushed.platforms[0])], LENIENT);
    let run = refused(&world, &command.args(["--platform", "linux/arm64"]), 2);
    assert!(run.stderr.contains("about another image"), "{}", run.stderr);
}

#[test]
fn a_child_that_is_not_in_the_registry_leaves_the_index_undecided() {
    let world = World::new();
    let pushed = index(&world, "child gone", &[]);
    let children = runnable(&pushed);
    world.registry.remove(REPOSITORY, &children[2].digest.to_string());
    refused(&world, &world.validate(&pushed.index, &reports(&children), LENIENT), 3);
}

#[test]
fn a_child_that_cannot_be_signed_leaves_the_index_unsigned() {
    let world = World::new();
    let pushed = index(&world, "child refused", &["--recursive"]);
    let children = runnable(&pushed);
    world.registry.misbehave(Fault::on_writes(Place::SigTag, Act::Status(403)).times(Times::First(1)));
    let command = world.validate(&pushed.index, &reports(&children), LENIENT).arg("--recursive");
    command.args(["--format", "legacy"]).run().expect_code(3);
    world.registry.behave();
    not_validated(&pushed.index);
}

#[test]
fn the_results_name_the_platform_that_was_signed() {
    let world = World::new();
    let pushed = index(&world, "results", &["--recursive"]);
    let arm64 = &pushed.platforms[1];
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let command = world.validate(&pushed.index, &[trivy(arm64)], LENIENT).args(["--platform", "linux/arm64"]);
    command.arg("--results-dir").arg(&results).run().expect_code(0);
    let read = |name: &str| std::fs::read_to_string(results.join(name)).unwrap();
    assert_eq!((read("SIGNED_REF"), read("SIGNED_DIGEST")), (arm64.pinned(), arm64.digest.to_string()));
}
