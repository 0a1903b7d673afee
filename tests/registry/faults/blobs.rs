//! The signatures' own manifests and blobs misbehave.

use super::world::{Setting, Signed, fallback, native};
use super::{Codes, Found, Row, UNHURT, check, first, on_reads, row};
use crate::support::registry::{Act, Place};

/// A new signer needs nothing of what others wrote.
const UNDECIDED_BUT_SIGNED: Codes = Codes { verify: 3, sign: 0, inspect: 3 };
/// Read to its limit and no signature: it counts for nothing, and hides nothing.
const IGNORED: Codes = Codes { verify: 1, sign: 0, inspect: 0 };

fn unreachable(setting: &Setting, place: Place) -> Vec<Row> {
    let always = |name, act, sentence| {
        let trouble = on_reads(place, act);
        row(name, setting.clone(), trouble, Found::Unreachable, UNDECIDED_BUT_SIGNED, sentence)
    };
    vec![
        always("401", Act::Status(401), "401"),
        always("403", Act::Status(403), "403"),
        always("404", Act::Status(404), "not"),
        always("429", Act::RetryAfter { status: 429, after: "1".to_owned() }, "throttled"),
        always("500", Act::Status(500), "500"),
        always("503", Act::Status(503), "503"),
        always("reset", Act::Reset, "sha256:"),
        always("reset in mid-body", Act::ResetInMidBody, "broke off"),
        always("other bytes", Act::OtherBytes, "do not match their digest"),
        always("truncated", Act::Truncated, "do not match their digest"),
        always("deep", Act::DeepJson(100), "do not match their digest"),
    ]
}

#[test]
fn a_payload_that_cannot_be_read_is_unreachable() {
    check(unreachable(&native(Signed::Legacy), Place::Blob));
}

#[test]
fn a_bundle_that_cannot_be_read_is_unreachable() {
    check(unreachable(&native(Signed::Bundle), Place::Blob));
}

#[test]
fn a_bundle_whose_manifest_cannot_be_read_is_unreachable() {
    let mut rows = unreachable(&native(Signed::Bundle), Place::AttachedManifest);
    rows.extend(unreachable(&fallback(Signed::Bundle), Place::AttachedManifest));
    check(rows);
}

#[test]
fn signatures_that_fail_once_are_asked_for_again() {
    let rows = [
        (native(Signed::Legacy), Place::Blob),
        (native(Signed::Bundle), Place::Blob),
        (fallback(Signed::Bundle), Place::AttachedManifest),
    ]
    .into_iter()
    .flat_map(|(setting, place)| {
        [Act::Status(503), Act::Reset, Act::ResetInMidBody]
            .map(|act| row("once", setting.clone(), first(1, place, act), Found::Absent, UNHURT, ""))
    });
    check(rows.collect());
}

#[test]
fn signatures_over_their_limit_are_invalid() {
    let long = |setting: Setting, place: Place, length: u64, stated: bool, sentence| {
        let trouble = on_reads(place, Act::LongBody { length, stated });
        row("too long", setting, trouble, Found::Invalid, IGNORED, sentence)
    };
    let mut rows = Vec::new();
    for stated in [true, false] {
        rows.push(long(native(Signed::Legacy), Place::Blob, 2 << 20, stated, "1048576"));
        rows.push(long(native(Signed::Bundle), Place::Blob, 2 << 20, stated, "1048576"));
        rows.push(long(native(Signed::Bundle), Place::AttachedManifest, 5 << 20, stated, "4194304"));
    }
    check(rows);
}

#[test]
fn an_endless_signature_ends_with_the_command() {
    let codes = Codes { sign: 3, ..UNDECIDED_BUT_SIGNED };
    let endless = |setting: Setting, place| {
        row(
            "endless",
            setting.impatient(),
            on_reads(place, Act::EndlessBody),
            Found::Unreachable,
            codes,
            "6 s",
        )
    };
    check(vec![
        endless(native(Signed::Legacy), Place::Blob),
        endless(native(Signed::Bundle), Place::AttachedManifest),
    ]);
}
