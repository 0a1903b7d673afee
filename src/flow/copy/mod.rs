//! Carrying an image with everything attached to it elsewhere: digests unchanged, nothing at the target lost,
//! and nothing written twice.

mod attached;
mod blobs;
mod carrier;
mod lists;

use std::sync::Arc;

use serde::Serialize;

use super::FlowError;
use crate::model::verify::Remark;
use crate::model::{Digest, PinnedRef, Repository, Tag};
use crate::registry::{ManifestName, Registry};
use carrier::Carrier;

/// Deepest nesting of indexes in indexes and of things attached to attached things.
pub const DEPTH_LIMIT: usize = 8;
/// Most manifests that one copy carries.
pub const MANIFESTS_LIMIT: usize = 20_000;

/// How to copy.
#[derive(Clone, Default)]
pub struct CopyOptions {
    /// Only reads, and reports what would be written.
    pub dry_run: bool,
    /// Told of everything written.
    pub progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

/// Something was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// That many bytes of a blob were handed over.
    Bytes(u64),
    /// A blob is there.
    Blob,
    /// A manifest is there, or a tag points at it.
    Manifest,
}

/// Number and size of what was written, or was there already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// Manifests and indexes; a tag counts as one more.
    pub manifests: u64,
    /// Blobs.
    pub blobs: u64,
    /// Bytes of the blobs, as their descriptors state them.
    pub bytes: u64,
}

/// What a copy did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CopyReport {
    /// The image that was read.
    pub source: String,
    /// The image that was written.
    pub target: String,
    /// The digest of both.
    pub digest: Digest,
    /// What was written; in a dry run, what would be.
    pub written: Amount,
    /// What was there already.
    pub skipped: Amount,
    /// What could not be carried, and why. Where it is a part of the image, the image was not written; where
    /// it is not, everything else was.
    pub missing: Vec<Remark>,
    /// Whether nothing was written on request.
    pub dry_run: bool,
}

/// Copies the image at `source`, its platform manifests, and what is attached to each of them, to `target`,
/// and lets `target_tag` point at it last.
///
/// # Errors
/// The image is not there, a request failed, or what stands at the target under the tag of a list is no such
/// list. What is listed at the source and is missing or broken there is no error: [`CopyReport::missing`].
pub async fn copy<R: Registry>(
    registry: &R,
    source: &PinnedRef,
    target: &Repository,
    target_tag: Option<&Tag>,
    options: &CopyOptions,
) -> Result<CopyReport, FlowError> {
    let digest = source.digest();
    let report = CopyReport {
        source: source.to_string(),
        target: target.pinned(target_tag.cloned(), digest).to_string(),
        digest,
        written: Amount::default(),
        skipped: Amount::default(),
        missing: Vec::new(),
        dry_run: options.dry_run,
    };
    let mut carrier = Carrier::new(registry, source.repository(), target, options, report);
    let Some(image) = registry.manifest(source.repository(), &ManifestName::Digest(digest)).await? else {
        return Err(FlowError::Missing { reference: source.to_string() });
    };
    if carrier.carry_stored(&image, 0).await?
        && let Some(tag) = target_tag
    {
        carrier.put(&ManifestName::Tag(tag.clone()), &image).await?;
    }
    Ok(carrier.report)
}
