//! An OCI registry of our own: real HTTP on loopback, everything in memory, every request recorded, and
//! misbehaviour on demand ([`Fault`]). It runs on threads of its own, so blocking tests can use it.

mod answer;
mod auth;
mod endpoints;
mod fault;
mod place;
mod referrers;
mod server;
mod store;
mod tls;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

pub use auth::{Auth, Login};
pub use fault::{Act, Fault, LinkTo, Times};
pub use place::Place;
use store::Content;

/// What the registry is like when it behaves.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether it has the referrers API; without, the answer is 404 as docker-registry's.
    pub referrers: bool,
    /// Most referrers on one page; without, all are on one.
    pub page_size: Option<usize>,
    /// Whether `POST` with `?digest=` stores the blob (201); else it is ignored (202 and a `Location`).
    pub single_post: bool,
    /// Whether `Location`s are absolute URLs.
    pub absolute_locations: bool,
    /// What it makes of `If-Match` on a put.
    pub if_match: IfMatch,
    /// Who is let in.
    pub auth: Auth,
    /// How long each request takes: between these two, half before and half after its effect.
    pub delay: (Duration, Duration),
    /// Whether it speaks https only; see [`TestRegistry::ca_pem`].
    pub tls: bool,
}

/// Conditional puts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    /// No `ETag` is given and no condition looked at.
    Unknown,
    /// `ETag`s are given, conditions ignored, as by docker-registry.
    Ignored,
    /// 412 when another manifest is there by now.
    Honoured,
}

impl Default for Config {
    /// With the referrers API, open to all, without delay, over plain HTTP.
    fn default() -> Self {
        Self {
            referrers: true,
            page_size: None,
            single_post: true,
            absolute_locations: false,
            if_match: IfMatch::Ignored,
            auth: Auth::Open,
            delay: (Duration::ZERO, Duration::ZERO),
            tls: false,
        }
    }
}

impl Config {
    /// [`Config::default`] without the referrers API.
    pub fn without_referrers() -> Self {
        Self { referrers: false, ..Self::default() }
    }
}

/// A request as it came, and the status it was answered with.
#[derive(Debug, Clone)]
pub struct Recorded {
    /// When it was answered.
    pub at: Instant,
    /// The method.
    pub method: String,
    /// The path, still percent-encoded.
    pub path: String,
    /// The query.
    pub query: Option<String>,
    /// The `Host` header.
    pub host: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The `If-Match` header.
    pub if_match: Option<String>,
    /// What it was about.
    pub place: Place,
    /// Length of its body in bytes.
    pub sent: usize,
    /// Status of the answer; 0 when the connection was ended instead.
    pub status: u16,
}

impl Recorded {
    /// Whether it could change what the registry holds.
    pub fn writes(&self) -> bool {
        !matches!(self.method.as_str(), "GET" | "HEAD")
    }
}

/// The registry; it ends when dropped.
#[derive(Debug)]
pub struct TestRegistry {
    host: String,
    ca_pem: Option<String>,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

/// What all connections share.
#[derive(Debug)]
struct State {
    config: Config,
    content: Mutex<Content>,
    faults: Mutex<Vec<fault::Armed>>,
    requests: Mutex<Vec<Recorded>>,
}

/// A runtime with two threads of its own, for servers inside a blocking test.
pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

impl TestRegistry {
    /// Starts one on a free port of the loopback address.
    pub fn start(config: Config) -> Self {
        let tls = config.tls.then(tls::Identity::new);
        let state = Arc::new(State {
            config,
            content: Mutex::default(),
            faults: Mutex::default(),
            requests: Mutex::default(),
        });
        let runtime = runtime();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let acceptor = tls.as_ref().map(tls::Identity::acceptor);
        runtime.spawn(server::accept(listener, acceptor, state.clone()));
        Self { host, ca_pem: tls.map(|identity| identity.ca_pem), state, runtime: Some(runtime) }
    }

    /// `127.0.0.1:PORT`.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// `http://127.0.0.1:PORT`, or https.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.state.config.tls { "https" } else { "http" }, self.host)
    }

    /// The certificate authority of a registry with [`Config::tls`], for `--ca-file`. Its server certificate
    /// is for the loopback address and for [`tls::NAMES`].
    pub fn ca_pem(&self) -> &str {
        self.ca_pem.as_deref().expect("a registry without TLS has no authority")
    }

    /// Lets it misbehave from now on. Of several faults that match, the one added first acts.
    pub fn misbehave(&self, fault: Fault) {
        self.state.faults.lock().unwrap().push(fault.armed());
    }

    /// Lets it behave again.
    pub fn behave(&self) {
        self.state.faults.lock().unwrap().clear();
    }

    /// All requests so far, in the order in which they were answered.
    pub fn requests(&self) -> Vec<Recorded> {
        self.state.requests.lock().unwrap().clone()
    }

    /// Those that could change what it holds.
    pub fn writes(&self) -> Vec<Recorded> {
        self.requests().into_iter().filter(Recorded::writes).collect()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.state.requests.lock().unwrap().clear();
    }

    /// Stores a manifest under a tag or its digest, without checks; gives its digest.
    pub fn put_manifest(&self, repository: &str, reference: &str, media_type: &str, bytes: &[u8]) -> String {
        self.content().put_manifest(repository, reference, media_type, bytes)
    }

    /// Stores a blob; gives its digest.
    pub fn put_blob(&self, repository: &str, bytes: &[u8]) -> String {
        self.content().put_blob(repository, bytes)
    }

    /// The manifest that a tag or digest names.
    pub fn manifest(&self, repository: &str, reference: &str) -> Option<Vec<u8>> {
        self.content().manifest(repository, reference).map(|stored| stored.bytes.to_vec())
    }

    /// A blob.
    pub fn blob(&self, repository: &str, digest: &str) -> Option<Vec<u8>> {
        self.content().blob(repository, digest).map(|bytes| bytes.to_vec())
    }

    /// The tags of a repository, sorted.
    pub fn tags(&self, repository: &str) -> Vec<String> {
        self.content().tags(repository)
    }

    /// Digests of the manifests attached to `subject`, in order of arrival, whether or not the API is on.
    pub fn referrers(&self, repository: &str, subject: &str) -> Vec<String> {
        let listed = self.content().referrers(repository, subject);
        listed.iter().map(|descriptor| descriptor["digest"].as_str().unwrap().to_owned()).collect()
    }

    /// Puts other bytes behind a digest (of a manifest or a blob), which they need not match.
    pub fn overwrite(&self, repository: &str, digest: &str, bytes: &[u8]) {
        self.content().overwrite(repository, digest, bytes);
    }

    /// Holds from now on what `other` holds now, and nothing else.
    pub fn take_content_of(&self, other: &Self) {
        let content = other.content().clone();
        *self.content() = content;
    }

    /// Forgets a tag, manifest or blob; listings still name it.
    pub fn remove(&self, repository: &str, reference: &str) {
        self.content().remove(repository, reference);
    }

    /// Attaches `count` artifacts of that type to `subject`, each a manifest of its own.
    pub fn attach_many(&self, repository: &str, subject: &str, artifact_type: &str, count: usize) {
        referrers::attach_many(&mut self.content(), repository, subject, artifact_type, count);
    }

    fn content(&self) -> std::sync::MutexGuard<'_, Content> {
        self.state.content.lock().unwrap()
    }
}

impl Drop for TestRegistry {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
