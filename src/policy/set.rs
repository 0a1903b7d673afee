//! All policies together: which of them speak of an image, which leave out its namespace, what can be said before
//! any request, and the decision over those that need evidence. What one policy says is decided in `decide`;
//! gathering evidence is left to the flows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::answer::{Conclusion, PolicyDecision, Reason, ReasonCode, Verdict};
use super::decide::{decide, whatever_signed};
use super::decision::{Decision, Unmatched};
use super::installation::Installation;
use super::model::{Dialect, Policy};
use super::place::Place;
use super::resource::{Speaks, Surroundings};
use super::words;
use crate::model::verify::Evidence;
use crate::model::{ImageRef, PinnedRef, PublicKey, Repository};

/// What an image gets that no policy speaks of: the reader's setting, not a policy's. The order is that of strictness.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoMatch {
    /// It is allowed.
    Allow,
    /// It is allowed, with a warning.
    Warn,
    /// It is allowed, with the warning of the Tanzu webhook that is installed so.
    AllowUnmatched,
    /// It is denied.
    #[default]
    Deny,
}

/// Why policies are no set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SetError {
    /// No policy: nothing would be checked.
    #[error("no policy is loaded: nothing would be checked")]
    Empty,
    /// Two policies of one name; which of them decided could not be said.
    #[error("two policies have the name `{0}`")]
    SameName(String),
}

/// Policies that decide together; at least one, with different names.
#[derive(Debug, Clone)]
pub struct PolicySet {
    policies: Vec<Policy>,
    /// What the settings of policy-controller say of images that no policy speaks of.
    settings: Option<NoMatch>,
}

/// What can be said of an image before any request.
#[derive(Debug)]
pub enum Early<'a> {
    /// The decision.
    Decided(Decision),
    /// These policies need evidence.
    NeedsEvidence(Pending<'a>),
}

/// An image whose decision needs evidence.
#[derive(Debug)]
pub struct Pending<'a> {
    /// What the other policies that speak of it say.
    decided: Vec<PolicyDecision>,
    policies: Vec<&'a Policy>,
    /// What the image gets beside that, where it is not certain that any policy speaks of it.
    unmatched: Option<Unmatched>,
}

impl PolicySet {
    /// Takes the policies together. Their order does not matter.
    ///
    /// # Errors
    /// [`SetError`].
    pub fn new(mut policies: Vec<Policy>) -> Result<Self, SetError> {
        policies.sort_by(|one, other| one.name.cmp(&other.name));
        let same = policies.windows(2).find(|two| two[0].name == two[1].name);
        match (policies.is_empty(), same) {
            (true, _) => Err(SetError::Empty),
            (false, Some(two)) => Err(SetError::SameName(two[0].name.clone())),
            (false, None) => Ok(Self { policies, settings: None }),
        }
    }

    /// The policies, by name.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }

    /// The same, where the installation that they come from says what an image gets that none speaks of.
    pub fn under(self, installation: &Installation) -> Self {
        Self { settings: installation.no_match(), ..self }
    }

    /// What an image gets that none of them speaks of: the strictest of what is set for the forms that are among them.
    /// The settings of policy-controller are among the policies, `webhook` is the Tanzu webhook's, and without a setting
    /// the image is denied, as where a native policy is among them.
    pub fn no_match(&self, webhook: NoMatch) -> NoMatch {
        strictest(self.policies.iter().map(|policy| policy.dialect), self.settings, webhook)
    }

    /// Whether any of them asks in which object an image stands.
    pub fn look_at_objects(&self) -> bool {
        self.policies.iter().any(|policy| !policy.objects.is_empty())
    }

    /// Whether a policy is written in this form.
    pub fn has(&self, dialect: Dialect) -> bool {
        self.policies.iter().any(|policy| policy.dialect == dialect)
    }

