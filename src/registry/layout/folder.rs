//! The folder of an image layout: what makes it one, where its parts lie, who may write.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use super::files::{self, Failure, Unfinished, shown};
use super::listing::Listed;
use crate::model::{Digest, MANIFEST_LIMIT, escape_untrusted, json};
use crate::registry::Kind;

/// The file that makes a folder an image layout, and what we write to it.
const MARK: &str = "oci-layout";
const MARK_TEXT: &[u8] = br#"{"imageLayoutVersion":"1.0.0"}"#;
/// The mark is a few bytes.
const MARK_LIMIT: u64 = 4 << 10;
const INDEX: &str = "index.json";
const EMPTY_INDEX: &[u8] =
    br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
const LOCK: &str = ".countersign.lock";

/// An image layout, or the place for one.
pub(super) struct Folder(PathBuf);

/// What lies at the place.
enum Found {
    Layout,
    /// Nothing, or what a writer left that was stopped while it made the layout.
    Vacant,
    /// Somebody's files.
    Foreign,
}

#[derive(Deserialize)]
struct Mark {
    #[serde(rename = "imageLayoutVersion")]
    version: String,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// A layout, if its mark is there.
    fn marked(&self) -> Result<Option<Found>, Failure> {
        match files::read(&self.0.join(MARK), MARK_LIMIT)? {
            Some(mark) => supported(&mark).map(|()| Some(Found::Layout)),
            None => Ok(None),
        }
    }

    fn found(&self) -> Result<Found, Failure> {
        if let Some(found) = self.marked()? {
            return Ok(found);
        }
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Vacant),
            Err(error) => return Err(Failure::io(&self.0, &error)),
        };
        let (mut empty, mut foreign) = (true, false);
        for entry in entries {
            let name = entry.map_err(|error| Failure::io(&self.0, &error))?.file_name();
            // Another writer has made the layout since the mark was looked for.
            if name == MARK {
                return self.marked().map(|found| found.unwrap_or(Found::Foreign));
            }
            empty = false;
            foreign |= !is_part(&name.to_string_lossy());
        }
        // The lock is made first: looked for last, it is seen if anything made after it was.
        let begun = fs::symlink_metadata(self.0.join(LOCK)).is_ok();
        Ok(if empty || begun && !foreign { Found::Vacant } else { Found::Foreign })
    }

    /// Whether there is a layout to read.
    fn require(&self) -> Result<(), Failure> {
        match self.found()? {
            Found::Layout => Ok(()),
            Found::Vacant => {
                let reason = format!("no image layout at {}", shown(&self.0));
                Err(Failure { kind: Kind::Vacant, reason })
            }
            Found::Foreign => Err(Failure::broken(self.is_foreign())),
        }
    }

    fn is_foreign(&self) -> String {
        format!("{} is no image layout (it has no file `{MARK}`), and it is not empty", shown(&self.0))
    }

    /// Makes the layout where there is none yet.
    pub(super) fn make(&self) -> Result<(), Failure> {
        match self.found()? {
            Found::Layout => return Ok(()),
            Found::Foreign => return Err(Failure::refused(self.is_foreign())),
            Found::Vacant => {}
        }
        fs::create_dir_all(&self.0).map_err(|error| Failure::io(&self.0, &error))?;
        let _lock = self.lock()?;
        match self.found()? {
            Found::Layout => Ok(()),
            Found::Foreign => Err(Failure::refused(self.is_foreign())),
            Found::Vacant => {
                files::make_folder(&self.0.join("blobs"))?;
                files::write(&self.0.join(INDEX), EMPTY_INDEX)?;
                files::write(&self.0.join(MARK), MARK_TEXT)
            }
        }
    }

    /// Keeps other writers away until it is dropped.
    pub(super) fn lock(&self) -> Result<File, Failure> {
        files::lock(&self.0.join(LOCK))
    }

    /// What `index.json` lists.
    pub(super) fn listing(&self) -> Result<Listed, Failure> {
        self.require()?;
        match files::read(&self.0.join(INDEX), MANIFEST_LIMIT)? {
            Some(bytes) => Listed::parse(&bytes),
            None => Err(Failure::broken(format!("{} has no {INDEX}", shown(&self.0)))),
        }
    }

    /// Replaces `index.json`; the lock is held.
    pub(super) fn write_listing(&self, listing: &Listed) -> Result<(), Failure> {
        let bytes = listing.to_bytes();
        match bytes.len() as u64 > MANIFEST_LIMIT {
            true => Err(Failure::limit(format!("{INDEX} would be larger than {MANIFEST_LIMIT} bytes"))),
            false => files::write(&self.0.join(INDEX), &bytes),
        }
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.0.join("blobs").join("sha256").join(digest.hex())
    }

    /// The blob's path; the folders it lies in are there and are the layout's own.
    fn writable_blob_path(&self, digest: &Digest) -> Result<PathBuf, Failure> {
        let blobs = self.0.join("blobs");
        files::make_folder(&blobs)?;
        files::make_folder(&blobs.join("sha256"))?;
        Ok(self.blob_path(digest))
    }

    /// The bytes of a blob, which match its digest.
    pub(super) fn blob(&self, digest: &Digest, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
        let Some(bytes) = files::read(&self.blob_path(digest), limit)? else {
            return self.require().map(|()| None);
        };
        match Digest::of(&bytes) == *digest {
            true => Ok(Some(bytes)),
            false => Err(Failure::broken(differs(digest))),
        }
    }

    /// The file of a blob; its bytes are not looked at.
    pub(super) fn open(&self, digest: &Digest) -> Result<Option<File>, Failure> {
        match files::open(&self.blob_path(digest))? {
            Some((file, _)) => Ok(Some(file)),
            None => self.require().map(|()| None),
        }
    }

    pub(super) fn has_blob(&self, digest: &Digest) -> Result<bool, Failure> {
        Ok(self.open(digest)?.is_some())
    }

    /// Stores a small blob; one whose bytes are not those of its digest is replaced.
    pub(super) fn store(&self, digest: &Digest, bytes: &[u8]) -> Result<(), Failure> {
        match self.blob(digest, bytes.len() as u64) {
            Ok(Some(_)) => Ok(()),
            _ => files::write(&self.writable_blob_path(digest)?, bytes),
        }
    }

    /// The file to write a blob to; nothing where the blob is there. Makes the layout.
    pub(super) fn begin_blob(&self, digest: &Digest) -> Result<Option<(File, Unfinished)>, Failure> {
        self.make()?;
        match self.has_blob(digest)? {
            true => Ok(None),
            false => Unfinished::begin(&self.writable_blob_path(digest)?).map(Some),
        }
    }
}

