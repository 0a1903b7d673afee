//! Times as others state them: scanners, and those who sign.

use jiff::Timestamp;

use super::duration::CLOCK_DIFFERENCE;

/// The time in `text`, if it is one: RFC 3339 with an offset, and after 1970, since a time that was not set is
/// written as the year 1.
pub(crate) fn stated(text: Option<&str>) -> Option<Timestamp> {
    let time: Timestamp = text?.parse().ok()?;
    (time > Timestamp::UNIX_EPOCH).then_some(time)
}

/// Whether `time` is farther ahead of `now` than another's clock may be.
pub(crate) fn lies_ahead(time: Timestamp, now: Timestamp) -> bool {
    let ahead = time.duration_since(now);
    ahead.is_positive() && ahead.unsigned_abs() > CLOCK_DIFFERENCE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_was_not_set_or_has_no_offset_is_none() {
        let time = stated(Some("2026-01-01T01:00:00+01:00"));
        assert_eq!(time.map(|time| time.to_string()).as_deref(), Some("2026-01-01T00:00:00Z"));
        for text in ["", "0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01"]
        {
            assert_eq!(stated(Some(text)), None, "{text}");
        }
        assert_eq!(stated(None), None);
    }

    #[test]
    fn another_clock_may_be_five_minutes_ahead() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap_or_default();
        assert!(!lies_ahead(at(1_300), at(1_000)) && !lies_ahead(at(1), at(1_000)));
        assert!(lies_ahead(at(1_301), at(1_000)));
    }
}