    /// The policies that speak of `image` there, by name; where no namespace is known, none is left out.
    pub fn matching<'there>(
        &self,
        image: &ImageRef,
        there: impl Into<Surroundings<'there>>,
    ) -> impl Iterator<Item = &Policy> {
        let there = there.into();
        self.policies.iter().filter(move |policy| policy.speaks_of(image, there) != Speaks::No)
    }

    /// Says what can be said without evidence, so without any request: no policy matches; all that match allow it
    /// or leave out its namespace; one denies it, or its digest. Where no namespace is known, none is left out.
    pub fn before_evidence<'there>(
        &self,
        image: &ImageRef,
        there: impl Into<Surroundings<'there>>,
        no_match: NoMatch,
    ) -> Early<'_> {
        let there = there.into();
        let (mut decided, mut policies) = (Vec::new(), Vec::new());
        for policy in self.matching(image, there) {
            match conclusion_without_evidence(policy, image, there.namespace) {
                Some(conclusion) => {
                    decided.push(PolicyDecision { name: policy.name.clone(), mode: policy.mode, conclusion })
                }
                None => policies.push(policy),
            }
        }
        let unmatched = self.unmatched(image, there, no_match);
        let pending = Pending { decided, policies, unmatched };
        match pending.is_decided() {
            true => Early::Decided(pending.over(Vec::new())),
            false => Early::NeedsEvidence(pending),
        }
    }

    /// What the image gets where it is not certain that any policy speaks of it: what might not be meant for it must
    /// not be all that lets it through.
    fn unmatched(&self, image: &ImageRef, there: Surroundings<'_>, no_match: NoMatch) -> Option<Unmatched> {
        let reason = match self.policies.iter().map(|policy| policy.speaks_of(image, there)).max() {
            Some(Speaks::Surely) => return None,
            Some(Speaks::Perhaps) => words::perhaps_no_match(),
            Some(Speaks::No) | None => {
                let settings = self.no_match(NoMatch::Deny) == no_match;
                words::no_match(self.has(Dialect::Tanzu), settings, no_match, image)
            }
        };
        Some(Unmatched { no_match, reason })
    }
}

/// What an image gets that no policy of these forms speaks of: the strictest of what is set for each, where `settings` are
/// those of policy-controller and `webhook` those of the Tanzu webhook. Without a setting it is denied.
pub(super) fn strictest(
    forms: impl Iterator<Item = Dialect>,
    settings: Option<NoMatch>,
    webhook: NoMatch,
) -> NoMatch {
    let of = |form| match form {
        Dialect::Native => NoMatch::Deny,
        Dialect::Tanzu => webhook,
        Dialect::Sigstore => settings.unwrap_or_default(),
    };
    forms.map(of).max().unwrap_or_default()
}

fn conclusion_without_evidence(
    policy: &Policy,
    image: &ImageRef,
    namespace: Option<&str>,
) -> Option<Conclusion> {
    if let Some(namespace) = policy.leaves_out(namespace) {
        return Some(Conclusion::Excluded(words::excluded(policy.dialect, namespace)));
    }
    // policy-controller is asked about images with digests alone: even a fixed answer is none about a tag.
    let is_open = policy.dialect == Dialect::Sigstore && image.digest().is_none();
    whatever_signed(policy, image).ok().filter(|_| !is_open)
}

impl<'a> Pending<'a> {
    /// Policies that are asked whatever images they speak of.
    pub fn of(policies: &'a [Policy]) -> Self {
        Self { decided: Vec::new(), policies: policies.iter().collect(), unmatched: None }
    }

    /// What several ask about one image, so that it is gathered once for all of them.
    pub fn together(several: &[&Self]) -> Self {
        let each = several.iter().flat_map(|pending| pending.policies.iter().copied());
        let by_name: BTreeMap<&str, &'a Policy> = each.map(|policy| (policy.name.as_str(), policy)).collect();
        Self { decided: Vec::new(), policies: by_name.into_values().collect(), unmatched: None }
    }

