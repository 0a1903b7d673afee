//! The gate's report as a page, as far as no browser is needed: its size, and the scans on it. What it looks like and does
//! is shown in tests/browser.

use super::tanzu::tanzu;
use crate::policies::{pod, production};
use crate::reports;
use crate::support::cli::Countersign;
use crate::support::registry::{Act, Fault, Place};
use crate::world::{LENIENT, World};

/// Most bytes of a page on 200 images, each with two signatures and all claims that they have.
const SIZE_LIMIT: usize = 1_000_000;

fn page(gate: &Countersign, code: i32) -> String {
    gate.clone().args(["--report", "html=gate.html"]).run().expect_code(code);
    std::fs::read_to_string(gate.home().join("gate.html")).unwrap()
}

#[test]
fn a_page_on_two_hundred_images_is_smaller_than_a_megabyte() {
    let world = World::new();
    let image = world.image("many");
    let source = ["--source", "https://git.example.org/shop/app", "--revision", &"4f2a91c8".repeat(5)];
    world.sign(&image, &crate::world::keys().build, &source);
    world
        .validate(&image, &[reports::trivy(&image)], LENIENT)
        .args(source)
        .arg("--attest")
        .run()
        .expect_code(0);
    // Two hundred tags of one digest: each is asked about and told by itself.
    let names: Vec<String> =
        (0..200).map(|number| format!("{}@{}", image.tagged(&format!("1.{number}")), image.digest)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let gate = world.gate(&production(&world.registry)).args(["-f", "pod.yaml"]);
    gate.home().write("pod.yaml", pod("app", &names));
    let page = page(&gate, 0);
    assert_eq!(page.matches("<details class=\"image good\"").count(), 200);
    assert_eq!(page.matches("countersign.dev/scan-report").count(), 200);
    assert_eq!(page.matches("CVE-2019-18224").count(), 200);
    assert!(page.len() < SIZE_LIMIT, "{} bytes", page.len());
}

#[test]
fn a_page_shows_what_the_scan_found_that_the_validation_key_attests() {
    let world = World::new();
    let image = world.built("scanned");
    world.validate(&image, &[reports::trivy(&image)], LENIENT).arg("--attest").run().expect_code(0);
    let text = page(&world.gate(&production(&world.registry)).arg(image.pinned()), 0);
    for part in ["What the scan found", "linux/amd64", "CVE-2019-18224", "libidn2-0", "<b>1</b> critical"] {
        assert!(text.contains(part), "{part}");
    }
    // Only signed, and nothing attested.
    let text = page(&world.gate(&production(&world.registry)).arg(world.countersigned("bare").pinned()), 0);
    assert!(text.contains("linux/amd64: no scan is attested by these keys"));
}

#[test]
fn scans_are_asked_for_only_where_a_page_is_and_never_change_a_decision() {
    let world = World::new();
    let image = world.built("refused");
    world.validate(&image, &[reports::trivy(&image)], LENIENT).arg("--attest").run().expect_code(0);
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    let requests = |gate: &Countersign| {
        world.registry.forget_requests();
        gate.run().expect_code(0);
        world.registry.requests().len()
    };
    let plain = requests(&gate);
    assert_eq!(requests(&gate.clone().args(["--report", "sarif=gate.sarif", "json=gate.json"])), plain);
    assert!(requests(&gate.clone().args(["--report", "html=gate.html"])) > plain);
    // The signatures are read as the legacy format has them; what is attached as a manifest is refused.
    world.registry.misbehave(Fault::on(Place::AttachedManifest, Act::Status(403)));
    let text = page(&gate, 0);
    assert!(text.contains("not known: ") && text.contains("403"), "no word of what was refused");
    assert!(text.contains("The decision does not rest on it."));
}

#[test]
fn an_alternative_that_is_not_needed_is_no_fault() {
    let world = World::new();
    let policy = tanzu(&[(&format!("{}/shop/*", world.registry.host()), "first second")]);
    let text = page(&world.gate(&policy).arg(world.built("signed").pinned()), 0);
    assert!(text.contains("Any one of these is enough.") && text.contains("not needed"));
    assert!(!text.contains("class=\"bad\""), "something is shown as a fault");
}
