//! The ports for key pairs: what makes them, and where they are kept.

use zeroize::Zeroizing;

use super::cluster::{ClusterError, Created, ObjectId};
use super::error::{KeySourceError, PrivateKeyError};
use super::{BoxFuture, KeyRef, Password, PasswordError};
use crate::model::PublicKey;
use crate::model::key::Algorithm;

/// A key pair as it is kept: the private key encrypted.
pub struct EncryptedPair {
    /// PEM with the label `ENCRYPTED SIGSTORE PRIVATE KEY`.
    pub private_pem: Zeroizing<String>,
    /// What opens it; only a place that [`PairStore::keeps_password`] stores it.
    pub password: Password,
    /// The public half.
    pub public: PublicKey,
}

/// Makes key pairs.
pub trait PairMaker: Send + Sync {
    /// A password for the new key at `place`; `None` if there is nothing and nobody to ask.
    fn chosen_password<'a>(&'a self, place: &'a str) -> BoxFuture<'a, Result<Option<Password>, PairError>>;

    /// A password that nobody has to remember.
    ///
    /// # Errors
    /// [`PrivateKeyError::Failed`] if the system gave no random bytes.
    fn random_password(&self) -> Result<Password, PairError>;

    /// A new pair.
    fn generate<'a>(
        &'a self,
        algorithm: Algorithm,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<EncryptedPair, PairError>>;

    /// The public key of the unencrypted private key at `origin`, if it can be imported.
    fn importable<'a>(&'a self, origin: &'a KeyRef) -> BoxFuture<'a, Result<PublicKey, PairError>>;

    /// The pair of the unencrypted private key at `origin`.
    fn import<'a>(
        &'a self,
        origin: &'a KeyRef,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<EncryptedPair, PairError>>;
}

/// One place for one key pair.
pub trait PairStore: Send + Sync {
    /// Where the private key goes, as people write it.
    fn private_place(&self) -> String;

    /// Where the public key goes.
    fn public_place(&self) -> String;

    /// Whether the password is kept beside the private key.
    fn keeps_password(&self) -> bool;

    /// The public key of the pair that is there; `None` if nothing is.
    fn find(&self) -> BoxFuture<'_, Result<Option<PublicKey>, PairError>>;

    /// Stores a pair, whole or not at all. With `replace`, a pair that is there is lost.
    fn create<'a>(
        &'a self,
        pair: &'a EncryptedPair,
        replace: bool,
    ) -> BoxFuture<'a, Result<Created, PairError>>;

    /// Makes sure that the public key of the pair that is there can be had without the private one.
    fn publish<'a>(&'a self, public: &'a PublicKey) -> BoxFuture<'a, Result<Created, PairError>>;
}

/// What is left of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Both halves, or the private one without its public key in a place of its own.
    Pair(PublicKey, ObjectId),
    /// The public key alone.
    Retired(PublicKey),
    /// Neither.
    Absent,
}

/// A place whose private key can be removed while its public key stays.
pub trait RetirablePair: PairStore {
    /// What is there now.
    fn standing(&self) -> BoxFuture<'_, Result<Standing, PairError>>;

    /// Removes the private key for good, if it is still the one of this `id`.
    fn remove<'a>(&'a self, id: &'a ObjectId) -> BoxFuture<'a, Result<(), PairError>>;
}

/// What is wrong with a pair, or why there is no new one.
#[derive(Debug, thiserror::Error)]
pub enum PairError {
    /// The place is taken.
    #[error("{0} exists already")]
    Exists(String),
    /// One half of a pair is there.
    #[error("{present} is there without {absent}: half a key pair is neither used nor completed")]
    Half {
        /// What is there.
        present: String,
        /// What is not.
        absent: String,
    },
    /// Another public key where this pair's goes.
    #[error(
        "{0} holds another public key; whoever verifies with it would refuse the signatures of this pair"
    )]
    AnotherPublicKey(String),
    /// Neither half is there.
    #[error("{private} is not there, and no {public} either")]
    Absent {
        /// Where the private key would be.
        private: String,
        /// Where the public key would be.
        public: String,
    },
    /// Secrets are made immutable, and never replaced.
    #[error("{0} is never replaced: delete it first, and know that its signatures cannot be made again")]
    NeverReplaced(String),
    /// Neither password nor terminal.
    #[error("no password was given for {0}, and there is no terminal to ask for one")]
    NoPassword(String),
    /// The password could not be read.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The key to import is encrypted.
    #[error("key `{0}` is encrypted already: it can be used as it is")]
    AlreadyEncrypted(String),
    /// The key that is there, or the one to import, cannot be read.
    #[error(transparent)]
    Source(#[from] KeySourceError),
    /// The key cannot be made.
    #[error("{place}: {cause}")]
    Key {
        /// The place or algorithm.
        place: String,
        /// Why.
        cause: PrivateKeyError,
    },
    /// A file cannot be written.
    #[error("{path} cannot be written: {reason}")]
    File {
        /// The path, escaped.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The cluster.
    #[error("{place}: {cause}")]
    Cluster {
        /// The object.
        place: String,
        /// Why.
        cause: ClusterError,
    },
}

impl PairError {
    /// Whether a store did not answer or refused (exit code 3), as opposed to bad input (2).
    pub fn is_undecided(&self) -> bool {
        match self {
            Self::Cluster { cause, .. } => cause.is_undecided(),
            Self::Source(cause) => cause.is_undecided(),
            _ => false,
        }
    }

    /// What to try.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exists(_) => Some("--if-absent keeps it; for files, --force replaces it".to_owned()),
            Self::NoPassword(_) => Some(
                "give --password-file, COUNTERSIGN_PASSWORD or COSIGN_PASSWORD (it may be empty)".to_owned(),
            ),
            Self::Absent { .. } => Some("check the namespace and the name".to_owned()),
            Self::AnotherPublicKey(place) => {
                Some(format!("delete {place} if nobody verifies with it any more, or take another name"))
            }
            Self::Half { present, .. } => Some(format!(
                "bring the other half back, or delete {present} if nobody needs it, and make a new pair"
            )),
            Self::Source(cause) => cause.hint(),
            _ => None,
        }
    }
}
