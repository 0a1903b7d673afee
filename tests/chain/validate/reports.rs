//! Reports that cannot be judged: each is refused as bad input and never taken for "no findings".

use std::path::PathBuf;

use serde_json::{Value, json};

use super::refused;
use crate::reports::{GRYPE_SARIF, TRIVY_SARIF, grype, trivy, trivy_alpine, with};
use crate::support::cli::{Countersign, Run};
use crate::support::image::Pushed;
use crate::world::{LENIENT, World, keys};

/// Validates with a report of these bytes.
fn with_bytes(world: &World, image: &Pushed, bytes: &[u8]) -> Run {
    let command = world.validate(image, &[], LENIENT);
    refused(world, &command.args(["--scan", &world.file("report", bytes)]), 2)
}

fn without(mut report: Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    report.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    report
}

#[test]
fn a_report_about_another_image_is_refused() {
    let world = World::new();
    let (image, other) = (world.built("this"), world.built("that"));
    for report in [trivy(&other), trivy_alpine(&other), grype(&other)] {
        let run = refused(&world, &world.validate(&image, &[report], LENIENT), 2);
        assert!(run.stderr.contains("the report is about another image"), "{}", run.stderr);
        assert!(run.stderr.contains(&other.config().to_string()), "{}", run.stderr);
        assert!(run.stderr.contains("scan the image by its digest"), "{}", run.stderr);
    }
}

#[test]
fn a_report_whose_layers_are_not_the_images_is_refused() {
    let world = World::new();
    let image = world.built("layers");
    let report = with(trivy(&image), "/Metadata/DiffIDs", json!(["sha256:a", "sha256:b"]));
    let run = refused(&world, &world.validate(&image, &[report], LENIENT), 2);
    assert!(run.stderr.contains("speaks of 2 layers, the image has 1"), "{}", run.stderr);
}

#[test]
fn a_report_that_contradicts_itself_is_refused() {
    let world = World::new();
    let (image, other) = (world.built("this"), world.built("that"));
    let report = with(grype(&image), "/source/target/imageID", json!(other.config()));
    let run = refused(&world, &world.validate(&image, &[report], LENIENT), 2);
    assert!(run.stderr.contains("contradicts itself"), "{}", run.stderr);
}

#[test]
fn a_report_without_identity_is_refused() {
    let world = World::new();
    let image = world.built("no identity");
    let report = without(trivy(&image), "/Metadata/ImageID");
    let run = refused(&world, &world.validate(&image, &[report], LENIENT), 2);
    assert!(run.stderr.contains("without identity"), "{}", run.stderr);
}

#[test]
fn a_report_that_is_cut_is_refused_wherever_it_is_cut() {
    let world = World::new();
    let image = world.built("cut");
    let whole = trivy(&image).to_string();
    for twentieth in 0..20 {
        let cut = &whole.as_bytes()[..whole.len() * twentieth / 20];
        with_bytes(&world, &image, cut);
    }
}

#[test]
fn nothing_scanned_is_not_nothing_found() {
    let world = World::new();
    let image = world.built("nothing scanned");
    let allowed = format!("{LENIENT}, allowNothingScanned: {{reason: a static binary}}");
    for report in [
        without(trivy(&image), "/Results"),
        with(trivy(&image), "/Results", json!(null)),
        with(trivy(&image), "/Results", json!([])),
    ] {
        let run = refused(&world, &world.validate(&image, std::slice::from_ref(&report), LENIENT), 2);
        assert!(run.stderr.contains("nothing was scanned"), "{}", run.stderr);
        let run = world.validate(&image, &[report], &allowed).run().expect_code(0);
        assert!(run.stdout.contains("nothing was scanned, which the rules allow: a static binary"));
    }
}

#[test]
fn a_report_without_a_time_of_its_own_is_refused_where_its_age_counts() {
    let world = World::new();
    let image = world.built("no time");
    let rules = format!("{LENIENT}, maxReportAge: 24h");
    let run = refused(&world, &world.validate(&image, &[grype(&image)], &rules), 2);
    assert!(run.stderr.contains("no valid time of its own"), "{}", run.stderr);
}

