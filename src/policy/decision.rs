//! The decision on one image over all policies that speak of it, and what people are told beside it.

use super::answer::{Conclusion, Outcome, PolicyDecision, Reason, Verdict};
use super::model::Mode;
use super::set::NoMatch;

/// What an image gets that perhaps no policy speaks of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unmatched {
    pub(super) no_match: NoMatch,
    pub(super) reason: Reason,
}

impl Unmatched {
    fn verdict(&self) -> Verdict {
        match self.no_match {
            NoMatch::Deny => Verdict::Denied,
            NoMatch::Warn | NoMatch::Allow | NoMatch::AllowUnmatched => Verdict::Allowed,
        }
    }

    fn warning(&self) -> Option<String> {
        let warns = matches!(self.no_match, NoMatch::Warn | NoMatch::AllowUnmatched);
        warns.then(|| self.reason.text.clone())
    }
}

/// The answer for one image over all policies that speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    verdict: Verdict,
    reason: Option<Reason>,
    policies: Vec<PolicyDecision>,
    /// What is to be known beside what the policies say.
    warning: Option<String>,
}

impl Decision {
    /// The decision over what the policies say, each as far as its mode lets it; and over what the image gets where it is
    /// not certain that any of them speaks of it, or where none does.
    pub(super) fn over(mut policies: Vec<PolicyDecision>, unmatched: Option<&Unmatched>) -> Self {
        policies.sort_by(|one, other| one.name.cmp(&other.name));
        let of_policies = policies.iter().map(PolicyDecision::effect).max();
        let verdict = of_policies.max(unmatched.map(Unmatched::verdict)).unwrap_or(Verdict::Denied);
        let refusing =
            policies.iter().filter(|policy| policy.effect() == verdict && verdict != Verdict::Allowed);
        let reason = refusing.filter_map(PolicyDecision::reason).next().cloned();
        let all_excluded = policies.iter().all(|policy| matches!(policy.conclusion, Conclusion::Excluded(_)));
        let excluded = policies.first().filter(|_| all_excluded).and_then(PolicyDecision::reason).cloned();
        // What the policies say comes first, unless they would have let it through or none speaks of it.
        let deciding = unmatched.filter(|unmatched| {
            policies.is_empty() || unmatched.verdict() == verdict && of_policies != Some(verdict)
        });
        let unmatched_reason = deciding.map(|unmatched| unmatched.reason.clone());
        let warning = unmatched.and_then(Unmatched::warning);
        Self { verdict, reason: unmatched_reason.or(reason).or(excluded), policies, warning }
    }

    /// The answer.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Whether any policy denies it, enforced or not.
    pub fn is_denied_by_any(&self) -> bool {
        self.policies.iter().any(|policy| policy.verdict() == Verdict::Denied)
    }

    /// Why, where it is not for its signatures or the lack of them, or where a policy has words of its own for that.
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// What the policies say that were asked, by name.
    pub fn policies(&self) -> &[PolicyDecision] {
        &self.policies
    }

    /// What people are to know although the image is allowed.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.warning.iter().cloned().collect();
        for policy in &self.policies {
            warnings.extend(not_enforced(policy, Mode::Warn));
            let soon = |(signer, text)| format!("policy `{}`, signer `{signer}`: {text}", policy.name);
            warnings.extend(policy.warnings().map(soon));
        }
        warnings
    }

    /// What policies that only watch have seen.
    pub fn notes(&self) -> Vec<String> {
        self.policies.iter().filter_map(|policy| not_enforced(policy, Mode::Audit)).collect()
    }
}

/// What a policy of that mode would have stopped.
fn not_enforced(policy: &PolicyDecision, mode: Mode) -> Option<String> {
    let word = match policy.verdict() {
        _ if policy.mode != mode => return None,
        Verdict::Allowed => return None,
        Verdict::Undecided => "undecided",
        Verdict::Denied => "denied",
    };
    let signers = policy.signers().iter().filter_map(|signer| match &signer.outcome {
        Outcome::Unsatisfied(reason) => Some(format!("{}: {reason}", signer.name)),
        Outcome::Satisfied(_) => None,
    });
    let reasons: Vec<String> = policy.reason().map(ToString::to_string).into_iter().chain(signers).collect();
    Some(format!("policy `{}` ({mode:?}): {word}: {}", policy.name, reasons.join("; ")))
}
