//! The bounds of an evaluation, set by the process on itself before it reads anything.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{MEMORY, TIME};

/// Files that may be open: the three that a process begins with.
const FILES: u64 = 3;

/// Sets every bound.
///
/// # Errors
/// The system refuses: then nothing is evaluated.
pub(super) fn set() -> Result<(), String> {
    let time = TIME.as_secs();
    // The second bound kills what outlives the first, which a program could ignore.
    bound(Resource::Cpu, time, time + 1)?;
    bound(Resource::As, MEMORY, MEMORY)?;
    bound(Resource::Core, 0, 0)?;
    bound(Resource::Nofile, FILES, FILES)
}

/// Where the system allows less already, that stays.
fn bound(resource: Resource, soft: u64, hard: u64) -> Result<(), String> {
    let most = getrlimit(resource).maximum.unwrap_or(u64::MAX);
    let (soft, hard) = (soft.min(most), hard.min(most));
    setrlimit(resource, Rlimit { current: Some(soft), maximum: Some(hard) })
        .map_err(|error| format!("{resource:?}: {error}"))
}
