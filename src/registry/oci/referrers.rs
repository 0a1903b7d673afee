//! The referrers API: page after page of what is attached to a digest, each entry read by itself.

use std::collections::HashSet;

use reqwest::header::{self, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::OciRegistry;
use super::body;
use super::exchange::unwanted;
use super::failure::{Failed, escaped, failure};
use super::link::next_page;
use super::origin;
use super::request::Answer;
use super::retry::retrying;
use super::target::Target;
use crate::model::manifest::{Descriptor, OCI_INDEX};
use crate::model::{Digest, MANIFEST_LIMIT, Repository, json};
use crate::registry::{Kind, Listing, PAGES_LIMIT, REFERRERS_LIMIT, Referrers, RegistryError};

/// Longest media type, in bytes: two names of 127 characters and what parts them (RFC 6838, 4.2).
const TYPE_LIMIT: usize = 255;

/// One page: what it lists, and where the next is, or why that is not known.
struct Page {
    entries: Vec<Box<RawValue>>,
    next: Result<Option<Url>, RegistryError>,
}

/// A page as JSON. A list that is there but `null` is empty: Go writes empty lists so.
#[derive(Deserialize)]
struct PageBody {
    #[serde(deserialize_with = "Deserialize::deserialize")]
    manifests: Option<Vec<Box<RawValue>>>,
}

impl OciRegistry {
    /// See [`crate::registry::Registry::referrers`].
    pub(super) async fn list_referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> Result<Referrers, RegistryError> {
        let target = self.target(repository, false).await?;
        let first = target.url(&format!("referrers/{subject}"))?;
        let Some(mut page) = self.page(&target, &first, true).await? else {
            return Ok(Referrers::Unsupported);
        };
        let mut listing = Listing::default();
        let mut seen = HashSet::from([first]);
        loop {
            let stopped = add(&mut listing, page.entries);
            let url = match (stopped, page.next) {
                (true, _) => return Ok(ended(listing, limit(&target, subject, "entries", REFERRERS_LIMIT))),
                (false, Err(error)) => return Ok(ended(listing, error)),
                (false, Ok(None)) => return Ok(Referrers::Listed(listing)),
                (false, Ok(Some(url))) => url,
            };
            if seen.len() >= PAGES_LIMIT {
                return Ok(ended(listing, limit(&target, subject, "pages", PAGES_LIMIT)));
            }
            if !seen.insert(url.clone()) {
                let error =
                    failure(Kind::Broken, &Method::GET, &url, "its `Link` leads to a page already read");
                return Ok(ended(listing, error));
            }
            page = match self.page(&target, &url, false).await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(ended(listing, failure(Kind::Broken, &Method::GET, &url, NO_PAGE))),
                Err(error) => return Ok(ended(listing, error)),
            };
        }
    }

    /// A page; `None` where the answer says that there is no such API, which only the `first` one can.
    async fn page(&self, target: &Target, url: &Url, first: bool) -> Result<Option<Page>, RegistryError> {
        retrying(|| async {
            let request = target.request(Method::GET, url.clone());
            let request = request.header(header::ACCEPT, HeaderValue::from_static(OCI_INDEX));
            let answer = self.ask(target, &request).await?;
            if first && says_unsupported(&answer)? {
                return Ok(None);
            }
            match answer.status() {
                StatusCode::OK if answer.media_type() == OCI_INDEX => read(target, answer).await.map(Some),
                StatusCode::OK => Err(answer.failure(Kind::Broken, NO_PAGE).into()),
                _ => Err(unwanted(answer).await),
            }
        })
        .await
    }
}

/// The reason for a later page that is none.
const NO_PAGE: &str = "the answer is no page of referrers";

/// Whether the answer is a definite "not supported" (wire formats: 404, 400, 405, 406, 501, or 200 that is
/// no image index).
fn says_unsupported(answer: &Answer) -> Result<bool, RegistryError> {
    Ok(match answer.status().as_u16() {
        404 => answer.is_absent()?,
        400 | 405 | 406 | 501 => answer.own,
        200 => answer.media_type() != OCI_INDEX,
        _ => false,
    })
}

