//! Everywhere that cosign puts a signature, and every kind of image it puts one on.

use countersign::model::manifest::DOCKER_MANIFEST;
use serde_json::{Value, json};

use super::bed::{
    Bed, COSIGN_NO_BUNDLE, COSIGN_NO_SIGNATURE, PLACES, cosign, cosign_signs, cosign_verifies, cosign_writes,
    countersign, image, we_sign, we_verify,
};
use super::support::http;
use super::support::image::{self as images, Pushed, PushedIndex};

/// A manifest in the repository of `image`, as the registry has it.
fn manifest(image: &Pushed, reference: &str) -> Value {
    let target = format!("/v2/{}/manifests/{reference}", image.repository);
    let accept = ["manifest", "index"].map(|kind| format!("application/vnd.oci.image.{kind}.v1+json"));
    let accept = format!("{}, application/vnd.docker.distribution.manifest.v2+json", accept.join(", "));
    let reply = http::request(&image.host, "GET", &target, &[("Accept", &accept)], &[]);
    assert_eq!(reply.status, 200, "{target}: {reply:?}");
    reply.json()
}

#[test]
fn a_bundle_by_one_key_and_a_legacy_signature_by_another_are_both_found() {
    let bed = Bed::share();
    let keys = bed.p256();
    for place in PLACES {
        let image = image(&bed, place, "places/mixed");
        cosign_signs(&keys.ours, &image.pinned(), "legacy", &[]);
        cosign_signs(&keys.cosigns, &image.pinned(), "bundle", &[]);
        let answer = we_verify(&[&keys.cosigns, &keys.ours], &image.pinned(), &[]).expect_code(0).json();
        let format =
            |signer: usize| &answer["images"][0]["policies"][0]["signers"][signer]["by"][0]["format"];
        assert_eq!((format(0), format(1)), (&json!("bundle"), &json!("legacy")));
        // cosign reads one format a call: with a bundle there, the other signer is not found.
        cosign_verifies(&keys.cosigns, &image.pinned(), &[]).expect_code(0);
        cosign_verifies(&keys.ours, &image.pinned(), &[]).expect_code(COSIGN_NO_BUNDLE);
    }
}

#[test]
fn signed_in_both_formats_cosign_finds_us_before_and_after_a_bundle_of_another_key() {
    let bed = Bed::share();
    let keys = bed.p256();
    for place in PLACES {
        let image = image(&bed, place, "places/both-formats");
        cosign_signs(&keys.cosigns, &image.pinned(), "legacy", &[]);
        we_sign(&keys.ours, &image.pinned(), &[]);
        cosign_verifies(&keys.ours, &image.pinned(), &[]).expect_code(0);
        cosign_signs(&keys.cosigns, &image.pinned(), "bundle", &[]);
        for key in [&keys.ours, &keys.cosigns] {
            cosign_verifies(key, &image.pinned(), &[]).expect_code(0);
        }
    }
}

#[test]
fn what_cosign_wrote_is_kept_to_the_byte() {
    let bed = Bed::share();
    let keys = bed.p256();
    for place in PLACES {
        let image = image(&bed, place, "places/kept");
        cosign_signs(&keys.cosigns, &image.pinned(), "legacy", &["-a", "html=<&>"]);
        cosign_signs(&keys.ours, &image.pinned(), "legacy", &[]);
        let before = manifest(&image, &image.sig_tag());
        we_sign(&keys.ours, &image.pinned(), &["--format", "legacy"]);
        let after = manifest(&image, &image.sig_tag());
        let [before, after] = [&before, &after].map(|manifest| manifest["layers"].as_array().unwrap());
        assert_eq!((before.len(), after.len()), (2, 3));
        assert_eq!(before[..], after[..2]);
        cosign_verifies(&keys.cosigns, &image.pinned(), &["-a", "html=<&>"]).expect_code(0);
    }
}

#[test]
fn a_legacy_signature_stored_as_a_referrer_is_found() {
    let bed = Bed::share();
    let keys = bed.p256();
    for place in PLACES {
        let image = image(&bed, place, "places/third");
        let signing = cosign().env("COSIGN_EXPERIMENTAL", "1").arg("sign").args(cosign_writes("legacy"));
        let signing = signing.args(["--registry-referrers-mode=oci-1-1", "--key", &keys.cosigns.private]);
        signing.arg(image.pinned()).run().expect_code(0);
        cosign_verifies(&keys.cosigns, &image.pinned(), &[]).expect_code(COSIGN_NO_SIGNATURE);
        we_verify(&[&keys.cosigns], &image.pinned(), &[]).expect_code(0);
        we_verify(&[&keys.ours], &image.pinned(), &[]).expect_code(1);

        we_sign(&keys.ours, &image.pinned(), &[]);
        we_verify(&[&keys.cosigns, &keys.ours], &image.pinned(), &[]).expect_code(0);
        let verifying = cosign().env("COSIGN_EXPERIMENTAL", "1").args(["verify", "--experimental-oci11"]);
        let verifying = verifying.args(["--insecure-ignore-tlog=true", "--new-bundle-format=false", "--key"]);
        verifying.arg(&keys.cosigns.public).arg(image.pinned()).run().expect_code(0);
    }
}

