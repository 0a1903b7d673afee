//! What is attached, to what, and when nothing is.

use std::time::Duration;

use serde_json::{Value, json};

use super::{SUMMARY, VULNERABILITY, attested, counted, counts, report, severities};
use crate::reports::{clean, grype, trivy, with};
use crate::support::cli::run_together;
use crate::support::image::{self, Pushed, PushedIndex};
use crate::support::keys::TestKey;
use crate::support::registry::{Act, Config, Fault, Place};
use crate::world::{LENIENT, REPOSITORY, STRICT, World, keys};

const BOTH: [&str; 2] = ["bundle", "legacy"];

fn att_tag(image: &Pushed) -> String {
    format!("sha256-{}.att", image.digest.hex())
}

/// Whether nothing at all is attached but signatures.
#[track_caller]
fn nothing_attached(world: &World, image: &Pushed) {
    assert_eq!(counted(image), counts(&[], 0, 0));
    assert_eq!(world.registry.manifest(&image.repository, &att_tag(image)), None);
}

#[test]
fn the_statements_say_which_image_which_report_and_which_rules() {
    let world = World::new();
    let image = world.built("stated");
    let text = format!("{}\n", serde_json::to_string_pretty(&trivy(&image)).unwrap());
    let path = world.file("report.json", &text);
    let command = world.attest(&image, &[], LENIENT).args(["--scan", &path]);
    let run = command.run().expect_code(0);
    let digest = image.digest.to_string();
    let expected = [VULNERABILITY, SUMMARY].map(|kind| (digest.clone(), kind.to_owned(), true, 2));
    assert_eq!(attested(&run), expected);
    let claims = &run.json()["results"][0]["claims"];
    let [scan, summary] = <[Value; 2]>::try_from(world.legacy_statements(&image)).unwrap();
    for (statement, kind) in [(&scan, VULNERABILITY), (&summary, SUMMARY)] {
        assert_eq!(statement["_type"], "https://in-toto.io/Statement/v0.1");
        assert_eq!(statement["predicateType"], kind);
        let name = format!("{}/{REPOSITORY}", image.host);
        assert_eq!(statement["subject"], json!([{"name": name, "digest": {"sha256": image.digest.hex()}}]));
    }
    let predicate = &scan["predicate"];
    assert_eq!(predicate["scanner"]["result"], trivy(&image));
    assert_eq!(predicate["metadata"]["countersign.dev/scan-report"], claims["countersign.dev/scan-report"]);
    assert_eq!(predicate["metadata"]["scanFinishedOn"], claims["countersign.dev/scanned-at"]);
    let predicate = &summary["predicate"];
    let rules = claims["countersign.dev/scan-rules"].as_str().unwrap();
    assert_eq!(format!("sha256:{}", predicate["policy"]["digest"]["sha256"].as_str().unwrap()), rules);
    assert_eq!(predicate["verificationResult"], "PASSED");
    assert_eq!(predicate["timeVerified"], claims["countersign.dev/signed-at"]);
    let purl = predicate["resourceUri"].as_str().unwrap();
    assert!(
        purl.starts_with(&format!("pkg:oci/app@sha256%3A{}?repository_url=", image.digest.hex())),
        "{purl}"
    );
}

#[test]
fn without_the_option_nothing_is_attached() {
    let world = World::new();
    let image = world.countersigned("no attestation");
    nothing_attached(&world, &image);
}

#[test]
fn without_a_pass_nothing_is_attached() {
    let world = World::new();
    let image = world.built("failing");
    world.attest(&image, &[trivy(&image)], STRICT).run().expect_code(1);
    nothing_attached(&world, &image);
    let unsigned = world.image("without a build signature");
    world.registry.forget_requests();
    world.attest(&unsigned, &[trivy(&unsigned)], LENIENT).run().expect_code(1);
    nothing_attached(&world, &unsigned);
    assert_eq!(world.registry.writes().len(), 0);
}

