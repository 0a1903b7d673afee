//! Signing and verifying in folders where others write too: what they do hides no signature, and what was not
//! read is not taken for absent.

use bytes::Bytes;
use countersign::flow::prepare::prepare;
use countersign::flow::sign::{Order, Stated, StatedClaims, sign};
use countersign::flow::verify::{Answer, Question, Until, verify};
use countersign::model::key::Algorithm;
use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};
use countersign::model::{Claims, Digest, Format, PinnedRef, PublicKey, Repository, Tag};
use countersign::policy::{Pending, Policy, Required, SignerRule, Verdict};
use countersign::registry::{ManifestName, Registry};
use countersign::signer::Signer;
use countersign::signer::keyring::file::LocalSigner;
use serde_json::{Value, json};

use crate::support::{Room, Stores, by_tag, descriptor, image, put};

const LAYOUT: Stores = Stores;

fn key() -> LocalSigner {
    LocalSigner::generate(Algorithm::EcdsaP256).unwrap()
}

fn stated(claims: &Claims) -> Stated<'_> {
    Stated { claims: StatedClaims::Same(claims), now: "2026-01-02T03:04:05Z".parse().unwrap() }
}

fn order(image: &PinnedRef) -> Order<'_> {
    Order { image, place: image.repository(), formats: &[Format::Legacy], recursive: false, dry_run: false }
}

/// Signs in the legacy format; `meanwhile` happens between reading and adding.
async fn sign_legacy(image: &PinnedRef, key: &LocalSigner, meanwhile: impl AsyncFnOnce()) {
    let claims = Claims::new();
    let order = order(image);
    let prepared = prepare(&LAYOUT, &order).await.unwrap();
    meanwhile().await;
    let signed = sign(&LAYOUT, key, &order, &stated(&claims), &prepared).await;
    assert!(signed.stopped.is_none() && signed.receipts[0].failed.is_empty(), "{signed:?}");
}

async fn answer(image: &PinnedRef, key: &PublicKey) -> Answer {
    let signer = SignerRule::of_any_role("build", vec![key.clone()], Required::default());
    let policy = Policy::new("test", vec![signer]).unwrap();
    let question = Question {
        image,
        seen: false,
        home: image.repository(),
        pending: &Pending::of(std::slice::from_ref(&policy)),
        until: Until::Settled,
        now: jiff::Timestamp::now(),
    };
    verify(&LAYOUT, &question).await
}

async fn pushed(place: &Repository) -> PinnedRef {
    let bytes = image(&LAYOUT, place, "image", Some("1"), json!({})).await;
    place.pinned(None, Digest::of(&bytes))
}

async fn signatures(image: &PinnedRef) -> Value {
    let name = ManifestName::Tag(Tag::signatures(&image.digest()));
    let stored = LAYOUT.manifest(image.repository(), &name).await.unwrap().unwrap();
    serde_json::from_slice(&stored.bytes).unwrap()
}

async fn put_signatures(image: &PinnedRef, manifest: &Value) {
    let name = ManifestName::Tag(Tag::signatures(&image.digest()));
    put(&LAYOUT, image.repository(), &name, OCI_MANIFEST, manifest.to_string().as_bytes()).await;
}

#[tokio::test]
async fn a_size_that_a_stranger_states_for_a_payload_hides_nobody_else_s_signature_of_it() {
    let (room, key) = (Room::new(), key());
    let image = pushed(&room.layout("a")).await;
    sign_legacy(&image, &key, async || {}).await;
    let mut manifest = signatures(&image).await;
    let mut stranger = manifest["layers"][0].clone();
    stranger["size"] = json!(99_000_000);
    stranger["annotations"] = json!({"dev.cosignproject.cosign/signature": "c3RyYW5nZXI="});
    manifest["layers"].as_array_mut().unwrap().insert(0, stranger.clone());
    put_signatures(&image, &manifest).await;
    assert_eq!(answer(&image, key.public_key()).await.decision.verdict(), Verdict::Allowed);

    // Alone, it is what it says, and is not fetched.
    manifest["layers"] = json!([stranger]);
    put_signatures(&image, &manifest).await;
    let alone = answer(&image, key.public_key()).await;
    assert_eq!((alone.decision.verdict(), alone.evidence.invalid().len()), (Verdict::Denied, 1));
}

