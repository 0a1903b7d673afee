//! How many bytes of attestations may be read, by everything together that is asked for at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of attestations that may still be read; clones share what is left.
#[derive(Debug, Clone)]
pub struct Allowance {
    left: Arc<AtomicU64>,
    all: u64,
    /// Most of it that goes to one image in one repository.
    each: u64,
}

impl Allowance {
    /// For one image: two years of daily scans.
    pub fn of_one() -> Self {
        Self::of(1 << 30, 1 << 30)
    }

    /// For the images of a deployment: all together, and so that no single one takes it from the others.
    pub fn of_many() -> Self {
        Self::of(512 << 20, 64 << 20)
    }

    fn of(all: u64, each: u64) -> Self {
        Self { left: Arc::new(AtomicU64::new(all)), all, each }
    }

    /// Most bytes of all that is read.
    pub(super) fn all(&self) -> u64 {
        self.all
    }

    /// Most bytes that are read for one image in one repository.
    pub(super) fn each(&self) -> u64 {
        self.each
    }

    pub(super) fn is_used_up(&self) -> bool {
        self.left.load(Ordering::Relaxed) == 0
    }

    /// Counts bytes that were read.
    pub(super) fn count(&self, bytes: u64) {
        let less = |left: u64| Some(left.saturating_sub(bytes));
        // The closure always gives a number, so this cannot fail.
        let _ = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_image_takes_the_others_have_no_more() {
        let allowance = Allowance::of(10, 6);
        allowance.clone().count(6);
        assert!(!allowance.is_used_up());
        allowance.clone().count(6);
        assert!(allowance.is_used_up());
    }
}
