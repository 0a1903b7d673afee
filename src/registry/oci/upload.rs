//! Storing blobs: in one request where the registry takes it so, else in a session; from memory, from a
//! stream, or by mounting what another repository has.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream::{self, Fuse};
use futures_util::{Stream, StreamExt};
use reqwest::header::{self, HeaderValue};
use reqwest::{Body, Method, StatusCode, Url};

use super::OciRegistry;
use super::exchange::unwanted;
use super::failure::{Failed, failure};
use super::read::CONTENT_DIGEST;
use super::request::{Answer, Payload};
use super::retry::retrying;
use super::target::Target;
use crate::model::digest::Hasher;
use crate::model::{Digest, Repository};
use crate::registry::{BlobStream, Kind, RegistryError};

/// Largest blob that is sent with the request that opens the upload: a registry that ignores it gets it
/// twice.
const TOGETHER_LIMIT: usize = 256 << 10;
const OCTETS: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Whether a blob is stored; held while it is being sent.
type Cell = Arc<tokio::sync::Mutex<bool>>;

/// Blobs that this process has stored, by host, repository and digest; who asks while one is being sent
/// waits for it.
#[derive(Default)]
pub(super) struct StoredBlobs(Mutex<HashMap<(String, String, Digest), Cell>>);

impl StoredBlobs {
    fn cell(&self, target: &Target, digest: &Digest) -> Cell {
        let key = (target.scope.host.clone(), target.scope.path.clone(), *digest);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default().clone()
    }
}

impl OciRegistry {
    /// See [`crate::registry::Registry::push_blob`].
    pub(super) async fn store_blob(
        &self,
        repository: &Repository,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let target = self.target(repository, true).await?;
        let digest = Digest::of(&bytes);
        let cell = self.stored.cell(&target, &digest);
        let mut stored = cell.lock().await;
        if !*stored {
            retrying(|| self.upload(&target, &digest, &bytes)).await?;
            *stored = true;
        }
        Ok(())
    }

    /// One upload from its start.
    async fn upload(&self, target: &Target, digest: &Digest, bytes: &Bytes) -> Result<(), Failed> {
        let mut url = target.url("blobs/uploads/")?;
        let together = bytes.len() <= TOGETHER_LIMIT;
        let mut request = target.request(Method::POST, url.clone());
        if together {
            url.query_pairs_mut().append_pair("digest", &digest.to_string());
            request = target.request(Method::POST, url).header(header::CONTENT_TYPE, OCTETS);
            request = request.body(Payload::of(bytes));
        }
        let answer = self.ask(target, &request).await?;
        if together && answer.status() == StatusCode::CREATED {
            return created(answer, digest).await;
        }
        let session = self.session(answer).await?;
        self.finish(target, session, digest, Payload::of(bytes)).await
    }

    /// Where an opened upload goes on.
    async fn session(&self, answer: Answer) -> Result<Url, Failed> {
        if answer.status() != StatusCode::ACCEPTED {
            return Err(unwanted(answer).await);
        }
        let session = self.exchange.location(&answer);
        session.map_err(|why| answer.failure(Kind::Broken, &format!("the upload's `Location` {why}")).into())
    }

    /// Sends the bytes of an upload to its session, which may be at another host and then gets no
    /// credentials.
    async fn finish(
        &self,
        target: &Target,
        mut session: Url,
        digest: &Digest,
        payload: Payload,
    ) -> Result<(), Failed> {
        session.query_pairs_mut().append_pair("digest", &digest.to_string());
        let request = target.request(Method::PUT, session).header(header::CONTENT_TYPE, OCTETS);
        created(self.ask(target, &request.body(payload)).await?, digest).await
    }

