//! Who asks about which image, and what is found; and the same where the changes that a conversion announces are taken
//! into account.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use countersign::model::candidate::Read;
use countersign::model::verify::{Evidence, Remark};
use countersign::model::{Digest, Format, ImageRef, PinnedRef, Repository};
use countersign::policy::convert::ChangeKind;
use countersign::policy::{
    Documents, Early, Installation, NoMatch, Place, PolicySet, Surroundings, Verdict, documents,
};
use proptest::prelude::*;

use crate::case::{FormatName, Signature};
use crate::{kit, runner};

pub(super) const KEYS: [&str; 3] = ["build", "build-next", "validation"];
const NOW: &str = "2026-11-21T12:00:00Z";
/// Repositories of images; all have one digest, so that one set of signatures does for them.
pub(super) const IMAGES: [&str; 13] = [
    "registry.example.org/shop/app",
    "registry.example.org/shop/tap",
    "registry.example.org/other/app",
    "docker.io/library/busybox",
    "ghcr.io/shop/app",
    "docker.io/shop/app",
    "index.docker.io/busybox",
    "registry.example.org:5000/shop/app",
    "REGISTRY.example.org.:443/shop/web",
    "registry:443/shop/app",
    "localhost/app",
    "[0:0::1]/app",
    "docker.io/library/shop/app",
];
pub(super) const ELSEWHERE: &str = "registry.example.org/signatures";
const EXCLUDED: &str = "kube-system";

/// What a signature is like that policies may tell apart.
const LIKE: [(&str, Option<&str>); 4] =
    [("plain", None), ("build", None), ("validation", None), ("build", Some("2036-01-01T00:00:00Z"))];

fn digest() -> Digest {
    Digest::of(b"app")
}

fn pinned(repository: &str, tag: Option<&str>) -> PinnedRef {
    repository.parse::<Repository>().unwrap().pinned(tag.map(|tag| tag.parse().unwrap()), digest())
}

/// A signature by number: key, what it is like, format. Of two that differ in the format alone, the even one is legacy.
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
            let read: Read = runner::signed(&signature, &pinned(IMAGES[0], Some("latest")));
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

#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) image: usize,
    pub(super) tag: Option<&'static str>,
    /// Whether the image has a digest.
    pub(super) pinned: bool,
    pub(super) namespace: Option<&'static str>,
    pub(super) no_match: NoMatch,
    pub(super) home: Vec<usize>,
    pub(super) elsewhere: Vec<usize>,
    pub(super) unreachable: [bool; 2],
}

pub(super) fn scene() -> impl Strategy<Value = Scene> {
    // Often none of those that a change is announced for.
    let plain = prop::sample::select(vec![0_usize, 2, 8, 10, 16, 18]);
    let one = prop_oneof![2 => plain, 1 => 0..24_usize];
    let found = || prop::collection::vec(one.clone(), 0..3);
    let namespace = prop::sample::select(vec![None, None, Some("shop"), Some(EXCLUDED)]);
    let settings = [NoMatch::Deny, NoMatch::Warn, NoMatch::Allow, NoMatch::AllowUnmatched];
    let tag = prop::sample::select(vec![None, Some("latest"), Some("1.0")]);
    let image = (0..IMAGES.len(), tag, prop::bool::weighted(0.8));
    let unreachable = prop::bool::weighted(0.25);
    (image, namespace, prop::sample::select(settings.to_vec()), found(), found(), unreachable).prop_map(
        |((image, tag, pinned), namespace, no_match, home, elsewhere, unreachable)| {
            let unreachable = [unreachable, false];
            Scene { image, tag, pinned, namespace, no_match, home, elsewhere, unreachable }
        },
    )
}

/// Policies that are read, with their keys.
pub(super) struct Reading {
    set: PolicySet,
    pub(super) installation: Installation,
}

/// Reads policies; nothing where one of their keys does not fit.
pub(super) fn read(policies: &str) -> Option<Reading> {
    let Documents { drafts, installation } =
        documents(policies.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{policies}"));
    let policies = drafts.into_iter().map(|draft| draft.under(&installation).into_policy(&kit::fetched()));
    let set = PolicySet::new(policies.collect::<Result<_, _>>().ok()?).unwrap().under(&installation);
    Some(Reading { set, installation })
}

impl Reading {
    pub(super) fn speaks_of(&self, image: &ImageRef) -> bool {
        self.set.matching(image, None::<&str>).next().is_some()
    }
}

impl Scene {
    fn image(&self) -> ImageRef {
        match (self.pinned, self.tag) {
            (true, tag) => pinned(IMAGES[self.image], tag).into(),
            (false, Some(tag)) => format!("{}:{tag}", IMAGES[self.image]).parse().unwrap(),
            (false, None) => IMAGES[self.image].parse().unwrap(),
        }
    }

    pub(super) fn decide(&self, policies: &Reading) -> Verdict {
        let there = Surroundings::from(self.namespace);
        let no_match = match policies.installation.no_match() {
            Some(_) => policies.set.no_match(self.no_match),
            None => self.no_match,
        };
        let pending = match policies.set.before_evidence(&self.image(), there, no_match) {
            Early::Decided(decision) => return decision.verdict(),
            Early::NeedsEvidence(pending) if !self.pinned => return pending.not_pinned().verdict(),
            Early::NeedsEvidence(pending) => pending,
        };
        let image = pinned(IMAGES[self.image], self.tag);
        let home = image.repository().clone();
        let [here, there] = [home.clone(), ELSEWHERE.parse().unwrap()].map(Place::from);
        let [at_home, away] = self.unreachable;
        let (at_home, away) = (known(&self.home, at_home), known(&self.elsewhere, away));
        pending.decide(&image, &home, &[(&here, &at_home), (&there, &away)], NOW.parse().unwrap()).verdict()
    }

    /// The scene in which `policies`, which were converted, must say what the native ones say in this one, if nothing
    /// changes but what was announced.
    pub(super) fn as_announced(&self, policies: &Reading, changes: &BTreeSet<ChangeKind>) -> Self {
        let mut scene = self.clone();
        for change in changes {
            match change {
                ChangeKind::ValidationRole => scene.without(|like| LIKE[like].0 == "validation"),
                ChangeKind::SigningTime => scene.without(|like| LIKE[like].1.is_some()),
                ChangeKind::BothFormats => {
                    let found = scene.home.iter_mut().chain(&mut scene.elsewhere);
                    found.for_each(|number| *number -= *number % 2);
                }
                ChangeKind::Unpinned => scene.pinned = true,
                ChangeKind::ExcludedWithoutPolicy if !policies.speaks_of(&self.image()) => {
                    scene.namespace = scene.namespace.filter(|namespace| *namespace != EXCLUDED);
                }
                ChangeKind::BesideTheImage
                | ChangeKind::ExcludedWithoutPolicy
                | ChangeKind::NamespaceLabels
                | ChangeKind::NoMatch
                | ChangeKind::HashAlgorithm
                | ChangeKind::TwoSigners
                | ChangeKind::Words
                | ChangeKind::LeftOut => {}
            }
        }
        if changes.contains(&ChangeKind::BesideTheImage) {
            scene.elsewhere.extend(scene.home.clone());
            scene.unreachable[1] |= scene.unreachable[0];
        }
        scene
    }

    fn without(&mut self, is_gone: impl Fn(usize) -> bool) {
        for found in [&mut self.home, &mut self.elsewhere] {
            found.retain(|number| !is_gone(parts(*number).1));
        }
    }
}
