//! `report`: the newest scan that a key attests, and every reason why there is none.

use countersign::model::predicate::vulnerability::{Scan, to_json};
use countersign::model::{envelope, statement};
use serde_json::json;

use super::{VULNERABILITY, report, scan_of, severities};
use crate::reports::{grype, made_at, trivy, trivy_alpine};
use crate::support::cli::Countersign;
use crate::support::forge;
use crate::support::image::{self, Pushed};
use crate::support::keys::TestKey;
use crate::support::registry::{Act, Fault, Place};
use crate::world::{LENIENT, REPOSITORY, World, keys};

/// Attaches `predicate` to `image` as a vulnerability attestation by `key`.
fn forged(world: &World, image: &Pushed, key: &TestKey, predicate: &str) {
    let stated = statement::attestation("app", &image.digest, VULNERABILITY, predicate).unwrap();
    forge::put_bundle(&world.registry, image, key, &stated, key);
}

/// The predicate around a report.
fn predicate(report: &str) -> String {
    to_json(&Scan { scanner: "trivy", version: None, report: report.as_bytes(), time: None }).unwrap()
}

/// Waits until another second is stated than up to now.
fn next_second() {
    std::thread::sleep(std::time::Duration::from_millis(1_100));
}

#[test]
fn the_report_that_was_verified_last_is_shown_with_its_scanner_its_times_and_the_rules() {
    let world = World::new();
    let image = world.built("twice scanned");
    let times = ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"];
    let newer = made_at(trivy(&image), times[1].parse().unwrap());
    let older = made_at(trivy_alpine(&image), times[0].parse().unwrap());
    // The time in a report is its writer's word: it is not that which counts.
    world.attest(&image, &[newer], LENIENT).run().expect_code(0);
    next_second();
    let run = world.attest(&image, &[older], LENIENT).run().expect_code(0);
    let claims = run.json()["results"][0]["claims"].clone();
    let found = report(&image.pinned()).run().expect_code(0).json();
    let scan = scan_of(&found, &image.digest);
    assert_eq!(scan["severities"], severities(0, 4, 0));
    assert_eq!(scan["scannedAt"], times[0]);
    assert_eq!(scan["report"], claims["countersign.dev/scan-report"]);
    assert_eq!(scan["rules"], claims["countersign.dev/scan-rules"]);
    assert_eq!(scan["verifiedAt"], claims["countersign.dev/signed-at"]);
    assert_eq!(scan["key"], keys().validation.public.fingerprint().to_string());
    let text = Countersign::new().args(["report", &image.pinned(), "--key", &keys().validation.public_arg()]);
    let text = text.run().expect_code(0).stdout;
    for part in ["ID", "SEVERITY", "FIXED IN", "4 MEDIUM", times[0]] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn a_report_of_the_future_has_no_time_and_does_not_stay_the_newest() {
    let world = World::new();
    let image = world.built("of the future");
    let future = "2099-01-01T00:00:00Z".parse().unwrap();
    let run = world.attest(&image, &[made_at(trivy_alpine(&image), future)], LENIENT).run().expect_code(0);
    assert_eq!(run.json()["results"][0]["claims"].get("countersign.dev/scanned-at"), None);
    let shown = || report(&image.pinned()).run().expect_code(0).json();
    let found = shown();
    assert_eq!(scan_of(&found, &image.digest)["scannedAt"], json!(null));
    // Without a summary, by another program with the same key.
    let text = made_at(trivy_alpine(&image), future).to_string();
    let scan = Scan { scanner: "trivy", version: None, report: text.as_bytes(), time: Some(future) };
    forged(&world, &image, &keys().validation, &to_json(&scan).unwrap());
    next_second();
    world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
    let found = shown();
    assert_eq!(scan_of(&found, &image.digest)["severities"], severities(1, 0, 1));
}

#[test]
fn of_reports_without_a_verification_the_latest_by_its_own_time_is_shown() {
    let world = World::new();
    let image = world.built("by others");
    let reports = [("2026-03-01T00:00:00Z", trivy_alpine(&image)), ("2026-02-01T00:00:00Z", trivy(&image))];
    for (time, text) in reports {
        let (text, time) = (text.to_string(), Some(time.parse().unwrap()));
        let scan = Scan { scanner: "trivy", version: None, report: text.as_bytes(), time };
        forged(&world, &image, &keys().validation, &to_json(&scan).unwrap());
    }
    let found = report(&image.pinned()).run().expect_code(0).json();
    assert_eq!(scan_of(&found, &image.digest)["severities"], severities(0, 4, 0));
}

#[test]
fn an_index_has_the_newest_report_of_each_platform() {
    let world = World::new();
    let pushed = image::index(&world.registry, REPOSITORY, "1.4", "platforms");
    world.sign(&pushed.index, &keys().build, &[]);
    let (_, nested) = pushed.nested.as_ref().unwrap();
    let children = [&pushed.platforms[0], &pushed.platforms[1], nested];
    let reports = [trivy(children[0]), grype(children[1]), trivy_alpine(children[2])];
    world.attest(&pushed.index, &reports, LENIENT).run().expect_code(0);
    let found = report(&pushed.index.pinned()).run().expect_code(0).json();
    assert_eq!(found["scans"].as_array().unwrap().len(), 3);
    assert_eq!(found["unscanned"], json!([]));
    assert_eq!(scan_of(&found, &children[2].digest)["severities"], severities(0, 4, 0));
    assert!(scan_of(&found, &children[1].digest)["scanner"].as_str().unwrap().starts_with("grype"));
    // What is attached to the index says nothing of a child by itself.
    report(&children[0].pinned()).run().expect_code(1);
}

#[test]
fn without_an_attestation_by_the_key_there_is_no_report() {
    let world = World::new();
    let image = world.countersigned("unattested");
    let found = report(&image.pinned()).run().expect_code(1);
    assert_eq!(found.json()["unscanned"][0]["digest"], image.digest.to_string());
    assert!(found.stderr.contains("inspect --attestations"), "{}", found.stderr);
    // A stranger's counts as none, and is not called broken.
    forged(&world, &image, &keys().stranger, &predicate(&trivy(&image).to_string()));
    let found = report(&image.pinned()).run().expect_code(1).json();
    assert_eq!((&found["unusable"], &found["invalid"]), (&json!([]), &json!([])));
    forged(&world, &image, &keys().validation, &predicate(&trivy(&image).to_string()));
    report(&image.pinned()).run().expect_code(0);
}

#[test]
fn a_report_about_another_image_or_no_report_at_all_is_told_and_counts_for_nothing() {
    let world = World::new();
    let other = world.image("other");
    let about_another = predicate(&trivy(&other).to_string());
    let cases = [
        ("another image", about_another.as_str(), "unusable"),
        ("its report", r#"{"scanner": {"result": {"SchemaVersion": 3}}}"#, "unusable"),
        ("scanner.result", "{}", "unusable"),
    ];
    for (reason, predicate, member) in cases {
        let image = world.image(reason);
        forged(&world, &image, &keys().validation, predicate);
        let found = report(&image.pinned()).run().expect_code(1).json();
        let told = found[member][0]["reason"].as_str().unwrap();
        assert!(told.contains(reason), "{told}");
    }
    let image = world.image("moved");
    let stated = statement::attestation("app", &other.digest, VULNERABILITY, &about_another).unwrap();
    forge::put_bundle(&world.registry, &image, &keys().validation, &stated, &keys().validation);
    let found = report(&image.pinned()).run().expect_code(1).json();
    let told = found["invalid"][0]["reason"].as_str().unwrap();
    assert!(told.contains("none of its subjects is this digest"), "{told}");
}

#[test]
fn what_could_not_be_asked_makes_it_undecided_and_is_never_no_report() {
    for place in [Place::Tag, Place::Referrers, Place::AttachedManifest] {
        let world = World::new();
        let image = world.built("unreachable");
        world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        world.registry.misbehave(Fault::on_reads(place, Act::Status(403)));
        let found = report(&image.pinned()).run().expect_code(3).json();
        assert_ne!(found["unreachable"], json!([]), "{place:?}");
        // What was found in the other format is shown all the same.
        assert_eq!(found["scans"].as_array().unwrap().len(), 1, "{place:?}");
    }
    let world = World::new();
    let gone = world.image("gone");
    world.registry.remove(&gone.repository, &gone.digest.to_string());
    report(&gone.pinned()).run().expect_code(3);
}

#[test]
fn layers_of_strangers_do_not_hide_a_bundle() {
    let world = World::new();
    let image = world.built("crowded");
    world.attest(&image, &[trivy_alpine(&image)], LENIENT).args(["--format", "bundle"]).run().expect_code(0);
    let stated = statement::attestation("app", &image.digest, VULNERABILITY, "{}").unwrap();
    let envelope = forge::envelope(&[&keys().stranger], envelope::IN_TOTO, &stated).to_string();
    let blob = world.registry.put_blob(&image.repository, envelope.as_bytes());
    let layer = json!({"mediaType": envelope::MEDIA_TYPE, "digest": blob, "size": envelope.len(),
        "annotations": {"predicateType": VULNERABILITY}});
    let config = world.registry.put_blob(&image.repository, b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": config, "size": 2},
        "layers": vec![layer; 1_001]});
    let tag = format!("sha256-{}.att", image.digest.hex());
    let media_type = manifest["mediaType"].as_str().unwrap();
    world.registry.put_manifest(&image.repository, &tag, media_type, manifest.to_string().as_bytes());
    // What was not read may be newer, so it is undecided; what was found is shown.
    let found = report(&image.pinned()).run().expect_code(3).json();
    assert_eq!(scan_of(&found, &image.digest)["severities"], severities(0, 4, 0));
}

#[test]
fn a_private_key_is_refused() {
    let world = World::new();
    let image = world.image("private");
    world.registry.forget_requests();
    let key = keys().validation.private_arg();
    Countersign::new().args(["report", &image.pinned(), "--key", &key]).run().expect_code(2);
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn what_a_report_says_cannot_move_a_cursor() {
    let world = World::new();
    let image = world.image("hostile");
    let mut hostile = trivy(&image);
    hostile["Results"][0]["Vulnerabilities"][0]["PkgName"] = json!("\u{1b}[2Jlibc\u{202e}");
    forged(&world, &image, &keys().validation, &predicate(&hostile.to_string()));
    let key = keys().validation.public_arg();
    for command in [vec!["report", "--key", &key], vec!["inspect", "--attestations"]] {
        for output in ["text", "json"] {
            let run = Countersign::new().args(&command[..1]).arg(image.pinned()).args(&command[1..]);
            let run = run.args(["--output", output]).run().expect_code(0);
            assert!(!run.all().contains(['\u{1b}', '\u{202e}']), "{}", run.all());
        }
    }
}
