//! Policies of the Tanzu image policy webhook, as they are: what the webhook admits the gate allows, what it denies the
//! gate denies, in its words.

use super::{decides, report, says};
use crate::policies::{line, pod_in, policy, production};
use crate::reports::trivy;
use crate::support::cli::Countersign;
use crate::support::image;
use crate::support::keys::TestKey;
use crate::support::peers::{self, cosign_pair, cosign_sign};
use crate::support::temp::TempFolder;
use crate::world::{LENIENT, World, keys};

/// The public key, indented to stand in a policy.
fn pem(path: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    text.lines().map(|line| format!("          {line}\n")).collect()
}

/// A policy with the chain's two keys, `first` and `second`, and entries of a pattern and names of keys.
pub(super) fn tanzu(entries: &[(&str, &str)]) -> String {
    of_keys(&[("first", &keys().build), ("second", &keys().validation)], entries)
}

fn of_keys(keys: &[(&str, &TestKey)], entries: &[(&str, &str)]) -> String {
    let keys: String = keys
        .iter()
        .map(|(name, key)| format!("      - name: {name}\n        publicKey: |\n{}", pem(&key.public_arg())))
        .collect();
    with_keys(&keys, entries)
}

fn with_keys(keys: &str, entries: &[(&str, &str)]) -> String {
    let entry = |(pattern, names): &(&str, &str)| {
        let names: Vec<String> = names.split(' ').map(|name| format!("{{name: {name}}}")).collect();
        format!("      - namePattern: \"{pattern}\"\n        keys: [{}]\n", names.join(", "))
    };
    let entries: String = entries.iter().map(entry).collect();
    format!(
        "apiVersion: signing.apps.tanzu.vmware.com/v1beta1\nkind: ClusterImagePolicy\nmetadata:\n  name: \
         image-policy\nspec:\n  verification:\n    exclude:\n      resources:\n        namespaces:\n          - \
         kube-system\n    keys:\n{keys}    images:\n{entries}"
    )
}

#[test]
fn a_signature_by_cosign_satisfies_a_policy_as_it_is() {
    let folder = TempFolder::new();
    let [private, public] = cosign_pair(&folder);
    let peer = peers::docker_registry();
    let world = World::new();
    let key = format!("      - name: cosign-key\n        publicKey: |\n{}", pem(&public));
    let text = with_keys(&key, &[(&format!("{}/shop/*", peer.host()), "cosign-key")]);
    for legacy in [true, false] {
        let image = image::image(peer.host(), &format!("shop/{legacy}"), "1.4", "by cosign");
        let gate = world.gate(&text).arg(image.pinned());
        decides(&gate, 1, "denied", "missing");
        cosign_sign(&private, &image.pinned(), legacy, &[]).expect_code(0);
        decides(&gate, 0, "allowed", "");
    }
}

#[test]
fn any_one_key_of_a_matching_entry_is_enough_and_a_stranger_s_is_not() {
    let world = World::new();
    let text = tanzu(&[(&format!("{}/shop/*", world.registry.host()), "first second")]);
    for (content, key, code) in [
        ("by the first", &keys().build, 0),
        ("by the second", &keys().validation, 0),
        ("by a stranger", &keys().stranger, 1),
    ] {
        let image = world.image(content);
        world.sign(&image, key, &[]);
        let report = report(&world.gate(&text).arg(image.pinned()), code);
        let policy = &report["images"][0]["policies"][0];
        assert_eq!(policy["anyIsEnough"], true, "{policy:#}");
        let satisfied = policy["signers"].as_array().unwrap().iter().filter(|one| one["satisfied"] == true);
        assert_eq!(satisfied.count(), usize::from(code == 0), "{policy:#}");
    }
}

#[test]
fn a_denial_has_the_webhook_s_words_in_text_json_and_junit() {
    let world = World::new();
    let image = world.image("not signed");
    let text = tanzu(&[("*", "first second")]);
    let words = format!("The image: {} is not signed.", image.pinned());
    let junit = world.folder.join("gate.xml");
    let target = format!("junit={}", junit.to_str().unwrap());
    let gate = world.gate(&text).arg(image.pinned()).args(["--report", &target]);
    let run = gate.run().expect_code(1);
    for line in [words.as_str(), "any one of these is enough:", "✗ first: no signature by its key"] {
        assert!(run.stdout.contains(line), "{run:#?}");
    }
    assert!(std::fs::read_to_string(&junit).unwrap().contains(&words));
    let report = decides(&gate, 1, "denied", "missing");
    assert_eq!(report["images"][0]["reason"], words.as_str());
    assert_eq!(report["images"][0]["policies"][0]["reason"], words.as_str());
    // What is allowed shows what it rests on, and not what was not needed.
    world.sign(&image, &keys().build, &[]);
    let run = gate.run().expect_code(0);
    assert!(run.stdout.contains("✓ first") && !run.stdout.contains("second"), "{run:#?}");
}