async fn read(target: &Target, answer: Answer) -> Result<Page, Failed> {
    let (method, url) = (answer.method.clone(), answer.url.clone());
    let next = next(target, &answer);
    let bytes = body::whole(answer, MANIFEST_LIMIT).await?;
    let body: PageBody = json::from_slice(&bytes)
        .map_err(|e| failure(Kind::Broken, &method, &url, &format!("{NO_PAGE}: {e}")))?;
    Ok(Page { entries: body.manifests.unwrap_or_default(), next })
}

/// Where the next page is: at the registry itself, whatever the `Link` says.
fn next(target: &Target, answer: &Answer) -> Result<Option<Url>, RegistryError> {
    let broken = |why: &str| answer.failure(Kind::Broken, why);
    let links = answer.response.headers().get_all(header::LINK).iter();
    let texts: Result<Vec<&str>, _> = links.map(|value| value.to_str()).collect();
    let texts = texts.map_err(|_| broken("its `Link` is not text"))?;
    let Some(link) = next_page(texts.into_iter()).map_err(broken)? else { return Ok(None) };
    let url = answer.url.join(&link).map_err(|_| broken("its `Link` leads to what is no URL"))?;
    match origin::same(&url, &target.root) && url.username().is_empty() && url.password().is_none() {
        true => Ok(Some(url)),
        false => Err(broken(&format!("its `Link` leads away, to {}", super::failure::shown(&url)))),
    }
}

/// Adds entries to a listing; whether the limit ended that.
fn add(listing: &mut Listing, entries: Vec<Box<RawValue>>) -> bool {
    for entry in entries {
        if listing.descriptors.len() + listing.unreadable.len() >= REFERRERS_LIMIT {
            return true;
        }
        match json::from_slice(entry.get().as_bytes()).map_err(|e| escaped(&e.to_string())).and_then(small) {
            Ok(descriptor) => listing.descriptors.push(descriptor),
            Err(reason) => listing.unreadable.push(reason),
        }
    }
    false
}

/// The descriptor without what nobody asks for. Its texts are bounded, since thousands of them are kept.
fn small(descriptor: Descriptor) -> Result<Descriptor, String> {
    let artifact_type = descriptor.artifact_type.as_deref().unwrap_or_default();
    match descriptor.media_type.len().max(artifact_type.len()) <= TYPE_LIMIT {
        true => Ok(Descriptor { platform: None, ..descriptor }),
        false => Err(format!("{}: its type is longer than {TYPE_LIMIT} bytes", descriptor.digest)),
    }
}

fn ended(mut listing: Listing, error: RegistryError) -> Referrers {
    listing.stopped = Some(error);
    Referrers::Listed(listing)
}

