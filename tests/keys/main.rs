//! Keys as people keep them: pairs in files, keys that cosign made, and ours in cosign's hands.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod cosign;
mod pairs;