    /// See [`crate::registry::Registry::push_stream`]. The upload itself is not tried again.
    pub(super) async fn store_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
        bytes: BlobStream,
    ) -> Result<(), RegistryError> {
        if size == 0 && *digest == Digest::of(b"") {
            // There is no last part to hold back.
            return self.store_blob(repository, Bytes::new()).await;
        }
        let target = self.target(repository, true).await?;
        let cell = self.stored.cell(&target, digest);
        let mut stored = cell.lock().await;
        if *stored {
            return Ok(());
        }
        let url = target.url("blobs/uploads/")?;
        let opened = retrying(|| async {
            let answer = self.ask(&target, &target.request(Method::POST, url.clone())).await?;
            self.session(answer).await
        });
        let session = opened.await?;
        let counter = Arc::new(AtomicU64::new(0));
        let source = Source::new(bytes, *digest, size, counter.clone(), &session);
        let failure = source.failure.clone();
        let body = Body::wrap_stream(source.checked());
        let payload = Payload::Stream(Mutex::new(Some(body)), size, counter);
        let outcome = self.finish(&target, session, digest, payload).await;
        // Where the source failed, that is the reason, and not the connection that was cut because of it.
        if let Some(error) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        outcome.map_err(|failed| failed.error)?;
        *stored = true;
        Ok(())
    }

    /// See [`crate::registry::Registry::mount_blob`].
    pub(super) async fn mount(
        &self,
        repository: &Repository,
        from: &Repository,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        let mut target = self.target(repository, true).await?;
        let Some(source) = from.path().filter(|_| from.host() == repository.host()) else {
            return Ok(false);
        };
        target.scope.from = Some(source.to_owned());
        let mut url = target.url("blobs/uploads/")?;
        url.query_pairs_mut().append_pair("mount", &digest.to_string()).append_pair("from", source);
        let answer = retrying(|| async {
            let answer = self.ask(&target, &target.request(Method::POST, url.clone())).await?;
            let status = answer.status();
            match status == StatusCode::CREATED || status == StatusCode::ACCEPTED {
                true => Ok(answer),
                false => Err(unwanted(answer).await),
            }
        });
        let answer = match answer.await {
            Ok(answer) => answer,
            // A registry that does not mount, or not from there, says so in many ways; whether writing is
            // allowed at all shows in the upload that follows.
            Err(error) if matches!(error.kind, Kind::Refused | Kind::Forbidden) => return Ok(false),
            Err(error) => return Err(error),
        };
        if answer.status() == StatusCode::CREATED {
            created(answer, digest).await.map_err(|failed| failed.error)?;
            *self.stored.cell(&target, digest).lock().await = true;
            return Ok(true);
        }
        if let Ok(session) = self.session(answer).await {
            // The session is of no use; a registry that keeps it forgets it by itself some day.
            let _ = self.ask(&target, &target.request(Method::DELETE, session)).await;
        }
        Ok(false)
    }
}

/// Whether the answer says that what was sent is stored under `digest`.
pub(super) async fn created(answer: Answer, digest: &Digest) -> Result<(), Failed> {
    if !matches!(answer.status().as_u16(), 200 | 201 | 204) {
        return Err(unwanted(answer).await);
    }
    let stated: Option<Digest> = answer.header(CONTENT_DIGEST).and_then(|value| value.parse().ok());
    match stated.is_none_or(|stated| stated == *digest) {
        true => Ok(()),
        false => {
            let reason = format!("the registry says that it stored {stated:?} and not {digest}");
            Err(answer.failure(Kind::Broken, &reason).into())
        }
    }
}

/// A stream on its way into an upload. Its last part is held back until all of it is known to match: the
/// registry then never has all bytes of a blob that is wrong.
struct Source {
    bytes: Fuse<BlobStream>,
    held: Option<Bytes>,
    /// Nothing once the end was reached.
    hasher: Option<Hasher>,
    digest: Digest,
    left: u64,
    counter: Arc<AtomicU64>,
    url: Url,
    failure: Arc<Mutex<Option<RegistryError>>>,
}

impl Source {
    fn new(bytes: BlobStream, digest: Digest, size: u64, counter: Arc<AtomicU64>, session: &Url) -> Self {
        let (bytes, held, hasher, url) = (bytes.fuse(), None, Some(Hasher::new()), session.clone());
        Self { bytes, held, hasher, digest, left: size, counter, url, failure: Arc::default() }
    }

    fn checked(self) -> impl Stream<Item = Result<Bytes, std::io::Error>> + Send {
        stream::unfold(Some(self), |source| async move {
            let mut source = source?;
            match source.next().await {
                Ok(Some(part)) => {
                    source.counter.fetch_add(part.len().max(1) as u64, Ordering::Relaxed);
                    Some((Ok(part), Some(source)))
                }
                Ok(None) => None,
                Err(error) => {
                    let told = std::io::Error::other(error.to_string());
                    *source.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                    Some((Err(told), None))
                }
            }
        })
    }

