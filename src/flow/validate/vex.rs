//! OpenVEX documents beside the reports: each must be trusted by the rules, and be about an image that is validated.

use super::subjects::Runnable;
use super::{Inquiry, RuleBook, ValidateError};
use crate::model::{Digest, PinnedRef};
use crate::scan::TrustedDocument;
use crate::scan::openvex::statements::Image;

/// A file that may hold an OpenVEX document, signed or not.
pub struct VexFile {
    /// The file's name, to be shown.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The image that statements must be about: the manifest, or what was asked about above it.
pub(super) fn image(asked: &PinnedRef, manifest: Digest) -> Image {
    Image { manifest, asked: asked.digest(), repository: asked.repository().claim() }
}

/// The documents, all of which the rules trust.
///
/// # Errors
/// A document that they do not trust, or that is about none of `runnable`: one that was given for nothing is a mistake.
pub(super) fn trusted(
    inquiry: &Inquiry<'_>,
    runnable: &[Runnable],
) -> Result<Vec<TrustedDocument>, ValidateError> {
    let rules = match inquiry.rules {
        RuleBook::Written(rules) => rules,
        RuleBook::Rego { .. } if inquiry.vex.is_empty() => return Ok(Vec::new()),
        RuleBook::Rego { .. } => return Err(ValidateError::VexForRego),
    };
    let manifests = runnable.iter().map(|one| one.subject.manifest);
    let mut digests: Vec<Digest> = manifests.chain([inquiry.image.digest()]).collect();
    digests.sort_unstable();
    digests.dedup();
    let documents = inquiry.vex.iter().map(|VexFile { name, bytes }| {
        let untrusted = |cause| ValidateError::Vex { name: name.clone(), cause };
        let document = rules.trust(bytes, &digests).map_err(untrusted)?;
        let mut images = runnable.iter().map(|one| image(inquiry.image, one.subject.manifest));
        match images.any(|image| document.is_about(&image)) {
            true => Ok(document),
            false => Err(ValidateError::UnusedVex { name: name.clone(), image: inquiry.image.to_string() }),
        }
    });
    documents.collect()
}
