//! A private key in memory, and the signatures it makes.

use std::fmt;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING,
    EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use zeroize::Zeroizing;

use super::der;
use crate::model::PublicKey;
use crate::model::key::Algorithm;
use crate::signer::{BoxFuture, PrivateKeyError, SignError, Signer};

/// A private key in memory. Its algorithm decides hash and encoding (wire formats, "Signature algorithms").
pub struct LocalSigner {
    pair: Pair,
    public: PublicKey,
}

enum Pair {
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Rsa(RsaKeyPair),
}

impl LocalSigner {
    /// Makes a new key. RSA is made with 2048, 3072 or 4096 bits.
    ///
    /// # Errors
    /// [`PrivateKeyError::RsaSize`] for another size, [`PrivateKeyError::Failed`] if the library gave none.
    pub fn generate(algorithm: Algorithm) -> Result<Self, PrivateKeyError> {
        let failed = |_| PrivateKeyError::Failed;
        Self::new(match algorithm {
            Algorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::generate().map_err(failed)?),
            Algorithm::Rsa(bits) => Pair::Rsa(RsaKeyPair::generate(rsa_size(bits)?).map_err(failed)?),
            Algorithm::EcdsaP256 | Algorithm::EcdsaP384 | Algorithm::EcdsaP521 => {
                Pair::Ecdsa(EcdsaKeyPair::generate(ecdsa(algorithm)?).map_err(failed)?)
            }
        })
    }

    /// Reads PKCS#8 in DER, version 1 or 2.
    ///
    /// # Errors
    /// [`PrivateKeyError`] for anything but one key of an accepted algorithm.
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let algorithm = der::pkcs8_algorithm(der)?;
        let rejected = |_| PrivateKeyError::Rejected(algorithm);
        Self::new(match algorithm {
            Algorithm::Ed25519 => Pair::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(rejected)?),
            Algorithm::Rsa(_) => Pair::Rsa(RsaKeyPair::from_pkcs8(der).map_err(rejected)?),
            _ => Pair::Ecdsa(EcdsaKeyPair::from_pkcs8(ecdsa(algorithm)?, der).map_err(rejected)?),
        })
    }

    /// Reads an ECPrivateKey (SEC1, RFC 5915) in DER.
    ///
    /// # Errors
    /// [`PrivateKeyError`], [`PrivateKeyError::NoCurve`] among them.
    pub fn from_sec1(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let algorithm = der::sec1_algorithm(der)?;
        let pair = EcdsaKeyPair::from_private_key_der(ecdsa(algorithm)?, der);
        Self::new(Pair::Ecdsa(pair.map_err(|_| PrivateKeyError::Rejected(algorithm))?))
    }

    /// Reads an RSAPrivateKey (PKCS#1, RFC 8017) in DER.
    ///
    /// # Errors
    /// [`PrivateKeyError`].
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, PrivateKeyError> {
        let algorithm = der::pkcs1_algorithm(der)?;
        let pair = RsaKeyPair::from_der(der).map_err(|_| PrivateKeyError::Rejected(algorithm))?;
        Self::new(Pair::Rsa(pair))
    }

    fn new(pair: Pair) -> Result<Self, PrivateKeyError> {
        let spki = match &pair {
            Pair::Ecdsa(pair) => pair.public_key().as_der(),
            Pair::Ed25519(pair) => pair.public_key().as_der(),
            Pair::Rsa(pair) => pair.public_key().as_der(),
        };
        let public = PublicKey::from_spki(spki.map_err(|_| PrivateKeyError::Failed)?.as_ref())?;
        Ok(Self { pair, public })
    }

    /// The private key as PKCS#8 version 1 in DER; Go reads Ed25519 in this version only.
    ///
    /// # Errors
    /// [`PrivateKeyError::Failed`].
    pub fn to_pkcs8(&self) -> Result<Zeroizing<Vec<u8>>, PrivateKeyError> {
        let failed = |_| PrivateKeyError::Failed;
        let document = match &self.pair {
            Pair::Ecdsa(pair) => pair.to_pkcs8v1(),
            Pair::Ed25519(pair) => pair.to_pkcs8v1(),
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                return Ok(Zeroizing::new(der.as_ref().to_vec()));
            }
        };
        Ok(Zeroizing::new(document.map_err(failed)?.as_ref().to_vec()))
    }

    fn signature(&self, message: &[u8]) -> Result<Vec<u8>, SignError> {
        let random = SystemRandom::new();
        let failed = |_| SignError::Failed;
        match &self.pair {
            Pair::Ecdsa(pair) => Ok(pair.sign(&random, message).map_err(failed)?.as_ref().to_vec()),
            Pair::Ed25519(pair) => Ok(pair.try_sign(message).map_err(failed)?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(failed)?;
                Ok(signature)
            }
        }
    }
}

/// Refuses RSA sizes that cosign does not import.
pub(super) fn rsa_size(bits: usize) -> Result<KeySize, PrivateKeyError> {
    match bits {
        2048 => Ok(KeySize::Rsa2048),
        3072 => Ok(KeySize::Rsa3072),
        4096 => Ok(KeySize::Rsa4096),
        other => Err(PrivateKeyError::RsaSize(other)),
    }
}

fn ecdsa(algorithm: Algorithm) -> Result<&'static EcdsaSigningAlgorithm, PrivateKeyError> {
    match algorithm {
        Algorithm::EcdsaP256 => Ok(&ECDSA_P256_SHA256_ASN1_SIGNING),
        Algorithm::EcdsaP384 => Ok(&ECDSA_P384_SHA384_ASN1_SIGNING),
        Algorithm::EcdsaP521 => Ok(&ECDSA_P521_SHA512_ASN1_SIGNING),
        other => Err(PrivateKeyError::Rejected(other)),
    }
}

impl Signer for LocalSigner {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn sign<'a>(&'a self, message: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, SignError>> {
        Box::pin(async move { self.signature(message) })
    }
}

impl fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalSigner").field("public", &self.public).finish_non_exhaustive()
    }
}
