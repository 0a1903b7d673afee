//! The only place where allowed, denied or undecided is said.
//!
//! Within a signer: complete evidence without satisfaction is denied, missing evidence without satisfaction
//! is undecided. Over several: denied before undecided before allowed. One more valid signature never turns
//! allowed into denied.

use serde::Serialize;

use super::model::{Mode, Policy, SignerRule};
use crate::model::verify::Evidence;
use crate::model::{Digest, VerifiedSignature};

/// An answer. The order is that of precedence: the greatest of several is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every signer is satisfied.
    Allowed,
    /// Something that could change the answer could not be asked.
    Undecided,
    /// All was asked, and a signer is not satisfied.
    Denied,
}

/// Why a signer is not satisfied, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// None of its keys signed.
    Missing,
    /// None of its keys signed, and there are signatures that do not parse or state something else.
    Invalid,
    /// A key signed, but without the required claims.
    ClaimMismatch,
    /// Something could not be asked.
    Unreachable,
}

/// What became of a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These signatures satisfy it; never empty.
    Satisfied(Vec<VerifiedSignature>),
    /// Nothing satisfies it.
    Unsatisfied {
        /// Why, for programs.
        code: ReasonCode,
        /// Why, for people.
        reason: String,
    },
}

/// A signer and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerDecision {
    /// The signer's name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// A policy's answer for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDecision {
    /// The policy's name.
    pub name: String,
    /// The policy's mode.
    pub mode: Mode,
    /// The answer.
    pub verdict: Verdict,
    /// The signers, in the policy's order.
    pub signers: Vec<SignerDecision>,
}

/// Decides `policy` for `image` on what is known of it.
pub fn decide(policy: &Policy, image: &Digest, evidence: &Evidence) -> PolicyDecision {
    let signers: Vec<SignerDecision> = policy
        .signers()
        .iter()
        .map(|signer| SignerDecision { name: signer.name.clone(), outcome: outcome(signer, image, evidence) })
        .collect();
    let verdict = signers.iter().map(|signer| verdict(&signer.outcome)).max();
    PolicyDecision {
        name: policy.name().to_owned(),
        mode: policy.mode(),
        // A policy has signers, so there is one; without, nothing would have been proved.
        verdict: verdict.unwrap_or(Verdict::Denied),
        signers,
    }
}

fn verdict(outcome: &Outcome) -> Verdict {
    match outcome {
        Outcome::Satisfied(_) => Verdict::Allowed,
        Outcome::Unsatisfied { code: ReasonCode::Unreachable, .. } => Verdict::Undecided,
        Outcome::Unsatisfied { .. } => Verdict::Denied,
    }
}

fn outcome(signer: &SignerRule, image: &Digest, evidence: &Evidence) -> Outcome {
    let is_its = |signature: &&VerifiedSignature| {
        signature.image() == *image && signer.keys.iter().any(|key| key.fingerprint() == signature.key())
    };
    let (fitting, others): (Vec<_>, Vec<_>) = evidence
        .verified
        .iter()
        .filter(is_its)
        .partition(|signature| signer.claims.hold_in(signature.claims()));
    if !fitting.is_empty() {
        return Outcome::Satisfied(fitting.into_iter().cloned().collect());
    }
    let (code, reason) = match evidence.unreachable.first() {
        Some(first) => {
            let more = match evidence.unreachable.len() {
                1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            (
                ReasonCode::Unreachable,
                format!("could not be decided: {}: {}{more}", first.place, first.reason),
            )
        }
        None if !others.is_empty() => {
            (ReasonCode::ClaimMismatch, format!("signed, but not with {}", signer.claims.shown()))
        }
        None => nothing_found(signer, evidence),
    };
    Outcome::Unsatisfied { code, reason }
}

fn nothing_found(signer: &SignerRule, evidence: &Evidence) -> (ReasonCode, String) {
    let keys = match signer.keys.len() {
        1 => "its key".to_owned(),
        n => format!("any of its {n} keys"),
    };
    let mut others = Vec::new();
    if evidence.unmatched > 0 {
        others.push(format!("{} by other keys", evidence.unmatched));
    }
    if !evidence.invalid.is_empty() {
        others.push(format!("{} invalid", evidence.invalid.len()));
    }
    let beside = match others.is_empty() {
        true => String::new(),
        false => format!(" (there are {})", others.join(", ")),
    };
    let code = if evidence.invalid.is_empty() { ReasonCode::Missing } else { ReasonCode::Invalid };
    (code, format!("no signature by {keys}{beside}"))
}
