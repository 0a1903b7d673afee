//! What holds for all policies and all evidence: one more signature never takes an allowance away, and nothing
//! depends on an order. Signatures are real ones, made once.

use std::collections::BTreeSet;
use std::sync::OnceLock;
use std::time::Duration;

use countersign::model::candidate::Read;
use countersign::model::claims::{ROLE, SIGNED_AT};
use countersign::model::verify::{Evidence, Remark};
use countersign::model::{Claims, Digest, Fingerprint, Format, PinnedRef, Repository};
use countersign::policy::{
    Action, Alternative, AnyOf, Decision, Early, MaxAge, Mode, NamePattern, NoMatch, OnExpiry, Outcome,
    Place, Policy, PolicySet, ReasonCode, Required, Role, SignedFor, SignerRule, Verdict,
};
use jiff::Timestamp;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::case::{FormatName, Signature};
use crate::{kit, runner};

const KEYS: [&str; 6] = ["build", "build-next", "validation", "validation-next", "stranger", "release"];

fn home() -> Repository {
    "registry.example.org/shop/app".parse().unwrap()
}

fn elsewhere() -> Repository {
    "registry.example.org/signatures".parse().unwrap()
}

fn image() -> PinnedRef {
    home().pinned(Some("latest".parse().unwrap()), Digest::of(b"app"))
}

/// Signatures of every key, of every kind that policies tell apart.
fn signatures() -> &'static [Read] {
    static ALL: OnceLock<Vec<Read>> = OnceLock::new();
    ALL.get_or_init(|| KEYS.iter().flat_map(|by| kinds(by)).collect())
}

