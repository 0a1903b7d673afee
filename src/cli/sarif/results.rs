//! The results: what is not satisfied, and how much that matters.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::place::{Place, places};
use super::{message, rules};
use crate::cli::report::{Report, Row, word};
use crate::model::Digest;
use crate::policy::{Mode, Outcome, PolicyDecision, Reason, ReasonCode, Satisfaction, Verdict};

/// How much a result matters, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    /// Enforced, and denied.
    Error,
    /// Enforced and undecided; or not enforced, with a warning.
    Warning,
    /// Only watched, or soon to be done.
    Note,
}

/// What is not satisfied.
struct Flaw<'a> {
    rule: &'static str,
    level: Level,
    text: String,
    decision: &'static str,
    policy: Option<&'a PolicyDecision>,
    signer: Option<&'a str>,
}

/// The results, and how many more there were.
pub(super) struct Found {
    pub(super) results: Vec<Value>,
    pub(super) left_out: usize,
}

/// At most `limit` results, the worst first, else in the order of the images.
pub(super) fn results(report: &Report<'_>, now: Timestamp, limit: usize) -> Found {
    let mut found: Vec<(Level, Value)> = Vec::new();
    let mut seen = HashMap::new();
    for row in &report.rows {
        let (flaws, places) = (flaws(row, now), places(row));
        for flaw in &flaws {
            found.extend(places.iter().map(|place| (flaw.level, result(row, flaw, place, &mut seen))));
        }
    }
    found.sort_by_key(|(level, _)| *level);
    let left_out = found.len().saturating_sub(limit);
    found.truncate(limit);
    Found { results: found.into_iter().map(|(_, result)| result).collect(), left_out }
}

fn result(row: &Row<'_>, flaw: &Flaw<'_>, place: &Place, seen: &mut HashMap<String, usize>) -> Value {
    let level = match flaw.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Note => "note",
    };
    json!({
        "ruleId": flaw.rule,
        "ruleIndex": rules::index(flaw.rule),
        "level": level,
        "message": message(&format!("{} Image: {}", flaw.text, row.reference)),
        "locations": [place.location],
        "partialFingerprints": {"primaryLocationLineHash": fingerprint(row, flaw, place, seen)},
        "properties": properties(row, flaw),
    })
}

/// What programs may want to know beside what services show.
fn properties(row: &Row<'_>, flaw: &Flaw<'_>) -> Value {
    let mut properties = json!({"decision": flaw.decision, "image": row.reference});
    if let Some(policy) = flaw.policy {
        properties["policy"] = json!(policy.name);
        properties["mode"] = json!(policy.mode);
    }
    if let Some(signer) = flaw.signer {
        properties["signer"] = json!(signer);
    }
    properties
}

/// What a result is known by across runs: what is wrong with which image where, and nothing that moves, such as a line
/// or the time. The image's digest is part of it: an alert that somebody dismissed says nothing of the next image. The
/// form is that of GitHub, which reads no fingerprint of another name: a hash, and a number that tells twins apart.
fn fingerprint(row: &Row<'_>, flaw: &Flaw<'_>, place: &Place, seen: &mut HashMap<String, usize>) -> String {
    let policy = flaw.policy.map(|policy| policy.name.as_str()).unwrap_or_default();
    let parts = [flaw.rule, policy, flaw.signer.unwrap_or_default(), &row.reference, &place.identity];
    let hash = Digest::of(parts.join("\n").as_bytes()).hex().chars().take(16).collect::<String>();
    let number = seen.entry(hash.clone()).or_default();
    *number += 1;
    format!("{hash}:{number}")
}

/// What is not satisfied about an image.
fn flaws<'a>(row: &Row<'a>, now: Timestamp) -> Vec<Flaw<'a>> {
    let decision = row.decision;
    if !decision.policies().is_empty() {
        return decision.policies().iter().flat_map(|policy| of_policy(policy, now)).collect();
    }
    // No policy speaks of it.
    let level = match (decision.verdict(), decision.warnings().is_empty()) {
        (Verdict::Denied, _) => Level::Error,
        (Verdict::Undecided, _) | (Verdict::Allowed, false) => Level::Warning,
        (Verdict::Allowed, true) => return Vec::new(),
    };
    let flaw = |reason: &Reason| Flaw {
        rule: rules::id(reason.code),
        level,
        text: format!("{}: {reason}.", word(decision.verdict()).0),
        decision: word(decision.verdict()).0,
        policy: None,
        signer: None,
    };
    decision.reason().map(flaw).into_iter().collect()
}

