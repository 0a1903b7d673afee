//! Copies: everything attached comes along, nothing at the target is lost, nothing is written twice.

use bytes::Bytes;
use countersign::flow::FlowError;
use countersign::flow::copy::{Amount, CopyOptions, CopyReport, Progress, copy};
use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};
use countersign::model::{Digest, Repository, Tag};
use countersign::registry::{ManifestName, Referrers, Registry};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use crate::support::{Room, Stores, by_tag, descriptor, image, put, referrer, tag, two_platforms};

async fn run(from: &Repository, digest: Digest, to: &Repository) -> Result<CopyReport, FlowError> {
    copy(&Stores, &from.pinned(None, digest), to, Some(&tag("1")), &CopyOptions::default()).await
}

/// A layer of a `.sig` manifest whose payload is pushed.
async fn layer(place: &Repository, payload: &'static str, signature: &str) -> Value {
    Stores.push_blob(place, Bytes::from_static(payload.as_bytes())).await.unwrap();
    let mut layer = descriptor("application/vnd.dev.cosign.simplesigning.v1+json", payload.as_bytes());
    layer["annotations"] = json!({"dev.cosignproject.cosign/signature": signature});
    layer
}

/// Puts a manifest of those layers at `tag`; its bytes.
async fn put_layers(place: &Repository, tag: &Tag, layers: &[Value]) -> Vec<u8> {
    Stores.push_blob(place, "{}".into()).await.unwrap();
    let config = descriptor("application/vnd.oci.image.config.v1+json", b"{}");
    let manifest = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
    let bytes = serde_json::to_vec_pretty(&manifest).unwrap();
    put(&Stores, place, &ManifestName::Tag(tag.clone()), OCI_MANIFEST, &bytes).await;
    bytes
}

/// Puts a fallback index that lists those manifests; its bytes.
async fn put_fallback(place: &Repository, subject: &Digest, listed: &[&[u8]]) -> Vec<u8> {
    let entries: Vec<Value> = listed.iter().map(|bytes| descriptor(OCI_MANIFEST, bytes)).collect();
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries});
    let bytes = serde_json::to_vec_pretty(&index).unwrap();
    put(&Stores, place, &ManifestName::Tag(Tag::fallback(subject)), OCI_INDEX, &bytes).await;
    bytes
}

async fn at(place: &Repository, name: impl Into<ManifestName>) -> Option<Vec<u8>> {
    Stores.manifest(place, &name.into()).await.unwrap().map(|stored| stored.bytes.to_vec())
}

async fn list(place: &Repository, tag: Tag, name: &str) -> Vec<Value> {
    let manifest: Value = serde_json::from_slice(&at(place, tag).await.unwrap()).unwrap();
    manifest[name].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_index_comes_with_its_platforms_and_the_signatures_of_each_in_both_forms() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let (index, [amd64, arm64]) = two_platforms(&Stores, &from).await;
    let (root, child) = (Digest::of(&index), Digest::of(&amd64));
    let bundle = referrer(&Stores, &from, "bundle", &index).await;
    let of_bundle = referrer(&Stores, &from, "of the bundle", &bundle).await;
    let of_child = referrer(&Stores, &from, "of the child", &amd64).await;
    let signature = put_layers(&from, &Tag::signatures(&root), &[layer(&from, "p1", "s1").await]).await;
    let attestation = put_layers(&from, &Tag::attestations(&child), &[layer(&from, "p2", "").await]).await;
    let sbom = put_layers(&from, &Tag::sbom(&root), &[layer(&from, "sbom", "").await]).await;
    let of_sbom = Tag::signatures(&Digest::of(&sbom));
    let sbom_signature = put_layers(&from, &of_sbom, &[layer(&from, "p3", "s3").await]).await;

    let report = run(&from, root, &to).await.unwrap();
    assert_eq!(report.missing, []);
    assert_eq!(report.target, format!("{to}:1@{root}"));
    assert_eq!(at(&to, tag("1")).await.unwrap(), index);
    for manifest in [&amd64, &arm64, &bundle, &of_bundle, &of_child] {
        assert_eq!(at(&to, Digest::of(manifest)).await.as_ref(), Some(manifest));
    }
    for (name, bytes) in [
        (Tag::signatures(&root), signature),
        (Tag::attestations(&child), attestation),
        (Tag::sbom(&root), sbom),
        (of_sbom, sbom_signature),
    ] {
        assert_eq!(at(&to, name).await, Some(bytes));
    }
    for (subject, attached) in [(root, &bundle), (Digest::of(&bundle), &of_bundle), (child, &of_child)] {
        let Referrers::Listed(listing) = Stores.referrers(&to, &subject).await.unwrap() else { panic!() };
        let listed: Vec<Digest> = listing.descriptors.iter().map(|d| d.digest).collect();
        assert_eq!(listed, [Digest::of(attached)]);
    }
    let blobs = |name: &str| std::fs::read_dir(room.path(name).join("blobs/sha256")).unwrap().count();
    assert_eq!(blobs("b"), blobs("a"));
}

