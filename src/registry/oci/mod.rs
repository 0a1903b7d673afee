//! The adapter to registries over HTTP (distribution specification 1.1).
//!
//! One question is one GET; no ping. What a registry asks for after a 401 is kept for the process. Bodies are
//! bounded and compared with their digest, and 404 is the only "not there".

mod authorization;
mod body;
pub mod challenge;
mod clients;
mod credential_program;
mod credentials;
pub mod docker_config;
mod exchange;
mod failure;
mod link;
mod origin;
mod read;
mod referrers;
mod request;
mod retry;
mod target;
mod token;
mod upload;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{self, HeaderValue};

use self::authorization::Authorizations;
use self::clients::Clients;
use self::credentials::Credentials;
use self::exchange::Exchange;
use self::failure::failure;
use self::origin::PlainHosts;
use self::request::Payload;
use self::retry::retrying;
use self::target::Roots;
use self::upload::StoredBlobs;
use crate::model::{Digest, Repository, escape_untrusted};
use crate::registry::{BlobStream, Kind, ManifestName, Referrers, Registry, RegistryError, StoredManifest};

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Hosts besides loopback that plain HTTP is spoken with: `HOST`, or `HOST:PORT` for that port alone.
    pub plain_http: Vec<String>,
    /// A PEM file with CA certificates to trust beside the platform's, or a folder with such files.
    pub ca_file: Option<PathBuf>,
    /// A Docker configuration whose credentials come before those of the usual places, or the folder that it is in.
    pub registry_config: Option<PathBuf>,
}

/// Why the adapter cannot be made from its options.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The CA file is not there, or holds no certificates.
    #[error("CA file {0}")]
    CaFile(String),
    /// The Docker configuration is not there, or is none.
    #[error("registry configuration {0}")]
    RegistryConfig(String),
    /// What is to be spoken with in plain HTTP is no host.
    #[error("plain HTTP host `{}`: HOST or HOST:PORT is expected", escape_untrusted(.0))]
    PlainHttp(String),
}

/// The value of an environment variable.
type Environment = fn(&str) -> Option<OsString>;

/// Registries over HTTP. One a process: connections, tokens and what was stored are shared.
pub struct OciRegistry {
    exchange: Exchange,
    authorizations: Authorizations,
    roots: Roots,
    stored: StoredBlobs,
    has_ca_file: bool,
}

impl OciRegistry {
    /// An adapter that has read the files named in `options` and nothing else yet: environment, credentials
    /// and the platform's CA certificates are read when they are needed.
    ///
    /// # Errors
    /// A file named in `options` cannot be used.
    pub fn new(options: Options) -> Result<Self, OptionsError> {
        Self::in_environment(options, |name| std::env::var_os(name))
    }

    fn in_environment(options: Options, environment: Environment) -> Result<Self, OptionsError> {
        let extra = options.ca_file.as_deref().map(crate::local::roots::read_file_or_folder).transpose();
        let extra = extra.map_err(OptionsError::CaFile)?;
        let registry_config = options.registry_config.as_deref().map(credentials::named_file).transpose();
        let registry_config = registry_config.map_err(OptionsError::RegistryConfig)?;
        let plain = PlainHosts::new(&options.plain_http).map_err(OptionsError::PlainHttp)?;
        let has_ca_file = extra.is_some();
        let clients = Clients::new(extra.unwrap_or_default(), environment);
        Ok(Self {
            exchange: Exchange::new(clients, plain),
            authorizations: Authorizations::new(Credentials::new(registry_config, environment)),
            roots: Roots::default(),
            stored: StoredBlobs::default(),
            has_ca_file,
        })
    }

    /// Requests sent so far, those repeated and those for tokens among them.
    pub fn requests(&self) -> u64 {
        self.exchange.requests()
    }

