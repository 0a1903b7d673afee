//! Makes key pairs on this machine: new ones, and imported ones.

use std::sync::Arc;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use super::file::{LocalSigner, encrypt, require_common_size};
use super::source::KeySource;
use crate::model::PublicKey;
use crate::model::key::Algorithm;
use crate::signer::pair::{EncryptedPair, PairError, PairMaker};
use crate::signer::{BoxFuture, KeyRef, Password, PasswordError, Passwords, PrivateKeyError, Signer as _};

/// Random bytes in a password that nobody has to remember.
const RANDOM_PASSWORD_BYTES: usize = 32;

/// Makes key pairs with the crypto library.
pub struct LocalPairs {
    passwords: Arc<dyn Passwords>,
    source: KeySource,
}

impl LocalPairs {
    /// Asks `passwords` for new passwords, and reads keys to import from `source`.
    pub fn new(passwords: Arc<dyn Passwords>, source: KeySource) -> Self {
        Self { passwords, source }
    }

    async fn read(&self, origin: &KeyRef) -> Result<LocalSigner, PairError> {
        let place = origin.to_string();
        let signer = self.source.unencrypted(origin).await?;
        let signer = signer.ok_or_else(|| PairError::AlreadyEncrypted(place.clone()))?;
        require_common_size(signer.public_key().algorithm())
            .map_err(|cause| PairError::Key { place: format!("key `{place}`"), cause })?;
        Ok(signer)
    }
}

impl PairMaker for LocalPairs {
    fn chosen_password<'a>(&'a self, place: &'a str) -> BoxFuture<'a, Result<Option<Password>, PairError>> {
        let (passwords, place) = (Arc::clone(&self.passwords), place.to_owned());
        Box::pin(async move {
            let answer = tokio::task::spawn_blocking(move || passwords.chosen(&place));
            Ok(answer.await.map_err(|error| PasswordError::Terminal(error.to_string()))??)
        })
    }

    fn random_password(&self) -> Result<Password, PairError> {
        let mut bytes = Zeroizing::new([0; RANDOM_PASSWORD_BYTES]);
        rand::fill(&mut *bytes)
            .map_err(|_| PairError::Key { place: "password".to_owned(), cause: PrivateKeyError::Failed })?;
        Ok(Password::from(URL_SAFE_NO_PAD.encode(*bytes).into_bytes()))
    }

    fn generate<'a>(
        &'a self,
        algorithm: Algorithm,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<EncryptedPair, PairError>> {
        let password = password.clone();
        Box::pin(async move {
            let make = move || seal(&LocalSigner::generate(algorithm)?, password);
            apart(algorithm.to_string(), make).await
        })
    }

    fn importable<'a>(&'a self, origin: &'a KeyRef) -> BoxFuture<'a, Result<PublicKey, PairError>> {
        Box::pin(async move { Ok(self.read(origin).await?.public_key().clone()) })
    }

    fn import<'a>(
        &'a self,
        origin: &'a KeyRef,
        password: &'a Password,
    ) -> BoxFuture<'a, Result<EncryptedPair, PairError>> {
        let password = password.clone();
        Box::pin(async move {
            let signer = self.read(origin).await?;
            apart(origin.to_string(), move || seal(&signer, password)).await
        })
    }
}

/// Runs what takes long (RSA generation, scrypt) on a thread of its own.
async fn apart(
    place: String,
    make: impl FnOnce() -> Result<EncryptedPair, PrivateKeyError> + Send + 'static,
) -> Result<EncryptedPair, PairError> {
    let made = tokio::task::spawn_blocking(make).await.unwrap_or(Err(PrivateKeyError::Failed));
    made.map_err(|cause| PairError::Key { place, cause })
}

fn seal(signer: &LocalSigner, password: Password) -> Result<EncryptedPair, PrivateKeyError> {
    let private_pem = encrypt(&signer.to_pkcs8()?, &password)?;
    Ok(EncryptedPair { private_pem, password, public: signer.public_key().clone() })
}
