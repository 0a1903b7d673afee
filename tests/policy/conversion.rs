//! Policies of other tools and what `policy convert` makes of them decide alike, except where a change is announced.
//! Policies and signatures are generated, and every signature is a real one.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::OnceLock;

use countersign::model::candidate::Read;
use countersign::model::verify::{Evidence, Remark};
use countersign::model::{Digest, Format, PinnedRef, Repository};
use countersign::policy::convert::{ChangeKind, Signers, convert};
use countersign::policy::{Early, NoMatch, Place, PolicySet, Surroundings, Verdict, drafts};
use proptest::prelude::*;

use crate::case::{FormatName, Signature};
use crate::{kit, runner};

const KEYS: [&str; 3] = ["build", "build-next", "validation"];
const NOW: &str = "2026-11-21T12:00:00Z";
/// Repositories of images; all have one digest, so that one set of signatures does for them.
const IMAGES: [&str; 5] = [
    "registry.example.org/shop/app",
    "registry.example.org/shop/tap",
    "registry.example.org/other/app",
    "docker.io/library/busybox",
    "ghcr.io/shop/app",
];
const PATTERNS: [&str; 9] = [
    "*",
    "registry.example.org/*",
    "registry.example.org/shop/*",
    "registry.example.org/shop/app",
    "registry.example.org/*pp",
    "registry.example.org/other/*",
    "registry.example.org/shop/app:latest",
    "busybox",
    "ghcr.io/*",
];
const GLOBS: [&str; 6] = [
    "**",
    "registry.example.org/**",
    "registry.example.org/shop/*",
    "registry.example.org/*/app@*",
    "index.docker.io/library/*",
    "*.example.org/**",
];
const ELSEWHERE: &str = "registry.example.org/signatures";

/// What a signature is like that policies may tell apart.
const LIKE: [(&str, Option<&str>); 4] =
    [("plain", None), ("build", None), ("validation", None), ("build", Some("2036-01-01T00:00:00Z"))];

fn digest() -> Digest {
    Digest::of(b"app")
}

fn pinned(repository: &str) -> PinnedRef {
    repository.parse::<Repository>().unwrap().pinned(Some("latest".parse().unwrap()), digest())
}

/// A signature by number: key, what it is like, format.
fn parts(number: usize) -> (&'static str, usize, FormatName) {
    let format = if number.is_multiple_of(2) { FormatName::Legacy } else { FormatName::Bundle };
    (KEYS[number / 8 % 3], number / 2 % 4, format)
}

/// Every signature, checked with every key.
fn checked() -> &'static [Evidence] {
    static ALL: OnceLock<Vec<Evidence>> = OnceLock::new();
    ALL.get_or_init(|| {
        let keys: Vec<_> = KEYS.iter().map(|name| kit::public(name).unwrap()).collect();
        let check = |number: usize| {
            let (by, like, format) = parts(number);
            let (like, signed_at) = LIKE[like];
            let claims = signed_at.map(|time| ("signed-at".to_owned(), Some(time.to_owned())));
            let stored = if format == FormatName::Legacy { Format::Legacy } else { Format::Bundle };
            let (by, like) = (by.to_owned(), like.to_owned());
            let signature =
                Signature { by, like, claims: claims.into_iter().collect(), format, states: None };
            let read: Read = runner::signed(&signature, &pinned(IMAGES[0]));
            let mut evidence = Evidence::default();
            evidence.take(read, "here", stored, &digest(), &keys);
            evidence
        };
        (0..24).map(check).collect()
    })
}

fn known(numbers: &[usize], unreachable: bool) -> Evidence {
    let mut known = Evidence { complete: true, ..Evidence::default() };
    for evidence in numbers.iter().map(|number| &checked()[*number]) {
        known.verified.extend(evidence.verified.iter().cloned());
    }
    let remark = Remark { place: "here".to_owned(), format: None, reason: "timed out".to_owned() };
    known.unreachable.extend(unreachable.then_some(remark));
    known
}

/// Who asks about which image, and what is found.
#[derive(Debug, Clone)]
struct Scene {
    image: usize,
    namespace: Option<&'static str>,
    home: Vec<usize>,
    elsewhere: Vec<usize>,
    unreachable: bool,
}

fn scene() -> impl Strategy<Value = Scene> {
    // Often none of those that a change is announced for.
    let plain = prop::sample::select(vec![0_usize, 2, 8, 10, 16, 18]);
    let one = prop_oneof![2 => plain, 1 => 0..24_usize];
    let found = || prop::collection::vec(one.clone(), 0..3);
    let namespace = prop::sample::select(vec![None, None, Some("shop"), Some("kube-system")]);
    (0..IMAGES.len(), namespace, found(), found(), prop::bool::weighted(0.25)).prop_map(
        |(image, namespace, home, elsewhere, unreachable)| Scene {
            image,
            namespace,
            home,
            elsewhere,
            unreachable,
        },
    )
}

