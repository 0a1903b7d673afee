//! Public keys: parsed once, canonical, identified by what they are and never by a name.

mod ed25519ph;
pub mod pem;

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{self as lc, ParsedPublicKey, VerificationAlgorithm};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use spki::SubjectPublicKeyInfoRef;
use spki::der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use spki::der::{Decode, Reader, SliceReader};

use super::digest::Digest;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// Smallest and largest RSA modulus, in bits.
pub const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;
/// Smallest RSA exponent.
const RSA_EXPONENT: u64 = 65537;

/// What a key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// ECDSA on NIST P-256 with SHA-256.
    EcdsaP256,
    /// ECDSA on NIST P-384 with SHA-384.
    EcdsaP384,
    /// ECDSA on NIST P-521 with SHA-512.
    EcdsaP521,
    /// Ed25519.
    Ed25519,
    /// RSA, PKCS#1 v1.5 with SHA-256; the modulus has that many bits.
    Rsa(usize),
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::EcdsaP521 => f.write_str("ECDSA P-521"),
            Self::Ed25519 => f.write_str("Ed25519"),
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
        }
    }
}

/// A key's identity: SHA-256 of its canonical SPKI DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct Fingerprint(Digest);

impl Fingerprint {
    /// As cosign writes it in `publicKey.hint`: padded standard base64 of the hash.
    pub fn hint(&self) -> String {
        STANDARD.encode(self.0.as_bytes())
    }
}

impl From<Digest> for Fingerprint {
    fn from(digest: Digest) -> Self {
        Self(digest)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

/// A public key that verifies signatures. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    fingerprint: Fingerprint,
    /// Canonical SPKI DER.
    spki: Vec<u8>,
    /// The readings of a signature that are accepted, most likely first. Each reads the same message.
    readings: Vec<ParsedPublicKey>,
}

/// Why bytes are not a public key that is accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM.
    #[error(transparent)]
    Pem(#[from] pem::PemError),
    /// PEM, but of something else.
    #[error("its PEM block is `{0}`, a public key is expected (`PUBLIC KEY` or `RSA PUBLIC KEY`)")]
    Label(String),
    /// A private key where a public one is expected.
    #[error("it is a private key, and a public one is expected here")]
    Private,
    /// Not SPKI DER.
    #[error("it is not a public key in SPKI DER")]
    Der,
    /// An algorithm or curve that is not supported.
    #[error("its algorithm `{0}` is not supported (ECDSA P-256, P-384, P-521, Ed25519 and RSA are)")]
    Algorithm(String),
    /// Explicit curve parameters, which let a key bring a curve of its own.
    #[error("it spells its curve's parameters out; only named curves are accepted")]
    ExplicitCurve,
    /// RSA outside [`RSA_BITS`].
    #[error("it is RSA with {0} bits; 2048 to 4096 are accepted")]
    RsaSize(usize),
    /// RSA with a small exponent.
    #[error("it is RSA with an exponent under 65537")]
    RsaExponent,
    /// Well-formed, but not a point on its curve or the like.
    #[error("it is not a valid {0} key")]
    Invalid(Algorithm),
}

impl PublicKey {
    /// Reads the first PEM block of `text`: `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1).
    ///
    /// # Errors
    /// [`KeyError`], a private key among them.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (block, _) = pem::first_block(text)?;
        match block.label.as_str() {
            "PUBLIC KEY" => Self::from_spki(&block.body),
            "RSA PUBLIC KEY" => Self::from_rsa(&block.body),
            label if label.ends_with("PRIVATE KEY") => Err(KeyError::Private),
            label => {
                Err(KeyError::Label(super::escape_untrusted(&label.chars().take(64).collect::<String>())))
            }
        }
    }

