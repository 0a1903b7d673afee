//! What must be refused, and what must not: cases as files that any implementation can run. Each file holds
//! what is given and the answer that must come; README.md describes them.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod case;
mod generate;
mod runner;

use std::collections::{BTreeMap, BTreeSet};

use case::{Case, Expected, Stored};
use countersign::model::candidate::Read;
use countersign::model::verify::check;
use countersign::model::{Checked, Digest};

/// Every item of the list of what must be refused, and cases that cover it.
const TOPICS: [(&str, &[&str]); 26] = [
    ("another digest", &["another_digest_legacy_fail", "another_digest_bundle_fail"]),
    ("another payload type", &["payload_of_another_type_fail"]),
    ("another predicate type", &["vulnerability_attestation_fail"]),
    ("critical.type wrong", &["critical_type_wrong_fail"]),
    ("a valid signature by another key", &["valid_signature_by_a_key_of_another_kind_fail"]),
    (
        "a bit flipped in each field",
        &[
            "bit_flipped_in_payload_digest_fail",
            "bit_flipped_in_payload_type_fail",
            "bit_flipped_in_docker_reference_fail",
            "bit_flipped_in_payload_claim_value_fail",
            "bit_flipped_in_r_fail",
            "bit_flipped_in_s_fail",
            "bit_flipped_in_subject_digest_fail",
            "bit_flipped_in_statement_type_fail",
            "bit_flipped_in_statement_claim_value_fail",
            "bit_flipped_in_predicate_type_fail",
            "bit_flipped_in_payload_media_type_fail",
            "bit_flipped_in_media_type_fail",
            "bit_flipped_in_bundle_signature_fail",
        ],
    ),
    ("hint naming the right key with another's signature", &["hint_names_our_key_fail"]),
    ("no signature", &["no_signature_legacy_fail", "no_signature_bundle_fail"]),
    ("two signatures", &["two_signatures_fail", "two_signatures_by_two_keys_fail"]),
    ("two subjects of this digest with different claims", &["two_subjects_with_different_claims_fail"]),
    (
        "claims only in unsigned annotations",
        &["claims_only_in_layer_annotations_fail", "claims_only_in_the_bundle_fail"],
    ),
    (
        "duplicate JSON members",
        &[
            "duplicate_critical_fail",
            "duplicate_digest_legacy_fail",
            "duplicate_claim_fail",
            "duplicate_in_unknown_member_fail",
            "duplicate_predicate_type_fail",
            "duplicate_subject_digest_fail",
            "duplicate_media_type_fail",
            "duplicate_sig_fail",
        ],
    ),
    ("r or s zero", &["r_zero_fail", "s_zero_fail", "raw_s_zero_fail"]),
    ("DER with trailing bytes", &["der_with_trailing_bytes_fail", "der_with_trailing_bytes_bundle_fail"]),
    ("RSA 1024", &["rsa_1024_key_fail"]),
    ("explicit curve parameters", &["explicit_curve_key_fail"]),
    ("one key in two spellings given twice", &["one_key_in_two_spellings_fail"]),
    ("a payload of 50 MB", &["payload_of_50_mb_fail"]),
    ("a bundle of another version", &["bundle_v0_1_fail", "bundle_v0_2_fail", "bundle_v0_4_fail"]),
    (
        "a non-string claim",
        &["non_string_claim_required_legacy_fail", "non_string_claim_required_bundle_fail"],
    ),
    ("ANSI characters in claims", &["ansi_in_claim_legacy", "ansi_in_claim_bundle"]),
    ("bidi characters in claims", &["bidi_in_claim_legacy", "bidi_in_claim_bundle"]),
    (
        "scrypt parameters beyond the three allowed",
        &["scrypt_n_16384_fail", "scrypt_n_262144_fail", "scrypt_r_16_fail", "scrypt_p_2_fail"],
    ),
    ("a signed-at in the future", &["signed_at_in_the_future"]),
    ("a certificate bundle (other, not invalid)", &["certificate_bundle_fail"]),
    (
        "a stranger's signature (unmatched, not invalid)",
        &["strangers_signature_legacy_fail", "strangers_signature_bundle_fail"],
    ),
];

/// Cases by name. One that does not parse, has no expectation or a member that nobody knows ends the test.
fn cases() -> BTreeMap<String, Case> {
    let folder = std::fs::read_dir(generate::kit().join("cases")).unwrap();
    let read = folder.map(|entry| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().strip_suffix(".json");
        let name = name.unwrap_or_else(|| panic!("{}: not a case", path.display())).to_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let case = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        (name, case)
    });
    read.collect()
}

