//! What is required, and the one place that says allowed, denied or undecided. Pure.

pub mod decide;
pub mod model;

pub use decide::{Outcome, PolicyDecision, ReasonCode, SignerDecision, Verdict, decide};
pub use model::{Mode, Policy, PolicyError, Required, SignerRule};
