//! Ed25519ph (RFC 8032, 5.1: SHA-512 pre-hash, empty context): cosign signs with it, aws-lc-rs has none.

use ed25519_dalek::{Digest as _, Sha512, Signature, VerifyingKey};

/// Whether `signature` is an Ed25519ph signature over `message` by the key with those 32 `public` bytes.
pub(super) fn accepts(public: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = <&[u8; 32]>::try_from(public).ok().and_then(|bytes| VerifyingKey::from_bytes(bytes).ok());
    let (Some(key), Ok(signature)) = (key, Signature::from_slice(signature)) else {
        return false;
    };
    key.verify_prehashed_strict(Sha512::new_with_prefix(message), None, &signature).is_ok()
}
