//! Images that cosign has signed and attested, carried by us between the registries and a folder: cosign
//! verifies them where they arrive.

use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};

use super::bed::{
    Bed, PLACES, Place, cosign, cosign_signs, cosign_verifies, countersign, image, we_sign, we_verify,
};
use super::differences::cosign_attests;
use super::support::http;
use super::support::image::{self as images, Pushed};
use super::support::temp::TempFolder;

#[track_caller]
fn copy(from: &str, to: &str) {
    countersign().args(["copy", from, to]).run().expect_code(0);
}

fn manifest(image: &Pushed, reference: &str) -> Vec<u8> {
    let target = format!("/v2/{}/manifests/{reference}", image.repository);
    let accept = format!("{OCI_MANIFEST}, {OCI_INDEX}");
    let reply = http::request(&image.host, "GET", &target, &[("Accept", &accept)], &[]);
    assert_eq!(reply.status, 200, "{target}");
    reply.body
}

/// The image elsewhere.
fn moved(image: &Pushed, host: &str, repository: &str) -> Pushed {
    Pushed { host: host.to_owned(), repository: repository.to_owned(), ..image.clone() }
}

/// Signatures by cosign and by us, and an attestation, in one format.
fn prepare(bed: &Bed, image: &Pushed, format: &str) {
    let keys = bed.p256();
    cosign_signs(&keys.cosigns, &image.pinned(), format, &["-a", "env=live"]);
    cosign_attests(&keys.cosigns, &image.pinned(), format);
    we_sign(&keys.ours, &image.pinned(), &["--format", format]);
}

#[track_caller]
fn arrived(bed: &Bed, image: &Pushed) {
    let keys = bed.p256();
    cosign_verifies(&keys.cosigns, &image.pinned(), &["-a", "env=live"]).expect_code(0);
    cosign_verifies(&keys.ours, &image.pinned(), &[]).expect_code(0);
    we_verify(&[&keys.cosigns, &keys.ours], &image.pinned(), &[]).expect_code(0);
    let attested = cosign().args(["verify-attestation", "--insecure-ignore-tlog=true", "--type", "vuln"]);
    attested.args(["--key", &keys.cosigns.public, &image.pinned()]).run().expect_code(0);
}

/// From one registry to the other and to a third repository through a folder.
fn there_and_back(from: Place, to: Place, format: &str) {
    let bed = Bed::share();
    let name = format!("carry/{from:?}-{format}").to_lowercase();
    let image = image(&bed, from, &name);
    prepare(&bed, &image, format);

    let there = moved(&image, bed.host(to), &format!("{name}/there"));
    copy(&image.pinned(), &format!("{}/{}:moved", there.host, there.repository));
    assert_eq!(manifest(&there, "moved"), image.bytes);
    arrived(&bed, &there);

    let folder = TempFolder::new();
    let layout = format!("oci:{}", folder.join("layout").display());
    copy(&there.pinned(), &format!("{layout}:kept"));
    let keys = bed.p256();
    let inside = format!("{layout}@{}", image.digest);
    we_verify(&[&keys.cosigns, &keys.ours], &inside, &[]).expect_code(0);

    for place in PLACES {
        let back = moved(&image, bed.host(place), &format!("{name}/back"));
        copy(&format!("{layout}:kept"), &format!("{}/{}", back.host, back.repository));
        assert_eq!(manifest(&back, "kept"), image.bytes);
        if format == "legacy" {
            let [att, sig] = [format!("{}.att", image.fallback_tag()), image.sig_tag()];
            assert_eq!(manifest(&back, &att), manifest(&image, &att));
            assert_eq!(manifest(&back, &sig), manifest(&image, &sig));
        }
        arrived(&bed, &back);
    }
}

#[test]
fn legacy_signatures_and_attestations_arrive_with_the_referrers_api_and_from_a_folder() {
    there_and_back(Place::WithoutReferrers, Place::WithReferrers, "legacy");
}

#[test]
fn legacy_signatures_and_attestations_arrive_without_the_referrers_api_and_from_a_folder() {
    there_and_back(Place::WithReferrers, Place::WithoutReferrers, "legacy");
}

#[test]
fn bundles_arrive_with_the_referrers_api_and_from_a_folder() {
    there_and_back(Place::WithoutReferrers, Place::WithReferrers, "bundle");
}

#[test]
fn bundles_arrive_without_the_referrers_api_and_from_a_folder() {
    there_and_back(Place::WithReferrers, Place::WithoutReferrers, "bundle");
}

#[test]
fn what_was_at_the_target_is_still_verified_by_cosign_there() {
    let bed = Bed::share();
    let keys = bed.p256();
    for (from, to) in [(PLACES[0], PLACES[1]), (PLACES[1], PLACES[0])] {
        for format in ["legacy", "bundle"] {
            let name = format!("carry/merge/{format}");
            let [source, target] = [from, to].map(|place| image(&bed, place, &name));
            cosign_signs(&keys.cosigns, &source.pinned(), format, &[]);
            cosign_signs(&keys.ours, &target.pinned(), format, &[]);
            let target = moved(&source, &target.host, &name);
            copy(&source.pinned(), &target.tagged("merged"));
            for key in [&keys.cosigns, &keys.ours] {
                cosign_verifies(key, &target.pinned(), &[]).expect_code(0);
            }
        }
    }
}

#[test]
fn an_index_arrives_with_the_signatures_of_all_it_lists() {
    let bed = Bed::share();
    let keys = bed.p256();
    for (from, to, format) in [(PLACES[0], PLACES[1], "bundle"), (PLACES[1], PLACES[0], "legacy")] {
        let index = images::index(bed.host(from), &format!("carry/index/{format}"), "1", "carried index");
        cosign_signs(&keys.cosigns, &index.index.pinned(), format, &["--recursive"]);
        copy(&index.index.pinned(), &format!("{}/carry/index-there:1", bed.host(to)));
        for manifest in index.children().into_iter().chain([&index.index]) {
            let there = moved(manifest, bed.host(to), "carry/index-there");
            cosign_verifies(&keys.cosigns, &there.pinned(), &[]).expect_code(0);
        }
    }
}
