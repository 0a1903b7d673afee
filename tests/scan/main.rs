//! What a scan report says, which image it is about, and whether rules let it pass. Each sentence of
//! docs/scan-rules.md that speaks of a report alone is a test here.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod binding;
mod cyclonedx;
mod forms;
mod judging;
mod openvex;
mod reading;
mod rules;
mod same;
mod sarif;
mod written;
