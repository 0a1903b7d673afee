//! A request to a registry, with a body whose progress can be seen, and an answer to it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Body, Method, Response, StatusCode, Url};

use super::authorization::Scope;
use super::exchange::{IDLE_LIMIT, Pace};
use super::failure::failure;
use crate::registry::{Kind, RegistryError};

/// Bodies are sent in parts of this size, so that progress can be seen.
const PART: usize = 64 << 10;
/// Bytes that a slow registry takes over in a second, and the longest time that it is given beyond the
/// usual.
const STORED_PER_SECOND: u64 = 1 << 20;
const STORING_LIMIT: Duration = Duration::from_secs(300);

/// What is sent with a request.
pub(super) enum Payload {
    /// Nothing.
    None,
    /// Bytes, as often as needed.
    Bytes(Bytes),
    /// A stream of that many bytes, which can be sent once; the counter grows with every part taken from it.
    Stream(Mutex<Option<Body>>, u64, Arc<AtomicU64>),
}

impl Payload {
    /// Bytes, or nothing where there are none.
    pub(super) fn of(bytes: &Bytes) -> Self {
        if bytes.is_empty() { Self::None } else { Self::Bytes(bytes.clone()) }
    }
}

/// A request to a registry.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) payload: Payload,
    /// The registry's root: what differs from it in scheme, host or port gets no credentials.
    pub(super) root: &'a Url,
    pub(super) scope: &'a Scope,
}

impl<'a> Request<'a> {
    /// A request without headers and body.
    pub(super) fn new(method: Method, url: Url, root: &'a Url, scope: &'a Scope) -> Self {
        Self { method, url, headers: HeaderMap::new(), payload: Payload::None, root, scope }
    }

    /// With a header more.
    pub(super) fn header(mut self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// With a body.
    pub(super) fn body(mut self, payload: Payload) -> Self {
        self.payload = payload;
        self
    }

    /// With `If-Match` where an `ETag` is given.
    ///
    /// # Errors
    /// The `ETag` is none that can be sent.
    pub(super) fn if_match(self, etag: Option<&str>) -> Result<Self, RegistryError> {
        let Some(etag) = etag else { return Ok(self) };
        match HeaderValue::from_str(etag) {
            Ok(value) => Ok(self.header(header::IF_MATCH, value)),
            Err(_) => Err(failure(Kind::Broken, &self.method, &self.url, "its ETag cannot be sent")),
        }
    }

    /// How long it may stand still: after the last byte was taken, what lies in the system's buffers has to
    /// arrive and the registry has to check and store it all, which takes longer the more it is.
    pub(super) fn pace(&self) -> Pace {
        let (length, progress, measured) = match &self.payload {
            Payload::None => return Pace::reading(),
            Payload::Bytes(bytes) => (bytes.len() as u64, Arc::default(), bytes.len() <= PART),
            Payload::Stream(_, length, counter) => (*length, counter.clone(), false),
        };
        let storing = Duration::from_secs(length / STORED_PER_SECOND).min(STORING_LIMIT);
        Pace { idle: IDLE_LIMIT + storing, progress, measured }
    }

    /// Whether it only reads.
    pub(super) fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
    }

    /// Gives `sent` the body and the length of it.
    pub(super) fn attach(
        &self,
        sent: &mut reqwest::Request,
        url: &Url,
        progress: &Arc<AtomicU64>,
    ) -> Result<(), RegistryError> {
        let (body, length) = match &self.payload {
            Payload::None => {
                // A write without a body says so: some servers wait for one otherwise.
                if !self.is_read() {
                    sent.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
                }
                return Ok(());
            }
            Payload::Bytes(bytes) => (in_parts(bytes.clone(), progress.clone()), bytes.len() as u64),
            Payload::Stream(body, length, _) => {
                let taken = body.lock().unwrap_or_else(PoisonError::into_inner).take();
                let again = "the upload was interrupted, and a stream cannot be sent again";
                (taken.ok_or_else(|| failure(Kind::Unreachable, &self.method, url, again))?, *length)
            }
        };
        sent.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        *sent.body_mut() = Some(body);
        Ok(())
    }
}

/// An answer: its head, and the body to come.
pub(super) struct Answer {
    pub(super) response: Response,
    pub(super) method: Method,
    /// The URL that answered.
    pub(super) url: Url,
    /// Whether it is the registry that answered, and not a host it redirected to.
    pub(super) own: bool,
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The header's value, where it is text.
    pub(super) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.response.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The media type without parameters, in lower case.
    pub(super) fn media_type(&self) -> String {
        let value = self.header(header::CONTENT_TYPE).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The error of `kind` that this answer is.
    pub(super) fn failure(&self, kind: Kind, reason: &str) -> RegistryError {
        failure(kind, &self.method, &self.url, reason)
    }

    /// Whether the registry says that there is no such thing. Where a host that it redirected to says so,
    /// the registry has said otherwise: nothing is known then.
    pub(super) fn is_absent(&self) -> Result<bool, RegistryError> {
        match (self.status(), self.own) {
            (StatusCode::NOT_FOUND, true) => Ok(true),
            (StatusCode::NOT_FOUND, false) => {
                Err(self.failure(Kind::Unreachable, "404: not where the registry redirects to"))
            }
            _ => Ok(false),
        }
    }
}

/// A body that counts what was taken from it.
fn in_parts(bytes: Bytes, progress: Arc<AtomicU64>) -> Body {
    if bytes.len() <= PART {
        return Body::from(bytes);
    }
    let parts = stream::unfold((bytes, progress), |(mut rest, progress)| async move {
        if rest.is_empty() {
            return None;
        }
        let part = rest.split_to(rest.len().min(PART));
        progress.fetch_add(part.len() as u64, Ordering::Relaxed);
        Some((Ok::<_, std::io::Error>(part), (rest, progress)))
    });
    Body::wrap_stream(parts)
}
