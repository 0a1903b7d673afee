//! Attestations: nothing is one and a signature at once, what is accepted under the seed's key is the seed's statement,
//! and what a predicate says is bounded and harmless to show.
#![no_main]

use countersign::model::attestation::{Attestation, Checked, Read, check};
use countersign::model::candidate;
use countersign::model::predicate::summary::Summary;
use countersign::model::predicate::vulnerability::{self, Scan, Vulnerability};
use countersign::model::{Candidate, Digest, PublicKey};
use countersign::scan::Report;
use libfuzzer_sys::fuzz_target;

const KEY: &str = include_str!("../corpus/public_key/p256.pem");
const IMAGE: &str = "sha256:a56d4766f7f31828787b523a0d800f31ede90ad4ed21c9c031915177277d6321";

fn shown(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
}

fuzz_target!(|bytes: &[u8]| {
    let (Ok(key), Ok(image)) = (PublicKey::from_pem(KEY), IMAGE.parse::<Digest>()) else { unreachable!() };
    let attestation = match Attestation::read(bytes) {
        Read::Attestation(attestation) => attestation,
        Read::Other(what) => return shown(&what),
        Read::Invalid(reason) => return shown(&reason),
    };
    let signature = Candidate::bundle("here".to_owned(), bytes);
    assert!(!matches!(signature, candidate::Read::Candidate(_)), "an attestation and a signature at once");
    let predicate = attestation.unverified_predicate();
    assert!(serde_json::from_str::<&serde_json::value::RawValue>(predicate).is_ok());
    if let Ok(scan) = Vulnerability::parse(predicate) {
        let _ = Report::parse(scan.result.as_bytes());
        // What is written again around the same report holds the same report.
        let about =
            Scan { scanner: "trivy", version: None, report: scan.result.as_bytes(), time: scan.finished };
        let again = vulnerability::to_json(&about).and_then(|json| Ok(Vulnerability::parse(&json)));
        assert!(again.is_ok_and(|again| again.is_ok_and(|again| again.result == scan.result)));
    }
    if let Ok(summary) = Summary::parse(predicate) {
        assert!(summary.levels.len() <= 32 && summary.policy.chars().count() <= 512);
    }
    match check(bytes, &[key], &image) {
        Checked::Verified(verified) => {
            assert_eq!(verified.predicate_type(), vulnerability::TYPE);
            assert_eq!(verified.predicate(), predicate);
            assert_eq!(verified.statement(), attestation.statement());
        }
        Checked::Invalid(reason) => panic!("accepted, and it states something else: {reason}"),
        Checked::Unmatched => {}
        Checked::Other(what) => panic!("read as an attestation, and as {what}"),
    }
});
