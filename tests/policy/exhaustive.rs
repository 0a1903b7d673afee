//! Every subset of a few signatures, for policies of every age and every way to let age pass: one more signature
//! never takes an allowance away. What chance finds seldom is looked at here each time.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign::model::verify::Evidence;
use countersign::model::{Digest, Format, PinnedRef, Repository};
use countersign::policy::{
    Action, Alternative, AnyOf, MaxAge, OnExpiry, Origin, Place, Policy, Required, Role, SignerRule, Verdict,
    decide,
};
use jiff::Timestamp;

use crate::case::{FormatName, Signature};
use crate::{kit, runner};

/// Usual signatures are of 2026-11-20, and so older than [`AGE`].
const NOW: &str = "2026-12-02T00:00:00Z";
const FRESH: &str = "2026-12-01T00:00:00Z";
const AGE: Duration = Duration::from_secs(10 * 86_400);

fn image() -> PinnedRef {
    let repository: Repository = "registry.example.org/shop/app".parse().unwrap();
    repository.pinned(None, Digest::of(b"app"))
}

/// Old and fresh ones by both build keys; validations that name one of them, the other or both, old and fresh.
fn signatures() -> Vec<Evidence> {
    let key = |name: &str| kit::public(name).unwrap().fingerprint().to_string();
    let both = format!("{},{}", key("build"), key("build-next"));
    let all = [
        ("build", "build", false, None),
        ("build", "build", true, None),
        ("build-next", "build", false, None),
        ("build-next", "build", true, None),
        ("validation", "validation", false, Some(key("build"))),
        ("validation", "validation", true, Some(key("build"))),
        ("validation", "validation", false, Some(key("build-next"))),
        ("validation", "validation", true, Some(both)),
        ("validation", "build", true, None),
    ];
    all.into_iter().map(|(by, like, fresh, names)| found(by, like, fresh, names)).collect()
}

fn found(by: &str, like: &str, fresh: bool, countersigns: Option<String>) -> Evidence {
    let mut claims = Vec::new();
    if fresh {
        claims.push(("signed-at".to_owned(), Some(FRESH.to_owned())));
    }
    if let Some(keys) = countersigns {
        claims.push(("countersigns".to_owned(), Some(keys)));
        claims.extend(fresh.then(|| ("scanned-at".to_owned(), Some(FRESH.to_owned()))));
    }
    let (by, like) = (by.to_owned(), like.to_owned());
    let claims = claims.into_iter().collect();
    let made = Signature { by, like, claims, format: FormatName::Bundle, states: None };
    let keys: Vec<_> =
        ["build", "build-next", "validation"].iter().map(|name| kit::public(name).unwrap()).collect();
    let mut evidence = Evidence::default();
    evidence.take(runner::signed(&made, &image()), "here", Format::Bundle, &image().digest(), &keys);
    assert_eq!(evidence.verified.len(), 1);
    evidence
}

/// Policies that differ in how old the signatures may be, and in the build key that is revoked.
fn policies() -> Vec<Policy> {
    let ages = [None, Some(OnExpiry::Deny), Some(OnExpiry::Warn)];
    let mut policies = Vec::new();
    for (build, validation) in ages.iter().flat_map(|one| ages.iter().map(move |other| (*one, *other))) {
        for revoked in [None, Some("build"), Some("build-next")] {
            policies.push(policy(build, validation, revoked));
        }
    }
    policies
}

fn policy(build: Option<OnExpiry>, validation: Option<OnExpiry>, revoked: Option<&str>) -> Policy {
    let rule = |name: &str, keys: &[&str], role, on_expiry: Option<OnExpiry>| SignerRule {
        name: name.to_owned(),
        keys: keys.iter().map(|key| kit::public(key).unwrap()).collect(),
        role,
        claims: Required::default(),
        max_age: on_expiry.map(|on_expiry| MaxAge { age: AGE, on_expiry }),
    };
    let signers = vec![
        rule("build", &["build", "build-next"], Role::NotValidation, build),
        rule("validation", &["validation"], Role::Countersigns("build".to_owned()), validation),
    ];
    let mut policy = Policy::new(format!("{build:?} {validation:?} {revoked:?}"), signers).unwrap();
    let Action::Require(required) = &mut policy.action else { unreachable!() };
    required.revoked.keys = revoked.map(|key| kit::public(key).unwrap().fingerprint()).into_iter().collect();
    policy
}

