//! What one policy says of one image that it speaks of, with signatures and before any is known. Namespaces, images
//! without a digest and several policies together are left to `set`, the words of what is missing to `unsatisfied`.
//!
//! Within a signer: complete evidence without satisfaction is denied, missing evidence without satisfaction
//! is undecided. Over several (`answer`): denied before undecided before allowed. One more valid signature never
//! turns allowed into denied.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::answer::{Conclusion, Outcome, PolicyDecision, Reason, ReasonCode, Satisfaction, SignerDecision};
use super::judge::{Bench, Worth, renewal};
use super::model::{Action, Policy, Requirements};
use super::signer::SignerRule;
use super::unsatisfied::{Shortfall, reason};
use crate::model::verify::Evidence;
use crate::model::{Digest, Fingerprint, PinnedRef, VerifiedSignature};

/// Decides `policy` for `image` at the time `now`.
///
/// `evidence` is what was gathered of the image's digest, one for each of the policy's places
/// ([`Policy::places`]) and from nowhere else: a signature in another repository proves nothing here. A place that
/// was not looked at to the end has evidence that is not `complete`, and what it may still hold is missing.
pub fn decide(policy: &Policy, image: &PinnedRef, evidence: &[&Evidence], now: Timestamp) -> PolicyDecision {
    let conclusion = whatever_signed(policy, Some(image.digest())).unwrap_or_else(|requirements| {
        Conclusion::Signers(Sitting { requirements, image, evidence, now }.signers())
    });
    PolicyDecision { name: policy.name.clone(), mode: policy.mode, conclusion }
}

/// What `policy` says of an image with this digest, where one is known, whatever its signatures are.
///
/// # Errors
/// What its signatures are to be held against, where it asks for some.
pub(super) fn whatever_signed(policy: &Policy, digest: Option<Digest>) -> Result<Conclusion, &Requirements> {
    let (code, text) = match &policy.action {
        Action::Allow => return Ok(Conclusion::AllowedAsIs),
        Action::Deny => (
            ReasonCode::DeniedByPolicy,
            "the policy denies this image, signed or not; deploy another, or ask who owns the policy",
        ),
        Action::Require(required)
            if digest.is_some_and(|digest| required.revoked.digests.contains(&digest)) =>
        {
            (ReasonCode::Revoked, "the policy lists this digest as revoked; deploy another build")
        }
        Action::Require(required) => return Err(required),
    };
    Ok(Conclusion::Refused(Reason::new(code, text)))
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
            let worth = bench.worth(signature.claims());
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
