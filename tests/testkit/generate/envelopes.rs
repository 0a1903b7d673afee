//! Bundles and layers: their versions, their kinds, base64, the signed bytes, hints, logs and certificates.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

use super::workshop::{
    Draft, HEX, IN_TOTO, PAYLOAD, STATEMENT, bundle, bundle_text, legacy, legacy_with, pae, sign,
    signed_bundle, stored_bundle, swap, unsigned_layer,
};
use super::{Recipe, recipe};

const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const MATERIAL: &str = r#"{"publicKey":{"hint":""}}"#;
const SIGNATURE: &str = "dev.cosignproject.cosign/signature";

pub(super) fn recipes() -> Vec<Recipe> {
    [versions(), kinds(), material(), signed_bytes(), signatures(), base64(), layers()]
        .into_iter()
        .flatten()
        .collect()
}

/// A signed bundle with a part of its text replaced.
fn altered(about: &'static str, from: &str, to: &str) -> Draft {
    stored_bundle(about, swap(&signed_bundle("p256", STATEMENT), from, to))
}

fn versions() -> Vec<Recipe> {
    let accepted = |name: &str, media_type: &'static str| {
        recipe(name, move || altered("A media type that is read.", MEDIA_TYPE, media_type).verified())
    };
    let refused = |name: &str, media_type: &'static str| {
        recipe(name, move || {
            altered("A media type that is not read: other, as for cosign.", MEDIA_TYPE, media_type)
                .other("a bundle of type")
        })
    };
    vec![
        accepted("bundle_v0_3", MEDIA_TYPE),
        accepted("bundle_v0_3_parameter", "application/vnd.dev.sigstore.bundle+json;version=0.3"),
        accepted("bundle_v0_3_1", "application/vnd.dev.sigstore.bundle.v0.3.1+json"),
        refused("bundle_v0_1_fail", "application/vnd.dev.sigstore.bundle+json;version=0.1"),
        refused("bundle_v0_2_fail", "application/vnd.dev.sigstore.bundle+json;version=0.2"),
        refused("bundle_v0_4_fail", "application/vnd.dev.sigstore.bundle.v0.4+json"),
        refused("bundle_of_no_version_fail", "application/vnd.dev.sigstore.bundle+json"),
        refused("bundle_of_empty_media_type_fail", ""),
        refused("bundle_media_type_in_upper_case_fail", "APPLICATION/VND.DEV.SIGSTORE.BUNDLE.V0.3+JSON"),
        recipe("bundle_without_media_type_fail", || {
            let from = format!(r#""mediaType":"{MEDIA_TYPE}","#);
            altered("No media type.", &from, "").invalid("not a sigstore bundle")
        }),
    ]
}

