//! The page of `gate --report html=PATH` in a real browser: what it does when people use it, and what it does not do when
//! the signatures on it were written by somebody who would rather have it do something else.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

mod access;
mod driver;
mod hostile;
mod looks;
mod pages;
mod using;