#[test]
fn where_a_signature_could_not_be_stored_nothing_is_attached() {
    for place in [Place::SigTag, Place::AttachedManifest] {
        let world = World::new();
        let image = world.built("half signed");
        let act = if place == Place::SigTag { Act::ImmutableTag(409) } else { Act::Status(403) };
        world.registry.misbehave(Fault::on_writes(place, act));
        let run = world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(3);
        assert_eq!(run.json()["attestations"], json!([]), "{place:?}");
        world.registry.behave();
        nothing_attached(&world, &image);
        // The same again completes the signature, and then attaches.
        world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        assert_eq!(counted(&image), counts(&BOTH, 1, 1));
    }
}

#[test]
fn an_attestation_that_could_not_be_stored_is_told_and_the_signature_stays() {
    let world = World::new();
    let image = world.built("not attached");
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    world.registry.misbehave(Fault::on_writes(Place::Tag, Act::Status(403)));
    let command = world.attest(&image, &[trivy(&image)], LENIENT).arg("--results-dir").arg(&results);
    let run = command.run().expect_code(3);
    let json = run.json();
    assert_eq!(json["results"][0]["formats"], json!(BOTH));
    assert_eq!(json["attestations"][0]["formats"], json!(["bundle"]));
    assert_eq!(json["attestations"][0]["failed"][0]["format"], "legacy");
    assert!(run.stderr.contains("is signed, and not attested"), "{}", run.stderr);
    assert_eq!(std::fs::read_to_string(results.join("SIGNED_REF")).unwrap(), "");
    crate::world::verify(&image.pinned(), &keys().validation, &[]).expect_code(0);
    world.registry.behave();
    command.run().expect_code(0);
    assert_eq!(counted(&image), counts(&BOTH, 1, 1));
}

fn index(world: &World, content: &str) -> PushedIndex {
    let pushed = image::index(&world.registry, REPOSITORY, "1.4", content);
    world.sign(&pushed.index, &keys().build, &["--recursive"]);
    pushed
}

/// The children that run, the one of the nested index last.
fn runnable(pushed: &PushedIndex) -> Vec<&Pushed> {
    pushed.platforms.iter().chain(pushed.nested.as_ref().map(|(_, child)| child)).collect()
}

#[test]
fn exactly_what_was_approved_is_attested_each_with_its_own_reports() {
    let world = World::new();
    for recursive in [false, true] {
        let pushed = index(&world, if recursive { "all of it" } else { "the index" });
        let children = runnable(&pushed);
        let reports: Vec<Value> = children.iter().map(|child| trivy(child)).collect();
        let command = world.attest(&pushed.index, &reports, LENIENT);
        command.args(recursive.then_some("--recursive")).run().expect_code(0);
        assert_eq!(counted(&pushed.index), counts(&BOTH, children.len(), 1));
        for (child, own) in children.iter().zip(&reports) {
            match recursive {
                false => nothing_attached(&world, child),
                true => {
                    assert_eq!(counted(child), counts(&BOTH, 1, 1));
                    let statements = world.legacy_statements(child);
                    assert_eq!(&statements[0]["predicate"]["scanner"]["result"], own);
                }
            }
        }
        // Neither the build's own attestation nor the nested index was approved.
        let (nested, _) = pushed.nested.as_ref().unwrap();
        nothing_attached(&world, pushed.attestation.as_ref().unwrap());
        nothing_attached(&world, nested);
    }
}

#[test]
fn with_a_platform_that_one_alone_is_attested() {
    let world = World::new();
    let pushed = index(&world, "one platform");
    let [amd64, arm64] = [&pushed.platforms[0], &pushed.platforms[1]];
    let command = world.attest(&pushed.index, &[trivy(arm64)], LENIENT);
    command.args(["--platform", "linux/arm64"]).run().expect_code(0);
    assert_eq!(counted(arm64), counts(&BOTH, 1, 1));
    nothing_attached(&world, amd64);
    nothing_attached(&world, &pushed.index);
}

