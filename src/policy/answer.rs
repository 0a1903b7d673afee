//! Answers: verdicts, the codes of their reasons, and what became of each signer and policy. The words of reasons
//! are for people, the codes for programs (docs/json.md).

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::model::Mode;
use crate::model::VerifiedSignature;

/// An answer. The order is that of precedence: the greatest of several is theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Everything required is there.
    Allowed,
    /// Something that could change the answer could not be asked.
    Undecided,
    /// All was asked, and something required is not there.
    Denied,
}

/// Why an answer is what it is, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReasonCode {
    /// None of the signer's keys signed.
    Missing,
    /// A key of the signer signed something that does not state what it should.
    Invalid,
    /// A key signed, but it does not state what is required.
    ClaimMismatch,
    /// A key signed, and what it countersigns is no signature that counts.
    CountersignedKeyNotTrusted,
    /// A key signed, longer ago than the policy allows.
    Expired,
    /// A revoked key's signature would have satisfied the signer, or the image is revoked.
    Revoked,
    /// A policy denies the image, signed or not.
    DeniedByPolicy,
    /// The policy does not speak of this namespace.
    Excluded,
    /// The image has no digest.
    NotPinned,
    /// No policy speaks of the image.
    NoMatch,
    /// Something could not be asked.
    Unreachable,
}

/// Why, for programs and for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// For programs.
    pub code: ReasonCode,
    /// For people; escaped.
    pub text: String,
}

impl Reason {
    pub(super) fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The signatures that satisfy a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Satisfaction {
    /// What counts; never empty.
    pub by: Vec<VerifiedSignature>,
    /// When the last of them becomes too old, where the signer says how old they may be.
    pub expires_at: Option<Timestamp>,
    /// What is to be done before it ends, or what was let pass; escaped.
    pub warning: Option<String>,
}

/// What became of a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// These signatures satisfy it.
    Satisfied(Satisfaction),
    /// Nothing satisfies it.
    Unsatisfied(Reason),
}

/// A signer and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerDecision {
    /// The signer's name.
    pub name: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What a policy's answer rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conclusion {
    /// The policy allows its images as they are.
    AllowedAsIs,
    /// The policy does not speak of this namespace.
    Excluded(Reason),
    /// The policy, or its list of revoked images, denies it whatever its signatures.
    Refused(Reason),
    /// Nothing could be asked about the image.
    Unasked(Reason),
    /// The signers, in the policy's order; never none. All of them are required.
    Signers(Vec<SignerDecision>),
    /// The alternatives that speak of the image; any one is enough.
    AnyOf(AnyOfDecision),
}

/// What became of the alternatives of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyOfDecision {
    /// What became of each, in the policy's order.
    pub alternatives: Vec<SignerDecision>,
    /// Why none of them is enough, in the words of the policy's dialect, where it has its own.
    pub reason: Option<Reason>,
}

/// A policy's answer for one image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyDecision {
    /// The policy's name.
    pub name: String,
    /// The policy's mode.
    pub mode: Mode,
    /// What the answer rests on.
    pub conclusion: Conclusion,
}

impl Outcome {
    fn verdict(&self) -> Verdict {
        match self {
            Self::Satisfied(_) => Verdict::Allowed,
            Self::Unsatisfied(Reason { code: ReasonCode::Unreachable, .. }) => Verdict::Undecided,
            Self::Unsatisfied(_) => Verdict::Denied,
        }
    }
}

impl AnyOfDecision {
    /// The best of the alternatives: what could not be asked might have been enough.
    pub fn verdict(&self) -> Verdict {
        let each = self.alternatives.iter().map(|alternative| alternative.outcome.verdict());
        each.min().unwrap_or(Verdict::Denied)
    }
}

impl PolicyDecision {
    /// The answer as if the policy were enforced.
    pub fn verdict(&self) -> Verdict {
        match &self.conclusion {
            Conclusion::AllowedAsIs | Conclusion::Excluded(_) => Verdict::Allowed,
            Conclusion::Refused(_) => Verdict::Denied,
            Conclusion::Unasked(_) => Verdict::Undecided,
            // A policy has signers; without, nothing would have been proved.
            Conclusion::Signers(signers) => {
                signers.iter().map(|signer| signer.outcome.verdict()).max().unwrap_or(Verdict::Denied)
            }
            Conclusion::AnyOf(decided) => decided.verdict(),
        }
    }

    /// The answer that counts: a policy that is not enforced stops nothing.
    pub fn effect(&self) -> Verdict {
        match self.mode {
            Mode::Enforce => self.verdict(),
            Mode::Warn | Mode::Audit => Verdict::Allowed,
        }
    }

    /// Its signers or alternatives, in the policy's order; none where it did not come to them.
    pub fn signers(&self) -> &[SignerDecision] {
        match &self.conclusion {
            Conclusion::Signers(signers) => signers,
            Conclusion::AnyOf(decided) => &decided.alternatives,
            Conclusion::AllowedAsIs
            | Conclusion::Excluded(_)
            | Conclusion::Refused(_)
            | Conclusion::Unasked(_) => &[],
        }
    }

    /// Whether any one of its signers is enough.
    pub fn any_is_enough(&self) -> bool {
        matches!(self.conclusion, Conclusion::AnyOf(_))
    }

    /// Why the policy decided without its signers, where it did; of alternatives, what is said of all of them.
    pub fn reason(&self) -> Option<&Reason> {
        match &self.conclusion {
            Conclusion::AnyOf(decided) => decided.reason.as_ref(),
            Conclusion::Excluded(reason) | Conclusion::Refused(reason) | Conclusion::Unasked(reason) => {
                Some(reason)
            }
            Conclusion::AllowedAsIs | Conclusion::Signers(_) => None,
        }
    }

    /// What is to be done although the signers are satisfied; each with the signer's name.
    pub fn warnings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.signers().iter().filter_map(|signer| match &signer.outcome {
            Outcome::Satisfied(Satisfaction { warning: Some(warning), .. }) => {
                Some((signer.name.as_str(), warning.as_str()))
            }
            Outcome::Satisfied(_) | Outcome::Unsatisfied(_) => None,
        })
    }
}