    /// The policies that need evidence, by name.
    pub fn policies(&self) -> &[&'a Policy] {
        &self.policies
    }

    /// The keys to check candidates with: every key of every signer, each once, revoked ones too.
    pub fn keys(&self) -> Vec<PublicKey> {
        let keys = self.policies.iter().flat_map(|policy| policy.keys());
        let each: BTreeMap<_, _> = keys.map(|key| (key.fingerprint(), key)).collect();
        each.into_values().collect()
    }

    /// Where to look: `home` first (the image's own repository, or the one that was asked for in its place) if any
    /// policy wants it, then what the policies name.
    pub fn places(&self, home: &Repository) -> Vec<Place> {
        let mut places = Vec::new();
        for place in self.policies.iter().flat_map(|policy| policy.places(home)) {
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let own = Place::from(home.clone());
        places.sort_by_key(|place| *place != own);
        places
    }

    /// Whether a tag can change what is said of a digest.
    pub fn looks_at_tags(&self) -> bool {
        self.policies.iter().any(|policy| policy.looks_at_tags())
    }

    /// Whether more evidence could not better the answer: every policy, those that are not enforced too, is
    /// satisfied without a warning. Gathering may stop then.
    pub fn is_settled(
        &self,
        image: &PinnedRef,
        home: &Repository,
        evidence: &[(&Place, &Evidence)],
        now: Timestamp,
    ) -> bool {
        self.policies.iter().all(|policy| {
            let decision = decide(policy, image, home, evidence, now);
            decision.verdict() == Verdict::Allowed && decision.warnings().next().is_none()
        })
    }

    /// Decides on what was gathered: pairs of a place and what is known of the image's digest there. Each
    /// policy takes what stands in its own places; a place that is not among the pairs was not looked at.
    pub fn decide(
        &self,
        image: &PinnedRef,
        home: &Repository,
        evidence: &[(&Place, &Evidence)],
        now: Timestamp,
    ) -> Decision {
        let asked = self.policies.iter().map(|policy| decide(policy, image, home, evidence, now));
        self.over(asked.collect())
    }

    /// The decision on an image without a digest, where one is needed.
    pub fn not_pinned(&self) -> Decision {
        let text = "the image has no digest, so that what is checked need not be what runs; write it as \
                    `repository:tag@sha256:…`";
        self.without_evidence(&Conclusion::Refused(Reason::new(ReasonCode::NotPinned, text)))
    }

    /// The decision on an image whose tag could not be resolved; `reason` says why, escaped.
    pub fn not_resolved(&self, reason: &str) -> Decision {
        let text = format!("what the tag points at is not known: {reason}");
        self.without_evidence(&Conclusion::Unasked(Reason::new(ReasonCode::Unreachable, text)))
    }

    /// The decision if that is all that can be said: policies that are not enforced stop nothing here either.
    fn without_evidence(&self, conclusion: &Conclusion) -> Decision {
        let said = |policy: &&'a Policy| PolicyDecision {
            name: policy.name.clone(),
            mode: policy.mode,
            conclusion: conclusion.clone(),
        };
        self.over(self.policies.iter().map(said).collect())
    }

    /// Whether evidence could change nothing: none is asked for, or the image is denied whatever it is.
    fn is_decided(&self) -> bool {
        let is_refused = self.decided.iter().any(|decision| decision.effect() == Verdict::Denied);
        let is_unmatched =
            self.unmatched.as_ref().is_some_and(|unmatched| unmatched.no_match == NoMatch::Deny);
        self.policies.is_empty() || is_refused || is_unmatched
    }

    /// The decision over what was known before and what `asked` say.
    fn over(&self, asked: Vec<PolicyDecision>) -> Decision {
        let all = self.decided.iter().cloned().chain(asked).collect();
        Decision::over(all, self.unmatched.as_ref())
    }
}
