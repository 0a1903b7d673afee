//! The gate's report as a page, as far as no browser is needed: its size, and the scans on it. What it looks like and does
//! is shown in tests/browser.

use serde_json::{Value, json};

use super::tanzu::tanzu;
use crate::policies::{both, line, pod, pod_in, policy, production};
use crate::reports;
use crate::support::cli::Countersign;
use crate::support::image::Pushed;
use crate::support::registry::{Act, Fault, Place};
use crate::world::{LENIENT, World};

/// Most bytes of a page on 200 images, each with two signatures, all claims that they have, and 20 findings.
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
        .validate(&image, &[twenty_findings(&image)], LENIENT)
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
    assert_eq!(page.matches("The 5 worst of 20 findings.").count(), 200);
    assert_eq!(page.matches("<tr><th scope=\"row\">CVE-").count(), 1_000);
    assert!(page.len() < SIZE_LIMIT, "{} bytes", page.len());
}

/// The report's two findings, and as many more of their kind.
fn twenty_findings(image: &Pushed) -> Value {
    let report = reports::trivy(image);
    let findings = report.pointer("/Results/0/Vulnerabilities").unwrap().as_array().unwrap();
    let many = (0..20).map(|number| {
        let mut finding = findings[number % findings.len()].clone();
        finding["VulnerabilityID"] = json!(format!("CVE-2019-1{number:04}"));
        finding
    });
    let many: Value = many.collect();
    reports::with(report, "/Results/0/Vulnerabilities", many)
}

/// What is said of the page's one image in a line.
fn gist(page: &str) -> &str {
    let (_, summary) = page.split_once("<summary>").unwrap();
    summary.split_once("<p>").unwrap().1.split_once("</p>").unwrap().0
}

#[test]
fn the_line_on_an_image_counts_only_what_is_satisfied() {
    let world = World::new();
    let (built, full) = (world.built("built"), world.countersigned("full"));
    let pattern = format!("{}/shop/**", world.registry.host());
    for (mode, word) in [("Warn", "warns"), ("Audit", "audits")] {
        let text = policy("watch", &pattern, &(line("mode", mode) + &both()));
        let told = page(&world.gate(&text).arg(built.pinned()), 0);
        assert_eq!(gist(&told), format!("policy watch ({word}) is not satisfied: validation: missing"));
        assert!(told.contains(&format!("watch <small>({word})</small>")), "the table does not say it");
        assert!(!told.contains("class=\"bad\""), "something is shown as if it stopped the image");
        let told = page(&world.gate(&text).arg(full.pinned()), 0);
        assert_eq!(gist(&told), "2 signers satisfied");
    }
    let webhook = tanzu(&[(&format!("{}/shop/*", world.registry.host()), "first second")]);
    assert_eq!(gist(&page(&world.gate(&webhook).arg(built.pinned()), 0)), "1 of 2 alternatives satisfied");
    let gate = world.gate(&webhook).args(["-f", "pod.yaml"]);
    gate.home().write("pod.yaml", pod_in("kube-system", "app", &[&built.pinned()]));
    let told = page(&gate, 0);
    assert!(gist(&told).contains("kube-system is excluded"), "{}", gist(&told));
    assert!(told.contains("</i> allowed: excluded</td>"), "the table does not say why");
}

#[test]
fn the_decision_says_why_where_no_signer_was_asked() {
    let world = World::new();
    let text =
        page(&world.gate(&policy("other", "example.org/**", &both())).arg(world.image("x").pinned()), 1);
    assert!(text.contains("</i> denied: no policy</td>"), "the table does not say why");
    assert!(text.contains("No scan is shown: no signer that countersigns is satisfied."));
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
