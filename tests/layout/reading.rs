//! What a folder answers: there, not there, and not known are kept apart.

use countersign::model::manifest::OCI_MANIFEST;
use countersign::model::{Digest, MANIFEST_LIMIT, Repository};
use countersign::registry::layout::LayoutRegistry;
use countersign::registry::{Kind, Listing, ManifestName, Referrers, Registry};
use serde_json::{Value, json};

use crate::support::{Room, by_tag, descriptor, image, put, referrer, two_platforms};

const LAYOUT: LayoutRegistry = LayoutRegistry;

async fn listed(repository: &Repository, subject: &[u8]) -> Listing {
    match LAYOUT.referrers(repository, &Digest::of(subject)).await.unwrap() {
        Referrers::Listed(listing) => listing,
        Referrers::Unsupported => panic!("a folder lists referrers"),
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_could_not_be_asked() {
    let room = Room::new();
    let (place, digest) = (room.layout("none"), Digest::of(b"x"));
    for error in [
        LAYOUT.manifest(&place, &by_tag("1")).await.unwrap_err(),
        LAYOUT.blob(&place, &digest, 10).await.unwrap_err(),
        LAYOUT.has_blob(&place, &digest).await.unwrap_err(),
        LAYOUT.referrers(&place, &digest).await.unwrap_err(),
        LAYOUT.open_blob(&place, &digest).await.err().unwrap(),
    ] {
        assert_eq!(error.kind, Kind::Vacant, "{error}");
        assert!(error.reason.starts_with("no image layout at "), "{error}");
    }
    assert!(!room.path("none").exists());
}

#[tokio::test]
async fn a_folder_with_other_files_is_no_layout() {
    let room = Room::new();
    std::fs::create_dir(room.path("docs")).unwrap();
    std::fs::write(room.path("docs").join("index.json"), "{}").unwrap();
    let error = LAYOUT.manifest(&room.layout("docs"), &by_tag("1")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Broken);
    assert!(error.reason.contains("is no image layout (it has no file `oci-layout`)"), "{error}");
}

#[tokio::test]
async fn a_manifest_is_found_by_tag_and_by_digest_and_another_is_absent() {
    let room = Room::new();
    let place = room.layout("a");
    let bytes = image(&LAYOUT, &place, "app", Some("1.0"), json!({})).await;
    let by_digest = ManifestName::Digest(Digest::of(&bytes));
    for name in [by_tag("1.0"), by_digest] {
        let stored = LAYOUT.manifest(&place, &name).await.unwrap().unwrap();
        assert_eq!((&stored.bytes[..], stored.media_type.as_str()), (&bytes[..], OCI_MANIFEST));
    }
    assert!(LAYOUT.manifest(&place, &by_tag("2.0")).await.unwrap().is_none());
    let unknown = ManifestName::Digest(Digest::of(b"unknown"));
    assert!(LAYOUT.manifest(&place, &unknown).await.unwrap().is_none());
    assert!(LAYOUT.blob(&place, &Digest::of(b"unknown"), 10).await.unwrap().is_none());
}

#[tokio::test]
async fn a_tampered_blob_is_refused_by_every_way_of_reading() {
    use futures_util::StreamExt as _;
    let room = Room::new();
    let place = room.layout("a");
    let digest = Digest::of(&image(&LAYOUT, &place, "app", Some("1"), json!({})).await);
    std::fs::write(room.blob("a", &digest), "{}").unwrap();
    for error in [
        LAYOUT.manifest(&place, &by_tag("1")).await.unwrap_err(),
        LAYOUT.manifest(&place, &ManifestName::Digest(digest)).await.unwrap_err(),
        LAYOUT.blob(&place, &digest, 100).await.unwrap_err(),
        LAYOUT
            .open_blob(&place, &digest)
            .await
            .unwrap()
            .unwrap()
            .collect::<Vec<_>>()
            .await
            .pop()
            .unwrap()
            .unwrap_err(),
    ] {
        assert_eq!(error.kind, Kind::Broken, "{error}");
        assert!(error.reason.contains("do not match"), "{error}");
    }
}

#[tokio::test]
async fn what_exceeds_its_limit_is_not_read() {
    let room = Room::new();
    let place = room.layout("a");
    LAYOUT.push_blob(&place, "12345".into()).await.unwrap();
    let error = LAYOUT.blob(&place, &Digest::of(b"12345"), 4).await.unwrap_err();
    assert_eq!(error.kind, Kind::Limit);
    let index = std::fs::File::options().write(true).open(room.path("a").join("index.json")).unwrap();
    index.set_len(MANIFEST_LIMIT + 1).unwrap();
    assert_eq!(LAYOUT.manifest(&place, &by_tag("1")).await.unwrap_err().kind, Kind::Limit);
}

#[tokio::test]
async fn referrers_are_found_by_subject_and_children_are_none() {
    let room = Room::new();
    let place = room.layout("a");
    let (index, [amd64, _]) = two_platforms(&LAYOUT, &place).await;
    let of_index = referrer(&LAYOUT, &place, "one", &index).await;
    let of_child = referrer(&LAYOUT, &place, "two", &amd64).await;
    let found = listed(&place, &index).await;
    assert_eq!(found.descriptors.len(), 1);
    assert_eq!(found.descriptors[0].digest, Digest::of(&of_index));
    assert_eq!(found.descriptors[0].artifact_type.as_deref(), Some("application/x.test"));
    assert_eq!(listed(&place, &amd64).await.descriptors[0].digest, Digest::of(&of_child));
    assert!(listed(&place, b"another").await.descriptors.is_empty());
}

#[tokio::test]
async fn junk_beside_a_referrer_hides_nothing_and_what_cannot_be_read_is_still_listed() {
    let room = Room::new();
    let place = room.layout("a");
    let subject = image(&LAYOUT, &place, "app", Some("1"), json!({})).await;
    let good = Digest::of(&referrer(&LAYOUT, &place, "good", &subject).await);
    let lost = Digest::of(&referrer(&LAYOUT, &place, "lost", &subject).await);
    std::fs::remove_file(room.blob("a", &lost)).unwrap();
    put(&LAYOUT, &place, &by_tag("text"), "text/plain", b"no manifest, and none claimed").await;
    put(&LAYOUT, &place, &by_tag("junk"), OCI_MANIFEST, b"no manifest").await;
    let mut index = room.index("a");
    index["manifests"].as_array_mut().unwrap().insert(0, json!({"digest": "sha512:00"}));
    std::fs::write(room.path("a").join("index.json"), index.to_string()).unwrap();
    let found = listed(&place, &subject).await;
    let digests: Vec<Digest> = found.descriptors.iter().map(|d| d.digest).collect();
    assert_eq!(digests, [good, lost], "whoever asks for the lost one learns that it is lost");
    assert_eq!(found.unreadable.len(), 2, "{:?}", found.unreadable);
}

#[tokio::test]
async fn one_tag_on_two_manifests_is_no_answer() {
    let room = Room::new();
    let place = room.layout("a");
    let one = image(&LAYOUT, &place, "one", Some("1"), json!({})).await;
    let two = image(&LAYOUT, &place, "two", Some("2"), json!({})).await;
    let named = |bytes: &[u8]| -> Value {
        let mut entry = descriptor(OCI_MANIFEST, bytes);
        entry["annotations"] = json!({"org.opencontainers.image.ref.name": "1"});
        entry
    };
    let index = json!({"schemaVersion": 2, "manifests": [named(&one), named(&two)]});
    std::fs::write(room.path("a").join("index.json"), index.to_string()).unwrap();
    let error = LAYOUT.manifest(&place, &by_tag("1")).await.unwrap_err();
    assert!(error.reason.contains("names two manifests `1`"), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_no_file_is_refused_and_not_waited_for() {
    let room = Room::new();
    let place = room.layout("a");
    LAYOUT.push_blob(&place, "12345".into()).await.unwrap();
    let digest = Digest::of(b"12345");
    std::fs::remove_file(room.blob("a", &digest)).unwrap();
    std::fs::create_dir(room.blob("a", &digest)).unwrap();
    let error = LAYOUT.blob(&place, &digest, 10).await.unwrap_err();
    assert!(error.kind == Kind::Broken && error.reason.ends_with("is not a file"), "{error}");
}
