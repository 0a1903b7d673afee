//! A key pair in two files: `PREFIX.key` (mode 0600) and `PREFIX.pub` (0644). Each appears whole or not at
//! all, an existing one is replaced only on request, and a pair is never left half.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use aws_lc_rs::rand;

use crate::model::{PublicKey, escape_untrusted};
use crate::signer::cluster::Created;
use crate::signer::pair::{EncryptedPair, PairError, PairStore};
use crate::signer::{BoxFuture, KeySourceError};

/// Longest public key file, in bytes.
const PUBLIC_LIMIT: u64 = 64 << 10;
const PRIVATE_MODE: u32 = 0o600;
const PUBLIC_MODE: u32 = 0o644;

/// The pair `PREFIX.key`, `PREFIX.pub`.
#[derive(Debug, Clone)]
pub struct FilePair {
    private: PathBuf,
    public: PathBuf,
}

impl FilePair {
    /// The pair of files that begin with `prefix`, a path.
    pub fn new(prefix: &Path) -> Self {
        let with = |extension: &str| {
            let mut path = prefix.as_os_str().to_owned();
            path.push(extension);
            PathBuf::from(path)
        };
        Self { private: with(".key"), public: with(".pub") }
    }

    fn find_now(&self) -> Result<Option<PublicKey>, PairError> {
        let half = |present: &Path, absent: &Path| {
            Err(PairError::Half { present: shown(present), absent: shown(absent) })
        };
        match (present(&self.private)?, present(&self.public)?) {
            (false, false) => Ok(None),
            (true, false) => half(&self.private, &self.public),
            (false, true) => half(&self.public, &self.private),
            (true, true) => read_public(&self.public).map(Some),
        }
    }

    fn create_now(&self, private_pem: &str, public_pem: &str, replace: bool) -> Result<Created, PairError> {
        let private = Draft::write(&self.private, private_pem.as_bytes(), PRIVATE_MODE)?;
        let public = Draft::write(&self.public, public_pem.as_bytes(), PUBLIC_MODE)?;
        if replace {
            return replace_both(&private, &public).map(|()| Created::Now);
        }
        if !private.publish()? {
            return Ok(Created::AlreadyThere);
        }
        let published = public.publish();
        if !matches!(published, Ok(true)) {
            // The private key is this call's own, and nobody has its public half yet.
            let _ = fs::remove_file(&self.private);
        }
        match published? {
            true => Ok(Created::Now),
            false => Err(PairError::Exists(shown(&self.public))),
        }
    }
}

impl PairStore for FilePair {
    fn private_place(&self) -> String {
        shown(&self.private)
    }

    fn public_place(&self) -> String {
        shown(&self.public)
    }

    fn keeps_password(&self) -> bool {
        false
    }

    fn find(&self) -> BoxFuture<'_, Result<Option<PublicKey>, PairError>> {
        Box::pin(async move { self.find_now() })
    }

    fn create<'a>(
        &'a self,
        pair: &'a EncryptedPair,
        replace: bool,
    ) -> BoxFuture<'a, Result<Created, PairError>> {
        Box::pin(async move { self.create_now(&pair.private_pem, &pair.public.to_pem(), replace) })
    }

    /// Nothing to do: [`Self::find`] accepts whole pairs only.
    fn publish<'a>(&'a self, _: &'a PublicKey) -> BoxFuture<'a, Result<Created, PairError>> {
        Box::pin(async { Ok(Created::AlreadyThere) })
    }
}

/// A file written beside its target under a name of its own, and gone when dropped. What it holds of a private
/// key is encrypted.
struct Draft<'a> {
    path: PathBuf,
    target: &'a Path,
}

impl<'a> Draft<'a> {
    fn write(target: &'a Path, bytes: &[u8], mode: u32) -> Result<Self, PairError> {
        let failed = |error: std::io::Error| unwritable(target, &error.to_string());
        let path = sibling(target)?;
        let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path);
        let mut file = opened.map_err(failed)?;
        let draft = Self { path, target };
        file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)?;
        Ok(draft)
    }

    /// Gives the file its name unless that is taken; `false` if it is.
    fn publish(&self) -> Result<bool, PairError> {
        match fs::hard_link(&self.path, self.target) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            // File systems without hard links.
            Err(_) => self.publish_by_renaming(),
        }
    }

    /// Takes the name with an empty file, then puts the draft over it.
    fn publish_by_renaming(&self) -> Result<bool, PairError> {
        match OpenOptions::new().write(true).create_new(true).mode(PRIVATE_MODE).open(self.target) {
            Ok(_) => self.replace().map(|()| true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(unwritable(self.target, &error.to_string())),
        }
    }

    fn replace(&self) -> Result<(), PairError> {
        fs::rename(&self.path, self.target).map_err(|error| unwritable(self.target, &error.to_string()))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // Renamed ones are gone already.
        let _ = fs::remove_file(&self.path);
    }
}

/// Puts both in place; if the second cannot be, the first target is as it was.
fn replace_both(private: &Draft<'_>, public: &Draft<'_>) -> Result<(), PairError> {
    let kept = Draft { path: sibling(private.target)?, target: private.target };
    let had_one = match fs::hard_link(private.target, &kept.path) {
        Ok(()) => true,
        Err(error) if error.kind() == ErrorKind::NotFound => false,
        Err(error) => return Err(unwritable(private.target, &error.to_string())),
    };
    private.replace()?;
    let Err(error) = public.replace() else {
        return Ok(());
    };
    match had_one {
        true => kept.replace()?,
        false => {
            fs::remove_file(private.target).map_err(|error| unwritable(private.target, &error.to_string()))?
        }
    }
    Err(error)
}

/// A name that nobody else takes, in the same folder, so that linking and renaming are atomic.
fn sibling(target: &Path) -> Result<PathBuf, PairError> {
    let mut random = [0; 8];
    rand::fill(&mut random).map_err(|_| unwritable(target, "the system gave no random bytes"))?;
    let name = target.file_name().ok_or_else(|| unwritable(target, "it has no file name"))?;
    let name = format!(".{}.{:016x}", name.to_string_lossy(), u64::from_ne_bytes(random));
    Ok(target.with_file_name(name))
}

/// Whether something has that name; a dangling link is something.
fn present(path: &Path) -> Result<bool, PairError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(unwritable(path, &error.to_string())),
    }
}

fn read_public(path: &Path) -> Result<PublicKey, PairError> {
    use std::io::Read as _;
    let unreadable = |reason: String| KeySourceError::Unreadable { place: shown(path), reason };
    let file = fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    file.take(PUBLIC_LIMIT).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    let read = PublicKey::from_pem(&text);
    Ok(read.map_err(|cause| KeySourceError::Public { place: shown(path), cause })?)
}

fn shown(path: &Path) -> String {
    escape_untrusted(&path.to_string_lossy())
}

fn unwritable(path: &Path, reason: &str) -> PairError {
    PairError::File { path: shown(path), reason: reason.to_owned() }
}