/// Claims in the place of the usual ones.
type Changes<'a> = &'a [(&'a str, Option<String>)];

fn kinds(by: &str) -> Vec<Read> {
    let key = |name: &str| kit::public(name).unwrap().fingerprint().to_string();
    let changes: [(&str, Changes<'_>); 11] = [
        ("plain", &[]),
        ("build", &[]),
        ("build", &[("repository", Some("registry.example.org/shop/other".to_owned()))]),
        ("build", &[("signed-at", Some("2026-01-01T00:00:00Z".to_owned()))]),
        ("build", &[("signed-at", Some("2036-01-01T00:00:00Z".to_owned()))]),
        ("validation", &[]),
        ("validation", &[("countersigns", Some(key("build-next")))]),
        ("validation", &[("countersigns", Some(format!("{},{}", key("build"), key("stranger"))))]),
        ("validation", &[("scanned-at", Some("2026-01-01T00:00:00Z".to_owned()))]),
        ("validation", &[("scan-result", Some("fail".to_owned()))]),
        ("validation", &[("scanned-at", None)]),
    ];
    let read = |(like, claims): &(&str, Changes<'_>)| {
        let claims = claims.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let (by, like) = (by.to_owned(), (*like).to_owned());
        runner::signed(&Signature { by, like, claims, format: FormatName::Bundle, states: None }, &image())
    };
    let states = Some(Digest::of(b"other").to_string());
    let moved = Signature {
        by: by.to_owned(),
        like: "build".to_owned(),
        claims: Default::default(),
        format: FormatName::Legacy,
        states,
    };
    changes.iter().map(read).chain([runner::signed(&moved, &image())]).collect()
}

/// What all keys together say of each signature: every one is checked once.
fn checked() -> &'static [Evidence] {
    static ALL: OnceLock<Vec<Evidence>> = OnceLock::new();
    ALL.get_or_init(|| {
        let keys: Vec<_> = KEYS.iter().map(|name| kit::public(name).unwrap()).collect();
        let check = |read: &Read| {
            let mut evidence = Evidence::default();
            evidence.take(read.clone(), "here", Format::Bundle, &image().digest(), &keys);
            evidence
        };
        signatures().iter().map(check).collect()
    })
}

/// What is known where these signatures were found and only `keys` were asked about them.
fn known(numbers: &[usize], keys: &BTreeSet<Fingerprint>) -> Evidence {
    let mut known = Evidence { complete: true, ..Evidence::default() };
    for evidence in numbers.iter().map(|number| &checked()[*number]) {
        let by = evidence
            .verified
            .iter()
            .map(|signature| signature.key())
            .chain(evidence.misstating.iter().copied());
        match by.last() {
            Some(by) if keys.contains(&by) => {
                known.verified.extend(evidence.verified.iter().cloned());
                known.invalid.extend(evidence.invalid.iter().cloned());
                known.misstating.extend(evidence.misstating.iter().copied());
            }
            _ => known.unmatched += 1,
        }
    }
    known
}

/// A policy with what the properties vary.
#[derive(Debug, Clone)]
struct Plan {
    mode: Mode,
    build: Vec<&'static str>,
    validation: Vec<&'static str>,
    release: bool,
    role_is_asked: bool,
    /// Of `build`, `validation` and `release`.
    max_ages: [Option<MaxAge>; 3],
    same: bool,
    revoked: Vec<&'static str>,
    elsewhere: bool,
    /// Alternatives in the place of all this, of which one is enough.
    any_of: Option<Vec<Choice>>,
}

/// An alternative.
#[derive(Debug, Clone)]
struct Choice {
    /// Keys of which any will do; none of one that is never satisfied.
    keys: Vec<&'static str>,
    here: bool,
    there: bool,
    /// The tag that it speaks of, where it does not speak of all images.
    tag: Option<&'static str>,
}

fn choice() -> impl Strategy<Value = Choice> {
    let keys = prop::sample::subsequence(&["build", "build-next", "validation", "release"], 0..=2);
    let tag = prop_oneof![2 => Just(None), 1 => Just(Some("latest")), 1 => Just(Some("other"))];
    (keys, any::<bool>(), any::<bool>(), tag).prop_map(|(keys, here, there, tag)| Choice {
        keys,
        here,
        there,
        tag,
    })
}

/// Alternatives, at least one of which asks for a signature: without any nothing would be gathered.
fn choices() -> impl Strategy<Value = Vec<Choice>> {
    (prop::collection::vec(choice(), 0..3), any::<bool>(), any::<bool>()).prop_map(
        |(mut all, here, there)| {
            all.push(Choice { keys: vec!["build"], here, there, tag: None });
            all
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let mode = prop_oneof![3 => Just(Mode::Enforce), 1 => Just(Mode::Warn), 1 => Just(Mode::Audit)];
    let some_of = |names: &'static [&'static str]| prop::sample::subsequence(names, 1..=names.len());
    let on_expiry = prop_oneof![Just(OnExpiry::Deny), Just(OnExpiry::Warn)];
    let max_age = || {
        prop::option::of(on_expiry.clone().prop_map(|on_expiry| {
            let age = Duration::from_secs(30 * 86_400);
            MaxAge { age, on_expiry }
        }))
    };
    let revoked = prop::sample::subsequence(&KEYS[..4], 0..=2);
    (
        mode,
        some_of(&["build", "build-next"]),
        some_of(&["validation", "validation-next"]),
        (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>()),
        [max_age(), max_age(), max_age()],
        revoked,
        prop_oneof![2 => Just(None), 1 => choices().prop_map(Some)],
    )
        .prop_map(
            |(
                mode,
                build,
                validation,
                (release, role_is_asked, same, elsewhere),
                max_ages,
                revoked,
                any_of,
            )| Plan {
                mode,
                build,
                validation,
                release,
                role_is_asked,
                max_ages,
                same,
                revoked,
                elsewhere,
                any_of,
            },
        )
}

impl Plan {
    /// The policy, with its signers and keys in the order that `order` gives.
    fn policy(&self, name: &str, order: &[u32]) -> Policy {
        let rule = |name: &str, keys: &[&str], role: Role, max_age: Option<MaxAge>| SignerRule {
            name: name.to_owned(),
            keys: shuffled(keys.iter().map(|key| kit::public(key).unwrap()).collect(), order),
            role,
            claims: Required::default(),
            max_age,
        };
        let first = if self.role_is_asked { Role::NotValidation } else { Role::Any };
        let [build, validation, release] = self.max_ages;
        let validates = Role::Countersigns("build".to_owned());
        let mut signers = vec![
            rule("build", &self.build, first, build),
            rule("validation", &self.validation, validates, validation),
        ];
        if self.release {
            let release = rule("release", &["release"], Role::NotValidation, release);
            signers.insert(order[0] as usize % 3, release);
        }
        let mut policy = Policy::new(name, signers).unwrap();
        policy.mode = self.mode;
        if let Some(choices) = &self.any_of {
            let numbered = choices.iter().enumerate();
            let all = numbered.map(|(at, choice)| choice.alternative(&format!("a{at}"), order)).collect();
            policy.action = Action::AnyOf(AnyOf::new(shuffled(all, order)).unwrap());
            return policy;
        }
        let Action::Require(required) = &mut policy.action else { unreachable!() };
        required.signed_for = if self.same { SignedFor::Same } else { SignedFor::Any };
        required.revoked.keys =
            self.revoked.iter().map(|key| kit::public(key).unwrap().fingerprint()).collect();
        required.signature_repositories = if self.elsewhere { vec![elsewhere()] } else { Vec::new() };
        policy
    }
}

impl Choice {
    fn alternative(&self, name: &str, order: &[u32]) -> Alternative {
        let places = [(self.here, home()), (self.there, elsewhere())];
        let places = places.into_iter().filter(|(named, _)| *named).map(|(_, place)| place.into()).collect();
        let keys: Vec<_> = self.keys.iter().map(|key| kit::public(key).unwrap()).collect();
        let alternative = match keys.is_empty() {
            true => Alternative::fail(name, "never"),
            false => Alternative::signature(name, shuffled(keys, order), places).unwrap(),
        };
        match self.tag {
            Some(tag) => alternative
                .only_for(vec![NamePattern::Tanzu(format!("registry.example.org/*:{tag}").parse().unwrap())]),
            None => alternative,
        }
    }
}

/// Puts `items` in an order that depends on `order` alone.
fn shuffled<T>(items: Vec<T>, order: &[u32]) -> Vec<T> {
    let mut keyed: Vec<(u64, T)> = items
        .into_iter()
        .enumerate()
        .map(|(at, item)| (u64::from(order[at % order.len()]).wrapping_mul(at as u64 * 7 + 3) % 101, item))
        .collect();
    keyed.sort_by_key(|(key, _)| *key);
    keyed.into_iter().map(|(_, item)| item).collect()
}

/// What is found at home and elsewhere, by number in [`signatures`], and what could not be asked there.
#[derive(Debug, Clone)]
struct Scene {
    plans: Vec<Plan>,
    found: [Vec<usize>; 2],
    unreachable: [bool; 2],
    now: &'static str,
}

/// Fresh and old build signatures by both build keys, validations that name one, the other and both, an old one, and
/// a release: what counts, or did.
const LIKELY: [usize; 9] = [1, 3, 13, 15, 29, 30, 31, 32, 61];

/// The number of a signature: few of all kinds, and often the likely ones, so that every answer comes up.
fn one() -> impl Strategy<Value = usize> + Clone {
    let any = any::<Index>().prop_map(|at| at.index(signatures().len()));
    prop_oneof![1 => any, 3 => prop::sample::select(LIKELY.as_slice())]
}

fn scene() -> impl Strategy<Value = Scene> {
    let found = || prop::collection::vec(one(), 0..6);
    let now =
        prop_oneof![Just("2026-11-21T12:00:00Z"), Just("2026-12-15T12:00:00Z"), Just("2027-03-01T12:00:00Z")];
    (
        prop::collection::vec(plan(), 1..4),
        [found(), found()],
        prop::bool::weighted(0.2),
        prop::bool::weighted(0.2),
        now,
    )
        .prop_map(|(plans, found, here, there, now)| Scene {
            plans,
            found,
            unreachable: [here, there],
            now,
        })
}

impl Scene {
    fn decide(&self, order: &[u32]) -> (Decision, bool) {
        let policies = self.plans.iter().enumerate().map(|(at, plan)| plan.policy(&format!("p{at}"), order));
        let set = PolicySet::new(shuffled(policies.collect(), order)).unwrap();
        let reference = image().to_string().parse().unwrap();
        let Early::NeedsEvidence(pending) = set.before_evidence(&reference, None, NoMatch::Deny) else {
            panic!("no evidence is asked for");
        };
        let keys: BTreeSet<_> = pending.keys().iter().map(|key| key.fingerprint()).collect();
        let evidence: Vec<Evidence> = [0, 1]
            .into_iter()
            .map(|place| {
                let numbers = shuffled(self.found[place].clone(), order);
                let mut evidence = known(&numbers, &keys);
                let reason = "timed out".to_owned();
                let remark = Remark { place: "here".to_owned(), format: None, reason };
                evidence.unreachable.extend(self.unreachable[place].then_some(remark));
                evidence
            })
            .collect();
        let (home, elsewhere, now) = (home(), elsewhere(), self.now.parse::<Timestamp>().unwrap());
        let [here, there] = [home.clone(), elsewhere].map(Place::from);
        let pairs = shuffled(vec![(&here, &evidence[0]), (&there, &evidence[1])], order);
        (pending.decide(&image(), &home, &pairs, now), pending.is_settled(&image(), &home, &pairs, now))
    }
}

/// Signers and the codes of their reasons.
type Codes = BTreeSet<(String, Option<ReasonCode>)>;

/// What programs read of a decision, without the words.
fn codes(decision: &Decision) -> Vec<(String, Verdict, Codes)> {
    let of = |outcome: &Outcome| match outcome {
        Outcome::Satisfied(_) => None,
        Outcome::Unsatisfied(reason) => Some(reason.code),
    };
    let policies = decision.policies().iter();
    let policies = policies.map(|policy| {
        let signers = policy.signers().iter().map(|signer| (signer.name.clone(), of(&signer.outcome)));
        (policy.name.clone(), policy.verdict(), signers.collect())
    });
    policies.collect()
}

const AS_WRITTEN: [u32; 1] = [0];

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn adding_a_signature_never_turns_allowed_into_anything_else(scene in scene(), place in 0..2_usize, new in one()) {
        let (before, settled) = scene.decide(&AS_WRITTEN);
        let mut more = scene.clone();
        more.found[place].push(new);
        let (after, still) = more.decide(&AS_WRITTEN);
        if before.verdict() == Verdict::Allowed {
            prop_assert_eq!(after.verdict(), Verdict::Allowed);
        }
        // Gathering stops there, so nothing that was not read may change it.
        prop_assert!(!settled || still);
        prop_assert!(!settled || before.verdict() == Verdict::Allowed);
    }

    #[test]
    fn removing_a_signature_never_turns_denied_into_allowed(scene in scene(), place in 0..2_usize, old in any::<Index>()) {
        prop_assume!(!scene.found[place].is_empty());
        let (before, _) = scene.decide(&AS_WRITTEN);
        let mut less = scene.clone();
        less.found[place].remove(old.index(scene.found[place].len()));
        if before.verdict() == Verdict::Denied {
            prop_assert_ne!(less.decide(&AS_WRITTEN).0.verdict(), Verdict::Allowed);
        }
    }

    #[test]
    fn no_order_matters(scene in scene(), order in prop::collection::vec(any::<u32>(), 7)) {
        let (one, other) = (scene.decide(&AS_WRITTEN), scene.decide(&order));
        prop_assert_eq!(one.0.verdict(), other.0.verdict());
        prop_assert_eq!(codes(&one.0), codes(&other.0));
        prop_assert_eq!(one.1, other.1);
    }

    #[test]
    fn what_cannot_be_asked_makes_denied_undecided_and_leaves_allowed(scene in scene()) {
        let known = Scene { unreachable: [false, false], ..scene.clone() };
        let unknown = Scene { unreachable: [true, true], ..scene };
        match known.decide(&AS_WRITTEN).0.verdict() {
            Verdict::Allowed => prop_assert_eq!(unknown.decide(&AS_WRITTEN).0.verdict(), Verdict::Allowed),
            _ => prop_assert_eq!(unknown.decide(&AS_WRITTEN).0.verdict(), Verdict::Undecided),
        }
        prop_assert_ne!(known.decide(&AS_WRITTEN).0.verdict(), Verdict::Undecided);
    }

    #[test]
    fn strangers_never_help(scene in scene(), place in 0..2_usize, kind in 0..12_usize) {
        let before = scene.decide(&AS_WRITTEN).0;
        let mut more = scene.clone();
        let stranger = KEYS.iter().position(|key| *key == "stranger").unwrap();
        more.found[place].push(stranger * 12 + kind);
        prop_assert_eq!(before.verdict(), more.decide(&AS_WRITTEN).0.verdict());
    }
}

fn claims(read: &Read) -> Option<&Claims> {
    match read {
        Read::Candidate(candidate) => candidate.unverified_claims(&image().digest()).ok(),
        Read::Other(_) | Read::Invalid(_) => None,
    }
}

#[test]
fn every_answer_comes_up() {
    let stated = |name: &str| {
        let values = signatures().iter().filter_map(claims);
        values.filter_map(|claims| claims.get(name).map(str::to_owned)).collect::<BTreeSet<_>>()
    };
    assert_eq!(signatures().len(), KEYS.len() * 12);
    assert_eq!((stated(ROLE).len(), stated(SIGNED_AT).len()), (2, 4));
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut verdicts = BTreeSet::new();
    for _ in 0..400 {
        use proptest::strategy::ValueTree as _;
        let scene = scene().new_tree(&mut runner).unwrap().current();
        verdicts.insert((scene.decide(&AS_WRITTEN).0.verdict(), scene.plans[0].mode == Mode::Enforce));
    }
    assert_eq!(verdicts.len(), 6, "{verdicts:?}");
}
