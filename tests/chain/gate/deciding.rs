//! Allowed, denied, undecided: on images in arguments.

use super::{decides, report, says};
use crate::policies::{both, line, pod_in, policy, production, signer, signers};
use crate::reports::{made_at, trivy};
use crate::support::image::{Pushed, index};
use crate::support::registry::{Act, Fault, Place};
use crate::world::{LENIENT, World, keys};

#[test]
fn an_image_with_both_signatures_is_allowed() {
    let world = World::new();
    let image = world.countersigned("both");
    let report = decides(&world.gate(&production(&world.registry)).arg(image.pinned()), 0, "allowed", "");
    let signers = &report["images"][0]["policies"][0]["signers"];
    assert_eq!(signers[0]["by"][0]["key"], keys().build.public.fingerprint().to_string());
    assert_eq!(signers[1]["by"][0]["claims"]["countersign.dev/role"], "validation");
}

#[test]
fn an_image_without_its_second_signature_is_denied_and_the_signer_is_named() {
    let world = World::new();
    let image = world.built("build only");
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    decides(&gate, 1, "denied", "missing");
    let run = gate.run().expect_code(1);
    assert!(run.stdout.contains("✓ build") && run.stdout.contains("✗ validation"), "{}", run.stdout);
}

#[test]
fn an_image_without_signatures_is_denied() {
    let world = World::new();
    let image = world.image("none");
    decides(&world.gate(&production(&world.registry)).arg(image.pinned()), 1, "denied", "missing");
}

#[test]
fn a_validation_of_another_build_key_is_denied() {
    let world = World::new();
    let image = world.image("two builders");
    for key in [&keys().build, &keys().stranger] {
        world.sign(&image, key, &[]);
    }
    let command = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().validation);
    command.args(["--build-key", &keys().stranger.public_arg()]).run().expect_code(0);
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    decides(&gate, 1, "denied", "countersigned-key-not-trusted");
}

#[test]
fn a_validation_that_is_too_old_is_denied() {
    let world = World::new();
    let image = world.built("expired");
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(25);
    let report = made_at(trivy(&image), yesterday);
    world.validate(&image, &[report], LENIENT).run().expect_code(0);
    let at_most = |age: &str, more: &str| {
        let second =
            signer("validation", &keys().validation, &format!(", countersigns: build, maxAge: {age}{more}"));
        let text = policy("production", "**", &signers(&[signer("build", &keys().build, ""), second]));
        world.gate(&text).arg(image.pinned())
    };
    decides(&at_most("1d", ""), 1, "denied", "expired");
    let warned = decides(&at_most("1d", ", onExpiry: Warn"), 0, "allowed", "");
    assert_eq!(warned["warnings"].as_array().unwrap().len(), 1, "{warned:#}");
    decides(&at_most("30d", ""), 0, "allowed", "");
}

#[test]
fn rules_that_the_policy_does_not_know_are_denied() {
    let world = World::new();
    let image = world.countersigned("rules");
    let rules = countersign::model::Digest::of(crate::world::rules_text(LENIENT).as_bytes());
    let under = |rules: &str| {
        let claims = format!(", countersigns: build, claims: {{countersign.dev/scan-rules: ['{rules}']}}");
        let second = signer("validation", &keys().validation, &claims);
        let text = policy("production", "**", &signers(&[signer("build", &keys().build, ""), second]));
        world.gate(&text).arg(image.pinned())
    };
    decides(&under(&rules.to_string()), 0, "allowed", "");
    decides(&under(&image.digest.to_string()), 1, "denied", "claim-mismatch");
}

#[test]
fn evidence_that_cannot_be_had_is_undecided() {
    let world = World::new();
    let image = world.countersigned("unreachable");
    for place in [Place::SigTag, Place::Referrers] {
        world.registry.misbehave(Fault::on_reads(place, Act::Status(403)));
    }
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    let report = decides(&gate, 3, "undecided", "unreachable");
    assert!(!report["images"][0]["unreachable"].as_array().unwrap().is_empty());
}

