//! Small images to sign: one platform, an index with everything that occurs in one, and the Docker schema 2
//! forms; put into any registry.

use countersign::model::Digest;
use countersign::model::manifest::{DOCKER_INDEX, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST};
use serde_json::{Value, json};

use super::http;
use super::registry::TestRegistry;

const OCI_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const OCI_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const DOCKER_CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const DOCKER_LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar.gzip";

/// Where an image can be put.
pub trait Store {
    /// `ADDRESS:PORT`.
    fn address(&self) -> String;
    /// Stores a blob.
    fn blob(&self, repository: &str, bytes: &[u8]);
    /// Stores a manifest under a tag or its digest.
    fn manifest(&self, repository: &str, reference: &str, media_type: &str, bytes: &[u8]);
}

/// Seeds without a request, so that only the product's are recorded.
impl Store for TestRegistry {
    fn address(&self) -> String {
        self.host().to_owned()
    }

    fn blob(&self, repository: &str, bytes: &[u8]) {
        self.put_blob(repository, bytes);
    }

    fn manifest(&self, repository: &str, reference: &str, media_type: &str, bytes: &[u8]) {
        self.put_manifest(repository, reference, media_type, bytes);
    }
}

/// Any registry without authentication, at `ADDRESS:PORT` over plain HTTP.
impl Store for str {
    fn address(&self) -> String {
        self.to_owned()
    }

    fn blob(&self, repository: &str, bytes: &[u8]) {
        let started = http::request(self, "POST", &format!("/v2/{repository}/blobs/uploads/"), &[], &[]);
        assert_eq!(started.status, 202, "{started:?}");
        let location = started.header("location").unwrap();
        let path = location.strip_prefix("http://").map_or(location, |rest| &rest[rest.find('/').unwrap()..]);
        let join = if path.contains('?') { '&' } else { '?' };
        let target = format!("{path}{join}digest={}", Digest::of(bytes));
        let headers = [("Content-Type", "application/octet-stream")];
        let stored = http::request(self, "PUT", &target, &headers, bytes);
        assert_eq!(stored.status, 201, "{stored:?}");
    }

    fn manifest(&self, repository: &str, reference: &str, media_type: &str, bytes: &[u8]) {
        let target = format!("/v2/{repository}/manifests/{reference}");
        let stored = http::request(self, "PUT", &target, &[("Content-Type", media_type)], bytes);
        assert_eq!(stored.status, 201, "{stored:?}");
    }
}

/// A manifest that was put into a registry.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// `ADDRESS:PORT`.
    pub host: String,
    /// The name below the host.
    pub repository: String,
    /// Digest of the manifest.
    pub digest: Digest,
    /// Its media type.
    pub media_type: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Pushed {
    /// `HOST/REPOSITORY@DIGEST`.
    pub fn pinned(&self) -> String {
        format!("{}/{}@{}", self.host, self.repository, self.digest)
    }

    /// `HOST/REPOSITORY:TAG`.
    pub fn tagged(&self, tag: &str) -> String {
        format!("{}/{}:{tag}", self.host, self.repository)
    }

    /// The tag of its legacy signatures.
    pub fn sig_tag(&self) -> String {
        format!("{}.sig", self.fallback_tag())
    }

    /// The tag of its fallback index.
    pub fn fallback_tag(&self) -> String {
        format!("sha256-{}", self.digest.hex())
    }

    /// Digest of an image's configuration: its image ID.
    pub fn config(&self) -> Digest {
        self.json()["config"]["digest"].as_str().unwrap().parse().unwrap()
    }

    /// Digests of an image's layers; there are as many `diff_ids`.
    pub fn layers(&self) -> Vec<String> {
        let manifest = self.json();
        let layers = manifest["layers"].as_array().unwrap().iter();
        layers.map(|layer| layer["digest"].as_str().unwrap().to_owned()).collect()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap()
    }

    fn descriptor(&self) -> Value {
        json!({"mediaType": self.media_type, "digest": self.digest.to_string(), "size": self.bytes.len()})
    }

    fn on(&self, platform: &str) -> Value {
        let (os, architecture) = platform.split_once('/').unwrap();
        let mut descriptor = self.descriptor();
        descriptor["platform"] = json!({"os": os, "architecture": architecture});
        descriptor
    }
}

/// An index and what it lists.
#[derive(Debug, Clone)]
pub struct PushedIndex {
    /// The index.
    pub index: Pushed,
    /// Its platform manifests.
    pub platforms: Vec<Pushed>,
    /// A build attestation on the platform `unknown/unknown`, as builders add them.
    pub attestation: Option<Pushed>,
    /// An index within the index, and its one manifest.
    pub nested: Option<(Pushed, Pushed)>,
}

