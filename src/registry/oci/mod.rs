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
mod files;
mod link;
mod origin;
mod read;
mod referrers;
mod retry;
mod roots;
mod target;
mod token;
mod upload;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::{self, HeaderValue};

use self::authorization::Authorizations;
use self::clients::Clients;
use self::credentials::Credentials;
use self::exchange::{Exchange, Payload};
use self::failure::failure;
use self::origin::PlainHosts;
use self::retry::retrying;
use self::target::Roots;
use self::upload::StoredBlobs;
use crate::model::{Digest, Repository};
use crate::registry::{BlobStream, Kind, ManifestName, Referrers, Registry, RegistryError, StoredManifest};

/// How registries are reached.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Hosts besides loopback that plain HTTP is spoken with: `HOST`, or `HOST:PORT` for that port alone.
    pub plain_http: Vec<String>,
    /// A PEM file with CA certificates to trust beside the platform's.
    pub ca_file: Option<PathBuf>,
    /// A Docker configuration whose credentials come before those of the usual places.
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
}

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
        let extra = options.ca_file.as_deref().map(roots::read_named).transpose();
        let extra = extra.map_err(OptionsError::CaFile)?;
        if let Some(path) = &options.registry_config {
            credentials::check(path).map_err(OptionsError::RegistryConfig)?;
        }
        let has_ca_file = extra.is_some();
        let clients = Clients::new(extra.unwrap_or_default());
        Ok(Self {
            exchange: Exchange::new(clients, PlainHosts::new(&options.plain_http)),
            authorizations: Authorizations::new(Credentials::new(options.registry_config)),
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
    /// a writer whose put failed has to read again first. A put under a digest may be repeated.
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
            ManifestName::Tag(_) => attempt().await.map_err(|failed| failed.error),
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
