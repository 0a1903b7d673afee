//! What `policy check` warns of, and what `policy explain` says.

use countersign::model::Format;
use countersign::policy::{Need, Policy, check, drafts, explain};

use crate::case::policy_text;
use crate::runner;

const HEAD: &str = "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\n";

fn policy(name: &str, spec: &str) -> String {
    format!("{HEAD}metadata: {{name: {name}}}\nspec: {spec}\n")
}

/// The warnings as `policy/signer: text`.
fn warnings(texts: &[String]) -> Vec<String> {
    let set = runner::policies(texts).unwrap();
    let policies: &[Policy] = set.policies();
    let shown = check(policies).into_iter().map(|warning| {
        let signer = warning.signer.map(|signer| format!("/{signer}")).unwrap_or_default();
        format!("{}{signer}: {}", warning.policy, warning.text)
    });
    shown.collect()
}

fn warns(texts: &[String], expected: &[&str]) {
    let found = warnings(texts);
    let fit = found.len() == expected.len()
        && expected.iter().zip(&found).all(|(part, whole)| whole.contains(part));
    assert!(fit, "{found:#?}");
}

const BUILD: &str = "{name: build, keys: [{ref: build}]}";
const SHOP: &str = "images: {include: [\"registry.example.org/shop/**\"]}";

#[test]
fn a_policy_that_is_meant_gives_no_warning() {
    let validation = "{name: validation, keys: [{ref: validation}], countersigns: build, maxAge: 30d}";
    warns(&[policy("p", &format!("{{{SHOP}, signers: [{BUILD}, {validation}]}}"))], &[]);
}

#[test]
fn countersigning_without_an_age_is_warned_of() {
    warns(&["production".to_owned()], &["production/validation: it countersigns `build` without `maxAge`"]);
}

#[test]
fn one_key_in_different_signers_of_two_policies_is_warned_of() {
    let one = policy("one", &format!("{{{SHOP}, signers: [{BUILD}]}}"));
    let other = policy(
        "other",
        &format!("{{{SHOP}, signers: [{{name: compiled, keys: [{{ref: build-compressed}}]}}]}}"),
    );
    warns(&[one.clone(), other], &["one: sha256:"]);
    let same = policy("other", &format!("{{{SHOP}, signers: [{BUILD}]}}"));
    warns(&[one, same], &[]);
}

#[test]
fn one_key_for_several_patterns_is_warned_of_unless_signatures_are_for_a_repository() {
    let two = "images: {include: [\"registry.example.org/shop/**\", \"registry.example.org/bank/**\"]}";
    warns(&[policy("p", &format!("{{{two}, signers: [{BUILD}]}}"))], &["p: sha256:"]);
    let closed = policy("p", &format!("{{{two}, signedFor: same, signers: [{BUILD}]}}"));
    warns(&[closed], &["p/build: plain signatures of cosign and kpack"]);
    let bank = "images: {include: [\"registry.example.org/bank/**\"]}";
    let policies = [("one", SHOP), ("two", bank)]
        .map(|(name, images)| policy(name, &format!("{{{images}, signers: [{BUILD}]}}")));
    warns(&policies, &["one: sha256:"]);
}

#[test]
fn signatures_of_other_tools_where_a_time_or_a_repository_is_asked_for_are_warned_of() {
    for (asked, expected) in [
        ("signedFor: same, ", "never satisfy `signedFor`"),
        ("signedFor: [\"registry.example.org/**\"], ", "never satisfy `signedFor`"),
        ("", "never satisfy `maxAge`"),
    ] {
        let age = if asked.is_empty() { ", maxAge: 30d" } else { "" };
        let signer = format!("{{name: build, keys: [{{ref: build}}]{age}}}");
        warns(&[policy("p", &format!("{{{SHOP}, {asked}signers: [{signer}]}}"))], &[expected]);
    }
}

#[test]
fn a_signer_whose_keys_are_all_revoked_is_warned_of() {
    let fingerprint = crate::kit::public("build").unwrap().fingerprint();
    let spec = format!("{{{SHOP}, revoked: {{keys: [\"{fingerprint}\"]}}, signers: [{BUILD}]}}");
    warns(&[policy("p", &spec)], &["p/build: each of its keys is revoked"]);
}

#[test]
fn a_revoked_fingerprint_that_is_no_key_of_the_policy_is_warned_of() {
    let stranger = crate::kit::public("stranger").unwrap().fingerprint();
    let next = crate::kit::public("build-next").unwrap().fingerprint();
    let build = "{name: build, keys: [{ref: build}, {ref: build-next}]}";
    let spec = format!("{{{SHOP}, revoked: {{keys: [\"{stranger}\", \"{next}\"]}}, signers: [{build}]}}");
    warns(&[policy("p", &spec)], &[&format!("p: `revoked.keys` has {stranger}, which is no key")]);
}