impl PushedIndex {
    /// Every manifest below the index, nested ones before the index that lists them.
    pub fn children(&self) -> Vec<&Pushed> {
        let nested = self.nested.iter().flat_map(|(index, child)| [child, index]);
        self.platforms.iter().chain(&self.attestation).chain(nested).collect()
    }
}

/// An OCI image of one layer; another `content` makes another digest.
pub fn image<S: Store + ?Sized>(store: &S, repository: &str, tag: &str, content: &str) -> Pushed {
    let media_types = [OCI_MANIFEST, OCI_CONFIG, OCI_LAYER];
    single(store, repository, tag, content, media_types)
}

/// The same as a Docker schema 2 manifest.
pub fn docker_image<S: Store + ?Sized>(store: &S, repository: &str, tag: &str, content: &str) -> Pushed {
    let media_types = [DOCKER_MANIFEST, DOCKER_CONFIG, DOCKER_LAYER];
    single(store, repository, tag, content, media_types)
}

/// An OCI index: two platforms, an attestation manifest, and a nested index of one more platform.
pub fn index<S: Store + ?Sized>(store: &S, repository: &str, tag: &str, content: &str) -> PushedIndex {
    let child = |name: &str| image(store, repository, &format!("{tag}-{name}"), &format!("{content} {name}"));
    let platforms = vec![child("amd64"), child("arm64")];
    let (attestation, inner) = (child("attestation"), child("riscv64"));
    let nested =
        list(store, repository, &format!("{tag}-nested"), OCI_INDEX, vec![inner.on("linux/riscv64")]);
    let children = vec![
        platforms[0].on("linux/amd64"),
        platforms[1].on("linux/arm64"),
        attestation.on("unknown/unknown"),
        nested.descriptor(),
    ];
    let index = list(store, repository, tag, OCI_INDEX, children);
    PushedIndex { index, platforms, attestation: Some(attestation), nested: Some((nested, inner)) }
}

/// A Docker manifest list of two platforms.
pub fn docker_list<S: Store + ?Sized>(store: &S, repository: &str, tag: &str, content: &str) -> PushedIndex {
    let child =
        |name: &str| docker_image(store, repository, &format!("{tag}-{name}"), &format!("{content} {name}"));
    let platforms = vec![child("amd64"), child("arm64")];
    let children = vec![platforms[0].on("linux/amd64"), platforms[1].on("linux/arm64")];
    let index = list(store, repository, tag, DOCKER_INDEX, children);
    PushedIndex { index, platforms, attestation: None, nested: None }
}

fn single<S: Store + ?Sized>(
    store: &S,
    repository: &str,
    tag: &str,
    content: &str,
    [manifest, config, layer]: [&str; 3],
) -> Pushed {
    // Signing reads no layer: any bytes do.
    let layer_bytes = format!("layer of {content}");
    let config_bytes = json!({
        "architecture": "amd64", "os": "linux", "config": {},
        "rootfs": {"type": "layers", "diff_ids": [Digest::of(layer_bytes.as_bytes()).to_string()]},
    });
    let descriptor = |media_type: &str, bytes: &[u8]| {
        store.blob(repository, bytes);
        json!({"mediaType": media_type, "digest": Digest::of(bytes).to_string(), "size": bytes.len()})
    };
    let body = json!({
        "schemaVersion": 2, "mediaType": manifest,
        "config": descriptor(config, config_bytes.to_string().as_bytes()),
        "layers": [descriptor(layer, layer_bytes.as_bytes())],
    });
    put(store, repository, tag, manifest, &body)
}

fn list<S: Store + ?Sized>(
    store: &S,
    repository: &str,
    tag: &str,
    media_type: &str,
    children: Vec<Value>,
) -> Pushed {
    let body = json!({"schemaVersion": 2, "mediaType": media_type, "manifests": children});
    put(store, repository, tag, media_type, &body)
}

fn put<S: Store + ?Sized>(store: &S, repository: &str, tag: &str, media_type: &str, body: &Value) -> Pushed {
    let bytes = body.to_string().into_bytes();
    store.manifest(repository, tag, media_type, &bytes);
    Pushed {
        host: store.address(),
        repository: repository.to_owned(),
        digest: Digest::of(&bytes),
        media_type: media_type.to_owned(),
        bytes,
    }
}
