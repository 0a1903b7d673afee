//! Reading of files with a bound on their size, and paths as they are shown.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::model::escape_untrusted;

/// Most files that are read of one folder.
const ENTRIES_LIMIT: usize = 1000;

/// The bytes of a file of at most `limit` bytes; they are wiped when dropped, since files hold passwords.
///
/// # Errors
/// The system's, or [`io::ErrorKind::FileTooLarge`].
pub(crate) fn read_bounded(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(limit);
    // Enough room from the start: growing would leave copies behind that are not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1));
    fill(file, limit, &mut bytes)?;
    Ok(bytes)
}

/// What `source` holds, of at most `limit` bytes and no secret: nothing is wiped.
///
/// # Errors
/// The system's, or [`io::ErrorKind::FileTooLarge`].
pub(crate) fn read_public(source: impl io::Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fill(source, limit, &mut bytes)?;
    Ok(bytes)
}

fn fill(source: impl io::Read, limit: u64, bytes: &mut Vec<u8>) -> io::Result<()> {
    source.take(limit + 1).read_to_end(bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes"))),
    }
}

/// As [`read_bounded`], on a thread that may wait (the path may be a pipe); `None` if there is no such file.
///
/// # Errors
/// The system's, or [`io::ErrorKind::FileTooLarge`].
pub(crate) async fn find_bounded(path: PathBuf, limit: u64) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let read = tokio::task::spawn_blocking(move || read_bounded(&path, limit));
    match read.await.map_err(io::Error::other)? {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The files of a folder in the order of their names, without what begins with two dots: Kubernetes keeps the versions
/// of a mounted object under such names.
///
/// # Errors
/// The system's; more than [`ENTRIES_LIMIT`] files.
pub(crate) fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b"..") && entry.path().is_file() {
            files.push(entry.path());
        }
        if files.len() > ENTRIES_LIMIT {
            return Err(io::Error::new(ErrorKind::FileTooLarge, format!("more than {ENTRIES_LIMIT} files")));
        }
    }
    files.sort();
    Ok(files)
}

/// A path as it is shown in errors.
pub(crate) fn shown(path: &Path) -> String {
    escape_untrusted(&path.to_string_lossy())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endless_file_is_refused() {
        let read = read_bounded(Path::new("/dev/zero"), 10);
        assert!(matches!(read, Err(e) if e.kind() == io::ErrorKind::FileTooLarge));
    }
}