#[tokio::test]
async fn candidates_beyond_the_limit_make_the_answer_undecided_wherever_the_limit_falls() {
    for count in [1_000, 1_001, 1_004, 1_100] {
        let room = Room::new();
        let image = pushed(&room.layout("a")).await;
        let mut index = room.index("a");
        for number in 0..count {
            let manifest = json!({
                "schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": [], "annotations": {"n": number.to_string()},
                "config": {"digest": Digest::of(b"{}"), "size": 2},
                "subject": {"mediaType": OCI_MANIFEST, "digest": image.digest(), "size": 1},
            });
            let bytes = manifest.to_string();
            std::fs::write(room.blob("a", &Digest::of(bytes.as_bytes())), &bytes).unwrap();
            index["manifests"].as_array_mut().unwrap().push(descriptor(OCI_MANIFEST, bytes.as_bytes()));
        }
        std::fs::write(room.path("a").join("index.json"), index.to_string()).unwrap();
        let answer = answer(&image, key().public_key()).await;
        let expected = if count > 1_000 { Verdict::Undecided } else { Verdict::Denied };
        assert_eq!(answer.decision.verdict(), expected, "{count}");
        let told =
            answer.evidence.unreachable().iter().filter(|r| r.reason.contains("1000 candidates")).count();
        assert_eq!(told, usize::from(count > 1_000), "{count}");
    }
}

#[tokio::test]
async fn a_signature_that_a_late_writer_undid_while_another_signed_is_put_back() {
    let (room, first, second) = (Room::new(), key(), key());
    let image = pushed(&room.layout("a")).await;
    sign_legacy(&image, &first, async || {}).await;
    let undo = async || {
        // A writer that read the list before the first signature was there.
        LAYOUT.push_blob(image.repository(), Bytes::from_static(b"{}")).await.unwrap();
        let mut manifest = signatures(&image).await;
        manifest["layers"] = json!([descriptor("application/x.test", b"{}")]);
        put_signatures(&image, &manifest).await;
    };
    sign_legacy(&image, &second, undo).await;
    for key in [first, second] {
        assert_eq!(answer(&image, key.public_key()).await.decision.verdict(), Verdict::Allowed);
    }
}

#[tokio::test]
async fn a_store_that_honours_no_condition_is_written_to_without_one() {
    let (room, first, second) = (Room::new(), key(), key());
    let image = pushed(&room.layout("a-strict")).await;
    for key in [&first, &second] {
        sign_legacy(&image, key, async || {}).await;
    }
    for key in [first, second] {
        assert_eq!(answer(&image, key.public_key()).await.decision.verdict(), Verdict::Allowed);
    }
}

#[tokio::test]
async fn a_child_that_its_index_lists_many_times_is_signed_once() {
    let (room, key) = (Room::new(), key());
    let place = room.layout("a");
    let child = image(&LAYOUT, &place, "child", None, json!({})).await;
    let children = vec![descriptor(OCI_MANIFEST, &child); 1_001];
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children}).to_string();
    put(&LAYOUT, &place, &by_tag("1"), OCI_INDEX, index.as_bytes()).await;
    let (image, claims) = (place.pinned(None, Digest::of(index.as_bytes())), Claims::new());
    let order = Order { recursive: true, ..order(&image) };
    let prepared = prepare(&LAYOUT, &order).await.unwrap();
    let signed = sign(&LAYOUT, &key, &order, &stated(&claims), &prepared).await;
    let digests: Vec<Digest> = signed.receipts.iter().map(|receipt| receipt.digest).collect();
    assert_eq!(digests, [Digest::of(&child), image.digest()]);
}
