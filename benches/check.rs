//! What checking a signature costs beside the cryptography in it: `model::verify::check` of one parsed candidate
//! against one key, and aws-lc-rs's own verification of the same message in the same run. Reading the candidate is a
//! figure of its own.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, ParsedPublicKey,
};
use countersign::model::candidate::Read;
use countersign::model::verify::check;
use countersign::model::{Candidate, Checked, Claims, Digest, PublicKey, bundle, envelope, statement};
use criterion::Criterion;

/// Of the crypto library's own rate, at least this much is to be left.
const TARGET: f64 = 0.9;
/// How long each side runs before the other one's turn, and how many turns each gets.
const TURN: Duration = Duration::from_millis(50);
const TURNS: usize = 41;

/// A signature, as a bundle and as the crypto library sees it.
struct Case {
    name: &'static str,
    image: Digest,
    key: PublicKey,
    bundle: Vec<u8>,
    message: Vec<u8>,
    signature: Vec<u8>,
    raw_key: ParsedPublicKey,
}

impl Case {
    fn new(name: &'static str, raw_key: ParsedPublicKey, sign: impl Fn(&[u8]) -> Vec<u8>) -> Self {
        let image = Digest::of(b"an image");
        let der: PublicKeyX509Der<'_> = raw_key.as_der().unwrap();
        let key = PublicKey::from_spki(der.as_ref()).unwrap();
        let claims = Claims::from_annotations(&["commit=4f2a91c", "pipeline=release"]).unwrap();
        let statement = statement::to_bytes(&image, &claims);
        let message = envelope::pae(envelope::IN_TOTO, &statement);
        let signature = sign(&message);
        let bundle = bundle::to_bytes(&statement, &signature, &key);
        Self { name, image, key, bundle, message, signature, raw_key }
    }

    fn candidate(&self) -> Candidate {
        match Candidate::bundle("registry.example.org/app@sha256:…".to_owned(), &self.bundle) {
            Read::Candidate(candidate) => candidate,
            other => unreachable!("{other:?}"),
        }
    }

    fn check(&self, candidate: &Candidate) {
        let checked = check(black_box(candidate), &self.image, std::slice::from_ref(&self.key));
        assert!(matches!(black_box(checked), Checked::Verified(_)));
    }

    fn raw(&self) {
        assert!(self.raw_key.verify_sig(black_box(&self.message), &self.signature).is_ok());
    }
}

fn cases() -> [Case; 2] {
    let p256 = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let p256_key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, p256.public_key().as_ref()).unwrap();
    let random = SystemRandom::new();
    let ed25519 = Ed25519KeyPair::generate().unwrap();
    let ed25519_key = ParsedPublicKey::new(&ED25519, ed25519.public_key().as_ref()).unwrap();
    [
        Case::new("P-256", p256_key, |message| p256.sign(&random, message).unwrap().as_ref().to_vec()),
        Case::new("Ed25519", ed25519_key, |message| ed25519.sign(message).as_ref().to_vec()),
    ]
}

fn figures(criterion: &mut Criterion, case: &Case) {
    let candidate = case.candidate();
    let mut group = criterion.benchmark_group(case.name);
    group.bench_function("check", |bencher| bencher.iter(|| case.check(&candidate)));
    group.bench_function("aws-lc-rs alone", |bencher| bencher.iter(|| case.raw()));
    group.bench_function("read a bundle", |bencher| bencher.iter(|| black_box(case.candidate())));
    group.finish();
}

/// Works for [`TURN`]: how often a second it was done.
fn rate(work: impl Fn()) -> f64 {
    let start = Instant::now();
    let mut done = 0u32;
    while start.elapsed() < TURN {
        // The clock is asked once in a while only: it takes time too.
        (0..32).for_each(|_| work());
        done += 32;
    }
    f64::from(done) / start.elapsed().as_secs_f64()
}

/// Both in turn, so that what else the machine does meets both; prints the median of the turns' ratios.
fn ratio(case: &Case) {
    let candidate = case.candidate();
    let mut turns: Vec<(f64, f64)> = Vec::with_capacity(TURNS);
    for _ in 0..TURNS {
        turns.push((rate(|| case.check(&candidate)), rate(|| case.raw())));
    }
    turns.sort_by(|a, b| (a.0 / a.1).total_cmp(&(b.0 / b.1)));
    let (checked, raw) = turns[TURNS / 2];
    let share = checked / raw;
    let verdict = if share >= TARGET { "reached" } else { "MISSED" };
    println!(
        "{}: check {checked:.0}/s, aws-lc-rs alone {raw:.0}/s: {:.1} % (at least {:.0} %: {verdict})",
        case.name,
        share * 100.0,
        TARGET * 100.0
    );
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let cases = cases();
    for case in &cases {
        figures(&mut criterion, case);
    }
    criterion.final_summary();
    println!();
    cases.iter().for_each(ratio);
}
