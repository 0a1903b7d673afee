//! What counts as an attestation by a key, and what does not: the reader by itself.

use countersign::model::attestation::{Checked, check};
use countersign::model::envelope::IN_TOTO;
use countersign::model::predicate::vulnerability::{self, Vulnerability};
use countersign::model::{Candidate, Claims, Digest, PublicKey, bundle, statement, verify};
use serde_json::{Value, json};

use super::VULNERABILITY;
use crate::support::forge;
use crate::support::keys::TestKey;
use crate::world::keys;

fn image() -> Digest {
    Digest::of(b"an image")
}

/// A statement about the image.
fn stated() -> Value {
    let bytes = statement::attestation("shop/app", &image(), VULNERABILITY, r#"{"scanner": {}}"#).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// A bundle around an envelope.
fn bundled(envelope: &Value) -> Value {
    json!({
        "mediaType": bundle::MEDIA_TYPE, "verificationMaterial": {"publicKey": {}}, "dsseEnvelope": envelope,
    })
}

fn asked(bytes: &[u8]) -> Checked {
    check(bytes, &[keys().build.public.clone()], &image())
}

/// The statement signed by the build key, as an envelope and as a bundle: both give the same answer.
fn signed(statement: &[u8]) -> Checked {
    let envelope = forge::envelope(&[&keys().build], IN_TOTO, statement);
    let answer = asked(envelope.to_string().as_bytes());
    assert_eq!(answer, asked(bundled(&envelope).to_string().as_bytes()));
    answer
}

#[test]
fn a_statement_of_either_version_is_verified_with_its_predicate_to_the_byte() {
    for version in [statement::TYPE, statement::TYPE_V0_1] {
        let mut stated = stated();
        stated["_type"] = json!(version);
        let text = stated.to_string().replace(r#"{"scanner":{}}"#, r#"{ "scanner" : {"é":"\u00e9"} }"#);
        let Checked::Verified(verified) = signed(text.as_bytes()) else { panic!("{version}") };
        assert_eq!(verified.predicate(), r#"{ "scanner" : {"é":"\u00e9"} }"#);
        assert_eq!(
            (verified.predicate_type(), verified.names()),
            (VULNERABILITY, &["shop/app".to_owned()][..])
        );
        assert_eq!((verified.key(), verified.image()), (keys().build.public.fingerprint(), image()));
        assert_eq!(verified.statement(), Digest::of(text.as_bytes()));
    }
}

#[test]
fn what_a_key_accepts_and_states_something_else_is_invalid() {
    let other = json!({"name": "x", "digest": {"sha256": "0".repeat(64)}});
    let ours = stated()["subject"][0].clone();
    let cases: [(&str, Value); 4] = [
        ("none of its subjects", json!([other])),
        ("none of its subjects", json!([])),
        ("two of its subjects", json!([ours, other, ours])),
        ("not an in-toto statement", json!([5])),
    ];
    for (reason, subjects) in cases {
        let mut stated = stated();
        stated["subject"] = subjects;
        let answer = signed(stated.to_string().as_bytes());
        assert!(matches!(&answer, Checked::Invalid(told) if told.contains(reason)), "{answer:?}");
    }
    let mut versioned = stated();
    versioned["_type"] = json!("https://in-toto.io/Statement/v2");
    assert!(matches!(signed(versioned.to_string().as_bytes()), Checked::Invalid(_)));
    // Another image beside this one is no harm.
    let mut several = stated();
    several["subject"] = json!([other, ours]);
    assert!(matches!(signed(several.to_string().as_bytes()), Checked::Verified(_)));
}

#[test]
fn a_signature_is_no_attestation_and_an_attestation_no_signature() {
    let signature = statement::to_bytes(&image(), &Claims::new());
    assert_eq!(signed(&signature), Checked::Other("a signature".to_owned()));
    assert!(statement::attestation("x", &image(), statement::SIGNATURE_PREDICATE, "{}").is_err());
    let envelope = forge::envelope(&[&keys().build], IN_TOTO, stated().to_string().as_bytes());
    let read = Candidate::bundle(String::new(), bundled(&envelope).to_string().as_bytes());
    assert!(matches!(read, countersign::model::candidate::Read::Other(_)), "{read:?}");
    let read = Candidate::legacy(String::new(), envelope.to_string().into_bytes(), Some(""), false);
    assert!(matches!(read, countersign::model::candidate::Read::Invalid(_)), "{read:?}");
    // The other way round the same bytes are one.
    let envelope = forge::envelope(&[&keys().build], IN_TOTO, &signature);
    let read = Candidate::bundle(String::new(), bundled(&envelope).to_string().as_bytes());
    let countersign::model::candidate::Read::Candidate(candidate) = read else { panic!("{read:?}") };
    let keys = [keys().build.public.clone()];
    assert!(matches!(verify::check(&candidate, &image(), &keys), verify::Checked::Verified(_)));
}

#[test]
fn an_envelope_has_one_signature_and_that_by_a_key_asked_about() {
    let stated = stated().to_string();
    let [build, stranger] = [&keys().build, &keys().stranger];
    let by =
        |keys: &[&TestKey]| asked(forge::envelope(keys, IN_TOTO, stated.as_bytes()).to_string().as_bytes());
    assert!(matches!(by(&[build]), Checked::Verified(_)));
    assert_eq!(by(&[stranger]), Checked::Unmatched);
    for keys in [&[][..], &[build, stranger], &[build, build]] {
        assert!(matches!(by(keys), Checked::Invalid(_)));
    }
    let other = forge::envelope(&[build], "application/json", stated.as_bytes());
    assert!(matches!(asked(other.to_string().as_bytes()), Checked::Other(_)));
    // The type is signed as well.
    let mut changed = forge::envelope(&[build], "application/json", stated.as_bytes());
    changed["payloadType"] = json!(IN_TOTO);
    assert_eq!(asked(changed.to_string().as_bytes()), Checked::Unmatched);
}

#[test]
fn the_order_of_the_keys_changes_nothing() {
    let envelope = forge::envelope(&[&keys().build], IN_TOTO, stated().to_string().as_bytes()).to_string();
    let public: Vec<PublicKey> =
        [&keys().build, &keys().stranger].map(|key| key.public.clone()).into_iter().collect();
    let turned: Vec<PublicKey> = public.iter().rev().cloned().collect();
    assert_eq!(check(envelope.as_bytes(), &public, &image()), check(envelope.as_bytes(), &turned, &image()));
}

#[test]
fn a_bundle_with_a_certificate_is_foreign() {
    let envelope = forge::envelope(&[&keys().build], IN_TOTO, stated().to_string().as_bytes());
    let mut keyless = bundled(&envelope);
    keyless["verificationMaterial"] = json!({"certificate": {"rawBytes": ""}});
    assert!(matches!(asked(keyless.to_string().as_bytes()), Checked::Other(_)));
}

#[test]
fn junk_and_what_exceeds_a_limit_is_invalid() {
    let deep = format!("{}1{}", "[".repeat(63), "]".repeat(63));
    let mut too_deep = stated();
    too_deep["predicate"] = serde_json::from_str(&deep).unwrap();
    assert!(matches!(signed(too_deep.to_string().as_bytes()), Checked::Verified(_)));
    too_deep["predicate"] = json!([too_deep["predicate"]]);
    assert!(matches!(signed(too_deep.to_string().as_bytes()), Checked::Invalid(_)));
    let twice = stated().to_string().replacen('{', r#"{"predicateType":"x","#, 1);
    assert!(matches!(signed(twice.as_bytes()), Checked::Invalid(_)));
    let padded = forge::envelope(&[&keys().build], IN_TOTO, stated().to_string().as_bytes()).to_string();
    let mut padded = padded.into_bytes();
    assert!(matches!(asked(&padded), Checked::Verified(_)));
    padded.resize(32 << 20, b' ');
    assert!(matches!(asked(&padded), Checked::Verified(_)));
    padded.push(b' ');
    assert!(matches!(asked(&padded), Checked::Invalid(_)));
    for junk in
        [&b""[..], b"[]", b"{}", b"null", b"\xff", br#"{"payload":"-","payloadType":"x","signatures":[]}"#]
    {
        assert!(matches!(asked(junk), Checked::Invalid(_)), "{junk:?}");
    }
}

#[test]
fn a_predicate_of_another_type_is_not_read_as_a_scan() {
    let mut other = stated();
    other["predicateType"] = json!("https://example.org/v1");
    let Checked::Verified(verified) = signed(other.to_string().as_bytes()) else { panic!() };
    assert!(Vulnerability::of(&verified).is_err());
    other["predicateType"] = json!(vulnerability::TYPE);
    other["predicate"] = json!({"scanner": {"result": [1]}});
    let Checked::Verified(verified) = signed(other.to_string().as_bytes()) else { panic!() };
    assert_eq!(Vulnerability::of(&verified).unwrap().result, "[1]");
}
