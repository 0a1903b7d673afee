//! What a registry holds beside a digest, as listings: the `.sig` or `.att` manifest, the referrers, the fallback
//! tag. Signing, verifying and inspecting all begin here; none of it is verified.

use crate::model::list::ListManifest;
use crate::model::manifest::{Descriptor, OCI_EMPTY};
use crate::model::statement::SIGNATURE_PREDICATE;
use crate::model::verify::Remark;
use crate::model::{ATTESTATION_LIMIT, SIGNATURE_LIMIT};
use crate::model::{Digest, Format, Repository, Tag, bundle, json, payload};
use crate::registry::{Listing, ManifestName, Referrers, Registry, RegistryError, StoredManifest};

/// Longest part of a type from outside that is shown, in characters.
const TYPE_SHOWN: usize = 128;

/// What is looked for beside a digest. Signatures and attestations are attached in the same ways, and neither is
/// ever read as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sought {
    /// Signatures of the image.
    Signatures,
    /// Attestations with these types of predicate; none named: with any.
    Attestations(&'static [&'static str]),
}

impl Sought {
    /// The tag whose manifest lists them in the legacy format.
    pub(super) fn tag(self, image: &Digest) -> Tag {
        match self {
            Self::Signatures => Tag::signatures(image),
            Self::Attestations(_) => Tag::attestations(image),
        }
    }

    /// Most bytes of one of them.
    pub(super) fn limit(self) -> u64 {
        match self {
            Self::Signatures => SIGNATURE_LIMIT,
            Self::Attestations(_) => ATTESTATION_LIMIT,
        }
    }

    /// How many are fetched at once: all of them are in memory.
    pub(super) fn side_by_side(self) -> usize {
        match self {
            Self::Signatures => 8,
            Self::Attestations(_) => 2,
        }
    }

    /// Whether something may be what is looked for, by an unsigned hint at its predicate type; without one it may.
    ///
    /// The hint is an annotation of the manifest, so of bytes that the listed digest covers, and hides nothing but
    /// what its own writer pushed. In a fallback index it stands beside the digest, where whoever may write the
    /// tag may also take the entry out: it gives nobody a power that he has not.
    pub(super) fn may_be(self, hint: Option<&str>) -> bool {
        match (self, hint) {
            (_, None) => true,
            (Self::Signatures, Some(hint)) => hint == SIGNATURE_PREDICATE,
            (Self::Attestations([]), Some(hint)) => hint != SIGNATURE_PREDICATE,
            (Self::Attestations(types), Some(hint)) => types.contains(&hint),
        }
    }
}

/// Which formats a survey looks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    pub(super) legacy: bool,
    pub(super) bundles: bool,
}

impl Wanted {
    pub(super) const ALL: Self = Self { legacy: true, bundles: true };
}

/// The lists of what is attached to one digest in one repository.
pub(super) struct Survey {
    pub(super) image: Digest,
    pub(super) place: Repository,
    pub(super) sought: Sought,
    /// The manifest at `sha256-HEX.sig` or `sha256-HEX.att`, as stored.
    pub(super) tagged: Result<Option<StoredManifest>, RegistryError>,
    /// What the referrers API answered.
    pub(super) referrers: Result<Referrers, RegistryError>,
    /// The index at the fallback tag `sha256-HEX`, once it was asked for.
    pub(super) fallback: Option<Result<Option<StoredManifest>, RegistryError>>,
}

/// A referrer that may be what is looked for, or one that is certainly not.
pub(super) enum Kinship {
    Sought,
    Foreign,
}

impl Survey {
    /// Asks for the referrers and the tag side by side; what is not wanted counts as empty.
    pub(super) async fn of<R: Registry>(
        registry: &R,
        place: &Repository,
        image: &Digest,
        sought: Sought,
        wanted: Wanted,
    ) -> Self {
        let tag = ManifestName::Tag(sought.tag(image));
        let (referrers, tagged) = tokio::join!(
            async {
                match wanted.bundles {
                    true => registry.referrers(place, image).await,
                    false => Ok(Referrers::Listed(Listing::default())),
                }
            },
            async {
                match wanted.legacy {
                    true => registry.manifest(place, &tag).await,
                    false => Ok(None),
                }
            }
        );
        Self { image: *image, place: place.clone(), sought, tagged, referrers, fallback: None }
    }

