//! Durations as people write them: one whole number and `s`, `m`, `h` or `d`. One reader for options, policies
//! and scan rules, so that `24h` means the same in each.

use std::time::Duration;

/// Longest duration that is taken, in seconds: a hundred years, which every calendar can still add to a date.
const LONGEST: u64 = 100 * 366 * 86_400;
/// How far ahead of ours another's clock may be, be it a signer's or a scanner's.
pub(crate) const CLOCK_DIFFERENCE: Duration = Duration::from_secs(5 * 60);

/// Why a text is not a duration; escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Not one whole number and a unit.
    #[error("`{0}` is not a duration: one whole number and s, m, h or d, such as 90s")]
    Form(String),
    /// Nothing at all would fit into it.
    #[error("`{0}` is no time at all")]
    Zero(String),
    /// More than a hundred years.
    #[error("`{0}` is too long")]
    TooLong(String),
}

/// Reads one whole number, digits only, and `s`, `m`, `h` or `d`.
///
/// # Errors
/// [`DurationError`]: another form, nothing, or more than a hundred years.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let shown = || super::escape_untrusted(text);
    let form = || DurationError::Form(shown());
    let unit = text.chars().next_back().ok_or_else(form)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(form()),
    };
    let number = text.strip_suffix(unit).unwrap_or_default();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(form());
    }
    let total = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds));
    match total {
        Some(0) => Err(DurationError::Zero(shown())),
        Some(total) if total <= LONGEST => Ok(Duration::from_secs(total)),
        _ => Err(DurationError::TooLong(shown())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_one_whole_number_and_a_unit() {
        for (text, seconds) in [("90s", 90), ("5m", 300), ("24h", 86_400), ("30d", 2_592_000), ("007s", 7)] {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "h", "90", "1.5h", "-1s", "+1s", "1 h", "1h30m", "1H", "1w", "１h", "1é", "0x1s"]
        {
            assert!(matches!(parse_duration(wrong), Err(DurationError::Form(_))), "{wrong}");
        }
    }

    #[test]
    fn no_time_at_all_and_more_than_a_hundred_years_are_refused() {
        assert!(matches!(parse_duration("0s"), Err(DurationError::Zero(_))));
        for long in ["36601d", "18446744073709551615d", "99999999999999999999s"] {
            assert!(matches!(parse_duration(long), Err(DurationError::TooLong(_))), "{long}");
        }
        assert!(parse_duration("36600d").is_ok());
    }
}
