//! Something unreachable is never read as "not signed", "no findings" or "allowed"; something malformed never
//! satisfies anything. The group `registry` shows it for every misbehaviour of a registry.

use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};

use crate::policies::production;
use crate::reports::trivy;
use crate::support::image::Pushed;
use crate::support::registry::{Act, Fault, Place};
use crate::world::{LENIENT, World, keys};

/// Exit codes of `validate`, `gate` and `verify`.
fn codes(world: &World, image: &Pushed) -> [i32; 3] {
    [
        world.validate(image, &[trivy(image)], LENIENT).run().code,
        world.gate(&production(&world.registry)).arg(image.pinned()).run().code,
        crate::world::verify(&image.pinned(), &keys().validation, &[]).code,
    ]
}

#[test]
fn what_cannot_be_asked_is_undecided_and_neither_denied_nor_allowed() {
    let refused = [Act::Status(401), Act::Status(403)];
    let of_referrers = refused.clone().into_iter().chain([Act::Truncated, Act::DeepJson(100)]);
    let of_the_tag = refused.into_iter().chain([Act::Html]);
    let each =
        of_referrers.map(|act| (Place::Referrers, act)).chain(of_the_tag.map(|act| (Place::SigTag, act)));
    for (place, act) in each {
        let world = World::new();
        let image = world.image("unreachable");
        world.registry.misbehave(Fault::on_reads(place, act.clone()));
        assert_eq!(codes(&world, &image), [3; 3], "{act:?} {place:?}");
        assert!(world.registry.writes().is_empty());
    }
}

#[test]
fn a_signature_whose_bytes_cannot_be_had_is_undecided() {
    for act in [Act::Status(403), Act::Status(404), Act::OtherBytes, Act::Truncated] {
        let world = World::new();
        let image = world.countersigned("blobs");
        world.registry.misbehave(Fault::on_reads(Place::Blob, act.clone()));
        assert_eq!(codes(&world, &image), [3; 3], "{act:?}");
    }
}

#[test]
fn a_report_that_cannot_be_read_is_no_report_without_findings() {
    let world = World::new();
    let image = world.built("no report");
    let whole = trivy(&image).to_string();
    let missing = world.folder.join("missing").to_str().unwrap().to_owned();
    let cut = world.file("cut.json", &whole[..whole.len() / 2]);
    for path in [missing, cut, world.file("empty.json", ""), world.file("null.json", "null")] {
        world.validate(&image, &[], LENIENT).args(["--scan", &path]).run().expect_code(2);
    }
    assert!(world.registry.writes().is_empty());
}

#[test]
fn what_is_malformed_satisfies_nothing_and_hides_no_denial() {
    let junk: [(&str, &[u8]); 4] = [
        (OCI_MANIFEST, b"{}"),
        (OCI_MANIFEST, b"not json"),
        (OCI_MANIFEST, br#"{"schemaVersion":2,"layers":[{}]}"#),
        (OCI_INDEX, br#"{"schemaVersion":2,"manifests":[]}"#),
    ];
    for (media_type, bytes) in junk {
        let world = World::new();
        let image = world.image("malformed");
        world.registry.put_manifest(&image.repository, &image.sig_tag(), media_type, bytes);
        for code in codes(&world, &image) {
            assert_ne!(code, 0, "{}", String::from_utf8_lossy(bytes));
        }
        assert!(world.registry.writes().is_empty());
    }
}
