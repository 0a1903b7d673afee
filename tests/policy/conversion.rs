//! Policies of other tools and what `policy convert` makes of them decide alike, except where a change is announced.
//! Policies and signatures are generated, and every signature is a real one.

mod refused;
mod scene;
mod written;

use std::collections::BTreeSet;

use countersign::model::ImageRef;
use countersign::policy::convert::{ChangeKind, Conversion, Signers, convert, of_installation};
use countersign::policy::{DraftError, NoMatch, Verdict, documents, drafts};
use proptest::prelude::*;

use scene::{IMAGES, Scene, read, scene};
use written::{
    AWKWARD_GLOBS, AWKWARD_PATTERNS, GLOBS, PATTERNS, entry, sigstore, tanzu, with_authorities, with_entries,
};

/// What becomes of the one policy of a text, and what is announced of it and what stands beside.
fn conversion(policy: &str, signers: &Signers) -> Result<Conversion, Vec<DraftError>> {
    // What its own reader refuses is refused.
    let mut read = documents(policy.as_bytes()).map_err(|error| vec![error])?;
    let mut conversion = convert(&read.drafts.remove(0).under(&read.installation), signers)?;
    conversion.changes.extend(of_installation(&read.installation));
    Ok(conversion)
}

/// The policies, and what is announced; nothing where it is refused.
fn converted(policy: &str) -> Option<(String, BTreeSet<ChangeKind>)> {
    let conversion = conversion(policy, &Signers::Any).ok()?;
    Some((conversion.policies, conversion.changes.into_iter().map(|change| change.kind).collect()))
}

/// What was said, and what is said of the same after a conversion: both must be one, but for what was announced. Nothing
/// where the policy's keys did not fit, which must be announced.
fn before_and_after(
    policy: &str,
    native: &str,
    changes: &BTreeSet<ChangeKind>,
    scene: &Scene,
) -> Option<(Verdict, Verdict)> {
    let Some(before) = read(policy) else {
        assert!(changes.contains(&ChangeKind::HashAlgorithm), "{policy}");
        return None;
    };
    let after = read(native).unwrap();
    // Who was told so calls the gate with --no-match.
    let told = before.installation.no_match().filter(|_| changes.contains(&ChangeKind::NoMatch));
    let told = Scene { no_match: told.unwrap_or(scene.no_match), ..scene.clone() };
    Some((scene.as_announced(&before, changes).decide(&before), told.decide(&after)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_conversion_decides_as_before_or_says_what_changes(
        policy in prop_oneof![tanzu(), sigstore()],
        scenes in prop::collection::vec(scene(), 4),
    ) {
        if let Some((native, changes)) = converted(&policy) {
            for scene in scenes {
                if let Some((before, after)) = before_and_after(&policy, &native, &changes, &scene) {
                    prop_assert!(before == after, "{before:?} {after:?} {scene:?}\n{policy}\n{native}");
                }
            }
        }
    }
}

#[test]
fn most_policies_are_converted_and_every_answer_comes_up() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let (mut refused, mut kept, mut announced) = (0, [0_usize; 3], BTreeSet::new());
    for _ in 0..400 {
        let policy = prop_oneof![tanzu(), sigstore()].new_tree(&mut runner).unwrap().current();
        let scene = scene().new_tree(&mut runner).unwrap().current();
        let Some((native, changes)) = converted(&policy) else {
            refused += 1;
            continue;
        };
        if let Some((_, after)) = before_and_after(&policy, &native, &changes, &scene) {
            kept[after as usize] += 1;
        }
        announced.extend(changes);
    }
    assert!(refused < 240, "{refused} refused");
    assert!(kept.iter().all(|count| *count >= 3), "{kept:?}");
    // Every one that does not depend on names in an option, or on registry credentials.
    assert_eq!(announced.len(), 11, "{announced:?}");
}

/// Every image in every spelling of a tag and a digest, and one in a folder.
fn images() -> Vec<ImageRef> {
    let digest = "@sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let behind = ["".to_owned(), ":1.0".to_owned(), digest.to_owned(), format!(":latest{digest}")];
    let all = IMAGES.iter().flat_map(|image| behind.iter().map(move |behind| format!("{image}{behind}")));
    all.chain(["oci:app".to_owned()]).map(|image| image.parse().unwrap()).collect()
}

#[test]
fn a_pattern_that_is_converted_takes_in_the_same_images() {
    let tanzu = PATTERNS.iter().chain(&AWKWARD_PATTERNS);
    let tanzu = tanzu.map(|pattern| with_entries(false, &entry(pattern, &["build"])));
    let fail = "    - static: {action: fail}\n";
    let sigstore = GLOBS.iter().chain(&AWKWARD_GLOBS).map(|glob| with_authorities("enforce", &[glob], fail));
    let mut same = 0;
    for policy in tanzu.chain(sigstore) {
        let Some((native, _)) = converted(&policy) else { continue };
        let (before, after) = (read(&policy).unwrap(), read(&native).unwrap());
        for image in images() {
            assert_eq!(before.speaks_of(&image), after.speaks_of(&image), "{image}\n{policy}\n{native}");
        }
        same += 1;
    }
    assert!(same > 25, "only {same} were converted");
}

fn refusal(policy: &str) -> String {
    let errors = conversion(policy, &Signers::Any).unwrap_err();
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn patterns_that_cross_with_different_keys_are_refused_and_nothing_is_guessed() {
    let crossing = with_entries(
        false,
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
        false,
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
        tag: Some("latest"),
        pinned: true,
        namespace: None,
        no_match: NoMatch::Deny,
        home,
        elsewhere: Vec::new(),
        unreachable: [false; 2],
    };
    let (before, after) = (read(&policy).unwrap(), read(&conversion.policies).unwrap());
    // Numbers 2 and 20: a build signature, and one by the key `validation` that names it.
    assert_eq!(scene(vec![2]).decide(&before), Verdict::Allowed);
    assert_eq!(scene(vec![2]).decide(&after), Verdict::Denied);
    assert_eq!(scene(vec![2, 20]).decide(&after), Verdict::Allowed);
    for (wrong, said) in [
        (two("build", "other"), "named neither as a build key nor as a validation key"),
        (two("other", "validation"), "named neither"),
    ] {
        let errors = convert(&draft, &wrong).unwrap_err();
        assert!(errors[0].to_string().contains(said), "{}", errors[0]);
    }
}