#[tokio::test]
async fn a_second_copy_writes_nothing() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let (index, [amd64, _]) = two_platforms(&Stores, &from).await;
    let root = Digest::of(&index);
    let bundle = referrer(&Stores, &from, "bundle", &amd64).await;
    put_fallback(&from, &Digest::of(&amd64), &[&bundle]).await;
    put_layers(&from, &Tag::signatures(&root), &[layer(&from, "p1", "s1").await]).await;
    let first = run(&from, root, &to).await.unwrap();
    let before = room.files("b");
    let second = run(&from, root, &to).await.unwrap();
    assert_eq!(second.written, Amount::default());
    assert_eq!(second.skipped, first.written);
    assert_eq!(room.files("b"), before);
}

#[tokio::test]
async fn a_dry_run_says_what_a_copy_writes_and_writes_nothing() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let (index, _) = two_platforms(&Stores, &from).await;
    let root = Digest::of(&index);
    referrer(&Stores, &from, "bundle", &index).await;
    put_layers(&from, &Tag::signatures(&root), &[layer(&from, "p1", "s1").await]).await;
    let options = CopyOptions { dry_run: true, progress: None };
    let dry = copy(&Stores, &from.pinned(None, root), &to, Some(&tag("1")), &options).await.unwrap();
    assert!(!room.path("b").exists());
    let wet = run(&from, root, &to).await.unwrap();
    assert_eq!((dry.written, dry.skipped, dry.dry_run), (wet.written, wet.skipped, true));
}

#[tokio::test]
async fn signatures_on_both_sides_are_all_there_afterwards_in_their_order() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let tag = Tag::signatures(&Digest::of(&bytes));
    // Two signers of one payload share its blob: layers are a list.
    let shared = [layer(&from, "p", "s1").await, layer(&from, "p", "s2").await];
    put_layers(&from, &tag, &shared).await;
    let theirs = [layer(&to, "q", "s3").await, layer(&to, "p", "s2").await];
    put_layers(&to, &tag, &theirs).await;
    let report = run(&from, Digest::of(&bytes), &to).await.unwrap();
    assert_eq!(report.missing, []);
    let [s3, s2] = theirs;
    let [s1, _] = shared;
    assert_eq!(list(&to, tag, "layers").await, [s3, s2, s1]);
    assert_eq!(run(&from, Digest::of(&bytes), &to).await.unwrap().written, Amount::default());
}

#[tokio::test]
async fn what_is_no_list_at_the_targets_tag_is_never_replaced() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let tag = Tag::signatures(&Digest::of(&bytes));
    put_layers(&from, &tag, &[layer(&from, "p", "s").await]).await;
    put(&Stores, &to, &ManifestName::Tag(tag.clone()), "text/plain", b"junk").await;
    let error = run(&from, Digest::of(&bytes), &to).await.unwrap_err();
    assert!(matches!(&error, FlowError::Unusable { place, .. } if place.ends_with(".sig")), "{error}");
    assert_eq!(at(&to, tag).await.unwrap(), b"junk");
}

#[tokio::test]
async fn a_target_without_the_referrers_api_gets_an_index_that_lists_what_was_copied() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b-plain"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let subject = Digest::of(&bytes);
    let mut attached = Vec::new();
    for name in ["one", "two", "three"] {
        attached.push(Digest::of(&referrer(&Stores, &from, name, &bytes).await));
    }
    let theirs = image(&Stores, &to, "theirs", None, json!({})).await;
    put_fallback(&to, &subject, &[&theirs]).await;
    run(&from, subject, &to).await.unwrap();
    attached.push(Digest::of(&theirs));
    attached.sort();
    let listed = list(&to, Tag::fallback(&subject), "manifests").await;
    let digests: Vec<&str> = listed.iter().map(|entry| entry["digest"].as_str().unwrap()).collect();
    assert_eq!(digests, attached.iter().map(Digest::to_string).collect::<Vec<_>>());
    assert_eq!(run(&from, subject, &to).await.unwrap().written, Amount::default());
}