#[test]
fn a_report_from_the_future_is_refused_where_its_age_counts() {
    let world = World::new();
    let image = world.built("future");
    let rules = format!("{LENIENT}, maxReportAge: 24h");
    let later = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(1);
    let report = crate::reports::made_at(trivy(&image), later);
    refused(&world, &world.validate(&image, &[report], &rules), 2);
}

#[test]
fn grype_that_left_out_what_the_rules_need_is_refused() {
    let world = World::new();
    let image = world.built("only fixed");
    let report = with(grype(&image), "/descriptor/configuration", json!({"only-fixed": true}));
    refused(&world, &world.validate(&image, std::slice::from_ref(&report), LENIENT), 2);
    let fixable = "deny: {severities: [HIGH], onlyFixable: true}";
    world.validate(&image, &[report], fixable).run().expect_code(0);
}

#[test]
fn an_end_of_life_that_the_report_does_not_tell_is_refused_where_it_counts() {
    let world = World::new();
    let image = world.built("end of life unknown");
    refused(&world, &world.validate(&image, &[grype(&image)], "deny: {endOfLife: true}"), 2);
}

#[test]
fn sarif_that_does_not_name_the_image_is_refused() {
    let world = World::new();
    let image = world.built("sarif");
    let run = with_bytes(&world, &image, GRYPE_SARIF.as_bytes());
    assert!(run.stderr.contains("SARIF from Grype does not identify the image"), "{}", run.stderr);
    let run = with_bytes(&world, &image, TRIVY_SARIF.as_bytes());
    assert!(run.stderr.contains("the report is about another image"), "{}", run.stderr);
}

#[test]
fn what_is_no_report_is_refused() {
    let world = World::new();
    let image = world.built("no report");
    let other_schema = with(trivy(&image), "/SchemaVersion", json!(3)).to_string();
    for (bytes, sentence) in [
        ("{}", "neither JSON, SARIF nor CycloneDX of Trivy"),
        ("[]", "neither JSON, SARIF nor CycloneDX of Trivy"),
        ("", "not a readable report"),
        (&other_schema, "unknown schema version 3"),
    ] {
        let run = with_bytes(&world, &image, bytes.as_bytes());
        assert!(run.stderr.contains(sentence), "{bytes}: {}", run.stderr);
    }
}

/// Validates with `reports`, of which those with `digests` are the ones that the scan step handed over.
fn by_digest(world: &World, image: &Pushed, reports: &[Value], digests: &[String]) -> Countersign {
    let digests = digests.iter().flat_map(|digest| ["--scan-digest", digest]);
    world.validate(image, reports, LENIENT).args(digests)
}

fn digest(report: &Value) -> String {
    countersign::model::Digest::of(report.to_string().as_bytes()).to_string()
}

#[test]
fn a_report_with_another_digest_than_the_scan_steps_is_refused() {
    let world = World::new();
    let image = world.built("scan digest");
    let (scanned, forged) = (trivy(&image), crate::reports::clean(&image));
    let command = by_digest(&world, &image, std::slice::from_ref(&forged), &[digest(&scanned)]);
    let run = refused(&world, &command, 2);
    assert!(run.stderr.contains("is not the report that was asked for"), "{}", run.stderr);
    assert!(run.stderr.contains(&digest(&forged)), "{}", run.stderr);
    // One that was asked for does not excuse another beside it.
    let both = [scanned.clone(), forged.clone()];
    refused(&world, &by_digest(&world, &image, &both, &[digest(&scanned)]), 2);
    by_digest(&world, &image, &both, &[digest(&scanned), digest(&forged)]).run().expect_code(0);
}

