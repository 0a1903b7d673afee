//! One key never gives both signatures, and a key's name or hint is never trusted instead of the key.

use countersign::model::{Claims, claims, statement};

use crate::policies::{both, policy, production, signer, signers};
use crate::reports::trivy;
use crate::support::forge;
use crate::support::keys::TestKey;
use crate::world::{LENIENT, World, keys, sign, verify};

#[test]
fn the_build_key_cannot_validate() {
    let world = World::new();
    let image = world.built("one key");
    let command = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().build);
    command.args(["--build-key", &keys().build.public_arg()]).run().expect_code(2);
    sign(&image.pinned(), &keys().build, &["--role", "validation"]).expect_code(2);
    world.gate(&production(&world.registry)).arg(image.pinned()).run().expect_code(1);
}

#[test]
fn a_policy_cannot_name_one_key_for_both_signers() {
    let world = World::new();
    let image = world.built("one key in a policy");
    let both =
        [signer("build", &keys().build, ""), signer("validation", &keys().build, ", countersigns: build")];
    let gate = world.gate(&policy("p", "**", &signers(&both))).arg(image.pinned());
    gate.run().expect_code(2);
    let verify = verify(&image.pinned(), &keys().build, &["--key", &keys().build.public_arg()]);
    verify.expect_code(2);
}

#[test]
fn the_build_key_cannot_state_that_it_validated() {
    let world = World::new();
    let image = world.built("forged by the build");
    let fingerprint = keys().build.public.fingerprint().to_string();
    let mut stated = Claims::new();
    stated.set(claims::ROLE, claims::VALIDATION_ROLE);
    stated.set(claims::SCAN_RESULT, claims::SCAN_PASS);
    stated.set(claims::COUNTERSIGNS, fingerprint);
    let written = statement::to_bytes(&image.digest, &stated);
    // By the build key, under its own name and under that of the validation key.
    for hinted in [&keys().build, &keys().validation] {
        forge::put_bundle(&world.registry, &image, &keys().build, &written, hinted);
    }
    world.gate(&production(&world.registry)).arg(image.pinned()).run().expect_code(1);
    // The same by the validation key counts.
    forge::put_bundle(&world.registry, &image, &keys().validation, &written, &keys().stranger);
    world.gate(&production(&world.registry)).arg(image.pinned()).run().expect_code(0);
}

#[test]
fn a_hint_that_names_a_trusted_key_makes_no_signature_its_own() {
    let world = World::new();
    let image = world.image("hint");
    let written = statement::to_bytes(&image.digest, &Claims::new());
    forge::put_bundle(&world.registry, &image, &keys().stranger, &written, &keys().build);
    verify(&image.pinned(), &keys().build, &[]).expect_code(1);
    let text = policy("p", "**", &signers(&[signer("build", &keys().build, "")]));
    world.gate(&text).arg(image.pinned()).run().expect_code(1);
    let validate = world.validate(&image, &[trivy(&image)], LENIENT);
    validate.run().expect_code(1);
}

#[test]
fn keys_of_the_same_file_name_are_different_keys() {
    let world = World::new();
    let image = world.built("same name");
    let other = TestKey::new();
    assert_eq!(other.public().file_name(), keys().build.public().file_name());
    let validation = signer("validation", &keys().validation, ", countersigns: build");
    let text = policy("p", "**", &signers(&[signer("build", &other, ""), validation]));
    world.countersign(&image);
    world.gate(&text).arg(image.pinned()).run().expect_code(1);
    world.gate(&policy("p", "**", &both())).arg(image.pinned()).run().expect_code(0);
}
