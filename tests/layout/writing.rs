//! What writing to a folder keeps: everything of others, whole files, and the last reader's view.

use bytes::Bytes;
use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};
use countersign::model::{Digest, Tag};
use countersign::registry::layout::LayoutRegistry;
use countersign::registry::{Kind, ManifestName, Referrers, Registry};
use futures_util::stream;
use serde_json::{Value, json};

use crate::support::{Room, by_tag, image, image_bytes, put, referrer, two_platforms};

const LAYOUT: LayoutRegistry = LayoutRegistry;
const NAME: &str = "org.opencontainers.image.ref.name";

fn names(index: &Value) -> Vec<Option<&str>> {
    index["manifests"].as_array().unwrap().iter().map(|e| e["annotations"][NAME].as_str()).collect()
}

#[tokio::test]
async fn a_layout_is_made_where_the_folder_is_missing_or_empty_and_nowhere_else() {
    let room = Room::new();
    std::fs::create_dir(room.path("empty")).unwrap();
    std::fs::create_dir(room.path("full")).unwrap();
    std::fs::write(room.path("full").join("notes"), "mine").unwrap();
    for name in ["missing/below", "empty"] {
        LAYOUT.push_blob(&room.layout(name), "x".into()).await.unwrap();
        let mark = std::fs::read_to_string(room.path(name).join("oci-layout")).unwrap();
        assert_eq!(mark, r#"{"imageLayoutVersion":"1.0.0"}"#);
        assert!(LAYOUT.manifest(&room.layout(name), &by_tag("1")).await.unwrap().is_none());
    }
    let error = LAYOUT.push_blob(&room.layout("full"), "x".into()).await.unwrap_err();
    assert_eq!(error.kind, Kind::Refused);
    assert_eq!(std::fs::read_dir(room.path("full")).unwrap().count(), 1);
}

#[tokio::test]
async fn a_layout_whose_making_was_cut_short_is_made() {
    let room = Room::new();
    std::fs::create_dir_all(room.path("a/blobs")).unwrap();
    std::fs::write(room.path("a/.countersign.lock"), "").unwrap();
    LAYOUT.push_blob(&room.layout("a"), "x".into()).await.unwrap();
    assert!(LAYOUT.has_blob(&room.layout("a"), &Digest::of(b"x")).await.unwrap());
}

#[tokio::test]
async fn what_others_wrote_to_the_index_stays_to_the_byte() {
    let room = Room::new();
    let place = room.layout("a");
    let one = Digest::of(&image(&LAYOUT, &place, "one", None, json!({})).await);
    let theirs =
        format!(r#"{{"size":  7,"mediaType":"x/y","digest":"{one}","annotations":{{"z":"1", "a":"é"}}}}"#);
    let text =
        format!(r#"{{"schemaVersion":2,"manifests":[{theirs}, "junk"],"annotations":{{"their":  "own"}}}}"#);
    std::fs::write(room.path("a/index.json"), text).unwrap();
    image(&LAYOUT, &place, "two", Some("2"), json!({})).await;
    let after = std::fs::read_to_string(room.path("a/index.json")).unwrap();
    assert!(after.contains(&theirs) && after.contains(r#""junk""#), "{after}");
    assert!(after.contains(r#""annotations":{"their":  "own"}"#), "{after}");
}

#[tokio::test]
async fn a_manifest_that_loses_its_tag_stays_listed() {
    let room = Room::new();
    let place = room.layout("a");
    image(&LAYOUT, &place, "one", Some("1"), json!({})).await;
    let two = image(&LAYOUT, &place, "two", Some("1"), json!({})).await;
    assert_eq!(names(&room.index("a")), [None, Some("1")]);
    let stored = LAYOUT.manifest(&place, &by_tag("1")).await.unwrap().unwrap();
    assert_eq!(stored.digest, Digest::of(&two));
}

#[tokio::test]
async fn a_list_of_signatures_that_a_longer_one_replaces_is_not_kept() {
    let room = Room::new();
    let place = room.layout("a");
    let tag = Tag::signatures(&Digest::of(b"image"));
    image(&LAYOUT, &place, "one", Some(tag.as_str()), json!({})).await;
    image(&LAYOUT, &place, "two", Some(tag.as_str()), json!({})).await;
    assert_eq!(names(&room.index("a")), [Some(tag.as_str())]);
}

#[tokio::test]
async fn children_are_listed_by_their_index_alone_unless_they_are_attached_or_tagged() {
    let room = Room::new();
    let place = room.layout("a");
    two_platforms(&LAYOUT, &place).await;
    assert_eq!(names(&room.index("a")), [Some("1")]);
    let attached = referrer(&LAYOUT, &place, "attached", b"subject").await;
    let tagged = image(&LAYOUT, &place, "tagged", Some("t"), json!({})).await;
    let entry = |bytes: &[u8]| crate::support::descriptor(OCI_MANIFEST, bytes);
    let index = json!({"schemaVersion": 2, "manifests": [entry(&attached), entry(&tagged)]}).to_string();
    put(&LAYOUT, &place, &by_tag("2"), OCI_INDEX, index.as_bytes()).await;
    assert_eq!(names(&room.index("a")), [Some("1"), None, Some("t"), Some("2")]);
}

#[tokio::test]
async fn putting_the_same_again_changes_nothing() {
    let room = Room::new();
    let place = room.layout("a");
    two_platforms(&LAYOUT, &place).await;
    let before = room.files("a");
    two_platforms(&LAYOUT, &place).await;
    // The children are listed while their index is not yet put again.
    assert_eq!(room.files("a"), before);
}

#[tokio::test]
async fn a_conditional_put_is_refused_when_the_tag_has_moved() {
    let room = Room::new();
    let place = room.layout("a");
    image(&LAYOUT, &place, "one", Some("1"), json!({})).await;
    let etag = LAYOUT.manifest(&place, &by_tag("1")).await.unwrap().unwrap().etag.unwrap();
    let bytes = Bytes::from(image_bytes(&LAYOUT, &place, "two", json!({})).await);
    image(&LAYOUT, &place, "three", Some("1"), json!({})).await;
    let name = by_tag("1");
    let put = LAYOUT.put_manifest(&place, &name, OCI_MANIFEST, bytes.clone(), Some(&etag)).await;
    assert_eq!(put.unwrap_err().kind, Kind::Conflict);
    let etag = LAYOUT.manifest(&place, &name).await.unwrap().unwrap().etag.unwrap();
    LAYOUT.put_manifest(&place, &name, OCI_MANIFEST, bytes, Some(&etag)).await.unwrap();
}

#[tokio::test]
async fn bytes_under_another_digest_are_refused() {
    let room = Room::new();
    let name = ManifestName::Digest(Digest::of(b"another"));
    let put = LAYOUT.put_manifest(&room.layout("a"), &name, OCI_MANIFEST, "{}".into(), None).await;
    assert_eq!(put.unwrap_err().kind, Kind::Refused);
    assert!(!room.path("a").exists());
}

#[tokio::test]
async fn a_stream_that_is_cut_too_long_or_other_leaves_nothing() {
    let room = Room::new();
    let place = room.layout("a");
    let digest = Digest::of(b"hello world");
    for (parts, size) in
        [(vec!["hello"], 11), (vec!["hello ", "world", "!"], 11), (vec!["hellO ", "world"], 11)]
    {
        let parts: Vec<_> = parts.into_iter().map(|part| Ok(Bytes::from(part))).collect();
        let pushed = LAYOUT.push_stream(&place, &digest, size, Box::pin(stream::iter(parts))).await;
        assert_eq!(pushed.unwrap_err().kind, Kind::Broken);
        assert_eq!(std::fs::read_dir(room.path("a/blobs/sha256")).unwrap().count(), 0);
    }
    let parts = ["hello ", "world"].map(|part| Ok(Bytes::from(part)));
    LAYOUT.push_stream(&place, &digest, 11, Box::pin(stream::iter(parts))).await.unwrap();
    assert_eq!(LAYOUT.blob(&place, &digest, 11).await.unwrap().unwrap(), "hello world");
}

#[tokio::test]
async fn a_tampered_blob_is_repaired_by_pushing_it() {
    let room = Room::new();
    let place = room.layout("a");
    LAYOUT.push_blob(&place, "12345".into()).await.unwrap();
    std::fs::write(room.blob("a", &Digest::of(b"12345")), "54321").unwrap();
    LAYOUT.push_blob(&place, "12345".into()).await.unwrap();
    assert_eq!(LAYOUT.blob(&place, &Digest::of(b"12345"), 5).await.unwrap().unwrap(), "12345");
}

#[cfg(unix)]
#[tokio::test]
async fn nothing_is_written_through_links() {
    use std::os::unix::fs::symlink;
    let room = Room::new();
    let place = room.layout("a");
    LAYOUT.push_blob(&place, "x".into()).await.unwrap();
    std::fs::write(room.path("outside"), "mine").unwrap();
    symlink(room.path("outside"), room.blob("a", &Digest::of(b"y"))).unwrap();
    LAYOUT.push_blob(&place, "y".into()).await.unwrap();
    assert_eq!(std::fs::read_to_string(room.path("outside")).unwrap(), "mine");
    std::fs::create_dir(room.path("elsewhere")).unwrap();
    std::fs::rename(room.path("a/blobs"), room.path("blobs")).unwrap();
    symlink(room.path("elsewhere"), room.path("a/blobs")).unwrap();
    let error = LAYOUT.push_blob(&place, "z".into()).await.unwrap_err();
    assert!(
        error.kind == Kind::Refused && error.reason.contains("nothing is written through links"),
        "{error}"
    );
    assert_eq!(std::fs::read_dir(room.path("elsewhere")).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_writers_and_a_reader_at_once_lose_nothing_and_see_whole_files() {
    let room = Room::new();
    let place = room.layout("a");
    LAYOUT.push_blob(&place, "first".into()).await.unwrap();
    let writers = [0, 1].map(|writer| {
        let place = place.clone();
        tokio::spawn(async move {
            for number in 0..50 {
                let name = by_tag(&format!("w{writer}-{number}"));
                let bytes = json!({"schemaVersion": 2, "manifests": [], "annotations": {"n": number}});
                put(&LAYOUT, &place, &name, OCI_INDEX, bytes.to_string().as_bytes()).await;
            }
        })
    });
    let index = room.path("a/index.json");
    while !writers.iter().all(|writer| writer.is_finished()) {
        serde_json::from_slice::<Value>(&std::fs::read(&index).unwrap()).unwrap();
        LAYOUT.manifest(&place, &by_tag("w0-0")).await.unwrap();
        tokio::task::yield_now().await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let index = room.index("a");
    let mut names = names(&index);
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 100);
    let leftovers =
        room.files("a").into_iter().filter(|(path, _)| path.to_string_lossy().contains(".countersign-"));
    assert_eq!(leftovers.count(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_that_find_no_folder_make_it_together() {
    let room = Room::new();
    let place = room.layout("new/folder");
    let pushes = (0..16).map(|number| {
        let place = place.clone();
        tokio::spawn(async move { LAYOUT.push_blob(&place, Bytes::from(number.to_string())).await })
    });
    for push in pushes.collect::<Vec<_>>() {
        push.await.unwrap().unwrap();
    }
    let Referrers::Listed(listing) = LAYOUT.referrers(&place, &Digest::of(b"x")).await.unwrap() else {
        panic!("a folder lists referrers")
    };
    assert!(listing.descriptors.is_empty());
}
