//! The policies of Sigstore's policy-controller (`ClusterImagePolicy` of the group `policy.sigstore.dev`), read as they
//! are: what they mean here is what they mean there, and what is not supported is an error that names it.

mod authority;
pub mod glob;
pub mod hash;
mod matching;
pub mod objects;
mod read;

pub(super) use read::draft;

/// `apiVersion` of the policies.
pub const API_VERSION: &str = "policy.sigstore.dev/v1beta1";
/// `apiVersion` of older ones, which mean the same.
pub const OLD_API_VERSION: &str = "policy.sigstore.dev/v1alpha1";
/// `kind` of the policies.
pub const KIND: &str = "ClusterImagePolicy";
