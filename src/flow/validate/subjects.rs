//! The platform manifests that reports speak of: the image itself, or what an index runs.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::ValidateError;
use crate::flow::FlowError;
use crate::flow::prepare::Known;
use crate::flow::sign::SIDE_BY_SIDE;
use crate::flow::verify::fetch_image;
use crate::model::PinnedRef;
use crate::model::image_config::{CONFIG_LIMIT, ImageConfig};
use crate::model::manifest::{Descriptor, ImageManifest, Manifest, Platform};
use crate::registry::{Registry, StoredManifest};
use crate::scan::Subject;

/// Most platform manifests below one index, and how deep indexes may nest.
const RUNNABLE_LIMIT: usize = 1_000;
const INDEX_DEPTH: usize = 4;

/// One platform manifest that runs.
pub(super) struct Runnable {
    pub(super) known: Known,
    /// As the index or else the configuration names it.
    pub(super) platform: Platform,
    /// What a report must speak of.
    pub(super) subject: Subject,
}

/// What is to be validated.
pub(super) struct Subjects {
    /// The image that is signed last.
    pub(super) top: Known,
    /// What runs: the image itself where it is no index.
    pub(super) runnable: Vec<Runnable>,
    /// Whether [`Subjects::top`] is an index, with the runnable manifests below it.
    pub(super) is_index: bool,
}

/// A manifest that was fetched.
struct Fetched {
    image: PinnedRef,
    stored: StoredManifest,
    manifest: Manifest,
    platform: Option<Platform>,
}

/// Fetches what `image` runs; with a platform, that one alone.
pub(super) async fn subjects<R: Registry>(
    registry: &R,
    image: &PinnedRef,
    asked: Option<&Platform>,
) -> Result<Subjects, ValidateError> {
    let (stored, manifest) = fetch_image(registry, image).await?;
    let top = Fetched { image: image.clone(), stored, manifest, platform: None };
    let is_index = matches!(top.manifest, Manifest::Index(_));
    let leaves = match is_index {
        true => leaves(registry, &top).await?,
        false => Vec::new(),
    };
    match (is_index, asked) {
        (true, None) if leaves.is_empty() => Err(ValidateError::NothingRuns(image.clone())),
        (true, None) => {
            let known = Known::new(&top.image, &top.stored, &top.manifest, 1);
            let runnable: Vec<Runnable> = stream::iter(leaves)
                .map(|leaf| runnable(registry, leaf))
                .buffered(SIDE_BY_SIDE)
                .try_collect()
                .await?;
            Ok(Subjects { top: known, runnable, is_index })
        }
        (true, Some(asked)) => alone(runnable(registry, chosen(image, leaves, asked)?).await?),
        (false, asked) => {
            let runnable = runnable(registry, top).await?;
            match asked.filter(|asked| !runnable.platform.is(asked)) {
                Some(asked) => {
                    let there = vec![runnable.platform.to_string()];
                    Err(wrong_platform(image, asked, &there))
                }
                None => alone(runnable),
            }
        }
    }
}

fn wrong_platform(image: &PinnedRef, asked: &Platform, there: &[String]) -> ValidateError {
    ValidateError::Platform { image: image.to_string(), asked: asked.to_string(), there: there.join(", ") }
}

fn alone(runnable: Runnable) -> Result<Subjects, ValidateError> {
    let Known { image, subject, .. } = &runnable.known;
    let top = Known { image: image.clone(), subject: subject.clone(), height: 0 };
    Ok(Subjects { top, runnable: vec![runnable], is_index: false })
}

/// The one leaf of that platform.
fn chosen(image: &PinnedRef, leaves: Vec<Fetched>, asked: &Platform) -> Result<Fetched, ValidateError> {
    let shown = |leaf: &Fetched| leaf.platform.as_ref().map_or("no platform".to_owned(), Platform::to_string);
    let there: Vec<String> = leaves.iter().map(shown).collect();
    let mut fitting: Vec<Fetched> = leaves
        .into_iter()
        .filter(|leaf| leaf.platform.as_ref().is_some_and(|platform| platform.is(asked)))
        .collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(leaf), true) => Ok(leaf),
        _ => Err(wrong_platform(image, asked, &there)),
    }
}

/// Every manifest below an index that is no index and runs somewhere, nested ones too; each once.
async fn leaves<R: Registry>(registry: &R, index: &Fetched) -> Result<Vec<Fetched>, FlowError> {
    let too_many = || FlowError::Unusable {
        place: index.image.to_string(),
        reason: format!("more than {RUNNABLE_LIMIT} manifests, or indexes nested over {INDEX_DEPTH} deep"),
    };
    let mut seen = HashSet::new();
    let mut leaves = Vec::new();
    let mut level = below(index, &mut seen);
    for _ in 0..INDEX_DEPTH {
        if leaves.len() + level.len() > RUNNABLE_LIMIT {
            return Err(too_many());
        }
        let fetched: Vec<Fetched> = stream::iter(level)
            .map(|(image, platform)| async move {
                let (stored, manifest) = fetch_image(registry, &image).await?;
                Ok::<_, FlowError>(Fetched { image, stored, manifest, platform })
            })
            .buffered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        level = Vec::new();
        for fetched in fetched {
            match fetched.manifest {
                Manifest::Index(_) => level.extend(below(&fetched, &mut seen)),
                Manifest::Image(_) => leaves.push(fetched),
            }
        }
    }
    if level.is_empty() { Ok(leaves) } else { Err(too_many()) }
}

/// What an index lists and was not seen before; what runs nowhere is left out by its platform alone.
fn below(index: &Fetched, seen: &mut HashSet<crate::model::Digest>) -> Vec<(PinnedRef, Option<Platform>)> {
    let runs = |child: &&Descriptor| !child.platform.as_ref().is_some_and(Platform::runs_nowhere);
    let children = index.manifest.children().iter().filter(runs);
    children
        .filter(|child| seen.insert(child.digest))
        .map(|child| (index.image.sibling(child.digest), child.platform.clone()))
        .collect()
}

/// Reads the configuration, which a report may name in place of the manifest.
async fn runnable<R: Registry>(registry: &R, fetched: Fetched) -> Result<Runnable, ValidateError> {
    let Fetched { image, stored, manifest, platform } = &fetched;
    let Manifest::Image(ImageManifest { config, .. }) = manifest else {
        return Err(ValidateError::NothingRuns(image.clone()));
    };
    let blob = registry.blob(image.repository(), &config.digest, CONFIG_LIMIT).await;
    let blob = blob.map_err(FlowError::from)?.ok_or_else(|| FlowError::Missing {
        reference: format!("the configuration {} of {image}", config.digest),
    })?;
    let read = ImageConfig::parse(&blob)
        .map_err(|cause| ValidateError::NoConfiguration { image: image.to_string(), cause })?;
    let subject = Subject { manifest: image.digest(), config: config.digest, layers: read.layers };
    let platform = platform.clone().unwrap_or(read.platform);
    Ok(Runnable { known: Known::new(image, stored, manifest, 0), platform, subject })
}
