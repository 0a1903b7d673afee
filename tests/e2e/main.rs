//! The whole chain on a real cluster: Tekton runs the published Pipeline with the published Tasks, against a registry
//! with TLS and a login. `make e2e` builds the bed that these tests need and runs them in it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod accounts;
mod alone;
mod chain;
mod cluster;
mod keys;
mod migration;
mod published;
mod references;
mod requests;
mod runs;
mod shop;
