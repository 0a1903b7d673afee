//! A signature is never written for a digest nobody named (in the argument, or as a child in its manifest), nor for
//! an image that is not in the registry.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::reports::trivy;
use crate::support::image::{self, Pushed, PushedIndex};
use crate::world::{LENIENT, REPOSITORY, World, keys, sign};

/// The digests that a signature was written for, in either format.
fn signed(world: &World) -> BTreeSet<String> {
    let mut signed = BTreeSet::new();
    for request in world.registry.writes() {
        let Some((_, name)) = request.path.rsplit_once("/manifests/") else { continue };
        match name.strip_suffix(".sig") {
            Some(tag) => drop(signed.insert(tag.replace("sha256-", "sha256:"))),
            None => {
                let bytes = world.registry.manifest(REPOSITORY, &name.replace("%3A", ":")).unwrap();
                let manifest: Value = serde_json::from_slice(&bytes).unwrap();
                signed.insert(manifest["subject"]["digest"].as_str().unwrap().to_owned());
            }
        }
    }
    world.registry.forget_requests();
    signed
}

fn digests<'a>(images: impl IntoIterator<Item = &'a Pushed>) -> BTreeSet<String> {
    images.into_iter().map(|image| image.digest.to_string()).collect()
}

/// The children that run.
fn runnable(pushed: &PushedIndex) -> Vec<&Pushed> {
    pushed.platforms.iter().chain(pushed.nested.iter().map(|(_, inner)| inner)).collect()
}

#[test]
fn sign_writes_for_the_digest_in_the_argument_alone() {
    let world = World::new();
    let pushed = image::index(&world.registry, REPOSITORY, "1.4", "index");
    world.image("another one");
    sign(&pushed.index.pinned(), &keys().build, &[]).expect_code(0);
    assert_eq!(signed(&world), digests([&pushed.index]));
    sign(&pushed.index.pinned(), &keys().stranger, &["--recursive"]).expect_code(0);
    assert_eq!(signed(&world), digests(pushed.children().into_iter().chain([&pushed.index])));
    sign(&pushed.platforms[0].pinned(), &keys().validation, &["--recursive"]).expect_code(0);
    assert_eq!(signed(&world), digests([&pushed.platforms[0]]));
}

#[test]
fn validate_writes_for_what_was_named_and_scanned_alone() {
    let world = World::new();
    let pushed = image::index(&world.registry, REPOSITORY, "1.4", "index");
    world.sign(&pushed.index, &keys().build, &["--recursive"]);
    let runnable = runnable(&pushed);
    let reports: Vec<Value> = runnable.iter().map(|child| trivy(child)).collect();
    let one = world.validate(&pushed.index, &reports[..1], LENIENT).args(["--platform", "linux/amd64"]);
    one.run().expect_code(0);
    assert_eq!(signed(&world), digests([&pushed.platforms[0]]));
    let all = world.validate(&pushed.index, &reports, LENIENT);
    all.run().expect_code(0);
    assert_eq!(signed(&world), digests([&pushed.index]));
    world.registry.remove(REPOSITORY, &pushed.platforms[0].sig_tag());
    all.arg("--recursive").run().expect_code(0);
    let runnable: BTreeSet<String> = digests(runnable);
    assert!(signed(&world).is_subset(&runnable));
}

#[test]
fn a_tag_is_not_signed() {
    let world = World::new();
    let image = world.built("tag");
    sign(&image.tagged("1.4"), &keys().stranger, &[]).expect_code(2);
    world.validate_named(&image.tagged("1.4"), &[trivy(&image)], LENIENT).run().expect_code(2);
    assert_eq!(signed(&world), BTreeSet::new());
}

#[test]
fn an_image_that_is_not_in_the_registry_is_not_signed() {
    let world = World::new();
    let image = world.built("gone");
    world.registry.remove(REPOSITORY, &image.digest.to_string());
    sign(&image.pinned(), &keys().stranger, &[]).expect_code(3);
    world.validate(&image, &[trivy(&image)], LENIENT).run().expect_code(3);
    // Nor one that another digest's bytes stand for.
    let other = world.image("other");
    world.registry.overwrite(REPOSITORY, &other.digest.to_string(), &image.bytes);
    sign(&other.pinned(), &keys().stranger, &[]).expect_code(3);
    assert_eq!(signed(&world), BTreeSet::new());
}
