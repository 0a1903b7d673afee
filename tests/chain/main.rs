//! The chain from the command line: build signature, judged scan report, validation signature, gate. Each test is a
//! sentence of what the product promises, shown on the real binary and a registry that records every request.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod attestations;
mod cosign;
#[path = "../scan/forms.rs"]
mod forms;
mod gate;
mod never;
mod policies;
#[cfg(feature = "rego")]
mod rego;
mod reports;
mod tasks;
mod validate;
mod vex;
mod world;