#[test]
fn every_case_has_the_answer_that_its_file_expects() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|(name, case)| Some(format!("{name}: {}", runner::run(case).err()?)))
        .collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_name_ends_in_fail_if_and_only_if_the_case_must_be_refused() {
    for (name, case) in cases() {
        assert_eq!(name.ends_with("_fail"), case.must_be_refused(), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        assert!(case.about().ends_with('.'), "{name} says in a sentence what it is about");
    }
}

#[test]
fn at_least_eighty_cases_must_be_refused_and_others_must_not() {
    let refused = cases().values().filter(|case| case.must_be_refused()).count();
    assert!(refused >= 80, "{refused} cases");
    assert!(cases().len() - refused >= 40);
}

#[test]
fn every_topic_has_its_cases() {
    let cases = cases();
    for (topic, names) in TOPICS {
        assert!(!names.is_empty(), "{topic}");
        for name in names {
            assert!(cases.contains_key(*name), "{topic}: {name}");
        }
    }
}

#[test]
fn a_stranger_is_unmatched_and_a_certificate_is_other_and_neither_is_invalid() {
    let expected = |name: &str| match &cases()[name] {
        Case::Signature(case) => case.expect.clone(),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(expected("strangers_signature_legacy_fail"), Expected::Unmatched {});
    assert_eq!(expected("strangers_signature_bundle_fail"), Expected::Unmatched {});
    for name in ["certificate_bundle_fail", "certificate_chain_bundle_fail", "certificate_layer_fail"] {
        assert!(matches!(expected(name), Expected::Other { .. }), "{name}");
    }
}

#[test]
fn a_case_without_an_expectation_or_with_an_unknown_member_is_no_case() {
    let text = serde_json::to_string(&cases()["p256_legacy"]).unwrap();
    let as_value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert!(serde_json::from_str::<Case>(&text).is_ok());
    for spoil in [
        |case: &mut serde_json::Value| drop(case.as_object_mut().unwrap().remove("expect")),
        |case: &mut serde_json::Value| case["expect"] = serde_json::json!({"answer": "verified"}),
        |case: &mut serde_json::Value| case["expect"] = serde_json::json!({"answer": "invalid"}),
        |case: &mut serde_json::Value| case["expect"]["reason"] = "x".into(),
        |case: &mut serde_json::Value| case["expected"] = "x".into(),
        |case: &mut serde_json::Value| case["stored"]["bundle"] = "x".into(),
        |case: &mut serde_json::Value| case["level"] = "skipped".into(),
    ] {
        let mut case = as_value(&text);
        spoil(&mut case);
        assert!(serde_json::from_value::<Case>(case.clone()).is_err(), "{case}");
    }
}

#[test]
fn a_case_is_never_verified_when_its_bytes_are_cut() {
    for (name, case) in cases() {
        let Case::Signature(case) = case else { continue };
        let blob = case.stored.blob().bytes();
        if blob.len() > 8 << 10 {
            continue;
        }
        let (image, keys) = (case.image.parse::<Digest>().unwrap(), runner::keys(&case.keys));
        // White space may follow a document: the cut must reach its last brace.
        for length in 0..String::from_utf8_lossy(&blob).trim_end().len().min(blob.len()) {
            if let Read::Candidate(candidate) = runner::read(&case.stored, blob[..length].to_vec()) {
                let checked = check(&candidate, &image, &keys);
                assert!(!matches!(checked, Checked::Verified(_)), "{name} cut to {length} bytes");
            }
        }
    }
}

#[test]
fn no_single_flipped_bit_makes_a_signature_state_something_else() {
    for name in ["p256_legacy", "p256_bundle"] {
        let Case::Signature(case) = &cases()[name] else { panic!("{name}") };
        let Expected::Verified { claims, .. } = &case.expect else { panic!("{name}") };
        let (image, keys) = (case.image.parse::<Digest>().unwrap(), runner::keys(&case.keys));
        let blob = case.stored.blob().bytes();
        for bit in 0..blob.len() * 8 {
            let mut flipped = blob.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Read::Candidate(candidate) = runner::read(&case.stored, flipped) else { continue };
            if let Checked::Verified(signatures) = check(&candidate, &image, &keys) {
                assert!(matches!(case.stored, Stored::Bundle { .. }), "{name}: bit {bit} of a payload");
                let states = |one: &countersign::model::VerifiedSignature| {
                    one.claims().iter().all(|(name, value)| claims.get(name).is_some_and(|v| v == value))
                };
                assert!(signatures.iter().all(states), "{name}: bit {bit}");
            }
        }
    }
}

/// The files are made once: `COUNTERSIGN_TESTKIT_WRITE=1 cargo test --test testkit generate` writes those
/// that are missing (with OpenSSL 3 in the path), and never one that is there. Without it, this compares names.
#[test]
fn generate_what_is_missing_and_every_file_has_its_recipe() {
    let folder = generate::kit().join("cases");
    let recipes = generate::recipes();
    let names: BTreeSet<&str> = recipes.iter().map(|recipe| recipe.name.as_str()).collect();
    assert_eq!(names.len(), recipes.len(), "two recipes of one name");
    if std::env::var_os("COUNTERSIGN_TESTKIT_WRITE").is_some_and(|value| value == "1") {
        for recipe in &recipes {
            let path = folder.join(format!("{}.json", recipe.name));
            if !path.exists() {
                std::fs::write(path, recipe.text()).unwrap();
            }
        }
    }
    let found = cases();
    let found: BTreeSet<&str> = found.keys().map(String::as_str).collect();
    assert_eq!(found, names);
}
