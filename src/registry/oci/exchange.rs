//! One question and its answer: credentials for the registry's own origin only, redirects followed by hand,
//! idle time bounded, statuses told apart, and round trips measured.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use reqwest::header;
use reqwest::{Method, Response, StatusCode, Url};
use tokio::time::Instant;

use super::authorization::Authorization;
use super::body;
use super::clients::Clients;
use super::failure::{Again, Failed, causes, escaped, failure, lacks_blob, message};
use super::origin::{self, PlainHosts};
use super::request::{Answer, Request};
use super::retry;
use crate::registry::{Kind, RegistryError};

/// Longest time without a byte in either direction.
pub(super) const IDLE_LIMIT: Duration = Duration::from_secs(15);
/// Most redirects of one request.
const REDIRECT_LIMIT: usize = 5;
/// Most bytes of an error's body that are kept.
const ERROR_BODY_LIMIT: u64 = 4 << 10;

/// How long a request may stand still, and whether it counts.
pub(super) struct Pace {
    /// Longest time without an end and without progress.
    pub(super) idle: Duration,
    /// Bytes taken for sending so far.
    pub(super) progress: Arc<AtomicU64>,
    /// Whether its time counts as a round trip.
    pub(super) measured: bool,
}

impl Pace {
    /// That of reading.
    pub(super) fn reading() -> Self {
        Self { idle: IDLE_LIMIT, progress: Arc::default(), measured: true }
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
        self.location(answer).map_err(|why| answer.failure(Kind::Broken, &format!("a redirect {why}")))
    }

    /// Where the `Location` of `answer` leads.
    ///
    /// # Errors
    /// The reason why it is not followed.
    pub(super) fn location(&self, answer: &Answer) -> Result<Url, String> {
        match answer.header(header::LOCATION) {
            Some(location) => origin::hop(&answer.url, location, &self.plain),
            None => Err("does not say where it leads".to_owned()),
        }
    }

    async fn once(
        &self,
        request: &Request<'_>,
        url: &Url,
        authorization: Option<&Authorization>,
        own: bool,
    ) -> Result<Answer, Failed> {
        let pace = request.pace();
        let mut sent = reqwest::Request::new(request.method.clone(), url.clone());
        *sent.headers_mut() = request.headers.clone();
        if let Some(authorization) = authorization {
            sent.headers_mut().insert(header::AUTHORIZATION, authorization.header.clone());
        }
        request.attach(&mut sent, url, &pace.progress)?;
        let response = self.send(sent, &pace).await?;
        Ok(Answer { response, method: request.method.clone(), url: url.clone(), own })
    }

    /// Sends a request and waits for the head of its answer.
    pub(super) async fn send(&self, request: reqwest::Request, pace: &Pace) -> Result<Response, Failed> {
        let (method, url) = (request.method().clone(), request.url().clone());
        let client = self.clients.get(&url).await;
        let client = client.map_err(|why| failure(Kind::Unreachable, &method, &url, &why))?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        let outcome = unless_idle(client.execute(request), pace).await;
        let elapsed = started.elapsed();
        let status = outcome.as_ref().and_then(|r| r.as_ref().ok()).map(|r| r.status().as_u16());
        let shown = super::failure::shown(&url);
        tracing::debug!(%method, url = shown, status, ms = elapsed.as_millis(), "request");
        match outcome {
            Some(Ok(response)) => {
                if pace.measured {
                    let micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
                    self.slowest_micros.fetch_max(micros, Ordering::Relaxed);
                }
                Ok(response)
            }
            Some(Err(error)) => Err(Failed::connection(&method, &url, error)),
            None => {
                let reason = format!("no answer within {} s", pace.idle.as_secs());
                Err(Failed::passing(&method, &url, &reason))
            }
        }
    }
}

