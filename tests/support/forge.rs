//! Signatures that no command of ours would make: any payload or statement, well signed by a test key, and put where
//! a signature is looked for.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::model::manifest::{EMPTY_BLOB, OCI_EMPTY, OCI_MANIFEST};
use countersign::model::{Digest, bundle, envelope};
use serde_json::{Value, json};

use super::image::{Pushed, Store};
use super::keys::TestKey;

/// A signature by a P-256 key.
fn signed(key: &TestKey, message: &[u8]) -> Vec<u8> {
    let pem = std::fs::read_to_string(key.private()).unwrap();
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &der).unwrap();
    pair.sign(&aws_lc_rs::rand::SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

fn stored<S: Store + ?Sized>(store: &S, repository: &str, media_type: &str, bytes: &[u8]) -> Value {
    store.blob(repository, bytes);
    json!({"mediaType": media_type, "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
}

/// Makes a legacy signature over `payload` by `key`, with these layer annotations beside it, the image's only one.
pub fn put_legacy<S: Store + ?Sized>(
    store: &S,
    image: &Pushed,
    key: &TestKey,
    payload: &[u8],
    annotations: Value,
) {
    let repository = &image.repository;
    let media_type = "application/vnd.dev.cosign.simplesigning.v1+json";
    let mut layer = stored(store, repository, media_type, payload);
    layer["annotations"] = annotations;
    layer["annotations"]["dev.cosignproject.cosign/signature"] = json!(STANDARD.encode(signed(key, payload)));
    let config = stored(store, repository, "application/vnd.oci.image.config.v1+json", b"{}");
    let manifest = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": [layer], "config": config,
    });
    store.manifest(repository, &image.sig_tag(), OCI_MANIFEST, manifest.to_string().as_bytes());
}

/// An envelope around `statement`, signed by each of `keys`.
pub fn envelope(keys: &[&TestKey], payload_type: &str, statement: &[u8]) -> Value {
    let message = envelope::pae(payload_type, statement);
    let signatures = keys.iter().map(|key| json!({"sig": STANDARD.encode(signed(key, &message))}));
    json!({
        "payload": STANDARD.encode(statement), "payloadType": payload_type,
        "signatures": signatures.collect::<Vec<_>>(),
    })
}

/// Attaches a bundle with `statement` signed by `key`, which says that it is by `hinted`.
pub fn put_bundle<S: Store + ?Sized>(
    store: &S,
    image: &Pushed,
    key: &TestKey,
    statement: &[u8],
    hinted: &TestKey,
) {
    put_annotated_bundle(store, image, key, statement, hinted, json!({}));
}

/// The same with the predicate type that its manifest's annotation names.
pub fn put_hinted_bundle<S: Store + ?Sized>(
    store: &S,
    image: &Pushed,
    key: &TestKey,
    statement: &[u8],
    predicate_type: &str,
) {
    let annotations = json!({bundle::PREDICATE_ANNOTATION: predicate_type});
    put_annotated_bundle(store, image, key, statement, key, annotations);
}

fn put_annotated_bundle<S: Store + ?Sized>(
    store: &S,
    image: &Pushed,
    key: &TestKey,
    statement: &[u8],
    hinted: &TestKey,
    annotations: Value,
) {
    let signature = signed(key, &envelope::pae(envelope::IN_TOTO, statement));
    put_bundle_of(store, image, &bundle::to_bytes(statement, &signature, &hinted.public), annotations);
}

/// Attaches any bytes as a bundle, with these annotations on its manifest.
pub fn put_bundle_of<S: Store + ?Sized>(store: &S, image: &Pushed, bytes: &[u8], annotations: Value) {
    let repository = &image.repository;
    let manifest = json!({
        "schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": bundle::MEDIA_TYPE,
        "config": stored(store, repository, OCI_EMPTY, EMPTY_BLOB),
        "layers": [stored(store, repository, bundle::MEDIA_TYPE, bytes)],
        "subject": {"mediaType": image.media_type, "digest": image.digest.to_string(), "size": image.bytes.len()},
        "annotations": annotations,
    });
    let bytes = manifest.to_string().into_bytes();
    store.manifest(repository, &Digest::of(&bytes).to_string(), OCI_MANIFEST, &bytes);
}
