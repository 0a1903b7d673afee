//! What other tools say where a policy of theirs decides, word for word: people and scripts look for it. The native
//! form's own words stand where the decisions are made.

use super::answer::{AnyOfDecision, Outcome, Reason, ReasonCode, Verdict};
use super::installation::INCLUDE_LABEL;
use super::model::Dialect;
use super::set::NoMatch;
use super::tanzu;
use crate::model::{ImageRef, escape_untrusted};

/// Why none of the alternatives is enough. Of several codes, the one of what came nearest. Nothing where that is not
/// known: then each alternative says what could not be asked.
pub(super) fn not_satisfied(dialect: Dialect, decided: &AnyOfDecision, image: &ImageRef) -> Option<Reason> {
    let codes = decided.alternatives.iter().filter_map(|alternative| match &alternative.outcome {
        Outcome::Unsatisfied(reason) => Some(reason.code),
        Outcome::Satisfied(_) => None,
    });
    let code = codes.max().filter(|_| decided.verdict() == Verdict::Denied)?;
    match dialect {
        Dialect::Native | Dialect::Sigstore => None,
        Dialect::Tanzu => Some(Reason::new(code, tanzu::words::not_signed(image))),
    }
}

/// Why a policy is satisfied in a namespace that it leaves out.
pub(super) fn excluded(dialect: Dialect, namespace: &str) -> Reason {
    let namespace = escape_untrusted(namespace);
    let text = match dialect {
        Dialect::Native => format!("the policy leaves out the namespace `{namespace}`"),
        Dialect::Tanzu => tanzu::words::excluded(&namespace),
        Dialect::Sigstore => {
            format!("the namespace `{namespace}` is given without the label {INCLUDE_LABEL}: \"true\"")
        }
    };
    Reason::new(ReasonCode::Excluded, text)
}

/// What is said of an image that no policy speaks of. Where somebody said what becomes of it (`--no-match`), that is
/// what is said, and not that a webhook was installed in some way.
pub(super) fn no_match(has_tanzu: bool, no_match: NoMatch, image: &ImageRef) -> Reason {
    let text = match (has_tanzu, no_match) {
        (true, NoMatch::Deny) => tanzu::words::unmatched(image),
        (_, NoMatch::AllowUnmatched) => tanzu::words::unmatched_and_allowed(image),
        (_, NoMatch::Deny | NoMatch::Warn | NoMatch::Allow) => {
            "no policy speaks of this image; write one, or see --no-match".to_owned()
        }
    };
    Reason::new(ReasonCode::NoMatch, text)
}
