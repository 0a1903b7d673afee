//! A tag is never checked and another digest deployed (without `--allow-tag`).

use countersign::model::manifest::OCI_MANIFEST;

use crate::policies::{pod, production};
use crate::support::registry::{Act, Fault, Place, Times};
use crate::world::{World, keys, sign};

#[test]
fn a_tag_is_denied_unless_it_is_pinned_or_let_pass() {
    let world = World::new();
    let image = world.countersigned("tag");
    let manifest = world.file("pod.yaml", pod("app", &[&image.tagged("1.4")]));
    let gate = world.gate(&production(&world.registry));
    gate.clone().arg(image.tagged("1.4")).run().expect_code(1);
    gate.clone().args(["-f", &manifest]).run().expect_code(1);
    let out = gate.clone().args(["--pin", "-f", &manifest]).run().expect_code(0).stdout;
    assert!(out.contains(&format!("{}@{} #", image.tagged("1.4"), image.digest)), "{out}");
    gate.args([&image.tagged("1.4"), "--allow-tag"]).run().expect_code(0);
}

#[test]
fn a_tag_that_moves_while_the_gate_runs_is_pinned_to_what_was_checked() {
    let world = World::new();
    let good = world.countersigned("good");
    let bad = world.image("bad");
    // The tag names the good image once, and then the bad one for ever.
    let answer = Act::Answer { media_type: OCI_MANIFEST.to_owned(), bytes: good.bytes.clone() };
    world.registry.misbehave(Fault::on_reads(Place::Tag, answer).times(Times::First(1)));
    let manifest = world.file("pod.yaml", pod("app", &[&good.tagged("1.4"), &good.tagged("1.4")]));
    let gate = world.gate(&production(&world.registry)).args(["--pin", "-f", &manifest]);
    let out = gate.run().expect_code(0).stdout;
    assert_eq!(out.matches(&good.digest.to_string()).count(), 2, "{out}");
    assert!(!out.contains(&bad.digest.to_string()));
    assert_eq!(gate.run().expect_code(1).stdout, "");
}

#[test]
fn a_digest_beside_a_tag_is_what_is_checked() {
    let world = World::new();
    let good = world.countersigned("good");
    let bad = world.image("bad");
    let gate = world.gate(&production(&world.registry));
    // The tag points at the bad image by now.
    gate.clone().arg(format!("{}@{}", bad.tagged("1.4"), good.digest)).run().expect_code(0);
    gate.clone().arg(format!("{}@{}", good.tagged("1.4"), bad.digest)).run().expect_code(1);
}

#[test]
fn a_tag_that_could_be_moved_between_build_and_sign_is_not_signed() {
    let world = World::new();
    let image = world.image("moved");
    sign(&image.tagged("1.4"), &keys().build, &[]).expect_code(2);
    assert!(world.registry.writes().is_empty());
}
