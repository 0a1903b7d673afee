//! Files and folders that people name, read within bounds.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::error::Failure;
use crate::local::files::{read_bounded, shown};

/// Standard input, where a command reads it.
pub(super) const STANDARD_INPUT: &str = "-";
/// Endings of the files that are read in a folder.
const ENDINGS: [&str; 3] = ["yaml", "yml", "json"];
/// Most files below one folder, and how deep folders may nest.
const FILES_LIMIT: usize = 10_000;
const DEPTH_LIMIT: usize = 32;

/// A file that an option names, and its bytes.
pub(super) struct NamedFile {
    /// The path as it was given, or below the folder that was given.
    pub(super) path: PathBuf,
    /// The path to be shown; escaped.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// The bytes of the one file that an option names.
pub(super) fn option_file(option: &str, path: &Path, limit: usize) -> Result<NamedFile, Failure> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let read = match path.as_os_str() == STANDARD_INPUT {
        true => standard_input(limit),
        false => read_bounded(path, limit).map(|bytes| bytes.to_vec()),
    };
    let name = shown(path);
    match read {
        Ok(bytes) => Ok(NamedFile { path: path.to_path_buf(), name, bytes }),
        Err(error) => Err(unreadable(option, path, &error)),
    }
}

fn standard_input(limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().take(limit + 1).read_to_end(&mut bytes)?;
    match u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        true => Ok(bytes),
        false => Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {limit} bytes"))),
    }
}

/// The files that an option names: each path itself, or where it is a folder the YAML and JSON files below it, by
/// name. A folder without any is an error: somebody means it to hold some.
pub(super) fn option_files(option: &str, paths: &[PathBuf], limit: usize) -> Result<Vec<NamedFile>, Failure> {
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            let before = found.len();
            below(option, path, 0, &mut found)?;
            if found.len() == before {
                return Err(Failure::usage(format!("{option} {}: nothing to read", shown(path)))
                    .because("the folder holds no file that ends in .yaml, .yml or .json"));
            }
        } else {
            found.push(path.clone());
        }
    }
    found.iter().map(|path| option_file(option, path, limit)).collect()
}

fn below(option: &str, folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), Failure> {
    let too_much = || {
        Failure::usage(format!("{option} {} cannot be read", shown(folder)))
            .because(format!("more than {FILES_LIMIT} files, or folders nested over {DEPTH_LIMIT} deep"))
    };
    if depth > DEPTH_LIMIT {
        return Err(too_much());
    }
    let failed = |error: &io::Error| unreadable(option, folder, error);
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
        let name = entry.map_err(|error| failed(&error))?.file_name();
        // Kubernetes keeps what it mounts below such names, and links to it.
        if !name.to_string_lossy().starts_with("..") {
            entries.push(folder.join(name));
        }
    }
    entries.sort();
    for path in entries {
        let ending = path.extension().and_then(|ending| ending.to_str());
        if path.is_dir() {
            below(option, &path, depth + 1, found)?;
        } else if ending.is_some_and(|ending| ENDINGS.contains(&ending)) {
            found.push(path);
        }
        if found.len() > FILES_LIMIT {
            return Err(too_much());
        }
    }
    Ok(())
}

fn unreadable(option: &str, path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::usage(format!("{option} {} cannot be read", shown(path))).because(error);
    match error.kind() {
        io::ErrorKind::NotFound => {
            failure.hint("check the path; it starts from the folder that the command runs in")
        }
        _ => failure,
    }
}