fn needs(texts: &[String], image: &str, namespace: Option<&str>) -> Vec<Need> {
    let read = |text: &String| drafts(policy_text(text).as_bytes()).unwrap();
    explain(&texts.iter().flat_map(read).collect::<Vec<_>>(), &image.parse().unwrap(), namespace)
}

#[test]
fn what_an_image_needs_is_said_without_its_keys() {
    let cluster = policy(
        "cluster",
        &format!(
            "{{{SHOP}, signedFor: same, excludeNamespaces: [kube-system], signatureRepositories: \
             [registry.example.org/signatures], signers: [{{name: build, keys: [{{configMapRef: {{namespace: ci, name: \
             build-pub}}}}, {{secretRef: {{namespace: ci, name: old}}}}], maxAge: 36h}}]}}"
        ),
    );
    let found =
        needs(&[cluster, "lenient".to_owned()], "registry.example.org/shop/app:1", Some("kube-system"));
    let value = serde_json::to_value(&found).unwrap();
    assert_eq!(value[0]["policy"], "cluster");
    assert_eq!((value[0]["excluded"].clone(), value[1]["excluded"].clone()), (true.into(), false.into()));
    assert_eq!(value[0]["signedFor"], serde_json::json!(["same"]));
    assert_eq!(value[0]["signatureRepositories"], serde_json::json!(["registry.example.org/signatures"]));
    let signer = serde_json::json!({
        "name": "build", "keys": ["k8s-configmap://ci/build-pub", "k8s://ci/old"], "claims": {}, "maxAge": "36h",
        "onExpiry": "Deny",
    });
    assert_eq!(value[0]["signers"], serde_json::json!([signer]));
    assert_eq!(value[1]["signers"][1]["countersigns"], "build");
    assert_eq!(value[1]["signers"][1]["maxAge"], "30d");
    assert_eq!(value[1]["signers"][1]["onExpiry"], "Warn");
}

#[test]
fn an_image_that_no_policy_speaks_of_needs_nothing_that_could_be_said() {
    assert_eq!(needs(&["production".to_owned()], "registry.example.org/bank/app", None), []);
}

#[test]
fn a_revoked_digest_and_an_action_are_said() {
    let digest = countersign::model::Digest::of(b"app");
    let revoking =
        policy("a", &format!("{{{SHOP}, revoked: {{digests: [\"{digest}\"]}}, signers: [{BUILD}]}}"));
    let denying = policy("b", &format!("{{{SHOP}, action: Deny}}"));
    let allowing = policy("c", &format!("{{{SHOP}, action: Allow, mode: Audit}}"));
    let found =
        needs(&[revoking, denying, allowing], &format!("registry.example.org/shop/app@{digest}"), None);
    let said: Vec<_> = found.iter().map(|need| (need.action, need.revoked)).collect();
    assert_eq!(said, [("RequireSignatures", true), ("Deny", false), ("Allow", false)]);
}

#[test]
fn what_a_policy_of_policy_controller_asks_is_said_with_its_objects_places_and_formats() {
    let text = "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: p}\nspec:\n  images: \
                [{glob: \"registry.example.org/**\"}]\n  match: [{group: apps, version: v1, resource: deployments, selector: \
                {matchLabels: {a: b}}}, {version: \"*\", resource: pods}]\n  authorities:\n    - {name: key, key: {kms: \
                \"k8s://keys/build\"}, source: [{tagPrefix: signed-}]}\n    - static: {action: fail, message: never}\n";
    let drafts = drafts(text.as_bytes()).unwrap();
    let needs = explain(&drafts, &"registry.example.org/app:1".parse().unwrap(), None);
    let [need] = &needs[..] else { panic!("{needs:?}") };
    assert!(need.any_is_enough);
    assert_eq!(need.objects, ["deployments.apps/v1 with certain labels", "pods/*"]);
    let [key, fixed] = &need.signers[..] else { panic!("{needs:?}") };
    assert_eq!(
        (key.keys.as_slice(), key.format),
        (&["k8s://keys/build".to_owned()][..], Some(Format::Legacy))
    );
    assert_eq!(key.places, ["the image's repository (tags beginning with signed-)"]);
    assert_eq!(fixed.unsigned.as_deref(), Some("disallowed by static policy: never"));
}
