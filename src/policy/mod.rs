//! What is required, and the one place that says allowed, denied or undecided. Pure.

pub mod decide;
pub mod model;
pub mod pattern;

pub use decide::{Outcome, PolicyDecision, ReasonCode, SignerDecision, Verdict, decide};
pub use pattern::{Pattern, PatternError};
pub use model::{Mode, Policy, PolicyError, Required, SignerRule};
