//! What a registry does to writers. The image is signed in both formats before.

use serde_json::json;

use super::world::{Setting, Signed, World, fallback, keys, native};
use super::{Codes, Found, Row, UNHURT, check, on_writes, row};
use crate::support::registry::{Act, Fault, Place, Times};

/// Only the signing fails.
const NOT_SIGNED: Codes = Codes { verify: 0, sign: 3, inspect: 0 };

/// What docker-registry says for a moment while several writers store the same blob.
const BLOB_UNKNOWN: Act = Act::Refuse { status: 400, code: "MANIFEST_BLOB_UNKNOWN" };

fn refused(name: &'static str, setting: Setting, place: Place, act: Act, sentence: &'static str) -> Row {
    row(name, setting, on_writes(place, act), Found::Absent, NOT_SIGNED, sentence)
}

#[test]
fn an_upload_that_fails_leaves_everything_as_it_was() {
    let upload = |name, act, sentence| refused(name, native(Signed::Both), Place::BlobUpload, act, sentence);
    check(vec![
        upload("401", Act::Status(401), "401"),
        upload("401 with a bad challenge", Act::Challenge("Bearer".to_owned()), "not authorized"),
        upload("403", Act::Status(403), "403"),
        upload("404", Act::Status(404), "404"),
        upload("405", Act::Status(405), "405"),
        upload("429", Act::RetryAfter { status: 429, after: "1".to_owned() }, "throttled"),
        upload("500", Act::Status(500), "500"),
        upload("501", Act::Status(501), "501"),
        upload("503", Act::Status(503), "503"),
        upload("HTML", Act::Html, "blobs/uploads"),
        upload("reset", Act::Reset, "blobs/uploads"),
        upload("redirect", Act::Redirect("http://127.0.0.1:1".to_owned()), "redirects of writes"),
    ]);
}

#[test]
fn a_put_that_fails_costs_that_format_alone() {
    let mut rows = Vec::new();
    for (name, act, sentence) in [
        ("401", Act::Status(401), "401"),
        ("403", Act::Status(403), "403"),
        ("405", Act::Status(405), "405"),
        ("429", Act::RetryAfter { status: 429, after: "1".to_owned() }, "throttled"),
        ("500", Act::Status(500), "500"),
        ("503", Act::Status(503), "503"),
        ("reset", Act::Reset, "manifests/sha256"),
        ("immutable", Act::ImmutableTag(409), "immutable"),
        ("redirect", Act::Redirect("http://127.0.0.1:1".to_owned()), "redirects of writes"),
        ("blob unknown", BLOB_UNKNOWN, "MANIFEST_BLOB_UNKNOWN"),
    ] {
        rows.push(refused(name, native(Signed::Both), Place::SigTag, act.clone(), sentence));
        rows.push(refused(name, fallback(Signed::Both), Place::FallbackTag, act.clone(), sentence));
        if name != "immutable" {
            rows.push(refused(name, native(Signed::Both), Place::AttachedManifest, act, sentence));
        }
    }
    check(rows);
}

#[test]
fn a_write_that_was_answered_and_not_done_is_noticed() {
    let swallowed = |setting, place| refused("swallowed", setting, place, Act::Swallow, "");
    check(vec![
        swallowed(native(Signed::Both), Place::SigTag),
        swallowed(fallback(Signed::Both), Place::FallbackTag),
        swallowed(native(Signed::Both), Place::AttachedManifest),
        swallowed(native(Signed::Both), Place::BlobUpload),
    ]);
}

#[test]
fn a_write_that_fails_once_or_whose_answer_is_lost_is_done_once() {
    let mut rows = Vec::new();
    for place in [Place::BlobUpload, Place::SigTag, Place::AttachedManifest, Place::FallbackTag] {
        for act in [
            Act::Status(500),
            Act::Reset,
            Act::LoseAnswer,
            Act::RetryAfter { status: 503, after: "1".to_owned() },
            BLOB_UNKNOWN,
        ] {
            let trouble = move |world: &World| {
                let fault = Fault::on_writes(place, act.clone());
                world.registry.misbehave(fault.times(Times::First(1)));
            };
            let setting =
                if place == Place::FallbackTag { fallback(Signed::Both) } else { native(Signed::Both) };
            rows.push(row("once", setting, trouble, Found::Absent, UNHURT, ""));
        }
    }
    check(rows);
}

#[test]
fn an_upload_that_is_led_elsewhere_takes_no_credentials_there() {
    let trouble = |world: &World| {
        world.registry.misbehave(Fault::on(Place::BlobUpload, Act::UploadAt(world.other.url())));
    };
    let auth = crate::support::registry::Auth::token(super::world::USER, super::world::PASSWORD);
    let setting = native(Signed::Both).with_auth(auth, super::world::PASSWORD);
    // The other registry never began that upload.
    check(vec![row("upload elsewhere", setting, trouble, Found::Absent, NOT_SIGNED, "404")]);
}

#[test]
fn immutable_tags_take_the_first_signature_and_then_name_what_to_do() {
    let fresh = on_writes(Place::SigTag, Act::ImmutableTag(400));
    check(vec![row("first", native(Signed::Not), fresh, Found::Absent, Codes { verify: 1, ..UNHURT }, "")]);
    for status in [400, 403, 409] {
        let world = World::new(&native(Signed::Both));
        let before = world.attached();
        world.registry.misbehave(Fault::on_writes(Place::SigTag, Act::ImmutableTag(status)));
        let text = world.sign(&keys().newcomer).expect_code(3);
        assert!(text.all().contains("--format bundle"), "{text:?}");
        let json = world.sign_json(&keys().newcomer).expect_code(3).json();
        let result = &json["results"][0];
        assert_eq!(
            (&result["formats"], &result["failed"][0]["format"]),
            (&json!(["bundle"]), &json!("legacy"))
        );
        assert!(before.lost_in(&world.attached()).is_empty());
        world.verify(&keys().newcomer).expect_code(0);
    }
}
