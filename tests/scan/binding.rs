//! A report is about exactly the image that it names.

use countersign::model::Digest;
use countersign::scan::{AmongError, Binding, BindingError, Subject};
use serde_json::json;

use crate::written::{ALPINE, BUSTER, GRYPE, parse, subject, with, without};

fn other() -> Digest {
    Digest::of(b"another image")
}

#[test]
fn a_report_binds_by_the_manifest_digest() {
    let report = parse(GRYPE);
    let bound = report.binds_to(&subject(&report)).unwrap();
    assert_eq!((bound.by(), bound.manifest()), (Binding::Manifest, report.identity.manifests[0]));
}

#[test]
fn a_report_binds_by_the_image_id_and_the_layers() {
    for report in [parse(ALPINE), parse(BUSTER)] {
        let bound = report.binds_to(&subject(&report)).unwrap();
        assert_eq!(bound.by(), Binding::ImageId);
        assert_eq!(bound.manifest(), subject(&report).manifest);
    }
}

#[test]
fn a_report_about_another_image_does_not_bind() {
    for report in [parse(ALPINE), parse(BUSTER), parse(GRYPE)] {
        let subject = Subject { manifest: other(), config: Digest::of(b"another config"), layers: 1 };
        let error = report.binds_to(&subject).unwrap_err();
        assert!(matches!(error, BindingError::AnotherImage { .. }));
        let shown = error.to_string();
        assert!(shown.contains(&other().to_string()), "{shown}");
        assert!(shown.contains(&report.identity.image_id.unwrap().to_string()), "{shown}");
    }
}

#[test]
fn an_image_id_whose_layers_differ_does_not_bind() {
    let report = parse(BUSTER);
    let subject = Subject { layers: 2, ..subject(&report) };
    assert_eq!(report.binds_to(&subject).unwrap_err(), BindingError::Layers { stated: 1, layers: 2 });
}

#[test]
fn an_image_id_without_layers_does_not_bind() {
    let report = parse(&without(BUSTER, "/Metadata/DiffIDs"));
    assert_eq!(report.binds_to(&subject(&report)).unwrap_err(), BindingError::NoLayers);
}

#[test]
fn a_repository_digest_that_names_the_platform_manifest_binds() {
    let report = parse(&with(BUSTER, "/Metadata/RepoDigests", json!([format!("a.example/b@{}", other())])));
    let subject = Subject { manifest: other(), ..subject(&report) };
    assert_eq!(report.binds_to(&subject).unwrap().by(), Binding::Manifest);
}

#[test]
fn a_repository_digest_of_the_index_neither_binds_nor_hinders_the_image_id() {
    let report = parse(&with(BUSTER, "/Metadata/RepoDigests", json!([format!("a.example/b@{}", other())])));
    let child = Subject { manifest: Digest::of(b"child"), ..subject(&report) };
    assert_eq!(report.binds_to(&child).unwrap().by(), Binding::ImageId);
    let sibling = Subject { config: Digest::of(b"sibling"), ..child };
    assert!(matches!(report.binds_to(&sibling), Err(BindingError::AnotherImage { .. })));
}

#[test]
fn a_manifest_digest_with_the_id_of_another_image_contradicts_itself() {
    let report = parse(GRYPE);
    let subject = Subject { config: other(), ..subject(&report) };
    assert!(matches!(report.binds_to(&subject), Err(BindingError::Contradiction { .. })));
}

#[test]
fn a_manifest_digest_with_other_layers_contradicts_itself() {
    let report = parse(GRYPE);
    let subject = Subject { layers: 4, ..subject(&report) };
    assert_eq!(report.binds_to(&subject).unwrap_err(), BindingError::Layers { stated: 3, layers: 4 });
}

#[test]
fn a_manifest_digest_of_another_store_does_not_hinder_the_image_id() {
    let report = parse(GRYPE);
    let subject = Subject { manifest: other(), ..subject(&report) };
    assert_eq!(report.binds_to(&subject).unwrap().by(), Binding::ImageId);
}

#[test]
fn a_manifest_digest_given_as_image_id_binds_as_what_it_is() {
    let report = parse(&with(BUSTER, "/Metadata/ImageID", json!(other().to_string())));
    let subject = Subject { manifest: other(), config: Digest::of(b"config"), layers: 1 };
    assert_eq!(report.binds_to(&subject).unwrap().by(), Binding::Manifest);
}

#[test]
fn a_tag_or_a_name_binds_nothing() {
    let named = with(BUSTER, "/Metadata/RepoTags", json!(["registry.example.org/shop/app:1.4"]));
    let report = parse(&with(&named, "/ArtifactName", json!("registry.example.org/shop/app:1.4")));
    assert_eq!(report.identity.manifests, []);
}

#[test]
fn among_several_images_a_report_is_about_exactly_one() {
    let report = parse(BUSTER);
    let own = subject(&report);
    let stranger = Subject { manifest: Digest::of(b"a"), config: Digest::of(b"b"), layers: 1 };
    let (at, bound) = report.binds_among(&[stranger, own, stranger]).unwrap();
    assert_eq!((at, bound.manifest()), (1, own.manifest));
    assert_eq!(report.binds_among(&[stranger]).unwrap_err(), AmongError::None);
    assert_eq!(report.binds_among(&[]).unwrap_err(), AmongError::None);
    let same_config = Subject { manifest: other(), ..own };
    assert_eq!(
        report.binds_among(&[own, stranger, same_config]).unwrap_err(),
        AmongError::Several(vec![0, 2])
    );
}

#[test]
fn a_manifest_digest_tells_apart_images_with_the_same_config() {
    let report = parse(GRYPE);
    let own = subject(&report);
    let same_config = Subject { manifest: other(), ..own };
    let (at, bound) = report.binds_among(&[same_config, own]).unwrap();
    assert_eq!((at, bound.by()), (1, Binding::Manifest));
}

#[test]
fn the_manifest_of_one_image_and_the_id_of_another_are_about_neither() {
    let report = parse(GRYPE);
    let own = subject(&report);
    let first = Subject { config: Digest::of(b"first"), ..own };
    let second = Subject { manifest: Digest::of(b"second"), ..own };
    for order in [[first, second], [second, first]] {
        let error = report.binds_among(&order).unwrap_err();
        assert!(matches!(error, AmongError::Binding(BindingError::Contradiction { .. })), "{error:?}");
    }
}

#[test]
fn the_error_of_a_report_with_many_digests_is_short() {
    let digests: Vec<_> = (0u32..5_000).map(|n| format!("a@{}", Digest::of(&n.to_be_bytes()))).collect();
    let report = parse(&with(BUSTER, "/Metadata/RepoDigests", json!(digests)));
    let stranger = Subject { manifest: other(), config: Digest::of(b"config"), layers: 1 };
    let shown = report.binds_to(&stranger).unwrap_err().to_string();
    assert!(shown.len() < 1_000 && shown.contains("4996 more manifests"), "{shown}");
}
