//! Which image a report speaks of, and whether that is the image in question. A report that is bound to an image
//! is a [`Bound`]; nothing else is judged.

use crate::model::Digest;
use crate::model::digest::DigestError;

use super::finding::shown;
use super::report::Report;

/// How many manifest digests of a report an error shows.
const SHOWN: usize = 4;

/// What a report says about the image that was scanned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Manifest digests, and those of repository digests: each may name a platform manifest, or the index that it
    /// was found in.
    pub manifests: Vec<Digest>,
    /// The image ID: the digest of the image's config.
    pub image_id: Option<Digest>,
    /// How many layers the image has.
    pub layers: Option<usize>,
}

/// The platform manifest that a report must speak of; never an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// Digest of the manifest.
    pub manifest: Digest,
    /// Digest of its config.
    pub config: Digest,
    /// How many `diff_ids` the config has.
    pub layers: usize,
}

/// By which of the two a report is bound to an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// It states the manifest's digest.
    Manifest,
    /// It states the digest of the manifest's config, and as many layers as the config has. Another manifest may
    /// have the same config.
    ImageId,
}

/// Why a report is not about an image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindingError {
    /// It speaks of another image.
    #[error("the report is about another image: it states {stated}; this is {image}")]
    AnotherImage {
        /// What the report states.
        stated: String,
        /// The image in question.
        image: String,
    },
    /// It states this manifest, and the ID of another image.
    #[error(
        "the report contradicts itself: it states the manifest {manifest}, and the image ID {stated}, which is not that manifest's"
    )]
    Contradiction {
        /// The image ID that it states.
        stated: Digest,
        /// The manifest in question.
        manifest: Digest,
    },
    /// It states another number of layers.
    #[error("the report speaks of {stated} layers, the image has {layers}")]
    Layers {
        /// The number that it states.
        stated: usize,
        /// The `diff_ids` of the config.
        layers: usize,
    },
    /// It states the image ID only, and not how many layers there are.
    #[error(
        "the report states the image ID without the layers, which is not enough to tell the image; scan it in a registry by its manifest's digest, or give the scanner's JSON"
    )]
    NoLayers,
}

/// Why a report is not about one of several images.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmongError {
    /// It speaks of none of them.
    #[error("the report is about none of these images")]
    None,
    /// It speaks of several: these, counted from 0.
    #[error("the report is about several of these images")]
    Several(Vec<usize>),
    /// It speaks of one of them, and does not say enough or contradicts itself.
    #[error(transparent)]
    Binding(BindingError),
}

/// A report, and the image that it was found to speak of. Only [`Report::binds_to`] makes one.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    report: &'a Report,
    manifest: Digest,
    by: Binding,
}

impl<'a> Bound<'a> {
    /// The report.
    pub fn report(&self) -> &'a Report {
        self.report
    }

    /// Digest of the platform manifest that it speaks of.
    pub fn manifest(&self) -> Digest {
        self.manifest
    }

    /// By what it is bound.
    pub fn by(&self) -> Binding {
        self.by
    }
}

impl Report {
    /// Binds the report to `subject`, if it speaks of that image.
    ///
    /// A manifest digest among those that it states is enough, unless what else it states about the image is not
    /// true of it. An image ID is enough if the number of layers is the config's. Other manifest digests beside
    /// it say nothing: they may be the index's, or that of the same image in another store.
    ///
    /// # Errors
    /// [`BindingError`] if it speaks of another image or does not say enough.
    pub fn binds_to(&self, subject: &Subject) -> Result<Bound<'_>, BindingError> {
        let Subject { manifest, config, layers } = *subject;
        let identity = &self.identity;
        // A Docker engine with containerd's image store gives the manifest's digest as image ID.
        let by = if identity.manifests.contains(&manifest) || identity.image_id == Some(manifest) {
            Binding::Manifest
        } else if identity.image_id == Some(config) {
            Binding::ImageId
        } else {
            let image = format!("the manifest {manifest}, the image ID {config}");
            return Err(BindingError::AnotherImage { stated: identity.stated(), image });
        };
        match identity.image_id {
            Some(stated) if stated != config && stated != manifest => {
                return Err(BindingError::Contradiction { stated, manifest });
            }
            _ => {}
        }
        match (identity.layers, by) {
            (Some(stated), _) if stated != layers => Err(BindingError::Layers { stated, layers }),
            (None, Binding::ImageId) => Err(BindingError::NoLayers),
            _ => Ok(Bound { report: self, manifest, by }),
        }
    }
}

