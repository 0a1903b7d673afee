//! The platform manifests that reports speak of: the image itself, or what an index runs.

use std::collections::HashSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::ValidateError;
use crate::flow::FlowError;
use crate::flow::prepare::{CHILDREN_LIMIT, INDEX_DEPTH, Known, too_many};
use crate::flow::sign::SIDE_BY_SIDE;
use crate::flow::verify::fetch_image;
use crate::model::image_config::{CONFIG_LIMIT, ImageConfig};
use crate::model::manifest::{Descriptor, ImageManifest, Manifest, Platform};
use crate::model::{Digest, PinnedRef};
use crate::registry::{Registry, StoredManifest};
use crate::scan::Subject;

/// One platform manifest that runs.
pub(in crate::flow) struct Runnable {
    pub(in crate::flow) known: Known,
    /// As the index or else the configuration names it.
    pub(in crate::flow) platform: Platform,
    /// What a report must speak of.
    pub(in crate::flow) subject: Subject,
}

/// What is to be validated.
pub(in crate::flow) struct Subjects {
    /// The image that is signed last.
    pub(in crate::flow) top: Known,
    /// What runs: the image itself where it is no index.
    pub(in crate::flow) runnable: Vec<Runnable>,
    /// Whether [`Subjects::top`] is an index, with the runnable manifests below it.
    pub(in crate::flow) is_index: bool,
}

/// A manifest that was fetched.
struct Fetched {
    image: PinnedRef,
    stored: StoredManifest,
    manifest: Manifest,
    platform: Option<Platform>,
}

/// A manifest that is no index, without its bytes: there may be many.
struct Leaf {
    known: Known,
    config: Digest,
    platform: Option<Platform>,
}

impl Fetched {
    /// The image, if it is one.
    fn leaf(&self) -> Option<Leaf> {
        let Manifest::Image(ImageManifest { config, .. }) = &self.manifest else { return None };
        let known = Known::new(&self.image, &self.stored, &self.manifest, 0);
        Some(Leaf { known, config: config.digest, platform: self.platform.clone() })
    }
}

/// Fetches what `image` runs; with a platform, that one alone.
pub(in crate::flow) async fn subjects<R: Registry>(
    registry: &R,
    image: &PinnedRef,
    asked: Option<&Platform>,
) -> Result<Subjects, ValidateError> {
    let (stored, manifest) = fetch_image(registry, image).await?;
    let top = Fetched { image: image.clone(), stored, manifest, platform: None };
    if let Some(leaf) = top.leaf() {
        let runnable = runnable(registry, leaf).await?;
        return match asked.filter(|asked| !runnable.platform.is(asked)) {
            Some(asked) => Err(wrong_platform(image, asked, &[runnable.platform.to_string()])),
            None => Ok(alone(runnable)),
        };
    }
    let leaves = leaves(registry, &top).await?;
    match asked {
        Some(asked) => Ok(alone(runnable(registry, chosen(image, leaves, asked)?).await?)),
        None if leaves.is_empty() => Err(ValidateError::NothingRuns(image.clone())),
        None => {
            let known = Known::new(&top.image, &top.stored, &top.manifest, 1);
            let runnable: Vec<Runnable> = stream::iter(leaves)
                .map(|leaf| runnable(registry, leaf))
                .buffered(SIDE_BY_SIDE)
                .try_collect()
                .await?;
            Ok(Subjects { top: known, runnable, is_index: true })
        }
    }
}

fn wrong_platform(image: &PinnedRef, asked: &Platform, there: &[String]) -> ValidateError {
    ValidateError::Platform { image: image.to_string(), asked: asked.to_string(), there: there.join(", ") }
}

fn alone(runnable: Runnable) -> Subjects {
    let top = Known { height: 0, ..runnable.known.clone() };
    Subjects { top, runnable: vec![runnable], is_index: false }
}

/// The one leaf of that platform.
fn chosen(image: &PinnedRef, leaves: Vec<Leaf>, asked: &Platform) -> Result<Leaf, ValidateError> {
    let shown = |leaf: &Leaf| leaf.platform.as_ref().map_or("no platform".to_owned(), Platform::to_string);
    let there: Vec<String> = leaves.iter().map(shown).collect();
    let mut fitting: Vec<Leaf> = leaves
        .into_iter()
        .filter(|leaf| leaf.platform.as_ref().is_some_and(|platform| platform.is(asked)))
        .collect();
    match (fitting.pop(), fitting.is_empty()) {
        (Some(leaf), true) => Ok(leaf),
        _ => Err(wrong_platform(image, asked, &there)),
    }
}

/// Every manifest below an index that is no index and runs somewhere, nested ones too; each once.
async fn leaves<R: Registry>(registry: &R, index: &Fetched) -> Result<Vec<Leaf>, FlowError> {
    let mut seen = HashSet::new();
    let mut leaves = Vec::new();
    let mut level = below(&index.image, &index.manifest, &mut seen);
    for _ in 0..INDEX_DEPTH {
        if seen.len() > CHILDREN_LIMIT {
            return Err(too_many(&index.image));
        }
        let mut fetched = stream::iter(std::mem::take(&mut level))
            .map(|(image, platform)| async move {
                let (stored, manifest) = fetch_image(registry, &image).await?;
                Ok::<_, FlowError>(Fetched { image, stored, manifest, platform })
            })
            .buffered(SIDE_BY_SIDE);
        // One after the other: the bytes of many are not kept.
        while let Some(fetched) = fetched.try_next().await? {
            match fetched.leaf() {
                Some(leaf) => leaves.push(leaf),
                None => level.extend(below(&fetched.image, &fetched.manifest, &mut seen)),
            }
        }
    }
    if level.is_empty() { Ok(leaves) } else { Err(too_many(&index.image)) }
}

/// What an index lists and was not seen before; what runs nowhere is left out by its platform alone.
fn below(
    index: &PinnedRef,
    manifest: &Manifest,
    seen: &mut HashSet<Digest>,
) -> Vec<(PinnedRef, Option<Platform>)> {
    let runs = |child: &&Descriptor| !child.platform.as_ref().is_some_and(Platform::runs_nowhere);
    let children = manifest.children().iter().filter(runs);
    children
        .filter(|child| seen.insert(child.digest))
        .map(|child| (index.sibling(child.digest), child.platform.clone()))
        .collect()
}

/// Reads the configuration, which a report may name in place of the manifest.
async fn runnable<R: Registry>(registry: &R, leaf: Leaf) -> Result<Runnable, ValidateError> {
    let Leaf { known, config, platform } = leaf;
    let image = &known.image;
    let blob = registry.blob(image.repository(), &config, CONFIG_LIMIT).await.map_err(FlowError::from)?;
    let missing = || FlowError::Missing { reference: format!("the configuration {config} of {image}") };
    let read = ImageConfig::parse(&blob.ok_or_else(missing)?)
        .map_err(|cause| ValidateError::NoConfiguration { image: image.to_string(), cause })?;
    let subject = Subject { manifest: image.digest(), config, layers: read.layers };
    let platform = platform.unwrap_or(read.platform);
    Ok(Runnable { known, platform, subject })
}