fn kinds() -> Vec<Recipe> {
    const MESSAGE: &str =
        r#""messageSignature":{"messageDigest":{"algorithm":"SHA2_256","digest":""},"signature":""}"#;
    vec![
        recipe("message_signature_bundle_fail", || {
            let text =
                format!(r#"{{"mediaType":"{MEDIA_TYPE}","verificationMaterial":{MATERIAL},{MESSAGE}}}"#);
            stored_bundle("A bare message signature instead of an envelope.", text).other("message signature")
        }),
        recipe("envelope_and_message_signature_fail", || {
            altered(
                "Both kinds of content at once.",
                r#""dsseEnvelope""#,
                &format!(r#"{MESSAGE},"dsseEnvelope""#),
            )
            .invalid("at once")
        }),
        recipe("bundle_without_content_fail", || {
            let text = format!(r#"{{"mediaType":"{MEDIA_TYPE}","verificationMaterial":{MATERIAL}}}"#);
            stored_bundle("No envelope.", text).invalid("no envelope")
        }),
        recipe("envelope_alone_fail", || {
            let text = signed_bundle("p256", STATEMENT);
            let from = text.find(r#"{"payload""#).unwrap();
            stored_bundle(
                "A signed envelope without the bundle around it.",
                text[from..text.len() - 1].to_owned(),
            )
            .invalid("not a sigstore bundle")
        }),
        recipe("payload_of_another_type_fail", || {
            let signature = sign("p256", &pae("application/json", STATEMENT.as_bytes()));
            let text = bundle_text(STATEMENT.as_bytes(), &signature);
            stored_bundle(
                "Our key signed it as another payload type.",
                swap(&text, IN_TOTO, "application/json"),
            )
            .other("an envelope of type `application/json`")
        }),
        recipe("simple_signing_payload_in_a_bundle_fail", || {
            bundle("The legacy payload in an envelope.", PAYLOAD).invalid("not an in-toto statement")
        }),
        recipe("statement_in_a_layer_fail", || {
            legacy("The statement as a legacy payload.", STATEMENT).invalid("not a simple signing payload")
        }),
        recipe("encoded_statement_in_a_layer_fail", || {
            legacy("What an envelope signs, as a legacy payload.", pae(IN_TOTO, STATEMENT.as_bytes()))
                .invalid("not a simple signing payload")
        }),
        recipe("another_payload_type_with_a_valid_signature_over_the_right_one_fail", || {
            altered("The type was changed after signing.", IN_TOTO, "application/vnd.in-toto+xml")
                .other("an envelope of type")
        }),
    ]
}

fn material() -> Vec<Recipe> {
    let hint = |name: &str, about, hint: &'static str| {
        recipe(name, move || altered(about, r#""hint":"""#, &format!(r#""hint":"{hint}""#)).verified())
    };
    vec![
        hint("hint_of_no_sense", "A hint is not relied on.", "not even base64!"),
        hint("hint_of_another_key", "A hint that names another key is not relied on.", {
            "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o="
        }),
        recipe("hint_names_our_key_fail", || {
            let key = super::public_keys::fingerprint_of("p256");
            let text =
                swap(&signed_bundle("p256-other", STATEMENT), r#""hint":"""#, &format!(r#""hint":"{key}""#));
            stored_bundle("The hint names our key, and another key signed.", text).unmatched()
        }),
        recipe("empty_public_key", || altered("No hint.", r#"{"hint":""}"#, "{}").verified()),
        recipe("no_verification_material_fail", || {
            let from = format!(r#""verificationMaterial":{MATERIAL},"#);
            altered("No verification material.", &from, "").invalid("verificationMaterial")
        }),
        recipe("empty_verification_material_fail", || {
            altered("Neither key nor certificate.", MATERIAL, "{}").invalid("names no public key")
        }),
        recipe("public_key_null_fail", || {
            altered("The key is null.", r#"{"hint":""}"#, "null").invalid("names no public key")
        }),
        recipe("certificate_bundle_fail", || {
            altered("A certificate: other, not invalid.", MATERIAL, r#"{"certificate":{"rawBytes":"MIIB"}}"#)
                .other("a bundle with a certificate")
        }),
        recipe("certificate_chain_bundle_fail", || {
            let chain = r#"{"x509CertificateChain":{"certificates":[{"rawBytes":"MIIB"}]}}"#;
            altered("A certificate chain: other, not invalid.", MATERIAL, chain)
                .other("a bundle with a certificate")
        }),
        recipe("certificate_beside_a_public_key_fail", || {
            let both = r#"{"publicKey":{"hint":""},"certificate":{"rawBytes":"MIIB"}}"#;
            altered("A certificate beside the key.", MATERIAL, both).other("a bundle with a certificate")
        }),
        recipe("log_entries_of_no_sense", || {
            let log = r#"{"publicKey":{"hint":""},"tlogEntries":[{"logIndex":"junk","inclusionProof":7}],"timestampVerificationData":"junk"}"#;
            altered(
                "Log entries and timestamps are not relied on, and never a reason to refuse.",
                MATERIAL,
                log,
            )
            .verified()
        }),
        recipe("log_entries_of_another_kind", || {
            let log = r#"{"publicKey":{"hint":""},"tlogEntries":"none"}"#;
            altered("Log entries that are no list.", MATERIAL, log).verified()
        }),
        recipe("unknown_members_in_the_bundle", || {
            altered(
                "Members that nobody knows.",
                r#""dsseEnvelope":{"#,
                r#""x":{"y":[1,null]},"dsseEnvelope":{"z":0,"#,
            )
            .verified()
        }),
    ]
}

/// A bundle with [`STATEMENT`] whose signature is over `message`.
fn signed_over(about: &'static str, message: &[u8]) -> super::Case {
    stored_bundle(about, bundle_text(STATEMENT.as_bytes(), &sign("p256", message))).unmatched()
}

fn signed_bytes() -> Vec<Recipe> {
    let message = |kind: &str, length: usize| format!("DSSEv1 {} {kind} {length} {STATEMENT}", kind.len());
    let length = STATEMENT.len();
    vec![
        recipe("signed_without_encoding_fail", || {
            signed_over("The signature is over the bare statement.", STATEMENT.as_bytes())
        }),
        recipe("signed_over_base64_fail", || {
            let encoded = STANDARD.encode(STATEMENT);
            signed_over("The signature is over the payload's base64.", &pae(IN_TOTO, encoded.as_bytes()))
        }),
        recipe("signed_over_another_type_fail", move || {
            signed_over("The signature is over another type.", message("application/json", length).as_bytes())
        }),
        recipe("signed_over_a_wrong_length_fail", move || {
            signed_over("The length is one too small.", message(IN_TOTO, length - 1).as_bytes())
        }),
        recipe("signed_over_a_padded_length_fail", move || {
            let message = message(IN_TOTO, length).replace(&format!(" {length} "), &format!(" 0{length} "));
            signed_over("The length has a leading zero.", message.as_bytes())
        }),
        recipe("signed_over_a_wrong_type_length_fail", move || {
            let message = message(IN_TOTO, length).replace("DSSEv1 28 ", "DSSEv1 29 ");
            signed_over("The type's length is one too large.", message.as_bytes())
        }),
        recipe("signed_over_version_2_fail", move || {
            let message = message(IN_TOTO, length).replace("DSSEv1", "DSSEv2");
            signed_over("The encoding's name is another.", message.as_bytes())
        }),
        recipe("length_in_bytes", || {
            let statement = swap(STATEMENT, r#""predicate":{}"#, r#""predicate":{"é":"日本"}"#);
            bundle("Lengths count bytes, not characters.", statement).verified()
        }),
        recipe("length_in_characters_fail", || {
            let statement = swap(STATEMENT, r#""predicate":{}"#, r#""predicate":{"é":"日本"}"#);
            let message = format!("DSSEv1 28 {IN_TOTO} {} {statement}", statement.chars().count());
            let text = bundle_text(statement.as_bytes(), &sign("p256", message.as_bytes()));
            stored_bundle("The length counts characters.", text).unmatched()
        }),
        recipe("legacy_signature_in_a_bundle_fail", || {
            signed_over("The legacy signature of this image, moved to a bundle.", PAYLOAD.as_bytes())
        }),
    ]
}

fn with_signatures(about: &'static str, signatures: impl Fn(&str) -> String) -> Draft {
    let text = signed_bundle("p256", STATEMENT);
    let from = text.find(r#"[{"sig""#).unwrap();
    let signature = text[from + 1..].trim_end_matches("]}}").to_owned();
    stored_bundle(about, format!("{}[{}]}}}}", &text[..from], signatures(&signature)))
}

fn signatures() -> Vec<Recipe> {
    const COUNT: &str = "one is expected";
    vec![
        recipe("no_signature_bundle_fail", || {
            with_signatures("No signature.", |_| String::new()).invalid(COUNT)
        }),
        recipe("two_signatures_fail", || {
            with_signatures("The signature twice.", |one| format!("{one},{one}")).invalid(COUNT)
        }),
        recipe("two_signatures_by_two_keys_fail", || {
            let other = STANDARD.encode(sign("p256-other", &pae(IN_TOTO, STATEMENT.as_bytes())));
            let about = "Two valid signatures by two keys in one envelope.";
            with_signatures(about, |one| format!(r#"{one},{{"sig":"{other}"}}"#))
                .keys(&["p256", "p256-other"])
                .invalid(COUNT)
        }),
        recipe("signature_and_junk_fail", || {
            with_signatures("A valid one and an empty one.", |one| format!(r#"{one},{{"sig":""}}"#))
                .invalid(COUNT)
        }),
        recipe("signatures_absent_fail", || {
            let text = signed_bundle("p256", STATEMENT);
            let from = text.find(r#","signatures""#).unwrap();
            stored_bundle("No list of signatures.", format!("{}}}}}", &text[..from])).invalid(COUNT)
        }),
        recipe("empty_signature_bundle_fail", || {
            let about = "The signature is an empty text.";
            with_signatures(about, |_| r#"{"sig":""}"#.to_owned()).unmatched()
        }),
        recipe("keyid_present", || {
            let about = "A keyid is a hint too: not relied on.";
            with_signatures(about, |one| one.replacen('{', r#"{"keyid":"whatever","#, 1)).verified()
        }),
    ]
}

fn base64() -> Vec<Recipe> {
    let both = |name: &str, about, encode: fn(&[u8]) -> String| {
        recipe(name, move || {
            let signature = sign("p256", &pae(IN_TOTO, STATEMENT.as_bytes()));
            let text = bundle_text(b"", b"").replacen(
                r#""payload":"""#,
                &format!(r#""payload":"{}""#, encode(STATEMENT.as_bytes())),
                1,
            );
            stored_bundle(about, swap(&text, r#""sig":"""#, &format!(r#""sig":"{}""#, encode(&signature))))
                .verified()
        })
    };
    vec![
        both("base64_url_safe", "Payload and signature in the URL-safe alphabet.", |b| URL_SAFE.encode(b)),
        both("base64_unpadded", "Payload and signature without padding.", |b| STANDARD_NO_PAD.encode(b)),
        both("base64_url_safe_unpadded", "URL-safe and unpadded.", |b| URL_SAFE_NO_PAD.encode(b)),
        recipe("base64_signature_junk_bundle_fail", || {
            with_signatures("Not base64.", |_| r#"{"sig":"*"}"#.to_owned()).invalid("signature is not base64")
        }),
        recipe("base64_payload_junk_fail", || {
            altered("Not base64.", r#""payload":""#, r#""payload":"*"#).invalid("payload is not base64")
        }),
        recipe("base64_with_a_new_line_fail", || {
            altered("A new line in the base64.", r#""payload":""#, r#""payload":"\n"#)
                .invalid("payload is not base64")
        }),
        recipe("base64_of_two_alphabets_fail", || {
            with_signatures("Both alphabets in one text.", |_| r#"{"sig":"+_8="}"#.to_owned())
                .invalid("signature is not base64")
        }),
        recipe("base64_with_spare_bits_fail", || {
            with_signatures("Bits beyond the last byte are set.", |_| r#"{"sig":"QR=="}"#.to_owned())
                .invalid("signature is not base64")
        }),
    ]
}

fn layers() -> Vec<Recipe> {
    vec![
        recipe("no_signature_legacy_fail", || {
            unsigned_layer("The layer has no signature annotation.", PAYLOAD).invalid("has no")
        }),
        recipe("base64_signature_junk_legacy_fail", || {
            unsigned_layer("Not base64.", PAYLOAD).annotation(SIGNATURE, "%%%").invalid("not base64")
        }),
        recipe("base64_with_trailing_space_fail", || {
            let signature = STANDARD.encode(sign("p256", PAYLOAD.as_bytes())) + " ";
            unsigned_layer("A space follows the base64.", PAYLOAD)
                .annotation(SIGNATURE, &signature)
                .invalid("not base64")
        }),
        recipe("certificate_layer_fail", || {
            legacy("A stranger's signature with a certificate: other.", PAYLOAD)
                .annotation("dev.sigstore.cosign/certificate", "junk")
                .keys(&["p256-other"])
                .other("a signature with a certificate")
        }),
        recipe("certificate_layer_signed_by_our_key", || {
            legacy("A certificate is there, and our key accepts the signature all the same.", PAYLOAD)
                .annotation("dev.sigstore.cosign/certificate", "junk")
                .annotation("dev.sigstore.cosign/chain", "junk")
                .annotation("dev.sigstore.cosign/bundle", "{")
                .annotation("dev.sigstore.cosign/rfc3161timestamp", "junk")
                .verified()
        }),
        recipe("certificate_layer_for_another_digest_fail", || {
            legacy(
                "A certificate is there, our key accepts it, and it is another digest.",
                swap(PAYLOAD, HEX, "x"),
            )
            .annotation("dev.sigstore.cosign/certificate", "junk")
            .invalid("another digest")
        }),
        recipe("bundle_signature_in_a_layer_fail", || {
            let signature = sign("p256", &pae(IN_TOTO, STATEMENT.as_bytes()));
            legacy_with("The bundle signature of this image, moved to a layer.", PAYLOAD, &signature)
                .unmatched()
        }),
    ]
}