/// What is said of bytes that are not those of their digest.
pub(super) fn differs(digest: &Digest) -> String {
    format!("the bytes do not match {digest}")
}

fn is_part(name: &str) -> bool {
    matches!(name, LOCK | INDEX | "blobs") || name.starts_with(files::UNFINISHED)
}

fn supported(mark: &[u8]) -> Result<(), Failure> {
    match json::from_slice(mark) {
        Ok(Mark { version }) if version.starts_with("1.") => Ok(()),
        Ok(Mark { version }) => {
            let version: String = version.chars().take(64).collect();
            Err(Failure::broken(format!("an image layout of version `{}`", escape_untrusted(&version))))
        }
        Err(error) => Err(Failure::broken(format!("`{MARK}`: {error}"))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_layout_that_another_is_making_is_never_somebody_elses_files() {
        let root = std::env::temp_dir().join(format!("countersign-folder-{}", std::process::id()));
        for round in 0..100 {
            let folder = || Folder::new(root.join(round.to_string()));
            std::thread::scope(|scope| {
                let looking = scope.spawn(|| {
                    loop {
                        match folder().found().map_err(|failure| failure.reason).unwrap() {
                            Found::Layout => return true,
                            Found::Vacant => {}
                            Found::Foreign => return false,
                        }
                    }
                });
                folder().make().map_err(|failure| failure.reason).unwrap();
                assert!(looking.join().unwrap(), "round {round}");
            });
        }
        fs::remove_dir_all(root).unwrap();
    }
}
