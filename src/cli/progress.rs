//! A line on standard error that says how far a copy is; only on a terminal.

use std::io::{IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::flow::copy;

/// Shortest time between two states of the line.
const REDRAW: Duration = Duration::from_millis(100);
/// Back to the line's beginning, and nothing after it.
const CLEAR: &str = "\r\u{1b}[K";

/// A progress line; it vanishes when dropped.
pub(super) struct Progress(Arc<State>);

struct State {
    what: &'static str,
    bytes: AtomicU64,
    manifests: AtomicU64,
    drawn: Mutex<Instant>,
}

impl Progress {
    /// A line, where standard error is a terminal.
    pub(super) fn start(what: &'static str) -> Option<Self> {
        std::io::stderr().is_terminal().then(|| {
            let drawn = Mutex::new(Instant::now());
            Self(Arc::new(State { what, bytes: AtomicU64::new(0), manifests: AtomicU64::new(0), drawn }))
        })
    }

    /// What a copy tells of everything it writes.
    pub(super) fn listener(&self) -> Arc<dyn Fn(copy::Progress) + Send + Sync> {
        let state = self.0.clone();
        Arc::new(move |step| state.step(step))
    }
}

impl State {
    fn step(&self, step: copy::Progress) {
        match step {
            copy::Progress::Bytes(bytes) => self.bytes.fetch_add(bytes, Ordering::Relaxed),
            copy::Progress::Manifest => self.manifests.fetch_add(1, Ordering::Relaxed),
            copy::Progress::Blob => 0,
        };
        // Whoever finds it locked leaves the drawing to the other.
        let Ok(mut drawn) = self.drawn.try_lock() else { return };
        if drawn.elapsed() >= REDRAW {
            *drawn = Instant::now();
            self.draw();
        }
    }

    fn draw(&self) {
        let (bytes, manifests) = (self.bytes.load(Ordering::Relaxed), self.manifests.load(Ordering::Relaxed));
        let line = format!("{CLEAR}{}: {manifests} manifests, {} KiB", self.what, bytes >> 10);
        // A progress line that cannot be written is no reason to stop.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // As above.
        let _ = std::io::stderr().write_all(CLEAR.as_bytes());
    }
}
