//! Manifests that options name: read, pinned, written back.

use std::collections::HashSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::error::Failure;
use super::files::{NamedFile, STANDARD_INPUT, option_files};
use super::report::Use;
use crate::flow::gate::Asked;
use crate::model::Digest;
use crate::workload::{ImageUse, Manifests, ReadOptions, SIZE_LIMIT, WorkloadError, read};

/// A file with manifests.
pub(super) struct ManifestFile {
    path: PathBuf,
    name: String,
    manifests: Manifests,
}

/// Reads the files and folders `paths`; `-` is standard input.
pub(super) fn manifest_files(paths: &[PathBuf], options: &ReadOptions) -> Result<Vec<ManifestFile>, Failure> {
    let files = option_files("--manifest", paths, SIZE_LIMIT)?;
    files
        .into_iter()
        .map(|NamedFile { path, name, bytes }| match read(&bytes, options) {
            Ok(manifests) => Ok(ManifestFile { path, name, manifests }),
            Err(error) => Err(refused(&name, &error)),
        })
        .collect()
}

fn refused(name: &str, error: &WorkloadError) -> Failure {
    Failure::usage(format!("{name}: {error}"))
        .hint("docs/gitops.md says what is read, and what is refused because readers of YAML differ on it")
}

impl ManifestFile {
    /// The images, each with its namespace or else `namespace`, and where it stands.
    pub(super) fn images(&self, namespace: Option<&str>) -> impl Iterator<Item = (Asked, Use)> {
        let known = namespace.map(str::to_owned);
        self.manifests.images().iter().map(move |image| {
            let namespace = image.object.namespace.clone().or_else(|| known.clone());
            (Asked { image: image.image.clone(), namespace }, self.used(image))
        })
    }

    fn used(&self, image: &ImageUse) -> Use {
        Use {
            file: self.name.clone(),
            line: image.place.line,
            object: image.object.to_string(),
            path: image.path.clone(),
        }
    }

    /// The text with the digests that `digest` gives.
    pub(super) fn pinned(&self, digest: impl Fn(&ImageUse) -> Option<Digest>) -> Result<String, Failure> {
        self.manifests.pin(digest).map_err(|error| refused(&self.name, &error))
    }

    /// Whether it can be written back.
    pub(super) fn is_a_file(&self) -> bool {
        self.path.as_os_str() != STANDARD_INPUT
    }

    /// The file's path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file's name, to be shown.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The text as it was read.
    pub(super) fn text(&self) -> &str {
        self.manifests.text()
    }
}

/// Replaces files by new texts, all or none: every new text stands beside its file before the first is renamed, and
/// what was renamed is put back if another cannot be.
pub(super) fn replace_all(files: &[(&ManifestFile, String)]) -> Result<(), Failure> {
    // A file may be named twice: itself and by its folder, or by a link.
    let mut seen = HashSet::new();
    let changed = files.iter().filter(|(file, text)| file.text() != text.as_str());
    let changed: Vec<_> = changed.filter(|(file, _)| seen.insert(target(file.path()))).collect();
    let mut beside = Vec::with_capacity(changed.len());
    for (file, text) in &changed {
        match written_beside(file.path(), text) {
            Ok(path) => beside.push(path),
            Err(error) => {
                remove(&beside);
                return Err(unwritable(file, &error));
            }
        }
    }
    for (number, ((file, _), new)) in changed.iter().zip(&beside).enumerate() {
        if let Err(error) = std::fs::rename(new, target(file.path())) {
            remove(&beside[number..]);
            put_back(&changed[..number]);
            return Err(unwritable(file, &error));
        }
    }
    Ok(())
}

/// The file that a link leads to, so that the link stays one.
fn target(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

/// Writes `text` into a new file in the folder of `path`, with its permissions.
fn written_beside(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let target = target(path);
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let new = target.with_file_name(format!(".{name}.countersign-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&new)?;
    let written = file
        .set_permissions(std::fs::metadata(&target)?.permissions())
        .and_then(|()| file.write_all(text.as_bytes()))
        .and_then(|()| file.sync_all());
    match written {
        Ok(()) => Ok(new),
        Err(error) => {
            remove(&[new]);
            Err(error)
        }
    }
}

/// What is left behind after a failure is of no use; that it stays harms nothing.
fn remove(paths: &[PathBuf]) {
    for path in paths {
        let _ = std::fs::remove_file(path);
    }
}

/// The old text is still known; if it cannot be written either, the first failure is what is told.
fn put_back(files: &[&(&ManifestFile, String)]) {
    for (file, _) in files {
        let _ = std::fs::write(file.path(), file.text());
    }
}

fn unwritable(file: &ManifestFile, error: &std::io::Error) -> Failure {
    Failure::usage(format!("{} cannot be written; no file was changed", file.name())).because(error)
}