fn of_policy(policy: &PolicyDecision, now: Timestamp) -> Vec<Flaw<'_>> {
    if policy.verdict() == Verdict::Allowed {
        return ageing(policy, now);
    }
    if policy.any_is_enough() {
        return vec![no_alternative(policy)];
    }
    let own = policy.reason().map(|reason| flaw(policy, None, reason, policy.verdict()));
    let signers = policy.signers().iter().filter_map(|signer| match &signer.outcome {
        Outcome::Unsatisfied(reason) => Some(flaw(policy, Some(&signer.name), reason, verdict(reason))),
        Outcome::Satisfied(_) => None,
    });
    own.into_iter().chain(signers).collect()
}

fn flaw<'a>(
    policy: &'a PolicyDecision,
    signer: Option<&'a str>,
    reason: &Reason,
    verdict: Verdict,
) -> Flaw<'a> {
    let level = match (policy.mode, verdict) {
        (Mode::Enforce, Verdict::Denied) => Level::Error,
        (Mode::Enforce, _) | (Mode::Warn, _) => Level::Warning,
        (Mode::Audit, _) => Level::Note,
    };
    let not_enforced = match policy.mode {
        Mode::Enforce => String::new(),
        mode => format!(", mode {mode:?}"),
    };
    let decision = word(verdict).0;
    let signer_text = signer.map(|name| format!("signer {name}: ")).unwrap_or_default();
    let text = format!("{decision}{not_enforced}: policy {}: {signer_text}{reason}.", policy.name);
    Flaw { rule: rules::id(reason.code), level, text, decision, policy: Some(policy), signer }
}

/// None of a policy's alternatives is enough: one result, since any of them would do.
fn no_alternative(policy: &PolicyDecision) -> Flaw<'_> {
    let unsatisfied = policy.signers().iter().filter_map(|signer| match &signer.outcome {
        Outcome::Unsatisfied(reason) => Some((signer.name.as_str(), reason)),
        Outcome::Satisfied(_) => None,
    });
    let code = match policy.verdict() {
        Verdict::Undecided => ReasonCode::Unreachable,
        _ => unsatisfied.clone().map(|(_, reason)| reason.code).min().unwrap_or(ReasonCode::Missing),
    };
    let each: Vec<String> = unsatisfied.map(|(name, reason)| format!("{name}: {reason}")).collect();
    let joined = Reason { code, text: each.join("; ") };
    flaw(policy, None, policy.reason().unwrap_or(&joined), policy.verdict())
}

/// The answer that a signer's reason makes.
fn verdict(reason: &Reason) -> Verdict {
    match reason.code {
        ReasonCode::Unreachable => Verdict::Undecided,
        _ => Verdict::Denied,
    }
}

/// Signers that are satisfied by what will soon be too old, or was let pass although it is.
fn ageing(policy: &PolicyDecision, now: Timestamp) -> Vec<Flaw<'_>> {
    let aged = policy.signers().iter().filter_map(|signer| {
        let Outcome::Satisfied(Satisfaction { warning: Some(warning), expires_at, .. }) = &signer.outcome
        else {
            return None;
        };
        let (rule, level) = match expires_at.is_some_and(|time| time < now) {
            true => (rules::id(ReasonCode::Expired), Level::Warning),
            false => (rules::EXPIRES_SOON, Level::Note),
        };
        Some(Flaw {
            rule,
            level,
            text: format!("allowed: policy {}: signer {}: {warning}.", policy.name, signer.name),
            decision: word(Verdict::Allowed).0,
            policy: Some(policy),
            signer: Some(&signer.name),
        })
    });
    aged.collect()
}
