//! Policies that options name: read, their keys fetched.

use std::path::{Path, PathBuf};

use super::error::Failure;
use super::files::{NamedFile, POLICIES, option_files};
use crate::flow::policies::{PoliciesError, PolicyFile, policy_set};
use crate::model::yaml::SIZE_LIMIT;
use crate::policy::{Documents, Mode, PolicySet, documents};
use crate::signer::Keyring;

/// The policies in the files and folders `paths` of `option`, whose keys are still to be fetched.
pub(super) async fn policy_files(
    option: &'static str,
    paths: &[PathBuf],
) -> Result<Vec<PolicyFile>, Failure> {
    option_files(option, paths, SIZE_LIMIT, |file| policy_file(file).map_err(Failure::from)).await
}

fn policy_file(file: NamedFile) -> Result<PolicyFile, PoliciesError> {
    let NamedFile { path, name, bytes } = file;
    match documents(&bytes) {
        Ok(Documents { drafts, installation }) => {
            let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
            Ok(PolicyFile { name, folder, drafts, installation })
        }
        Err(cause) => Err(PoliciesError::Written { file: name, cause }),
    }
}

/// A policy of a run, and where it stands; to be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Loaded {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) file: String,
}

/// The policies of `set`, each with the file of `owners`, pairs of a policy's name and a file's.
fn loaded(set: &PolicySet, owners: &[(String, String)]) -> Vec<Loaded> {
    let each = set.policies().iter().map(|policy| {
        let owner = owners.iter().find(|(name, _)| *name == policy.name);
        let file = owner.map(|(_, file)| file.clone()).unwrap_or_default();
        Loaded { name: policy.name.clone(), mode: policy.mode, file }
    });
    each.collect()
}

/// The policies in the files and folders `paths` of `--policy`.
pub(super) async fn policies(paths: &[PathBuf], keyring: &dyn Keyring) -> Result<PolicySet, Failure> {
    Ok(loaded_policies(paths, keyring).await?.0)
}

/// The same, and where each stands.
pub(super) async fn loaded_policies(
    paths: &[PathBuf],
    keyring: &dyn Keyring,
) -> Result<(PolicySet, Vec<Loaded>), Failure> {
    let files = policy_files(POLICIES, paths).await?;
    let owner = |file: &PolicyFile| {
        let file_name = file.name.clone();
        let names = file.drafts.iter().map(|draft| draft.name().to_owned());
        names.map(move |name| (name, file_name.clone())).collect::<Vec<_>>()
    };
    let owners: Vec<(String, String)> = files.iter().flat_map(owner).collect();
    let set = policy_set(keyring, files).await?;
    let loaded = loaded(&set, &owners);
    Ok((set, loaded))
}

impl From<PoliciesError> for Failure {
    fn from(error: PoliciesError) -> Self {
        let message = error.to_string();
        match error {
            PoliciesError::Key { cause, .. } => {
                let hint = cause.hint();
                let failure = match cause.is_undecided() {
                    true => Self::undecided(message),
                    false => Self::usage(message),
                };
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            PoliciesError::Written { .. } | PoliciesError::Reference { .. } => Self::usage(message).hint(
                "docs/policy.md lists every field; `countersign policy schema` prints them for an editor",
            ),
            PoliciesError::Set(_) => {
                Self::usage(message).hint("--policy names files, and folders with files, that hold policies")
            }
            PoliciesError::NoBuildSigner { .. } => Self::usage(message)
                .hint("`countersign policy explain IMAGE --policy FILE` says which signers an image needs"),
            PoliciesError::SameName { .. } | PoliciesError::NotTheFirst { .. } => Self::usage(message),
        }
    }
}