fn limit(target: &Target, subject: &Digest, what: &str, limit: usize) -> RegistryError {
    let request = format!("GET {}v2/{}/referrers/{subject}", target.root, target.scope.path);
    RegistryError { kind: Kind::Limit, request, reason: format!("more than {limit} {what} of referrers") }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::registry::oci::tests::*;

    fn listed(page: &str) -> Listing {
        let body: PageBody = json::from_slice(page.as_bytes()).unwrap();
        let mut listing = Listing::default();
        assert!(!add(&mut listing, body.manifests.unwrap_or_default()));
        listing
    }

    #[test]
    fn junk_among_the_entries_hides_none_of_the_others() {
        let digest = Digest::of(b"{}");
        let page = format!(
            r#"{{"manifests":[{{"digest":"sha512:00","size":1}},{{"digest":"{digest}","size":2}},7,{{"size":1}}]}}"#
        );
        let listing = listed(&page);
        assert_eq!((listing.descriptors.len(), listing.unreadable.len()), (1, 3));
        assert_eq!(listing.descriptors[0].digest, digest);
        assert!(listing.unreadable[0].contains("sha512"), "{:?}", listing.unreadable);
    }

    #[test]
    fn what_is_kept_of_an_entry_is_small_whatever_its_size() {
        let digest = Digest::of(b"{}");
        let (long, longest) = ("t".repeat(300), "t".repeat(255));
        let entry = |rest: &str| format!(r#"{{"digest":"{digest}","size":2,{rest}}}"#);
        let page = [
            entry(&format!(r#""artifactType":"{long}""#)),
            entry(&format!(r#""mediaType":"{long}""#)),
            entry(&format!(r#""artifactType":"{longest}","platform":{{"os":"{long}"}}"#)),
        ];
        let listing = listed(&format!(r#"{{"manifests":[{}]}}"#, page.join(",")));
        assert_eq!((listing.descriptors.len(), listing.unreadable.len()), (1, 2));
        assert!(listing.unreadable[0].contains("255"), "{:?}", listing.unreadable);
        assert_eq!(listing.descriptors[0].platform, None);
    }

    #[test]
    fn an_empty_list_may_be_null_but_must_be_there() {
        assert!(listed(r#"{"manifests":null}"#).descriptors.is_empty());
        assert!(json::from_slice::<PageBody>(b"{}").is_err());
    }

    async fn referrers(
        answer: impl Fn(&Asked, usize) -> String + Send + Sync + 'static,
    ) -> Result<Referrers, Kind> {
        let server = Server::new(answer).await;
        let listed = anonymous().referrers(&server.repository(), &Digest::of(b"{}")).await;
        listed.map_err(|error| error.kind)
    }

    fn page(link: Option<&str>) -> String {
        let entry = format!(r#"{{"manifests":[{{"digest":"{}","size":2}}]}}"#, Digest::of(b"{}"));
        let content_type = format!("Content-Type: {OCI_INDEX}; charset=utf-8");
        let link = link.map(|link| format!("Link: <{link}>; rel=\"next\""));
        let headers: Vec<&str> =
            [Some(content_type.as_str()), link.as_deref()].into_iter().flatten().collect();
        answer("200 OK", &headers, &entry)
    }

    #[tokio::test]
    async fn the_referrers_api_is_absent_only_where_the_answer_says_so() {
        for status in ["404 Not Found", "400 Bad", "405 No", "406 No", "501 No", "200 OK"] {
            let listed = referrers(move |_, _| answer(status, &["Content-Type: text/html"], "<p>")).await;
            assert!(matches!(listed, Ok(Referrers::Unsupported)), "{status}");
        }
        for (status, kind) in
            [("403 No", Kind::Forbidden), ("500 No", Kind::Unreachable), ("410 No", Kind::Broken)]
        {
            let listed = referrers(move |_, _| answer(status, &["Retry-After: 0"], "")).await;
            assert!(matches!(listed, Err(found) if found == kind), "{status}");
        }
        let index = format!("Content-Type: {OCI_INDEX}");
        let cut = referrers(move |_, _| answer("200 OK", &[&index], r#"{"manifests":["#)).await;
        assert!(matches!(cut, Err(Kind::Broken)));
    }

    #[tokio::test]
    async fn pages_are_followed_and_a_listing_that_cannot_be_finished_says_so() {
        let listed =
            referrers(|_, number| page((number < 3).then_some("?last=1").filter(|_| number < 2))).await;
        assert!(
            matches!(listed, Ok(Referrers::Listed(l)) if l.descriptors.len() == 2 && l.stopped.is_none())
        );

        let stopped = async |answer: fn(&Asked, usize) -> String| match referrers(answer).await {
            Ok(Referrers::Listed(listing)) => (listing.descriptors.len(), listing.stopped.unwrap()),
            other => unreachable!("{other:?}"),
        };
        let (count, error) = stopped(|_, _| page(Some("?last=1"))).await;
        assert!(count == 2 && error.reason.contains("already read"), "{error}");
        let (count, error) = stopped(|_, _| page(Some("http://127.0.0.2:1/v2/"))).await;
        assert!(count == 1 && error.reason.contains("leads away, to http://127.0.0.2:1/v2/"), "{error}");
        let (count, error) = stopped(|_, number| page(Some(&format!("?last={number}")))).await;
        assert!(count == 100 && error.kind == Kind::Limit, "{error}");
        let forbidden = |_: &Asked, number| match number {
            1 => page(Some("?last=1")),
            _ => answer("403 Forbidden", &[], ""),
        };
        let (count, error) = stopped(forbidden).await;
        assert!(count == 1 && error.kind == Kind::Forbidden, "{error}");
    }
}
