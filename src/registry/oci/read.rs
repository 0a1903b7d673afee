//! Reading manifests and blobs: one GET a question, bytes compared with their digest.

use bytes::Bytes;
use futures_util::stream;
use reqwest::header::{self, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url};

use super::OciRegistry;
use super::body;
use super::exchange::unwanted;
use super::failure::{Failed, failure};
use super::request::Answer;
use super::retry::retrying;
use crate::model::digest::Hasher;
use crate::model::{Digest, MANIFEST_LIMIT, Repository, manifest};
use crate::registry::{BlobStream, Kind, ManifestName, RegistryError, StoredManifest};

/// The header with the digest of what is sent (distribution specification).
pub(super) const CONTENT_DIGEST: &str = "docker-content-digest";

impl OciRegistry {
    /// See [`crate::registry::Registry::manifest`].
    pub(super) async fn read_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
    ) -> Result<Option<StoredManifest>, RegistryError> {
        let target = self.target(repository, false).await?;
        let url = target.url(&format!("manifests/{name}"))?;
        retrying(|| async {
            let accept = HeaderValue::from_str(&manifest::ACCEPTED.join(", "));
            let request = target.request(Method::GET, url.clone());
            let request = request.header(header::ACCEPT, accept.unwrap_or(HeaderValue::from_static("*/*")));
            let Some(answer) = found(self.ask(&target, &request).await?).await? else { return Ok(None) };
            stored(answer, name).await.map(Some)
        })
        .await
    }

    /// See [`crate::registry::Registry::blob`].
    pub(super) async fn read_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        let target = self.target(repository, false).await?;
        let url = target.url(&format!("blobs/{digest}"))?;
        retrying(|| async {
            let request = target.request(Method::GET, url.clone());
            let Some(answer) = found(self.ask(&target, &request).await?).await? else { return Ok(None) };
            let (method, url) = (answer.method.clone(), answer.url.clone());
            let bytes = body::whole(answer, limit).await?;
            match Digest::of(&bytes) == *digest {
                true => Ok(Some(bytes)),
                false => Err(failure(Kind::Broken, &method, &url, MISMATCH).into()),
            }
        })
        .await
    }

    /// See [`crate::registry::Registry::open_blob`]. What broke off is not taken up again.
    pub(super) async fn stream_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<BlobStream>, RegistryError> {
        let target = self.target(repository, false).await?;
        let url = target.url(&format!("blobs/{digest}"))?;
        let answer = retrying(|| async {
            let request = target.request(Method::GET, url.clone());
            found(self.ask(&target, &request).await?).await
        });
        Ok(answer.await?.map(|answer| checked(answer, *digest)))
    }

    /// See [`crate::registry::Registry::has_blob`].
    pub(super) async fn look_for_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        let target = self.target(repository, false).await?;
        let url = target.url(&format!("blobs/{digest}"))?;
        retrying(|| async {
            let request = target.request(Method::HEAD, url.clone());
            Ok(found(self.ask(&target, &request).await?).await?.is_some())
        })
        .await
    }
}

/// The reason of [`Kind::Broken`] for bytes of another digest.
const MISMATCH: &str = "the bytes do not match their digest";

/// The answer where it is 200; `None` where the registry says 404.
async fn found(answer: Answer) -> Result<Option<Answer>, Failed> {
    if answer.status() == StatusCode::OK {
        return Ok(Some(answer));
    }
    match answer.is_absent()? {
        true => Ok(None),
        false => Err(unwanted(answer).await),
    }
}

async fn stored(answer: Answer, name: &ManifestName) -> Result<StoredManifest, Failed> {
    let media_type = answer.media_type();
    // `If-Match` compares strongly (RFC 9110, 13.1.1): on a weak one it would fail whatever is stored.
    let etag = answer.header(header::ETAG).filter(|etag| !etag.starts_with("W/")).map(str::to_owned);
    let stated: Option<Digest> = answer.header(CONTENT_DIGEST).and_then(|value| value.parse().ok());
    let (method, url) = (answer.method.clone(), answer.url.clone());
    let broken = |reason: &str| Failed::from(failure(Kind::Broken, &method, &url, reason));
    let bytes = body::whole(answer, MANIFEST_LIMIT).await?;
    // A page for people with status 200: a login form, or a proxy's own words.
    let is_page = matches!(&*media_type, "text/html" | "application/xhtml+xml");
    if is_page || bytes.trim_ascii_start().starts_with(b"<") {
        return Err(broken("200, but the answer is a page of HTML and no manifest"));
    }
    let digest = Digest::of(&bytes);
    let expected = match name {
        ManifestName::Digest(expected) => Some(*expected),
        ManifestName::Tag(_) => stated,
    };
    match expected.is_none_or(|expected| expected == digest) {
        true => Ok(StoredManifest { digest, media_type, bytes, etag }),
        false => Err(broken(MISMATCH)),
    }
}

