//! Carries blobs, a few at once: looked for at the target first, then mounted, else streamed.

use futures_util::{StreamExt as _, stream};

use super::Progress;
use super::carrier::{Carrier, concerns_one_part};
use crate::flow::FlowError;
use crate::model::Digest;
use crate::model::manifest::Descriptor;
use crate::registry::{BlobStream, Kind, Registry, RegistryError};

/// Blobs under way at once.
const SIDE_BY_SIDE: usize = 4;
/// Layers that registries need not hold (Docker's foreign layers, and the image specification's
/// non-distributable ones); where they would be fetched from otherwise is never followed.
const ELSEWHERE: [&str; 2] =
    ["application/vnd.docker.image.rootfs.foreign.", "application/vnd.oci.image.layer.nondistributable."];

/// What came of one blob.
enum Outcome {
    There,
    Written,
    /// Not at the source, which need not have it.
    Elsewhere,
    Missing(String),
}

impl<R: Registry> Carrier<'_, R> {
    /// Carries blobs; whether all of them are at the target.
    pub(super) async fn carry_blobs(&mut self, blobs: Vec<Descriptor>) -> Result<bool, FlowError> {
        let digests: Vec<Digest> = blobs.iter().map(|blob| blob.digest).collect();
        let mut fresh: Vec<Descriptor> = Vec::new();
        for blob in blobs {
            if !self.has_carried(&blob.digest) && fresh.iter().all(|other| other.digest != blob.digest) {
                fresh.push(blob);
            }
        }
        let carrier = &*self;
        let carried: Vec<_> = stream::iter(fresh)
            .map(|blob| async move {
                let outcome = carrier.carry_blob(&blob).await;
                (blob, outcome)
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .collect()
            .await;
        for (blob, outcome) in carried {
            self.take(&blob, outcome?);
        }
        Ok(digests.iter().all(|digest| self.has_carried(digest)))
    }

    /// Whether a blob is at the target, as far as this copy knows.
    pub(super) fn has_carried(&self, digest: &Digest) -> bool {
        self.blobs.get(digest) == Some(&true)
    }

    async fn carry_blob(&self, blob: &Descriptor) -> Result<Outcome, FlowError> {
        match self.send_blob(blob).await {
            Ok(outcome) => Ok(outcome),
            Err(error) if concerns_one_part(&error) => Ok(Outcome::Missing(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    async fn send_blob(&self, blob: &Descriptor) -> Result<Outcome, RegistryError> {
        let Descriptor { digest, size, .. } = blob;
        match self.registry.has_blob(self.target, digest).await {
            Ok(true) => return Ok(Outcome::There),
            Err(error) if error.kind != Kind::Vacant => return Err(error),
            _ => {}
        }
        let absent = || match ELSEWHERE.iter().any(|kind| blob.media_type.starts_with(kind)) {
            true => Outcome::Elsewhere,
            false => Outcome::Missing("not at the source".to_owned()),
        };
        if self.options.dry_run {
            let there = self.registry.has_blob(self.source, digest).await?;
            return Ok(if there { Outcome::Written } else { absent() });
        }
        let same_registry = self.source.host().is_some() && self.source.host() == self.target.host();
        if same_registry && self.registry.mount_blob(self.target, self.source, digest).await? {
            return Ok(Outcome::Written);
        }
        let Some(bytes) = self.registry.open_blob(self.source, digest).await? else { return Ok(absent()) };
        self.registry.push_stream(self.target, digest, *size, self.told(bytes)).await?;
        Ok(Outcome::Written)
    }

    /// The stream, with each part told to whoever watches.
    fn told(&self, bytes: BlobStream) -> BlobStream {
        let Some(progress) = self.options.progress.clone() else { return bytes };
        Box::pin(bytes.inspect(move |part| {
            if let Ok(part) = part {
                progress(Progress::Bytes(part.len() as u64));
            }
        }))
    }

    fn take(&mut self, blob: &Descriptor, outcome: Outcome) {
        let amount = match outcome {
            Outcome::There => &mut self.report.skipped,
            Outcome::Written => &mut self.report.written,
            Outcome::Elsewhere => {
                self.blobs.insert(blob.digest, true);
                return;
            }
            Outcome::Missing(reason) => {
                self.blobs.insert(blob.digest, false);
                return self.note(format!("{} blob {}", self.source, blob.digest), reason);
            }
        };
        amount.blobs += 1;
        amount.bytes = amount.bytes.saturating_add(blob.size);
        self.blobs.insert(blob.digest, true);
        if matches!(outcome, Outcome::Written) {
            self.tell(Progress::Blob);
        }
    }
}
