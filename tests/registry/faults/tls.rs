//! A registry that speaks https under a name of its own, and tries to lead its clients to plain HTTP. The
//! other registry is on plain HTTP, and must never be asked.

use super::world::{PASSWORD, Setting, Signed, USER, World, keys, native};
use super::{ENOUGH, Found, UNDECIDED, UNHURT, check, row};
use crate::support::registry::{Act, Auth, Fault, LinkTo, Place};

fn over_https() -> Setting {
    native(Signed::Both).with_auth(Auth::token(USER, PASSWORD), PASSWORD).tls()
}

#[test]
fn https_is_spoken_through_a_proxy_and_with_an_authority_of_ones_own() {
    check(vec![row("https", over_https(), |_| {}, Found::Absent, UNHURT, "")]);
}

#[test]
fn a_certificate_by_an_unknown_authority_is_unreachable_and_named() {
    let setting = Setting { trusted: false, ..over_https() };
    let sentence = "signed by an unknown CA";
    check(vec![row("unknown", setting, |_| {}, Found::Unreachable, UNDECIDED, sentence)]);
}

#[test]
fn no_redirect_leads_from_https_to_http() {
    let trouble = |world: &World| {
        world.registry.misbehave(Fault::on_reads(Place::ImageManifest, Act::Redirect(world.other.url())));
    };
    check(vec![row("image", over_https(), trouble, Found::Unreachable, ENOUGH, "from https to http")]);
    let world = World::new(&over_https());
    world.registry.misbehave(Fault::on_reads(Place::Any, Act::Redirect(world.other.url())));
    world.verify(&keys().signer).expect_code(3);
    assert!(world.other.requests().is_empty());
}

#[test]
fn no_token_is_asked_for_over_http() {
    let setting = Setting { tokens_elsewhere: true, ..over_https() };
    let world = World::new(&setting);
    for run in [world.verify(&keys().signer), world.inspect(), world.sign(&keys().newcomer)] {
        let run = run.expect_code(3);
        assert!(run.all().contains("is not https"), "{run:?}");
    }
    assert!(world.other.requests().is_empty());
}

#[test]
fn no_upload_and_no_page_leads_from_https_to_http() {
    let world = World::new(&over_https());
    world.registry.misbehave(Fault::on(Place::BlobUpload, Act::UploadAt(world.other.url())));
    world.registry.misbehave(Fault::on(Place::Referrers, Act::Link(LinkTo::Origin(world.other.url()))));
    let run = world.sign(&keys().newcomer).expect_code(3);
    assert!(run.all().contains("from https to http"), "{run:?}");
    world.verify(&keys().stranger).expect_code(3);
    assert!(world.other.requests().is_empty());
}
