//! Key references.
/// Placeholder.
#[derive(Debug, Clone)]
pub enum KeyRef {}
