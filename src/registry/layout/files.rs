//! Files: read within bounds, written whole or not at all, never through a link; and why that failed.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::model::escape_untrusted;
use crate::registry::{Kind, RegistryError};

/// What names of unfinished files begin with.
pub(super) const UNFINISHED: &str = ".countersign-";
/// How long a writer waits for the others; each holds the lock for one small file.
const LOCK_WAIT: Duration = Duration::from_secs(30);
/// How long between two looks at the lock.
const LOCK_LOOK: Duration = Duration::from_millis(5);
/// Names that are tried for an unfinished file: process identifiers repeat where containers share a folder.
const NAMES_TRIED: u32 = 10_000;

/// Why a file operation failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// Escaped.
    pub(super) reason: String,
}

impl Failure {
    /// The operating system's answer for `path`.
    pub(super) fn io(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::PermissionDenied => Kind::Forbidden,
            io::ErrorKind::ReadOnlyFilesystem => Kind::Refused,
            _ => Kind::Unreachable,
        };
        Self { kind, reason: escape_untrusted(&format!("{}: {error}", path.display())) }
    }

    pub(super) fn broken(reason: String) -> Self {
        Self { kind: Kind::Broken, reason }
    }

    pub(super) fn limit(reason: String) -> Self {
        Self { kind: Kind::Limit, reason }
    }

    pub(super) fn refused(reason: String) -> Self {
        Self { kind: Kind::Refused, reason }
    }

    /// The failure of a request.
    pub(super) fn of(self, request: String) -> RegistryError {
        RegistryError { kind: self.kind, request, reason: self.reason }
    }
}

/// Opens a regular file with its length; nothing where there is none. Anything else at that place (a pipe
/// would never end) is broken.
pub(super) fn open(path: &Path) -> Result<Option<(File, u64)>, Failure> {
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::io(path, &error)),
    };
    if !found.is_file() {
        return Err(Failure::broken(format!("{} is not a file", shown(path))));
    }
    let file = File::open(path).map_err(|error| Failure::io(path, &error))?;
    Ok(Some((file, found.len())))
}

/// The bytes of a file; nothing where there is none; an error of [`Kind::Limit`] beyond `limit` bytes.
pub(super) fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Failure> {
    let Some((file, length)) = open(path)? else { return Ok(None) };
    let too_large = || Failure::limit(format!("{} is larger than {limit} bytes", shown(path)));
    if length > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| Failure::io(path, &error))?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(Some(bytes)) }
}

/// Writes a file so that a reader sees it whole or not at all.
pub(super) fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let (mut file, unfinished) = Unfinished::begin(path)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(|e| Failure::io(&unfinished.path, &e))?;
    unfinished.finish()
}

/// A file that has not got its name yet; removed when dropped before that.
pub(super) struct Unfinished {
    path: PathBuf,
    target: PathBuf,
    finished: bool,
}

impl Unfinished {
    /// Makes a file beside `target`, to be written and synchronised before [`Unfinished::finish`].
    pub(super) fn begin(target: &Path) -> Result<(File, Self), Failure> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let mut last = io::Error::from(io::ErrorKind::AlreadyExists);
        for _ in 0..NAMES_TRIED {
            let number = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = target.with_file_name(format!("{UNFINISHED}{}-{number}", std::process::id()));
            match File::create_new(&path) {
                Ok(file) => return Ok((file, Self { path, target: target.to_path_buf(), finished: false })),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
                Err(error) => return Err(Failure::io(&path, &error)),
            }
        }
        Err(Failure::io(target, &last))
    }

    /// Gives the file its name. What was there before, a link too, is replaced and not written to.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        fs::rename(&self.path, &self.target).map_err(|error| Failure::io(&self.target, &error))?;
        self.finished = true;
        let folder = self.target.parent().unwrap_or(Path::new("."));
        File::open(folder).and_then(|f| f.sync_all()).map_err(|error| Failure::io(folder, &error))
    }

    /// Where it lies for now.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.finished {
            // Nothing points at it, so one that stays takes space and does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Makes a folder that is not there yet; what is there must be a folder and not a link to one.
pub(super) fn make_folder(path: &Path) -> Result<(), Failure> {
    match fs::create_dir(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(Failure::io(path, &error)),
        _ => require_own_folder(path),
    }
}

/// Writing through a link could change files anywhere.
pub(super) fn require_own_folder(path: &Path) -> Result<(), Failure> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => Ok(()),
        Ok(_) => Err(Failure::refused(format!(
            "{} is not a folder; nothing is written through links",
            shown(path)
        ))),
        Err(error) => Err(Failure::io(path, &error)),
    }
}

/// Waits for the lock at `path`. It is held until the file is dropped, at the latest by the end of the process.
pub(super) fn lock(path: &Path) -> Result<File, Failure> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Failure::refused(format!("{} is not a file", shown(path))));
    }
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(|error| Failure::io(path, &error))?;
    let begun = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::Error(error)) => return Err(Failure::io(path, &error)),
            Err(TryLockError::WouldBlock) if begun.elapsed() < LOCK_WAIT => std::thread::sleep(LOCK_LOOK),
            Err(TryLockError::WouldBlock) => {
                let waited = LOCK_WAIT.as_secs();
                let reason = format!("another writer has held {} for {waited} s", shown(path));
                return Err(Failure { kind: Kind::Unreachable, reason });
            }
        }
    }
}

/// A path as it is shown.
pub(super) fn shown(path: &Path) -> String {
    escape_untrusted(&path.to_string_lossy())
}
