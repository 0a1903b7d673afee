//! The real cosign verifies what is attached here, and what it attaches is read here.

use serde_json::json;

use super::{SUMMARY, VULNERABILITY, counted, counts, report, severities};
use crate::reports::trivy;
use crate::support::cli::{Countersign, Run};
use crate::support::image;
use crate::support::peers::{self, Peer, cosign, cosign_pair, cosign_verify};
use crate::support::temp::TempFolder;
use crate::world::{LENIENT, World, keys, sign};

fn registries() -> [Peer; 2] {
    [peers::docker_registry(), peers::referrers_registry()]
}

/// `cosign verify-attestation` in one format.
fn verify_attestation(key: &str, image: &str, format: &str, kind: &str) -> Run {
    let bundle = format!("--new-bundle-format={}", format == "bundle");
    let command = cosign().args(["verify-attestation", "--insecure-ignore-tlog=true", "--key", key, &bundle]);
    command.args(["--type", kind, image]).run()
}

#[test]
fn cosign_verifies_what_is_attached_in_each_format_alone_and_in_both() {
    let validation = keys().validation.public_arg();
    for peer in registries() {
        for written in ["legacy", "bundle", "both"] {
            let world = World::new();
            let image = image::image(peer.host(), &format!("shop/{written}"), "1.4", written);
            sign(&image.pinned(), &keys().build, &[]).expect_code(0);
            let command = world.attest(&image, &[trivy(&image)], LENIENT);
            command.args(["--format", written]).run().expect_code(0);
            let formats = if written == "both" { &["legacy", "bundle"][..] } else { &[written] };
            assert_eq!(counted(&image), counts(formats, 1, 1), "{written}");
            for format in formats {
                for kind in ["vuln", SUMMARY] {
                    let run = verify_attestation(&validation, &image.pinned(), format, kind).expect_code(0);
                    assert!(run.stdout.contains("payload"), "{run:#?}");
                    let stranger = keys().stranger.public_arg();
                    verify_attestation(&stranger, &image.pinned(), format, kind).expect_not_code(0);
                }
                verify_attestation(&validation, &image.pinned(), format, "spdxjson").expect_not_code(0);
                // The signatures are verified as before.
                let format = format!("--new-bundle-format={}", *format == "bundle");
                for key in [&validation, &keys().build.public_arg()] {
                    if written == "both" || *key == validation {
                        cosign_verify(key, &image.pinned(), &[&format]).expect_code(0);
                    }
                }
            }
            report(&image.pinned()).run().expect_code(0);
        }
    }
}

#[test]
fn what_cosign_attests_is_listed_and_reported_and_no_build_signature() {
    let folder = TempFolder::new();
    let [private, public] = cosign_pair(&folder);
    for peer in registries() {
        for legacy in [true, false] {
            let image = image::image(peer.host(), &format!("shop/{legacy}"), "1.4", "by cosign");
            let predicate = json!({
                "invocation": {"parameters": [], "uri": "", "event_id": "", "builder.id": ""},
                "scanner": {"uri": "pkg:github/aquasecurity/trivy", "version": "1", "db": {}, "result": trivy(&image)},
                "metadata": {"scanStartedOn": "2026-01-02T03:04:05Z", "scanFinishedOn": "2026-01-02T03:05:05Z"},
            });
            let predicate = folder.write("predicate.json", predicate.to_string());
            let bundle = format!("--new-bundle-format={}", !legacy);
            let attest =
                cosign().args(["attest", "--tlog-upload=false", "--use-signing-config=false", &bundle]);
            let attest = attest.args(["--key", &private, "--type", "vuln", "--predicate"]).arg(&predicate);
            attest.arg(image.pinned()).run().expect_code(0);
            let format = if legacy { "legacy" } else { "bundle" };
            assert_eq!(counted(&image), counts(&[format], 1, 0));
            let report = |key: &str| {
                Countersign::new().args(["report", &image.pinned(), "--key", key, "--output", "json"]).run()
            };
            let found = report(&public).expect_code(0).json();
            let scan = &found["scans"][0];
            assert_eq!(scan["severities"], severities(1, 0, 1));
            assert_eq!((&scan["scannedAt"], &scan["rules"]), (&json!("2026-01-02T03:05:05Z"), &json!(null)));
            assert_eq!(scan["findings"][0]["id"], "CVE-2019-18224");
            // Nobody else is believed.
            report(&keys().stranger.public_arg()).expect_code(1);
        }
    }
}

#[test]
fn cosign_adds_to_what_is_attached_and_takes_nothing_away() {
    let folder = TempFolder::new();
    let [private, _] = cosign_pair(&folder);
    for peer in registries() {
        let world = World::new();
        let image = image::image(peer.host(), "shop/app", "1.4", "theirs beside ours");
        peers::cosign_attest(&private, &image.pinned(), true).expect_code(0);
        sign(&image.pinned(), &keys().build, &[]).expect_code(0);
        world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        peers::cosign_attest(&private, &image.pinned(), false).expect_code(0);
        assert_eq!(counted(&image), counts(&["bundle", "legacy"], 2, 1));
        let public = folder.join("cosign.pub");
        for (key, format) in
            [(public.to_str().unwrap(), "legacy"), (&keys().validation.public_arg(), "bundle")]
        {
            verify_attestation(key, &image.pinned(), format, VULNERABILITY).expect_code(0);
        }
    }
}
