//! What the gate asks a registry, and what it does not.

use std::collections::BTreeMap;

use super::{decides, report};
use crate::policies::{both, line, pod, pod_in, policy, production};
use crate::support::image::{Pushed, image};
use crate::world::{REPOSITORY, World};

/// The requests so far, and how often each was made.
fn counted(world: &World) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for request in world.registry.requests() {
        let line = format!("{} {}?{}", request.method, request.path, request.query.unwrap_or_default());
        *counts.entry(line).or_default() += 1;
    }
    counts
}

#[track_caller]
fn each_once(world: &World) {
    let counts = counted(world);
    assert!(!counts.is_empty());
    assert!(counts.values().all(|count| *count == 1), "{counts:#?}");
}

#[track_caller]
fn none(world: &World) {
    assert_eq!(counted(world), BTreeMap::new());
}

#[test]
fn an_image_in_twenty_manifests_is_asked_about_once() {
    let world = World::new();
    let both = world.countersigned("popular");
    let once = world.gate(&production(&world.registry)).arg(both.pinned());
    once.run().expect_code(0);
    let expected = counted(&world);
    world.registry.forget_requests();
    for number in 0..20 {
        world.folder.write(format!("app/{number}.yaml"), pod(&format!("p{number}"), &[&both.pinned()]));
    }
    let folder = world.folder.join("app");
    let gate = world.gate(&production(&world.registry)).arg("-f").arg(&folder);
    let report = report(&gate, 0);
    assert_eq!(report["images"].as_array().unwrap().len(), 1);
    assert_eq!(report["images"][0]["uses"].as_array().unwrap().len(), 20);
    assert_eq!(counted(&world), expected);
    each_once(&world);
}

#[test]
fn an_image_in_two_namespaces_is_asked_about_once_and_decided_on_for_each() {
    let world = World::new();
    let unsigned = world.image("two namespaces");
    let text = policy("p", "**", &(line("excludeNamespaces", "[kube-system]") + &both()));
    let manifests = [
        pod_in("shop", "a", &[&unsigned.pinned()]),
        pod_in("office", "b", &[&unsigned.pinned()]),
        pod_in("kube-system", "c", &[&unsigned.pinned()]),
    ];
    let gate = world.gate(&text).args(["-f", &world.file("all.yaml", manifests.join("---\n"))]);
    let report = report(&gate, 1);
    let decisions: Vec<_> =
        report["images"].as_array().unwrap().iter().map(|image| &image["decision"]).collect();
    assert_eq!(decisions, ["denied", "denied", "allowed"]);
    each_once(&world);
}

#[test]
fn one_digest_under_two_tags_is_asked_about_once_and_in_two_repositories_twice() {
    let world = World::new();
    let here = world.countersigned("same bytes");
    let there = image(&world.registry, "shop/other", "1.4", "same bytes");
    assert_eq!(here.digest, there.digest);
    let named = |image: &Pushed, tag: &str| format!("{}@{}", image.tagged(tag), image.digest);
    let gate = world.gate(&production(&world.registry));
    gate.clone().args([named(&here, "a"), named(&here, "b")]).run().expect_code(0);
    each_once(&world);
    // What is signed in one repository is not signed in the other.
    let report = report(&gate.args([here.pinned(), there.pinned()]), 1);
    assert_eq!([&report["images"][0]["decision"], &report["images"][1]["decision"]], ["allowed", "denied"]);
    for repository in [REPOSITORY, "shop/other"] {
        let prefix = format!("/v2/{repository}/");
        assert!(world.registry.requests().iter().any(|request| request.path.starts_with(&prefix)));
    }
}

#[test]
fn an_image_that_matches_no_policy_costs_no_request() {
    let world = World::new();
    let image = world.countersigned("no match");
    let text = policy("elsewhere", "other.example/**", &both());
    for (setting, code) in [("deny", 1), ("warn", 0), ("allow", 0)] {
        let gate = world.gate(&text).args(["--no-match", setting]);
        gate.clone().arg(image.pinned()).run().expect_code(code);
        gate.clone().args([&image.tagged("1.4"), "--allow-tag"]).run().expect_code(code);
        let manifest = world.file("pod.yaml", pod("p", &[&image.tagged("1.4")]));
        gate.args(["--pin", "-f", &manifest]).run().expect_code(code);
    }
    none(&world);
}

