//! Why an image may run or may not, in a line.

use super::words;
use crate::policy::{Decision, Mode, Outcome, PolicyDecision, SignerDecision, Verdict};

/// What is said of a decision where its proof is closed.
pub(super) fn gist(decision: &Decision) -> String {
    match decision.verdict() {
        Verdict::Allowed => allowed(decision),
        Verdict::Denied | Verdict::Undecided => stopped(decision),
    }
}

fn is_satisfied(signer: &&SignerDecision) -> bool {
    matches!(signer.outcome, Outcome::Satisfied(_))
}

/// Only what is satisfied is counted. A policy that would have stopped the image had it been enforced is named.
fn allowed(decision: &Decision) -> String {
    let (good, lacking): (Vec<_>, Vec<_>) =
        decision.policies().iter().partition(|policy| policy.verdict() == Verdict::Allowed);
    let (any, all): (Vec<_>, Vec<_>) = good
        .into_iter()
        .filter(|policy| !policy.signers().is_empty())
        .partition(|policy| policy.any_is_enough());
    let signers: usize = all.iter().map(|policy| policy.signers().len()).sum();
    let mut told: Vec<String> = decision.reason().map(|reason| reason.text.clone()).into_iter().collect();
    if signers > 0 {
        told.push(format!("{} satisfied", words::count(signers, "signer", "signers")));
    }
    told.extend(any.into_iter().map(alternatives));
    if told.is_empty() && lacking.is_empty() {
        told.push("allowed without a signature".to_owned());
    }
    told.extend(lacking.iter().map(|policy| not_satisfied(policy)));
    // What a policy in mode Warn lacks is among the warnings, and is told already.
    let known = lacking.iter().filter(|policy| policy.mode == Mode::Warn).count();
    let warnings = decision.warnings().len().saturating_sub(known);
    if warnings > 0 {
        told.push(words::count(warnings, "warning", "warnings"));
    }
    told.join(" \u{b7} ")
}

fn alternatives(policy: &PolicyDecision) -> String {
    let satisfied = policy.signers().iter().filter(is_satisfied).count();
    let all = words::count(policy.signers().len(), "alternative", "alternatives");
    format!("{satisfied} of {all} satisfied")
}

fn not_satisfied(policy: &PolicyDecision) -> String {
    let mode = words::mode(policy.mode).map(|mode| format!(" {mode}")).unwrap_or_default();
    let what = match policy.verdict() {
        Verdict::Undecided => "could not be decided",
        Verdict::Denied | Verdict::Allowed => "is not satisfied",
    };
    let own = policy.reason().map(|reason| reason.text.clone());
    let missing: Vec<String> = own.map_or_else(|| lacks(policy).collect(), |own| vec![own]);
    format!("policy {}{mode} {what}: {}", policy.name, missing.join(", "))
}

/// Its signers that are not satisfied, each with the reason's word.
fn lacks(policy: &PolicyDecision) -> impl Iterator<Item = String> {
    policy.signers().iter().filter_map(|signer| match &signer.outcome {
        Outcome::Unsatisfied(reason) => Some(format!("{}: {}", signer.name, words::reason(reason.code).word)),
        Outcome::Satisfied(_) => None,
    })
}

/// What stops it. A policy with words of its own has said them for its signers.
fn stopped(decision: &Decision) -> String {
    let stops = |policy: &&PolicyDecision| policy.effect() == decision.verdict() && policy.reason().is_none();
    let blocking = decision.policies().iter().filter(stops);
    let signers =
        blocking.flat_map(|policy| lacks(policy).map(move |lack| format!("{}, {lack}", policy.name)));
    let own = decision.reason().map(|reason| reason.text.clone());
    own.into_iter().chain(signers).collect::<Vec<_>>().join(" \u{b7} ")
}
