//! The words of the page: verdicts, reasons and times. Each stands beside its mark, since colours and marks alone are not
//! for everybody.

use jiff::Timestamp;

use crate::policy::{Conclusion, Mode, PolicyDecision, ReasonCode, Verdict};

/// How something is shown: a class for its colour, a mark, and a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sign {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) word: &'static str,
}

const GOOD: &str = "good";
const BAD: &str = "bad";
const UNSURE: &str = "unsure";
const QUIET: &str = "quiet";

/// A policy that does not speak of an image.
pub(super) const NOT_ASKED: Sign = Sign { class: QUIET, mark: "–", word: "not asked" };
/// An alternative that is not satisfied, where another one is.
pub(super) const NOT_NEEDED: Sign = Sign { class: QUIET, mark: "–", word: "not needed" };
/// A signer that is satisfied.
pub(super) const SIGNED: Sign = Sign { class: GOOD, mark: "✓", word: "signed" };
/// A signer that is satisfied, and something is to be known of it.
pub(super) const SIGNED_WARNED: Sign = Sign { class: UNSURE, mark: "✓", word: "signed, see below" };

pub(super) fn verdict(verdict: Verdict) -> Sign {
    match verdict {
        Verdict::Allowed => Sign { class: GOOD, mark: "✓", word: "allowed" },
        Verdict::Denied => Sign { class: BAD, mark: "✗", word: "denied" },
        Verdict::Undecided => Sign { class: UNSURE, mark: "?", word: "undecided" },
    }
}

/// What a policy does that is not enforced.
pub(super) fn mode(mode: Mode) -> Option<&'static str> {
    match mode {
        Mode::Enforce => None,
        Mode::Warn => Some("(warns)"),
        Mode::Audit => Some("(audits)"),
    }
}

impl Sign {
    /// The same in a policy of that mode: what stops nothing is not shown as if it did.
    pub(super) fn under(self, mode: Mode) -> Self {
        match mode {
            Mode::Warn | Mode::Audit if self.class == BAD => Self { class: UNSURE, ..self },
            Mode::Enforce | Mode::Warn | Mode::Audit => self,
        }
    }
}

/// Why a signer is not satisfied, in two words.
pub(super) fn reason(code: ReasonCode) -> Sign {
    let word = match code {
        ReasonCode::Missing => "missing",
        ReasonCode::Invalid => "invalid",
        ReasonCode::ClaimMismatch => "claims differ",
        ReasonCode::CountersignedKeyNotTrusted => "build not trusted",
        ReasonCode::Expired => "expired",
        ReasonCode::Revoked => "revoked",
        ReasonCode::DeniedByPolicy => "denied",
        ReasonCode::Excluded => return Sign { class: QUIET, mark: "–", word: "excluded" },
        ReasonCode::NotPinned => "no digest",
        ReasonCode::NoMatch => "no policy",
        ReasonCode::Unreachable => return Sign { class: UNSURE, mark: "?", word: "not known" },
    };
    Sign { class: BAD, mark: "✗", word }
}

/// What a policy said without its signers; nothing where they were asked.
pub(super) fn without_signers(policy: &PolicyDecision) -> Option<Sign> {
    match &policy.conclusion {
        Conclusion::AllowedAsIs => Some(Sign { class: GOOD, mark: "✓", word: "allowed as it is" }),
        Conclusion::Excluded(why) | Conclusion::Refused(why) | Conclusion::Unasked(why) => {
            Some(reason(why.code))
        }
        Conclusion::Signers(_) | Conclusion::AnyOf(_) => None,
    }
}

/// `1 image`, `2 images`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// A time for people: `2026-01-31 12:00:00 UTC`.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How far `then` is from `now`: `3 days before`, `26 days after`.
pub(super) fn distance(then: Timestamp, now: Timestamp) -> String {
    let seconds = then.as_second().abs_diff(now.as_second());
    let (number, unit) = match seconds {
        0..60 => (seconds, "second"),
        60..3_600 => (seconds / 60, "minute"),
        3_600..172_800 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    let many = if number == 1 { "" } else { "s" };
    let side = if then < now { "before" } else { "after" };
    format!("{number} {unit}{many} {side}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_distance_is_told_in_the_greatest_unit_that_fits() {
        let now: Timestamp = "2026-01-31T12:00:00Z".parse().unwrap();
        let of = |text: &str| distance(text.parse().unwrap(), now);
        assert_eq!(of("2026-01-31T11:59:59Z"), "1 second before");
        assert_eq!(of("2026-01-31T12:30:00Z"), "30 minutes after");
        assert_eq!(of("2026-01-30T12:00:00Z"), "24 hours before");
        assert_eq!(of("2026-01-28T12:00:00Z"), "3 days before");
        assert_eq!(time(now), "2026-01-31 12:00:00 UTC");
    }
}
