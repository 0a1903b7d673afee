//! Private keys that are at hand as PEM text, plain or encrypted: read, decrypted, made, written to files.
//! Where the text comes from is for [`super::source`].

mod der;
mod encrypted;
mod local;
pub mod store;

use crate::model::escape_untrusted;
use crate::model::key::{Algorithm, pem};
use crate::signer::Password;

pub use super::error::PrivateKeyError;
pub use encrypted::{EncryptedKey, encrypt};
pub use local::LocalSigner;

/// A private key as found in a PEM text.
#[derive(Debug)]
pub enum PrivateKeyText {
    /// It can sign.
    Plain(LocalSigner),
    /// It needs its password first.
    Encrypted(EncryptedKey),
}

/// Reads the first private key of `text`; an `EC PARAMETERS` block before it, as OpenSSL writes one, is skipped.
///
/// # Errors
/// [`PrivateKeyError`].
pub fn parse(text: &str) -> Result<PrivateKeyText, PrivateKeyError> {
    let (mut block, after) = pem::first_block(text)?;
    if block.label == "EC PARAMETERS" {
        block = pem::first_block(after)?.0;
    }
    match block.label.as_str() {
        encrypted::LABEL | encrypted::OLD_LABEL => {
            EncryptedKey::from_json(&block.body).map(PrivateKeyText::Encrypted)
        }
        "PRIVATE KEY" => LocalSigner::from_pkcs8(&block.body).map(PrivateKeyText::Plain),
        "EC PRIVATE KEY" => LocalSigner::from_sec1(&block.body).map(PrivateKeyText::Plain),
        "RSA PRIVATE KEY" => LocalSigner::from_pkcs1(&block.body).map(PrivateKeyText::Plain),
        "ENCRYPTED PRIVATE KEY" => Err(PrivateKeyError::ForeignEncryption),
        label if label.ends_with("PUBLIC KEY") => Err(PrivateKeyError::Public),
        label => Err(PrivateKeyError::Label(escape_untrusted(&label.chars().take(64).collect::<String>()))),
    }
}

/// Refuses RSA sizes that cosign does not import: such a key could sign here only.
///
/// # Errors
/// [`PrivateKeyError::RsaSize`].
pub fn require_common_size(algorithm: Algorithm) -> Result<(), PrivateKeyError> {
    match algorithm {
        Algorithm::Rsa(bits) => local::rsa_size(bits).map(|_| ()),
        _ => Ok(()),
    }
}

/// Decrypts `key` on a thread of its own, since scrypt would hold up everything else.
///
/// # Errors
/// [`PrivateKeyError`].
pub async fn open(key: EncryptedKey, password: Password) -> Result<LocalSigner, PrivateKeyError> {
    let opened = tokio::task::spawn_blocking(move || key.decrypt(&password));
    opened.await.map_err(|_| PrivateKeyError::Failed)?
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