#[test]
fn an_image_that_no_pattern_matches_is_decided_without_a_request() {
    let world = World::new();
    let image = world.image("unmatched");
    let gate = world.gate(&tanzu(&[("registry.example.org/*", "first")])).arg(image.pinned());
    let report = decides(&gate, 1, "denied", "no-match");
    let words =
        format!("Could not verify against any image policies for container image: {}.", image.pinned());
    assert_eq!(report["images"][0]["reason"], words.as_str());
    let run = gate.clone().arg("--allow-unmatched-images").run().expect_code(0);
    let warning = format!(
        "{} did not match any image policies. Container will be created as AllowUnmatchedImages flag is true.",
        image.pinned()
    );
    says(&run, &warning);
    assert_eq!(world.registry.requests().len(), 0);
    // It is not for images that a pattern matches.
    let matching = world.gate(&tanzu(&[("*", "first")])).arg(image.pinned());
    decides(&matching.arg("--allow-unmatched-images"), 1, "denied", "missing");
}

#[test]
fn unmatched_images_are_a_setting_of_the_webhook_alone() {
    let world = World::new();
    let image = world.image("settings");
    let both = ["--allow-unmatched-images", "--no-match", "deny"];
    world.gate(&tanzu(&[("*", "first")])).arg(image.pinned()).args(both).run().expect_code(2);
    let native = world.gate(&production(&world.registry)).arg(image.pinned());
    let run = native.arg("--allow-unmatched-images").run().expect_code(2);
    says(&run, "no policy of it is given");
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn a_namespace_that_is_left_out_needs_no_signature_whatever_the_image() {
    let world = World::new();
    let image = world.image("a namespace");
    let unsigned = image.pinned();
    let text = tanzu(&[("registry.example.org/*", "first")]);
    let words = "kube-system is excluded. The ImagePolicy will not be applied.";
    let gate = world.gate(&text).args([unsigned.as_str(), "--namespace", "kube-system"]);
    assert_eq!(decides(&gate, 0, "allowed", "excluded")["images"][0]["reason"], words);
    let manifest = |namespace: &str| {
        world.file(&format!("{namespace}.yaml"), pod_in(namespace, "agent", &[unsigned.as_str()]))
    };
    decides(&world.gate(&text).args(["-f", &manifest("kube-system")]), 0, "allowed", "excluded");
    decides(&world.gate(&text).args(["-f", &manifest("shop")]), 1, "denied", "no-match");
}

#[test]
fn two_tags_of_one_digest_are_each_held_against_their_own_patterns() {
    let world = World::new();
    let image = world.image("two tags");
    // What is enough for the first tag is read before what the second one needs.
    world.sign(&image, &keys().build, &["--format", "legacy"]);
    world.sign(&image, &keys().validation, &["--format", "bundle"]);
    let name = format!("{}/shop/app", world.registry.host());
    let text = tanzu(&[(&format!("{name}:1.4"), "first"), (&format!("{name}:1.5"), "second")]);
    let tagged = ["1.4", "1.5"].map(|tag| format!("{name}:{tag}@{}", image.digest));
    let report = report(&world.gate(&text).args(&tagged), 0);
    for (number, key) in ["first", "second"].iter().enumerate() {
        let signers = &report["images"][number]["policies"][0]["signers"];
        assert_eq!((signers[0]["name"].as_str(), signers.as_array().unwrap().len()), (Some(*key), 1));
        assert_eq!(signers[0]["satisfied"], true, "{signers:#}");
    }
}

#[test]
fn a_tag_is_resolved_and_stays_what_patterns_are_held_against() {
    let world = World::new();
    let image = world.image("a tag");
    world.sign(&image, &keys().build, &[]);
    let (tagged, other) = (image.tagged("1.4"), format!("{}/shop/app:1.5", world.registry.host()));
    let text = tanzu(&[(&tagged, "first")]);
    decides(&world.gate(&text).arg(&tagged), 1, "denied", "not-pinned");
    decides(&world.gate(&text).args([&tagged, "--allow-tag"]), 0, "allowed", "");
    decides(&world.gate(&text).args([&other, "--allow-tag"]), 1, "denied", "no-match");
}

#[test]
fn a_registry_that_cannot_be_asked_is_undecided_and_not_called_unsigned() {
    let world = World::new();
    let image =
        "127.0.0.1:1/shop/app@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let gate = world.gate(&tanzu(&[("*", "first second")])).args([image, "--timeout", "5s"]);
    let run = gate.run().expect_code(3);
    assert!(!run.all().contains("is not signed"), "{run:#?}");
}

#[test]
fn policies_of_both_forms_decide_together() {
    let world = World::new();
    let image = world.built("both forms");
    let text = [tanzu(&[("*", "first")]), production(&world.registry)].join("---\n");
    let gate = world.gate(&text).arg(image.pinned());
    decides(&gate, 1, "denied", "missing");
    world.countersign(&image);
    decides(&gate, 0, "allowed", "");
}

#[test]
fn any_one_key_is_no_build_signer_and_a_denial_beside_it_counts_for_validate() {
    let world = World::new();
    let image = world.built("validate");
    let foreign = world.file("tanzu.yaml", tanzu(&[("*", "first")]));
    let native = world.file("production.yaml", production(&world.registry));
    let validate = |policies: &[&str]| {
        let command = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().validation);
        let policies = policies.iter().flat_map(|path| ["--policy", path]);
        command.args(["--build-signer", "first"]).args(policies)
    };
    says(&validate(&[&foreign]).run().expect_code(2), "no policy with a signer `first` speaks of");
    let stop = world.file("stop.yaml", policy("stop", "**", &line("action", "Deny")));
    says(&validate(&[&foreign, &stop]).run().expect_code(1), "is denied by its policy");
    let build = world.validate_with(&image.pinned(), &[trivy(&image)], LENIENT, &keys().validation);
    let build = build.args(["--build-signer", "build", "--policy", &native, "--policy", &foreign]);
    build.run().expect_code(0);
}

