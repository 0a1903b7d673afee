//! The Tekton Tasks as they stand in tasks/: what every one of them promises. Their arguments run in tests/chain, and
//! on a real Tekton in tests/e2e.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod promises;
mod task;
