//! Manifests that options name: read, pinned, written back.

use std::fs::File;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use super::error::Failure;
use super::files::{MANIFESTS, NamedFile, STANDARD_INPUT, canonical, option_files};
use super::report::Use;
use crate::flow::gate::Asked;
use crate::local::files::read_public;
use crate::model::Digest;
use crate::policy::Resource;
use crate::workload::{ImageUse, Manifests, ObjectName, ReadOptions, SIZE_LIMIT, WorkloadError, read};

/// A file with manifests.
pub(super) struct ManifestFile {
    path: PathBuf,
    name: String,
    manifests: Manifests,
}

/// Reads the files and folders `paths`; `-` is standard input.
pub(super) async fn manifest_files(
    paths: &[PathBuf],
    options: ReadOptions,
) -> Result<Vec<ManifestFile>, Failure> {
    let manifests = move |NamedFile { path, name, bytes }| match read(&bytes, &options) {
        Ok(manifests) => Ok(ManifestFile { path, name, manifests }),
        Err(error) => Err(refused(&name, &error)),
    };
    option_files(MANIFESTS, paths, SIZE_LIMIT, manifests).await
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
            let object = Some(resource(&image.object));
            (Asked { image: image.image.clone(), namespace, object }, self.used(image))
        })
    }

    fn used(&self, image: &ImageUse) -> Use {
        Use {
            file: self.name.clone(),
            on_disk: self.path.clone(),
            line: image.place.line,
            object: image.object.to_string(),
            path: image.path.clone(),
            columns: self.columns(image),
        }
    }

    fn columns(&self, image: &ImageUse) -> Option<(u64, u64)> {
        let written = self.text().get(image.span.clone()).filter(|text| !text.contains('\n'))?;
        let width = u64::try_from(written.chars().count()).ok()?;
        Some((image.place.column, image.place.column + width))
    }

    /// The text with the digests that `digest` gives.
    pub(super) fn pinned(&self, digest: impl Fn(&ImageUse) -> Option<Digest>) -> Result<String, Failure> {
        self.manifests.pin(digest).map_err(|error| refused(&self.name, &error))
    }

    /// Whether it can be written back.
    pub(super) fn is_a_file(&self) -> bool {
        self.path.as_os_str() != STANDARD_INPUT && self.path.is_file()
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

/// The object as policies ask for it.
fn resource(object: &ObjectName) -> Resource {
    let ObjectName { group, version, kind, labels, .. } = object.clone();
    Resource { group, version, kind, labels }
}

/// Replaces files by new texts, all or none: every new text stands beside its file, and every file is seen to be as
/// it was read, before the first is renamed; and what was renamed is put back if another cannot be.
pub(super) fn replace_all(files: &[(&ManifestFile, String)]) -> Result<(), Failure> {
    let changed: Vec<_> = files.iter().filter(|(file, text)| file.text() != text.as_str()).collect();
    let mut beside = Vec::with_capacity(changed.len());
    for (file, text) in &changed {
        match written_beside(file.path(), text) {
            Ok(path) => beside.push(path),
            Err(error) => {
                remove(&beside);
                return Err(unwritable(file, &error, &[]));
            }
        }
    }
    if let Some(failure) = changed.iter().find_map(|(file, _)| edited(file)) {
        remove(&beside);
        return Err(failure);
    }
    for (number, ((file, _), new)) in changed.iter().zip(&beside).enumerate() {
        if let Err(error) = std::fs::rename(new, canonical(file.path())) {
            remove(&beside[number..]);
            let renamed: Vec<_> = changed[..number].iter().map(|(file, _)| *file).collect();
            return Err(unwritable(file, &error, &put_back(&renamed)));
        }
    }
    Ok(())
}

/// What is wrong with a file that no longer holds what was decided on.
fn edited(file: &ManifestFile) -> Option<Failure> {
    let text = file.text().as_bytes();
    let limit = u64::try_from(text.len()).unwrap_or(u64::MAX);
    match File::open(file.path()).and_then(|file| read_public(file, limit)) {
        Ok(bytes) if bytes == text => None,
        Err(error) if error.kind() != ErrorKind::FileTooLarge => Some(unwritable(file, &error, &[])),
        _ => Some(
            Failure::usage(format!(
                "{} was changed meanwhile; no file was changed by this command",
                file.name()
            ))
            .because("it no longer holds the images that were decided on")
            .hint("run the command again"),
        ),
    }
}

/// Writes `text` into a new file in the folder of `path`, with its permissions. A link stays one: the file that it
/// leads to is meant.
fn written_beside(path: &Path, text: &str) -> std::io::Result<PathBuf> {
    let target = canonical(path);
    let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let new = target.with_file_name(format!(".{name}.countersign-{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(&new)?;
    let written = std::fs::metadata(&target)
        .and_then(|old| file.set_permissions(old.permissions()))
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

/// Gives files their old texts again; the names of those that could not get theirs.
fn put_back<'a>(files: &[&'a ManifestFile]) -> Vec<&'a str> {
    let restored = |file: &ManifestFile| {
        let old = written_beside(file.path(), file.text())?;
        std::fs::rename(&old, canonical(file.path())).inspect_err(|_| remove(&[old]))
    };
    files.iter().filter(|file| restored(file).is_err()).map(|file| file.name()).collect()
}

/// Why `file` could not be replaced; `left` are the names of files that hold their new texts now.
fn unwritable(file: &ManifestFile, error: &std::io::Error, left: &[&str]) -> Failure {
    let failure = |message: String| Failure::usage(message).because(error);
    match left.is_empty() {
        true => failure(format!("{} cannot be written; no file was changed", file.name())).hint(
            "let the user that runs the command write into its folder, or print the manifests with --pin",
        ),
        false => failure(format!(
            "{} cannot be written; changed all the same, and not put back: {}",
            file.name(),
            left.join(", ")
        ))
        .hint("put these files back from where they are kept, or run the command again"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    /// A new folder with files of that text.
    fn folder(name: &str, files: &[&str]) -> (PathBuf, Vec<ManifestFile>) {
        let folder = std::env::temp_dir().join(format!("countersign-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let written = files.iter().map(|name| {
            let path = folder.join(name);
            std::fs::write(&path, "a: 1\n").unwrap();
            let manifests = read(b"", &ReadOptions::default()).unwrap();
            ManifestFile { path, name: (*name).to_owned(), manifests }
        });
        let written = written.collect();
        (folder, written)
    }

    #[test]
    fn if_a_file_was_edited_meanwhile_none_is_changed() {
        let (folder, files) = folder("edited", &["a.yaml", "b.yaml"]);
        // The first still holds what was read, which is nothing.
        std::fs::write(folder.join("a.yaml"), "").unwrap();
        let texts: Vec<_> = files.iter().map(|file| (file, "pinned".to_owned())).collect();
        let failure = replace_all(&texts).unwrap_err();
        assert!(failure.message.starts_with("b.yaml was changed meanwhile"), "{failure:?}");
        let text = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!((text("a.yaml").as_str(), text("b.yaml").as_str()), ("", "a: 1\n"));
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 2);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn files_that_cannot_be_put_back_are_named() {
        let (folder, files) = folder("back", &["a.yaml", "b.yaml", "c.yaml"]);
        std::fs::remove_file(folder.join("b.yaml")).unwrap();
        let [a, b, c] = &files[..] else { panic!("not three files") };
        let left = put_back(&[a, b]);
        assert_eq!(std::fs::read_to_string(folder.join("a.yaml")).unwrap(), "");
        let failure = unwritable(c, &std::io::ErrorKind::StorageFull.into(), &left);
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!(
            failure.message,
            "c.yaml cannot be written; changed all the same, and not put back: b.yaml"
        );
    }
}