#[test]
fn one_child_that_could_not_be_signed_leaves_all_unattested() {
    let world = World::new();
    let pushed = index(&world, "one child fails");
    let children = runnable(&pushed);
    let reports: Vec<Value> = children.iter().map(|child| trivy(child)).collect();
    let fault = Fault::on_writes(Place::SigTag, Act::ImmutableTag(409));
    world.registry.misbehave(fault.times(crate::support::registry::Times::First(1)));
    let command = world.attest(&pushed.index, &reports, LENIENT).arg("--recursive");
    command.run().expect_code(3);
    world.registry.behave();
    children.iter().for_each(|child| nothing_attached(&world, child));
    nothing_attached(&world, &pushed.index);
}

#[test]
fn the_same_again_writes_nothing_and_another_report_is_added() {
    for config in [Config::default(), Config::without_referrers()] {
        let world = World::with(config);
        let image = world.built("again");
        let command = world.attest(&image, &[trivy(&image)], LENIENT);
        command.run().expect_code(0);
        world.registry.forget_requests();
        let again = command.run().expect_code(0);
        assert_eq!(world.registry.writes().len(), 0);
        assert!(attested(&again).iter().all(|(_, _, written, formats)| !written && *formats == 2));
        world.attest(&image, &[grype(&image)], LENIENT).run().expect_code(0);
        assert_eq!(counted(&image), counts(&BOTH, 2, 2));
        command.run().expect_code(0);
        assert_eq!(counted(&image), counts(&BOTH, 2, 2));
    }
}

#[test]
fn attestations_of_other_scans_are_not_read_again() {
    let world = World::new();
    let image = world.built("every day");
    let large = with(trivy(&image), "/Padding", json!("x".repeat(1 << 20)));
    world.attest(&image, &[large], LENIENT).run().expect_code(0);
    let tag = world.registry.manifest(&image.repository, &att_tag(&image)).unwrap();
    let manifest: Value = serde_json::from_slice(&tag).unwrap();
    let other = manifest["layers"][0]["digest"].as_str().unwrap().to_owned();
    world.registry.forget_requests();
    world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
    let fetched = world.paths().iter().any(|path| path.contains(&other));
    assert!(!fetched, "{:#?}", world.paths());
}

#[test]
fn a_signature_that_was_there_is_attested_and_a_missing_format_added_alone() {
    let world = World::new();
    let image = world.countersigned("validated before");
    let command = world.attest(&image, &[trivy(&image)], LENIENT);
    let run = command.clone().args(["--format", "legacy"]).run().expect_code(0);
    assert_eq!(run.json()["results"][0]["written"], false);
    assert_eq!(counted(&image), counts(&["legacy"], 1, 1));
    command.run().expect_code(0);
    assert_eq!(counted(&image), counts(&BOTH, 1, 1));
}

#[test]
fn a_dry_run_says_what_would_be_attached_and_writes_nothing() {
    let world = World::new();
    let image = world.built("dry");
    world.registry.forget_requests();
    let command = world.attest(&image, &[trivy(&image)], LENIENT);
    let run = command.clone().arg("--dry-run").run().expect_code(0);
    let digest = image.digest.to_string();
    assert_eq!(
        attested(&run),
        [VULNERABILITY, SUMMARY].map(|kind| (digest.clone(), kind.to_owned(), false, 2))
    );
    assert_eq!(world.registry.writes().len(), 0);
    nothing_attached(&world, &image);
    command.run().expect_code(0);
    let run = command.arg("--dry-run").run().expect_code(0);
    assert_eq!(
        attested(&run),
        [VULNERABILITY, SUMMARY].map(|kind| (digest.clone(), kind.to_owned(), false, 0))
    );
}

