//! The port to what signs: a key in a file, in the environment, in a Kubernetes secret; later in a KMS.

pub mod file;
pub mod reference;
pub mod source;

use std::future::Future;
use std::pin::Pin;

use crate::model::PublicKey;

pub use reference::KeyRef;

/// A future that an object can return.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Something that holds a private key and signs with it.
pub trait Signer: Send + Sync {
    /// The key that verifies what this signs.
    fn public_key(&self) -> &PublicKey;

    /// Signs `message` (not its hash) in the encoding that [`crate::model::key`] reads first: DER for ECDSA,
    /// 64 bytes for Ed25519, PKCS#1 v1.5 for RSA.
    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>>;
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
