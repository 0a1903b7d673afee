//! The hash that a Sigstore policy names for a key (`hashAlgorithm`), and whether signatures with it are read here.

use std::fmt;
use std::str::FromStr;

use crate::model::key::Algorithm;

/// A hash. Where none is named, policy-controller takes SHA-256 (its `pkg/apis/signaturealgo`, v0.14.0).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashAlgorithm {
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// A text that names no hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is none of sha256, sha384, sha512")]
pub struct UnknownHash;

impl HashAlgorithm {
    /// Whether signatures of such a key with this hash are accepted. Ed25519 hashes in its own way, whatever is named.
    pub fn is_read_for(self, key: Algorithm) -> bool {
        match key {
            Algorithm::EcdsaP256 | Algorithm::Rsa(_) => self == Self::Sha256,
            Algorithm::EcdsaP384 => matches!(self, Self::Sha256 | Self::Sha384),
            Algorithm::EcdsaP521 => matches!(self, Self::Sha256 | Self::Sha512),
            Algorithm::Ed25519 => true,
        }
    }
}

impl FromStr for HashAlgorithm {
    type Err = UnknownHash;

    fn from_str(text: &str) -> Result<Self, UnknownHash> {
        match text.trim().to_ascii_lowercase().as_str() {
            "sha224" => Ok(Self::Sha224),
            "sha256" => Ok(Self::Sha256),
            "sha384" => Ok(Self::Sha384),
            "sha512" => Ok(Self::Sha512),
            _ => Err(UnknownHash),
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Sha224 => "SHA-224",
            Self::Sha256 => "SHA-256",
            Self::Sha384 => "SHA-384",
            Self::Sha512 => "SHA-512",
        })
    }
}
