//! Image layouts in folders: what they answer, what writing to them keeps, and copying between them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod copying;
mod reading;
mod support;
mod verifying;
mod writing;
