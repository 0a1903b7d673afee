//! Reading of files with a bound on their size.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use zeroize::Zeroizing;

/// The bytes of a file of at most `limit` bytes; they are wiped when dropped, since files hold passwords.
///
/// # Errors
/// The system's, or [`io::ErrorKind::FileTooLarge`].
pub(super) fn read_bounded(path: &Path, limit: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(limit);
    // Enough room from the start: growing would leave copies behind that are not wiped.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1));
    file.take(limit + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        true => Ok(bytes),
        false => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes"))),
    }
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
