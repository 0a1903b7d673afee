//! What is stated: another digest, another type, claims that are missing, in the wrong place or too many.

use super::workshop::{
    HEX, IMAGE, OTHER_HEX, PAYLOAD, STATEMENT, bundle, legacy, owned, swap, unsigned_layer,
};
use super::workshop::{sign, signed_bundle, stored_bundle};
use super::{Recipe, recipe};
use crate::case::{Case, Expected};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const ROLE: &str = r#""countersign.dev/role":"build""#;

pub(super) fn recipes() -> Vec<Recipe> {
    [digests(), subjects(), types(), claims(), limits(), shown(), unsigned()].into_iter().flatten().collect()
}

fn payload_with(from: &str, to: &str) -> String {
    swap(PAYLOAD, from, to)
}

fn statement_with(from: &str, to: &str) -> String {
    swap(STATEMENT, from, to)
}

fn digests() -> Vec<Recipe> {
    let payload = |name: &str, about, to: String| {
        recipe(name, move || legacy(about, payload_with(IMAGE, &to)).invalid("it speaks of another digest"))
    };
    let subject = |name: &str, about, to: String| {
        recipe(name, move || bundle(about, statement_with(HEX, &to)).invalid("none of its subjects"))
    };
    vec![
        payload("another_digest_legacy_fail", "Our key signed another image.", format!("sha256:{OTHER_HEX}")),
        subject("another_digest_bundle_fail", "Our key signed another image.", OTHER_HEX.to_owned()),
        recipe("another_digest_by_a_stranger_fail", || {
            let about = "A stranger's signature on another image: not ours, so only counted.";
            legacy(about, payload_with(HEX, OTHER_HEX)).keys(&["p256-other"]).unmatched()
        }),
        payload("digest_in_upper_case_legacy_fail", "The digest in upper case.", IMAGE.to_uppercase()),
        payload("digest_hex_in_upper_case_legacy_fail", "The hexadecimal digits in upper case.", {
            format!("sha256:{}", HEX.to_uppercase())
        }),
        subject("digest_in_upper_case_bundle_fail", "The digits in upper case.", HEX.to_uppercase()),
        payload("digest_with_a_space_fail", "A space follows the digest.", format!("{IMAGE} ")),
        payload("digest_without_algorithm_fail", "The digest without `sha256:`.", HEX.to_owned()),
        payload("digest_cut_legacy_fail", "A digest cut to 63 digits.", IMAGE[..70].to_owned()),
        payload("digest_empty_legacy_fail", "An empty digest.", String::new()),
        subject("digest_with_algorithm_bundle_fail", "`sha256:` in a subject's digest.", IMAGE.to_owned()),
        subject("digest_empty_bundle_fail", "An empty digest.", String::new()),
        recipe("digest_a_number_fail", || {
            legacy("The digest is a number.", payload_with(&format!("\"{IMAGE}\""), "44136"))
                .invalid("not a simple signing payload")
        }),
        recipe("digest_missing_legacy_fail", || {
            legacy("No docker-manifest-digest.", payload_with("docker-manifest-digest", "digest"))
                .invalid("docker-manifest-digest")
        }),
    ]
}

fn with_subjects(about: &'static str, subjects: &str) -> super::workshop::Draft {
    let from = STATEMENT.find("\"subject\":").unwrap();
    bundle(about, format!("{}\"subject\":{subjects}}}", &STATEMENT[..from]))
}

