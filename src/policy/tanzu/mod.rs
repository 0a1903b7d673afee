//! Policies of the Tanzu image policy webhook: `ClusterImagePolicy` of the group `signing.apps.tanzu.vmware.com`, and of
//! the group that it had before under the same form (docs-tap, scst-sign, "Configuring"). The one object is called
//! `image-policy`. Any one key that a matching entry names is enough; so each key becomes an alternative, which speaks of
//! the patterns of the entries that name it.

mod pattern;
mod read;
pub(super) mod words;

pub use pattern::{Pattern, PatternError};
pub(super) use read::draft;

/// `apiVersion` of the webhook's releases.
pub const API_VERSION: &str = "signing.apps.tanzu.vmware.com/v1beta1";
/// `apiVersion` of the releases before, with the same form.
pub const OLD_API_VERSION: &str = "signing.run.tanzu.vmware.com/v1alpha1";
/// `kind`, of which there is one object.
pub const KIND: &str = "ClusterImagePolicy";
/// The name of that object; the webhook reads no other.
pub const NAME: &str = "image-policy";
