//! Conversations with a server that answers as each test says, over real connections.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{OciRegistry, Options};
use crate::model::manifest::{OCI_INDEX, OCI_MANIFEST};
use crate::model::{Digest, Repository, Tag};
use crate::registry::{BlobStream, Kind, ManifestName, Referrers, Registry, RegistryError};

/// What a server was asked: the head, in lower case from its second line on, and the body.
#[derive(Clone)]
struct Asked {
    line: String,
    head: String,
    body: Vec<u8>,
}

/// A server on loopback that tells what it was asked.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// `answer` gives the whole answer for a request and its number; `{address}` in it becomes the server's.
    async fn new(answer: impl Fn(&Asked, usize) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (seen, own, answer) = (asked.clone(), address.clone(), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, own, answer) = (seen.clone(), own.clone(), answer.clone());
                tokio::spawn(async move {
                    let Some(asked) = receive(&mut stream).await else { return };
                    let number = {
                        let mut seen = seen.lock().unwrap();
                        seen.push(asked.clone());
                        seen.len()
                    };
                    let text = answer(&asked, number).replace("{address}", &own);
                    let _ = stream.write_all(text.as_bytes()).await;
                });
            }
        });
        Self { address, asked }
    }

    fn repository(&self) -> Repository {
        format!("{}/a/b", self.address).parse().unwrap()
    }

    fn lines(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|asked| asked.line.clone()).collect()
    }

    /// The requests with an `Authorization` of this beginning.
    fn authorized(&self, beginning: &str) -> usize {
        let header = format!("\r\nauthorization: {}", beginning.to_lowercase());
        self.asked.lock().unwrap().iter().filter(|asked| asked.head.contains(&header)).count()
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let (line, rest) = text.split_once("\r\n").unwrap();
            let head = format!("\r\n{}", rest.to_lowercase());
            let length = head.split("\r\ncontent-length: ").nth(1).map_or("0", |l| l.lines().next().unwrap());
            let body = bytes[end + 4..].to_vec();
            if body.len() >= length.parse().unwrap() {
                let line = line.trim_end_matches(" HTTP/1.1").to_owned();
                return Some(Asked { line, head, body });
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

fn answer(status: &str, headers: &[&str], body: &str) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

fn ok(body: &str) -> String {
    answer("200 OK", &[], body)
}

/// 401 with a challenge that sends to `/token` of the same server.
fn unauthorized() -> String {
    let challenge = "WWW-Authenticate: Bearer realm=\"http://{address}/token\",service=\"s\"";
    answer("401 Unauthorized", &[challenge], "")
}

/// An adapter with a configuration file of this text, which is gone when it is dropped, and an empty
/// environment: no test depends on the credentials of who runs it.
struct Adapter {
    registry: OciRegistry,
    file: Option<PathBuf>,
}

impl Drop for Adapter {
    fn drop(&mut self) {
        if let Some(file) = &self.file {
            let _ = std::fs::remove_file(file);
        }
    }
}

impl std::ops::Deref for Adapter {
    type Target = OciRegistry;

    fn deref(&self) -> &OciRegistry {
        &self.registry
    }
}

fn anonymous() -> Adapter {
    configured("{}")
}

fn configured(config: &str) -> Adapter {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let file = std::env::temp_dir().join(format!("countersign-oci-{}-{number}.json", std::process::id()));
    std::fs::write(&file, config).unwrap();
    let options = Options { registry_config: Some(file.clone()), ..Options::default() };
    Adapter { registry: OciRegistry::in_environment(options, |_| None).unwrap(), file: Some(file) }
}

fn with_password(server: &Server) -> Adapter {
    configured(&format!(r#"{{"auths":{{"{}":{{"username":"user","password":"hunter2"}}}}}}"#, server.address))
}

fn tag() -> ManifestName {
    ManifestName::Tag("v1".parse::<Tag>().unwrap())
}

async fn manifest(registry: &OciRegistry, server: &Server) -> Result<Option<Bytes>, RegistryError> {
    let stored = registry.manifest(&server.repository(), &tag()).await;
    stored.map(|stored| stored.map(|stored| stored.bytes))
}

async fn kind(registry: &OciRegistry, server: &Server) -> (Kind, String) {
    let error = manifest(registry, server).await.unwrap_err();
    (error.kind, error.to_string())
}

fn is_token(asked: &Asked) -> bool {
    asked.line.starts_with("GET /token") || asked.line.starts_with("POST /token")
}

fn has_token(asked: &Asked) -> bool {
    asked.head.contains("\r\nauthorization: bearer tok")
}

#[tokio::test]
async fn requests_at_once_share_one_token_and_later_ones_are_not_asked_again() {
    let server = Server::new(|asked, _| match (is_token(asked), has_token(asked)) {
        (true, _) => ok(r#"{"access_token":"tok"}"#),
        (false, true) => ok("{}"),
        (false, false) => unauthorized(),
    });
    let server = server.await;
    let registry = with_password(&server);
    let answers = tokio::join!(manifest(&registry, &server), manifest(&registry, &server));
    assert!(answers.0.unwrap().is_some() && answers.1.unwrap().is_some());
    let tokens: Vec<_> = server.lines().into_iter().filter(|line| line.contains("/token")).collect();
    assert_eq!(tokens, ["GET /token?scope=repository%3Aa%2Fb%3Apull&service=s"]);
    assert_eq!(server.authorized("Basic"), 1);
    let before = registry.requests();
    manifest(&registry, &server).await.unwrap();
    assert_eq!(registry.requests(), before + 1);
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let server = Server::new(|asked, number| match is_token(asked) {
        true => ok(&format!(r#"{{"token":"tok{number}"}}"#)),
        false if asked.head.contains("bearer tok2") && number < 4 => ok("{}"),
        false if asked.head.contains("bearer tok5") => ok("{}"),
        false => unauthorized(),
    });
    let server = server.await;
    let registry = anonymous();
    assert!(manifest(&registry, &server).await.unwrap().is_some());
    assert!(manifest(&registry, &server).await.unwrap().is_some());
    assert_eq!(server.lines().len(), 6);
}

#[tokio::test]
async fn a_token_that_is_refused_twice_ends_the_matter() {
    let server = Server::new(|asked, _| match is_token(asked) {
        true => ok(r#"{"token":"tok"}"#),
        false => unauthorized(),
    });
    let server = server.await;
    let (kind, told) = kind(&anonymous(), &server).await;
    assert_eq!(kind, Kind::Forbidden);
    assert!(told.contains("401") && told.contains("(asked without credentials)"), "{told}");
    assert_eq!(server.lines().len(), 3);
}

#[tokio::test]
async fn a_failed_token_request_never_becomes_anonymous() {
    for refusal in ["401 Unauthorized", "403 Forbidden", "302 Found", "200 OK"] {
        let server = Server::new(move |asked, _| match (is_token(asked), has_token(asked)) {
            (true, _) => answer(refusal, &["Location: http://{address}/other"], "<html>secret</html>"),
            (false, _) => unauthorized(),
        });
        let server = server.await;
        let (kind, told) = kind(&with_password(&server), &server).await;
        assert_eq!(kind, Kind::Forbidden, "{refusal}");
        assert!(told.contains("the token request failed") && !told.contains("hunter2"), "{told}");
        assert!(server.lines().iter().all(|line| !line.contains("/other")));
        assert_eq!(server.authorized("Bearer"), 0);
    }
}

#[tokio::test]
async fn an_identity_token_is_exchanged_by_post() {
    let server = Server::new(|asked, _| match (is_token(asked), has_token(asked)) {
        (true, _) => ok(r#"{"token":"tok"}"#),
        (false, true) => answer("201 Created", &[], ""),
        (false, false) => unauthorized(),
    });
    let server = server.await;
    let config = format!(r#"{{"auths":{{"{}":{{"identitytoken":"id+1"}}}}}}"#, server.address);
    let registry = configured(&config);
    registry.push_blob(&server.repository(), Bytes::from_static(b"{}")).await.unwrap();
    let asked = server.asked.lock().unwrap().iter().find(|asked| is_token(asked)).cloned().unwrap();
    let form = String::from_utf8(asked.body).unwrap();
    assert_eq!(asked.line, "POST /token");
    assert!(form.contains("grant_type=refresh_token") && form.contains("refresh_token=id%2B1"), "{form}");
    assert!(form.contains("scope=repository%3Aa%2Fb%3Apull%2Cpush"), "{form}");
    assert_eq!(server.authorized("Basic"), 0);
}

#[tokio::test]
async fn a_bad_challenge_is_told_and_a_403_is_forbidden() {
    let server = Server::new(|_, _| answer("401 Unauthorized", &["WWW-Authenticate: Bearer realm=\"x"], ""));
    let (kind_, told) = kind(&anonymous(), &server.await).await;
    assert!(kind_ == Kind::Forbidden && told.contains("challenge cannot be read"), "{told}");
    let body = r#"{"errors":[{"code":"DENIED","message":"not\u001b yours"}]}"#;
    let server = Server::new(move |_, _| answer("403 Forbidden", &[], body));
    let (kind_, told) = kind(&anonymous(), &server.await).await;
    assert!(kind_ == Kind::Forbidden && told.contains("DENIED: not\\u{1b} yours"), "{told}");
}

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
    let server = Server::new(|_, number| answer("302 Found", &[&format!("Location: /{number}")], "")).await;
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
    assert!(kind_ == Kind::Unreachable && told.contains("500") && told.contains("(5 attempts)"), "{told}");
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
async fn a_page_with_status_200_wrong_bytes_and_too_many_are_no_manifest() {
    let page =
        Server::new(|_, _| answer("200 OK", &["Content-Type: text/html; charset=utf-8"], "<p>log in")).await;
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

    let announced = Server::new(|_, _| "HTTP/1.1 200 OK\r\nContent-Length: 4194305\r\n\r\n".to_owned()).await;
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
    let headers: Vec<&str> = [Some(content_type.as_str()), link.as_deref()].into_iter().flatten().collect();
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
    let listed = referrers(|_, number| page((number < 3).then_some("?last=1").filter(|_| number < 2))).await;
    assert!(matches!(listed, Ok(Referrers::Listed(l)) if l.descriptors.len() == 2 && l.stopped.is_none()));

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
    let twice =
        tokio::join!(registry.push_blob(&repository, blob.clone()), registry.push_blob(&repository, blob));
    assert!(twice.0.is_ok() && twice.1.is_ok());
    let digest = Digest::of(b"{}").to_string().replace(':', "%3A");
    assert_eq!(elsewhere.lines(), [format!("PUT /up?state=a%2Fb&digest={digest}")]);
    assert_eq!(elsewhere.asked.lock().unwrap()[0].body, b"{}");
    assert_eq!(elsewhere.authorized(""), 0);
    assert_eq!(server.lines().len(), 2);
}

#[tokio::test]
async fn a_refused_put_a_lost_race_and_another_digest_are_told_apart() {
    let put = async |status: &'static str, header: &'static str| {
        let body = r#"{"errors":[{"code":"TAG_INVALID","message":"tag is immutable"}]}"#;
        let server = Server::new(move |_, _| answer(status, &[header], body)).await;
        let (bytes, etag) = (Bytes::from_static(b"{}"), Some("\"e\""));
        let outcome = anonymous().put_manifest(&server.repository(), &tag(), OCI_MANIFEST, bytes, etag).await;
        let asked = server.asked.lock().unwrap().clone();
        assert!(asked.iter().all(|asked| asked.head.contains("\r\nif-match: \"e\"")));
        (outcome.map_err(|error| (error.kind, error.reason)), asked.len())
    };
    let (refused, _) = put("409 Conflict", "X: y").await;
    let (kind, reason) = refused.unwrap_err();
    assert!(kind == Kind::Refused && reason.contains("TAG_INVALID: tag is immutable"), "{reason}");
    assert!(matches!(put("412 Precondition Failed", "X: y").await, (Err((Kind::Conflict, _)), 1)));
    assert!(matches!(put("201 Created", "Docker-Content-Digest: sha512:00").await, (Ok(()), 1)));
    let other =
        "Docker-Content-Digest: sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff80";
    assert!(matches!(put("201 Created", other).await, (Err((Kind::Broken, _)), 1)));
    // A put under a tag that is repeated later would replace what others wrote meanwhile.
    assert!(matches!(
        put("503 Service Unavailable", "Retry-After: 0").await,
        (Err((Kind::Unreachable, _)), 1)
    ));
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

#[tokio::test]
async fn plain_http_is_not_spoken_with_other_hosts() {
    let repository: Repository = "registry.invalid:5000/a".parse().unwrap();
    let registry = anonymous();
    let error = registry.manifest(&repository, &tag()).await.unwrap_err();
    assert!(error.request.starts_with("GET https://registry.invalid:5000/"), "{error}");
}
