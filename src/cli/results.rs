//! The folder that Tekton reads results from: every file is opened before anything is asked or signed.

use std::fs::File;
use std::io::{ErrorKind, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::error::Failure;
use crate::flow::sign::Receipt;

/// Files that are open and not yet written.
pub(super) struct ResultFiles<const N: usize>([(PathBuf, File); N]);

impl<const N: usize> ResultFiles<N> {
    /// Opens the results `names` in `folder`.
    pub(super) fn open(folder: &Path, names: [&str; N]) -> Result<Self, Failure> {
        let mut files = Vec::with_capacity(N);
        for name in names {
            let path = folder.join(name);
            match File::create(&path) {
                Ok(file) => files.push((path, file)),
                Err(error) => return Err(unwritable(&path, &error)),
            }
        }
        files.try_into().map(Self).map_err(|_| Failure::usage("--results-dir cannot be used"))
    }

    /// Writes them, in the order of their names, in place of what they hold.
    pub(super) fn write(&mut self, contents: [&str; N]) -> Result<(), Failure> {
        for ((path, file), content) in self.0.iter_mut().zip(contents) {
            overwrite(file, content.as_bytes()).map_err(|error| unwritable(path, &error))?;
        }
        Ok(())
    }
}

/// Makes `content` all that the file holds. Pipes and devices hold nothing.
pub(super) fn overwrite(file: &mut File, content: &[u8]) -> std::io::Result<()> {
    if file.metadata()?.is_file() {
        file.set_len(0)?;
        file.rewind()?;
    }
    file.write_all(content)
}

/// Removes a result that an earlier run may have left in `folder`.
pub(super) fn remove_stale(folder: &Path, name: &str) -> Result<(), Failure> {
    let path = folder.join(name);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritable(&path, &error)),
        _ => Ok(()),
    }
}

/// The results of a command that signs.
pub(super) struct SignedResults(ResultFiles<2>);

impl SignedResults {
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        ResultFiles::open(folder, ["SIGNED_REF", "SIGNED_DIGEST"]).map(Self)
    }

    /// Names what was signed last: the image asked about, or the one platform of it that was meant.
    pub(super) fn write(mut self, last: &Receipt) -> Result<(), Failure> {
        self.0.write([&last.reference, &last.digest.to_string()])
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = crate::model::escape_untrusted(&path.to_string_lossy());
    Failure::usage(format!("the result file {shown} cannot be written")).because(error).hint(
        "--results-dir names a folder that is there and that the user who runs the command may write into",
    )
}