    /// Reads a SubjectPublicKeyInfo in DER.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        let info = SubjectPublicKeyInfoRef::from_der(der).map_err(|_| KeyError::Der)?;
        let body = info.subject_public_key.as_bytes().ok_or(KeyError::Der)?;
        match info.algorithm.oid {
            EC_PUBLIC_KEY => Self::from_ec_point(info.algorithm.parameters, body),
            ED25519 if info.algorithm.parameters.is_none() => Self::from_ed25519(body),
            RSA_ENCRYPTION => Self::from_rsa(body),
            ED25519 => Err(KeyError::Der),
            other => Err(KeyError::Algorithm(other.to_string())),
        }
    }

    fn from_ec_point(curve: Option<AnyRef<'_>>, point: &[u8]) -> Result<Self, KeyError> {
        let curve = curve.ok_or(KeyError::Der)?;
        let curve = curve.decode_as::<ObjectIdentifier>().map_err(|_| KeyError::ExplicitCurve)?;
        let (algorithm, readings): (_, &[&'static dyn VerificationAlgorithm]) = match curve {
            P256 => (Algorithm::EcdsaP256, &[&lc::ECDSA_P256_SHA256_ASN1, &lc::ECDSA_P256_SHA256_FIXED]),
            P384 => (Algorithm::EcdsaP384, &[&lc::ECDSA_P384_SHA384_ASN1, &lc::ECDSA_P384_SHA256_ASN1]),
            P521 => (Algorithm::EcdsaP521, &[&lc::ECDSA_P521_SHA512_ASN1, &lc::ECDSA_P521_SHA256_ASN1]),
            other => return Err(KeyError::Algorithm(other.to_string())),
        };
        // Uncompressed or compressed; the hybrid form must not be used (RFC 5480, 2.2), and aws-lc reads it.
        match point.first() {
            Some(2..=4) => Self::new(algorithm, point, readings),
            _ => Err(KeyError::Invalid(algorithm)),
        }
    }

    fn from_ed25519(body: &[u8]) -> Result<Self, KeyError> {
        if !ed25519ph::is_sound(body) {
            return Err(KeyError::Invalid(Algorithm::Ed25519));
        }
        Self::new(Algorithm::Ed25519, body, &[&lc::ED25519])
    }

    /// `body`: RSAPublicKey (RFC 8017, A.1.1).
    fn from_rsa(body: &[u8]) -> Result<Self, KeyError> {
        let (bits, exponent) = rsa_numbers(body).map_err(|_| KeyError::Der)?;
        if !RSA_BITS.contains(&bits) {
            return Err(KeyError::RsaSize(bits));
        }
        if exponent.is_some_and(|exponent| exponent < RSA_EXPONENT) {
            return Err(KeyError::RsaExponent);
        }
        Self::new(Algorithm::Rsa(bits), body, &[&lc::RSA_PKCS1_2048_8192_SHA256])
    }

    fn new(
        algorithm: Algorithm,
        body: &[u8],
        readings: &[&'static dyn VerificationAlgorithm],
    ) -> Result<Self, KeyError> {
        let parse = |reading: &&'static dyn VerificationAlgorithm| ParsedPublicKey::new(*reading, body);
        let readings: Vec<_> =
            readings.iter().map(parse).collect::<Result<_, _>>().map_err(|_| KeyError::Invalid(algorithm))?;
        let der: PublicKeyX509Der<'_> = readings[0].as_der().map_err(|_| KeyError::Invalid(algorithm))?;
        let spki = der.as_ref().to_vec();
        let fingerprint = Fingerprint(Digest::of(&spki));
        Ok(Self(Arc::new(Inner { algorithm, fingerprint, spki, readings })))
    }

    /// What the key signs with.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The key's identity.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.fingerprint
    }

    /// Canonical SPKI DER.
    pub fn spki(&self) -> &[u8] {
        &self.0.spki
    }

    /// PEM with the label `PUBLIC KEY`.
    pub fn to_pem(&self) -> String {
        pem::write("PUBLIC KEY", &self.0.spki).to_string()
    }

    /// Whether `signature` is this key's over `message`, in any accepted reading (wire formats: DER, raw
    /// r‖s for P-256, SHA-256 for the larger curves, Ed25519ph).
    pub fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.readings.iter().any(|reading| reading.verify_sig(message, signature).is_ok())
            || self.0.algorithm == Algorithm::Ed25519
                && ed25519ph::accepts(self.0.readings[0].as_ref(), message, signature)
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.fingerprint == other.0.fingerprint
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0.algorithm, self.0.fingerprint)
    }
}

/// Bits of the modulus, and the exponent where it fits 64 bits.
fn rsa_numbers(body: &[u8]) -> spki::der::Result<(usize, Option<u64>)> {
    let mut reader = SliceReader::new(body)?;
    let numbers = reader.sequence(|nested| -> spki::der::Result<_> {
        let modulus = UintRef::decode(nested)?;
        let exponent = UintRef::decode(nested)?;
        let leading = modulus.as_bytes().first().map_or(0, |byte| byte.leading_zeros() as usize);
        let bits = modulus.as_bytes().len() * 8 - leading;
        let exponent = exponent.as_bytes();
        let value = exponent.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        Ok((bits, (exponent.len() <= 8).then_some(value)))
    })?;
    reader.finish()?;
    Ok(numbers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use aws_lc_rs::encoding::{AsBigEndian, EcPublicKeyCompressedBin};
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{EcdsaKeyPair, KeyPair as _};

    use super::*;

    fn pair() -> EcdsaKeyPair {
        EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()
    }

    #[test]
    fn a_compressed_point_is_the_same_key_as_an_uncompressed_one() {
        let pair = pair();
        let full = PublicKey::from_spki(pair.public_key().as_der().unwrap().as_ref()).unwrap();
        let point: EcPublicKeyCompressedBin<'_> = pair.public_key().as_be_bytes().unwrap();
        let mut spki = vec![0x30, 0x39, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
        spki.extend([6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x22, 0]);
        spki.extend(point.as_ref());
        let compressed = PublicKey::from_spki(&spki).unwrap();
        assert_eq!((compressed.spki(), compressed.fingerprint()), (full.spki(), full.fingerprint()));
    }

    #[test]
    fn a_signature_in_der_and_as_raw_numbers_is_accepted_and_another_message_is_not() {
        let pair = pair();
        let key =
            PublicKey::from_pem(&pem::write("PUBLIC KEY", pair.public_key().as_der().unwrap().as_ref()));
        let key = key.unwrap();
        let der = pair.sign(&SystemRandom::new(), b"message").unwrap();
        assert!(key.accepts(b"message", der.as_ref()));
        assert!(!key.accepts(b"another", der.as_ref()));
        let pkcs8 = pair.to_pkcs8v1().unwrap();
        let raw = EcdsaKeyPair::from_pkcs8(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref()).unwrap();
        assert!(key.accepts(b"message", raw.sign(&SystemRandom::new(), b"message").unwrap().as_ref()));
    }
}