#[test]
fn signatures_in_a_repository_of_their_own_are_shared() {
    let bed = Bed::share();
    let keys = bed.p256();
    for (place, format) in PLACES.into_iter().flat_map(|place| [(place, "legacy"), (place, "bundle")]) {
        let image = image(&bed, place, &format!("places/elsewhere/{format}"));
        let elsewhere = format!("{}/signatures/{format}", image.host);
        let at = image.pinned();
        let signing = cosign().env("COSIGN_REPOSITORY", &elsewhere).arg("sign").args(cosign_writes(format));
        signing.args(["--key", &keys.ours.private, &at]).run().expect_code(0);
        let signing = countersign().env("COSIGN_REPOSITORY", &elsewhere).args(["sign", "--format", format]);
        signing.args(["--key", &keys.cosigns.private, &at]).run().expect_code(0);

        for key in [&keys.ours, &keys.cosigns] {
            let verifying = cosign().env("COSIGN_REPOSITORY", &elsewhere).arg("verify");
            let verifying = verifying.args(["--insecure-ignore-tlog=true", "--key", &key.public, &at]);
            verifying.run().expect_code(0);
            let verifying = countersign().env("COSIGN_REPOSITORY", &elsewhere).args(["verify", "--key"]);
            verifying.args([&key.public, &at]).run().expect_code(0);
            we_verify(&[key], &at, &["--signature-repository", &elsewhere]).expect_code(0);
            // Whoever does not know where they are finds none.
            cosign_verifies(key, &at, &[]).expect_code(COSIGN_NO_SIGNATURE);
            we_verify(&[key], &at, &[]).expect_code(1);
        }
    }
}

#[test]
fn signatures_with_docker_media_types_are_found_and_added_to() {
    let bed = Bed::share();
    let keys = bed.p256();
    for place in PLACES {
        let image = image(&bed, place, "places/docker-types");
        let signing =
            cosign().env("COSIGN_DOCKER_MEDIA_TYPES", "1").arg("sign").args(cosign_writes("legacy"));
        signing.args(["--key", &keys.cosigns.private, &image.pinned()]).run().expect_code(0);
        let written = manifest(&image, &image.sig_tag());
        let media_types = [&written, &written["config"]].map(|part| part["mediaType"].as_str().unwrap());
        assert_eq!(media_types, [DOCKER_MANIFEST, "application/vnd.docker.container.image.v1+json"]);
        we_verify(&[&keys.cosigns], &image.pinned(), &[]).expect_code(0);
        we_sign(&keys.ours, &image.pinned(), &["--format", "legacy"]);
        for key in [&keys.ours, &keys.cosigns] {
            we_verify(&[key], &image.pinned(), &[]).expect_code(0);
            cosign_verifies(key, &image.pinned(), &[]).expect_code(0);
        }
    }
}

/// The index and everything in it.
fn all(index: &PushedIndex) -> Vec<&Pushed> {
    index.children().into_iter().chain([&index.index]).collect()
}

fn recursively_signed_by_one_is_verified_by_the_other(index: &PushedIndex, format: &str) {
    let bed = Bed::share();
    let keys = bed.p256();
    let at = index.index.pinned();
    cosign_signs(&keys.cosigns, &at, format, &["--recursive"]);
    we_sign(&keys.ours, &at, &["--recursive", "--format", format]);
    for manifest in all(index) {
        cosign_verifies(&keys.ours, &manifest.pinned(), &[]).expect_code(0);
        we_verify(&[&keys.ours, &keys.cosigns], &manifest.pinned(), &[]).expect_code(0);
    }
}

#[test]
fn indexes_are_signed_with_all_they_list() {
    let bed = Bed::share();
    for place in PLACES {
        for format in ["legacy", "bundle"] {
            let index = images::index(bed.host(place), &format!("places/index/{format}"), "1", "index");
            recursively_signed_by_one_is_verified_by_the_other(&index, format);
        }
    }
}

#[test]
fn an_index_signed_alone_does_not_cover_what_it_lists() {
    let bed = Bed::share();
    let keys = bed.p256();
    for place in PLACES {
        let index = images::index(bed.host(place), "places/index-alone", "1", "index alone");
        cosign_signs(&keys.cosigns, &index.index.pinned(), "bundle", &[]);
        we_sign(&keys.ours, &index.index.pinned(), &[]);
        for key in [&keys.ours, &keys.cosigns] {
            cosign_verifies(key, &index.index.pinned(), &[]).expect_code(0);
            we_verify(&[key], &index.index.pinned(), &[]).expect_code(0);
            cosign_verifies(key, &index.platforms[0].pinned(), &[]).expect_code(COSIGN_NO_SIGNATURE);
            we_verify(&[key], &index.platforms[0].pinned(), &[]).expect_code(1);
        }
    }
}

#[test]
fn docker_schema_2_images_and_lists_are_signed_as_they_are() {
    let bed = Bed::share();
    let keys = bed.p256();
    for (place, format) in PLACES.into_iter().flat_map(|place| [(place, "legacy"), (place, "bundle")]) {
        let repository = format!("places/docker/{format}");
        let image = images::docker_image(bed.host(place), &repository, "1", "docker");
        cosign_signs(&keys.cosigns, &image.pinned(), format, &[]);
        we_sign(&keys.ours, &image.pinned(), &["--format", format]);
        for key in [&keys.ours, &keys.cosigns] {
            cosign_verifies(key, &image.pinned(), &[]).expect_code(0);
            we_verify(&[key], &image.pinned(), &[]).expect_code(0);
        }
        let list = images::docker_list(bed.host(place), &repository, "2", "docker list");
        recursively_signed_by_one_is_verified_by_the_other(&list, format);
    }
}