impl Report {
    /// Binds the report to the one among `subjects` that it speaks of, and says which, counted from 0. Where it
    /// states the digest of a manifest, another one with the same config is not meant.
    ///
    /// # Errors
    /// [`AmongError`] if it speaks of none or of several, or contradicts itself about one: a report with the digest
    /// of one manifest and the image ID of another is about neither.
    pub fn binds_among(&self, subjects: &[Subject]) -> Result<(usize, Bound<'_>), AmongError> {
        let mut fitting = Vec::new();
        for (at, subject) in subjects.iter().enumerate() {
            match self.binds_to(subject) {
                Ok(bound) => fitting.push((at, bound)),
                Err(BindingError::AnotherImage { .. }) => {}
                Err(error) => return Err(AmongError::Binding(error)),
            }
        }
        if fitting.iter().any(|(_, bound)| bound.by == Binding::Manifest) {
            fitting.retain(|(_, bound)| bound.by == Binding::Manifest);
        }
        match fitting[..] {
            [] => Err(AmongError::None),
            [one] => Ok(one),
            _ => Err(AmongError::Several(fitting.iter().map(|(at, _)| *at).collect())),
        }
    }
}

impl Identity {
    /// The image ID `text` of the report's `member`; an empty one is none.
    pub(super) fn image_id_of(
        text: Option<&str>,
        member: &'static str,
    ) -> Result<Option<Digest>, NotADigest> {
        stated(text.unwrap_or_default(), member)
    }

    /// Adds the manifest digest `text`; an empty one is none.
    pub(super) fn add_manifest(
        &mut self,
        text: Option<&str>,
        member: &'static str,
    ) -> Result<(), NotADigest> {
        self.manifests.extend(stated(text.unwrap_or_default(), member)?);
        Ok(())
    }

    /// Adds repository digests, `NAME@DIGEST` each.
    pub(super) fn add_repository_digests(
        &mut self,
        texts: &[String],
        member: &'static str,
    ) -> Result<(), NotADigest> {
        for text in texts {
            let digest = text.rsplit_once('@').map(|(_, digest)| digest).filter(|digest| !digest.is_empty());
            let digest = digest.ok_or_else(|| NotADigest { member, text: shown(text) })?;
            self.manifests.extend(stated(digest, member)?);
        }
        Ok(())
    }

    /// Whether nothing is stated that could tell one image from another.
    pub(super) fn is_empty(&self) -> bool {
        self.manifests.is_empty() && self.image_id.is_none()
    }

    fn stated(&self) -> String {
        let manifests = self.manifests.iter().map(|digest| format!("the manifest {digest}"));
        let image_id = self.image_id.iter().map(|digest| format!("the image ID {digest}"));
        let mut stated: Vec<_> = image_id.chain(manifests.take(SHOWN)).collect();
        if let Some(more) = self.manifests.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            stated.push(format!("{more} more manifests"));
        }
        stated.join(", ")
    }
}

/// A member of a report that should hold a digest and does not; escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{member}` is not a digest: `{text}`")]
pub struct NotADigest {
    /// The member.
    pub member: &'static str,
    /// What it holds.
    pub text: String,
}

/// The digest in `text`, none if it is empty or of an algorithm that no image here has: such a one binds nothing.
fn stated(text: &str, member: &'static str) -> Result<Option<Digest>, NotADigest> {
    if text.is_empty() {
        return Ok(None);
    }
    match text.parse() {
        Ok(digest) => Ok(Some(digest)),
        Err(DigestError::Algorithm(_)) => Ok(None),
        Err(DigestError::Form(_)) => Err(NotADigest { member, text: shown(text) }),
    }
}
