//! What a validation signature states: whose build signature it countersigns, and the scan that it rests on.

use std::collections::BTreeSet;

use crate::flow::verify::Answer;
use crate::model::{Claims, claims};
use crate::policy::{Outcome, PolicyDecision};
use crate::scan::Passed;

/// The claims of one image's validation signature; nothing unless its build signature is there and a report
/// passed.
pub(super) fn validation(annotations: &Claims, build: &Answer, passed: &[&Passed]) -> Option<Claims> {
    let signers = build.decision.policies().iter().flat_map(PolicyDecision::signers);
    let keys: BTreeSet<String> = signers
        .filter_map(|signer| match &signer.outcome {
            Outcome::Satisfied(satisfied) => Some(&satisfied.by),
            Outcome::Unsatisfied(_) => None,
        })
        .flatten()
        .map(|signature| signature.key().to_string())
        .collect();
    if keys.is_empty() || passed.is_empty() {
        return None;
    }
    let mut stated = annotations.clone();
    stated.set(claims::ROLE, claims::VALIDATION_ROLE);
    stated.set(claims::SCAN_RESULT, claims::SCAN_PASS);
    stated.set(claims::COUNTERSIGNS, joined(keys));
    stated.set(claims::SCAN_RULES, joined(passed.iter().map(|passed| passed.rules().to_string())));
    stated.set(claims::SCAN_REPORT, joined(passed.iter().map(|passed| passed.report().to_string())));
    stated.set(claims::SCAN_SUBJECTS, joined(passed.iter().map(|passed| passed.manifest().to_string())));
    stated.set(claims::SCANNER, joined(passed.iter().map(|passed| passed.scanner().to_string())));
    let vex: BTreeSet<String> =
        passed.iter().flat_map(|passed| passed.vex()).map(ToString::to_string).collect();
    if !vex.is_empty() {
        stated.set(claims::SCAN_VEX, joined(vex));
    }
    // The oldest of several, so that an age that is counted from it is never too low; none unless all have one.
    let times: Option<Vec<_>> = passed.iter().map(|passed| passed.scanned_at()).collect();
    if let Some(oldest) = times.and_then(|times| times.into_iter().min()) {
        stated.set(claims::SCANNED_AT, oldest.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
    }
    Some(stated)
}

/// Sorted, each once, parted by commas.
fn joined(values: impl IntoIterator<Item = String>) -> String {
    values.into_iter().collect::<BTreeSet<String>>().into_iter().collect::<Vec<_>>().join(",")
}