#[test]
fn what_whoever_wrote_a_policy_is_to_know_is_said_with_its_line() {
    let world = World::new();
    let text = tanzu(&[("registry.example.org*", "first")])
        + "        secretRef: {name: pull, namespace: image-policy-system}\n";
    let path = world.file("tanzu.yaml", text);
    let check = Countersign::new().args(["policy", "check", &path]);
    let run = check.run().expect_code(0);
    for (field, note) in [
        ("keys[1].name", "no entry of images names this key"),
        ("images[0].namePattern", "matches hosts of others too"),
        ("images[0].secretRef", "the command's own are used"),
    ] {
        let line = run.stdout.lines().find(|line| line.contains(field)).unwrap_or_default();
        assert!(line.starts_with("note  ") && line.contains(note) && line.contains("line "), "{run:#?}");
    }
    let notes = check.args(["--output", "json"]).run().expect_code(0).json();
    assert_eq!(notes["notes"].as_array().unwrap().len(), 3, "{notes:#}");
    assert_eq!(notes["notes"][2]["policy"], "image-policy");
}

#[test]
fn what_an_image_needs_is_any_one_of_the_keys_that_speak_of_it() {
    let world = World::new();
    let path = world.file("tanzu.yaml", tanzu(&[("*/shop/*", "first second"), ("*/bank/*", "second")]));
    let explain = |image: &str| Countersign::new().args(["policy", "explain", image, "--policy", &path]);
    let run = explain("registry.example.org/shop/app:1").run().expect_code(0);
    for line in ["any one of these is enough:", "first: a signature by", "second: a signature by"] {
        assert!(run.stdout.contains(line), "{run:#?}");
    }
    let bank =
        explain("registry.example.org/bank/app:1").args(["--output", "json"]).run().expect_code(0).json();
    let policy = &bank["policies"][0];
    assert_eq!(
        (policy["anyIsEnough"].as_bool(), policy["signers"].as_array().unwrap().len()),
        (Some(true), 1)
    );
    let none = explain("registry.example.org/app:1").run().expect_code(0);
    assert!(none.stdout.contains("no policy speaks of it"), "{none:#?}");
}

#[test]
fn a_field_that_is_not_read_is_named_with_its_line() {
    let world = World::new();
    let text = tanzu(&[("*", "first")]).replace("    images:\n", "    mode: warn\n    images:\n");
    let run = world.gate(&text).arg("registry.example.org/app:1").run().expect_code(2);
    says(&run, "column 5: spec.verification.mode: unknown field");
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn a_pattern_for_latest_goes_on_matching_once_the_digest_is_known() {
    let world = World::new();
    let image = image::image(world.registry.host(), "shop/app", "latest", "no tag is written");
    let bare = image.tagged("latest").replace(":latest", "");
    let text = tanzu(&[(&format!("{}/shop/app:latest", world.registry.host()), "first")]);
    let allowing = world.gate(&text).arg("--allow-unmatched-images");
    let tagged = allowing.clone().args([bare.as_str(), "--allow-tag"]);
    let pinned = allowing.args(["-f", &world.file("pod.yaml", pod_in("shop", "app", &[&bare])), "--pin"]);
    decides(&tagged, 1, "denied", "missing");
    pinned.run().expect_code(1);
    // The image is given by its digest, and stands for the manifest's image without a tag.
    pinned.clone().arg(image.pinned()).run().expect_code(1);
    world.sign(&image, &keys().build, &[]);
    decides(&tagged, 0, "allowed", "");
    let run = pinned.run().expect_code(0);
    assert!(run.stdout.contains(&format!("{bare}:latest@{}", image.digest)), "{run:#?}");
}
