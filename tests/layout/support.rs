//! Folders that vanish with the test, images to put into them, and a store without the referrers API.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};
use countersign::model::{Digest, Repository, Tag};
use countersign::registry::layout::LayoutRegistry;
use countersign::registry::{
    BlobStream, Kind, ManifestName, Referrers, Registry, RegistryError, StoredManifest,
};
use serde_json::{Value, json};

/// A folder of the test's own.
pub(crate) struct Room(PathBuf);

impl Room {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("layout-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn layout(&self, name: &str) -> Repository {
        Repository::Layout(self.path(name))
    }

    pub(crate) fn blob(&self, name: &str, digest: &Digest) -> PathBuf {
        self.path(name).join("blobs/sha256").join(digest.hex())
    }

    pub(crate) fn index(&self, name: &str) -> Value {
        serde_json::from_slice(&std::fs::read(self.path(name).join("index.json")).unwrap()).unwrap()
    }

    /// Every file of a layout with its bytes.
    pub(crate) fn files(&self, name: &str) -> Vec<(PathBuf, Vec<u8>)> {
        let folders = [self.path(name), self.path(name).join("blobs/sha256")];
        let entries = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
        let paths = entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
        let mut files: Vec<_> = paths.map(|path| (path.clone(), std::fs::read(&path).unwrap())).collect();
        files.sort();
        files
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn tag(text: &str) -> Tag {
    text.parse().unwrap()
}

pub(crate) fn by_tag(text: &str) -> ManifestName {
    ManifestName::Tag(tag(text))
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": Digest::of(bytes), "size": bytes.len()})
}

/// An image manifest over two layers, which are pushed; with the `extra` members.
pub(crate) async fn image_bytes(
    registry: &impl Registry,
    repository: &Repository,
    name: &str,
    extra: Value,
) -> Vec<u8> {
    let layers = [format!("{name} layer 1").into_bytes(), format!("{name} layer 2").into_bytes()];
    let config = format!("{{\"name\":\"{name}\"}}").into_bytes();
    for blob in layers.iter().chain([&config]) {
        registry.push_blob(repository, Bytes::from(blob.clone())).await.unwrap();
    }
    let layers = layers.each_ref().map(|layer| descriptor("application/vnd.oci.image.layer.v1.tar", layer));
    let config = descriptor("application/vnd.oci.image.config.v1+json", &config);
    let mut manifest =
        json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
    manifest.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    serde_json::to_vec_pretty(&manifest).unwrap()
}

/// Puts an image under `name`; its bytes.
pub(crate) async fn image(
    registry: &impl Registry,
    repository: &Repository,
    name: &str,
    put_as: Option<&str>,
    extra: Value,
) -> Vec<u8> {
    let bytes = image_bytes(registry, repository, name, extra).await;
    let put_as = put_as.map_or(ManifestName::Digest(Digest::of(&bytes)), by_tag);
    put(registry, repository, &put_as, OCI_MANIFEST, &bytes).await;
    bytes
}

pub(crate) async fn put(
    registry: &impl Registry,
    repository: &Repository,
    name: &ManifestName,
    media_type: &str,
    bytes: &[u8],
) {
    registry.put_manifest(repository, name, media_type, Bytes::copy_from_slice(bytes), None).await.unwrap();
}

/// Something attached to `subject`: a manifest with it as the subject.
pub(crate) async fn referrer(
    registry: &impl Registry,
    repository: &Repository,
    name: &str,
    subject: &[u8],
) -> Vec<u8> {
    let extra = json!({"subject": descriptor(OCI_MANIFEST, subject), "artifactType": "application/x.test"});
    image(registry, repository, name, None, extra).await
}

/// An index of two platforms, tagged `1`: its bytes and those of its children.
pub(crate) async fn two_platforms(
    registry: &impl Registry,
    repository: &Repository,
) -> (Vec<u8>, [Vec<u8>; 2]) {
    let mut children = Vec::new();
    let mut manifests = Vec::new();
    for architecture in ["amd64", "arm64"] {
        let child = image(registry, repository, architecture, None, json!({})).await;
        let mut entry = descriptor(OCI_MANIFEST, &child);
        entry["platform"] = json!({"os": "linux", "architecture": architecture});
        manifests.push(entry);
        children.push(child);
    }
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
    let index = serde_json::to_vec(&index).unwrap();
    put(registry, repository, &by_tag("1"), OCI_INDEX, &index).await;
    (index, children.try_into().unwrap())
}

/// Layout folders, of which those named `…-plain` have no referrers API, those named `…-busy` answer every
/// other put under a tag with 503, and those named `…-strict` every conditional put with 412.
pub(crate) struct Stores;

impl Registry for Stores {
    async fn manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
    ) -> Result<Option<StoredManifest>, RegistryError> {
        LayoutRegistry.manifest(repository, name).await
    }

    async fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> Result<Option<Bytes>, RegistryError> {
        LayoutRegistry.blob(repository, digest, limit).await
    }

    async fn referrers(&self, repository: &Repository, subject: &Digest) -> Result<Referrers, RegistryError> {
        match repository.to_string().ends_with("-plain") {
            true => Ok(Referrers::Unsupported),
            false => LayoutRegistry.referrers(repository, subject).await,
        }
    }

    async fn push_blob(&self, repository: &Repository, bytes: Bytes) -> Result<(), RegistryError> {
        LayoutRegistry.push_blob(repository, bytes).await
    }

    async fn put_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
        media_type: &str,
        bytes: Bytes,
        etag: Option<&str>,
    ) -> Result<(), RegistryError> {
        static PUTS: AtomicU32 = AtomicU32::new(0);
        let is_busy = repository.to_string().ends_with("-busy") && matches!(name, ManifestName::Tag(_));
        if repository.to_string().ends_with("-strict") && etag.is_some() {
            let (request, reason) = (format!("put {name}"), "412 Precondition Failed".to_owned());
            return Err(RegistryError { kind: Kind::Conflict, request, reason });
        }
        if is_busy && PUTS.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
            let (request, reason) = (format!("put {name}"), "503 Service Unavailable".to_owned());
            return Err(RegistryError { kind: Kind::Unreachable, request, reason });
        }
        LayoutRegistry.put_manifest(repository, name, media_type, bytes, etag).await
    }

    async fn has_blob(&self, repository: &Repository, digest: &Digest) -> Result<bool, RegistryError> {
        LayoutRegistry.has_blob(repository, digest).await
    }

    async fn open_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<BlobStream>, RegistryError> {
        LayoutRegistry.open_blob(repository, digest).await
    }

    async fn push_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
        bytes: BlobStream,
    ) -> Result<(), RegistryError> {
        LayoutRegistry.push_stream(repository, digest, size, bytes).await
    }

    async fn mount_blob(
        &self,
        repository: &Repository,
        from: &Repository,
        digest: &Digest,
    ) -> Result<bool, RegistryError> {
        LayoutRegistry.mount_blob(repository, from, digest).await
    }

    fn slowest_round_trip(&self) -> Duration {
        Duration::ZERO
    }
}
