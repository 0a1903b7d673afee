//! What signatures are: digests, references, keys, claims, the two signature formats and the one place
//! where a signature becomes a verified one. Pure: no I/O, no clock, no environment.

pub mod attestation;
pub mod bundle;
pub mod candidate;
pub mod claims;
pub mod digest;
pub mod duration;
pub mod envelope;
mod escape;
pub mod image_config;
pub mod json;
pub mod key;
pub mod list;
pub mod manifest;
pub mod payload;
pub mod predicate;
pub mod prefix;
pub mod reference;
pub mod statement;
pub(crate) mod time;
pub mod verify;
pub mod yaml;

pub use attestation::VerifiedAttestation;
pub use candidate::{Candidate, Format};
pub use claims::Claims;
pub use digest::Digest;
pub use duration::parse_duration;
pub use escape::escape_untrusted;
pub use key::{Fingerprint, PublicKey};
pub use reference::{ImageRef, PinnedRef, Repository, Tag};
pub use verify::{Checked, VerifiedSignature};

/// Largest manifest or index that is read, in bytes.
pub const MANIFEST_LIMIT: u64 = 4 << 20;
/// Largest signature payload, envelope or bundle that is read, in bytes.
pub const SIGNATURE_LIMIT: u64 = 1 << 20;
/// Largest attestation that is read, in bytes, and only when attestations are asked for.
pub const ATTESTATION_LIMIT: u64 = 32 << 20;
