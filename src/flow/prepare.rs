//! What signing reads before it has a key: the image, the manifests below it, and the lists of what is
//! attached to each. Nothing is written before all of it was read.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::FlowError;
use super::append::ListKind;
use super::sign::{Order, SIDE_BY_SIDE};
use super::survey::{Sought, Survey, Wanted};
use super::verify::fetch_image;
use crate::model::manifest::{Descriptor, Manifest};
use crate::model::{Digest, Format, PinnedRef, Tag};
use crate::registry::{Registry, StoredManifest};

/// Most manifests below one index, and how deep indexes may nest.
pub(super) const CHILDREN_LIMIT: usize = 1_000;
pub(super) const INDEX_DEPTH: usize = 4;

/// The manifests to sign, all of them in the registry, and what is attached to each.
pub struct Prepared {
    /// Children before their parents.
    pub(super) targets: Vec<Target>,
}

/// One manifest to sign.
pub(super) struct Target {
    pub(super) image: PinnedRef,
    pub(super) subject: Descriptor,
    pub(super) survey: Survey,
    /// 0 for a manifest without children, else one more than its highest child.
    pub(super) height: usize,
}

/// Reads all that signing needs to know and that needs no key: run it beside the loading of the key.
///
/// # Errors
/// The image or a child is not in the registry, or something could not be read: nothing was written.
pub async fn prepare<R: Registry>(registry: &R, order: &Order<'_>) -> Result<Prepared, FlowError> {
    let preparing = Preparing { registry, order };
    let (manifest, mut top) = preparing.look_at(order.image.clone()).await?;
    let mut targets = Vec::new();
    if order.recursive {
        top.height = preparing.below(&manifest, 1, &mut targets).await?;
    }
    targets.push(top);
    Prepared { targets }.usable()
}

impl Prepared {
    fn usable(self) -> Result<Self, FlowError> {
        for target in &self.targets {
            target.survey.usable()?;
        }
        Ok(self)
    }
}

/// A manifest that was fetched already.
#[derive(Debug, Clone)]
pub struct Known {
    /// The image.
    pub image: PinnedRef,
    /// What signatures name as their subject.
    pub subject: Descriptor,
    /// 0 for what is signed first; an index has one more than anything below it.
    pub height: usize,
}

impl Known {
    /// An image and its manifest.
    pub fn new(image: &PinnedRef, stored: &StoredManifest, manifest: &Manifest, height: usize) -> Self {
        let subject = descriptor(manifest, stored.digest, stored.bytes.len());
        Self { image: image.clone(), subject, height }
    }
}

/// As [`prepare`], for exactly the images in `known`, which were fetched already.
///
/// # Errors
/// The lists of what is attached could not be read: nothing was written.
pub async fn prepare_known<R: Registry>(
    registry: &R,
    order: &Order<'_>,
    known: Vec<Known>,
) -> Result<Prepared, FlowError> {
    let preparing = &Preparing { registry, order };
    let targets: Vec<Target> = stream::iter(known)
        .map(|Known { image, subject, height }| async move {
            let survey = preparing.survey(&subject.digest).await;
            Target { image, subject, survey, height }
        })
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    Prepared { targets }.usable()
}

struct Preparing<'a, R> {
    registry: &'a R,
    order: &'a Order<'a>,
}

impl<R: Registry> Preparing<'_, R> {
    /// Fetches an image, and the lists of what is attached to it, side by side.
    async fn look_at(&self, image: PinnedRef) -> Result<(Manifest, Target), FlowError> {
        let digest = image.digest();
        let (fetched, survey) = tokio::join!(fetch_image(self.registry, &image), self.survey(&digest));
        let (stored, manifest) = fetched?;
        let subject = descriptor(&manifest, stored.digest, stored.bytes.len());
        Ok((manifest, Target { image, subject, survey, height: 0 }))
    }

    /// Asks for the lists of what is attached.
    async fn survey(&self, image: &Digest) -> Survey {
        let formats = self.order.formats;
        let bundles = formats.contains(&Format::Bundle);
        let wanted = Wanted { legacy: formats.contains(&Format::Legacy), bundles };
        let survey = Survey::of(self.registry, self.order.place, image, Sought::Signatures, wanted).await;
        match bundles && survey.lacks_referrers_api() {
            true => survey.with_fallback(self.registry).await,
            false => survey,
        }
    }

    /// Adds every manifest below an index to `targets`; the index's height.
    async fn below(
        &self,
        index: &Manifest,
        depth: usize,
        targets: &mut Vec<Target>,
    ) -> Result<usize, FlowError> {
        let known = |digest: &Digest, targets: &[Target]| {
            targets.iter().find(|target| target.subject.digest == *digest).map(|target| target.height)
        };
        let mut seen = HashSet::new();
        let is_new =
            |child: &&Descriptor| known(&child.digest, targets).is_none() && seen.insert(child.digest);
        let new = index.children().iter().filter(is_new);
        let new: Vec<PinnedRef> = new.map(|child| self.order.image.sibling(child.digest)).collect();
        if depth > INDEX_DEPTH || targets.len() + new.len() > CHILDREN_LIMIT {
            return Err(too_many(self.order.image));
        }
        let looks: Vec<_> = stream::iter(new)
            .map(|image| self.look_at(image))
            .buffered(SIDE_BY_SIDE)
            .try_collect::<Vec<_>>()
            .await?;
        for (manifest, mut target) in looks {
            if !manifest.children().is_empty() {
                target.height = Box::pin(self.below(&manifest, depth + 1, targets)).await?;
            }
            if known(&target.subject.digest, targets).is_none() {
                targets.push(target);
            }
        }
        let heights = index.children().iter().filter_map(|child| known(&child.digest, targets));
        Ok(heights.max().map_or(0, |highest| highest + 1))
    }
}

/// An index beyond the limits.
pub(super) fn too_many(index: &PinnedRef) -> FlowError {
    let reason = format!("more than {CHILDREN_LIMIT} manifests, or indexes nested over {INDEX_DEPTH} deep");
    FlowError::Unusable { place: index.to_string(), reason }
}

fn descriptor(manifest: &Manifest, digest: Digest, size: usize) -> Descriptor {
    let media_type = manifest.media_type().to_owned();
    Descriptor {
        media_type,
        digest,
        size: size as u64,
        artifact_type: None,
        platform: None,
        predicate_hint: None,
    }
}

impl Survey {
    /// Whether signing may go on: all lists were read, and what stands at the tags can be added to.
    pub(super) fn usable(&self) -> Result<(), FlowError> {
        if let Err(error) = &self.referrers {
            return Err(error.clone().into());
        }
        let (tagged, fallback) = (self.sought.tag(&self.image), Tag::fallback(&self.image));
        ListKind::Layers.usable(&self.tagged, &self.shown(&tagged))?;
        match &self.fallback {
            Some(stored) => ListKind::Referrers.usable(stored, &self.shown(&fallback)),
            None => Ok(()),
        }
    }
}
