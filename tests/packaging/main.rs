//! What the image is made with: the Dockerfile says what `make image` does, and the functions that write layouts
//! write what others read.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod dockerfile;
mod layouts;
#[path = "../support/mod.rs"]
mod support;

use std::path::Path;

/// A file of the project.
fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
