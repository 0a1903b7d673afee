//! What attestations cost those who ask for signatures: nothing.

use countersign::model::{bundle, statement};
use serde_json::{Value, json};

use super::{counted, counts};
use crate::policies::{both, policy};
use crate::reports::{trivy, with};
use crate::support::forge;
use crate::support::image::Pushed;
use crate::support::registry::Config;
use crate::world::{LENIENT, World, keys, verify};

/// What `verify` and `gate` ask of the registry: methods and paths.
fn requests(world: &World, image: &Pushed) -> Vec<String> {
    world.registry.forget_requests();
    verify(&image.pinned(), &keys().validation, &[]).expect_code(0);
    // Nothing settles the answer early: all that there is must be looked at.
    verify(&image.pinned(), &keys().stranger, &[]).expect_code(1);
    world.gate(&policy("p", "**", &both())).arg(image.pinned()).run().expect_code(0);
    let asked = world.registry.requests().into_iter();
    let digests_apart =
        |path: String| path.replace(&image.digest.to_string(), "IMAGE").replace(&image.digest.hex(), "IMAGE");
    let mut asked: Vec<String> = asked
        .map(|request| format!("{} {}", request.method, digests_apart(request.path)))
        .map(|request| request.split("sha256:").next().unwrap().to_owned())
        .collect();
    asked.sort();
    asked
}

#[test]
fn verifying_an_image_with_attestations_asks_for_no_more_than_without() {
    for config in [Config::default(), Config::without_referrers()] {
        let world = World::with(config);
        let image = world.countersigned("without attestations");
        let without = requests(&world, &image);
        world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        assert_eq!(counted(&image), counts(&["bundle", "legacy"], 1, 1));
        assert_eq!(requests(&world, &image), without);
    }
}

#[test]
fn a_large_attestation_beside_signatures_makes_no_answer_invalid_or_undecided() {
    for config in [Config::default(), Config::without_referrers()] {
        let world = World::with(config);
        let image = world.built("large");
        let large = with(trivy(&image), "/Padding", json!("x".repeat(3 << 20)));
        world.attest(&image, &[large], LENIENT).run().expect_code(0);
        let found = verify(&image.pinned(), &keys().validation, &[]).expect_code(0).json();
        assert_eq!(
            (&found["images"][0]["invalid"], &found["images"][0]["unreachable"]),
            (&json!([]), &json!([]))
        );
        let denied = verify(&image.pinned(), &keys().stranger, &[]).expect_code(1).json();
        assert_eq!(
            (&denied["images"][0]["invalid"], &denied["images"][0]["unreachable"]),
            (&json!([]), &json!([]))
        );
        super::report(&image.pinned()).run().expect_code(0);
    }
}

/// Annotations that no writer of ours would put beside a digest in the fallback index.
fn with_annotations(world: &World, image: &Pushed, annotations: &Value) {
    let tag = image.fallback_tag();
    let index = world.registry.manifest(&image.repository, &tag).unwrap();
    let mut index: Value = serde_json::from_slice(&index).unwrap();
    for entry in index["manifests"].as_array_mut().unwrap() {
        entry["annotations"] = annotations.clone();
    }
    let media_type = "application/vnd.oci.image.index.v1+json";
    world.registry.put_manifest(&image.repository, &tag, media_type, index.to_string().as_bytes());
}

#[test]
fn annotations_that_hint_at_nothing_hide_no_signature() {
    let world = World::with(Config::without_referrers());
    let image = world.image("odd annotations");
    world.sign(&image, &keys().build, &["--format", "bundle"]);
    let name = bundle::PREDICATE_ANNOTATION;
    for annotations in [
        json!(null),
        json!(5),
        json!([]),
        json!({name: 5}),
        json!({name: ""}),
        json!({name: {}}),
        json!({name: "x".repeat(300)}),
        json!({name: statement::SIGNATURE_PREDICATE}),
        json!({"other": [1]}),
    ] {
        with_annotations(&world, &image, &annotations);
        verify(&image.pinned(), &keys().build, &[]).expect_code(0);
    }
}

#[test]
fn a_hint_beside_a_digest_hides_only_its_own_entry() {
    let world = World::with(Config::without_referrers());
    let image = world.image("listed twice");
    world.sign(&image, &keys().build, &["--format", "bundle"]);
    let tag = image.fallback_tag();
    let index = world.registry.manifest(&image.repository, &tag).unwrap();
    let mut index: Value = serde_json::from_slice(&index).unwrap();
    let mut hiding = index["manifests"][0].clone();
    hiding["annotations"] = json!({bundle::PREDICATE_ANNOTATION: super::VULNERABILITY});
    index["manifests"].as_array_mut().unwrap().insert(0, hiding);
    let media_type = "application/vnd.oci.image.index.v1+json";
    world.registry.put_manifest(&image.repository, &tag, media_type, index.to_string().as_bytes());
    verify(&image.pinned(), &keys().build, &[]).expect_code(0);
}

#[test]
fn an_attestation_without_a_hint_is_fetched_and_is_no_signature() {
    let world = World::new();
    let image = world.image("no hint");
    let stated = statement::attestation("app", &image.digest, super::VULNERABILITY, "{}").unwrap();
    forge::put_bundle(&world.registry, &image, &keys().build, &stated, &keys().build);
    verify(&image.pinned(), &keys().build, &[]).expect_code(1);
}
