//! Private keys that are at hand as PEM text, plain or encrypted: read, decrypted, made, written to files.
//! Where the text comes from is for [`super::source`].

mod der;
mod encrypted;
mod local;
pub mod store;

use crate::model::escape_untrusted;
use crate::model::key::{Algorithm, KeyError, pem};
use crate::signer::Password;

pub use encrypted::{EncryptedKey, encrypt};
pub use local::LocalSigner;

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