#[test]
fn a_report_that_is_too_large_to_attach_is_refused_before_anything_is_written() {
    let world = World::new();
    let image = world.built("large");
    let large = with(trivy(&image), "/Padding", json!("x".repeat(24 << 20)));
    world.registry.forget_requests();
    let run = world.attest(&image, std::slice::from_ref(&large), LENIENT).run().expect_code(2);
    assert!(run.stderr.contains("cannot be attached"), "{}", run.stderr);
    assert_eq!(world.registry.writes().len(), 0);
    world.validate(&image, &[large], LENIENT).run().expect_code(0);
}

#[test]
fn a_report_nested_too_deep_for_a_statement_is_refused_before_anything_is_written() {
    let world = World::new();
    let image = world.built("deep");
    let deep = (0..62).fold(json!(1), |deep, _| json!([deep]));
    let report = with(trivy(&image), "/Deep", deep);
    world.registry.forget_requests();
    world.attest(&image, std::slice::from_ref(&report), LENIENT).run().expect_code(2);
    assert_eq!(world.registry.writes().len(), 0);
    world.validate(&image, &[report], LENIENT).run().expect_code(0);
}

#[test]
fn layers_of_others_stay_to_the_byte_and_what_is_no_list_is_left() {
    let world = World::new();
    let image = world.built("beside others");
    let config = world.registry.put_blob(&image.repository, b"{}");
    let foreign =
        r#"{"mediaType":"application/x",  "size":2,"digest":"CONFIG","annotations":{"a":"\u00e9"}}"#;
    let manifest = r#"{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"CONFIG"},"layers":[FOREIGN]}"#;
    let foreign = foreign.replace("CONFIG", &config);
    let manifest = manifest.replace("FOREIGN", &foreign).replace("CONFIG", &config);
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    world.registry.put_manifest(&image.repository, &att_tag(&image), media_type, manifest.as_bytes());
    world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
    let now = world.registry.manifest(&image.repository, &att_tag(&image)).unwrap();
    assert!(String::from_utf8(now).unwrap().contains(&foreign));

    let other = world.built("an index at the tag");
    let index = br#"{"schemaVersion":2,"manifests":[]}"#;
    world.registry.put_manifest(&other.repository, &att_tag(&other), media_type, index);
    world.attest(&other, &[trivy(&other)], LENIENT).run().expect_code(3);
    assert_eq!(world.registry.manifest(&other.repository, &att_tag(&other)).unwrap(), index);
}

#[test]
fn two_who_attest_at_once_lose_nothing() {
    let delay = (Duration::from_millis(4), Duration::from_millis(12));
    for config in [Config::default(), Config::without_referrers()] {
        let world = World::with(Config { delay, ..config });
        let image = world.built("at once");
        let others = [TestKey::new(), TestKey::new()];
        let command = |key: &TestKey| {
            let command = world.validate_with(&image.pinned(), &[clean(&image)], LENIENT, key);
            command.args(["--attest", "--build-key", &keys().build.public_arg()])
        };
        for run in run_together(&others.each_ref().map(command)) {
            run.expect_code(0);
        }
        assert_eq!(counted(&image), counts(&BOTH, 2, 2));
    }
}

#[test]
fn an_image_in_a_folder_is_attested_and_reported_without_a_registry() {
    let world = World::new();
    let image = world.built("folder");
    let folder = format!("oci:{}", world.folder.join("layout").display());
    crate::support::cli::Countersign::new().args(["copy", &image.pinned(), &folder]).run().expect_code(0);
    let pinned = format!("{folder}@{}", image.digest);
    let command = world.validate_named(&pinned, &[trivy(&image)], LENIENT).arg("--attest");
    command.run().expect_code(0);
    let found = report(&pinned).run().expect_code(0).json();
    assert_eq!(found["scans"][0]["severities"], severities(1, 0, 1));
    assert!(found["scans"][0]["rules"].is_string(), "{found:#}");
}
