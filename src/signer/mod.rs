//! The ports to what signs (a key in a file, in the environment, in a Kubernetes secret; later in a KMS), to
//! where keys come from, and to where new ones go.

pub mod cluster;
pub mod error;
pub mod keyring;
pub mod pair;
pub mod passwords;
pub mod reference;

use std::ffi::OsString;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::model::PublicKey;

pub use error::{KeySourceError, PrivateKeyError};
pub use passwords::{Password, PasswordError, Passwords};
pub use reference::{KeyRef, KeyRefError, ObjectName};

/// A future that an object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How environment variables are looked up: `std::env::var_os` in the program, a table in tests.
pub type Variables = Arc<dyn Fn(&str) -> Option<OsString> + Send + Sync>;

/// Something that holds a private key and signs with it.
pub trait Signer: Send + Sync {
    /// The key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message` (not its hash) in the encoding that [`crate::model::key`] reads first: DER for ECDSA,
    /// 64 bytes for Ed25519, PKCS#1 v1.5 for RSA.
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>>;
}

/// Finds keys by reference.
pub trait Keyring: Send + Sync {
    /// The private key at `reference`, ready to sign.
    fn signer<'a>(&'a self, reference: &'a KeyRef) -> BoxFuture<'a, Result<Box<dyn Signer>, KeySourceError>>;

    /// The public key at `reference`, for somebody who verifies and must not be able to sign.
    fn public_key<'a>(&'a self, reference: &'a KeyRef) -> BoxFuture<'a, Result<PublicKey, KeySourceError>>;

    /// The public key at `reference`, for its owner: of a private key too.
    fn any_public_key<'a>(
        &'a self,
        reference: &'a KeyRef,
    ) -> BoxFuture<'a, Result<PublicKey, KeySourceError>>;
}

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key store did not answer, or refused.
    #[error("{0}")]
    Unreachable(String),
    /// The key could not sign.
    #[error("the key could not sign")]
    Failed,
}