#[tokio::test]
async fn a_relocated_image_brings_its_fallback_index_to_the_byte_even_where_there_is_an_api() {
    let room = Room::new();
    for (from, to) in [("a-plain", "b"), ("c", "d-plain"), ("e", "f")] {
        let (from, to) = (room.layout(from), room.layout(to));
        let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
        let bundle = referrer(&Stores, &from, "bundle", &bytes).await;
        let index = put_fallback(&from, &Digest::of(&bytes), &[&bundle]).await;
        run(&from, Digest::of(&bytes), &to).await.unwrap();
        assert_eq!(at(&to, Tag::fallback(&Digest::of(&bytes))).await, Some(index));
        assert_eq!(at(&to, Digest::of(&bundle)).await, Some(bundle));
    }
}

#[tokio::test]
async fn an_image_with_a_missing_layer_is_not_written_and_the_other_platform_is() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let (index, [amd64, arm64]) = two_platforms(&Stores, &from).await;
    let lost = Digest::of(b"arm64 layer 2");
    std::fs::remove_file(room.blob("a", &lost)).unwrap();
    let report = run(&from, Digest::of(&index), &to).await.unwrap();
    assert!(report.missing.iter().any(|r| r.place == format!("{from} blob {lost}")), "{:?}", report.missing);
    assert_eq!(at(&to, Digest::of(&amd64)).await, Some(amd64));
    for absent in
        [ManifestName::Digest(Digest::of(&arm64)), ManifestName::Digest(Digest::of(&index)), by_tag("1")]
    {
        assert_eq!(at(&to, absent).await, None);
    }
}

#[tokio::test]
async fn a_tampered_layer_is_refused_and_reported() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let layer = Digest::of(b"app layer 1");
    std::fs::write(room.blob("a", &layer), b"app layer X").unwrap();
    let report = run(&from, Digest::of(&bytes), &to).await.unwrap();
    assert!(report.missing.iter().any(|r| r.reason.contains("do not match")), "{:?}", report.missing);
    assert!(!Stores.has_blob(&to, &layer).await.unwrap());
    assert_eq!(at(&to, tag("1")).await, None);
}

#[tokio::test]
async fn one_missing_signature_does_not_hold_back_the_others() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b-plain"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let subject = Digest::of(&bytes);
    let lost = referrer(&Stores, &from, "lost", &bytes).await;
    let bundle = referrer(&Stores, &from, "bundle", &bytes).await;
    put_fallback(&from, &subject, &[&lost, &bundle]).await;
    let layers = [layer(&from, "gone", "s1").await, json!("junk"), layer(&from, "p", "s2").await];
    put_layers(&from, &Tag::signatures(&subject), &layers).await;
    std::fs::remove_file(room.blob("a", &Digest::of(b"gone"))).unwrap();
    std::fs::remove_file(room.blob("a", &Digest::of(&lost))).unwrap();
    let report = run(&from, subject, &to).await.unwrap();
    let places: Vec<&str> = report.missing.iter().map(|remark| remark.place.as_str()).collect();
    let expected = [
        format!("{from}@{}", Digest::of(&lost)),
        format!("{from}:{} layer 2", Tag::signatures(&subject)),
        format!("{from} blob {}", Digest::of(b"gone")),
    ];
    assert_eq!(places, expected);
    assert_eq!(at(&to, tag("1")).await, Some(bytes));
    assert_eq!(list(&to, Tag::signatures(&subject), "layers").await, layers[2..]);
    let listed = list(&to, Tag::fallback(&subject), "manifests").await;
    assert_eq!(listed, [descriptor(OCI_MANIFEST, &bundle)]);
}

