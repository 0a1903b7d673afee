//! Policies of other tools in the native form: the same decisions, or a word about each that would be another. What
//! cannot be said in the native form is refused, with its line; nothing is guessed.

mod announced;
mod groups;
mod keys;
mod patterns;
mod plan;
mod text;

use serde::Serialize;

use super::draft::{Draft, DraftAction, DraftAlternative, DraftError, DraftGrant, Spot, hash_is_read};
use super::native;
use crate::model::Repository;
pub use announced::of_installation;
use plan::Plan;

/// What signers the native form gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Signers {
    /// One signer with all keys, any of which is enough, as it was.
    #[default]
    Any,
    /// Two, both required: keys by their names in the policy, or by those of authorities.
    Two {
        /// Keys of the build signature.
        build: Vec<String>,
        /// Keys of the validation signature, which countersigns the first.
        validation: Vec<String>,
    },
}

/// In which way a decision may be another than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A signature in the role `validation` does not count for a signer that countersigns nothing.
    ValidationRole,
    /// A signature that states a time to come, or no time where one should stand, does not count.
    SigningTime,
    /// Both signatures are required.
    TwoSigners,
    /// Signatures beside the image count too.
    BesideTheImage,
    /// Signatures of the other format count too.
    BothFormats,
    /// The hash that is named for a key that is still to be fetched is not asked for.
    HashAlgorithm,
    /// An image without a digest gets the answer that does not depend on signatures.
    Unpinned,
    /// An excluded namespace is left out only where a policy speaks of the image.
    ExcludedWithoutPolicy,
    /// Namespaces are left out by their names and no longer by a label.
    NamespaceLabels,
    /// What an image gets that no policy speaks of is to be said to the gate.
    NoMatch,
    /// The words are others, or are lost; no decision changes.
    Words,
    /// Something that never decided is left out.
    LeftOut,
}

/// A change of meaning, and where it comes from. Texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field in the policy that was converted.
    pub spot: Spot,
    /// In which way.
    pub kind: ChangeKind,
    /// What changes.
    pub text: String,
}

/// Policies in the native form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// YAML, one document a policy.
    pub policies: String,
    /// What changes in meaning, in the order of the lines.
    pub changes: Vec<Change>,
    /// Names of keys that could be told apart as build and validation keys, where there are several.
    pub keys: Vec<String>,
}

/// Writes `draft` in the native form.
///
/// # Errors
/// Every field that the native form cannot say.
pub fn convert(draft: &Draft, signers: &Signers) -> Result<Conversion, Vec<DraftError>> {
    let DraftAction::AnyOf(alternatives) = draft.required() else {
        return Err(vec![DraftError::at(draft.name_spot(), "the policy is in the native form already")]);
    };
    let mut refused: Vec<DraftError> = speaks_of_objects(draft).into_iter().collect();
    refused.extend(alternatives.iter().filter_map(|one| hash(one).err()));
    let places = alternatives.iter().map(places).collect::<Result<Vec<_>, _>>();
    let groups = groups::groups(draft, alternatives);
    match (places, groups, refused.is_empty()) {
        (Ok(places), Ok(groups), true) => {
            let conversion = Plan { draft, alternatives, signers, places }.written(groups)?;
            is_read(draft, &conversion.policies).map_err(|error| vec![error])?;
            Ok(conversion)
        }
        (places, groups, _) => {
            refused.extend(places.err());
            refused.extend(groups.err().unwrap_or_default());
            Err(refused)
        }
    }
}

fn speaks_of_objects(draft: &Draft) -> Option<DraftError> {
    let spot = draft.objects.as_ref().unwrap_or(draft.name_spot());
    let reason = "it speaks of objects, and native policies speak of images";
    (!draft.policy.objects.is_empty()).then(|| DraftError::at(spot, reason))
}

/// Refuses a hash that the policy could not be read with either.
fn hash(alternative: &DraftAlternative) -> Result<(), DraftError> {
    let DraftGrant::Signature { keys, hash, .. } = &alternative.grant else { return Ok(()) };
    hash_is_read(hash.as_ref(), &keys::spelled(keys))
}

/// Where an alternative's signatures stand, if the native form can say it; none for beside the image.
fn places(alternative: &DraftAlternative) -> Result<Vec<Repository>, DraftError> {
    let DraftGrant::Signature { places, source, .. } = &alternative.grant else { return Ok(Vec::new()) };
    if places.iter().any(|place| place.tag_prefix.is_some()) {
        let reason = "`tagPrefix` has no native form: native policies look at the usual tags";
        return Err(DraftError::at(source.as_ref().unwrap_or(&alternative.spot), reason));
    }
    Ok(places.iter().filter_map(|place| place.repository.clone()).collect())
}

/// Refuses what the reader of native policies would not read: names too long, characters that YAML has not.
fn is_read(draft: &Draft, policies: &str) -> Result<(), DraftError> {
    let refuse = |error: DraftError| {
        let reason = format!("what comes of it would not be read: {}", error.reason);
        DraftError::at(draft.name_spot(), reason)
    };
    for written in native::drafts(policies.as_bytes()).map_err(refuse)? {
        // With keys that are still to be fetched the rest shows when they are.
        if written.key_sources().next().is_none() {
            written.into_policy(&std::collections::BTreeMap::new()).map_err(refuse)?;
        }
    }
    Ok(())
}

fn change(spot: &Spot, kind: ChangeKind, text: impl Into<String>) -> Change {
    Change { spot: spot.clone(), kind, text: text.into() }
}
