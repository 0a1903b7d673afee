//! What a request is about: its route, and the place in the signature's world that this is.

use countersign::model::manifest::OCI_INDEX;
use serde_json::{Value, json};

/// Where in the registry a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Anywhere; for faults.
    Any,
    /// `/v2/`.
    Ping,
    /// The token endpoint.
    Token,
    /// A blob.
    Blob,
    /// The beginning of an upload, a mount, or the upload itself.
    BlobUpload,
    /// A manifest by digest that has no subject: an image, an index, a platform manifest.
    ImageManifest,
    /// A manifest by digest that has a subject: a bundle or another attachment.
    AttachedManifest,
    /// The tag `sha256-HEX.sig`.
    SigTag,
    /// The tag `sha256-HEX`.
    FallbackTag,
    /// Any other tag.
    Tag,
    /// The list of tags.
    TagList,
    /// The referrers API.
    Referrers,
    /// Nowhere.
    Unknown,
}

/// A request's path, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    Ping,
    Token,
    Blob { repository: String, digest: String },
    BeginUpload { repository: String },
    Upload { repository: String, name: String },
    Manifest { repository: String, reference: String },
    TagList { repository: String },
    Referrers { repository: String, subject: String },
    Unknown,
}

impl Route {
    pub(super) fn of(path: &str) -> Self {
        match path {
            "/v2/" | "/v2" => return Self::Ping,
            "/token" => return Self::Token,
            _ => {}
        }
        let Some(rest) = path.strip_prefix("/v2/") else { return Self::Unknown };
        let split = |middle: &str| {
            rest.rsplit_once(middle)
                .map(|(repository, last)| (repository.to_owned(), last.replace("%3A", ":")))
        };
        if let Some((repository, name)) = split("/blobs/uploads/") {
            return match name.is_empty() {
                true => Self::BeginUpload { repository },
                false => Self::Upload { repository, name },
            };
        }
        if let Some((repository, digest)) = split("/blobs/") {
            return Self::Blob { repository, digest };
        }
        if let Some((repository, reference)) = split("/manifests/") {
            return Self::Manifest { repository, reference };
        }
        if let Some((repository, subject)) = split("/referrers/") {
            return Self::Referrers { repository, subject };
        }
        match rest.strip_suffix("/tags/list") {
            Some(repository) => Self::TagList { repository: repository.to_owned() },
            None => Self::Unknown,
        }
    }

    pub(super) fn repository(&self) -> Option<&str> {
        match self {
            Self::Ping | Self::Token | Self::Unknown => None,
            Self::Blob { repository, .. }
            | Self::BeginUpload { repository }
            | Self::Upload { repository, .. }
            | Self::Manifest { repository, .. }
            | Self::TagList { repository }
            | Self::Referrers { repository, .. } => Some(repository),
        }
    }

    /// The place; `manifest` is what is stored there or being put there.
    pub(super) fn place(&self, manifest: &[u8]) -> Place {
        match self {
            Self::Ping => Place::Ping,
            Self::Token => Place::Token,
            Self::Blob { .. } => Place::Blob,
            Self::BeginUpload { .. } | Self::Upload { .. } => Place::BlobUpload,
            Self::Manifest { reference, .. } => manifest_place(reference, manifest),
            Self::TagList { .. } => Place::TagList,
            Self::Referrers { .. } => Place::Referrers,
            Self::Unknown => Place::Unknown,
        }
    }
}

fn manifest_place(reference: &str, manifest: &[u8]) -> Place {
    if reference.contains(':') {
        let attached =
            serde_json::from_slice(manifest).is_ok_and(|json: Value| json.get("subject").is_some());
        return if attached { Place::AttachedManifest } else { Place::ImageManifest };
    }
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    match reference.strip_prefix("sha256-") {
        Some(rest) if hex(rest) => Place::FallbackTag,
        Some(rest) if rest.strip_suffix(".sig").is_some_and(hex) => Place::SigTag,
        _ => Place::Tag,
    }
}

/// An image index of these descriptors.
pub(super) fn index(descriptors: &[Value]) -> Vec<u8> {
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": descriptors}).to_string().into_bytes()
}
