//! What the registry holds.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use countersign::model::Digest;
use serde_json::{Value, json};

/// A manifest as stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) media_type: String,
    pub(super) bytes: Bytes,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Repository {
    pub(super) blobs: HashMap<String, Bytes>,
    manifests: HashMap<String, Stored>,
    tags: BTreeMap<String, String>,
    referrers: HashMap<String, Vec<Value>>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct Content {
    repositories: HashMap<String, Repository>,
    /// Uploads that were begun: what has been sent so far.
    pub(super) uploads: HashMap<String, Vec<u8>>,
    begun: usize,
}

impl Content {
    pub(super) fn repository(&mut self, name: &str) -> &mut Repository {
        self.repositories.entry(name.to_owned()).or_default()
    }

    pub(super) fn put_blob(&mut self, repository: &str, bytes: &[u8]) -> String {
        let digest = Digest::of(bytes).to_string();
        self.repository(repository).blobs.insert(digest.clone(), Bytes::copy_from_slice(bytes));
        digest
    }

    pub(super) fn blob(&self, repository: &str, digest: &str) -> Option<Bytes> {
        self.repositories.get(repository)?.blobs.get(digest).cloned()
    }

    pub(super) fn put_manifest(
        &mut self,
        repository: &str,
        reference: &str,
        media_type: &str,
        bytes: &[u8],
    ) -> String {
        let digest = Digest::of(bytes).to_string();
        let repository = self.repository(repository);
        let stored = Stored { media_type: media_type.to_owned(), bytes: Bytes::copy_from_slice(bytes) };
        let known = repository.manifests.insert(digest.clone(), stored).is_some();
        if !reference.contains(':') {
            repository.tags.insert(reference.to_owned(), digest.clone());
        }
        if let Some((subject, descriptor)) = referrer(&digest, media_type, bytes) {
            let listed = repository.referrers.entry(subject).or_default();
            if !(known && listed.contains(&descriptor)) {
                listed.push(descriptor);
            }
        }
        digest
    }

    pub(super) fn manifest(&self, repository: &str, reference: &str) -> Option<Stored> {
        let repository = self.repositories.get(repository)?;
        let digest = repository.tags.get(reference).map_or(reference, String::as_str);
        repository.manifests.get(digest).cloned()
    }

    pub(super) fn tags(&self, repository: &str) -> Vec<String> {
        self.repositories.get(repository).map(|r| r.tags.keys().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn referrers(&self, repository: &str, subject: &str) -> Vec<Value> {
        let repository = self.repositories.get(repository);
        repository.and_then(|r| r.referrers.get(subject)).cloned().unwrap_or_default()
    }

    pub(super) fn overwrite(&mut self, repository: &str, digest: &str, bytes: &[u8]) {
        let repository = self.repository(repository);
        let bytes = Bytes::copy_from_slice(bytes);
        match repository.manifests.get_mut(digest) {
            Some(stored) => stored.bytes = bytes,
            None => drop(repository.blobs.insert(digest.to_owned(), bytes)),
        }
    }

    pub(super) fn remove(&mut self, repository: &str, reference: &str) {
        let repository = self.repository(repository);
        repository.tags.remove(reference);
        repository.manifests.remove(reference);
        repository.blobs.remove(reference);
    }

    /// Begins an upload, and gives its name.
    pub(super) fn begin_upload(&mut self) -> String {
        self.begun += 1;
        let name = format!("upload-{}", self.begun);
        self.uploads.insert(name.clone(), Vec::new());
        name
    }

    /// The first blob that an image manifest names and the repository does not hold.
    pub(super) fn missing_blob(&self, repository: &str, manifest: &[u8]) -> Option<String> {
        let manifest: Value = serde_json::from_slice(manifest).ok()?;
        let layers = manifest["layers"].as_array().into_iter().flatten();
        layers
            .chain(manifest.get("config"))
            .filter_map(|descriptor| descriptor["digest"].as_str())
            .find(|digest| self.blob(repository, digest).is_none())
            .map(str::to_owned)
    }
}

/// The subject that a manifest is attached to, and the descriptor that the referrers API lists for it.
fn referrer(digest: &str, media_type: &str, bytes: &[u8]) -> Option<(String, Value)> {
    let manifest: Value = serde_json::from_slice(bytes).ok()?;
    let subject = manifest["subject"]["digest"].as_str()?.to_owned();
    let artifact_type = manifest["artifactType"].as_str().or(manifest["config"]["mediaType"].as_str());
    let mut descriptor = json!({"mediaType": media_type, "digest": digest, "size": bytes.len()});
    if let Some(artifact_type) = artifact_type {
        descriptor["artifactType"] = artifact_type.into();
    }
    if let Some(annotations) = manifest.get("annotations") {
        descriptor["annotations"] = annotations.clone();
    }
    Some((subject, descriptor))
}
