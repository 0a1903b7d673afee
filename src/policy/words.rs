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
/// what is said, and not that a webhook was installed in some way; `settings` says whether policy-controller's do.
pub(super) fn no_match(has_tanzu: bool, settings: bool, no_match: NoMatch, image: &ImageRef) -> Reason {
    let let_through = |word: &str| {
        let setting = if settings { "no-match-policy:" } else { "--no-match" };
        format!("no policy speaks of this image, and `{setting} {word}` lets it pass")
    };
    let text = match no_match {
        NoMatch::Deny if has_tanzu => tanzu::words::unmatched(image),
        NoMatch::Deny => "no policy speaks of this image; write one, or see --no-match".to_owned(),
        NoMatch::AllowUnmatched => tanzu::words::unmatched_and_allowed(image),
        NoMatch::Warn => let_through("warn"),
        NoMatch::Allow => let_through("allow"),
    };
    Reason::new(ReasonCode::NoMatch, text)
}

/// What is said of an image if it is not certain that a policy speaks of it.
pub(super) fn perhaps_no_match() -> Reason {
    let text = "whether a policy speaks of this image depends on the object that it stands in, which is not known; give the \
                manifest (-f), or see --no-match";
    Reason::new(ReasonCode::NoMatch, text)
}
