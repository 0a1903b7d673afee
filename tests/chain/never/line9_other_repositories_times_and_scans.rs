//! A signature for another repository, an older build or a failing scan is never accepted where the policy says
//! otherwise.

use countersign::model::{Claims, claims, statement};

use crate::policies::{both, line, policy, production, signer, signers};
use crate::reports::{made_at, trivy};
use crate::support::cli::Countersign;
use crate::support::forge;
use crate::support::image::Pushed;
use crate::world::{LENIENT, STRICT, World, keys};

/// What `validate` states, at the time `signed_at`.
fn validation(signed_at: &str) -> Claims {
    let mut stated = Claims::new();
    stated.set(claims::ROLE, claims::VALIDATION_ROLE);
    stated.set(claims::SCAN_RESULT, claims::SCAN_PASS);
    stated.set(claims::COUNTERSIGNS, keys().build.public.fingerprint().to_string());
    stated.set(claims::SIGNED_AT, signed_at);
    stated.set(claims::SCANNED_AT, signed_at);
    stated
}

fn now() -> String {
    jiff::Timestamp::now().to_string()
}

/// Attaches what the validation key signs.
fn validated(world: &World, image: &Pushed, stated: &Claims) {
    let written = statement::to_bytes(&image.digest, stated);
    forge::put_bundle(&world.registry, image, &keys().validation, &written, &keys().validation);
}

#[test]
fn a_signature_for_another_repository_is_not_accepted_for_this_one() {
    let world = World::new();
    let image = world.countersigned("moved");
    let elsewhere = format!("{}/shop/elsewhere@{}", image.host, image.digest);
    Countersign::new().args(["copy", &image.pinned(), &elsewhere]).run().expect_code(0);
    let gate = world.gate(&policy("p", "**", &(line("signedFor", "same") + &both())));
    gate.clone().arg(image.pinned()).run().expect_code(0);
    gate.arg(elsewhere).run().expect_code(1);
}

#[test]
fn an_older_build_is_not_accepted_where_the_policy_sets_an_age() {
    let world = World::new();
    let old = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(48)).to_string();
    let gate = |age: &str| {
        let build = signer("build", &keys().build, &format!(", maxAge: {age}"));
        world.gate(&policy("p", "**", &signers(&[build])))
    };
    for (content, time) in [("old", Some(old.as_str())), ("of no time", None)] {
        let image = world.image(content);
        let mut stated = Claims::new();
        if let Some(time) = time {
            stated.set(claims::SIGNED_AT, time);
        }
        let written = statement::to_bytes(&image.digest, &stated);
        forge::put_bundle(&world.registry, &image, &keys().build, &written, &keys().build);
        gate("1d").arg(image.pinned()).run().expect_code(1);
        gate("3d").arg(image.pinned()).run().expect_code(if time.is_some() { 0 } else { 1 });
    }
}

#[test]
fn an_older_scan_is_not_accepted_where_the_policy_sets_an_age() {
    let world = World::new();
    let image = world.built("old scan");
    let old = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(48);
    // Signed today, scanned the day before yesterday: the older of both counts.
    world.validate(&image, &[made_at(trivy(&image), old)], LENIENT).run().expect_code(0);
    let gate = |age: &str| {
        let second =
            signer("validation", &keys().validation, &format!(", countersigns: build, maxAge: {age}"));
        world.gate(&policy("p", "**", &signers(&[signer("build", &keys().build, ""), second])))
    };
    gate("1d").arg(image.pinned()).run().expect_code(1);
    gate("3d").arg(image.pinned()).run().expect_code(0);
}

#[test]
fn a_failing_scan_is_not_signed_and_a_claim_of_one_is_not_accepted() {
    let world = World::new();
    let image = world.built("failing");
    world.validate(&image, &[trivy(&image)], STRICT).run().expect_code(1);
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    gate.run().expect_code(1);
    let mut failed = validation(&now());
    for result in ["fail", "PASS", ""] {
        failed.set(claims::SCAN_RESULT, result);
        validated(&world, &image, &failed);
        gate.run().expect_code(1);
    }
    validated(&world, &image, &validation(&now()));
    gate.run().expect_code(0);
}

#[test]
fn a_validation_in_another_role_or_of_another_build_is_not_accepted() {
    let world = World::new();
    let image = world.built("roles");
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    let mut stated = validation(&now());
    stated.set(claims::ROLE, "build");
    validated(&world, &image, &stated);
    gate.run().expect_code(1);
    let mut stated = validation(&now());
    stated.set(claims::COUNTERSIGNS, keys().stranger.public.fingerprint().to_string());
    validated(&world, &image, &stated);
    gate.run().expect_code(1);
}
