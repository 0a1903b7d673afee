//! `copy` carries attestations in both formats, wherever it goes.

use super::{SUMMARY, counted, counts, report};
use crate::reports::trivy;
use crate::support::cli::Countersign;
use crate::support::image::Pushed;
use crate::support::peers;
use crate::support::registry::{Config, TestRegistry};
use crate::world::{LENIENT, World, keys};

fn copy(from: &str, to: &str) {
    Countersign::new().args(["copy", from, to]).run().expect_code(0);
}

#[test]
fn attestations_travel_with_the_image_through_a_folder_to_every_kind_of_registry() {
    for source in [Config::default(), Config::without_referrers()] {
        let world = World::with(source);
        let image = world.built("travels");
        world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        let folder = format!("oci:{}", world.folder.join("layout").display());
        copy(&image.pinned(), &folder);
        let at_folder = format!("{folder}@{}", image.digest);
        let there = report(&at_folder).run().expect_code(0).json();
        assert!(there["scans"][0]["rules"].is_string(), "{there:#}");
        for target in [Config::default(), Config::without_referrers()] {
            let target = TestRegistry::start(target);
            copy(&at_folder, &format!("{}/{}:1.4", target.host(), image.repository));
            let moved = Pushed { host: target.host().to_owned(), ..image.clone() };
            assert_eq!(counted(&moved), counts(&["bundle", "legacy"], 1, 1));
            report(&moved.pinned()).run().expect_code(0);
            target.forget_requests();
            copy(&at_folder, &format!("{}/{}:1.4", target.host(), image.repository));
            assert_eq!(target.writes().len(), 0, "{:#?}", target.writes());
        }
    }
}

#[test]
fn cosign_verifies_attestations_that_were_carried() {
    for peer in [peers::docker_registry(), peers::referrers_registry()] {
        let world = World::new();
        let image = world.built("carried");
        world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        copy(&image.pinned(), &format!("{}/{}:1.4", peer.host(), image.repository));
        let moved = Pushed { host: peer.host().to_owned(), ..image };
        for bundle in ["true", "false"] {
            let command = peers::cosign().args(["verify-attestation", "--insecure-ignore-tlog=true"]);
            let command = command.arg(format!("--new-bundle-format={bundle}"));
            let key = keys().validation.public_arg();
            command.args(["--key", &key, "--type", SUMMARY, &moved.pinned()]).run().expect_code(0);
        }
    }
}
