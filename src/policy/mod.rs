//! What is required, and the one place that says allowed, denied or undecided. Pure.
//!
//! A policy ([`model`]) speaks of images ([`pattern`]) and requires signers ([`signer`]). [`decide()`] answers for one
//! policy, [`set`] for all that match an image. Where policies come from, and the evidence, is left to others.

pub mod answer;
pub mod check;
pub mod decide;
pub mod decision;
pub mod explain;
mod judge;
pub mod model;
pub mod native;
pub mod pattern;
pub mod resource;
pub mod schema;
pub mod set;
pub mod signer;
pub mod sigstore;
mod unsatisfied;

pub use answer::{
    Conclusion, Outcome, PolicyDecision, Reason, ReasonCode, Satisfaction, SignerDecision, Verdict,
};
pub use check::{Warning, check};
pub use decide::decide;
pub use decision::Decision;
pub use explain::{Need, SignerNeed, explain};
pub use model::{Action, Images, Mode, Policy, PolicyError, Requirements, Revoked, SignedFor};
pub use native::{Draft, KeySource, NativeError, Spot};
pub use pattern::{Pattern, PatternError};
pub use set::{Early, NoMatch, Pending, PolicySet, SetError};
pub use signer::{MaxAge, OnExpiry, Required, Role, SignerRule};