/// The outcome of `future`, unless it is idle longer than `pace` allows.
pub(super) async fn unless_idle<F: Future>(future: F, pace: &Pace) -> Option<F::Output> {
    let mut future = pin!(future);
    let mut seen = pace.progress.load(Ordering::Relaxed);
    loop {
        if let Ok(outcome) = tokio::time::timeout(pace.idle, &mut future).await {
            return Some(outcome);
        }
        let now = pace.progress.load(Ordering::Relaxed);
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
    let asked = answer
        .header(header::RETRY_AFTER)
        .and_then(|value| retry::retry_after(value, jiff::Timestamp::now()));
    let (method, url) = (answer.method.clone(), answer.url.clone());
    let body = body::first(answer.response, ERROR_BODY_LIMIT).await;
    let passing = retry::may_pass(status) || !read && lacks_blob(&body);
    let kind = match status.as_u16() {
        401 | 403 => Kind::Forbidden,
        429 | 500..=599 => Kind::Unreachable,
        _ if passing => Kind::Unreachable,
        412 if !read => Kind::Conflict,
        400..=499 if !read => Kind::Refused,
        _ => Kind::Broken,
    };
    let again = if passing { Again::After(asked) } else { Again::No };
    let mut reason = status.to_string();
    if status == StatusCode::TOO_MANY_REQUESTS {
        reason.push_str(" (throttled)");
    }
    if let Some(said) = message(&body) {
        reason = format!("{reason}: {said}");
    }
    Failed { error: failure(kind, &method, &url, &reason), again }
}

/// The failure of a body that broke off.
pub(super) fn broken_off(method: &Method, url: &Url, error: reqwest::Error) -> Failed {
    let reason = format!("the answer broke off: {}", causes(&error.without_url()));
    Failed::passing(method, url, &escaped(&reason))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::registry::oci::tests::*;

    #[tokio::test]
    async fn credentials_stay_behind_on_a_redirect_and_a_404_there_is_not_absence() {
        let elsewhere = Server::new(|asked, _| match asked.line.contains("blobs") {
            true => answer("404 Not Found", &[], ""),
            false => ok("{}"),
        });
        let elsewhere = elsewhere.await;
        // Another port is another host: credentials are bound to scheme, host and port.
        let target = elsewhere.address.clone();
        let server = Server::new(move |asked, _| match asked.head.contains("\r\nauthorization: basic") {
            true => {
                let path = asked.line.trim_start_matches("GET ");
                answer("307 Temporary Redirect", &[&format!("Location: http://{target}{path}?signed=1")], "")
            }
            false => answer("401 Unauthorized", &["WWW-Authenticate: Basic realm=\"r\""], ""),
        });
        let server = server.await;
        let registry = with_password(&server);
        assert_eq!(manifest(&registry, &server).await.unwrap().unwrap(), "{}");
        let blob = registry.blob(&server.repository(), &Digest::of(b"x"), 10).await;
        assert_eq!(blob.unwrap_err().kind, Kind::Unreachable);
        assert_eq!((elsewhere.lines().len(), elsewhere.authorized("")), (2, 0));
    }

    #[tokio::test]
    async fn redirects_end_after_five() {
        let server =
            Server::new(|_, number| answer("302 Found", &[&format!("Location: /{number}")], "")).await;
        let (kind, told) = kind(&anonymous(), &server).await;
        assert!(kind == Kind::Broken && told.contains("more than 5 redirects"), "{told}");
        assert_eq!(server.lines().len(), 6);
    }

    #[tokio::test]
    async fn what_may_pass_is_asked_again_and_a_body_that_breaks_off_too() {
        let server = Server::new(|_, number| match number {
            1 => answer("503 Service Unavailable", &["Retry-After: 0"], ""),
            2 => answer("429 Too Many Requests", &[], ""),
            3 => "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{".to_owned(),
            4 => String::new(),
            _ => ok("{}"),
        });
        let server = server.await;
        assert_eq!(manifest(&anonymous(), &server).await.unwrap().unwrap(), "{}");
        assert_eq!(server.lines().len(), 5);
    }

    #[tokio::test]
    async fn a_registry_that_never_recovers_is_unreachable_and_throttling_is_named() {
        let server = Server::new(|_, _| answer("500 Internal Server Error", &["Retry-After: 0"], "")).await;
        let (kind_, told) = kind(&anonymous(), &server).await;
        assert!(
            kind_ == Kind::Unreachable && told.contains("500") && told.contains("(5 attempts)"),
            "{told}"
        );
        let server = Server::new(|_, _| answer("429 Too Many Requests", &["Retry-After: 9999"], "")).await;
        let (kind_, told) = kind(&anonymous(), &server).await;
        assert!(kind_ == Kind::Unreachable && told.contains("throttled"), "{told}");
        assert!(told.contains("asks to wait 9999 s"), "{told}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_the_cause() {
        let registry = anonymous();
        let repository: Repository = "127.0.0.1:1/a".parse().unwrap();
        let error = registry.manifest(&repository, &tag()).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unreachable);
        assert_eq!(error.request, "GET http://127.0.0.1:1/v2/a/manifests/v1");
        assert!(error.reason.to_lowercase().contains("connection refused"), "{error}");
    }

    #[tokio::test]
    async fn plain_http_is_not_spoken_with_other_hosts() {
        let repository: Repository = "registry.invalid:5000/a".parse().unwrap();
        let registry = anonymous();
        let error = registry.manifest(&repository, &tag()).await.unwrap_err();
        assert!(error.request.starts_with("GET https://registry.invalid:5000/"), "{error}");
    }
}
