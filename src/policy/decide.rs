//! What one policy says of one image that it speaks of, with signatures and before any is known. Namespaces, images
//! without a digest and several policies together are left to `set`, the words of what is missing to `unsatisfied`.
//!
//! Within a signer, and within an alternative: complete evidence without satisfaction is denied, missing evidence
//! without satisfaction is undecided. Over several signers (`answer`): denied before undecided before allowed; over
//! alternatives the other way round. One more valid signature never turns allowed into denied.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::answer::{
    AnyOfDecision, Conclusion, Outcome, PolicyDecision, Reason, ReasonCode, Satisfaction, SignerDecision,
};
use super::any_of::{Alternative, AnyOf, Grant};
use super::judge::{Bench, Worth, renewal};
use super::model::{Action, Policy, Requirements};
use super::place::Place;
use super::signer::SignerRule;
use super::unsatisfied::{Shortfall, reason};
use super::words;
use crate::model::verify::Evidence;
use crate::model::{
    Fingerprint, Format, ImageRef, PinnedRef, Repository, VerifiedSignature, escape_untrusted,
};

/// Decides `policy` for `image` at the time `now`.
///
/// `evidence` is what was gathered of the image's digest, by place. The policy takes what stands in its own places
/// ([`Policy::places`]), each alternative what stands in its own: a signature elsewhere proves nothing. What was not
/// looked at, a place that is not among the pairs or one whose evidence is not `complete`, may still hold something.
pub fn decide(
    policy: &Policy,
    image: &PinnedRef,
    home: &Repository,
    evidence: &[(&Place, &Evidence)],
    now: Timestamp,
) -> PolicyDecision {
    let whole = ImageRef::from(image.clone());
    let known = Known { image, home, evidence, now };
    let conclusion = match whatever_signed(policy, &whole) {
        Ok(conclusion) => conclusion,
        Err(Asked::Signers(required)) => Conclusion::Signers(known.signers(required, &policy.places(home))),
        Err(Asked::AnyOf(any_of)) => known.any_of(policy, any_of, &whole),
    };
    PolicyDecision { name: policy.name.clone(), mode: policy.mode, conclusion }
}

/// What a policy asks of signatures.
pub(super) enum Asked<'a> {
    /// All of these signers.
    Signers(&'a Requirements),
    /// Any of these alternatives.
    AnyOf(&'a AnyOf),
}

/// What `policy` says of `image`, with its digest where one is known, whatever its signatures are.
///
/// # Errors
/// What its signatures are to be held against, where it asks for some.
pub(super) fn whatever_signed<'a>(policy: &'a Policy, image: &ImageRef) -> Result<Conclusion, Asked<'a>> {
    let revoked = |required: &Requirements| {
        image.digest().is_some_and(|digest| required.revoked.digests.contains(&digest))
    };
    let (code, text) = match &policy.action {
        Action::Allow => return Ok(Conclusion::AllowedAsIs),
        Action::Deny => (
            ReasonCode::DeniedByPolicy,
            "the policy denies this image, signed or not; deploy another, or ask who owns the policy",
        ),
        Action::Require(required) if revoked(required) => {
            (ReasonCode::Revoked, "the policy lists this digest as revoked; deploy another build")
        }
        Action::Require(required) => return Err(Asked::Signers(required)),
        Action::AnyOf(any_of) => return whichever_signed(any_of, image),
    };
    Ok(Conclusion::Refused(Reason::new(code, text)))
}

/// What alternatives say if no signature is asked for: one passes, or none could be satisfied.
fn whichever_signed<'a>(any_of: &'a AnyOf, image: &ImageRef) -> Result<Conclusion, Asked<'a>> {
    let mut said = "none of the policy's alternatives speaks of this image".to_owned();
    let mut signature = false;
    for alternative in any_of.speaking_of(image) {
        match alternative.grant() {
            Grant::Pass => return Ok(Conclusion::AllowedAsIs),
            Grant::Fail { message } => said = escape_untrusted(message),
            Grant::Signature(_) => signature = true,
        }
    }
    match signature {
        true => Err(Asked::AnyOf(any_of)),
        false => Ok(Conclusion::Refused(Reason::new(ReasonCode::DeniedByPolicy, said))),
    }
}

