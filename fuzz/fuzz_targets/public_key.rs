//! Public key files: a key that is accepted is written in one spelling, and that is the same key.
#![no_main]

use countersign::model::PublicKey;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(key) = PublicKey::from_pem(text) else { return };
    assert_eq!(PublicKey::from_pem(&key.to_pem()).as_ref(), Ok(&key));
    assert_eq!(PublicKey::from_spki(key.spki()).map(|again| again.spki().to_vec()), Ok(key.spki().to_vec()));
    assert!(!key.accepts(text.as_bytes(), text.as_bytes()));
});
