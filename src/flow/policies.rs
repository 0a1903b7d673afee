//! Policies and their keys: what is written down becomes what decides, once every key that it names was fetched.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;

use futures_util::{StreamExt as _, stream};

use crate::model::{ImageRef, PublicKey, Repository, escape_untrusted};
use crate::policy::{
    Action, Draft, DraftError, Installation, KeySource, Mode, OnExpiry, Policy, PolicySet, Requirements,
    Role, SetError, Spot,
};
use crate::signer::{KeyRef, KeyRefError, KeySourceError, Keyring, ObjectName};

/// Keys that are fetched at once.
const SIDE_BY_SIDE: usize = 8;

/// The policies of one file, whose keys are still to be fetched.
pub struct PolicyFile {
    /// The file's name, to be shown.
    pub name: String,
    /// The folder that paths of keys in it start from.
    pub folder: PathBuf,
    /// The policies that it holds.
    pub drafts: Vec<Draft>,
    /// What it says of the installation that they come from.
    pub installation: Installation,
}

/// Why there are no policies to decide by. Names are escaped.
#[derive(Debug, thiserror::Error)]
pub enum PoliciesError {
    /// A policy that makes no sense.
    #[error("{file}: {cause}")]
    Written {
        /// The file.
        file: String,
        /// Where in it, and why.
        cause: DraftError,
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
    let installation = installation(&files)?;
    let keys = fetched(keyring, &files).await?;
    let mut policies = Vec::new();
    for (file, keys) in files.into_iter().zip(keys) {
        for draft in file.drafts {
            let policy = draft.under(&installation).into_policy(&keys);
            let name = file.name.clone();
            policies.push(policy.map_err(|cause| PoliciesError::Written { file: name, cause })?);
        }
    }
    Ok(PolicySet::new(policies)?.under(&installation))
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

/// What all files together say of the installation.
///
/// # Errors
/// [`PoliciesError::Written`]: two say something of the same object, or one says something of nothing.
pub fn installation(files: &[PolicyFile]) -> Result<Installation, PoliciesError> {
    let mut all = Installation::default();
    let drafts = || files.iter().flat_map(|file| &file.drafts);
    for file in files {
        let joined = file.installation.is_of(drafts()).and_then(|()| all.join(file.installation.clone()));
        joined.map_err(|cause| PoliciesError::Written { file: file.name.clone(), cause })?;
    }
    Ok(all)
}

/// The keys of one file's policies, by where the file says they are.
type FileKeys = BTreeMap<KeySource, PublicKey>;

/// A key that a policy names: the file's number, where it stands there, and where the key is.
struct NamedKey<'a> {
    file: usize,
    spot: &'a Spot,
    source: &'a KeySource,
    reference: KeyRef,
}

/// The keys that the policies name, file by file; each is fetched once, however many name it.
async fn fetched(keyring: &dyn Keyring, files: &[PolicyFile]) -> Result<Vec<FileKeys>, PoliciesError> {
    let named = named_keys(files)?;
    let distinct: HashSet<&KeyRef> = named.iter().map(|key| &key.reference).collect();
    let mut keys: HashMap<&KeyRef, Result<PublicKey, KeySourceError>> = stream::iter(distinct)
        .map(|reference| async move { (reference, keyring.public_key(reference).await) })
        .buffer_unordered(SIDE_BY_SIDE)
        .collect()
        .await;
    // Bad input comes before what could not be asked: asking again would not mend it.
    let failed = |undecided: bool| {
        let fails = |key: &&NamedKey| matches!(keys.get(&key.reference), Some(Err(cause)) if cause.is_undecided() == undecided);
        named.iter().find(fails)
    };
    if let Some(NamedKey { file, spot, reference, .. }) = failed(false).or_else(|| failed(true))
        && let (Some(file), Some(Err(cause))) = (files.get(*file), keys.remove(reference))
    {
        let (file, spot, cause) = (file.name.clone(), Box::new((*spot).clone()), Box::new(cause));
        return Err(PoliciesError::Key { file, spot, cause });
    }
    let mut by_file = vec![FileKeys::new(); files.len()];
    for NamedKey { file, source, reference, .. } in &named {
        if let (Some(own), Some(Ok(key))) = (by_file.get_mut(*file), keys.get(reference)) {
            own.insert((*source).clone(), key.clone());
        }
    }
    Ok(by_file)
}

fn named_keys(files: &[PolicyFile]) -> Result<Vec<NamedKey<'_>>, PoliciesError> {
    let mut named = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for (spot, source) in file.drafts.iter().flat_map(Draft::key_sources) {
            let reference = reference(file, source).map_err(|cause| PoliciesError::Reference {
                file: file.name.clone(),
                spot: Box::new(spot.clone()),
                cause: Box::new(cause),
            })?;
            named.push(NamedKey { file: number, spot, source, reference });
        }
    }
    Ok(named)
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

/// What the policies that speak of `image` say of the build signature: each with that signer alone, and enforced, since
/// nothing is signed a second time on a warning. Where any one of several keys is enough there is no such signer.
///
/// # Errors
/// [`PoliciesError::NoBuildSigner`], [`PoliciesError::NotTheFirst`].
pub fn build_requirements(
    policies: &PolicySet,
    signer: &str,
    image: &ImageRef,
) -> Result<Vec<Policy>, PoliciesError> {
    let mut alone = Vec::new();
    for policy in policies.matching(image, None::<&str>) {
        let Action::Require(required) = &policy.action else { continue };
        let Some(rule) = required.signers().iter().find(|rule| rule.name == signer) else { continue };
        let not_the_first = || PoliciesError::NotTheFirst {
            policy: escape_untrusted(&policy.name),
            signer: escape_untrusted(signer),
        };
        if matches!(rule.role, Role::Countersigns(_)) {
            return Err(not_the_first());
        }
        let mut rule = rule.clone();
        if let Some(max_age) = &mut rule.max_age {
            max_age.on_expiry = OnExpiry::Deny;
        }
        let mut single = Requirements::new(vec![rule]).map_err(|_| not_the_first())?;
        single.signature_repositories = required.signature_repositories.clone();
        single.signed_for = required.signed_for.clone();
        single.revoked = required.revoked.clone();
        let action = Action::Require(single);
        alone.push(Policy { action, mode: Mode::Enforce, ..policy.clone() });
    }
    match alone.is_empty() {
        true => Err(PoliciesError::NoBuildSigner {
            signer: escape_untrusted(signer),
            repository: image.repository().clone(),
        }),
        false => Ok(alone),
    }
}