#[tokio::test]
async fn a_referrer_that_the_target_holds_and_does_not_list_is_listed_by_a_copy() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let bundle = referrer(&Stores, &from, "bundle", &bytes).await;
    Stores.push_blob(&to, Bytes::from(bundle.clone())).await.unwrap();
    run(&from, Digest::of(&bytes), &to).await.unwrap();
    let Referrers::Listed(listing) = Stores.referrers(&to, &Digest::of(&bytes)).await.unwrap() else {
        panic!()
    };
    assert_eq!(listing.descriptors[0].digest, Digest::of(&bundle));
}

#[tokio::test]
async fn another_sbom_at_the_target_is_left_and_reported() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let tag = Tag::sbom(&Digest::of(&bytes));
    put_layers(&from, &tag, &[layer(&from, "p", "").await]).await;
    let theirs = put_layers(&to, &tag, &[layer(&to, "q", "").await]).await;
    let report = run(&from, Digest::of(&bytes), &to).await.unwrap();
    assert_eq!(report.missing.len(), 1);
    assert_eq!(at(&to, tag).await, Some(theirs));
}

#[tokio::test]
async fn a_layer_that_registries_need_not_hold_is_no_hindrance() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let foreign = descriptor("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip", b"elsewhere");
    let bytes = image(&Stores, &from, "app", Some("1"), json!({"layers": [foreign]})).await;
    let report = run(&from, Digest::of(&bytes), &to).await.unwrap();
    assert_eq!(report.missing, []);
    assert_eq!(at(&to, tag("1")).await, Some(bytes));
}

#[tokio::test]
async fn an_image_that_is_not_there_is_missing_and_no_folder_is_an_error() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    Stores.push_blob(&from, "x".into()).await.unwrap();
    let error = run(&from, Digest::of(b"unknown"), &to).await.unwrap_err();
    assert!(matches!(error, FlowError::Missing { .. }), "{error}");
    let error = run(&room.layout("none"), Digest::of(b"unknown"), &to).await.unwrap_err();
    assert!(error.to_string().contains("no image layout at"), "{error}");
    assert!(!room.path("b").exists());
}

#[tokio::test]
async fn indexes_nested_beyond_the_limit_are_reported() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let mut inner = (OCI_MANIFEST, image(&Stores, &from, "app", None, json!({})).await);
    for _ in 0..10 {
        let index = json!({"schemaVersion": 2, "manifests": [descriptor(inner.0, &inner.1)]});
        inner = (OCI_INDEX, index.to_string().into_bytes());
        put(&Stores, &from, &by_tag("1"), OCI_INDEX, &inner.1).await;
    }
    let report = run(&from, Digest::of(&inner.1), &to).await.unwrap();
    assert!(report.missing[0].reason.contains("beyond the limits"), "{:?}", report.missing);
    assert!(!room.path("b").exists());
}

#[tokio::test]
async fn whoever_watches_is_told_of_every_byte() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b"));
    let bytes = image(&Stores, &from, "app", Some("1"), json!({})).await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let watcher = Arc::clone(&told);
    let progress: Arc<dyn Fn(Progress) + Send + Sync> =
        Arc::new(move |step| watcher.lock().unwrap().push(step));
    let options = CopyOptions { dry_run: false, progress: Some(progress) };
    let source = from.pinned(None, Digest::of(&bytes));
    let report = copy(&Stores, &source, &to, None, &options).await.unwrap();
    let told = told.lock().unwrap();
    let sent: u64 = told.iter().map(|step| if let Progress::Bytes(n) = step { *n } else { 0 }).sum();
    let blobs = told.iter().filter(|step| **step == Progress::Blob).count();
    assert_eq!((sent, blobs as u64), (report.written.bytes, report.written.blobs));
}

#[tokio::test]
async fn a_target_that_is_busy_now_and_then_gets_everything_byte_for_byte() {
    let room = Room::new();
    let (from, to) = (room.layout("a"), room.layout("b-busy"));
    let bytes = image(&Stores, &from, "image", Some("1"), json!({})).await;
    let digest = Digest::of(&bytes);
    let signatures = [layer(&from, "payload", "c2ln").await];
    let list = put_layers(&from, &Tag::signatures(&digest), &signatures).await;
    let report = run(&from, digest, &to).await.unwrap();
    assert_eq!(report.missing, []);
    assert_eq!(at(&to, Tag::signatures(&digest)).await.unwrap(), list);
    assert_eq!(at(&to, tag("1")).await.unwrap(), bytes);
}