#[test]
fn one_place_that_cannot_be_read_does_not_hide_enough_proof_in_another() {
    let world = World::new();
    let image = world.countersigned("half reachable");
    world.registry.misbehave(Fault::on_reads(Place::SigTag, Act::Status(403)));
    decides(&world.gate(&production(&world.registry)).arg(image.pinned()), 0, "allowed", "");
}

#[test]
fn a_digest_that_is_not_in_the_registry_is_undecided() {
    let world = World::new();
    let image = world.image("gone");
    world.registry.remove(&image.repository, &image.digest.to_string());
    let run = world.gate(&production(&world.registry)).arg(image.pinned()).run().expect_code(3);
    assert!(run.stdout.contains("not in the registry"), "{}", run.stdout);
}

#[test]
fn denied_beside_undecided_is_denied() {
    let world = World::new();
    let (gone, unsigned) = (world.image("gone"), world.image("unsigned"));
    world.registry.remove(&gone.repository, &gone.digest.to_string());
    let gate = world.gate(&production(&world.registry)).args([gone.pinned(), unsigned.pinned()]);
    let report = report(&gate, 1);
    let decisions = [&report["decision"], &report["images"][0]["decision"], &report["images"][1]["decision"]];
    assert_eq!(decisions, ["denied", "undecided", "denied"]);
}

#[test]
fn one_image_that_is_denied_denies_the_whole() {
    let world = World::new();
    let (good, bad) = (world.countersigned("good"), world.image("bad"));
    let gate = world.gate(&production(&world.registry)).args([good.pinned(), bad.pinned()]);
    let run = gate.run().expect_code(1);
    assert!(run.stdout.contains("2 images: 1 denied, 0 undecided"), "{}", run.stdout);
}

#[test]
fn warn_and_audit_are_allowed_with_a_warning_or_a_note() {
    let world = World::new();
    let image = world.image("unsigned");
    let under =
        |mode: &str| world.gate(&policy("trial", "**", &(line("mode", mode) + &both()))).arg(image.pinned());
    let warned = report(&under("Warn"), 0);
    assert_eq!(warned["decision"], "allowed");
    assert!(!warned["warnings"].as_array().unwrap().is_empty(), "{warned:#}");
    says(&under("Warn").run(), "warning: ");
    let audited = report(&under("Audit"), 0);
    assert!(audited["warnings"].as_array().unwrap().is_empty(), "{audited:#}");
    assert!(!audited["images"][0]["notes"].as_array().unwrap().is_empty(), "{audited:#}");
    assert_eq!(audited["images"][0]["policies"][0]["decision"], "denied");
    assert!(!under("Audit").run().stderr.contains("warning"));
    // Undecided counts as allowed there, too.
    world.registry.misbehave(Fault::on_reads(Place::Any, Act::Status(403)));
    for mode in ["Warn", "Audit"] {
        assert_eq!(report(&under(mode), 0)["images"][0]["policies"][0]["decision"], "undecided");
    }
}

#[test]
fn an_image_that_no_policy_speaks_of_gets_what_the_reader_says() {
    let world = World::new();
    let image = world.image("no match");
    let gate = world.gate(&policy("elsewhere", "other.example/**", &both())).arg(image.pinned());
    decides(&gate, 1, "denied", "no-match");
    decides(&gate.clone().args(["--no-match", "deny"]), 1, "denied", "no-match");
    decides(&gate.clone().args(["--no-match", "allow"]), 0, "allowed", "no-match");
    let warned = decides(&gate.clone().args(["--no-match", "warn"]), 0, "allowed", "no-match");
    assert_eq!(warned["warnings"].as_array().unwrap().len(), 1);
}

#[test]
fn a_namespace_that_is_left_out_is_allowed_and_an_unknown_one_is_not_left_out() {
    let world = World::new();
    let image = world.image("system");
    let text = policy("p", "**", &(line("excludeNamespaces", "[kube-system]") + &both()));
    let gate = world.gate(&text).arg(image.pinned());
    decides(&gate, 1, "denied", "missing");
    decides(&gate.clone().args(["--namespace", "shop"]), 1, "denied", "missing");
    decides(&gate.clone().args(["--namespace", "kube-system"]), 0, "allowed", "excluded");
    // What a manifest says itself comes first.
    let manifest = |namespace: &str| world.file("pod.yaml", pod_in(namespace, "a", &[&image.pinned()]));
    let gate = world.gate(&text).args(["--namespace", "kube-system", "-f", &manifest("shop")]);
    decides(&gate, 1, "denied", "missing");
    let gate = world.gate(&text).args(["--namespace", "shop", "-f", &manifest("kube-system")]);
    decides(&gate, 0, "allowed", "excluded");
}

