//! Files and folders that people name, read within bounds and on a thread that may wait: what is named may be a
//! pipe that nobody writes to, and the command's time limit holds there too.

use std::collections::HashSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::error::Failure;
use crate::local::files::{read_public, shown};

/// Standard input, where a command reads it.
pub(super) const STANDARD_INPUT: &str = "-";
/// The option of paths that are given without one.
pub(super) const ARGUMENT: &str = "";
/// Endings of the files that are read in a folder.
const ENDINGS: [&str; 3] = [".yaml", ".yml", ".json"];
/// Most files that an option names, and how deep folders may nest.
const FILES_LIMIT: usize = 10_000;
const DEPTH_LIMIT: usize = 32;
/// Most entries of folders that are looked at for them.
const ENTRIES_LIMIT: usize = 100_000;
/// Most bytes that all files of an option may hold together: the manifests of a large cluster hold a tenth.
const TOTAL_LIMIT: usize = 256 << 20;

/// Option of the manifests. Whoever writes them need not be trusted, so a folder of them is read as `kubectl` reads it,
/// and nothing that would be applied is left out.
pub(super) const MANIFESTS: &str = "--manifest";
/// Option of the policies.
pub(super) const POLICIES: &str = "--policy";

/// A file that an option names, and its bytes.
pub(super) struct NamedFile {
    /// The path as it was given, or below the folder that was given.
    pub(super) path: PathBuf,
    /// The path to be shown; escaped.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
}

/// Does `work` on a thread that may wait.
pub(super) async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Failure::undecided("a file could not be read or opened").because(error)))
}

/// The bytes of the one file that an option names.
pub(super) async fn option_file(
    option: &'static str,
    path: &Path,
    limit: usize,
) -> Result<NamedFile, Failure> {
    let path = path.to_path_buf();
    waiting(move || file(option, path, limit)).await
}

/// What `read` makes of the files that an option names: each path itself, or where it is a folder the YAML and JSON
/// files below it, by name. Each is read once, however often it is named, and one after the other. A folder without
/// any is an error: somebody means it to hold some.
pub(super) async fn option_files<T: Send + 'static>(
    option: &'static str,
    paths: &[PathBuf],
    limit: usize,
    read: impl FnMut(NamedFile) -> Result<T, Failure> + Send + 'static,
) -> Result<Vec<T>, Failure> {
    let paths = paths.to_vec();
    waiting(move || files(option, &paths, (limit, TOTAL_LIMIT), read)).await
}

/// The files' paths, each once.
pub(super) fn option_paths(option: &'static str, paths: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut search = Search { option, found: Vec::new(), named: 0, seen: HashSet::new(), entries: 0 };
    for path in paths {
        search.path(path)?;
    }
    Ok(search.found)
}

