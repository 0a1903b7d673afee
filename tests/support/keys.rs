//! Unencrypted test keys of every algorithm, made by aws-lc-rs, as PEM files.

use std::path::PathBuf;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use countersign::model::PublicKey;
use countersign::model::key::{Algorithm, pem};

use super::temp::TempFolder;

/// Every algorithm of the interop matrix.
pub const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::EcdsaP256,
    Algorithm::EcdsaP384,
    Algorithm::EcdsaP521,
    Algorithm::Ed25519,
    Algorithm::Rsa(2048),
    Algorithm::Rsa(4096),
];

/// A key pair in two files that are removed with it.
#[derive(Debug)]
pub struct TestKey {
    folder: TempFolder,
    /// The public key, parsed.
    pub public: PublicKey,
}

impl TestKey {
    /// Makes a P-256 key.
    pub fn new() -> Self {
        Self::of(Algorithm::EcdsaP256)
    }

    /// Makes a key of that algorithm.
    pub fn of(algorithm: Algorithm) -> Self {
        let (private, public) = generate(algorithm);
        let folder = TempFolder::new();
        let public = PublicKey::from_spki(&public).unwrap();
        let path = folder.write("test.key", pem::write("PRIVATE KEY", &private).as_bytes());
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        folder.write("test.pub", public.to_pem());
        Self { folder, public }
    }

    /// Path of the private key: PKCS#8, PEM, mode 0600.
    pub fn private(&self) -> PathBuf {
        self.folder.join("test.key")
    }

    /// Path of the public key: SPKI, PEM.
    pub fn public(&self) -> PathBuf {
        self.folder.join("test.pub")
    }

    /// [`TestKey::private`] as an argument.
    pub fn private_arg(&self) -> String {
        self.private().to_str().unwrap().to_owned()
    }

    /// [`TestKey::public`] as an argument.
    pub fn public_arg(&self) -> String {
        self.public().to_str().unwrap().to_owned()
    }
}

/// PKCS#8 and SPKI DER of a new key.
fn generate(algorithm: Algorithm) -> (Vec<u8>, Vec<u8>) {
    match algorithm {
        Algorithm::EcdsaP256 => ecdsa(&lc::ECDSA_P256_SHA256_ASN1_SIGNING),
        Algorithm::EcdsaP384 => ecdsa(&lc::ECDSA_P384_SHA384_ASN1_SIGNING),
        Algorithm::EcdsaP521 => ecdsa(&lc::ECDSA_P521_SHA512_ASN1_SIGNING),
        Algorithm::Ed25519 => {
            let key = Ed25519KeyPair::generate().unwrap();
            (key.to_pkcs8v1().unwrap().as_ref().to_vec(), spki(key.public_key()))
        }
        Algorithm::Rsa(bits) => {
            let key = RsaKeyPair::generate(rsa_size(bits)).unwrap();
            (pkcs8(&key), spki(key.public_key()))
        }
    }
}

fn ecdsa(algorithm: &'static lc::EcdsaSigningAlgorithm) -> (Vec<u8>, Vec<u8>) {
    let key = EcdsaKeyPair::generate(algorithm).unwrap();
    (key.to_pkcs8v1().unwrap().as_ref().to_vec(), spki(key.public_key()))
}

fn pkcs8(key: &impl AsDer<Pkcs8V1Der<'static>>) -> Vec<u8> {
    key.as_der().unwrap().as_ref().to_vec()
}

fn spki(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Vec<u8> {
    key.as_der().unwrap().as_ref().to_vec()
}

fn rsa_size(bits: usize) -> KeySize {
    match bits {
        2048 => KeySize::Rsa2048,
        3072 => KeySize::Rsa3072,
        4096 => KeySize::Rsa4096,
        _ => panic!("no RSA keys of {bits} bits"),
    }
}