/// What is known of an image.
struct Known<'a> {
    image: &'a PinnedRef,
    home: &'a Repository,
    evidence: &'a [(&'a Place, &'a Evidence)],
    now: Timestamp,
}

impl Known<'_> {
    /// What becomes of signers whose signatures stand in `places`.
    fn signers(&self, requirements: &Requirements, places: &[Place]) -> Vec<SignerDecision> {
        let not_looked_at = Evidence::default();
        let found =
            |place: &Place| self.evidence.iter().find(|(of, _)| *of == place).map(|(_, known)| *known);
        let evidence: Vec<&Evidence> =
            places.iter().map(|place| found(place).unwrap_or(&not_looked_at)).collect();
        Sitting { requirements, image: self.image, evidence: &evidence, now: self.now }.signers()
    }

    fn any_of(&self, policy: &Policy, any_of: &AnyOf, image: &ImageRef) -> Conclusion {
        let each = any_of.speaking_of(image).map(|alternative| self.alternative(alternative));
        let mut decided = AnyOfDecision { alternatives: each.collect(), reason: None };
        decided.reason = words::not_satisfied(policy.dialect, &decided, image);
        Conclusion::AnyOf(decided)
    }

    fn alternative(&self, alternative: &Alternative) -> SignerDecision {
        let denied = |message: &str| {
            Outcome::Unsatisfied(Reason::new(ReasonCode::DeniedByPolicy, escape_untrusted(message)))
        };
        let outcome = match alternative.grant() {
            Grant::Signature(grant) => {
                let mut single = self.signers(&grant.required, &grant.places(self.home));
                single.pop().map(|signer| signer.outcome)
            }
            Grant::Fail { message } => Some(denied(message)),
            // Said before any signature is asked for.
            Grant::Pass => None,
        };
        let outcome = outcome.unwrap_or_else(|| denied("it asks for no signature"));
        SignerDecision { name: alternative.name().to_owned(), outcome }
    }
}

/// What the signers of one policy are decided on.
struct Sitting<'a> {
    requirements: &'a Requirements,
    image: &'a PinnedRef,
    evidence: &'a [&'a Evidence],
    now: Timestamp,
}

impl Sitting<'_> {
    /// A signer countersigns only an earlier one, so one pass does.
    fn signers(&self) -> Vec<SignerDecision> {
        let mut counting: BTreeMap<&str, BTreeSet<Fingerprint>> = BTreeMap::new();
        let mut decisions = Vec::new();
        let none = BTreeSet::new();
        for signer in self.requirements.signers() {
            let countersigned =
                signer.countersigns().and_then(|earlier| counting.get(earlier)).unwrap_or(&none);
            let (outcome, keys) = self.outcome(signer, countersigned);
            counting.insert(&signer.name, keys);
            decisions.push(SignerDecision { name: signer.name.clone(), outcome });
        }
        decisions
    }

    /// What becomes of a signer, and the keys whose signatures a later signer may countersign.
    fn outcome(
        &self,
        signer: &SignerRule,
        countersigned: &BTreeSet<Fingerprint>,
    ) -> (Outcome, BTreeSet<Fingerprint>) {
        let requirements = self.requirements;
        let bench = Bench {
            signer,
            signed_for: &requirements.signed_for,
            image: self.image.repository(),
            countersigned,
            now: self.now,
        };
        let mut sorted = Sorted::default();
        for signature in self.signatures_of(signer) {
            let worth = match requirements.format {
                Some(format) if format != signature.format() => Worth::Nothing(other_format(format)),
                _ => bench.worth(signature.claims()),
            };
            let revoked = requirements.revoked.keys.contains(&signature.key());
            sorted.take(signature, worth, revoked);
        }
        let keys = sorted.keys();
        let outcome = match sorted.satisfaction(signer, self.now) {
            Ok(satisfaction) => Outcome::Satisfied(satisfaction),
            Err(nearest) => {
                let shortfall = Shortfall { requirements, signer, evidence: self.evidence, nearest };
                Outcome::Unsatisfied(reason(shortfall))
            }
        };
        (outcome, keys)
    }

    fn signatures_of(&self, signer: &SignerRule) -> impl Iterator<Item = &VerifiedSignature> {
        let keys: BTreeSet<Fingerprint> = signer.keys.iter().map(|key| key.fingerprint()).collect();
        self.evidence.iter().flat_map(|evidence| &evidence.verified).filter(move |signature| {
            signature.image() == self.image.digest() && keys.contains(&signature.key())
        })
    }
}

