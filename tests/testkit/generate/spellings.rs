//! JSON that two readers could read in two ways, JSON that is none, and too much of it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::workshop::{
    Draft, IMAGE, OTHER_HEX, PAYLOAD, STATEMENT, bundle, draft, legacy, sign, signed_bundle, stored_bundle,
    swap,
};
use super::{Recipe, recipe};
use crate::case::{Part, Stored, Text};

/// Largest payload or bundle that is read, in bytes.
const LIMIT: usize = 1 << 20;

pub(super) fn recipes() -> Vec<Recipe> {
    [
        payload_duplicates(),
        statement_duplicates(),
        bundle_duplicates(),
        accepted(),
        arrays(),
        broken(),
        large(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

const DUPLICATE: &str = "duplicate";

fn payload_duplicates() -> Vec<Recipe> {
    let twice = |name: &str, about, from: &'static str, to: &'static str| {
        recipe(name, move || legacy(about, swap(PAYLOAD, from, to)).invalid(DUPLICATE))
    };
    vec![
        twice(
            "duplicate_optional_fail",
            "`optional` twice.",
            "\"optional\":{",
            "\"optional\":null,\"optional\":{",
        ),
        twice("duplicate_type_fail", "`type` twice.", "\"type\":", "\"type\":\"x\",\"type\":"),
        twice(
            "duplicate_claim_fail",
            "A claim twice.",
            "\"build\"",
            r#""build","countersign.dev/role":"validation""#,
        ),
        twice("duplicate_claim_escaped_fail", "A claim twice, spelled with an escape.", "\"build\"", {
            r#""build","countersign.dev\/rol\u0065":"validation""#
        }),
        twice("duplicate_in_identity_fail", "A member nobody relies on, twice.", "{\"docker-reference\":", {
            r#"{"docker-reference":"x","docker-reference":"#
        }),
        twice("duplicate_in_unknown_member_fail", "Twice within an unknown member.", "{\"critical\":", {
            r#"{"x":[{"a":1,"a":2}],"critical":"#
        }),
        twice(
            "duplicate_in_a_non_string_claim_fail",
            "Twice within a claim that is an object.",
            "\"build\"",
            r#""build","x":{"a":1,"a":2}"#,
        ),
        recipe("duplicate_critical_fail", || {
            let critical = format!(
                r#"{{"critical":{{"image":{{"docker-manifest-digest":"sha256:{OTHER_HEX}"}},"type":"x"}},"#
            );
            legacy("`critical` twice.", PAYLOAD.replacen('{', &critical, 1)).invalid(DUPLICATE)
        }),
        recipe("duplicate_digest_legacy_fail", || {
            let payload =
                swap(PAYLOAD, IMAGE, &format!("sha256:{OTHER_HEX}\",\"docker-manifest-digest\":\"{IMAGE}"));
            legacy("The digest twice: another image's, then this one's.", payload).invalid(DUPLICATE)
        }),
    ]
}

fn statement_duplicates() -> Vec<Recipe> {
    let twice = |name: &str, about, from: &'static str, to: &'static str| {
        recipe(name, move || bundle(about, swap(STATEMENT, from, to)).invalid(DUPLICATE))
    };
    vec![
        twice(
            "duplicate_predicate_type_fail",
            "An attestation's type, then a signature's.",
            "\"predicateType\":",
            r#""predicateType":"https://cosign.sigstore.dev/attestation/vuln/v1","predicateType":"#,
        ),
        twice("duplicate_statement_type_fail", "`_type` twice.", "\"_type\":", "\"_type\":\"x\",\"_type\":"),
        twice("duplicate_subject_fail", "`subject` twice.", "\"subject\":[", "\"subject\":[],\"subject\":["),
        twice("duplicate_annotations_fail", "`annotations` twice.", "\"annotations\":{", {
            "\"annotations\":{},\"annotations\":{"
        }),
        twice("duplicate_annotation_fail", "A claim twice.", "\"build\"", {
            r#""build","countersign.dev/role":"build""#
        }),
        twice(
            "duplicate_subject_digest_fail",
            "`sha256` twice.",
            "\"sha256\":",
            "\"sha256\":\"x\",\"sha256\":",
        ),
        twice("duplicate_predicate_fail", "`predicate` twice.", "\"predicate\":{}", {
            "\"predicate\":{},\"predicate\":{}"
        }),
        twice("duplicate_in_predicate_fail", "Twice within the predicate.", "\"predicate\":{}", {
            "\"predicate\":{\"a\":1,\"a\":1}"
        }),
    ]
}

fn bundle_duplicates() -> Vec<Recipe> {
    let twice = |name: &str, about, from: &'static str, to: &'static str| {
        recipe(name, move || altered(about, from, to).invalid(DUPLICATE))
    };
    vec![
        twice(
            "duplicate_media_type_fail",
            "`mediaType` twice.",
            "{\"mediaType\":",
            "{\"mediaType\":\"\",\"mediaType\":",
        ),
        twice("duplicate_material_fail", "`verificationMaterial` twice.", "\"verificationMaterial\":", {
            "\"verificationMaterial\":{},\"verificationMaterial\":"
        }),
        twice("duplicate_envelope_fail", "`dsseEnvelope` twice.", "\"dsseEnvelope\":", {
            "\"dsseEnvelope\":null,\"dsseEnvelope\":"
        }),
        twice(
            "duplicate_payload_fail",
            "`payload` twice.",
            "\"payload\":",
            "\"payload\":\"e30=\",\"payload\":",
        ),
        twice("duplicate_payload_type_fail", "`payloadType` twice.", "\"payloadType\":", {
            "\"payloadType\":\"application/json\",\"payloadType\":"
        }),
        twice("duplicate_signatures_fail", "`signatures` twice.", "\"signatures\":", {
            "\"signatures\":[],\"signatures\":"
        }),
        twice("duplicate_sig_fail", "`sig` twice.", "{\"sig\":", "{\"sig\":\"\",\"sig\":"),
        twice("duplicate_hint_fail", "`hint` twice.", "\"hint\":", "\"hint\":\"\",\"hint\":"),
        twice(
            "duplicate_in_log_entries_fail",
            "Twice in a part that is not relied on.",
            "{\"publicKey\":",
            "{\"tlogEntries\":[{\"logIndex\":\"1\",\"logIndex\":\"2\"}],\"publicKey\":",
        ),
    ]
}

/// A signed bundle with a part of its text replaced.
fn altered(about: &'static str, from: &str, to: &str) -> Draft {
    stored_bundle(about, swap(&signed_bundle("p256", STATEMENT), from, to))
}

fn accepted() -> Vec<Recipe> {
    vec![
        recipe("unknown_members_in_the_payload", || {
            let payload = swap(PAYLOAD, "\"critical\":{", "\"x\":[null],\"critical\":{\"y\":{\"z\":1e3},");
            legacy("Members that nobody knows.", payload).verified()
        }),
        recipe("unknown_members_in_the_statement", || {
            let statement = swap(STATEMENT, "\"subject\":[{", "\"x\":0,\"subject\":[{\"uri\":\"y\",");
            bundle("Members that nobody knows.", statement).verified()
        }),
        recipe("members_in_another_order_and_spaced", || {
            let payload = swap(PAYLOAD, "\"optional\":", "\"optional\" \t:\r\n ") + "\n";
            legacy("White space where JSON allows it.", payload).verified()
        }),
        recipe("escaped_member_names", || {
            let payload = swap(PAYLOAD, "\"critical\"", "\"\\u0063ritical\"");
            legacy("A member's name written with an escape is the same name.", payload).verified()
        }),
        recipe("member_name_in_another_case", || {
            let payload = PAYLOAD.replacen('{', r#"{"Critical":{"type":"x"},"#, 1);
            let about = "`Critical` is an unknown member, not `critical` (some readers take it for that).";
            legacy(about, payload).verified()
        }),
        recipe("depth_64", || {
            let deep = format!("\"x\":{}{},\"critical\"", "[".repeat(63), "]".repeat(63));
            legacy("As deep as may be.", swap(PAYLOAD, "\"critical\"", &deep)).verified()
        }),
        recipe("brackets_in_a_text", || {
            let deep = format!("\"x\":\"\\\"{}\",\"critical\"", "[{".repeat(100));
            legacy("Brackets in a text are no depth.", swap(PAYLOAD, "\"critical\"", &deep)).verified()
        }),
    ]
}

fn arrays() -> Vec<Recipe> {
    vec![
        recipe("payload_as_an_array_fail", || {
            let payload = format!(r#"[[["{IMAGE}"],"cosign container image signature"],{{"a":"1"}}]"#);
            legacy("An array of the members' values instead of an object.", payload)
                .invalid("not a simple signing payload")
        }),
        recipe("critical_as_an_array_fail", || {
            let payload = format!(r#"{{"critical":[["{IMAGE}"],"cosign container image signature"]}}"#);
            legacy("An array instead of the object `critical`.", payload)
                .invalid("not a simple signing payload")
        }),
        recipe("statement_as_an_array_fail", || {
            let (_, hex) = IMAGE.split_once(':').unwrap();
            let statement = format!(
                r#"["https://in-toto.io/Statement/v1","https://sigstore.dev/cosign/sign/v1",[{{"digest":{{"sha256":"{hex}"}}}}]]"#
            );
            bundle("An array of the members' values instead of an object.", statement)
                .invalid("not an in-toto statement")
        }),
        recipe("subject_as_an_array_fail", || {
            let from = STATEMENT.find("[{").unwrap();
            let (_, hex) = IMAGE.split_once(':').unwrap();
            let statement = format!(r#"{}[[{{"sha256":"{hex}"}},{{}}]]}}"#, &STATEMENT[..from]);
            bundle("A subject as an array.", statement).invalid("not an in-toto statement")
        }),
        recipe("signature_as_an_array_fail", || {
            let text = signed_bundle("p256", STATEMENT);
            let text = text.replace("[{\"sig\":", "[[").replace("}]}}", "]]}}");
            stored_bundle("A signature as an array.", text).invalid("not a sigstore bundle")
        }),
        recipe("public_key_as_an_array_fail", || {
            altered("The key as an array.", r#"{"hint":""}"#, r#"["hint"]"#).invalid("not a sigstore bundle")
        }),
    ]
}

fn broken() -> Vec<Recipe> {
    const PAYLOAD_REASON: &str = "not a simple signing payload";
    vec![
        recipe("depth_65_legacy_fail", || {
            let deep = format!("\"x\":{}{},\"critical\"", "[".repeat(64), "]".repeat(64));
            legacy("One level too deep.", swap(PAYLOAD, "\"critical\"", &deep)).invalid("deeper than 64")
        }),
        recipe("depth_65_statement_fail", || {
            let deep = format!("\"predicate\":{}{}", "{\"a\":".repeat(64), "1}".repeat(64).replace('1', ""));
            bundle("One level too deep.", swap(STATEMENT, "\"predicate\":{}", &deep.replace(":}", ":0}")))
                .invalid("deeper than 64")
        }),
        recipe("depth_65_bundle_fail", || {
            let deep = format!("\"x\":{}{},\"mediaType\"", "[".repeat(64), "]".repeat(64));
            altered("One level too deep.", "\"mediaType\"", &deep).invalid("deeper than 64")
        }),
        recipe("depth_100000_fail", || {
            let text = "[".repeat(100_000);
            stored_bundle("100,000 brackets.", text).invalid("deeper than 64")
        }),
        recipe("empty_payload_fail", || legacy("No bytes.", "").invalid(PAYLOAD_REASON)),
        recipe("empty_bundle_fail", || stored_bundle("No bytes.", "").invalid("not a sigstore bundle")),
        recipe("html_bundle_fail", || {
            stored_bundle("A web page.", "<!doctype html><p>Sign in").invalid("not a sigstore bundle")
        }),
        recipe("payload_null_fail", || legacy("`null`.", "null").invalid(PAYLOAD_REASON)),
        recipe("byte_order_mark_fail", || {
            legacy("A byte order mark first.", format!("\u{feff}{PAYLOAD}")).invalid(PAYLOAD_REASON)
        }),
        recipe("bytes_after_the_payload_fail", || {
            legacy("A second document follows.", format!("{PAYLOAD}{{}}")).invalid(PAYLOAD_REASON)
        }),
        recipe("zero_byte_after_the_payload_fail", || {
            legacy("A zero byte follows.", format!("{PAYLOAD}\0")).invalid(PAYLOAD_REASON)
        }),
        recipe("payload_not_utf8_fail", || {
            let payload = swap(PAYLOAD, "registry.example.org", "registry\u{1}example.org");
            let payload: Vec<u8> = payload.bytes().map(|b| if b == 1 { 0xff } else { b }).collect();
            legacy("A byte that is not UTF-8, in a member that is not relied on.", payload).invalid("UTF-8")
        }),
        recipe("lone_surrogate_fail", || {
            legacy("Half of a surrogate pair in a claim.", swap(PAYLOAD, "\"build\"", "\"\\ud800\""))
                .invalid(PAYLOAD_REASON)
        }),
        recipe("nan_claim_fail", || {
            legacy("NaN is no JSON.", swap(PAYLOAD, "\"build\"", "NaN")).invalid(PAYLOAD_REASON)
        }),
        recipe("number_beyond_all_fail", || {
            legacy("A number that no reader can hold.", swap(PAYLOAD, "\"build\"", "1e999"))
                .invalid(PAYLOAD_REASON)
        }),
        recipe("single_quotes_fail", || {
            legacy("Quotes that are not JSON's.", PAYLOAD.replace('"', "'")).invalid(PAYLOAD_REASON)
        }),
        recipe("comment_in_payload_fail", || {
            legacy("A comment.", PAYLOAD.replacen('{', "{/**/", 1)).invalid(PAYLOAD_REASON)
        }),
        recipe("trailing_comma_fail", || {
            legacy("A comma before the last brace.", swap(PAYLOAD, "\"}}", "\"},}")).invalid(PAYLOAD_REASON)
        }),
    ]
}

fn padded(total: usize, document: &str) -> Text {
    let (start, rest) = (r#"{"padding":""#.to_owned(), format!(r#"",{}"#, &document[1..]));
    let times = total - start.len() - rest.len();
    Text::Parts {
        parts: vec![Part::Plain(start), Part::Repeat { repeat: "a".to_owned(), times }, Part::Plain(rest)],
    }
}

/// A layer whose payload has `total` bytes, truly signed.
fn large_layer(about: &'static str, total: usize) -> Draft {
    let payload = padded(total, PAYLOAD);
    let signature = STANDARD.encode(sign("p256", &payload.bytes()));
    draft(about, Stored::Legacy { payload, annotations: Default::default() })
        .annotation("dev.cosignproject.cosign/signature", &signature)
}

/// A bundle of `total` bytes, truly signed.
fn large_bundle(about: &'static str, total: usize) -> Draft {
    draft(about, Stored::Bundle { bundle: padded(total, &signed_bundle("p256", STATEMENT)) })
}

fn large() -> Vec<Recipe> {
    const REASON: &str = "larger than 1048576 bytes";
    vec![
        recipe("payload_of_50_mb_fail", || {
            large_layer("A signed payload of 50 MB.", 50_000_000).invalid(REASON)
        }),
        recipe("payload_over_the_limit_fail", || {
            large_layer("A signed payload one byte over 1 MiB.", LIMIT + 1).invalid(REASON)
        }),
        recipe("payload_at_the_limit", || large_layer("A signed payload of 1 MiB.", LIMIT).verified()),
        recipe("bundle_of_50_mb_fail", || large_bundle("A bundle of 50 MB.", 50_000_000).invalid(REASON)),
        recipe("bundle_over_the_limit_fail", || {
            large_bundle("A bundle one byte over 1 MiB.", LIMIT + 1).invalid(REASON)
        }),
        recipe("bundle_at_the_limit", || large_bundle("A bundle of 1 MiB.", LIMIT).verified()),
    ]
}
