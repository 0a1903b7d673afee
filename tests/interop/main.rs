//! The product and the real cosign on the same images: what one signs the other verifies, what both keep, and
//! where they differ on purpose. docs/interop.md says in words what is shown here.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod bed;
mod carry;
mod differences;
mod document;
mod matrix;
mod pairs;
mod places;