/// A body on its way, with the hash of what has passed.
struct Passing {
    response: Response,
    method: Method,
    url: Url,
    hasher: Hasher,
    expected: Digest,
}

/// The body of `answer`; its last item is an error unless all bytes match `expected`.
fn checked(answer: Answer, expected: Digest) -> BlobStream {
    let Answer { response, method, url, .. } = answer;
    let passing = Passing { response, method, url, hasher: Hasher::new(), expected };
    Box::pin(stream::try_unfold(Some(passing), |passing| async {
        let Some(mut passing) = passing else { return Ok(None) };
        let Passing { response, method, url, .. } = &mut passing;
        match body::next(response, method, url).await.map_err(|failed| failed.error)? {
            Some(part) => {
                passing.hasher.update(&part);
                Ok(Some((part, Some(passing))))
            }
            None if passing.hasher.finish() == passing.expected => Ok(None),
            None => Err(failure(Kind::Broken, &passing.method, &passing.url, MISMATCH)),
        }
    }))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::registry::oci::tests::*;

    #[tokio::test]
    async fn a_page_with_status_200_wrong_bytes_and_too_many_are_no_manifest() {
        let page =
            Server::new(|_, _| answer("200 OK", &["Content-Type: text/html; charset=utf-8"], "<p>log in"))
                .await;
        let (kind_, told) = kind(&anonymous(), &page).await;
        assert!(kind_ == Kind::Broken && told.contains("HTML"), "{told}");

        let wrong = Server::new(|_, _| ok("{}")).await;
        let name = ManifestName::Digest(Digest::of(b"other"));
        let error = anonymous().manifest(&wrong.repository(), &name).await.unwrap_err();
        assert_eq!(error.kind, Kind::Broken);
        let blob = anonymous().blob(&wrong.repository(), &Digest::of(b"other"), 10).await;
        assert_eq!(blob.unwrap_err().kind, Kind::Broken);

        let stated = format!("Docker-Content-Digest: {}", Digest::of(b"other"));
        let server = Server::new(move |_, _| answer("200 OK", &[&stated], "{}")).await;
        assert_eq!(kind(&anonymous(), &server).await.0, Kind::Broken);

        let announced =
            Server::new(|_, _| "HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n".to_owned()).await;
        assert_eq!(kind(&anonymous(), &announced).await.0, Kind::Limit);
        let body = "x".repeat((4 << 20) + 1);
        let unannounced = Server::new(move |_, _| format!("HTTP/1.1 200 OK\r\n\r\n{body}")).await;
        assert_eq!(kind(&anonymous(), &unannounced).await.0, Kind::Limit);
    }

    #[tokio::test]
    async fn absence_is_the_registry_s_own_404() {
        let server = Server::new(|_, _| answer("404 Not Found", &[], "")).await;
        let (registry, repository) = (anonymous(), server.repository());
        assert!(manifest(&registry, &server).await.unwrap().is_none());
        assert!(registry.blob(&repository, &Digest::of(b""), 1).await.unwrap().is_none());
        assert!(registry.open_blob(&repository, &Digest::of(b"")).await.unwrap().is_none());
        assert!(!registry.has_blob(&repository, &Digest::of(b"")).await.unwrap());
    }

    #[tokio::test]
    async fn a_weak_etag_is_not_kept_since_no_condition_on_it_ever_holds() {
        let sent = ["ETag: \"1\"", "ETag: W/\"1\""];
        let server = Server::new(move |_, number| answer("200 OK", &[sent[number - 1]], "{}")).await;
        let registry = anonymous();
        let mut kept = Vec::new();
        for _ in sent {
            kept.push(registry.manifest(&server.repository(), &tag()).await.unwrap().unwrap().etag);
        }
        assert_eq!(kept, [Some("\"1\"".to_owned()), None]);
    }
}
