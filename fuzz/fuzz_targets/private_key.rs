//! Private key files: a key that is accepted signs, and its public half accepts that. Encrypted ones are only
//! read, since scrypt would take a fifth of a second each.
#![no_main]

use countersign::model::key::Algorithm;
use countersign::signer::Signer;
use countersign::signer::keyring::file::{PrivateKeyText, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(PrivateKeyText::Plain(key)) = parse(text) else { return };
    // RSA takes milliseconds to sign, and finds nothing more.
    if matches!(key.public_key().algorithm(), Algorithm::Rsa(_)) {
        return;
    }
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().build() else { unreachable!() };
    if let Ok(signature) = runtime.block_on(key.sign(b"message")) {
        assert!(key.public_key().accepts(b"message", &signature));
    }
});
