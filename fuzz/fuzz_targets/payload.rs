//! Payloads of the legacy format: the seed's signature is accepted over the seed's bytes and no others.
#![no_main]

use countersign::model::candidate::Read;
use countersign::model::verify::check;
use countersign::model::{Candidate, Checked, Digest, PublicKey, payload};
use libfuzzer_sys::fuzz_target;

const KEY: &str = include_str!("../corpus/public_key/p256.pem");
const SIGNED: &[u8] = include_bytes!("../corpus/payload/cosign.json");
/// The layer's annotation in corpus/manifest/signatures.json.
const SIGNATURE: &str =
    "MEQCIGvUUJTtpRZa/wrtEj4MRak2Un/07NxseL2SvtvjnbOsAiAwIFV0qt5B9fViKsnCpP2fkn6+DNTdu3YRO1ym+qyzrA==";
const IMAGE: &str = "sha256:a56d4766f7f31828787b523a0d800f31ede90ad4ed21c9c031915177277d6321";

fuzz_target!(|bytes: &[u8]| {
    let (Ok(key), Ok(image)) = (PublicKey::from_pem(KEY), IMAGE.parse::<Digest>()) else { unreachable!() };
    match Candidate::legacy("here".to_owned(), bytes.to_vec(), Some(SIGNATURE), false) {
        Read::Candidate(candidate) => match check(&candidate, &image, &[key]) {
            Checked::Verified(_) => assert_eq!(bytes, SIGNED),
            answer => assert!(bytes != SIGNED, "{answer:?}"),
        },
        Read::Invalid(_) | Read::Other(_) => assert!(bytes != SIGNED),
    }
    let Ok(read) = payload::Payload::parse(bytes) else { return };
    let written = payload::to_bytes("registry.example.org/app", &image, &read.claims);
    assert_eq!(payload::Payload::parse(&written).map(|again| again.claims), Ok(read.claims));
});
