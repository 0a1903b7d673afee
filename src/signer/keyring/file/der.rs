//! Private keys in DER: which of the containers it is (PKCS#8, SEC1, PKCS#1), the algorithm, and the two
//! things the crypto library would let pass: explicit curve parameters and small RSA keys.

use spki::AlgorithmIdentifierRef;
use spki::der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use spki::der::{Decode, Reader, SliceReader, Tag, Tagged};

use crate::model::key::{Algorithm, KeyError, RSA_BITS};
use crate::signer::PrivateKeyError;

const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
const P521: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.35");

/// The algorithm of a PKCS#8 PrivateKeyInfo (RFC 5208) or OneAsymmetricKey (RFC 5958).
pub(super) fn pkcs8_algorithm(der: &[u8]) -> Result<Algorithm, PrivateKeyError> {
    let malformed = |_| PrivateKeyError::Der;
    let (info, key) = pkcs8_parts(der).map_err(malformed)?;
    match info.oid {
        EC_PUBLIC_KEY => {
            let algorithm = curve(info.parameters.ok_or(PrivateKeyError::Der)?)?;
            if let Some(inner) = ec_parameters(key).map_err(malformed)? {
                curve(inner)?;
            }
            Ok(algorithm)
        }
        RSA_ENCRYPTION => pkcs1_algorithm(key),
        ED25519 => Ok(Algorithm::Ed25519),
        other => Err(KeyError::Algorithm(other.to_string()).into()),
    }
}

/// The algorithm of an ECPrivateKey (SEC1, RFC 5915), which has to name its curve.
pub(super) fn sec1_algorithm(der: &[u8]) -> Result<Algorithm, PrivateKeyError> {
    let parameters = ec_parameters(der).map_err(|_| PrivateKeyError::Der)?;
    curve(parameters.ok_or(PrivateKeyError::NoCurve)?)
}

/// The algorithm of an RSAPrivateKey (PKCS#1, RFC 8017), whose modulus must have an accepted size.
pub(super) fn pkcs1_algorithm(der: &[u8]) -> Result<Algorithm, PrivateKeyError> {
    let bits = modulus_bits(der).map_err(|_| PrivateKeyError::Der)?;
    if RSA_BITS.contains(&bits) { Ok(Algorithm::Rsa(bits)) } else { Err(KeyError::RsaSize(bits).into()) }
}

fn curve(parameters: AnyRef<'_>) -> Result<Algorithm, PrivateKeyError> {
    match parameters.decode_as::<ObjectIdentifier>().map_err(|_| KeyError::ExplicitCurve)? {
        P256 => Ok(Algorithm::EcdsaP256),
        P384 => Ok(Algorithm::EcdsaP384),
        P521 => Ok(Algorithm::EcdsaP521),
        other => Err(KeyError::Algorithm(other.to_string()).into()),
    }
}

fn pkcs8_parts(der: &[u8]) -> spki::der::Result<(AlgorithmIdentifierRef<'_>, &[u8])> {
    let mut reader = SliceReader::new(der)?;
    let parts = reader.sequence(|nested| -> spki::der::Result<_> {
        UintRef::decode(nested)?;
        let algorithm = AlgorithmIdentifierRef::decode(nested)?;
        let key = <&OctetStringRef>::decode(nested)?.as_bytes();
        skip_rest(nested)?;
        Ok((algorithm, key))
    })?;
    reader.finish()?;
    Ok(parts)
}

/// The `[0] parameters` of an ECPrivateKey, if it has them.
fn ec_parameters(der: &[u8]) -> spki::der::Result<Option<AnyRef<'_>>> {
    let mut reader = SliceReader::new(der)?;
    let parameters = reader.sequence(|nested| -> spki::der::Result<_> {
        UintRef::decode(nested)?;
        <&OctetStringRef>::decode(nested)?;
        let mut parameters = None;
        while !nested.is_finished() {
            let field = AnyRef::decode(nested)?;
            if matches!(field.tag(), Tag::ContextSpecific { number, .. } if number.value() == 0) {
                parameters = Some(AnyRef::from_der(field.value())?);
            }
        }
        Ok(parameters)
    })?;
    reader.finish()?;
    Ok(parameters)
}

fn modulus_bits(der: &[u8]) -> spki::der::Result<usize> {
    let mut reader = SliceReader::new(der)?;
    let bits = reader.sequence(|nested| -> spki::der::Result<_> {
        UintRef::decode(nested)?;
        let modulus = UintRef::decode(nested)?;
        skip_rest(nested)?;
        let leading = modulus.as_bytes().first().map_or(0, |byte| byte.leading_zeros() as usize);
        Ok(modulus.as_bytes().len() * 8 - leading)
    })?;
    reader.finish()?;
    Ok(bits)
}

/// What follows is read by the crypto library; here it only has to be DER.
fn skip_rest<'r>(reader: &mut SliceReader<'r>) -> spki::der::Result<()> {
    while !reader.is_finished() {
        AnyRef::decode(reader)?;
    }
    Ok(())
}