fn subjects() -> Vec<Recipe> {
    let this = |claims: &str| format!(r#"{{"annotations":{claims},"digest":{{"sha256":"{HEX}"}}}}"#);
    let other = format!(r#"{{"annotations":{{"a":"other"}},"digest":{{"sha256":"{OTHER_HEX}"}}}}"#);
    let two = format!("[{},{}]", this(r#"{"a":"1"}"#), this(r#"{"a":"2"}"#));
    let same = format!("[{},{}]", this("{}"), this("{}"));
    let beside = format!("[{other},{}]", this(r#"{"a":"1"}"#));
    let stranger = format!("[{other}]");
    let (two_of, upper) = ("two of its subjects are this digest", HEX.to_uppercase());
    vec![
        recipe("two_subjects_with_different_claims_fail", move || {
            with_subjects("Two subjects are this digest, with different claims.", &two).invalid(two_of)
        }),
        recipe("two_subjects_with_the_same_claims_fail", move || {
            with_subjects("Two subjects are this digest.", &same).invalid(two_of)
        }),
        recipe("another_subject_beside", move || {
            let about = "Another image beside this one: only this subject's annotations are claims.";
            with_subjects(about, &beside).states(&[("a", "1")])
        }),
        recipe("only_another_subject_fail", move || {
            with_subjects("Only another image.", &stranger).invalid("none of its subjects")
        }),
        recipe("no_subjects_fail", || {
            with_subjects("An empty list of subjects.", "[]").invalid("none of its subjects")
        }),
        recipe("subject_by_sha512_only_fail", || {
            let subject = format!(r#"[{{"digest":{{"sha512":"{HEX}{HEX}"}}}}]"#);
            with_subjects("The subject has a sha512 digest only.", &subject).invalid("none of its subjects")
        }),
        recipe("subject_with_sha256_under_another_name_fail", move || {
            let subject = format!(r#"[{{"digest":{{"SHA256":"{HEX}","sha256":"{upper}"}}}}]"#);
            with_subjects("The right digits under `SHA256`.", &subject).invalid("none of its subjects")
        }),
        recipe("subject_with_more_digests", || {
            let subject = format!(r#"[{{"name":"x","digest":{{"gitCommit":"1","sha256":"{HEX}"}}}}]"#);
            with_subjects("A name and another digest beside sha256.", &subject).states(&[])
        }),
        recipe("subject_a_text_fail", || {
            with_subjects("The subject is a text.", &format!("[\"{HEX}\"]"))
                .invalid("not an in-toto statement")
        }),
        recipe("subject_not_a_list_fail", || {
            let subject = format!(r#"{{"digest":{{"sha256":"{HEX}"}}}}"#);
            with_subjects("One subject that is no list.", &subject).invalid("not an in-toto statement")
        }),
    ]
}

fn types() -> Vec<Recipe> {
    const PREDICATE: &str = "https://sigstore.dev/cosign/sign/v1";
    let kind = |name: &str, about, to: &'static str| {
        recipe(name, move || {
            legacy(about, payload_with("cosign container image signature", to)).invalid("critical.type")
        })
    };
    let predicate = |name: &str, about, to: &'static str| {
        recipe(name, move || bundle(about, statement_with(PREDICATE, to)).other("an attestation of type"))
    };
    vec![
        kind("critical_type_wrong_fail", "Signed as something else.", "atomic container signature"),
        kind("critical_type_in_another_case_fail", "Another spelling.", "Cosign container image signature"),
        kind("critical_type_empty_fail", "An empty type.", ""),
        recipe("critical_type_missing_fail", || {
            let payload = payload_with(r#","type":"cosign container image signature""#, "");
            legacy("No critical.type.", payload).invalid("not a simple signing payload")
        }),
        recipe("critical_type_wrong_by_a_stranger_fail", || {
            let payload = payload_with("cosign container image signature", "x");
            legacy("A stranger's, so only counted.", payload).keys(&["p256-other"]).unmatched()
        }),
        predicate(
            "vulnerability_attestation_fail",
            "A vulnerability attestation for this image by our key: cosign takes it for a signature.",
            "https://cosign.sigstore.dev/attestation/vuln/v1",
        ),
        predicate(
            "provenance_attestation_fail",
            "A provenance by our key.",
            "https://slsa.dev/provenance/v1",
        ),
        predicate("sbom_attestation_fail", "A bill of materials by our key.", "https://cyclonedx.org/bom"),
        predicate("predicate_type_of_another_version_fail", "An unknown version of a signature.", {
            "https://sigstore.dev/cosign/sign/v2"
        }),
        predicate("predicate_type_empty_fail", "An empty predicate type.", ""),
        recipe("predicate_type_missing_fail", || {
            let statement = statement_with(&format!(r#""predicateType":"{PREDICATE}","#), "");
            bundle("No predicate type.", statement).invalid("not an in-toto statement")
        }),
        recipe("predicate_absent", || {
            bundle("No predicate at all.", statement_with(r#""predicate":{},"#, "")).verified()
        }),
        recipe("statement_of_version_0_1_fail", || {
            let statement = statement_with("in-toto.io/Statement/v1", "in-toto.io/Statement/v0.1");
            bundle("A statement of version 0.1, which cosign gives attestations.", statement).invalid("_type")
        }),
    ]
}

fn claims() -> Vec<Recipe> {
    vec![
        recipe("optional_null", || {
            let payload = payload_with(&format!("{{{ROLE}}}"), "null");
            legacy("No claims, written as null.", payload).states(&[])
        }),
        recipe("optional_absent", || {
            let payload = payload_with(&format!(r#","optional":{{{ROLE}}}"#), "");
            legacy("No claims, without the member.", payload).states(&[])
        }),
        recipe("annotations_absent", || {
            let statement = statement_with(&format!(r#""annotations":{{{ROLE}}},"#), "");
            bundle("No claims, without the member.", statement).states(&[])
        }),
        recipe("non_string_claim_legacy", || {
            let payload = payload_with(ROLE, r#""a":1,"b":true,"c":null,"d":["x"],"e":{"f":"x"},"g":"text""#);
            legacy("Signed values that are not strings count as missing.", payload).states(&[("g", "text")])
        }),
        recipe("non_string_claim_bundle", || {
            let statement = statement_with(ROLE, r#""countersign.dev/role":["build"],"g":"text""#);
            bundle("Signed values that are not strings count as missing.", statement).states(&[("g", "text")])
        }),
        recipe("non_string_claim_required_legacy_fail", || {
            let payload = payload_with(ROLE, r#""build":42"#);
            legacy("The claim asked for is a number.", payload).mismatch("build", "42")
        }),
        recipe("non_string_claim_required_bundle_fail", || {
            let statement = statement_with(ROLE, r#""passed":true"#);
            bundle("The claim asked for is a boolean.", statement).mismatch("passed", "true")
        }),
        recipe("claim_of_another_value_fail", || {
            legacy("The claim asked for has another value.", PAYLOAD)
                .mismatch("countersign.dev/role", "validation")
        }),
        recipe("claim_name_in_another_case_fail", || {
            let payload = payload_with("countersign.dev/role", "Countersign.dev/Role");
            legacy("Names of claims are matched exactly.", payload).mismatch("countersign.dev/role", "build")
        }),
        recipe("signed_at_in_the_future", || {
            let payload = payload_with(ROLE, r#""countersign.dev/signed-at":"2999-01-01T00:00:00Z""#);
            let about = "A time in the future is the signer's own word: the signature verifies. A policy that \
                         needs the time (maxAge) refuses it.";
            legacy(about, payload).states(&[("countersign.dev/signed-at", "2999-01-01T00:00:00Z")])
        }),
        recipe("signed_at_no_time", || {
            let payload = payload_with(ROLE, r#""countersign.dev/signed-at":"yesterday""#);
            let about = "A time that is none is a text like any other; a policy that needs it refuses it.";
            legacy(about, payload).states(&[("countersign.dev/signed-at", "yesterday")])
        }),
    ]
}

fn numbered(count: usize) -> String {
    (0..count).map(|n| format!(r#""c{n:02}":"{n}""#)).collect::<Vec<_>>().join(",")
}

fn numbered_claims(count: usize) -> Vec<(String, String)> {
    (0..count).map(|n| (format!("c{n:02}"), n.to_string())).collect()
}

fn limits() -> Vec<Recipe> {
    vec![
        recipe("claims_32", || {
            let claims = numbered_claims(32);
            let claims: Vec<(&str, &str)> = claims.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            legacy("As many claims as may be.", payload_with(ROLE, &numbered(32))).states(&claims)
        }),
        recipe("claims_33_legacy_fail", || {
            legacy("One claim too many.", payload_with(ROLE, &numbered(33))).invalid("33 claims")
        }),
        recipe("claims_33_bundle_fail", || {
            bundle("One claim too many.", statement_with(ROLE, &numbered(33))).invalid("33 claims")
        }),
        recipe("claim_of_4_kib", || {
            let value = "v".repeat(4096 - "long".len());
            let payload = payload_with(ROLE, &format!(r#""long":"{value}""#));
            legacy("Name and value are 4096 bytes together.", payload).states(&[("long", &value)])
        }),
        recipe("claim_of_5_kib_legacy_fail", || {
            let payload = payload_with(ROLE, &format!(r#""long":"{}""#, "v".repeat(5 << 10)));
            legacy("A claim beyond 4 KiB.", payload).invalid("claim `long` is longer than 4096 bytes")
        }),
        recipe("claim_of_5_kib_bundle_fail", || {
            let statement = statement_with(ROLE, &format!(r#""long":"{}""#, "v".repeat(5 << 10)));
            bundle("A claim beyond 4 KiB.", statement).invalid("claim `long` is longer than 4096 bytes")
        }),
        recipe("claim_name_of_5_kib_fail", || {
            let payload = payload_with(ROLE, &format!(r#""{}":"v""#, "n".repeat(5 << 10)));
            legacy("A claim's name beyond 4 KiB.", payload).invalid("is longer than 4096 bytes")
        }),
        recipe("non_string_claim_of_5_kib_fail", || {
            let payload = payload_with(ROLE, &format!(r#""long":["{}"]"#, "v".repeat(5 << 10)));
            legacy("Not a string, and beyond 4 KiB.", payload).invalid("is longer than 4096 bytes")
        }),
    ]
}

/// A verified signature whose one claim must be shown escaped.
fn escaped(about: &'static str, format: &str, json: &str, value: &str, shown: &str) -> Case {
    let claim = format!(r#""note":"{json}""#);
    let draft = match format {
        "legacy" => legacy(about, payload_with(ROLE, &claim)),
        _ => bundle(about, statement_with(ROLE, &claim)),
    };
    let (claims, shown) = (owned(&[("note", value)]), owned(&[("note", shown)]));
    draft.expect(Expected::Verified { by: vec![0], claims, shown })
}

fn shown() -> Vec<Recipe> {
    vec![
        recipe("ansi_in_claim_legacy", || {
            let about = "Terminal codes in a claim are shown escaped.";
            let value = "\u{1b}[2K\u{1b}[32mallowed\u{7}";
            let shown = r"\u{1b}[2K\u{1b}[32mallowed\u{7}";
            escaped(about, "legacy", r"\u001b[2K\u001b[32mallowed\u0007", value, shown)
        }),
        recipe("ansi_in_claim_bundle", || {
            let about = "A C1 control character, which some terminals take for ESC [.";
            escaped(about, "bundle", "\u{9b}31mred", "\u{9b}31mred", r"\u{9b}31mred")
        }),
        recipe("bidi_in_claim_legacy", || {
            let about = "Characters that turn the reading direction are shown escaped.";
            let value = "a\u{202e}b\u{2066}c\u{2069}\u{200f}";
            escaped(about, "legacy", value, value, r"a\u{202e}b\u{2066}c\u{2069}\u{200f}")
        }),
        recipe("bidi_in_claim_bundle", || {
            let about = "Characters that turn the reading direction are shown escaped.";
            escaped(about, "bundle", r"\u202ebuild", "\u{202e}build", r"\u{202e}build")
        }),
        recipe("newline_and_zero_width_in_claim", || {
            let about = "New lines and characters without width are shown escaped, letters are not.";
            let value = "größe\n\u{200b}日本\u{feff}";
            escaped(about, "legacy", "größe\\n\u{200b}日本\u{feff}", value, r"größe\u{a}\u{200b}日本\u{feff}")
        }),
        recipe("ansi_in_digest_fail", || {
            let payload = payload_with(IMAGE, r"\u001b[2Jsha256:x");
            let about = "What is stated instead of the digest is shown escaped.";
            legacy(about, payload).invalid(r"another digest, `\u{1b}[2Jsha256:x`")
        }),
        recipe("bidi_in_predicate_type_fail", || {
            let statement = statement_with("https://sigstore.dev/cosign/sign/v1", r"\u202ehttps");
            let about = "An unknown predicate type is shown escaped.";
            bundle(about, statement).other(r"of type `\u{202e}https`")
        }),
    ]
}

fn unsigned() -> Vec<Recipe> {
    vec![
        recipe("claims_only_in_layer_annotations_fail", || {
            let payload = payload_with(&format!("{{{ROLE}}}"), "null");
            let signature = STANDARD.encode(sign("p256", payload.as_bytes()));
            unsigned_layer(
                "The claim stands in an annotation of the layer only, which nobody signed.",
                payload,
            )
            .annotation("dev.cosignproject.cosign/signature", &signature)
            .annotation("countersign.dev/role", "validation")
            .mismatch("countersign.dev/role", "validation")
        }),
        recipe("layer_annotation_contradicts_the_claim", || {
            legacy("The signed claim counts, not the layer's annotation of that name.", PAYLOAD)
                .annotation("countersign.dev/role", "validation")
                .verified()
        }),
        recipe("claims_only_in_the_bundle_fail", || {
            let statement = statement_with(&format!("{{{ROLE}}}"), "{}");
            let text = signed_bundle("p256", &statement);
            let claim = r#"{"annotations":{"countersign.dev/role":"validation"},"#;
            stored_bundle(
                "The claim stands in the bundle, outside what is signed.",
                text.replacen('{', claim, 1),
            )
            .mismatch("countersign.dev/role", "validation")
        }),
        recipe("claims_only_in_the_predicate_fail", || {
            let statement = statement_with(&format!("{{{ROLE}}}"), "{}");
            let predicate = r#""predicate":{"countersign.dev/role":"validation"}"#;
            bundle("The claim stands in the predicate: signed, and no claim.", {
                swap(&statement, r#""predicate":{}"#, predicate)
            })
            .mismatch("countersign.dev/role", "validation")
        }),
        recipe("claims_only_at_the_payloads_top_fail", || {
            let payload = PAYLOAD.replacen('{', r#"{"countersign.dev/role":"validation","#, 1);
            legacy("The claim stands outside `optional`.", payload)
                .mismatch("countersign.dev/role", "validation")
        }),
    ]
}
