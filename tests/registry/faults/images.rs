//! The image itself misbehaves. It is signed in both formats, and is asked for before denying, signing and
//! inspecting, but not for an answer that is allowed.

use super::world::{Signed, native};
use super::{ENOUGH, Found, UNHURT, check, first, on, row};
use crate::support::registry::{Act, Place};

#[test]
fn an_image_that_cannot_be_read_is_never_denied_nor_signed() {
    let always = |name, act, sentence| {
        row(name, native(Signed::Both), on(Place::ImageManifest, act), Found::Unreachable, ENOUGH, sentence)
    };
    check(vec![
        always("401", Act::Status(401), "401"),
        always("401 with a bad challenge", Act::Challenge("Basic realm=\"".to_owned()), "not authorized"),
        always("403", Act::Status(403), "403"),
        always("404", Act::Status(404), "not in the registry"),
        always("429", Act::RetryAfter { status: 429, after: "1".to_owned() }, "throttled"),
        always("500", Act::Status(500), "500"),
        always("503", Act::Status(503), "503"),
        always("HTML", Act::Html, "HTML"),
        always("reset", Act::Reset, "manifests/sha256:"),
        always("reset in mid-body", Act::ResetInMidBody, "broke off"),
        always("other bytes", Act::OtherBytes, "do not match their digest"),
        always("truncated", Act::Truncated, "do not match their digest"),
        always("deep", Act::DeepJson(100), "do not match their digest"),
        always("over the limit", Act::LongBody { length: 5 << 20, stated: true }, "4194304"),
        always("over the limit, unstated", Act::LongBody { length: 5 << 20, stated: false }, "4194304"),
    ]);
}

#[test]
fn an_image_that_fails_once_is_asked_for_again() {
    let once = |act| {
        let trouble = first(1, Place::ImageManifest, act);
        row("once", native(Signed::Both), trouble, Found::Absent, UNHURT, "")
    };
    check([Act::Status(500), Act::Status(502), Act::Reset, Act::ResetInMidBody].map(once).into());
}

#[test]
fn an_endless_image_ends_with_the_command() {
    let trouble = on(Place::ImageManifest, Act::EndlessBody);
    let setting = native(Signed::Both).impatient();
    check(vec![row("endless", setting, trouble, Found::Unreachable, ENOUGH, "6 s")]);
}
