//! Whether rules trust a document: they name its digest, or one of their keys signed it for this image.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::statements::Image;
use super::{CONTEXTS, Document, SIZE_LIMIT, VexError};
use crate::model::attestation::{Attestation, Checked, Read};
use crate::model::json::{self, Object};
use crate::model::{Digest, escape_untrusted};
use crate::scan::Rules;
use crate::scan::finding::shown;

/// A document that rules trust. Only [`Rules::trust`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedDocument {
    digest: Digest,
    pub(super) document: Document,
    /// The images that it is signed for; `None`: the rules name it, and it speaks of those that it names.
    signed_for: Option<BTreeSet<Digest>>,
}

/// What a signature says that a document is about, as to one image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Attested {
    /// There is none: the document speaks of those that it names.
    Nothing,
    /// The index above the image.
    Index,
    /// The image.
    Manifest,
}

#[derive(Deserialize)]
struct Shape {
    payload: Option<IgnoredAny>,
    #[serde(rename = "dsseEnvelope")]
    bundle: Option<IgnoredAny>,
}

impl TrustedDocument {
    /// SHA-256 of the file's bytes: the claim `countersign.dev/scan-vex`.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What a signature says that the document is about; `None` if it may not speak of `image` at all.
    pub(super) fn speaks_for(&self, image: &Image) -> Option<Attested> {
        match &self.signed_for {
            None => Some(Attested::Nothing),
            Some(signed_for) if signed_for.contains(&image.manifest) => Some(Attested::Manifest),
            Some(signed_for) if signed_for.contains(&image.asked) => Some(Attested::Index),
            Some(_) => None,
        }
    }
}

impl Rules {
    /// Reads the OpenVEX document in `bytes`, which these rules must trust: they name its digest, or it is an in-toto
    /// attestation (a DSSE envelope or a sigstore bundle) by one of their keys, for one of `images` at least.
    ///
    /// # Errors
    /// [`VexError`] for a document that is not trusted, about other images, or not understood.
    pub fn trust(&self, bytes: &[u8], images: &[Digest]) -> Result<TrustedDocument, VexError> {
        if bytes.len() > SIZE_LIMIT {
            return Err(VexError::TooLarge);
        }
        let Object(shape) = json::from_slice::<Object<Shape>>(bytes)?;
        let digest = Digest::of(bytes);
        if shape.payload.is_some() || shape.bundle.is_some() {
            return self.trust_signed(bytes, digest, images);
        }
        // What is no document at all is told first: whoever names it would be told the same afterwards.
        let document = Document::parse(bytes)?;
        match self.vex.documents.contains(&digest) {
            true => Ok(TrustedDocument { digest, document, signed_for: None }),
            false => Err(VexError::Unnamed(digest)),
        }
    }

    fn trust_signed(
        &self,
        bytes: &[u8],
        digest: Digest,
        images: &[Digest],
    ) -> Result<TrustedDocument, VexError> {
        let attestation = match Attestation::read(bytes) {
            Read::Attestation(attestation) => attestation,
            Read::Other(what) | Read::Invalid(what) => {
                return Err(VexError::NotOpenVex(escape_untrusted(&what)));
            }
        };
        let kind = attestation.predicate_type();
        if !CONTEXTS.contains(&kind) {
            return Err(VexError::NotOpenVex(format!("its predicate is `{}`", shown(kind))));
        }
        let (mut signed_for, mut predicate, mut another) = (BTreeSet::new(), None, String::new());
        for image in images {
            match attestation.check(image, &self.vex.keys) {
                Checked::Verified(verified) => {
                    signed_for.insert(*image);
                    predicate = Some(verified);
                }
                Checked::Unmatched => return Err(VexError::Untrusted),
                Checked::Other(what) | Checked::Invalid(what) => another = escape_untrusted(&what),
            }
        }
        let verified = predicate.ok_or(VexError::AnotherImage(another))?;
        let document = Document::parse(verified.predicate().as_bytes())?;
        Ok(TrustedDocument { digest, document, signed_for: Some(signed_for) })
    }
}
