//! The port [`Registry`] for image layouts in folders (image specification 1.1, image-layout): tags are names
//! in `index.json`, manifests and blobs lie below `blobs/sha256`, referrers are found by `subject`.
//!
//! Readers take no lock: whatever they see was renamed into place whole. Writers take turns by a lock file.

mod blobs;
mod files;
mod folder;
mod listing;
mod manifests;

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;

use super::{BlobStream, Kind, ManifestName, Referrers, Registry, RegistryError, StoredManifest};
use crate::model::{Digest, Repository};
use files::Failure;
use folder::Folder;
use manifests::{Put, list_referrers, read_manifest};

/// Image layouts in folders. It holds no state: a folder is opened with each call.
#[derive(Debug, Clone, Copy, Default)]
pub struct LayoutRegistry;

/// A call: the folder it goes to, and what it asks as errors show it.
struct Call {
    folder: Folder,
    request: String,
}

impl Call {
    fn new(repository: &Repository, verb: &str, what: &str) -> Result<Self, RegistryError> {
        let request = format!("{verb} {repository}{what}");
        match repository {
            Repository::Layout(path) => Ok(Self { folder: Folder::new(PathBuf::clone(path)), request }),
            Repository::Registry { .. } => Err(RegistryError {
                kind: Kind::Unreachable,
                request,
                reason: "this is a repository in a registry, not an image layout".to_owned(),
            }),
        }
    }

    /// Does the work where blocking is allowed.
    async fn run<T, W>(self, work: W) -> Result<T, RegistryError>
    where
        T: Send + 'static,
        W: FnOnce(&Folder) -> Result<T, Failure> + Send + 'static,
    {
        let Self { folder, request } = self;
        match tokio::task::spawn_blocking(move || work(&folder)).await {
            Ok(done) => done.map_err(|failure| failure.of(request)),
            Err(error) => {
                let reason = crate::model::escape_untrusted(&error.to_string());
                Err(RegistryError { kind: Kind::Unreachable, request, reason })
            }
        }
    }
}

fn named(name: &ManifestName) -> String {
    match name {
        ManifestName::Tag(tag) => format!(":{tag}"),
        ManifestName::Digest(digest) => format!("@{digest}"),
    }
}

impl Registry for LayoutRegistry {
    async fn manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
    ) -> Result<Option<StoredManifest>, RegistryError> {
        let name = name.clone();
        Call::new(repository, "read", &named(&name))?.run(move |folder| read_manifest(folder, &name)).await
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        let digest = *digest;
        let call = Call::new(repository, "read", &format!("@{digest}"))?;
        call.run(move |folder| Ok(folder.blob(&digest, limit)?.map(Bytes::from))).await
    }

    async fn referrers(&self, repository: &Repository, subject: &Digest) -> Result<Referrers, RegistryError> {
        let subject = *subject;
        let call = Call::new(repository, "read referrers of", &format!("@{subject}"))?;
        let request = call.request.clone();
        call.run(move |folder| Ok(Referrers::Listed(list_referrers(folder, &subject, &request)?))).await
    }

    async fn push_blob(&self, repository: &Repository, bytes: Bytes) -> Result<(), RegistryError> {
        let call = Call::new(repository, "write", &format!("@{}", Digest::of(&bytes)))?;
        call.run(move |folder| {
            folder.make()?;
            folder.store(&Digest::of(&bytes), &bytes)
        })
        .await
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
        media_type: &str,
        bytes: Bytes,
        etag: Option<&str>,
    ) -> Result<(), RegistryError> {
        let call = Call::new(repository, "write", &named(name))?;
        let put = Put {
            name: name.clone(),
            media_type: media_type.to_owned(),
            bytes,
            etag: etag.map(str::to_owned),
        };
        call.run(move |folder| put.into(folder)).await
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, RegistryError> {
        let digest = *digest;
        let call = Call::new(repository, "look for", &format!("@{digest}"))?;
        call.run(move |folder| folder.has_blob(&digest)).await
    }

    async fn open_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<BlobStream>, RegistryError> {
        let digest = *digest;
        let call = Call::new(repository, "read", &format!("@{digest}"))?;
        let request = call.request.clone();
        let file = call.run(move |folder| folder.open(&digest)).await?;
        Ok(file.map(|file| blobs::stream(file, digest, request)))
    }

    async fn push_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
        bytes: BlobStream,
    ) -> Result<(), RegistryError> {
        let wanted = *digest;
        let call = Call::new(repository, "write", &format!("@{digest}"))?;
        let request = call.request.clone();
        let unfinished = call.run(move |folder| folder.begin_blob(&wanted)).await?;
        match unfinished {
            Some(unfinished) => blobs::receive(unfinished, digest, size, bytes, &request).await,
            None => Ok(()),
        }
    }

    async fn mount_blob(
        &self,
        _repository: &Repository,
        _from: &Repository,
        _digest: &Digest,
    ) -> Result<bool, RegistryError> {
        Ok(false)
    }

    fn slowest_round_trip(&self) -> Duration {
        Duration::ZERO
    }
}
