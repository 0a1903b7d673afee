//! Why a key cannot be used, and why a reference gave none: bad input, or no answer.

use super::PasswordError;
use super::cluster::ClusterError;
use crate::model::key::{Algorithm, KeyError, pem};

/// Why a text or its bytes are no usable private key.
#[derive(Debug, thiserror::Error)]
pub enum PrivateKeyError {
    /// No PEM.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// PEM of something else.
    #[error("its PEM block is `{0}`, a private key is expected")]
    Label(String),
    /// A public key where a private one is needed.
    #[error("it is a public key, and signing needs the private one")]
    Public,
    /// PKCS#8 or OpenSSL encryption, which cosign's keys do not use.
    #[error(
        "it is encrypted as PKCS#8 or by OpenSSL, which is not supported: decrypt it with `openssl pkey`, then use \
         `countersign keys import`"
    )]
    ForeignEncryption,
    /// The JSON of an encrypted key is malformed, or names other algorithms or parameters.
    #[error("its encryption cannot be read: {0}")]
    Envelope(String),
    /// The password does not open it.
    #[error("the password is wrong (or the encrypted key is damaged)")]
    WrongPassword,
    /// Not DER of the kind that the label says.
    #[error("its body is not a private key in DER")]
    Der,
    /// SEC1 without the name of its curve.
    #[error("it does not name its curve")]
    NoCurve,
    /// Algorithm, curve or size is not accepted.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Well-formed, but the parts do not belong together.
    #[error("it is not a valid {0} private key")]
    Rejected(Algorithm),
    /// An RSA size that is read but not made or imported.
    #[error("RSA with {0} bits is not made or imported, only 2048, 3072 and 4096 (cosign takes no others)")]
    RsaSize(usize),
    /// The crypto library failed: no randomness, or no memory.
    #[error("the crypto library failed")]
    Failed,
}

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
            Self::Private { cause: PrivateKeyError::WrongPassword, .. } => Some(
                "the password is taken from --password-file, COUNTERSIGN_PASSWORD, COSIGN_PASSWORD or the prompt, \
                 the first of them that is given; a secret in the cluster has its own"
                    .to_owned(),
            ),
            Self::Missing { .. } => {
                Some("check the name; `countersign keys generate` makes a key pair".to_owned())
            }
            Self::Cluster { cause: ClusterError::Unreachable { .. }, .. } => Some(
                "check that the API server answers and that KUBECONFIG names the right cluster".to_owned(),
            ),
            Self::Cluster { cause: ClusterError::Refused { .. }, .. } => {
                Some("the account needs a role that may get this one object".to_owned())
            }
            _ => None,
        }
    }
}
