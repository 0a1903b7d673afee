//! Why a key reference gave no key, and whether that is bad input or no answer.

use crate::model::key::KeyError;
use crate::signer::PasswordError;
use crate::signer::cluster::ClusterError;
use crate::signer::file::PrivateKeyError;

/// Why a reference gave no key.
#[derive(Debug, thiserror::Error)]
pub enum KeySourceError {
    /// The file, folder, variable, object or entry is not there.
    #[error("key `{place}`: {what} is not there")]
    Missing {
        /// The reference.
        place: String,
        /// What was looked for.
        what: String,
    },
    /// It is there and cannot be read.
    #[error("key `{place}` cannot be read: {reason}")]
    Unreadable {
        /// The reference.
        place: String,
        /// Why.
        reason: String,
    },
    /// No usable private key.
    #[error("key `{place}`: {cause}")]
    Private {
        /// The reference.
        place: String,
        /// Why.
        cause: PrivateKeyError,
    },
    /// No usable public key.
    #[error("key `{place}`: {cause}")]
    Public {
        /// The reference.
        place: String,
        /// Why.
        cause: KeyError,
    },
    /// An encrypted key, and neither password nor terminal.
    #[error("key `{0}` is encrypted, and no password was given")]
    NoPassword(String),
    /// The password could not be read.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A place that holds a private key, where only a public one is needed.
    #[error(
        "key `{place}` holds a private key, and only a public one is needed here: whoever verifies must not sign"
    )]
    HoldsPrivateKey {
        /// The reference.
        place: String,
        /// What to refer to instead.
        instead: String,
    },
    /// A ConfigMap where a private key is needed.
    #[error("key `{0}` is a ConfigMap, which holds a public key; signing needs the private one")]
    PublicOnly(String),
    /// The cluster.
    #[error("key `{place}`: {cause}")]
    Cluster {
        /// The reference.
        place: String,
        /// Why.
        cause: ClusterError,
    },
}

impl KeySourceError {
    /// Whether a store did not answer or refused (exit code 3), as opposed to bad input (2).
    pub fn is_undecided(&self) -> bool {
        matches!(self, Self::Cluster { cause, .. } if cause.is_undecided())
    }

    /// What to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoPassword(_) => Some(
                "give --password-file, COUNTERSIGN_PASSWORD or COSIGN_PASSWORD (it may be empty)".to_owned(),
            ),
            Self::HoldsPrivateKey { instead, .. } => {
                Some(format!("use {instead}, or allow it with --allow-private-key-secret"))
            }
            Self::Public { cause: KeyError::Private, .. } => {
                Some("`countersign keys public` prints the public key of a private one".to_owned())
            }
            _ => None,
        }
    }
}
