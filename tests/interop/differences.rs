//! Where we and cosign answer differently, on purpose: each test shows both answers. The reasons are in
//! docs/interop.md.

use countersign::model::Digest;
use countersign::model::key::Algorithm;
use countersign::model::manifest::OCI_INDEX;
use serde_json::{Value, json};

use super::bed::{
    Bed, COSIGN_NO_BUNDLE, COSIGN_NO_LEGACY, COSIGN_NO_SIGNATURE, PLACES, Pair, cosign, cosign_signs,
    cosign_verifies, cosign_writes, countersign, flag_name, image, we_sign, we_verify,
};
use super::support::cli::Run;
use super::support::forge;
use super::support::image::{self as images, Pushed};
use super::support::keys::TestKey;
use super::support::registry::{Act, Config, Fault, Place as At, TestRegistry};
use super::support::temp::TempFolder;

/// The reasons in a report, invalid and unreachable ones.
fn reasons(run: &Run, kind: &str) -> String {
    let remarks = run.json()["images"][0][kind].as_array().unwrap().clone();
    remarks.iter().map(|remark| remark["reason"].as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

/// `cosign attest` with a vulnerability report.
pub(super) fn cosign_attests(key: &Pair, image: &str, format: &str) {
    let folder = TempFolder::new();
    let predicate = folder.write("scan.json", r#"{"scanner":{"uri":"example","result":{}}}"#);
    let command = cosign().arg("attest").args(cosign_writes(format)).args(["--key", &key.private]);
    command.args(["--type", "vuln", "--predicate"]).arg(predicate).arg(image).run().expect_code(0);
}

#[test]
fn an_attestation_is_a_signature_for_cosign_and_none_for_us() {
    let bed = Bed::share();
    let key = &bed.p256().cosigns;
    for place in PLACES {
        let at = image(&bed, place, "differences/attestation").pinned();
        cosign_attests(key, &at, "bundle");
        let accepted = cosign_verifies(key, &at, &[]).expect_code(0);
        assert!(accepted.stdout.contains("https://cosign.sigstore.dev/attestation/vuln/v1"), "{accepted:?}");
        we_verify(&[key], &at, &[]).expect_code(1);
        let shown = countersign().args(["inspect", "--output", "json", &at]).run().expect_code(0).json();
        assert_eq!(shown["attached"][0]["kind"], json!("other"), "{shown:#}");
        // Legacy attestations have a tag of their own, where neither looks for signatures.
        let at = image(&bed, place, "differences/legacy-attestation").pinned();
        cosign_attests(key, &at, "legacy");
        cosign_verifies(key, &at, &[]).expect_code(COSIGN_NO_SIGNATURE);
        we_verify(&[key], &at, &[]).expect_code(1);
    }
}

/// Stores a legacy signature over `payload` by `key`, with more layer annotations.
fn put_legacy(image: &Pushed, key: &TestKey, payload: &Value, annotations: Value) {
    forge::put_legacy(image.host.as_str(), image, key, payload.to_string().as_bytes(), annotations);
}

/// What cosign signs, with another `critical.type`.
fn payload(image: &Pushed, kind: &str) -> Value {
    json!({"critical": {
        "identity": {"docker-reference": format!("{}/{}", image.host, image.repository)},
        "image": {"docker-manifest-digest": image.digest.to_string()},
        "type": kind,
    }, "optional": null})
}

/// An unencrypted key as the tests' other commands take it.
fn as_pair(key: &TestKey) -> Pair {
    Pair { private: key.private_arg(), public: key.public_arg(), algorithm: Algorithm::EcdsaP256 }
}

#[test]
fn a_payload_of_another_type_is_a_signature_for_cosign_and_invalid_for_us() {
    let bed = Bed::share();
    let key = TestKey::new();
    for (kind, code) in [("cosign container image signature", 0), ("approval of something else", 1)] {
        let image = image(&bed, PLACES[0], &format!("differences/type/{code}"));
        put_legacy(&image, &key, &payload(&image, kind), json!({}));
        cosign_verifies(&as_pair(&key), &image.pinned(), &[]).expect_code(0);
        let answer = we_verify(&[&as_pair(&key)], &image.pinned(), &[]).expect_code(code);
        assert_eq!(reasons(&answer, "invalid").contains("type"), code == 1, "{answer:?}");
    }
}

#[test]
fn junk_in_the_certificate_annotation_makes_cosign_refuse_a_good_signature_and_us_not() {
    let bed = Bed::share();
    let key = TestKey::new();
    for annotation in ["dev.sigstore.cosign/certificate", "dev.sigstore.cosign/bundle"] {
        let image = image(&bed, PLACES[0], &format!("differences/junk/{}", &annotation[20..]));
        let payload = payload(&image, "cosign container image signature");
        put_legacy(&image, &key, &payload, json!({annotation: "junk"}));
        assert_ne!(cosign_verifies(&as_pair(&key), &image.pinned(), &[]).code, 0, "{annotation}");
        we_verify(&[&as_pair(&key)], &image.pinned(), &[]).expect_code(0);
    }
}

#[test]
fn cosign_cannot_verify_the_ed25519_signatures_that_it_makes_and_we_can() {
    let bed = Bed::share();
    let keys = bed.keys(Algorithm::Ed25519);
    for (format, refusal) in [("legacy", COSIGN_NO_LEGACY), ("bundle", COSIGN_NO_BUNDLE)] {
        let at = image(&bed, PLACES[1], &format!("differences/ed25519/{format}")).pinned();
        cosign_signs(&keys.cosigns, &at, format, &[]);
        for hash in ["sha256", "sha384", "sha512"] {
            let flag = format!("--signature-digest-algorithm={hash}");
            cosign_verifies(&keys.cosigns, &at, &[&flag]).expect_code(refusal);
        }
        we_verify(&[&keys.cosigns], &at, &[]).expect_code(0);
        // The same key in our hands: plain Ed25519, which both verify.
        we_sign(&keys.ours, &at, &["--format", format]);
        cosign_verifies(&keys.ours, &at, &[]).expect_code(0);
        we_verify(&[&keys.ours], &at, &[]).expect_code(0);
    }
}

#[test]
fn cosign_must_be_told_the_hash_of_the_larger_curves_and_we_need_not() {
    let bed = Bed::share();
    for algorithm in [Algorithm::EcdsaP384, Algorithm::EcdsaP521] {
        let keys = bed.keys(algorithm);
        let at = image(&bed, PLACES[0], &format!("differences/hash/{}", flag_name(algorithm)));
        let at = at.pinned();
        cosign_signs(&keys.cosigns, &at, "bundle", &[]);
        we_sign(&keys.ours, &at, &["--format", "bundle"]);
        for key in [&keys.cosigns, &keys.ours] {
            let untold = Pair {
                private: key.private.clone(),
                public: key.public.clone(),
                algorithm: Algorithm::EcdsaP256,
            };
            cosign_verifies(&untold, &at, &[]).expect_code(COSIGN_NO_BUNDLE);
            cosign_verifies(key, &at, &[]).expect_code(0);
            we_verify(&[key], &at, &[]).expect_code(0);
        }
    }
}

/// An image in a registry of our own that cosign has signed with a bundle by each key.
fn in_our_registry(config: Config, keys: &[&Pair]) -> (TestRegistry, Pushed) {
    let registry = TestRegistry::start(config);
    let image = images::image(&registry, "differences/app", "1", "app");
    for key in keys {
        cosign_signs(key, &image.pinned(), "bundle", &[]);
    }
    (registry, image)
}

#[test]
fn a_refused_or_failed_listing_is_no_signature_for_cosign_and_undecided_for_us() {
    let bed = Bed::share();
    let key = &bed.p256().cosigns;
    let (registry, image) = in_our_registry(Config::default(), &[key]);
    let at = image.pinned();
    cosign_verifies(key, &at, &[]).expect_code(0);
    we_verify(&[key], &at, &[]).expect_code(0);
    for status in [403, 500] {
        registry.misbehave(Fault::on(At::Referrers, Act::Status(status)));
        cosign_verifies(key, &at, &[]).expect_code(COSIGN_NO_SIGNATURE);
        let answer = we_verify(&[key], &at, &[]).expect_code(3);
        assert!(reasons(&answer, "unreachable").contains(&status.to_string()), "{answer:?}");
        registry.behave();
    }
}

#[test]
fn a_refused_or_failed_signature_tag_is_an_error_for_both() {
    let bed = Bed::share();
    let key = &bed.p256().cosigns;
    let registry = TestRegistry::start(Config::default());
    let image = images::image(&registry, "differences/app", "1", "app");
    cosign_signs(key, &image.pinned(), "legacy", &[]);
    cosign_verifies(key, &image.pinned(), &[]).expect_code(0);
    for status in [403, 500] {
        registry.misbehave(Fault::on(At::SigTag, Act::Status(status)));
        let failed = cosign_verifies(key, &image.pinned(), &[]).expect_code(1);
        assert!(failed.stderr.contains("the test registry misbehaves"), "{failed:?}");
        let answer = we_verify(&[key], &image.pinned(), &[]).expect_code(3);
        assert!(reasons(&answer, "unreachable").contains(&status.to_string()), "{answer:?}");
        registry.behave();
    }
}

#[test]
fn cosign_reads_the_first_page_of_a_listing_and_we_read_all() {
    let bed = Bed::share();
    let keys = bed.p256();
    let config = Config { page_size: Some(1), ..Config::default() };
    let (_registry, image) = in_our_registry(config, &[&keys.cosigns, &keys.ours]);
    let at = image.pinned();
    let codes = [&keys.cosigns, &keys.ours].map(|key| cosign_verifies(key, &at, &[]).code);
    assert_eq!(codes, [0, COSIGN_NO_BUNDLE]);
    we_verify(&[&keys.cosigns, &keys.ours], &at, &[]).expect_code(0);
}

#[test]
fn a_fallback_tag_beside_the_referrers_api_is_read_by_us_and_not_by_cosign() {
    let bed = Bed::share();
    let key = &bed.p256().cosigns;
    let (registry, image) = in_our_registry(Config::without_referrers(), &[key]);
    cosign_verifies(key, &image.pinned(), &[]).expect_code(0);
    // As if the image had moved to where there is an API, which knows of nothing.
    let empty = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}).to_string();
    let answer = Act::Answer { media_type: OCI_INDEX.to_owned(), bytes: empty.into_bytes() };
    registry.misbehave(Fault::on(At::Referrers, answer));
    cosign_verifies(key, &image.pinned(), &[]).expect_code(COSIGN_NO_SIGNATURE);
    we_verify(&[key], &image.pinned(), &[]).expect_code(0);
}

#[test]
fn one_foreign_bundle_hides_a_legacy_signer_from_cosign_and_not_from_us() {
    let bed = Bed::share();
    let keys = bed.p256();
    for place in PLACES {
        let at = image(&bed, place, "differences/hidden").pinned();
        cosign_signs(&keys.ours, &at, "legacy", &[]);
        cosign_verifies(&keys.ours, &at, &[]).expect_code(0);
        cosign_attests(&keys.cosigns, &at, "bundle");
        cosign_verifies(&keys.ours, &at, &[]).expect_code(COSIGN_NO_BUNDLE);
        we_verify(&[&keys.ours], &at, &[]).expect_code(0);
    }
}

#[test]
fn cosign_signs_a_digest_that_is_not_in_the_registry_and_we_refuse() {
    let bed = Bed::share();
    let key = &bed.p256().ours;
    let there = image(&bed, PLACES[0], "differences/absent");
    let absent = Pushed { digest: Digest::of(b"nothing"), ..there };
    cosign_signs(key, &absent.pinned(), "legacy", &[]);
    cosign_verifies(key, &absent.pinned(), &[]).expect_code(0);
    countersign().args(["sign", "--key", &key.private, &absent.pinned()]).run().expect_code(3);
}

#[test]
fn signing_again_adds_a_bundle_in_cosign_and_nothing_in_ours() {
    let bed = Bed::share();
    let key = &bed.p256().ours;
    let (registry, image) = in_our_registry(Config::default(), &[key, key]);
    let count = || registry.referrers(&image.repository, &image.digest.to_string()).len();
    assert_eq!(count(), 2);
    we_sign(key, &image.pinned(), &["--format", "bundle"]);
    assert_eq!(count(), 3);
    let again = we_sign(key, &image.pinned(), &["--format", "bundle", "--output", "json"]).json();
    assert_eq!((count(), &again["results"][0]["written"]), (3, &json!(false)));
}
