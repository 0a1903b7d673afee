//! The JSON schema of the native form, for editors and for the reference in docs/policy.md. Tests hold it against the
//! reader: what one takes the other takes.

/// The schema: JSON, draft 2020-12.
pub const SCHEMA: &str = include_str!("schema.json");