impl Scene {
    fn decide(&self, policies: &str) -> Verdict {
        let read = drafts(policies.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{policies}"));
        let policies = read.into_iter().map(|draft| draft.into_policy(&kit::fetched()).unwrap()).collect();
        let set = PolicySet::new(policies).unwrap();
        let image = pinned(IMAGES[self.image]);
        let there = Surroundings::from(self.namespace);
        let pending = match set.before_evidence(&image.clone().into(), there, NoMatch::Deny) {
            Early::Decided(decision) => return decision.verdict(),
            Early::NeedsEvidence(pending) => pending,
        };
        let home = image.repository().clone();
        let [here, there] = [home.clone(), ELSEWHERE.parse().unwrap()].map(Place::from);
        let (at_home, away) = (known(&self.home, self.unreachable), known(&self.elsewhere, false));
        pending.decide(&image, &home, &[(&here, &at_home), (&there, &away)], NOW.parse().unwrap()).verdict()
    }

    /// Whether a change that was announced speaks of this scene.
    fn is_announced(&self, changes: &BTreeSet<ChangeKind>) -> bool {
        let all = || self.home.iter().chain(&self.elsewhere).map(|number| parts(*number));
        changes.iter().any(|change| match change {
            ChangeKind::ValidationRole => all().any(|(_, like, _)| LIKE[like].0 == "validation"),
            ChangeKind::SigningTime => all().any(|(_, like, _)| LIKE[like].1.is_some()),
            ChangeKind::BesideTheImage => !self.home.is_empty() || self.unreachable,
            ChangeKind::BothFormats => all().any(|(_, _, format)| format == FormatName::Bundle),
            ChangeKind::ExcludedWithoutPolicy => self.namespace == Some("kube-system"),
            ChangeKind::TwoSigners => true,
            ChangeKind::NamespaceLabels | ChangeKind::Words | ChangeKind::LeftOut => false,
        })
    }
}

fn keys_text(indent: &str, field: &str, key: &str) -> String {
    format!("{indent}{field}: |\n{indent}  {}\n", kit::pem(key, &format!("{indent}  ")))
}

/// Entries: a pattern, and which of the keys.
fn tanzu() -> impl Strategy<Value = String> {
    let keys = prop::sample::subsequence(&KEYS, 1..=3);
    let entry = (prop::sample::select(PATTERNS.as_slice()), keys);
    (prop::collection::vec(entry, 1..4), any::<bool>()).prop_map(|(entries, excludes)| {
        let mut text = "apiVersion: signing.apps.tanzu.vmware.com/v1beta1\nkind: ClusterImagePolicy\n\
                        metadata: {name: image-policy}\nspec:\n  verification:\n"
            .to_owned();
        if excludes {
            text.push_str("    exclude: {resources: {namespaces: [kube-system]}}\n");
        }
        text.push_str("    keys:\n");
        for key in KEYS {
            let _ = write!(text, "      - name: {key}\n{}", keys_text("        ", "publicKey", key));
        }
        text.push_str("    images:\n");
        for (pattern, keys) in entries {
            let keys: Vec<String> = keys.iter().map(|key| format!("{{name: {key}}}")).collect();
            let _ = writeln!(text, "      - {{namePattern: \"{pattern}\", keys: [{}]}}", keys.join(", "));
        }
        text
    })
}

/// An authority: a key by number, or what it says without one; and whether it looks elsewhere.
fn sigstore() -> impl Strategy<Value = String> {
    let authority = prop_oneof![4 => 0..3_usize, 1 => Just(3), 1 => Just(4)];
    let globs = prop::sample::subsequence(&GLOBS, 1..=2);
    let mode = prop::sample::select(vec!["enforce", "enforce", "warn"]);
    (globs, prop::collection::vec(authority, 1..4), any::<bool>(), mode).prop_map(|(globs, authorities, elsewhere, mode)| {
        let globs: Vec<String> = globs.iter().map(|glob| format!("{{glob: \"{glob}\"}}")).collect();
        let mut text = format!(
            "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {{name: keys}}\nspec:\n  \
             mode: {mode}\n  images: [{}]\n  authorities:\n",
            globs.join(", ")
        );
        for (number, authority) in authorities.into_iter().enumerate() {
            let _ = writeln!(text, "    - name: a{number}");
            match authority {
                3 => text.push_str("      static: {action: pass}\n"),
                4 => text.push_str("      static: {action: fail, message: never}\n"),
                key => {
                    let _ = write!(text, "      key:\n{}", keys_text("        ", "data", KEYS[key]));
                    if elsewhere {
                        let _ = writeln!(text, "      source: [{{oci: {ELSEWHERE}}}]");
                    }
                }
            }
        }
        text
    })
}

/// What `policy convert` writes, and what it announces; nothing where it refuses.
fn converted(policy: &str) -> Option<(String, BTreeSet<ChangeKind>)> {
    let draft = drafts(policy.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{policy}")).remove(0);
    let conversion = convert(&draft, &Signers::Any).ok()?;
    Some((conversion.policies, conversion.changes.into_iter().map(|change| change.kind).collect()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_conversion_decides_as_before_or_says_what_changes(
        policy in prop_oneof![tanzu(), sigstore()],
        scene in scene(),
    ) {
        if let Some((native, changes)) = converted(&policy) {
            let (before, after) = (scene.decide(&policy), scene.decide(&native));
            prop_assert!(before == after || scene.is_announced(&changes), "{before:?} {after:?}\n{policy}\n{native}");
        }
    }
}

#[test]
fn most_policies_are_converted_and_every_answer_comes_up() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut refused, mut kept) = (0, [0_usize; 3]);
    for _ in 0..400 {
        let policy = prop_oneof![tanzu(), sigstore()].new_tree(&mut runner).unwrap().current();
        let scene = scene().new_tree(&mut runner).unwrap().current();
        match converted(&policy) {
            None => refused += 1,
            Some((native, changes)) if !scene.is_announced(&changes) => {
                kept[scene.decide(&native) as usize] += 1;
            }
            Some(_) => {}
        }
    }
    assert!(refused < 200, "{refused} refused");
    assert!(kept.iter().all(|count| *count >= 3), "{kept:?}");
}

fn refusal(policy: &str) -> String {
    let draft = drafts(policy.as_bytes()).unwrap().remove(0);
    let errors = convert(&draft, &Signers::Any).unwrap_err();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn with_entries(entries: &str) -> String {
    let keys: String = KEYS
        .iter()
        .map(|key| format!("      - name: {key}\n{}", keys_text("        ", "publicKey", key)))
        .collect();
    format!(
        "apiVersion: signing.apps.tanzu.vmware.com/v1beta1\nkind: ClusterImagePolicy\nmetadata: {{name: image-policy}}\n\
         spec:\n  verification:\n    keys:\n{keys}    images:\n{entries}"
    )
}

#[test]
fn patterns_that_cross_with_different_keys_are_refused_and_nothing_is_guessed() {
    let crossing = with_entries(
        "      - {namePattern: \"registry.example.org/shop/*\", keys: [{name: build}]}\n      \
         - {namePattern: \"registry.example.org/*/app\", keys: [{name: validation}]}\n",
    );
    assert!(refusal(&crossing).contains("must both be satisfied"), "{}", refusal(&crossing));
    let same = crossing.replace("{name: validation}", "{name: build}");
    assert!(converted(&same).is_some());
}

#[test]
fn two_signers_are_made_of_keys_that_somebody_tells_apart() {
    let policy = with_entries(
        "      - {namePattern: \"registry.example.org/*\", keys: [{name: build}, {name: validation}]}\n",
    );
    let draft = drafts(policy.as_bytes()).unwrap().remove(0);
    let two = |build: &str, validation: &str| Signers::Two {
        build: vec![build.to_owned()],
        validation: vec![validation.to_owned()],
    };
    let conversion = convert(&draft, &two("build", "validation")).unwrap();
    assert!(conversion.changes.iter().any(|change| change.kind == ChangeKind::TwoSigners));
    let scene = |home: Vec<usize>| Scene {
        image: 0,
        namespace: None,
        home,
        elsewhere: Vec::new(),
        unreachable: false,
    };
    // Numbers 2 and 20: a build signature, and one by the key `validation` that names it.
    assert_eq!(scene(vec![2]).decide(&policy), Verdict::Allowed);
    assert_eq!(scene(vec![2]).decide(&conversion.policies), Verdict::Denied);
    assert_eq!(scene(vec![2, 20]).decide(&conversion.policies), Verdict::Allowed);
    for (wrong, said) in [
        (two("build", "other"), "named neither as a build key nor as a validation key"),
        (two("other", "validation"), "named neither"),
    ] {
        let errors = convert(&draft, &wrong).unwrap_err();
        assert!(errors[0].to_string().contains(said), "{}", errors[0]);
    }
}
