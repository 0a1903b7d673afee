//! The referrers API misbehaves. The image has a bundle there, and no legacy signature.

use countersign::model::manifest::OCI_INDEX;

use super::world::{Signed, fallback, native};
use super::{Codes, ENOUGH, Found, UNDECIDED, UNHURT, check, first, on, row};
use crate::support::registry::{Act, Fault, LinkTo, Place};

/// The API says that it is not there, and the fallback tag that nothing is: signed in vain.
const DENIED: Codes = Codes { verify: 1, sign: 0, inspect: 0 };

#[test]
fn an_api_that_is_not_supported_leaves_the_fallback_tag() {
    let statuses = [400, 404, 405, 406, 501].map(Act::Status);
    let other_type = Act::Answer { media_type: "application/json".to_owned(), bytes: b"{}".to_vec() };
    let acts = statuses.into_iter().chain([Act::Html, other_type]);
    let rows = acts.flat_map(|act| {
        [
            row(
                "native",
                native(Signed::Bundle),
                on(Place::Referrers, act.clone()),
                Found::Absent,
                DENIED,
                "",
            ),
            row("fallback", fallback(Signed::Bundle), on(Place::Referrers, act), Found::Absent, UNHURT, ""),
        ]
    });
    check(rows.collect());
}

#[test]
fn an_api_that_refuses_or_fails_is_unreachable() {
    let always = |name, act, sentence| {
        let undecided = on(Place::Referrers, act);
        row(name, native(Signed::Bundle), undecided, Found::Unreachable, UNDECIDED, sentence)
    };
    let junk = |bytes: &[u8]| Act::Answer { media_type: OCI_INDEX.to_owned(), bytes: bytes.to_vec() };
    check(vec![
        always("401", Act::Status(401), "401"),
        always(
            "401 with a challenge nobody knows",
            Act::Challenge("Nonsense x=".to_owned()),
            "not authorized",
        ),
        always("403", Act::Status(403), "403"),
        always("429", Act::RetryAfter { status: 429, after: "1".to_owned() }, "throttled"),
        always("429 for an hour", Act::RetryAfter { status: 429, after: "3600".to_owned() }, "wait 3600 s"),
        always("500", Act::Status(500), "500"),
        always("502", Act::Status(502), "502"),
        always("503", Act::Status(503), "503"),
        always("504", Act::Status(504), "504"),
        always("418", Act::Status(418), "418"),
        always("204", Act::Status(204), "204"),
        always("reset", Act::Reset, "referrers"),
        always("reset in mid-body", Act::ResetInMidBody, "broke off"),
        always("truncated", Act::Truncated, "no page of referrers"),
        always("deep", Act::DeepJson(100), "no page of referrers"),
        always("not JSON", junk(b"junk"), "no page of referrers"),
        always("no list", junk(br#"{"schemaVersion":2,"manifests":"none"}"#), "no page of referrers"),
        always("over the limit", Act::LongBody { length: 5 << 20, stated: true }, "4194304"),
        always("over the limit, unstated", Act::LongBody { length: 5 << 20, stated: false }, "4194304"),
    ]);
}

#[test]
fn an_api_that_fails_now_and_then_is_asked_again() {
    let once = |name, act| {
        row(name, native(Signed::Bundle), first(1, Place::Referrers, act), Found::Absent, UNHURT, "")
    };
    check(vec![
        once("429", Act::RetryAfter { status: 429, after: "1".to_owned() }),
        once("500", Act::Status(500)),
        once("502", Act::Status(502)),
        once("503", Act::RetryAfter { status: 503, after: "0".to_owned() }),
        once("reset", Act::Reset),
        once("reset in mid-body", Act::ResetInMidBody),
        row(
            "500 twice",
            native(Signed::Both),
            first(2, Place::Any, Act::Status(500)),
            Found::Absent,
            UNHURT,
            "",
        ),
    ]);
}

#[test]
fn an_endless_listing_ends_with_the_command() {
    let endless = on(Place::Referrers, Act::EndlessBody);
    let setting = native(Signed::Bundle).impatient();
    check(vec![row("endless", setting, endless, Found::Unreachable, UNDECIDED, "6 s")]);
}

#[test]
fn a_listing_without_end_is_unreachable_but_what_it_holds_counts() {
    // Signing needs only what it adds to, and the API adds by itself.
    let codes = Codes { sign: 0, ..ENOUGH };
    let linked = |name, to, sentence| {
        let link = on(Place::Referrers, Act::Link(to));
        row(name, native(Signed::Bundle), link, Found::Unreachable, codes, sentence)
    };
    let away = |world: &super::World| {
        let to = LinkTo::Origin(world.other.url());
        world.registry.misbehave(Fault::on(Place::Referrers, Act::Link(to)));
    };
    let next_page_fails = |world: &super::World| {
        world.registry.attach_many("shop/app", &world.image.digest.to_string(), "application/spdx+json", 20);
        let fault = Fault::on(Place::Referrers, Act::Status(403));
        world.registry.misbehave(fault.times(crate::support::registry::Times::After(1)));
    };
    check(vec![
        linked("a loop", LinkTo::Itself, "already read"),
        linked("onward for ever", LinkTo::Onward, "100 pages"),
        linked("no URL", LinkTo::Text("http://[".to_owned()), "no URL"),
        row("to another host", native(Signed::Bundle), away, Found::Unreachable, codes, "leads away"),
        row(
            "403 on the next page",
            native(Signed::Bundle).paged(5),
            next_page_fails,
            Found::Unreachable,
            ENOUGH,
            "403",
        ),
    ]);
}

#[test]
fn ten_thousand_attachments_that_are_no_signatures_cost_nothing() {
    let setting = native(Signed::Bundle).paged(1_000);
    let world = super::World::new(&setting);
    world.registry.attach_many("shop/app", &world.image.digest.to_string(), "application/spdx+json", 10_000);
    world.verify(&super::world::keys().signer).expect_code(0);
    world.verify(&super::world::keys().stranger).expect_code(1);
    let fetched = world.registry.requests().into_iter().filter(|r| r.place == Place::AttachedManifest);
    assert_eq!(fetched.count(), 2, "each run fetches the one bundle");
    world.sign(&super::world::keys().newcomer).expect_code(0);
    world.inspect().expect_code(0);
}

#[test]
fn ten_thousand_possible_signatures_are_undecided_at_the_limit() {
    let crowd = |world: &super::World| {
        let subject = world.image.digest.to_string();
        world.registry.attach_many("shop/app", &subject, "application/vnd.oci.empty.v1+json", 10_000);
    };
    let codes = Codes { sign: 0, ..ENOUGH };
    let setting = native(Signed::Bundle);
    check(vec![row("a crowd", setting, crowd, Found::Unreachable, codes, "more than 1000 candidates")]);
}
