//! Policies of policy-controller: what only a whole run shows. Which decision they make stands in tests/policy/cases.

use super::{decides, report, says};
use crate::policies::pod;
use crate::support::cli::Countersign;
use crate::support::image::Pushed;
use crate::support::keys::TestKey;
use crate::world::{World, keys, shown};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// A policy for every image, with lines for its one authority and its spec.
fn policy(key: &TestKey, authority: &str, spec: &str) -> String {
    let pem = std::fs::read_to_string(key.public()).unwrap().replace('\n', "\n          ");
    format!(
        "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {{name: signed}}\nspec:\n  images: \
         [{{glob: \"**\"}}]\n{spec}  authorities:\n    - key:\n        data: |\n          {pem}\n{authority}"
    )
}

/// Moves the legacy signatures of an image under a tag with that prefix.
fn retag(world: &World, image: &Pushed, prefix: &str) {
    let tag = image.sig_tag();
    let manifest = world.registry.manifest(&image.repository, &tag).unwrap();
    world.registry.put_manifest(&image.repository, &format!("{prefix}{tag}"), MANIFEST, &manifest);
    world.registry.remove(&image.repository, &tag);
    world.registry.forget_requests();
}

#[test]
fn signatures_under_a_tag_with_a_prefix_count_where_it_is_asked_for_and_nothing_else_is_read() {
    let world = World::new();
    let image = world.image("prefixed");
    world.sign(&image, &keys().build, &["--format", "legacy"]);
    let prefixed = policy(&keys().build, "      source: [{tagPrefix: release-}]\n", "");
    decides(&world.gate(&prefixed).arg(image.pinned()), 1, "denied", "missing");
    retag(&world, &image, "release-");
    decides(&world.gate(&prefixed).arg(image.pinned()), 0, "allowed", "");
    let read = |path: &String| path.contains("/referrers/") || path.ends_with(&image.fallback_tag());
    assert!(!world.paths().iter().any(read), "{:?}", world.paths());
    let usual = policy(&keys().build, "", "");
    decides(&world.gate(&usual).arg(image.pinned()), 1, "denied", "missing");
}

#[test]
fn a_tag_with_a_prefix_that_cannot_be_asked_for_leaves_it_undecided() {
    let world = World::new();
    let image = world.image("undecided");
    world.sign(&image, &keys().build, &["--format", "legacy"]);
    let elsewhere = "      source: [{oci: \"127.0.0.1:1/signatures\", tagPrefix: release-}]\n";
    let gate = world.gate(&policy(&keys().build, elsewhere, "")).arg(image.pinned());
    decides(&gate, 3, "undecided", "unreachable");
}

#[test]
fn signatures_in_both_formats_satisfy_a_policy_that_names_none() {
    let world = World::new();
    let image = world.built("both formats");
    decides(&world.gate(&policy(&keys().build, "", "")).arg(image.pinned()), 0, "allowed", "");
    let other = world.image("a bundle alone");
    world.sign(&other, &keys().build, &["--format", "bundle"]);
    decides(&world.gate(&policy(&keys().build, "", "")).arg(other.pinned()), 1, "denied", "claim-mismatch");
}

#[test]
fn an_image_is_asked_about_for_each_object_that_a_policy_tells_apart() {
    let world = World::new();
    let image = world.image("in two objects");
    let pods = "  match: [{version: v1, resource: pods, selector: {matchLabels: {tier: web}}}]\n";
    let policy = policy(&keys().build, "", pods);
    let name = image.pinned();
    let labelled = pod("a", &[&name]).replace("metadata:\n", "metadata:\n  labels: {tier: web}\n");
    let both = format!("{labelled}\n---\n{}", pod("b", &[&name]));
    let gate = world.gate(&policy).args(["-f", "-", "--no-match", "allow"]);
    let told = report(&gate.clone().input(both), 1);
    let decisions: Vec<_> =
        told["images"].as_array().unwrap().iter().map(|image| &image["decision"]).collect();
    assert_eq!(decisions, ["denied", "allowed"], "{told:#}");
    // By its name alone it may stand in any object.
    decides(&world.gate(&policy).args(["--no-match", "allow", &name]), 1, "denied", "missing");
}

#[test]
fn an_image_that_is_not_there_is_undecided_wherever_policies_look() {
    let world = World::new();
    let source = |place: &str| format!("      source: [{{oci: {}/{place}}}]\n", world.registry.host());
    let one = policy(&keys().build, &source("signatures/one"), "");
    let other = policy(&keys().build, &source("signatures/other"), "").replace("name: signed", "name: too");
    let missing = format!("{}/shop/app@sha256:{}", world.registry.host(), "a".repeat(64));
    let told = report(&world.gate(&format!("{one}\n---\n{other}")).arg(&missing), 3);
    let policies = told["images"][0]["policies"].as_array().unwrap();
    assert_eq!(policies.len(), 2, "{told:#}");
    assert!(policies.iter().all(|policy| policy["decision"] == "undecided"), "{told:#}");
    assert_eq!(told["images"][0]["unreachable"].as_array().unwrap().len(), 1, "{told:#}");
}

