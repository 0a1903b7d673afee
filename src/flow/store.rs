//! Storing signatures and attestations: the layer of the legacy format, the bundle and its manifest, and the re-read
//! that shows them where readers look.

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::FlowError;
use super::append::{ListKind, TaggedList};
use super::survey::Survey;
use crate::model::manifest::{Descriptor, EMPTY_BLOB, OCI_EMPTY, OCI_MANIFEST};
use crate::model::statement::SIGNATURE_PREDICATE;
use crate::model::{Digest, Repository, Tag, bundle};
use crate::registry::{ManifestName, Referrers, Registry};

/// Waits between looks at the referrers API until it lists what was just stored: some index in the background.
const LISTING_WAITS: [Duration; 5] = [
    Duration::from_millis(50),
    Duration::from_millis(200),
    Duration::from_millis(500),
    Duration::from_secs(1),
    Duration::from_secs(2),
];

/// Where what is attached to one image goes.
pub(super) struct Shelf<'a, R> {
    pub(super) registry: &'a R,
    pub(super) repository: &'a Repository,
    /// The image.
    pub(super) subject: Descriptor,
    /// What was attached to it before.
    pub(super) survey: &'a Survey,
}

/// A layer of the legacy format, ready to be stored.
pub(super) struct LegacyLayer {
    pub(super) media_type: &'static str,
    pub(super) blob: Bytes,
    pub(super) annotations: BTreeMap<&'static str, String>,
}

/// A bundle, ready to be stored.
pub(super) struct AttachedBundle {
    pub(super) bundle: Bytes,
    /// Of the statement in it.
    pub(super) predicate_type: &'static str,
    /// RFC 3339, for the manifest's annotation.
    pub(super) created: String,
}

impl LegacyLayer {
    fn element(&self) -> Result<Box<RawValue>, serde_json::Error> {
        to_raw_value(&json!({
            "mediaType": self.media_type,
            "size": self.blob.len(),
            "digest": Digest::of(&self.blob),
            "annotations": self.annotations,
        }))
    }
}

impl AttachedBundle {
    fn manifest(&self, subject: &Descriptor) -> Bytes {
        let empty =
            json!({"mediaType": OCI_EMPTY, "size": EMPTY_BLOB.len(), "digest": Digest::of(EMPTY_BLOB)});
        let layer = json!({
            "mediaType": bundle::MEDIA_TYPE,
            "size": self.bundle.len(),
            "digest": Digest::of(&self.bundle),
        });
        let subject = json!({
            "mediaType": subject.media_type, "size": subject.size, "digest": subject.digest,
        });
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": bundle::MEDIA_TYPE,
            "config": empty,
            "layers": [layer],
            "subject": subject,
            "annotations": {
                "org.opencontainers.image.created": self.created,
                bundle::CONTENT_ANNOTATION: "dsse-envelope",
                bundle::PREDICATE_ANNOTATION: self.predicate_type,
            },
        });
        Bytes::from(manifest.to_string())
    }
}

impl<R: Registry> Shelf<'_, R> {
    /// Stores the blobs that the manifests will name, side by side; both formats share `{}`.
    pub(super) async fn upload(
        &self,
        legacy: Option<&LegacyLayer>,
        attached: Option<&AttachedBundle>,
    ) -> Result<(), FlowError> {
        let push = |bytes: Option<Bytes>| async move {
            match bytes {
                Some(bytes) => self.registry.push_blob(self.repository, bytes).await,
                None => Ok(()),
            }
        };
        tokio::try_join!(
            push(Some(Bytes::from_static(EMPTY_BLOB))),
            push(legacy.map(|layer| layer.blob.clone())),
            push(attached.map(|attached| attached.bundle.clone())),
        )?;
        Ok(())
    }

    /// Adds the layer to the manifest at the tag.
    pub(super) async fn add_layer(&self, layer: &LegacyLayer) -> Result<(), FlowError> {
        let element = layer.element().map_err(unserialisable)?;
        let list = self.list(self.survey.sought.tag(&self.subject.digest), ListKind::Layers);
        list.add(vec![element]).await?;
        Ok(())
    }

    /// Attaches the bundle: its manifest, and the fallback index where there is no referrers API.
    pub(super) async fn attach(&self, attached: &AttachedBundle) -> Result<(), FlowError> {
        let manifest = attached.manifest(&self.subject);
        let digest = Digest::of(&manifest);
        let mut element = json!({
            "mediaType": OCI_MANIFEST,
            "size": manifest.len(),
            "digest": digest,
            "artifactType": bundle::MEDIA_TYPE,
        });
        // As a registry lists it: readers of signatures need not fetch an attestation.
        if attached.predicate_type != SIGNATURE_PREDICATE {
            element["annotations"] = json!({bundle::PREDICATE_ANNOTATION: attached.predicate_type});
        }
        let element = to_raw_value(&element).map_err(unserialisable)?;
        let name = ManifestName::Digest(digest);
        let put = self.registry.put_manifest(self.repository, &name, OCI_MANIFEST, manifest, None);
        if !self.survey.lacks_referrers_api() {
            put.await?;
            return self.wait_until_listed(&digest).await;
        }
        let list = self.list(Tag::fallback(&self.subject.digest), ListKind::Referrers);
        let ((), stored) = tokio::try_join!(async { Ok(put.await?) }, list.stored())?;
        list.add_to(stored, vec![element]).await?;
        Ok(())
    }

    fn list(&self, tag: Tag, kind: ListKind) -> TaggedList<'_, R> {
        let earlier = match kind {
            ListKind::Layers => self.survey.tagged.as_ref().ok(),
            ListKind::Referrers => self.survey.fallback.as_ref().and_then(|stored| stored.as_ref().ok()),
        };
        let earlier = earlier.and_then(Option::as_ref);
        TaggedList { registry: self.registry, repository: self.repository, tag, kind, earlier }
    }

    async fn wait_until_listed(&self, digest: &Digest) -> Result<(), FlowError> {
        let mut waits = LISTING_WAITS.iter();
        loop {
            let answer = self.registry.referrers(self.repository, &self.subject.digest).await?;
            let Referrers::Listed(listing) = answer else {
                return Err(self.unlisted(digest, "the registry answers no longer with a list"));
            };
            if listing.descriptors.iter().any(|listed| listed.digest == *digest) {
                return Ok(());
            }
            match waits.next() {
                Some(wait) => tokio::time::sleep(*wait).await,
                None => {
                    let reason = "the registry stored it, but does not list it";
                    return Err(listing
                        .stopped
                        .map_or_else(|| self.unlisted(digest, reason), FlowError::from));
                }
            }
        }
    }

    fn unlisted(&self, digest: &Digest, reason: &str) -> FlowError {
        let place = format!("{}@{digest}", self.repository);
        let reason = format!("{reason} among the referrers of {}", self.subject.digest);
        FlowError::Unusable { place, reason }
    }
}

fn unserialisable(error: serde_json::Error) -> FlowError {
    FlowError::Input(format!("could not be written as JSON: {error}"))
}
