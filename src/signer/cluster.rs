//! The port to a Kubernetes cluster: single secrets and ConfigMaps by name, nothing else.

use std::collections::BTreeMap;

use super::{BoxFuture, ObjectName};

/// A secret's entries, decoded; their bytes are wiped when dropped.
pub type SecretEntries = BTreeMap<String, secrecy::SecretSlice<u8>>;
/// A ConfigMap's text entries.
pub type ConfigMapEntries = BTreeMap<String, String>;

/// Whether an object was made by this call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    /// By this call.
    Now,
    /// An object of that name was there; nothing was changed.
    AlreadyThere,
}

/// Which object of a name it is: another one of that name, made later, has another (`metadata.uid`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectId(pub String);

/// Reads and writes single objects. Nothing is read or asked before the first call.
pub trait ClusterObjects: Send + Sync {
    /// The secret's entries; `None` if the cluster says that there is no such secret.
    fn secret<'a>(
        &'a self,
        name: &'a ObjectName,
    ) -> BoxFuture<'a, Result<Option<SecretEntries>, ClusterError>>;

    /// The ConfigMap's entries; `None` if the cluster says that there is no such ConfigMap.
    fn config_map<'a>(
        &'a self,
        name: &'a ObjectName,
    ) -> BoxFuture<'a, Result<Option<ConfigMapEntries>, ClusterError>>;

    /// Makes an immutable secret. Of several who do so at once, one gets [`Created::Now`].
    fn create_secret<'a>(
        &'a self,
        name: &'a ObjectName,
        entries: &'a SecretEntries,
    ) -> BoxFuture<'a, Result<Created, ClusterError>>;

    /// Which secret of that name there is; `None` if the cluster says that there is none.
    fn secret_id<'a>(&'a self, name: &'a ObjectName)
    -> BoxFuture<'a, Result<Option<ObjectId>, ClusterError>>;

    /// Removes the secret for good, if it is still the one of this `id`.
    fn delete_secret<'a>(
        &'a self,
        name: &'a ObjectName,
        id: &'a ObjectId,
    ) -> BoxFuture<'a, Result<(), ClusterError>>;

    /// Makes a ConfigMap.
    fn create_config_map<'a>(
        &'a self,
        name: &'a ObjectName,
        entries: &'a ConfigMapEntries,
    ) -> BoxFuture<'a, Result<Created, ClusterError>>;
}

/// Why the cluster gave no answer that counts.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// No cluster is configured, or its configuration breaks a rule: bad input.
    #[error("{0}")]
    Configuration(String),
    /// The API server did not answer, or not in a way that can be read: undecided.
    #[error("Kubernetes API server {server}: {reason}")]
    Unreachable {
        /// Its address.
        server: String,
        /// What went wrong, escaped.
        reason: String,
    },
    /// The API server refused (401, 403): undecided.
    #[error("Kubernetes API server {server} refused: {reason}")]
    Refused {
        /// Its address.
        server: String,
        /// The server's own words, escaped.
        reason: String,
    },
    /// The API server answered that what was asked for cannot be: bad input, such as a namespace that is not
    /// there or an object that breaks a rule.
    #[error("Kubernetes API server {server}: {reason}")]
    Invalid {
        /// Its address.
        server: String,
        /// The server's own words, escaped.
        reason: String,
    },
}

impl ClusterError {
    /// Whether asking again could give another answer: exit code 3 instead of 2.
    pub fn is_undecided(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { .. })
    }
}