#[test]
fn where_a_digest_is_demanded_none_and_an_empty_one_are_refused() {
    let world = World::new();
    let image = world.built("scan digest demanded");
    let report = trivy(&image);
    let command =
        || world.validate(&image, std::slice::from_ref(&report), LENIENT).arg("--require-scan-digest");
    for without in [command(), command().args(["--scan-digest", ""]), command().arg("--scan-digest=")] {
        let run = refused(&world, &without, 2);
        assert!(run.stderr.contains("--scan-digest"), "{}", run.stderr);
    }
    command().args(["--scan-digest", &digest(&report)]).run().expect_code(0);
}

#[test]
fn no_name_leads_out_of_the_folder_of_the_reports() {
    let world = World::new();
    let image = world.built("scan folder");
    world.file("reports/app.json", trivy(&image).to_string());
    let outside = world.file("other.json", trivy(&image).to_string());
    let folder = world.folder.join("reports").to_str().unwrap().to_owned();
    let named =
        |name: &str| world.validate(&image, &[], LENIENT).args(["--scan-folder", &folder, "--scan", name]);
    for name in ["../other.json", &outside, "./../other.json", "below/../../other.json"] {
        let run = refused(&world, &named(name), 2);
        assert!(run.stderr.contains("leads out of --scan-folder"), "{name}: {}", run.stderr);
    }
    let link = |to: &str, name: &str| {
        std::os::unix::fs::symlink(to, world.folder.join("reports").join(name)).unwrap()
    };
    link(&outside, "link.json");
    let run = refused(&world, &named("link.json"), 2);
    assert!(
        run.stderr.contains("leads out of --scan-folder") && !run.all().contains("sha256:"),
        "{}",
        run.stderr
    );
    link("app.json", "within.json");
    named("within.json").run().expect_code(0);
    assert!(refused(&world, &named("absent.json"), 2).stderr.contains("absent.json"));
}

#[test]
fn a_digest_of_the_scan_step_without_its_report_is_refused() {
    let world = World::new();
    let image = world.built("scan digest without file");
    let (given, held_back) = (crate::reports::clean(&image), trivy(&image));
    let digests = [digest(&given), digest(&held_back)];
    let run = refused(&world, &by_digest(&world, &image, &[given], &digests), 2);
    assert!(run.stderr.contains(&format!("no report has the digest {}", digests[1])), "{}", run.stderr);
}

#[test]
fn files_that_cannot_be_used_are_found_before_the_first_request() {
    let world = World::new();
    let image = world.built("files");
    let good = || world.validate(&image, &[trivy(&image)], LENIENT);
    let missing = world.folder.join("missing").to_str().unwrap().to_owned();
    let rules = world.file("rules", "kind: ScanRules\n");
    let wrong: [(Countersign, &str); 5] = [
        (good().args(["--scan", &missing]), "--scan"),
        (good().args(["--scan-digest", "sha256:12"]), "--scan-digest"),
        (good().args(["--results-dir", &missing]), "result file"),
        (good().args(["--annotation", "countersign.dev/scan-result=pass"]), "--annotation"),
        (
            Countersign::new()
                .args(["validate", &image.pinned(), "--rules", &rules, "--scan", &missing])
                .args(["--key", &keys().validation.private_arg(), "--build-key", &keys().build.public_arg()]),
            "rules",
        ),
    ];
    for (command, sentence) in wrong {
        let run = refused(&world, &command, 2);
        assert!(run.stderr.contains(sentence), "{}", run.stderr);
        assert_eq!(world.registry.requests().len(), 0, "{:?}", run.stderr);
    }
    assert!(!PathBuf::from(missing).exists());
}

#[test]
fn an_empty_option_counts_as_not_given() {
    let world = World::new();
    let image = world.built("empty options");
    let command = world.validate(&image, &[trivy(&image)], LENIENT);
    let empty =
        ["--scan-digest", "", "--annotation", "", "--platform", "", "--results-dir", "", "--policy", ""];
    command.args(empty).args(["--build-signer", "", "--scan", ""]).run().expect_code(0);
}
