//! The chain with the real cosign on either end of it.

use crate::policies::{both, line, policy, signers};
use crate::reports::trivy;
use crate::support::cli::Run;
use crate::support::image::{self, Pushed};
use crate::support::peers::{self, Peer, cosign_sign, cosign_verify};
use crate::support::temp::TempFolder;
use crate::world::{LENIENT, STRICT, World, keys, sign, verify};

const ROLE: [&str; 2] = ["-a", "countersign.dev/role=validation"];

/// A registry without the referrers API and one with it.
fn registries() -> [Peer; 2] {
    [peers::docker_registry(), peers::referrers_registry()]
}

/// `cosign verify` in one format.
fn cosign_accepts(key: &str, image: &Pushed, format: &str, more: &[&str]) -> Run {
    let bundle = format!("--new-bundle-format={}", format == "bundle");
    cosign_verify(key, &image.pinned(), &[&[bundle.as_str()], more].concat())
}

/// A key pair that cosign made, without a password.
fn cosigns_pair(folder: &TempFolder) -> [String; 2] {
    let prefix = folder.join("cosign");
    let make = peers::cosign().args(["generate-key-pair", "--output-key-prefix"]).arg(&prefix);
    make.run().expect_code(0);
    ["key", "pub"].map(|ending| format!("{}.{ending}", prefix.display()))
}

#[test]
fn cosign_accepts_what_validate_wrote_in_each_format_alone() {
    let public = keys().validation.public_arg();
    for peer in registries() {
        let world = World::new();
        for (format, other) in [("legacy", "bundle"), ("bundle", "legacy")] {
            let image = image::image(peer.host(), &format!("shop/{format}"), "1.4", format);
            // The build signature is in the other format, so that each has exactly one.
            sign(&image.pinned(), &keys().build, &["--format", other]).expect_code(0);
            cosign_accepts(&public, &image, format, &ROLE).expect_not_code(0);
            let command = world.validate(&image, &[trivy(&image)], LENIENT);
            command.args(["--format", format]).run().expect_code(0);
            let run = cosign_accepts(&public, &image, format, &ROLE).expect_code(0);
            assert!(run.all().contains(&image.digest.to_string()), "{run:#?}");
            // It is the claim that cosign looks at, and the key.
            let build = ["-a", "countersign.dev/role=build"];
            cosign_accepts(&public, &image, format, &build).expect_not_code(0);
            cosign_accepts(&keys().stranger.public_arg(), &image, format, &ROLE).expect_not_code(0);
        }
    }
}

#[test]
fn cosign_accepts_every_claim_of_a_validation_beside_the_build_signature() {
    for peer in registries() {
        let world = World::new();
        let image = image::image(peer.host(), "shop/claims", "1.4", "claims");
        sign(&image.pinned(), &keys().build, &[]).expect_code(0);
        world.validate(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        let report = verify(&image.pinned(), &keys().validation, &[]).expect_code(0).json();
        let claims = &report["images"][0]["policies"][0]["signers"][0]["by"][0]["claims"];
        let claims = claims.as_object().unwrap().iter();
        let given: Vec<String> = claims
            // cosign takes a comma for the end of a claim.
            .filter(|(_, value)| !value.as_str().unwrap().contains(','))
            .flat_map(|(name, value)| ["-a".to_owned(), format!("{name}={}", value.as_str().unwrap())])
            .collect();
        assert_eq!(given.len(), 20, "{given:#?}");
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        for format in ["legacy", "bundle"] {
            cosign_accepts(&keys().validation.public_arg(), &image, format, &given).expect_code(0);
            cosign_accepts(&keys().build.public_arg(), &image, format, &[]).expect_code(0);
        }
    }
}

#[test]
fn a_build_signature_by_cosign_is_countersigned_and_passes_the_gate() {
    let folder = TempFolder::new();
    let [private, public] = cosigns_pair(&folder);
    for peer in registries() {
        for legacy in [true, false] {
            let world = World::new();
            let image = image::image(peer.host(), &format!("shop/{legacy}"), "1.4", "by cosign");
            let validate = |rules: &str| {
                let keys = keys();
                let reports = [trivy(&image)];
                let command = world.validate_with(&image.pinned(), &reports, rules, &keys.validation);
                command.args(["--build-key", &public]).run()
            };
            validate(LENIENT).expect_code(1);
            cosign_sign(&private, &image.pinned(), legacy, &[]).expect_code(0);
            validate(STRICT).expect_code(1);
            validate(LENIENT).expect_code(0);
            let by_cosign = format!("{{name: build, keys: [{{ref: '{public}'}}]}}");
            let second = crate::policies::signer("validation", &keys().validation, ", countersigns: build");
            let text = policy("p", "**", &signers(&[by_cosign, second]));
            world.gate(&text).arg(image.pinned()).run().expect_code(0);
            // A policy that trusts another build key does not let it pass.
            world.gate(&policy("p", "**", &both())).arg(image.pinned()).run().expect_code(1);
            // Nor one that needs a claim which cosign does not state.
            let same = line("signedFor", "same");
            let run =
                world.gate(&text.replace("  signers:", &(same + "  signers:"))).arg(image.pinned()).run();
            run.expect_code(1);
        }
    }
}

#[test]
fn what_cosign_adds_later_takes_no_signature_away() {
    let folder = TempFolder::new();
    let [private, _] = cosigns_pair(&folder);
    for peer in registries() {
        let world = World::new();
        let image = image::image(peer.host(), "shop/later", "1.4", "later");
        sign(&image.pinned(), &keys().build, &[]).expect_code(0);
        world.validate(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        for legacy in [true, false] {
            cosign_sign(&private, &image.pinned(), legacy, &[]).expect_code(0);
        }
        world.gate(&policy("p", "**", &both())).arg(image.pinned()).run().expect_code(0);
        for format in ["legacy", "bundle"] {
            cosign_accepts(&keys().validation.public_arg(), &image, format, &ROLE).expect_code(0);
        }
    }
}

#[test]
fn a_validation_that_cosign_makes_counts_as_none() {
    let folder = TempFolder::new();
    let [private, public] = cosigns_pair(&folder);
    let peer = peers::referrers_registry();
    let world = World::new();
    let image = image::image(peer.host(), "shop/app", "1.4", "both by cosign");
    sign(&image.pinned(), &keys().build, &[]).expect_code(0);
    cosign_sign(&private, &image.pinned(), true, &[]).expect_code(0);
    let second = format!("{{name: validation, keys: [{{ref: '{public}'}}], countersigns: build}}");
    let build = crate::policies::signer("build", &keys().build, "");
    let gate = world.gate(&policy("p", "**", &signers(&[build, second]))).arg(image.pinned());
    gate.run().expect_code(1);
}
