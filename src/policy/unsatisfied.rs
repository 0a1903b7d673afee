//! Why nothing satisfies a signer: the code for programs, and words that say which key and what to do.

use std::collections::BTreeSet;

use super::answer::{Reason, ReasonCode};
use super::model::Requirements;
use super::signer::{Role, SignerRule};
use crate::model::verify::Evidence;
use crate::model::{Fingerprint, PublicKey};

/// A signer that is not satisfied, and what is known.
pub(super) struct Shortfall<'a> {
    pub(super) requirements: &'a Requirements,
    pub(super) signer: &'a SignerRule,
    pub(super) evidence: &'a [&'a Evidence],
    /// What is amiss with the signature that came nearest, if one of its keys signed.
    pub(super) nearest: Option<Reason>,
}

/// The reason. Whatever could not be asked comes first: it might have been the signature.
pub(super) fn reason(shortfall: Shortfall<'_>) -> Reason {
    unasked(&shortfall)
        .or_else(|| shortfall.nearest.clone())
        .or_else(|| misstated(&shortfall))
        .unwrap_or_else(|| missing(&shortfall))
}

fn unasked(shortfall: &Shortfall<'_>) -> Option<Reason> {
    let mut unreachable = shortfall.evidence.iter().flat_map(|evidence| &evidence.unreachable);
    let text = match unreachable.next() {
        Some(first) => {
            let more = match unreachable.count() {
                0 => String::new(),
                n => format!(" (and {n} more)"),
            };
            format!("could not be decided: {}: {}{more}", first.place, first.reason)
        }
        None if shortfall.evidence.iter().all(|evidence| evidence.complete) => return None,
        None => "could not be decided: not everything was looked at".to_owned(),
    };
    Some(Reason::new(ReasonCode::Unreachable, text))
}

/// A key of the signer's made a signature that states something else.
fn misstated(shortfall: &Shortfall<'_>) -> Option<Reason> {
    let its = |evidence: &&Evidence| {
        shortfall.signer.keys.iter().any(|key| evidence.misstating.contains(&key.fingerprint()))
    };
    let text =
        || format!("no signature by {} states this image{}", keys(shortfall.signer), beside(shortfall));
    shortfall
        .evidence
        .iter()
        .copied()
        .any(|evidence| its(&evidence))
        .then(|| Reason::new(ReasonCode::Invalid, text()))
}

/// Whether an image is one platform of an index is not asked, so this is said of every image.
const PLATFORMS: &str = "(--recursive: each platform of an index too)";

fn missing(shortfall: &Shortfall<'_>) -> Reason {
    let cure = match &shortfall.signer.role {
        Role::Any => String::new(),
        Role::NotValidation => format!("; run `countersign sign` with its key after the push {PLATFORMS}"),
        Role::Countersigns(_) => {
            format!("; run `countersign validate` with its key after the scan {PLATFORMS}")
        }
    };
    let text = format!("no signature by {}{}{cure}", keys(shortfall.signer), beside(shortfall));
    Reason::new(ReasonCode::Missing, text)
}

fn keys(signer: &SignerRule) -> String {
    match signer.keys.len() {
        1 => "its key".to_owned(),
        n => format!("any of its {n} keys"),
    }
}

/// What is there, and does not count for anybody in the policy.
fn beside(shortfall: &Shortfall<'_>) -> String {
    let known: BTreeSet<Fingerprint> = shortfall.requirements.keys().map(PublicKey::fingerprint).collect();
    let strangers = |evidence: &&Evidence| {
        let elsewhere = evidence.verified.iter().filter(|signature| !known.contains(&signature.key()));
        evidence.unmatched + elsewhere.count()
    };
    let by_others: usize = shortfall.evidence.iter().map(strangers).sum();
    let invalid: usize = shortfall.evidence.iter().map(|evidence| evidence.invalid.len()).sum();
    let mut there = Vec::new();
    if by_others > 0 {
        there.push(format!("{by_others} by other keys"));
    }
    if invalid > 0 {
        there.push(format!("{invalid} invalid"));
    }
    match there.is_empty() {
        true => String::new(),
        false => format!(" (there are {})", there.join(", ")),
    }
}
