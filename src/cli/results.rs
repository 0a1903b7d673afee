//! The folder that Tekton reads results from: every file is opened before anything is asked or signed.

use std::fs::File;
use std::io::Write as _;
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

    /// Writes them, in the order of their names.
    pub(super) fn write(self, contents: [&str; N]) -> Result<(), Failure> {
        for ((path, mut file), content) in self.0.into_iter().zip(contents) {
            file.write_all(content.as_bytes()).map_err(|error| unwritable(&path, &error))?;
        }
        Ok(())
    }
}

/// The results of a command that signs.
pub(super) struct SignedResults(ResultFiles<2>);

impl SignedResults {
    pub(super) fn open(folder: &Path) -> Result<Self, Failure> {
        ResultFiles::open(folder, ["SIGNED_REF", "SIGNED_DIGEST"]).map(Self)
    }

    /// Names what was signed last: the image asked about, or the one platform of it that was meant.
    pub(super) fn write(self, last: &Receipt) -> Result<(), Failure> {
        self.0.write([&last.reference, &last.digest.to_string()])
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Failure {
    let shown = crate::model::escape_untrusted(&path.to_string_lossy());
    Failure::usage(format!("the result file {shown} cannot be written")).because(error)
}
