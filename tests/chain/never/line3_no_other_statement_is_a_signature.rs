//! A vulnerability attestation, or any other statement signed with the build key, never counts as an image signature.

use countersign::model::{Claims, statement};
use serde_json::{Value, json};

use crate::policies::{policy, signers};
use crate::reports::trivy;
use crate::support::forge;
use crate::support::image::{self, Pushed};
use crate::support::peers::{self, cosign_attest, cosign_pair};
use crate::support::temp::TempFolder;
use crate::world::{LENIENT, REPOSITORY, World, keys, verify};

/// A name, and what makes something else of a good signature's text.
type Other = (&'static str, fn(&mut Value));

/// Neither command takes what is attached for a build signature by the key at `public`.
#[track_caller]
fn nobody_takes_it(world: &World, image: &Pushed, public: &str) {
    let verify = crate::support::cli::Countersign::new().args(["verify", &image.pinned(), "--key", public]);
    verify.run().expect_code(1);
    let validate = world.validate_with(&image.pinned(), &[trivy(image)], LENIENT, &keys().validation);
    validate.args(["--build-key", public]).run().expect_code(1);
    let text = policy("p", "**", &signers(&[format!("{{name: build, keys: [{{ref: '{public}'}}]}}")]));
    world.gate(&text).arg(image.pinned()).run().expect_code(1);
}

#[test]
fn a_vulnerability_attestation_by_the_build_key_is_no_signature() {
    let folder = TempFolder::new();
    let [private, public] = cosign_pair(&folder);
    for peer in [peers::docker_registry(), peers::referrers_registry()] {
        for legacy in [true, false] {
            let image = image::image(peer.host(), &format!("shop/{legacy}"), "1.4", "attested");
            cosign_attest(&private, &image.pinned(), legacy).expect_code(0);
            nobody_takes_it(&World::new(), &image, &public);
        }
    }
}

#[test]
fn an_attestation_by_the_build_or_the_validation_key_stands_in_for_neither_signature() {
    let world = World::new();
    for (number, missing) in [&keys().build, &keys().validation].into_iter().enumerate() {
        let image = world.image(&format!("attested {number}"));
        for key in [&keys().build, &keys().validation] {
            let kind = countersign::model::predicate::vulnerability::TYPE;
            let stated = statement::attestation("app", &image.digest, kind, "{}").unwrap();
            forge::put_bundle(&world.registry, &image, key, &stated, key);
            // A bundle that says of itself that it is a signature's, and whose statement is none.
            forge::put_hinted_bundle(&world.registry, &image, key, &stated, statement::SIGNATURE_PREDICATE);
            // The envelope as a layer among the legacy signatures.
            let envelope = forge::envelope(&[key], countersign::model::envelope::IN_TOTO, &stated);
            forge::put_legacy(&world.registry, &image, key, envelope.to_string().as_bytes(), json!({}));
        }
        let other = if number == 0 { &keys().validation } else { &keys().build };
        world.sign(&image, other, &[]);
        verify(&image.pinned(), missing, &[]).expect_code(1);
        let gate = world.gate(&policy("p", "**", &crate::policies::both())).arg(image.pinned());
        gate.run().expect_code(1);
        if number == 0 {
            nobody_takes_it(&world, &image, &missing.public_arg());
        }
    }
}

#[test]
fn what_validate_attached_stays_no_signature_where_the_signatures_are_gone() {
    let world = World::new();
    let image = world.built("only attestations are left");
    world.validate(&image, &[trivy(&image)], LENIENT).arg("--attest").run().expect_code(0);
    world.registry.remove(REPOSITORY, &image.sig_tag());
    for referrer in world.registry.referrers(REPOSITORY, &image.digest.to_string()) {
        let manifest = world.registry.manifest(REPOSITORY, &referrer).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let kind = &manifest["annotations"]["dev.sigstore.bundle.predicateType"];
        if kind == statement::SIGNATURE_PREDICATE {
            // Another statement stands where the signature stood.
            world.registry.overwrite(REPOSITORY, &referrer, b"{}");
        }
    }
    verify(&image.pinned(), &keys().validation, &[]).expect_not_code(0);
    nobody_takes_it_at_the_gate(&world, &image);
}

/// The gate does not let it pass.
#[track_caller]
fn nobody_takes_it_at_the_gate(world: &World, image: &Pushed) {
    let gate = world.gate(&policy("p", "**", &crate::policies::both())).arg(image.pinned());
    gate.run().expect_not_code(0);
}

#[test]
fn other_statements_by_the_build_key_are_no_signature() {
    let world = World::new();
    let build = &keys().build;
    let others: [Other; 5] = [
        ("provenance", |statement| statement["predicateType"] = json!("https://slsa.dev/provenance/v1")),
        ("no predicate type", |statement| drop(statement.as_object_mut().unwrap().remove("predicateType"))),
        ("another type", |statement| statement["_type"] = json!("https://example.org/Statement/v1")),
        ("two subjects", |statement| {
            let subject = statement["subject"][0].clone();
            statement["subject"].as_array_mut().unwrap().push(subject);
        }),
        ("another digest", |statement| statement["subject"][0]["digest"]["sha256"] = json!("0".repeat(64))),
    ];
    for (content, change) in others {
        let image = world.image(content);
        let mut written: Value =
            serde_json::from_slice(&statement::to_bytes(&image.digest, &Claims::new())).unwrap();
        change(&mut written);
        forge::put_bundle(&world.registry, &image, build, written.to_string().as_bytes(), build);
        nobody_takes_it(&world, &image, &build.public_arg());
    }
    // The unchanged one counts: what is shown above is not the forger's clumsiness.
    let image = world.image("unchanged");
    let written = statement::to_bytes(&image.digest, &Claims::new());
    forge::put_bundle(&world.registry, &image, build, &written, build);
    verify(&image.pinned(), build, &[]).expect_code(0);
}

#[test]
fn other_payloads_by_the_build_key_are_no_signature() {
    let world = World::new();
    let build = &keys().build;
    let payload = |image: &Pushed| {
        let bytes = countersign::model::payload::to_bytes(REPOSITORY, &image.digest, &Claims::new());
        serde_json::from_slice::<Value>(&bytes).unwrap()
    };
    let others: [Other; 3] = [
        ("another type", |payload| payload["critical"]["type"] = json!("approval of something else")),
        ("another digest", |payload| {
            payload["critical"]["image"]["docker-manifest-digest"] =
                json!(format!("sha256:{}", "0".repeat(64)));
        }),
        ("no digest", |payload| drop(payload["critical"].as_object_mut().unwrap().remove("image"))),
    ];
    for (content, change) in others {
        let image = world.image(content);
        let mut written = payload(&image);
        change(&mut written);
        forge::put_legacy(&world.registry, &image, build, written.to_string().as_bytes(), json!({}));
        nobody_takes_it(&world, &image, &build.public_arg());
    }
    let image = world.image("unchanged");
    forge::put_legacy(&world.registry, &image, build, payload(&image).to_string().as_bytes(), json!({}));
    verify(&image.pinned(), build, &[]).expect_code(0);
}