    /// A put under a tag is sent once: it replaces what is there, so it must follow closely on its read, and
    /// a writer whose put failed has to read again first, after the wait that was asked for. A put under a
    /// digest may be repeated.
    async fn store_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
        media_type: &str,
        bytes: Bytes,
        etag: Option<&str>,
    ) -> Result<(), RegistryError> {
        let target = self.target(repository, true).await?;
        let url = target.url(&format!("manifests/{name}"))?;
        let digest = Digest::of(&bytes);
        let unsendable = |_| failure(Kind::Broken, &Method::PUT, &url, "its media type cannot be sent");
        let media_type = HeaderValue::from_str(media_type).map_err(unsendable)?;
        let attempt = || async {
            let request = target.request(Method::PUT, url.clone()).if_match(etag)?;
            let request = request.header(header::CONTENT_TYPE, media_type.clone()).body(Payload::of(&bytes));
            upload::created(self.ask(&target, &request).await?, &digest).await
        };
        match name {
            ManifestName::Tag(_) => match attempt().await {
                Ok(()) => Ok(()),
                Err(failed) => Err(retry::waited(failed).await),
            },
            ManifestName::Digest(_) => retrying(attempt).await,
        }
    }
}

impl Registry for OciRegistry {
    async fn manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
    ) -> Result<Option<StoredManifest>, RegistryError> {
        self.read_manifest(repository, name).await
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        self.read_blob(repository, digest, limit).await
    }

    async fn referrers(&self, repository: &Repository, subject: &Digest) -> Result<Referrers, RegistryError> {
        self.list_referrers(repository, subject).await
    }

    async fn push_blob(&self, repository: &Repository, bytes: Bytes) -> Result<(), RegistryError> {
        self.store_blob(repository, bytes).await
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
        media_type: &str,
        bytes: Bytes,
        etag: Option<&str>,
    ) -> Result<(), RegistryError> {
        self.store_manifest(repository, name, media_type, bytes, etag).await
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, RegistryError> {
        self.look_for_blob(repository, digest).await
    }

    async fn open_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<BlobStream>, RegistryError> {
        self.stream_blob(repository, digest).await
    }

    async fn push_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
        bytes: BlobStream,
    ) -> Result<(), RegistryError> {
        self.store_stream(repository, digest, size, bytes).await
    }

    async fn mount_blob(
        &self,
        repository: &Repository,
        from: &Repository,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        self.mount(repository, from, digest).await
    }

    fn slowest_round_trip(&self) -> Duration {
        self.exchange.slowest()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::path::PathBuf;
    use std::sync::{Arc, Mutex};

    pub(super) use bytes::Bytes;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::{OciRegistry, Options};
    use crate::model::Tag;
    use crate::model::manifest::OCI_MANIFEST;
    pub(super) use crate::model::{Digest, Repository};
    pub(super) use crate::registry::{Kind, ManifestName, Registry, RegistryError};

    /// What a server was asked: the head, in lower case from its second line on, and the body.
    #[derive(Clone)]
    pub(super) struct Asked {
        pub(in crate::registry::oci) line: String,
        pub(in crate::registry::oci) head: String,
        pub(in crate::registry::oci) body: Vec<u8>,
    }

    /// A server on loopback that tells what it was asked.
    pub(super) struct Server {
        pub(in crate::registry::oci) address: String,
        pub(in crate::registry::oci) asked: Arc<Mutex<Vec<Asked>>>,
    }

    impl Server {
        /// `answer` gives the whole answer for a request and its number; `{address}` in it becomes the server's.
        pub(in crate::registry::oci) async fn new(
            answer: impl Fn(&Asked, usize) -> String + Send + Sync + 'static,
        ) -> Self {
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

        pub(in crate::registry::oci) fn repository(&self) -> Repository {
            format!("{}/a/b", self.address).parse().unwrap()
        }

        pub(in crate::registry::oci) fn lines(&self) -> Vec<String> {
            self.asked.lock().unwrap().iter().map(|asked| asked.line.clone()).collect()
        }

        /// The requests with an `Authorization` of this beginning.
        pub(in crate::registry::oci) fn authorized(&self, beginning: &str) -> usize {
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
                let length =
                    head.split("\r\ncontent-length: ").nth(1).map_or("0", |l| l.lines().next().unwrap());
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

    pub(super) fn answer(status: &str, headers: &[&str], body: &str) -> String {
        let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        format!(
            "HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        )
    }

    pub(super) fn ok(body: &str) -> String {
        answer("200 OK", &[], body)
    }

    /// 401 with a challenge that sends to `/token` of the same server.
    pub(super) fn unauthorized() -> String {
        let challenge = "WWW-Authenticate: Bearer realm=\"http://{address}/token\",service=\"s\"";
        answer("401 Unauthorized", &[challenge], "")
    }

    /// An adapter with a configuration file of this text, which is gone when it is dropped, and an empty
    /// environment: no test depends on the credentials of who runs it.
    pub(super) struct Adapter {
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

    pub(super) fn anonymous() -> Adapter {
        configured("{}")
    }

    pub(super) fn configured(config: &str) -> Adapter {
        use std::sync::atomic::{AtomicUsize, Ordering};
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let file = std::env::temp_dir().join(format!("countersign-oci-{}-{number}.json", std::process::id()));
        std::fs::write(&file, config).unwrap();
        let options = Options { registry_config: Some(file.clone()), ..Options::default() };
        Adapter { registry: OciRegistry::in_environment(options, |_| None).unwrap(), file: Some(file) }
    }

    pub(super) fn with_password(server: &Server) -> Adapter {
        configured(&format!(
            r#"{{"auths":{{"{}":{{"username":"user","password":"hunter2"}}}}}}"#,
            server.address
        ))
    }

    pub(super) fn tag() -> ManifestName {
        ManifestName::Tag("v1".parse::<Tag>().unwrap())
    }

    pub(super) async fn manifest(
        registry: &OciRegistry,
        server: &Server,
    ) -> Result<Option<Bytes>, RegistryError> {
        let stored = registry.manifest(&server.repository(), &tag()).await;
        stored.map(|stored| stored.map(|stored| stored.bytes))
    }

    pub(super) async fn kind(registry: &OciRegistry, server: &Server) -> (Kind, String) {
        let error = manifest(registry, server).await.unwrap_err();
        (error.kind, error.to_string())
    }

    pub(super) fn is_token(asked: &Asked) -> bool {
        asked.line.starts_with("GET /token") || asked.line.starts_with("POST /token")
    }

    pub(super) fn has_token(asked: &Asked) -> bool {
        asked.head.contains("\r\nauthorization: bearer tok")
    }

    #[tokio::test]
    async fn a_refused_put_a_lost_race_and_another_digest_are_told_apart() {
        let put = async |status: &'static str, header: &'static str| {
            let body = r#"{"errors":[{"code":"TAG_INVALID","message":"tag is immutable"}]}"#;
            let server = Server::new(move |_, _| answer(status, &[header], body)).await;
            let (bytes, etag) = (Bytes::from_static(b"{}"), Some("\"e\""));
            let outcome =
                anonymous().put_manifest(&server.repository(), &tag(), OCI_MANIFEST, bytes, etag).await;
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
    async fn a_blob_that_others_are_storing_at_that_moment_makes_a_put_pass_later() {
        let body = r#"{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"blob unknown to registry"}]}"#;
        let server = Server::new(move |_, number| match number {
            1 => answer("400 Bad Request", &[], body),
            _ => answer("201 Created", &[], ""),
        });
        let server = server.await;
        let bytes = Bytes::from_static(b"{}");
        let name = ManifestName::Digest(Digest::of(&bytes));
        let (registry, repository) = (anonymous(), server.repository());
        let put = registry.put_manifest(&repository, &name, OCI_MANIFEST, bytes.clone(), None).await;
        assert!(put.is_ok());
        assert_eq!(server.lines().len(), 2);
        // Under a tag, whoever asked has to read again first.
        let server = Server::new(move |_, _| answer("400 Bad Request", &[], body)).await;
        let put = anonymous().put_manifest(&server.repository(), &tag(), OCI_MANIFEST, bytes, None).await;
        assert_eq!((put.unwrap_err().kind, server.lines().len()), (Kind::Unreachable, 1));
    }

    #[tokio::test]
    async fn a_put_under_a_tag_that_is_throttled_fails_only_after_the_wait_that_is_asked_for() {
        let server = Server::new(|_, _| answer("429 Too Many Requests", &["Retry-After: 1"], "")).await;
        let begun = std::time::Instant::now();
        let bytes = Bytes::from_static(b"{}");
        let outcome = anonymous().put_manifest(&server.repository(), &tag(), OCI_MANIFEST, bytes, None).await;
        assert_eq!(outcome.unwrap_err().kind, Kind::Unreachable);
        assert_eq!(server.lines().len(), 1);
        assert!(begun.elapsed() >= std::time::Duration::from_secs(1));
    }
}
