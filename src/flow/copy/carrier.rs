//! Carries manifests and blobs: parts before what is made of them, each digest once.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use futures_util::{StreamExt as _, stream};

use super::{CopyOptions, CopyReport, DEPTH_LIMIT, MANIFESTS_LIMIT, Progress};
use crate::flow::FlowError;
use crate::model::manifest::{ACCEPTED, Descriptor, Layer, Manifest};
use crate::model::verify::Remark;
use crate::model::{Digest, Repository};
use crate::registry::{BlobStream, Kind, ManifestName, Registry, RegistryError, StoredManifest};

/// Blobs under way at once.
const SIDE_BY_SIDE: usize = 4;
/// Layers that registries need not hold (Docker's foreign layers, and the image specification's
/// non-distributable ones); where they would be fetched from otherwise is never followed.
const ELSEWHERE: [&str; 2] =
    ["application/vnd.docker.image.rootfs.foreign.", "application/vnd.oci.image.layer.nondistributable."];

/// A future that a recursive call can return.
pub(super) type Carried<'a, T> = Pin<Box<dyn Future<Output = Result<T, FlowError>> + Send + 'a>>;

/// One copy under way.
pub(super) struct Carrier<'a, R> {
    pub(super) registry: &'a R,
    pub(super) source: &'a Repository,
    pub(super) target: &'a Repository,
    pub(super) options: &'a CopyOptions,
    pub(super) report: CopyReport,
    /// Manifests looked at, and whether each is whole at the target.
    manifests: HashMap<Digest, bool>,
    /// Blobs looked at, and whether each is at the target, or need not be.
    blobs: HashMap<Digest, bool>,
}

/// What came of one blob.
enum Outcome {
    There,
    Written,
    /// Not at the source, which need not have it.
    Elsewhere,
    Missing(String),
}

impl<'a, R: Registry> Carrier<'a, R> {
    pub(super) fn new(
        registry: &'a R,
        source: &'a Repository,
        target: &'a Repository,
        options: &'a CopyOptions,
        report: CopyReport,
    ) -> Self {
        let (manifests, blobs) = (HashMap::new(), HashMap::new());
        Self { registry, source, target, options, report, manifests, blobs }
    }

    /// Carries the manifest of that digest with its parts and what is attached to it; whether it is whole at
    /// the target.
    pub(super) fn carry(&mut self, digest: Digest, depth: usize) -> Carried<'_, bool> {
        Box::pin(async move {
            if let Some(whole) = self.manifests.get(&digest) {
                return Ok(*whole);
            }
            let place = format!("{}@{digest}", self.source);
            if depth > DEPTH_LIMIT || self.manifests.len() >= MANIFESTS_LIMIT {
                self.manifests.insert(digest, false);
                self.note(
                    place,
                    format!("beyond the limits of {DEPTH_LIMIT} levels and {MANIFESTS_LIMIT} manifests"),
                );
                return Ok(false);
            }
            let answer = self.registry.manifest(self.source, &ManifestName::Digest(digest)).await;
            let listed = self.readable(&place, answer)?;
            match listed {
                Some(Some(stored)) => return self.carry_stored(&stored, depth).await,
                Some(None) => self.note(place, "listed at the source, and not there".to_owned()),
                None => {}
            }
            self.manifests.insert(digest, false);
            Ok(false)
        })
    }

    /// As [`Self::carry`], for a manifest that was read.
    pub(super) async fn carry_stored(
        &mut self,
        stored: &StoredManifest,
        depth: usize,
    ) -> Result<bool, FlowError> {
        let whole = self.carry_parts(stored, depth).await?;
        self.manifests.insert(stored.digest, whole);
        if whole {
            self.put(&ManifestName::Digest(stored.digest), stored).await?;
            self.carry_attached(stored.digest, depth).await?;
        } else {
            let reason = "not written, and nothing that is attached to it: a part of it is missing";
            self.note(format!("{}@{}", self.source, stored.digest), reason.to_owned());
        }
        Ok(whole)
    }

    /// Carries what a manifest is made of; whether all of it is at the target.
    pub(super) async fn carry_parts(
        &mut self,
        stored: &StoredManifest,
        depth: usize,
    ) -> Result<bool, FlowError> {
        match Manifest::parse(&stored.bytes) {
            Ok(Manifest::Image(image)) => {
                let layers = image.layers.into_iter().map(|Layer { descriptor, .. }| descriptor);
                self.carry_blobs(std::iter::once(image.config).chain(layers).collect()).await
            }
            Ok(Manifest::Index(index)) => {
                // An index may list blobs too, as build caches do.
                let is_manifest =
                    |d: &Descriptor| d.media_type.is_empty() || ACCEPTED.contains(&&*d.media_type);
                let (manifests, blobs): (Vec<_>, Vec<_>) = index.manifests.into_iter().partition(is_manifest);
                let mut whole = self.carry_blobs(blobs).await?;
                for child in manifests {
                    whole &= self.carry(child.digest, depth + 1).await?;
                }
                Ok(whole)
            }
            Err(error) => {
                self.note(format!("{}@{}", self.source, stored.digest), error.to_string());
                Ok(false)
            }
        }
    }

    /// Puts a manifest with the bytes that were read, unless it is there.
    pub(super) async fn put(
        &mut self,
        name: &ManifestName,
        stored: &StoredManifest,
    ) -> Result<(), FlowError> {
        let held = at_target(self.registry.manifest(self.target, name).await)?;
        if held.is_some_and(|held| held.digest == stored.digest) {
            self.report.skipped.manifests += 1;
            return Ok(());
        }
        self.put_anew(name, stored).await
    }

    /// Puts a manifest with the bytes that were read.
    pub(super) async fn put_anew(
        &mut self,
        name: &ManifestName,
        stored: &StoredManifest,
    ) -> Result<(), FlowError> {
        if !self.options.dry_run {
            let stated =
                Manifest::parse(&stored.bytes).map(|m| m.media_type().to_owned()).unwrap_or_default();
            let media_type = if stored.media_type.is_empty() { &stated } else { &stored.media_type };
            self.registry.put_manifest(self.target, name, media_type, stored.bytes.clone(), None).await?;
        }
        self.wrote_manifest();
        Ok(())
    }

    pub(super) fn wrote_manifest(&mut self) {
        self.report.written.manifests += 1;
        self.tell(Progress::Manifest);
    }

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

    fn tell(&self, progress: Progress) {
        if let Some(told) = &self.options.progress
            && !self.options.dry_run
        {
            told(progress);
        }
    }

    /// Notes what could not be carried.
    pub(super) fn note(&mut self, place: String, reason: String) {
        self.report.missing.push(Remark { place, format: None, reason });
    }

    /// The source's answer, or nothing and a note where it concerns this one part: the rest is carried.
    pub(super) fn readable<T>(
        &mut self,
        place: &str,
        answer: Result<T, RegistryError>,
    ) -> Result<Option<T>, FlowError> {
        match answer {
            Ok(answer) => Ok(Some(answer)),
            Err(error) if concerns_one_part(&error) => {
                self.note(place.to_owned(), error.to_string());
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether asking for other parts makes sense after this.
fn concerns_one_part(error: &RegistryError) -> bool {
    matches!(error.kind, Kind::Broken | Kind::Limit)
}

/// The target's answer, where a target that is yet to be made holds nothing.
pub(super) fn at_target<T>(answer: Result<Option<T>, RegistryError>) -> Result<Option<T>, RegistryError> {
    match answer {
        Err(error) if error.kind == Kind::Vacant => Ok(None),
        answer => answer,
    }
}
