//! What adapters share of the machine they run on: files, read with a bound, and the certificates it trusts.

pub(crate) mod files;
pub(crate) mod roots;