#[test]
fn every_policy_that_matches_must_be_satisfied() {
    let world = World::new();
    let image = world.built("two policies");
    let build = policy("build", "**", &signers(&[signer("build", &keys().build, "")]));
    let gate = world.gate(&build).arg(image.pinned());
    decides(&gate, 0, "allowed", "");
    let other =
        world.file("other.yaml", policy("other", "**", &signers(&[signer("x", &keys().stranger, "")])));
    decides(&gate.args(["--policy", &other]), 1, "denied", "missing");
}

#[test]
fn a_platform_counts_as_signed_by_its_own_signature_and_so_does_an_index() {
    let world = World::new();
    let pushed = index(&world.registry, "shop/multi", "1.4", "multi");
    let build = policy("p", "**", &signers(&[signer("build", &keys().build, "")]));
    world.sign(&pushed.index, &keys().build, &[]);
    let gate = |image: &Pushed| world.gate(&build).arg(image.pinned());
    decides(&gate(&pushed.index), 0, "allowed", "");
    decides(&gate(&pushed.platforms[0]), 1, "denied", "missing");
    let run = gate(&pushed.platforms[0]).run();
    assert!(run.stdout.contains("--recursive: each platform of an index too"), "{}", run.stdout);
    let other = index(&world.registry, "shop/multi", "1.5", "another");
    for child in other.children() {
        world.sign(child, &keys().build, &[]);
    }
    decides(&gate(&other.index), 1, "denied", "missing");
    decides(&gate(&other.platforms[0]), 0, "allowed", "");
}

#[test]
fn an_image_that_has_no_answer_in_time_hides_no_other_answer() {
    let world = World::new();
    let unsigned = world.image("none");
    // A registry that takes connections and never answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let late = format!("{}/shop/app@{}", silent.local_addr().unwrap(), unsigned.digest);
    let gate = world.gate(&production(&world.registry)).args(["--timeout", "3s", "--no-match", "deny"]);
    let every = world.gate(&policy("every", "**", &signers(&[signer("build", &keys().build, "")])));
    let report = report(&every.args(["--timeout", "3s"]).args([&late, &unsigned.pinned()]), 1);
    assert_eq!(report["images"][0]["decision"], "undecided", "{report:#}");
    assert_eq!(report["images"][1]["decision"], "denied", "{report:#}");
    // Where no policy speaks of it, nobody is asked.
    let run = gate.arg(&late).run().expect_code(1);
    assert!(run.stdout.contains("no policy speaks of this image"), "{run:?}");
}

#[test]
fn policies_that_are_not_enforced_stop_no_image_for_its_tag() {
    let world = World::new();
    for mode in ["Warn", "Audit"] {
        let required = signers(&[signer("build", &keys().build, "")]);
        let text = policy("trial", "**", &format!("{}{required}", line("mode", mode)));
        let gate = world.gate(&text);
        for more in [&[][..], &["--allow-tag"]] {
            let report = report(&gate.clone().arg("127.0.0.1:1/shop/app:1").args(more), 0);
            let told = [&report["warnings"], &report["images"][0]["notes"]];
            assert!(
                told.iter().any(|told| told.as_array().is_some_and(|told| told.len() == 1)),
                "{report:#}"
            );
        }
        // What cannot be pinned is not printed as if it were.
        let manifest = world.file("pod.yaml", pod_in("shop", "app", &["127.0.0.1:1/shop/app:1"]));
        let run = gate.args(["--pin", "-f", &manifest]).run().expect_code(3);
        assert_eq!(run.stdout, "");
        says(&run, "cannot be pinned");
    }
}