/// The verdict on each subset; bit `n` of its number says whether signature `n` is in it.
fn verdicts(policy: &Policy, signatures: &[Evidence]) -> Vec<Verdict> {
    let now: Timestamp = NOW.parse().unwrap();
    let verdict = |subset: usize| {
        let mut evidence = Evidence { complete: true, ..Evidence::default() };
        for (_, one) in signatures.iter().enumerate().filter(|(at, _)| subset & (1 << at) != 0) {
            evidence.verified.extend(one.verified.iter().cloned());
        }
        let (image, home) = (image(), image().repository().clone());
        decide(policy, &image, &home, &[(&Place::from(home.clone()), &evidence)], now).verdict()
    };
    (0..1_usize << signatures.len()).map(verdict).collect()
}

#[test]
fn one_more_signature_never_takes_an_allowance_away() {
    let signatures = signatures();
    for policy in policies() {
        let verdicts = verdicts(&policy, &signatures);
        for (subset, before) in verdicts.iter().enumerate() {
            for more in (0..signatures.len()).map(|at| subset | 1 << at) {
                let taken_away = *before == Verdict::Allowed && verdicts[more] != Verdict::Allowed;
                assert!(!taken_away, "{}: {subset:b} is allowed, {more:b} is not", policy.name);
            }
        }
        let each: BTreeSet<Verdict> = verdicts.into_iter().collect();
        assert_eq!(each, BTreeSet::from([Verdict::Allowed, Verdict::Denied]), "{}", policy.name);
    }
}

/// Alternatives that differ in their keys and in where their signatures must stand.
fn alternatives() -> Vec<(Policy, Vec<&'static str>)> {
    let elsewhere: Place = "registry.example.org/signatures".parse::<Repository>().unwrap().into();
    let origin = |place: &Place| {
        let Place { repository, tag_prefix } = place.clone();
        Origin { repository: Some(repository), tag_prefix }
    };
    let signature = |keys: &[&str], places: &[Place]| {
        let of = keys.iter().map(|key| kit::public(key).unwrap()).collect();
        Alternative::signature(keys.join(" or "), of, places.iter().map(origin).collect()).unwrap()
    };
    let any_of = |alternatives: Vec<Alternative>| {
        let action = Action::AnyOf(AnyOf::new(alternatives).unwrap());
        Policy { action, ..policy(None, None, None) }
    };
    let own: &[Place] = &[];
    vec![
        (any_of(vec![signature(&["build"], own)]), vec!["build"]),
        (any_of(vec![signature(&["build", "validation"], own)]), vec!["build", "validation"]),
        (
            any_of(vec![signature(&["build"], own), signature(&["build-next"], own)]),
            vec!["build", "build-next"],
        ),
        (any_of(vec![signature(&["build"], own), Alternative::fail("no", "never")]), vec!["build"]),
        // A signature beside the image counts for none that names another place alone.
        (
            any_of(vec![
                signature(&["build"], std::slice::from_ref(&elsewhere)),
                signature(&["validation"], own),
            ]),
            vec!["validation"],
        ),
    ]
}

#[test]
fn of_alternatives_exactly_the_signatures_of_their_keys_in_their_places_are_enough() {
    let signatures = signatures();
    for (policy, enough) in alternatives() {
        let keys: BTreeSet<_> = enough.iter().map(|key| kit::public(key).unwrap().fingerprint()).collect();
        for (subset, verdict) in verdicts(&policy, &signatures).into_iter().enumerate() {
            let found = signatures.iter().enumerate().filter(|(at, _)| subset & (1 << at) != 0);
            let by_them = found.flat_map(|(_, one)| &one.verified).any(|one| keys.contains(&one.key()));
            assert_eq!(verdict == Verdict::Allowed, by_them, "{enough:?}: {subset:b}");
        }
    }
}
