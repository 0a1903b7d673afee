//! Carries manifests: parts before what is made of them, each digest once.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;

use super::{CopyOptions, CopyReport, DEPTH_LIMIT, MANIFESTS_LIMIT, Progress};
use crate::flow::FlowError;
use crate::flow::append::{FAILED_PUTS, settling_time};
use crate::model::manifest::{ACCEPTED, Descriptor, Layer, Manifest};
use crate::model::verify::Remark;
use crate::model::{Digest, Repository};
use crate::registry::{Kind, ManifestName, Registry, RegistryError, StoredManifest};

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
    pub(super) blobs: HashMap<Digest, bool>,
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
        let held = self.held(name).await?;
        if held == Some(stored.digest) {
            self.report.skipped.manifests += 1;
            return Ok(());
        }
        self.put_anew(name, stored, held).await
    }

    /// Puts a manifest with the bytes that were read, where the target has `held`.
    pub(super) async fn put_anew(
        &mut self,
        name: &ManifestName,
        stored: &StoredManifest,
        held: Option<Digest>,
    ) -> Result<(), FlowError> {
        if !self.options.dry_run {
            let stated =
                Manifest::parse(&stored.bytes).map(|m| m.media_type().to_owned()).unwrap_or_default();
            let media_type = if stored.media_type.is_empty() { &stated } else { &stored.media_type };
            self.put_until_held(name, media_type, stored, held).await?;
        }
        self.wrote_manifest();
        Ok(())
    }

    /// An adapter sends a put under a tag once, since it replaces what is there. It is repeated here, as long
    /// as the target still has what it had.
    pub(super) async fn put_until_held(
        &self,
        name: &ManifestName,
        media_type: &str,
        stored: &StoredManifest,
        held: Option<Digest>,
    ) -> Result<(), RegistryError> {
        let mut failed = 0;
        loop {
            let put = self.registry.put_manifest(self.target, name, media_type, stored.bytes.clone(), None);
            let Err(error) = put.await else { return Ok(()) };
            let is_tag = matches!(name, ManifestName::Tag(_));
            if error.kind != Kind::Unreachable || !is_tag || failed == FAILED_PUTS {
                return Err(error);
            }
            failed += 1;
            tokio::time::sleep(settling_time(self.registry) * failed).await;
            match self.held(name).await? {
                now if now == Some(stored.digest) => return Ok(()),
                now if now != held => return Err(error),
                _ => {}
            }
        }
    }

    async fn held(&self, name: &ManifestName) -> Result<Option<Digest>, RegistryError> {
        let held = at_target(self.registry.manifest(self.target, name).await)?;
        Ok(held.map(|held| held.digest))
    }

    pub(super) fn wrote_manifest(&mut self) {
        self.report.written.manifests += 1;
        self.tell(Progress::Manifest);
    }

    /// Tells whoever watches.
    pub(super) fn tell(&self, progress: Progress) {
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
pub(super) fn concerns_one_part(error: &RegistryError) -> bool {
    matches!(error.kind, Kind::Broken | Kind::Limit)
}

/// The target's answer, where a target that is yet to be made holds nothing.
pub(super) fn at_target<T>(answer: Result<Option<T>, RegistryError>) -> Result<Option<T>, RegistryError> {
    match answer {
        Err(error) if error.kind == Kind::Vacant => Ok(None),
        answer => answer,
    }
}