#[test]
fn what_a_policy_allows_or_denies_as_it_is_costs_no_request() {
    let world = World::new();
    let image = world.image("as it is");
    for (action, code, word, reason) in
        [("Allow", 0, "allowed", ""), ("Deny", 1, "denied", "denied-by-policy")]
    {
        let gate = world.gate(&policy("p", "**", &line("action", action)));
        decides(&gate.clone().arg(image.pinned()), code, word, reason);
        decides(&gate.clone().arg(image.tagged("1.4")), code, word, reason);
        decides(&gate.args([&image.tagged("1.4"), "--allow-tag"]), code, word, reason);
    }
    none(&world);
}

#[test]
fn a_denial_beats_signatures_without_a_request() {
    let world = World::new();
    let image = world.countersigned("denied all the same");
    let deny = world.file("deny.yaml", policy("deny", "**", &line("action", "Deny")));
    let gate = world.gate(&production(&world.registry)).args(["--policy", &deny]).arg(image.pinned());
    decides(&gate, 1, "denied", "denied-by-policy");
    none(&world);
}

#[test]
fn a_policy_that_allows_satisfies_itself_alone() {
    let world = World::new();
    let image = world.image("unsigned");
    let allow = world.file("allow.yaml", policy("allow", "**", &line("action", "Allow")));
    let gate = world.gate(&production(&world.registry)).args(["--policy", &allow]).arg(image.pinned());
    decides(&gate, 1, "denied", "missing");
}

#[test]
fn a_revoked_digest_costs_no_request() {
    let world = World::new();
    let image = world.countersigned("revoked");
    let revoked = line("revoked", &format!("{{digests: ['{}']}}", image.digest));
    let text = policy("p", "**", &(revoked + &both()));
    decides(&world.gate(&text).arg(image.pinned()), 1, "denied", "revoked");
    none(&world);
    // Behind a tag, once that is resolved.
    let tagged = world.gate(&text).args([&image.tagged("1.4"), "--allow-tag"]);
    decides(&tagged, 1, "denied", "revoked");
    assert_eq!(world.registry.requests().len(), 1);
}

#[test]
fn a_revoked_key_no_longer_counts() {
    let world = World::new();
    let image = world.countersigned("revoked key");
    let fingerprint = crate::world::keys().build.public.fingerprint();
    let text = policy("p", "**", &(line("revoked", &format!("{{keys: ['{fingerprint}']}}")) + &both()));
    decides(&world.gate(&text).arg(image.pinned()), 1, "denied", "revoked");
}

#[test]
fn an_image_that_is_allowed_is_not_fetched() {
    let world = World::new();
    let image = world.countersigned("not fetched");
    world.gate(&production(&world.registry)).arg(image.pinned()).run().expect_code(0);
    let manifest = format!("/v2/{REPOSITORY}/manifests/{}", image.digest);
    assert!(!world.paths().contains(&manifest), "{:#?}", world.paths());
}

#[test]
fn an_image_without_a_digest_costs_no_request_unless_it_may_be_resolved() {
    let world = World::new();
    let image = world.countersigned("tag");
    let gate = world.gate(&production(&world.registry)).arg(image.tagged("1.4"));
    decides(&gate, 1, "denied", "not-pinned");
    none(&world);
    let allowed = decides(&gate.arg("--allow-tag"), 0, "allowed", "");
    assert_eq!(allowed["images"][0]["digest"], image.digest.to_string());
    each_once(&world);
}

#[test]
fn with_tag_and_digest_the_digest_rules_and_the_tag_is_never_resolved() {
    let world = World::new();
    let image = world.countersigned("both written");
    let written = format!("{}@{}", image.tagged("never-pushed"), image.digest);
    let gate = world.gate(&production(&world.registry)).args([&written, "--allow-tag"]);
    gate.run().expect_code(0);
    assert!(!world.paths().iter().any(|path| path.ends_with("/never-pushed")), "{:#?}", world.paths());
}
