//! Key files, and folders with a secret's entries as Kubernetes and Tekton mount them. Entries are opened by
//! their names, so the `..data` folders beside them are never looked into.

use std::path::Path;

use zeroize::Zeroizing;

use crate::local::files::find_bounded;

use super::{missing, unreadable};
use crate::signer::KeySourceError;

/// Longest key file or variable, in bytes.
pub(super) const KEY_LIMIT: u64 = 64 << 10;

/// Whether `path` is a folder; what is not there is not.
pub(super) async fn is_folder(path: &Path) -> bool {
    tokio::fs::metadata(path).await.is_ok_and(|found| found.is_dir())
}

/// The file's bytes.
pub(super) async fn file(path: &Path, place: &str) -> Result<Zeroizing<Vec<u8>>, KeySourceError> {
    read(path, place).await?.ok_or_else(|| missing(place, "the file"))
}

/// The bytes of `name` in the folder; `None` if there is no such file.
pub(super) async fn entry(
    folder: &Path,
    place: &str,
    name: &str,
) -> Result<Option<Zeroizing<Vec<u8>>>, KeySourceError> {
    let unreadable_entry = |error| match error {
        KeySourceError::Unreadable { place, reason } => {
            KeySourceError::Unreadable { place, reason: format!("{name}: {reason}") }
        }
        other => other,
    };
    read(&folder.join(name), place).await.map_err(unreadable_entry)
}

async fn read(path: &Path, place: &str) -> Result<Option<Zeroizing<Vec<u8>>>, KeySourceError> {
    let found = find_bounded(path.to_path_buf(), KEY_LIMIT).await;
    found.map_err(|error| unreadable(place, &error.to_string()))
}
