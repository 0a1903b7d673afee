//! The build signature: who must have made it, and what becomes of a validation without one.

use super::{not_validated, refused, validated};
use crate::reports::trivy;
use crate::support::keys::TestKey;
use crate::support::registry::{Act, Fault, Place};
use crate::world::{LENIENT, STRICT, World, keys};

#[test]
fn without_a_build_signature_nothing_is_signed() {
    let world = World::new();
    let image = world.image("unsigned");
    let run = refused(&world, &world.validate(&image, &[trivy(&image)], LENIENT), 1);
    assert!(run.stderr.contains("has no build signature that counts"), "{}", run.stderr);
    not_validated(&image);
}

#[test]
fn a_build_signature_by_another_key_does_not_count() {
    let world = World::new();
    let image = world.image("signed by a stranger");
    world.sign(&image, &keys().stranger, &[]);
    refused(&world, &world.validate(&image, &[trivy(&image)], LENIENT), 1);
}

#[test]
fn a_build_signature_on_another_image_does_not_count() {
    let world = World::new();
    let (signed, other) = (world.built("signed"), world.image("not signed"));
    let layers = world.registry.manifest(&signed.repository, &signed.sig_tag()).unwrap();
    world.registry.put_manifest(
        &other.repository,
        &other.sig_tag(),
        "application/vnd.oci.image.manifest.v1+json",
        &layers,
    );
    let run = refused(&world, &world.validate(&other, &[trivy(&other)], LENIENT), 1);
    assert!(run.stdout.contains("invalid"), "it is named: {}", run.stdout);
}

#[test]
fn any_of_several_build_keys_will_do() {
    let world = World::new();
    let image = world.built("rotated");
    let command = world.validate(&image, &[trivy(&image)], LENIENT);
    command.args(["--build-key", &keys().stranger.public_arg()]).run().expect_code(0);
    let by = &validated(&image)[0]["countersign.dev/countersigns"];
    assert_eq!(*by, keys().build.public.fingerprint().to_string());
}

#[test]
fn a_validation_made_with_the_build_key_is_no_build_signature() {
    let world = World::new();
    let image = world.built("roles");
    // The stranger validates, and is then taken for a builder.
    let by_stranger = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().stranger);
    by_stranger.args(["--build-key", &keys().build.public_arg()]).run().expect_code(0);
    let command = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().validation);
    let run = refused(&world, &command.args(["--build-key", &keys().stranger.public_arg()]), 1);
    assert!(run.stderr.contains("has no build signature that counts"), "{}", run.stderr);
}

#[test]
fn a_build_signature_that_cannot_be_asked_for_is_undecided() {
    let world = World::new();
    let image = world.built("unreachable");
    for place in [Place::SigTag, Place::Referrers] {
        world.registry.misbehave(Fault::on_reads(place, Act::Status(403)));
    }
    refused(&world, &world.validate(&image, &[trivy(&image)], LENIENT), 3);
}

#[test]
fn a_failing_report_comes_before_a_build_signature_that_cannot_be_asked_for() {
    let world = World::new();
    let image = world.built("denied before undecided");
    for place in [Place::SigTag, Place::Referrers] {
        world.registry.misbehave(Fault::on_reads(place, Act::Status(403)));
    }
    refused(&world, &world.validate(&image, &[trivy(&image)], STRICT), 1);
}

#[test]
fn a_report_for_another_image_comes_before_a_missing_build_signature() {
    let world = World::new();
    let (image, other) = (world.image("this"), world.image("that"));
    refused(&world, &world.validate(&image, &[trivy(&other)], LENIENT), 2);
}

#[test]
fn one_key_cannot_give_both_signatures() {
    let world = World::new();
    let image = world.built("one key");
    let run = refused(
        &world,
        &world
            .validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().build)
            .args(["--build-key", &keys().build.public_arg()]),
        2,
    );
    assert!(run.stderr.contains("one key cannot give both signatures"), "{}", run.stderr);
    // Among several, and where the other did sign.
    world.sign(&image, &keys().stranger, &[]);
    let both = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().build);
    let both = both.args(["--build-key", &keys().stranger.public_arg(), &keys().build.public_arg()]);
    refused(&world, &both, 2);
}

#[test]
fn one_key_in_another_spelling_cannot_give_both_signatures() {
    let world = World::new();
    let image = world.image("two spellings");
    let pair = TestKey::of(countersign::model::key::Algorithm::Rsa(2048));
    world.sign(&image, &pair, &[]);
    let spelled = world.file("pkcs1.pem", pkcs1(&pair));
    assert_ne!(std::fs::read(&spelled).unwrap(), std::fs::read(pair.public()).unwrap());
    let command = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &pair);
    let run = refused(&world, &command.args(["--build-key", &spelled]), 2);
    assert!(run.stderr.contains("one key cannot give both signatures"), "{}", run.stderr);
}