/// The path that all spellings of it and links to it have in common; pipes have none but their own.
pub(super) fn canonical(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// `limits` are those of one file and of all.
fn files<T>(
    option: &'static str,
    paths: &[PathBuf],
    limits: (usize, usize),
    mut read: impl FnMut(NamedFile) -> Result<T, Failure>,
) -> Result<Vec<T>, Failure> {
    let (limit, mut left) = limits;
    let mut done = Vec::new();
    for path in option_paths(option, paths)? {
        let file = file(option, path, limit)?;
        left = left.checked_sub(file.bytes.len()).ok_or_else(|| {
            Failure::usage(format!("{} cannot be read", named(option, &file.path)))
                .because(format!("with the files before it, it is more than {} bytes", limits.1))
                .hint(FEWER)
        })?;
        done.push(read(file)?);
    }
    Ok(done)
}

fn file(option: &str, path: PathBuf, limit: usize) -> Result<NamedFile, Failure> {
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    let read = match path.as_os_str() == STANDARD_INPUT {
        true => read_public(io::stdin().lock(), limit),
        false => File::open(&path).and_then(|file| read_public(file, limit)),
    };
    let name = shown(&path);
    match read {
        Ok(bytes) => Ok(NamedFile { path, name, bytes }),
        Err(error) => Err(unreadable(option, &path, &error)),
    }
}

/// A search for files, in folders too.
struct Search {
    option: &'static str,
    found: Vec<PathBuf>,
    /// How often something was found, even if it was known.
    named: usize,
    /// Canonical paths of files and folders. Links could lead to one folder in more ways than can be gone.
    seen: HashSet<PathBuf>,
    entries: usize,
}

impl Search {
    fn path(&mut self, path: &Path) -> Result<(), Failure> {
        if !path.is_dir() {
            return self.file(path.to_path_buf());
        }
        let before = self.named;
        self.folder(path, 0)?;
        match self.named == before {
            true => Err(Failure::usage(format!("{}: nothing to read", named(self.option, path)))
                .because("the folder holds no file that ends in .yaml, .yml or .json")
                .hint("check the path, or leave the folder out")),
            false => Ok(()),
        }
    }

    fn is_new(&mut self, path: &Path) -> bool {
        self.named += 1;
        self.seen.insert(canonical(path))
    }

    fn file(&mut self, path: PathBuf) -> Result<(), Failure> {
        if self.found.len() == FILES_LIMIT {
            return Err(self.too_much(&path, &format!("more than {FILES_LIMIT} files")));
        }
        if self.is_new(&path) {
            self.found.push(path);
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), Failure> {
        if depth > DEPTH_LIMIT {
            return Err(self.too_much(folder, &format!("folders nested over {DEPTH_LIMIT} deep")));
        }
        if !self.seen.insert(canonical(folder)) {
            self.named += 1;
            return Ok(());
        }
        for path in self.entries(folder)? {
            if path.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if has_ending(&path) {
                self.file(path)?;
            }
        }
        Ok(())
    }

    /// The entries of a folder, by name. Kubernetes keeps what it mounts below names that begin with two dots, and links
    /// to it: they come last, so that a file is known by its plain name, and of policies, which may be between two
    /// versions, they do not count.
    fn entries(&mut self, folder: &Path) -> Result<Vec<PathBuf>, Failure> {
        let failed = |error: &io::Error| unreadable(self.option, folder, error);
        let mut entries = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(|error| failed(&error))? {
            let name = entry.map_err(|error| failed(&error))?.file_name();
            if self.entries == ENTRIES_LIMIT {
                return Err(self.too_much(folder, &format!("more than {ENTRIES_LIMIT} entries")));
            }
            self.entries += 1;
            let of_a_mount = name.as_encoded_bytes().starts_with(b"..");
            if !of_a_mount || self.option != POLICIES {
                entries.push((of_a_mount, folder.join(name)));
            }
        }
        entries.sort();
        Ok(entries.into_iter().map(|(_, path)| path).collect())
    }

    fn too_much(&self, path: &Path, what: &str) -> Failure {
        Failure::usage(format!("{} cannot be read", named(self.option, path))).because(what).hint(FEWER)
    }
}

/// Whether a file is read in a folder. A name that is nothing but an ending counts, as it does for `kubectl`.
fn has_ending(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    ENDINGS.iter().any(|ending| name.ends_with(ending.as_bytes()))
}

/// What to try where there is too much.
const FEWER: &str = "name the files that are meant, or call the command several times";

/// A path as it was given: with its option, if it has one.
fn named(option: &str, path: &Path) -> String {
    match option {
        ARGUMENT => shown(path),
        option => format!("{option} {}", shown(path)),
    }
}

fn unreadable(option: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::usage(format!("{} cannot be read", named(option, path))).because(error).hint(
        match error.kind() {
            io::ErrorKind::NotFound => "check the path; it starts from the folder that the command runs in",
            io::ErrorKind::PermissionDenied => "let the user that runs the command read it",
            io::ErrorKind::IsADirectory => "name a file; here a folder is none",
            io::ErrorKind::FileTooLarge => {
                "check that it is the file that is meant: none of this kind is that large"
            }
            _ => "check that the path names a file, and that it can be read",
        },
    )
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn bytes(file: NamedFile) -> Result<usize, Failure> {
        Ok(file.bytes.len())
    }

    #[test]
    fn all_files_together_are_bounded() {
        let folder = std::env::temp_dir().join(format!("countersign-files-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["a.yaml", "b.yaml", "c.yaml"] {
            std::fs::write(folder.join(name), "12345").unwrap();
        }
        let paths = [folder.clone()];
        let enough = files(MANIFESTS, &paths, (5, 15), bytes);
        let too_much = files(MANIFESTS, &paths, (5, 14), bytes);
        let _ = std::fs::remove_dir_all(&folder);
        assert_eq!(enough.unwrap(), [5, 5, 5]);
        let failure = too_much.unwrap_err();
        assert!(failure.message.contains("c.yaml cannot be read"), "{failure:?}");
        assert_eq!(failure.cause.unwrap(), "with the files before it, it is more than 14 bytes");
    }
}
