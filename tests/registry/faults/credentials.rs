//! Credentials: who gets them, and what becomes of a command whose token does not come.

use super::world::{PASSWORD, Setting, Signed, USER, World, native};
use super::{Found, Row, UNDECIDED, UNHURT, check, on, row};
use crate::support::registry::{Act, Auth, Fault, Login, Place, Times};

fn with_tokens() -> Setting {
    native(Signed::Both).with_auth(Auth::token(USER, PASSWORD), PASSWORD)
}

/// Tokens to whoever asks for pulling, and with the login for all.
fn half_open() -> Auth {
    let login = Some(Login::new(USER, PASSWORD));
    Auth::Token { login, anonymous_pull: true, identity_token: None, realm: None }
}

fn unhurt(name: &'static str, setting: Setting, trouble: impl Fn(&World) + Send + Sync + 'static) -> Row {
    row(name, setting, trouble, Found::Absent, UNHURT, "")
}

fn undecided(name: &'static str, setting: Setting, act: Act, sentence: &'static str) -> Row {
    row(name, setting, on(Place::Token, act), Found::Unreachable, UNDECIDED, sentence)
}

#[test]
fn credentials_open_the_registry() {
    let basic = native(Signed::Both).with_auth(Auth::Basic(Login::new(USER, PASSWORD)), PASSWORD);
    let elsewhere = Setting { tokens_elsewhere: true, ..with_tokens() };
    check(vec![
        unhurt("basic", basic, |_| {}),
        unhurt("tokens", with_tokens(), |_| {}),
        unhurt("tokens of another host", elsewhere, |_| {}),
        unhurt("a token that is not taken at first", with_tokens(), |world| {
            let fault = Fault::on(Place::Token, Act::Status(503)).times(Times::First(1));
            world.registry.misbehave(fault);
        }),
    ]);
}

#[test]
fn a_token_that_does_not_come_is_unreachable() {
    check(vec![
        undecided("401", with_tokens(), Act::Status(401), "401"),
        undecided("403", with_tokens(), Act::Status(403), "403"),
        undecided("404", with_tokens(), Act::Status(404), "404"),
        undecided("429", with_tokens(), Act::RetryAfter { status: 429, after: "1".to_owned() }, "429"),
        undecided("500", with_tokens(), Act::Status(500), "500"),
        undecided("503", with_tokens(), Act::Status(503), "503"),
        undecided("HTML", with_tokens(), Act::Html, "token"),
        undecided("reset", with_tokens(), Act::Reset, "token"),
        undecided("reset in mid-body", with_tokens(), Act::ResetInMidBody, "token"),
        undecided("truncated", with_tokens(), Act::Truncated, "token"),
        undecided("deep", with_tokens(), Act::DeepJson(100), "token"),
        undecided("too long", with_tokens(), Act::LongBody { length: 2 << 20, stated: true }, "1048576"),
        undecided(
            "too long, unstated",
            with_tokens(),
            Act::LongBody { length: 2 << 20, stated: false },
            "1048576",
        ),
        undecided("endless", with_tokens().impatient(), Act::EndlessBody, "6 s"),
    ]);
}

#[test]
fn a_token_request_follows_no_redirect() {
    let world = World::new(&with_tokens());
    world.registry.misbehave(Fault::on(Place::Token, Act::Redirect(world.other.url())));
    let run = world.verify(&super::world::keys().signer).expect_code(3);
    assert!(run.all().contains("redirect"), "{run:?}");
    assert!(world.other.requests().is_empty());
}

#[test]
fn a_wrong_password_is_unreachable_and_never_becomes_anonymous() {
    for auth in [Auth::token(USER, PASSWORD), half_open(), Auth::Basic(Login::new(USER, PASSWORD))] {
        let setting = native(Signed::Both).with_auth(auth, "wr0ng-password");
        let world = World::new(&setting);
        for run in [
            world.verify(&super::world::keys().signer),
            world.inspect(),
            world.sign(&super::world::keys().newcomer),
        ] {
            let run = run.expect_code(3);
            assert!(run.all().contains("not authorized") || run.all().contains("401"), "{run:?}");
            assert!(!run.all().contains("wr0ng-password"), "{run:?}");
        }
        let requests = world.registry.requests();
        let asked = requests.iter().filter(|request| request.place == Place::Token);
        assert!(asked.clone().all(|request| request.authorization.is_some()), "{requests:?}");
        assert!(!requests.iter().any(|request| request.place != Place::Token && request.status == 200));
    }
}

#[test]
fn whoever_has_no_credentials_may_read_what_everybody_may() {
    let mut setting = native(Signed::Both);
    setting.config.auth = half_open();
    let world = World::new(&setting);
    world.verify(&super::world::keys().signer).expect_code(0);
    world.inspect().expect_code(0);
    let run = world.sign(&super::world::keys().newcomer).expect_code(3);
    assert!(run.all().contains("docker login"), "{run:?}");
}

#[test]
fn redirected_reads_are_followed_without_credentials() {
    let redirected = |name, place| {
        unhurt(name, with_tokens(), move |world: &World| {
            world.registry.misbehave(Fault::on_reads(place, Act::Redirect(world.other.url())));
        })
    };
    check(vec![redirected("blobs", Place::Blob), redirected("images", Place::ImageManifest)]);
}

#[test]
fn a_redirect_to_where_nothing_is_says_nothing_about_the_registry() {
    let trouble = |world: &World| {
        world.other.remove("shop/app", &world.image.digest.to_string());
        world.registry.misbehave(Fault::on_reads(Place::ImageManifest, Act::Redirect(world.other.url())));
    };
    check(vec![row(
        "404 elsewhere",
        with_tokens(),
        trouble,
        Found::Unreachable,
        super::ENOUGH,
        "not where the registry redirects to",
    )]);
}

#[test]
fn redirects_end() {
    let trouble = |world: &World| {
        world.registry.misbehave(Fault::on_reads(Place::ImageManifest, Act::Redirect(world.registry.url())));
    };
    let sentence = "more than 5 redirects";
    check(vec![row("a loop", with_tokens(), trouble, Found::Unreachable, super::ENOUGH, sentence)]);
}