/// The same RSA key as `RSA PUBLIC KEY`: what stands in its SPKI after the heads of the three elements before it.
fn pkcs1(pair: &TestKey) -> String {
    const HEADS: usize = 4 + 15 + 5;
    countersign::model::key::pem::write("RSA PUBLIC KEY", &pair.public.spki()[HEADS..]).to_string()
}

#[test]
fn a_policy_says_what_the_build_signature_must_be() {
    let world = World::new();
    let image = world.built("by policy");
    let policy = |signers: &str| {
        format!(
            "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\nmetadata: {{name: p}}\n\
             spec: {{images: {{include: ['**']}}, mode: Audit, signers: [{signers}]}}\n"
        )
    };
    let signer =
        |name: &str, key: &TestKey| format!("{{name: {name}, keys: [{{ref: '{}'}}]}}", key.public_arg());
    let validate = |signers: &str, name: &str| {
        let path = world.file("policy.yaml", policy(signers));
        let command = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().validation);
        command.args(["--policy", &path, "--build-signer", name])
    };
    let good = signer("builders", &keys().build);
    // A policy that only audits does not weaken what is signed.
    refused(&world, &validate(&signer("builders", &keys().stranger), "builders"), 1);
    refused(&world, &validate(&good, "nobody"), 2);
    let second = format!(
        "{{name: second, keys: [{{ref: '{}'}}], countersigns: builders}}",
        keys().stranger.public_arg()
    );
    let run = refused(&world, &validate(&format!("{good}, {second}"), "second"), 2);
    assert!(run.stderr.contains("countersigns another"), "{}", run.stderr);
    // The key of the signer that is asked for is the build key.
    refused(&world, &validate(&signer("builders", &keys().validation), "builders"), 2);
    validate(&format!("{good}, {second}"), "builders").run().expect_code(0);
    validated(&image);
}

#[test]
fn what_a_policy_denies_gets_no_second_signature() {
    let world = World::new();
    let image = world.built("denied");
    let head = "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\n";
    let required = format!(
        "{head}metadata: {{name: p}}\nspec: {{images: {{include: ['**']}}, signers: [{{name: build, keys: [{{ref: \
         '{}'}}]}}]}}\n",
        keys().build.public_arg()
    );
    let denied =
        format!("{head}metadata: {{name: d}}\nspec: {{images: {{include: ['**']}}, action: Deny}}\n");
    let validate = |text: &str| {
        let path = world.file("policy.yaml", text);
        let command = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().validation);
        command.args(["--policy", &path, "--build-signer", "build"])
    };
    let run = refused(&world, &validate(&format!("{required}---\n{denied}")), 1);
    assert!(run.stderr.contains("denied by its policy"), "{}", run.stderr);
    let revoked =
        required.replacen("signers:", &format!("revoked: {{digests: ['{}']}}, signers:", image.digest), 1);
    let run = refused(&world, &validate(&revoked), 1);
    assert!(run.stderr.contains("revoked"), "{}", run.stderr);
    // A build signature that is only let pass is not countersigned.
    let old = required.replacen("]}]}", "], maxAge: 1s, onExpiry: Warn}]}", 1);
    std::thread::sleep(std::time::Duration::from_secs(3));
    let run = refused(&world, &validate(&old), 1);
    assert!(run.stdout.contains("expired"), "{}", run.stdout);
    validate(&required).run().expect_code(0);
    validated(&image);
}

#[test]
fn a_platform_that_any_policy_lists_as_revoked_gets_no_second_signature() {
    let world = World::new();
    let pushed = crate::support::image::index(&world.registry, "shop/app", "1.0", "revoked platform");
    world.sign(&pushed.index, &keys().build, &["--recursive"]);
    let child = &pushed.platforms[0];
    let head = "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\n";
    let policy = |name: &str, signer: &str, key: &TestKey, revoked: &str| {
        format!(
            "{head}metadata: {{name: {name}}}\nspec: {{images: {{include: ['**']}}, {revoked}signers: [{{name: \
             {signer}, keys: [{{ref: '{}'}}]}}]}}\n",
            key.public_arg()
        )
    };
    let required = policy("p", "build", &keys().build, "");
    let other =
        policy("q", "release", &keys().stranger, &format!("revoked: {{digests: ['{}']}}, ", child.digest));
    let path = world.file("policy.yaml", format!("{required}---\n{other}"));
    let command = world.validate_with(&pushed.index.pinned(), &[trivy(child)], LENIENT, &keys().validation);
    let command = command.args(["--policy", &path, "--build-signer", "build", "--platform", "linux/amd64"]);
    let run = refused(&world, &command, 1);
    assert!(run.stderr.contains("revoked"), "{}", run.stderr);
}
