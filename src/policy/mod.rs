//! What is required, and the one place that says allowed, denied or undecided. Pure.
//!
//! A policy ([`model`]) speaks of images ([`pattern`], [`names`]) and requires signers ([`signer`]), or one of several
//! alternatives ([`any_of`]). [`decide()`] answers for one policy, [`set`] for all that match an image. [`drafts()`] reads
//! policies in every form there is. Where their texts come from, and the evidence, is left to others.

pub mod answer;
pub mod any_of;
pub mod check;
pub mod convert;
pub mod decide;
pub mod decision;
mod dialects;
pub mod draft;
pub mod explain;
mod glob;
pub mod images;
pub mod installation;
mod judge;
pub mod model;
pub mod names;
pub mod native;
mod node;
pub mod pattern;
pub mod place;
pub mod resource;
pub mod schema;
pub mod set;
pub mod signer;
pub mod sigstore;
mod spot;
pub mod tanzu;
mod unsatisfied;
mod words;

pub use answer::{
    AnyOfDecision, Conclusion, Outcome, PolicyDecision, Reason, ReasonCode, Satisfaction, SignerDecision,
    Verdict,
};
pub use any_of::{Alternative, AnyOf, Grant, Origin};
pub use check::{Warning, check};
pub use decide::decide;
pub use decision::Decision;
pub use dialects::drafts;
pub use dialects::{Documents, documents};
pub use draft::{Draft, DraftError, KeySource, Note, Spot};
pub use explain::{Need, SignerNeed, explain};
pub use installation::Installation;
pub use model::{Action, Dialect, Images, Mode, Policy, PolicyError, Requirements, Revoked, SignedFor};
pub use names::NamePattern;
pub use pattern::{Pattern, PatternError};
pub use place::{Place, TagPrefix};
pub use resource::{Resource, Speaks, Surroundings};
pub use set::{Early, NoMatch, Pending, PolicySet, SetError};
pub use signer::{MaxAge, OnExpiry, Required, Role, SignerRule};