    /// Asks for the index at the fallback tag, unless that was done.
    pub(super) async fn with_fallback<R: Registry>(mut self, registry: &R) -> Self {
        if self.fallback.is_none() {
            let name = ManifestName::Tag(Tag::fallback(&self.image));
            self.fallback = Some(registry.manifest(&self.place, &name).await);
        }
        self
    }

    /// Whether the registry has no referrers API, so that the fallback tag is the list.
    pub(super) fn lacks_referrers_api(&self) -> bool {
        matches!(self.referrers, Ok(Referrers::Unsupported))
    }

    /// The listing of the API, where there is one.
    pub(super) fn listing(&self) -> Option<&Listing> {
        match &self.referrers {
            Ok(Referrers::Listed(listing)) => Some(listing),
            _ => None,
        }
    }

    /// Name of a tag beside the image, to be shown.
    pub(super) fn shown(&self, tag: &Tag) -> String {
        format!("{}:{tag}", self.place)
    }
}

/// Reads an index as the API's listing is read.
///
/// # Errors
/// It is no index; and why. It must not be taken for an empty one.
pub(super) fn read_index(stored: &StoredManifest) -> Result<Listing, String> {
    let index = ListManifest::parse(&stored.bytes, "manifests").map_err(|error| error.to_string())?;
    let mut listing = Listing::default();
    for element in index.elements() {
        match json::from_slice::<Descriptor>(element.get().as_bytes()) {
            Ok(descriptor) => listing.descriptors.push(descriptor),
            Err(error) => listing.unreadable.push(error.to_string()),
        }
    }
    Ok(listing)
}

/// Whether a referrer may hold what is looked for, by its unsigned hints: a type that is given and is another
/// saves the fetch; a missing one, and the empty config's type that some registries give every bundle, mean
/// fetch.
pub(super) fn kinship(descriptor: &Descriptor, sought: Sought) -> Kinship {
    let may_be = match descriptor.artifact_type.as_deref() {
        Some(payload::REFERRER_TYPE) => sought == Sought::Signatures,
        None | Some("" | OCI_EMPTY) => sought.may_be(descriptor.predicate_hint.as_deref()),
        Some(kind) if kind.starts_with(bundle::MEDIA_TYPE_STEM) => {
            sought.may_be(descriptor.predicate_hint.as_deref())
        }
        Some(_) => false,
    };
    if may_be { Kinship::Sought } else { Kinship::Foreign }
}

/// What something is that is not looked for, by its hints.
pub(super) fn foreign(kind: &str, predicate_hint: Option<&str>) -> String {
    match predicate_hint {
        Some(SIGNATURE_PREDICATE) => "a signature".to_owned(),
        Some(hint) => format!("an attestation of type `{}`", shown_type(hint)),
        None => format!("an artifact of type `{}`", shown_type(kind)),
    }
}

/// A remark about `place` that names what a request failed with.
pub(super) fn remark(place: String, format: Option<Format>, error: &RegistryError) -> Remark {
    Remark { place, format, reason: error.to_string() }
}

/// A type from outside as it is shown. It is cut, since as many of them are kept as there are things attached.
pub(super) fn shown_type(kind: &str) -> String {
    let start: String = kind.chars().take(TYPE_SHOWN).collect();
    let cut = if start.len() < kind.len() { "…" } else { "" };
    crate::model::escape_untrusted(&start) + cut
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_of_any_length_is_shown_short_and_harmless() {
        assert_eq!(shown_type("application/x"), "application/x");
        let shown = shown_type(&"\u{1b}".repeat(4 << 20));
        assert!(shown.starts_with("\\u{1b}\\u{1b}") && shown.ends_with('…') && shown.len() < 1_000);
    }
}
