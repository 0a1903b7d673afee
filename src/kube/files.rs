//! Bounded reading of the files that a kubeconfig consists of and names.

use std::path::Path;

use zeroize::Zeroizing;

use crate::local::files;
pub(super) use crate::local::files::shown;
use crate::signer::cluster::ClusterError;

/// Largest kubeconfig, certificate, key or token file, in bytes.
const FILE_LIMIT: u64 = 4 << 20;

/// The bytes of the file at `path`; `None` if there is none.
pub(super) async fn find(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, ClusterError> {
    let found = files::find_bounded(path.to_path_buf(), FILE_LIMIT).await;
    found.map_err(|error| unreadable(path, &error.to_string()))
}

/// The bytes of a file that something else names.
pub(super) async fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ClusterError> {
    find(path).await?.ok_or_else(|| unreadable(path, "it is not there"))
}

fn unreadable(path: &Path, reason: &str) -> ClusterError {
    ClusterError::Configuration(format!("{}: {reason}", shown(path)))
}
