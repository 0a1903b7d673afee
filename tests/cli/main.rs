//! The command line as people and programs meet it: what is printed, in which form, with which exit code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod arguments;
mod convert;
mod documents;
mod examples;
mod files;
mod generated;
mod json;
mod terminal;
mod transcripts;
mod world;

use std::path::{Path, PathBuf};

/// A file of the project that is generated from it.
fn in_project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Whether generated files are to be written rather than compared.
fn writing() -> bool {
    std::env::var_os("COUNTERSIGN_WRITE").is_some_and(|value| value == "1")
}

/// Demands that a generated file is as it would be generated now, or writes it.
#[track_caller]
fn fresh(path: &str, expected: &str) {
    let file = in_project(path);
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    if found == expected {
        return;
    }
    assert!(
        writing(),
        "{path} is not fresh: COUNTERSIGN_WRITE=1 cargo test --test cli writes it; read the difference"
    );
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(file, expected).unwrap();
}
