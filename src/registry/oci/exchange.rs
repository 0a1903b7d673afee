//! One question and its answer: credentials for the registry's own origin only, redirects followed by hand,
//! idle time bounded, statuses told apart, and round trips measured.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Body, Method, Response, StatusCode, Url};
use tokio::time::Instant;

use super::authorization::{Authorization, Scope};
use super::body;
use super::clients::Clients;
use super::failure::{Again, Failed, causes, escaped, failure, message};
use super::origin::{self, PlainHosts};
use super::retry;
use crate::registry::{Kind, RegistryError};

/// Longest time without a byte in either direction.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(15);
/// Most redirects of one request.
const REDIRECT_LIMIT: usize = 5;
/// Most bytes of an error's body that are kept.
const ERROR_BODY_LIMIT: u64 = 4 << 10;
/// Bodies are sent in parts of this size, so that progress can be seen.
const PART: usize = 64 << 10;

/// What is sent with a request.
pub(super) enum Payload {
    /// Nothing.
    None,
    /// Bytes, as often as needed.
    Bytes(Bytes),
    /// A stream of that many bytes, which can be sent once; the counter grows with every part taken from it.
    Stream(Mutex<Option<Body>>, u64, Arc<AtomicU64>),
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

    fn is_read(&self) -> bool {
        self.method == Method::GET || self.method == Method::HEAD
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

/// Sends requests and judges answers.
pub(super) struct Exchange {
    pub(super) clients: Clients,
    pub(super) plain: PlainHosts,
    requests: AtomicU64,
    slowest_micros: AtomicU64,
}

impl Exchange {
    pub(super) fn new(clients: Clients, plain: PlainHosts) -> Self {
        Self { clients, plain, requests: AtomicU64::new(0), slowest_micros: AtomicU64::new(0) }
    }

    /// Requests sent so far, repeated ones and those for tokens among them.
    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The slowest answer's time to its head; uploads of streams do not count.
    pub(super) fn slowest(&self) -> Duration {
        Duration::from_micros(self.slowest_micros.load(Ordering::Relaxed))
    }

    /// Sends `request` once, following redirects where it reads.
    pub(super) async fn follow(
        &self,
        request: &Request<'_>,
        authorization: Option<&Authorization>,
    ) -> Result<Answer, Failed> {
        let mut url = request.url.clone();
        for _ in 0..=REDIRECT_LIMIT {
            let own = origin::same(&url, request.root);
            let authorization = authorization.filter(|_| own);
            let answer = self.once(request, &url, authorization, own).await?;
            if !answer.status().is_redirection() || answer.status() == StatusCode::NOT_MODIFIED {
                return Ok(answer);
            }
            url = self.redirect(request, &answer)?;
        }
        let reason = format!("more than {REDIRECT_LIMIT} redirects");
        Err(failure(Kind::Broken, &request.method, &request.url, &reason).into())
    }

    fn redirect(&self, request: &Request<'_>, answer: &Answer) -> Result<Url, RegistryError> {
        if !request.is_read() {
            let reason = format!("{}: redirects of writes are not followed", answer.status());
            return Err(answer.failure(Kind::Broken, &reason));
        }
        let location = answer.header(header::LOCATION).unwrap_or_default();
        origin::hop(&answer.url, location, &self.plain)
            .map_err(|why| answer.failure(Kind::Broken, &format!("a redirect {why}")))
    }

    async fn once(
        &self,
        request: &Request<'_>,
        url: &Url,
        authorization: Option<&Authorization>,
        own: bool,
    ) -> Result<Answer, Failed> {
        let progress = Arc::new(AtomicU64::new(0));
        let mut sent = reqwest::Request::new(request.method.clone(), url.clone());
        *sent.headers_mut() = request.headers.clone();
        if let Some(authorization) = authorization {
            sent.headers_mut().insert(header::AUTHORIZATION, authorization.header.clone());
        }
        let progress = match &request.payload {
            Payload::Stream(_, _, counter) => counter.clone(),
            _ => progress,
        };
        attach(&mut sent, request, url, &progress)?;
        let streamed = matches!(request.payload, Payload::Stream(..));
        let response = self.send(sent, &progress, !streamed).await?;
        Ok(Answer { response, method: request.method.clone(), url: url.clone(), own })
    }

    /// Sends a request and waits for the head of its answer; `measured`: its time counts as a round trip.
    pub(super) async fn send(
        &self,
        request: reqwest::Request,
        progress: &AtomicU64,
        measured: bool,
    ) -> Result<Response, Failed> {
        let (method, url) = (request.method().clone(), request.url().clone());
        let client = self.clients.get(&url).await;
        let client = client.map_err(|why| failure(Kind::Unreachable, &method, &url, &why))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let outcome = unless_idle(client.execute(request), progress).await;
        let elapsed = started.elapsed();
        let status = outcome.as_ref().and_then(|r| r.as_ref().ok()).map(|r| r.status().as_u16());
        let shown = super::failure::shown(&url);
        tracing::debug!(%method, url = shown, status, ms = elapsed.as_millis(), "request");
        match outcome {
            Some(Ok(response)) => {
                if measured {
                    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
                    self.slowest_micros.fetch_max(micros, Ordering::Relaxed);
                }
                Ok(response)
            }
            Some(Err(error)) => Err(Failed::connection(&method, &url, error)),
            None => {
                let reason = format!("no answer within {} s", IDLE_LIMIT.as_secs());
                Err(Failed::passing(&method, &url, &reason))
            }
        }
    }
}

/// Gives `sent` its body and the length of it.
fn attach(
    sent: &mut reqwest::Request,
    request: &Request<'_>,
    url: &Url,
    progress: &Arc<AtomicU64>,
) -> Result<(), RegistryError> {
    let (body, length) = match &request.payload {
        Payload::None => {
            // A write without a body says so: some servers wait for one otherwise.
            if !request.is_read() {
                sent.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            return Ok(());
        }
        Payload::Bytes(bytes) => (in_parts(bytes.clone(), progress.clone()), bytes.len() as u64),
        Payload::Stream(body, length, _) => {
            let taken = body.lock().unwrap_or_else(PoisonError::into_inner).take();
            let again = "the upload was interrupted, and a stream cannot be sent again";
            (taken.ok_or_else(|| failure(Kind::Unreachable, &request.method, url, again))?, *length)
        }
    };
    sent.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    *sent.body_mut() = Some(body);
    Ok(())
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

/// The outcome of `future`, unless [`IDLE_LIMIT`] passes in which neither it ends nor `progress` grows.
pub(super) async fn unless_idle<F: Future>(future: F, progress: &AtomicU64) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut seen = progress.load(Ordering::Relaxed);
    loop {
        if let Ok(outcome) = tokio::time::timeout(IDLE_LIMIT, &mut future).await {
            return Some(outcome);
        }
        let now = progress.load(Ordering::Relaxed);
        if now == seen {
            return None;
        }
        seen = now;
    }
}

/// The failure that an answer of a status nobody wanted is, with what its body says.
pub(super) async fn unwanted(answer: Answer) -> Failed {
    let status = answer.status();
    let read = answer.method == Method::GET || answer.method == Method::HEAD;
    let kind = match status.as_u16() {
        401 | 403 => Kind::Forbidden,
        429 | 500..=599 => Kind::Unreachable,
        412 if !read => Kind::Conflict,
        400..=499 if !read => Kind::Refused,
        _ => Kind::Broken,
    };
    let asked = answer
        .header(header::RETRY_AFTER)
        .and_then(|value| retry::retry_after(value, jiff::Timestamp::now()));
    let again = if retry::may_pass(status) { Again::After(asked) } else { Again::No };
    let (method, url) = (answer.method.clone(), answer.url.clone());
    let mut reason = status.to_string();
    if status == StatusCode::TOO_MANY_REQUESTS {
        reason.push_str(" (throttled)");
    }
    if let Some(said) = message(&body::first(answer.response, ERROR_BODY_LIMIT).await) {
        reason = format!("{reason}: {said}");
    }
    Failed { error: failure(kind, &method, &url, &reason), again }
}

/// The failure of a body that broke off.
pub(super) fn broken_off(method: &Method, url: &Url, error: reqwest::Error) -> Failed {
    let reason = format!("the answer broke off: {}", causes(&error.without_url()));
    Failed::passing(method, url, &escaped(&reason))
}
