//! Bodies of answers, read in parts and never further than their limit.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Method, Response, Url};

use super::exchange::{IDLE_LIMIT, Pace, broken_off, unless_idle};
use super::failure::{Failed, failure};
use super::request::Answer;
use crate::registry::Kind;

/// Room that is made for a body before its first byte arrived, at most.
const FIRST_ROOM: u64 = 256 << 10;

/// Longest wait for the body of an error.
const TOLD_WAIT: Duration = Duration::from_secs(5);

/// The whole body of `answer`, of at most `limit` bytes.
pub(super) async fn whole(answer: Answer, limit: u64) -> Result<Bytes, Failed> {
    let Answer { mut response, method, url, .. } = answer;
    let too_large = || Failed::from(failure(Kind::Limit, &method, &url, &beyond(limit)));
    let announced = response.content_length();
    if announced.is_some_and(|length| length > limit) {
        return Err(too_large());
    }
    let room = announced.unwrap_or_default().min(FIRST_ROOM);
    let mut bytes = BytesMut::with_capacity(usize::try_from(room).unwrap_or_default());
    while let Some(part) = next(&mut response, &method, &url).await? {
        if (bytes.len() + part.len()) as u64 > limit {
            return Err(too_large());
        }
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.freeze())
}

/// The next part of a body; `None` at its end.
pub(super) async fn next(
    response: &mut Response,
    method: &Method,
    url: &Url,
) -> Result<Option<Bytes>, Failed> {
    match unless_idle(response.chunk(), &Pace::reading()).await {
        Some(part) => part.map_err(|error| broken_off(method, url, error)),
        None => {
            let reason = format!("the answer stopped: no byte in {} s", IDLE_LIMIT.as_secs());
            Err(Failed::passing(method, url, &reason))
        }
    }
}

/// The first `limit` bytes of a body that is only told; whatever arrived before it broke off.
pub(super) async fn first(mut response: Response, limit: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let reading = async {
        while bytes.len() < limit
            && let Ok(Some(part)) = response.chunk().await
        {
            bytes.extend_from_slice(&part);
        }
    };
    // What is missing only makes the sentence shorter.
    let _ = tokio::time::timeout(TOLD_WAIT, reading).await;
    bytes.truncate(limit);
    bytes
}

/// The reason of [`Kind::Limit`].
pub(super) fn beyond(limit: u64) -> String {
    format!("larger than the limit of {limit} bytes")
}
