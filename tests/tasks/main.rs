//! The Tekton Tasks as they stand in tasks/: what every one of them promises; and how the Pipelines in pipelines/ are
//! wired. The Tasks' arguments run in tests/chain, and both on a real Tekton in tests/e2e.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod catalog;
mod pipelines;
mod promises;
mod readme;
mod samples;
mod task;
mod triggers;
