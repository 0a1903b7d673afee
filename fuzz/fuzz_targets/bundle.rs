//! Sigstore bundles: whatever is accepted under the seed's key states what the seed states.
#![no_main]

use countersign::model::candidate::Read;
use countersign::model::verify::check;
use countersign::model::{Candidate, Checked, Digest, PublicKey};
use libfuzzer_sys::fuzz_target;

const KEY: &str = include_str!("../corpus/public_key/p256.pem");
const IMAGE: &str = "sha256:a56d4766f7f31828787b523a0d800f31ede90ad4ed21c9c031915177277d6321";

fuzz_target!(|bytes: &[u8]| {
    let (Ok(key), Ok(image)) = (PublicKey::from_pem(KEY), IMAGE.parse::<Digest>()) else { unreachable!() };
    let Read::Candidate(candidate) = Candidate::bundle("here".to_owned(), bytes) else { return };
    match check(&candidate, &image, &[key]) {
        Checked::Verified(signatures) => {
            for signature in signatures {
                let claims: Vec<_> = signature.claims().iter().collect();
                assert_eq!(claims, [("commit", "abc")]);
            }
        }
        // The key signed an attestation too, and that is sorted out before it is asked.
        Checked::Invalid(reason) => panic!("accepted, and it states something else: {reason}"),
        Checked::Unmatched | Checked::Other(_) => {}
    }
});
