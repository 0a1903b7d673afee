//! Policies and their keys: what is written down becomes what decides, once every key that it names was fetched.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::model::{PublicKey, Repository, escape_untrusted};
use crate::policy::native::{Draft, KeySource, NativeError, Spot};
use crate::policy::{Action, Mode, Policy, PolicySet, Requirements, Role, SetError};
use crate::signer::{KeyRef, KeyRefError, KeySourceError, Keyring, ObjectName};

/// Keys that are fetched at once.
const SIDE_BY_SIDE: usize = 8;

/// The policies of one file, whose keys are still to be fetched.
pub struct PolicyFile {
    /// The file's name, to be shown.
    pub name: String,
    /// The folder that paths of keys in it start from.
    pub folder: PathBuf,
    /// What it holds.
    pub drafts: Vec<Draft>,
}

/// Why there are no policies to decide by. Names are escaped.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// A policy that makes no sense.
    #[error("{file}: {cause}")]
    Native {
        /// The file.
        file: String,
        /// Where in it, and why.
        cause: NativeError,
    },
    /// A reference that names no key.
    #[error("{file}: {}{}: {cause}", shown_place(.spot), .spot.field)]
    Reference {
        /// The file.
        file: String,
        /// Where in it.
        spot: Box<Spot>,
        /// Why.
        cause: Box<KeyRefError>,
    },
    /// A key that could not be had.
    #[error("{file}: {}{}: {cause}", shown_place(.spot), .spot.field)]
    Key {
        /// The file.
        file: String,
        /// Where in it.
        spot: Box<Spot>,
        /// Why.
        cause: Box<KeySourceError>,
    },
    /// One name for two policies: which of them decided could not be said.
    #[error("two policies have the name `{name}`: in {first} and in {second}")]
    SameName {
        /// The name.
        name: String,
        /// The file that has it first.
        first: String,
        /// The other file.
        second: String,
    },
    /// No policy at all.
    #[error(transparent)]
    Set(#[from] SetError),
    /// No policy that says what the build signature must be.
    #[error("no policy with a signer `{signer}` speaks of {repository}")]
    NoBuildSigner {
        /// The signer.
        signer: String,
        /// The image's repository.
        repository: Repository,
    },
    /// A signer that signs after another is not the one that signs the build.
    #[error("policy `{policy}`: the signer `{signer}` countersigns another, so it does not sign the build")]
    NotTheFirst {
        /// The policy.
        policy: String,
        /// The signer.
        signer: String,
    },
}

fn shown_place(spot: &Spot) -> String {
    spot.place.map(|place| format!("{place}: ")).unwrap_or_default()
}

/// Fetches the keys that `files` name, and takes the policies together.
///
/// # Errors
/// [`PoliciesError`].
pub async fn policy_set(keyring: &dyn Keyring, files: Vec<PolicyFile>) -> Result<PolicySet, PoliciesError> {
    names_differ(&files)?;
    let mut policies = Vec::new();
    for file in files {
        let keys = fetched(keyring, &file).await?;
        for draft in file.drafts {
            let policy = draft.into_policy(&keys);
            let name = file.name.clone();
            policies.push(policy.map_err(|cause| PoliciesError::Native { file: name, cause })?);
        }
    }
    Ok(PolicySet::new(policies)?)
}

/// Refuses two policies of one name, in one file or in two.
///
/// # Errors
/// [`PoliciesError::SameName`].
pub fn names_differ(files: &[PolicyFile]) -> Result<(), PoliciesError> {
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for file in files {
        for draft in &file.drafts {
            if let Some(first) = owners.insert(draft.name(), &file.name) {
                let (name, first) = (escape_untrusted(draft.name()), first.to_owned());
                return Err(PoliciesError::SameName { name, first, second: file.name.clone() });
            }
        }
    }
    Ok(())
}

/// The keys that a file's policies name, each fetched once.
async fn fetched(
    keyring: &dyn Keyring,
    file: &PolicyFile,
) -> Result<BTreeMap<KeySource, PublicKey>, PoliciesError> {
    let mut seen = BTreeSet::new();
    let sources = file.drafts.iter().flat_map(Draft::key_sources);
    stream::iter(sources.filter(|(_, source)| seen.insert(*source)))
        .map(|(spot, source)| async move {
            let (name, spot) = (|| file.name.clone(), || Box::new(spot.clone()));
            let reference = reference(file, source).map_err(|cause| PoliciesError::Reference {
                file: name(),
                spot: spot(),
                cause: Box::new(cause),
            })?;
            let key = keyring.public_key(&reference).await.map_err(|cause| PoliciesError::Key {
                file: name(),
                spot: spot(),
                cause: Box::new(cause),
            })?;
            Ok((source.clone(), key))
        })
        .buffered(SIDE_BY_SIDE)
        .try_collect()
        .await
}

/// Where a key is; a path starts from the policy's own folder.
fn reference(file: &PolicyFile, source: &KeySource) -> Result<KeyRef, KeyRefError> {
    Ok(match source {
        KeySource::ConfigMap { namespace, name } => KeyRef::KubeConfigMap(ObjectName::new(namespace, name)?),
        KeySource::Secret { namespace, name } => KeyRef::KubeSecret(ObjectName::new(namespace, name)?),
        KeySource::Reference(text) => match text.parse()? {
            KeyRef::Path(path) => KeyRef::Path(file.folder.join(path)),
            other => other,
        },
    })
}

/// What the policies that speak of `repository` say of the build signature: each with that signer alone, and
/// enforced, since nothing is signed a second time on a warning.
///
/// # Errors
/// [`PoliciesError::NoBuildSigner`], [`PoliciesError::NotTheFirst`].
pub fn build_requirements(
    policies: &PolicySet,
    signer: &str,
    repository: &Repository,
) -> Result<Vec<Policy>, PoliciesError> {
    let mut alone = Vec::new();
    for policy in policies.matching(repository) {
        let Action::Require(required) = &policy.action else { continue };
        let Some(rule) = required.signers().iter().find(|rule| rule.name == signer) else { continue };
        let not_the_first = || PoliciesError::NotTheFirst {
            policy: escape_untrusted(&policy.name),
            signer: escape_untrusted(signer),
        };
        if matches!(rule.role, Role::Countersigns(_)) {
            return Err(not_the_first());
        }
        let mut single = Requirements::new(vec![rule.clone()]).map_err(|_| not_the_first())?;
        single.signature_repositories = required.signature_repositories.clone();
        single.signed_for = required.signed_for.clone();
        single.revoked = required.revoked.clone();
        let action = Action::Require(single);
        alone.push(Policy { action, mode: Mode::Enforce, ..policy.clone() });
    }
    match alone.is_empty() {
        true => Err(PoliciesError::NoBuildSigner {
            signer: escape_untrusted(signer),
            repository: repository.clone(),
        }),
        false => Ok(alone),
    }
}
