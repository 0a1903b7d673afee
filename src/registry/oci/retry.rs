//! When a request is sent again: after connection failures, 429 and the 5xx that may pass, with growing and
//! jittered pauses, or those that `Retry-After` asks for; and when that ends.

use std::future::Future;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use reqwest::StatusCode;
use tokio::time::Instant;

use super::failure::{Again, Failed};
use crate::registry::RegistryError;

/// Pauses between attempts: the first, and the longest without `Retry-After`.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));
/// Attempts after the first.
const RETRIES: usize = 4;
/// No attempt begins later than this after the first: whatever a registry asks for, the command ends with a
/// sentence of ours before its own timeout (60 s) cuts it off.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs `attempt` until it succeeds, its failure is final, or patience ends.
pub(super) async fn retrying<T, F, Answer>(attempt: F) -> Result<T, RegistryError>
where
    F: Fn() -> Answer,
    Answer: Future<Output = Result<T, Failed>>,
{
    let started = Instant::now();
    let pauses = ExponentialBuilder::new().with_min_delay(PAUSES.0).with_max_delay(PAUSES.1);
    let mut pauses = pauses.with_max_times(RETRIES).with_jitter().build();
    let mut attempts = 1;
    loop {
        let Failed { error, again } = match attempt().await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        let Again::After(asked) = again else { return Err(error) };
        let Some(pause) = pauses.next() else { return Err(ended(error, attempts, None)) };
        let pause = asked.map_or(pause, |asked| asked.max(pause));
        if pause > PATIENCE.saturating_sub(started.elapsed()) {
            return Err(ended(error, attempts, asked));
        }
        tokio::time::sleep(pause).await;
        attempts += 1;
    }
}

/// The failure of an attempt that is not repeated here, once the wait is over that it asks for: whoever begins
/// anew may do so at once. A wait beyond all patience is only told.
pub(super) async fn waited(Failed { error, again }: Failed) -> RegistryError {
    match again {
        Again::After(Some(asked)) if asked <= PATIENCE => tokio::time::sleep(asked).await,
        Again::After(Some(asked)) => return ended(error, 1, Some(asked)),
        Again::After(None) | Again::No => {}
    }
    error
}

fn ended(mut error: RegistryError, attempts: usize, asked: Option<Duration>) -> RegistryError {
    if attempts > 1 {
        error.reason.push_str(&format!(" ({attempts} attempts)"));
    }
    if let Some(asked) = asked {
        error.reason.push_str(&format!("; it asks to wait {} s", asked.as_secs()));
    }
    error
}

/// Whether an answer of this status may be another one soon. 501 says "not supported", which stays.
pub(super) fn may_pass(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 500 | 502 | 503 | 504)
}

/// How long `Retry-After` asks to wait (RFC 9110, 10.2.3): seconds, or a date. `None` where it is neither.
pub(super) fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if value.is_empty() {
        return None;
    }
    if value.bytes().all(|b| b.is_ascii_digit()) {
        // More digits than a number holds ask for longer than anyone waits.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::from(u32::MAX))));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::registry::Kind;

    fn unreachable(again: Again) -> Failed {
        let error =
            RegistryError { kind: Kind::Unreachable, request: String::new(), reason: "no".to_owned() };
        Failed { error, again }
    }

    async fn attempts(again: Again) -> (usize, String) {
        let count = AtomicUsize::new(0);
        let answer = retrying::<(), _, _>(|| async {
            count.fetch_add(1, Ordering::Relaxed);
            Err(unreachable(again))
        });
        let reason = answer.await.unwrap_err().reason;
        (count.into_inner(), reason)
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now: Timestamp = "2024-10-21T07:28:00Z".parse().unwrap();
        let second = Duration::from_secs(1);
        assert_eq!(retry_after(" 120 ", now), Some(120 * second));
        assert_eq!(retry_after("Mon, 21 Oct 2024 07:28:30 GMT", now), Some(30 * second));
        assert_eq!(retry_after("Mon, 21 Oct 2024 07:00:00 GMT", now), Some(Duration::ZERO));
        assert!(retry_after("99999999999999999999999", now).unwrap() > 1000 * second);
        for junk in ["", "soon", "-5", "1.5"] {
            assert_eq!(retry_after(junk, now), None, "{junk}");
        }
    }

    #[tokio::test]
    async fn a_final_failure_is_not_asked_about_again() {
        assert_eq!(attempts(Again::No).await, (1, "no".to_owned()));
    }

    #[tokio::test]
    async fn attempts_end_and_are_counted() {
        assert_eq!(attempts(Again::After(Some(Duration::ZERO))).await, (5, "no (5 attempts)".to_owned()));
    }

    #[tokio::test]
    async fn a_hostile_wait_ends_the_attempts_at_once_and_is_named() {
        let answer = attempts(Again::After(Some(Duration::from_secs(86_400)))).await;
        assert_eq!(answer, (1, "no; it asks to wait 86400 s".to_owned()));
    }

    #[tokio::test]
    async fn no_wait_is_too_long_to_be_counted() {
        let longest = retry_after(&u64::MAX.to_string(), Timestamp::UNIX_EPOCH).unwrap();
        for asked in [longest, Duration::MAX] {
            let (count, reason) = attempts(Again::After(Some(asked))).await;
            assert!(count == 1 && reason.starts_with("no; it asks to wait"), "{reason}");
        }
    }
}
