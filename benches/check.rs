//! The rate of `check`, the one maker of verified signatures: one candidate against one key, on one core, beside
//! what the crypto library alone does for the same message; and the parsing that comes before.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a benchmark fails by panicking")]
#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_ASN1_SIGNING, ED25519, EcdsaKeyPair, Ed25519KeyPair,
    KeyPair as _, ParsedPublicKey, VerificationAlgorithm,
};
use countersign::model::candidate::Read;
use countersign::model::verify::{Checked, check};
use countersign::model::{Candidate, Claims, Digest, PublicKey, bundle, claims, envelope, statement};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A key, a bundle that it signed, and what the crypto library needs to verify the same message.
struct Signed {
    image: Digest,
    key: PublicKey,
    bundle: Vec<u8>,
    own: ParsedPublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Signed {
    fn new(
        algorithm: &'static dyn VerificationAlgorithm,
        public: impl AsRef<[u8]> + AsDer<PublicKeyX509Der<'static>>,
        sign: impl Fn(&[u8]) -> Vec<u8>,
    ) -> Self {
        let image = Digest::of(b"an image");
        let key = PublicKey::from_spki(public.as_der().unwrap().as_ref()).unwrap();
        let mut stated = Claims::default();
        stated.set(claims::ROLE, "build");
        stated.set(claims::REPOSITORY, "registry.example.org/shop/app");
        stated.set(claims::SIGNED_AT, "2026-01-01T00:00:00Z");
        let statement = statement::to_bytes(&image, &stated);
        let message = envelope::pae(envelope::IN_TOTO, &statement);
        let signature = sign(&message);
        let bundle = bundle::to_bytes(&statement, &signature, &key);
        let own = ParsedPublicKey::new(algorithm, public.as_ref()).unwrap();
        Self { image, key, bundle, own, message, signature }
    }

    fn p256() -> Self {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let sign = |message: &[u8]| pair.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec();
        Self::new(&ECDSA_P256_SHA256_ASN1, pair.public_key().clone(), sign)
    }

    fn ed25519() -> Self {
        let pair = Ed25519KeyPair::generate().unwrap();
        Self::new(&ED25519, pair.public_key().clone(), |message| pair.sign(message).as_ref().to_vec())
    }

    fn candidate(&self) -> Candidate {
        match Candidate::bundle("a registry".to_owned(), &self.bundle) {
            Read::Candidate(candidate) => candidate,
            other => panic!("no candidate: {other:?}"),
        }
    }
}

fn rates(criterion: &mut Criterion) {
    for (name, signed) in [("p256", Signed::p256()), ("ed25519", Signed::ed25519())] {
        let candidate = signed.candidate();
        let keys = [signed.key.clone()];
        let mut group = criterion.benchmark_group(name);
        group.throughput(Throughput::Elements(1));
        group.bench_function("library", |bench| {
            bench.iter(|| signed.own.verify_sig(&signed.message, &signed.signature).unwrap());
        });
        group.bench_function("check", |bench| {
            bench.iter(|| match check(&candidate, &signed.image, &keys) {
                Checked::Verified(verified) => verified,
                other => panic!("not verified: {other:?}"),
            });
        });
        group.bench_function("parse", |bench| bench.iter(|| signed.candidate()));
        group.finish();
    }
}

criterion_group!(benches, rates);
criterion_main!(benches);