/// Why a signature in another format than `asked` does not count.
fn other_format(asked: Format) -> Reason {
    let text = match asked {
        Format::Legacy => {
            "signed in the bundle format, and the policy asks for the legacy one; sign in both formats"
        }
        Format::Bundle => {
            "signed in the legacy format, and the policy asks for a bundle; sign in both formats"
        }
    };
    Reason::new(ReasonCode::ClaimMismatch, text)
}

/// The signatures of a signer by what they are worth.
#[derive(Default)]
struct Sorted<'a> {
    counting: Vec<(&'a VerifiedSignature, Option<Timestamp>)>,
    let_pass: Vec<(&'a VerifiedSignature, Timestamp)>,
    /// Of what does not count, the reason of what came nearest.
    nearest: Option<Reason>,
}

impl<'a> Sorted<'a> {
    fn take(&mut self, signature: &'a VerifiedSignature, worth: Worth, revoked: bool) {
        match worth {
            Worth::Counts { .. } | Worth::LetPass { .. } if revoked => self.fails(Reason::new(
                ReasonCode::Revoked,
                format!("signed, but by {}, which is revoked; sign with another key", signature.key()),
            )),
            Worth::Counts { expires_at } => self.counting.push((signature, expires_at)),
            Worth::LetPass { expired_at } => self.let_pass.push((signature, expired_at)),
            Worth::Nothing(reason) => self.fails(reason),
        }
    }

    /// The codes stand in the order of how near they come. Of equals the text decides, not the order in which
    /// they were found.
    fn fails(&mut self, reason: Reason) {
        let nearer = |known: &Reason| (reason.code, &known.text) > (known.code, &reason.text);
        if self.nearest.as_ref().is_none_or(nearer) {
            self.nearest = Some(reason);
        }
    }

    /// The keys of all that counts or is let pass: a fresh signature by one key must not take away what another key's
    /// older one still stands for.
    fn keys(&self) -> BTreeSet<Fingerprint> {
        let counting = self.counting.iter().map(|(signature, _)| signature.key());
        counting.chain(self.let_pass.iter().map(|(signature, _)| signature.key())).collect()
    }

    fn satisfaction(self, signer: &SignerRule, now: Timestamp) -> Result<Satisfaction, Option<Reason>> {
        let owned = |(signature, _): &(&VerifiedSignature, _)| (*signature).clone();
        if !self.counting.is_empty() {
            let expires_at = self.counting.iter().filter_map(|(_, expires_at)| *expires_at).max();
            let warning = expires_at.and_then(|expires_at| expires_soon(signer, expires_at, now));
            let by = self.counting.iter().map(owned).collect();
            return Ok(Satisfaction { by, expires_at, warning });
        }
        let Some(expired_at) = self.let_pass.iter().map(|(_, expired_at)| *expired_at).max() else {
            return Err(self.nearest);
        };
        let warning =
            format!("expired at {expired_at}, which the policy lets pass; {}", renewal(&signer.role));
        let by = self.let_pass.iter().map(|(signature, _)| (*signature).clone()).collect();
        Ok(Satisfaction { by, expires_at: Some(expired_at), warning: Some(warning) })
    }
}

/// A warning in the last fifth of the time that a signature counts.
fn expires_soon(signer: &SignerRule, expires_at: Timestamp, now: Timestamp) -> Option<String> {
    let last_fifth = signer.max_age?.age / 5;
    let begins = expires_at.saturating_sub(last_fifth).unwrap_or(Timestamp::MIN);
    (now >= begins).then(|| format!("expires at {expires_at}; {}", renewal(&signer.role)))
}
