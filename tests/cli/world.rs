//! A folder with the images and keys of `transcripts/fixture`, and our binary in it.

use std::path::Path;

use crate::support::cli::{Countersign, Run};
use crate::support::temp::TempFolder;

/// The image `oci:app:1.0`.
pub(crate) const APP: &str =
    "oci:app@sha256:58ff39b02c8a918fbeb8c7e61c9c273100c2d164f4cb802560c6d4a1211fe139";
/// The folder that transcripts and tests work on copies of.
const FIXTURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli/transcripts/fixture");

/// A working folder of the test's own.
pub(crate) struct World {
    command: Countersign,
}

impl World {
    pub(crate) fn new() -> Self {
        let command = Countersign::new();
        copy_folder(Path::new(FIXTURE), command.home().path());
        Self { command }
    }

    pub(crate) fn home(&self) -> &TempFolder {
        self.command.home()
    }

    /// The command with the words of `line` as arguments; `''` is an empty one and `APP` the image.
    pub(crate) fn command(&self, line: &str) -> Countersign {
        let word = |word: &str| match word {
            "''" => String::new(),
            "APP" => APP.to_owned(),
            word => word.to_owned(),
        };
        self.command.clone().args(line.split_whitespace().map(word))
    }

    pub(crate) fn run(&self, line: &str) -> Run {
        self.command(line).run()
    }
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_folder(&entry.path(), &target),
            false => std::fs::write(target, std::fs::read(entry.path()).unwrap()).unwrap(),
        }
    }
}
