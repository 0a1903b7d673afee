//! The policies of Sigstore's policy-controller (`ClusterImagePolicy` of the group `policy.sigstore.dev`), read as they
//! are: what they mean here is what they mean there, and what is not supported is an error that names it.

pub mod glob;
pub mod hash;
pub mod objects;