    async fn next(&mut self) -> Result<Option<Bytes>, RegistryError> {
        loop {
            let Some(part) = self.bytes.next().await.transpose()? else { return self.last() };
            if part.is_empty() {
                continue;
            }
            if let Some(hasher) = &mut self.hasher {
                hasher.update(&part);
            }
            let left = self.left.checked_sub(part.len() as u64);
            self.left = left.ok_or_else(|| self.broken("is longer than its descriptor says"))?;
            if let Some(before) = self.held.replace(part) {
                return Ok(Some(before));
            }
        }
    }

    fn last(&mut self) -> Result<Option<Bytes>, RegistryError> {
        let Some(hasher) = self.hasher.take() else { return Ok(None) };
        if self.left > 0 {
            return Err(self.broken("is shorter than its descriptor says"));
        }
        match hasher.finish() == self.digest {
            true => Ok(self.held.take()),
            false => Err(self.broken("does not match its digest")),
        }
    }

    fn broken(&self, what: &str) -> RegistryError {
        failure(Kind::Broken, &Method::PUT, &self.url, &format!("the blob {} {what}", self.digest))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::registry::oci::tests::*;

    #[tokio::test]
    async fn a_blob_is_sent_once_and_an_upload_elsewhere_gets_no_credentials() {
        let elsewhere = Server::new(|_, _| answer("201 Created", &[], "")).await;
        let target = elsewhere.address.clone();
        let server = Server::new(move |asked, _| match asked.head.contains("\r\nauthorization: basic") {
            true => answer("202 Accepted", &[&format!("Location: http://{target}/up?state=a%2Fb")], ""),
            false => answer("401 Unauthorized", &["WWW-Authenticate: Basic"], ""),
        });
        let server = server.await;
        let (registry, repository) = (with_password(&server), server.repository());
        let blob = Bytes::from_static(b"{}");
        let twice = tokio::join!(
            registry.push_blob(&repository, blob.clone()),
            registry.push_blob(&repository, blob)
        );
        assert!(twice.0.is_ok() && twice.1.is_ok());
        let digest = Digest::of(b"{}").to_string().replace(':', "%3A");
        assert_eq!(elsewhere.lines(), [format!("PUT /up?state=a%2Fb&digest={digest}")]);
        assert_eq!(elsewhere.asked.lock().unwrap()[0].body, b"{}");
        assert_eq!(elsewhere.authorized(""), 0);
        assert_eq!(server.lines().len(), 2);
    }

    #[tokio::test]
    async fn a_stream_that_ends_in_an_error_is_never_sent_in_full() {
        let server = Server::new(|_, _| answer("202 Accepted", &["Location: /up"], "")).await;
        let (registry, repository) = (anonymous(), server.repository());
        let parts = || Ok(Bytes::from_static(b"abc"));
        let streams: [(u64, Vec<Result<Bytes, RegistryError>>); 3] =
            [(6, vec![parts(), parts()]), (9, vec![parts(), parts()]), (3, vec![parts(), parts()])];
        for (size, parts) in streams {
            let stream: BlobStream = Box::pin(futures_util::stream::iter(parts));
            let outcome = registry.push_stream(&repository, &Digest::of(b"wrong"), size, stream).await;
            assert_eq!(outcome.unwrap_err().kind, Kind::Broken);
        }
        assert!(server.lines().iter().all(|line| line.starts_with("POST ")), "{:?}", server.lines());
    }

    #[tokio::test]
    async fn a_mount_that_is_not_possible_is_no_error_and_its_upload_is_given_up() {
        let server = Server::new(|asked, _| match asked.line.starts_with("POST") {
            true => answer("202 Accepted", &["Location: /up"], ""),
            false => answer("204 No Content", &[], ""),
        });
        let server = server.await;
        let (registry, digest) = (anonymous(), Digest::of(b"{}"));
        let from: Repository = format!("{}/c", server.address).parse().unwrap();
        assert!(!registry.mount_blob(&server.repository(), &from, &digest).await.unwrap());
        assert!(server.lines()[0].ends_with("&from=c") && server.lines()[1] == "DELETE /up");
        let foreign: Repository = "registry.example/c".parse().unwrap();
        assert!(!registry.mount_blob(&server.repository(), &foreign, &digest).await.unwrap());
        assert_eq!(server.lines().len(), 2);
    }
}
