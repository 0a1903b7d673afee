//! What the integration tests stand on: a registry of our own that can be told to misbehave, the real peers,
//! our binary as people run it, and images and keys to use it on.
//!
//! A test binary takes it in with `#[path = "../support/mod.rs"] mod support;`.

#![allow(dead_code, unused_imports, unreachable_pub, reason = "each test binary uses its own part of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

pub mod cli;
pub mod forge;
pub mod http;
pub mod image;
pub mod keys;
pub mod peers;
pub mod proxy;
pub mod registry;
pub mod spelling;
pub mod temp;
pub mod tunnel;