#[test]
fn what_is_not_known_of_an_object_lets_no_image_pass() {
    let world = World::new();
    let image = world.image("exempt");
    let exempt = "  match: [{version: v1, resource: pods, selector: {matchLabels: {exempt: \"yes\"}}}]\n";
    let text = policy(&keys().build, "", exempt);
    let passes = text.split("    - key:").next().unwrap().to_owned() + "    - static: {action: pass}\n";
    let manifest = |labels: &str| {
        pod("a", &[&image.pinned()]).replace("metadata:\n", &format!("metadata:\n  labels: {labels}\n"))
    };
    let gate = |labels: &str| world.gate(&passes).args(["-f", "-"]).input(manifest(labels));
    decides(&gate("{exempt: \"yes\"}"), 0, "allowed", "");
    let many: Vec<String> = (0..65).map(|number| format!("l{number}: a")).collect();
    for labels in ["{}", "{exempt: \"no\"}", &format!("{{{}}}", many.join(", "))] {
        decides(&gate(labels), 1, "denied", "no-match");
    }
    let run = gate("{a: 1}").run().expect_code(2);
    says(&run, "its labels cannot be read");
    // By its name alone nobody knows where it stands.
    decides(&world.gate(&passes).arg(image.pinned()), 1, "denied", "no-match");
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn settings_and_namespaces_may_lie_in_files_of_their_own() {
    let world = World::new();
    let image = world.image("settings");
    let folder = world.folder.join("policies");
    std::fs::create_dir(&folder).unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
    file(
        "a.yaml",
        &policy(&keys().build, "", "").replace("glob: \"**\"", "glob: \"registry.example.org/**\""),
    );
    let gate = || Countersign::new().args(["gate", "--policy", &shown(&folder), &image.pinned()]);
    decides(&gate(), 1, "denied", "no-match");
    file(
        "b.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\ndata: {no-match-policy: warn}\n",
    );
    let run = gate().run().expect_code(0);
    says(&run, "no policy speaks of this image");
    decides(&gate().args(["--no-match", "deny"]), 1, "denied", "no-match");
    file("a.yaml", &policy(&keys().build, "", ""));
    decides(&gate().args(["--namespace", "shop"]), 1, "denied", "missing");
    file("c.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    decides(&gate().args(["--namespace", "shop"]), 0, "allowed", "excluded");
    file("d.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    let run = gate().run().expect_code(2);
    says(&run, "d.yaml: line 3, column 18: metadata.name: a second Namespace `shop`");
}

#[test]
fn a_key_store_that_is_not_read_is_named_with_its_field() {
    let world = World::new();
    let image = world.image("kms");
    let text = "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: p}\nspec:\n  images: \
                [{glob: \"**\"}]\n  authorities:\n    - key: {kms: \"awskms:///alias/build\"}\n";
    let run = world.gate(text).arg(image.pinned()).run().expect_code(2);
    says(&run, "line 7, column 18: spec.authorities[0].key.kms: ");
    says(&run, "awskms");
}

#[test]
fn what_is_read_and_not_meant_or_done_otherwise_here_is_said_by_policy_check() {
    let world = World::new();
    let source = "      source: [{signaturePullSecrets: [{name: regcred}]}]\n";
    let text = policy(&keys().build, source, "").replace("\"**\"", "registry.example.org/shop/app:1.4");
    let file = world.file("policy.yaml", text);
    let told =
        Countersign::new().args(["policy", "check", &file, "--output", "json"]).run().expect_code(0).json();
    let notes = told["notes"].as_array().unwrap();
    let about: Vec<_> = notes.iter().map(|note| note["field"].as_str().unwrap()).collect();
    assert_eq!(
        about,
        ["spec.images[0].glob", "spec.authorities[0].source[0].signaturePullSecrets"],
        "{told:#}"
    );
    assert_eq!(notes[0]["line"], 5);
    let explained =
        Countersign::new().args(["policy", "explain", "registry.example.org/shop/app:1.4", "--policy"]);
    let explained = explained.arg(&file).run().expect_code(0);
    assert!(explained.stdout.contains("no policy speaks of it"), "{explained:#?}");
}

#[test]
fn settings_and_namespaces_are_told_by_policy_check_and_explain() {
    let world = World::new();
    let text = policy(&keys().build, "", "").replace("glob: \"**\"", "glob: \"registry.example.org/**\"");
    let settings = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\ndata: \
                    {no-match-policy: warn}\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n";
    let files = [world.file("policy.yaml", &text), world.file("settings.yaml", settings)];
    let told = Countersign::new().args(["policy", "check"]).args(&files).args(["--output", "json"]);
    let told = told.run().expect_code(0).json();
    let notes = told["notes"].as_array().unwrap();
    let said: Vec<_> =
        notes.iter().map(|note| (note["line"].as_u64().unwrap(), note["text"].as_str().unwrap())).collect();
    assert!(
        matches!(said[..], [(3, settings), (8, namespace)]
        if settings.contains("gets `warn`") && namespace.contains("`shop` has no label")),
        "{told:#}"
    );
    assert!(notes.iter().all(|note| note["policy"].is_null()), "{told:#}");
    let explain = |image: &str| {
        let explain = Countersign::new().args(["policy", "explain", image, "--policy"]).args(&files);
        explain.run().expect_code(0).stdout
    };
    assert!(explain("quay.io/other").contains("`no-match-policy: warn` lets it pass with a warning"));
    assert!(!explain("registry.example.org/app").contains("no policy speaks of it"));
    let pods = policy(&keys().build, "", "  match: [{version: v1, resource: pods}]\n");
    world.file("policy.yaml", pods);
    assert!(explain("quay.io/other").contains("in none of the objects below no policy speaks of it"));
}
