//! One bit flipped in each field of a signature that verifies as it is.

use super::workshop::{
    Draft, PAYLOAD, STATEMENT, bundle_text, legacy_with, sign, signed_bundle, stored_bundle,
};
use super::workshop::{IN_TOTO, pae};
use super::{Recipe, recipe};
use crate::case::Case;

pub(super) fn recipes() -> Vec<Recipe> {
    payload().into_iter().chain(statement()).chain(bundle()).chain(signature()).collect()
}

/// `text` with the lowest bit of the last byte of its one `fragment` flipped.
fn flipped(text: &str, fragment: &str) -> Vec<u8> {
    assert_eq!(text.matches(fragment).count(), 1, "{fragment} in {text}");
    let mut bytes = text.as_bytes().to_vec();
    bytes[text.find(fragment).unwrap() + fragment.len() - 1] ^= 1;
    bytes
}

/// [`PAYLOAD`], signed and then changed.
fn changed_payload(about: &'static str, fragment: &str) -> Draft {
    legacy_with(about, flipped(PAYLOAD, fragment), &sign("p256", PAYLOAD.as_bytes()))
}

fn payload() -> Vec<Recipe> {
    let unmatched =
        |name: &str, about, fragment| recipe(name, move || changed_payload(about, fragment).unmatched());
    vec![
        unmatched("bit_flipped_in_payload_digest_fail", "A digit of the signed digest.", "sha256:44136"),
        unmatched("bit_flipped_in_payload_type_fail", "A letter of critical.type.", "cosign c"),
        unmatched("bit_flipped_in_docker_reference_fail", "A letter of docker-reference.", "registry.e"),
        unmatched("bit_flipped_in_payload_claim_name_fail", "A letter of a claim's name.", "dev/ro"),
        unmatched("bit_flipped_in_payload_claim_value_fail", "A letter of a claim's value.", ":\"bu"),
        recipe("bit_flipped_in_payload_brace_fail", || {
            let about = "The last brace: no JSON any more.";
            let mut payload = PAYLOAD.as_bytes().to_vec();
            *payload.last_mut().unwrap() ^= 1;
            legacy_with(about, payload, &sign("p256", PAYLOAD.as_bytes()))
                .invalid("not a simple signing payload")
        }),
    ]
}

/// A bundle with [`STATEMENT`], signed and then changed.
fn changed_statement(about: &'static str, fragment: &str) -> Draft {
    let signature = sign("p256", &pae(IN_TOTO, STATEMENT.as_bytes()));
    stored_bundle(about, bundle_text(&flipped(STATEMENT, fragment), &signature))
}

fn statement() -> Vec<Recipe> {
    let unmatched =
        |name: &str, about, fragment| recipe(name, move || changed_statement(about, fragment).unmatched());
    vec![
        unmatched(
            "bit_flipped_in_subject_digest_fail",
            "A digit of the subject's digest.",
            "sha256\":\"44136",
        ),
        unmatched("bit_flipped_in_statement_type_fail", "A letter of _type.", "https://in-toto.i"),
        unmatched("bit_flipped_in_statement_claim_name_fail", "A letter of a claim's name.", "dev/ro"),
        unmatched("bit_flipped_in_statement_claim_value_fail", "A letter of a claim's value.", ":\"bu"),
        unmatched("bit_flipped_in_predicate_fail", "A letter of the member name `predicate`.", "v1\",\"pre"),
        recipe("bit_flipped_in_predicate_type_fail", || {
            changed_statement("A letter of predicateType.", "https://sigstore.d")
                .other("an attestation of type")
        }),
    ]
}

/// A signed bundle whose text was changed.
fn changed_bundle(about: &'static str, fragment: &str) -> Draft {
    stored_bundle(about, flipped(&signed_bundle("p256", STATEMENT), fragment))
}

fn bundle() -> Vec<Recipe> {
    vec![
        recipe("bit_flipped_in_media_type_fail", || {
            changed_bundle("A letter of mediaType.", "application/vnd.d").other("a bundle of type")
        }),
        recipe("bit_flipped_in_payload_media_type_fail", || {
            changed_bundle("A letter of payloadType.", "vnd.in-t").other("an envelope of type")
        }),
        recipe("bit_flipped_in_verification_material_fail", || {
            changed_bundle("A letter of the member name `verificationMaterial`.", "\"verification")
                .invalid("not a sigstore bundle")
        }),
        recipe("bit_flipped_in_public_key_fail", || {
            changed_bundle("A letter of the member name `publicKey`.", "\"public")
                .invalid("names no public key")
        }),
        recipe("bit_flipped_in_sig_member_fail", || {
            changed_bundle("A letter of the member name `sig`.", "[{\"si").invalid("not a sigstore bundle")
        }),
    ]
}

/// [`PAYLOAD`] with a bit flipped at `at` in the signature.
fn changed_signature(about: &'static str, at: impl Fn(usize) -> usize) -> Case {
    let mut signature = sign("p256", PAYLOAD.as_bytes());
    let at = at(signature.len());
    signature[at] ^= 1;
    legacy_with(about, PAYLOAD, &signature).unmatched()
}

fn signature() -> Vec<Recipe> {
    vec![
        recipe("bit_flipped_in_signature_header_fail", || changed_signature("The DER's tag.", |_| 0)),
        recipe("bit_flipped_in_signature_length_fail", || changed_signature("The DER's length.", |_| 1)),
        recipe("bit_flipped_in_r_fail", || changed_signature("A bit of r.", |_| 10)),
        recipe("bit_flipped_in_s_fail", || changed_signature("A bit of s.", |length| length - 1)),
        recipe("bit_flipped_in_bundle_signature_fail", || {
            let mut signature = sign("p256", &pae(IN_TOTO, STATEMENT.as_bytes()));
            signature[20] ^= 1;
            stored_bundle("A bit of r.", bundle_text(STATEMENT.as_bytes(), &signature)).unmatched()
        }),
        recipe("bit_flipped_in_rsa_signature_fail", || {
            let mut signature = sign("rsa2048", PAYLOAD.as_bytes());
            signature[100] ^= 1;
            legacy_with("A bit of an RSA signature.", PAYLOAD, &signature).keys(&["rsa2048"]).unmatched()
        }),
        recipe("bit_flipped_in_ed25519_signature_fail", || {
            let mut signature = sign("ed25519", PAYLOAD.as_bytes());
            signature[40] ^= 1;
            legacy_with("A bit of an Ed25519 signature.", PAYLOAD, &signature).keys(&["ed25519"]).unmatched()
        }),
    ]
}
