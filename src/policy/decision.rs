//! The decision on one image over all policies that speak of it, and what people are told beside it.

use super::answer::{Conclusion, Outcome, PolicyDecision, Reason, Verdict};
use super::model::Mode;
use super::set::NoMatch;

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
    /// The decision on an image that no policy speaks of, and why.
    pub(super) fn without_policy(no_match: NoMatch, reason: Reason) -> Self {
        let verdict = match no_match {
            NoMatch::Deny => Verdict::Denied,
            NoMatch::Warn | NoMatch::Allow | NoMatch::AllowUnmatched => Verdict::Allowed,
        };
        let warns = matches!(no_match, NoMatch::Warn | NoMatch::AllowUnmatched);
        let warning = warns.then(|| reason.text.clone());
        Self { verdict, reason: Some(reason), policies: Vec::new(), warning }
    }

    /// The decision over what the policies say, each as far as its mode lets it.
    pub(super) fn over(mut policies: Vec<PolicyDecision>) -> Self {
        policies.sort_by(|one, other| one.name.cmp(&other.name));
        let verdict = policies.iter().map(PolicyDecision::effect).max().unwrap_or(Verdict::Denied);
        let refusing =
            policies.iter().filter(|policy| policy.effect() == verdict && verdict != Verdict::Allowed);
        let reason = refusing.filter_map(PolicyDecision::reason).next().cloned();
        let all_excluded = policies.iter().all(|policy| matches!(policy.conclusion, Conclusion::Excluded(_)));
        let excluded = policies.first().filter(|_| all_excluded).and_then(PolicyDecision::reason).cloned();
        Self { verdict, reason: reason.or(excluded), policies, warning: None }
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
