//! The tags beside the image misbehave: `.sig`, and the fallback tag where there is no referrers API.

use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};

use super::world::{Setting, Signed, fallback, native};
use super::{
    Codes, ENOUGH, Found, Row, UNDECIDED, UNHURT, check, deep_json, first, on, on_reads, row,
    stored_at_fallback_tag, stored_at_sig_tag,
};
use crate::support::registry::{Act, Place};

/// What stands there is no signature list: denied, and never replaced.
const LEFT_AS_IT_IS: Codes = Codes { verify: 1, sign: 3, inspect: 0 };

/// An image whose only signature stands at that tag.
fn only_there(place: Place) -> Setting {
    match place {
        Place::SigTag => native(Signed::Legacy),
        _ => fallback(Signed::Bundle),
    }
}

fn unreachable(place: Place) -> Vec<Row> {
    let always = |name, act, sentence| {
        row(name, only_there(place), on(place, act), Found::Unreachable, UNDECIDED, sentence)
    };
    vec![
        always("401", Act::Status(401), "401"),
        always("401 with a bad challenge", Act::Challenge("Bearer realm".to_owned()), "not authorized"),
        always("403", Act::Status(403), "403"),
        always("405", Act::Status(405), "405"),
        always("429", Act::RetryAfter { status: 429, after: "1".to_owned() }, "throttled"),
        always("500", Act::Status(500), "500"),
        always("501", Act::Status(501), "501"),
        always("503", Act::Status(503), "503"),
        always("HTML", Act::Html, "HTML"),
        always("reset", Act::Reset, "manifests/sha256-"),
        always("reset in mid-body", Act::ResetInMidBody, "broke off"),
        always("other bytes", Act::OtherBytes, "do not match their digest"),
        always("truncated", Act::Truncated, "do not match their digest"),
        always("deep, under another digest", Act::DeepJson(100), "do not match their digest"),
    ]
}

#[test]
fn a_sig_tag_that_cannot_be_read_is_unreachable() {
    check(unreachable(Place::SigTag));
}

#[test]
fn a_fallback_tag_that_cannot_be_read_is_unreachable() {
    check(unreachable(Place::FallbackTag));
}

#[test]
fn tags_that_fail_once_are_asked_again() {
    let rows = [Place::SigTag, Place::FallbackTag].into_iter().flat_map(|place| {
        [
            Act::Status(500),
            Act::Reset,
            Act::ResetInMidBody,
            Act::RetryAfter { status: 429, after: "1".to_owned() },
        ]
        .map(|act| row("once", only_there(place), first(1, place, act), Found::Absent, UNHURT, ""))
    });
    check(rows.collect());
}

#[test]
fn an_endless_tag_ends_with_the_command() {
    let endless = |place: Place| {
        let setting = only_there(place).impatient();
        row("endless", setting, on(place, Act::EndlessBody), Found::Unreachable, UNDECIDED, "6 s")
    };
    check(vec![endless(Place::SigTag), endless(Place::FallbackTag)]);
}

#[test]
fn a_signature_in_the_other_format_is_enough() {
    let broken = |setting: Setting, place: Place| {
        row("403", setting, on(place, Act::Status(403)), Found::Unreachable, ENOUGH, "403")
    };
    // Where the API answers, the fallback tag is only looked at before denying, and never written.
    let unneeded = Codes { sign: 0, ..ENOUGH };
    let beside = on(Place::FallbackTag, Act::Status(500));
    check(vec![
        broken(native(Signed::Both), Place::SigTag),
        broken(fallback(Signed::Both), Place::SigTag),
        broken(fallback(Signed::Both), Place::FallbackTag),
        broken(native(Signed::Both), Place::Referrers),
        row("beside the API", native(Signed::Both), beside, Found::Unreachable, unneeded, "500"),
    ]);
}

#[test]
fn what_is_no_list_of_signatures_is_invalid_and_is_left_as_it_is() {
    let long = |place: Place, stated: bool| {
        let act = Act::LongBody { length: 5 << 20, stated };
        row("too long", only_there(place), on_reads(place, act), Found::Invalid, LEFT_AS_IT_IS, "4194304")
    };
    let sig = |name, media_type, bytes: &[u8], sentence| {
        let stored = stored_at_sig_tag(media_type, bytes.to_vec());
        row(name, only_there(Place::SigTag), stored, Found::Invalid, LEFT_AS_IT_IS, sentence)
    };
    let listed = |name, media_type, bytes: &[u8], sentence| {
        let stored = stored_at_fallback_tag(media_type, bytes.to_vec());
        row(name, only_there(Place::FallbackTag), stored, Found::Invalid, LEFT_AS_IT_IS, sentence)
    };
    let index =
        br#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[]}"#;
    let image = br#"{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
    check(vec![
        long(Place::SigTag, true),
        long(Place::SigTag, false),
        long(Place::FallbackTag, true),
        long(Place::FallbackTag, false),
        sig("junk", OCI_MANIFEST, b"junk", ":sha256-"),
        sig("cut", OCI_MANIFEST, &image[..40], ":sha256-"),
        sig("deep", OCI_MANIFEST, &deep_json(), ":sha256-"),
        sig("an index", OCI_INDEX, index, ":sha256-"),
        listed("junk", OCI_INDEX, b"junk", ":sha256-"),
        listed("cut", OCI_INDEX, &index[..40], ":sha256-"),
        listed("deep", OCI_INDEX, &deep_json(), ":sha256-"),
        listed("an image", OCI_MANIFEST, image, ":sha256-"),
    ]);
}

#[test]
fn a_tag_that_is_not_there_is_absent_and_a_moment_of_that_loses_nothing() {
    let once = |place: Place| {
        // Whoever verifies is told that there is none; who signs looks again right before the put.
        let codes = Codes { verify: 1, ..UNHURT };
        row("404 once", only_there(place), first(1, place, Act::Status(404)), Found::Absent, codes, "")
    };
    check(vec![once(Place::SigTag), once(Place::FallbackTag)]);
}
