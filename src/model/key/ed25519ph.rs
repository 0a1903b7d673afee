//! Ed25519ph (RFC 8032, 5.1: SHA-512 pre-hash, empty context): cosign signs with it, aws-lc-rs has none.

use ed25519_dalek::{Digest as _, Sha512, Signature, VerifyingKey};

/// Whether `public` is a point of the curve in its one canonical spelling, and not of small order: under such
/// a key a signature that nobody made is valid for every message.
pub(super) fn is_sound(public: &[u8]) -> bool {
    let key = <&[u8; 32]>::try_from(public).ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    key.is_some_and(|key| !key.is_weak() && key.to_edwards().compress().as_bytes() == public)
}

/// Whether `signature` is an Ed25519ph signature over `message` by the key with those 32 `public` bytes.
pub(super) fn accepts(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = <&[u8; 32]>::try_from(public).ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    let (Some(key), Ok(signature)) = (key, Signature::from_slice(signature)) else {
        return false;
    };
    key.verify_prehashed_strict(Sha512::new_with_prefix(message), None, &signature).is_ok()
}
