//! Bounded reading of the files that a kubeconfig consists of and names.

use std::io::ErrorKind;
use std::path::Path;

use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use zeroize::Zeroizing;

use crate::model::escape_untrusted;
use crate::signer::cluster::ClusterError;

/// Largest kubeconfig, certificate, key or token file, in bytes.
const FILE_LIMIT: u64 = 4 << 20;

/// The bytes of the file at `path`; `None` if there is none.
pub(super) async fn find(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, ClusterError> {
    let failed = |error: std::io::Error| unreadable(path, &error.to_string());
    let file = match File::open(path).await {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let size = file.metadata().await.map_err(failed)?.len();
    let room = usize::try_from(size.min(FILE_LIMIT)).unwrap_or_default() + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).await.map_err(failed)?;
    if bytes.len() as u64 > FILE_LIMIT {
        return Err(unreadable(path, &format!("it exceeds {FILE_LIMIT} bytes")));
    }
    Ok(Some(bytes))
}

/// The bytes of a file that something else names.
pub(super) async fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, ClusterError> {
    find(path).await?.ok_or_else(|| unreadable(path, "it is not there"))
}

fn unreadable(path: &Path, reason: &str) -> ClusterError {
    ClusterError::Configuration(format!("{}: {reason}", shown(path)))
}

/// A path as it is shown in errors.
pub(super) fn shown(path: &Path) -> String {
    escape_untrusted(&path.to_string_lossy())
}
