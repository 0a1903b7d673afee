//! The port to where images are stored: a registry over HTTP ([`oci`]) or an image layout in a folder
//! ([`layout`]); [`routes`] sends each repository to its adapter.
//!
//! Three answers are kept apart: there (`Ok(Some)`), not there (`Ok(None)`: the registry said so), and not
//! known (`Err`). An error never becomes an empty answer.

pub mod layout;
pub mod oci;
pub mod routes;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;

use crate::model::manifest::Descriptor;
use crate::model::{Digest, Repository, Tag};

/// Most pages of referrers that are read for one digest.
pub const PAGES_LIMIT: usize = 100;
/// Most referrers that are kept for one digest, those that are no signatures among them.
pub const REFERRERS_LIMIT: usize = 20_000;

/// A manifest by its name in a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestName {
    /// By tag.
    Tag(Tag),
    /// By digest.
    Digest(Digest),
}

impl std::fmt::Display for ManifestName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl From<Tag> for ManifestName {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<Digest> for ManifestName {
    fn from(digest: Digest) -> Self {
        Self::Digest(digest)
    }
}

/// A manifest as stored, with the digest of the bytes received.
#[derive(Debug, Clone)]
pub struct StoredManifest {
    /// Digest computed from [`StoredManifest::bytes`].
    pub digest: Digest,
    /// Media type as the store names it; empty where it does not.
    pub media_type: String,
    /// The bytes.
    pub bytes: Bytes,
    /// The `ETag` it came with, for a conditional put.
    pub etag: Option<String>,
}

/// What a store knows of the manifests attached to a digest.
#[derive(Debug)]
pub enum Referrers {
    /// The store has no referrers API (a definite answer): the fallback tag is to be read.
    Unsupported,
    /// The store listed them.
    Listed(Listing),
}

/// Listed referrers.
#[derive(Debug, Default)]
pub struct Listing {
    /// Those listed, in the store's order.
    pub descriptors: Vec<Descriptor>,
    /// Entries that are not descriptors, or name a digest of another algorithm; and why.
    pub unreadable: Vec<String>,
    /// Why the listing ended early, if it did: a limit, a page that failed, a `Link` that loops or leads away.
    pub stopped: Option<RegistryError>,
}

/// What a request failed with. All but [`Kind::Refused`] say nothing about what is stored.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{request}: {reason}")]
pub struct RegistryError {
    /// What kind of failure.
    pub kind: Kind,
    /// What was asked: `GET https://host/v2/…`, without credentials and query.
    pub request: String,
    /// What came of it, escaped.
    pub reason: String,
}

/// Kinds of failed requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// No answer, or one that says nothing: connection, timeout, 429, 5xx after all retries.
    Unreachable,
    /// 401 or 403, a failed token request, credentials that cannot be read.
    Forbidden,
    /// An answer whose bytes do not match their digest, exceed a limit, or are no answer to the question.
    Broken,
    /// A limit of ours ended the reading.
    Limit,
    /// The store refused to store it (another 4xx on a write, such as an immutable tag).
    Refused,
    /// The conditional put was beaten by another writer (412).
    Conflict,
    /// There is no store to ask: the folder of an image layout is missing or empty. Writing makes one.
    Vacant,
}

/// The bytes of a blob as they arrive. The last item is an error unless all bytes match the digest.
pub type BlobStream = Pin<Box<dyn Stream<Item = Result<Bytes, RegistryError>> + Send>>;

/// Where images, signatures and what is attached to them are stored.
///
/// Every method: `Err` when the question could not be asked or the answer could not be used.
pub trait Registry: Send + Sync {
    /// The manifest of that name, at most [`crate::model::MANIFEST_LIMIT`] bytes; by digest, the bytes match it.
    fn manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
    ) -> impl Future<Output = Result<Option<StoredManifest>, RegistryError>> + Send;

    /// The blob's bytes, which match `digest`; an error of [`Kind::Limit`] beyond `limit` bytes, without
    /// having read them.
    fn blob(
        &self,
        repository: &Repository,
        digest: &Digest,
        limit: u64,
    ) -> impl Future<Output = Result<Option<Bytes>, RegistryError>> + Send;

    /// The manifests attached to `subject`.
    fn referrers(
        &self,
        repository: &Repository,
        subject: &Digest,
    ) -> impl Future<Output = Result<Referrers, RegistryError>> + Send;

    /// Stores a small blob; one that this process has already stored there is not sent again.
    fn push_blob(
        &self,
        repository: &Repository,
        bytes: Bytes,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Stores a manifest under `name`. `etag`: only if what is stored there still has it, where the store
    /// honours that. A put under a tag is sent once, since it replaces what is there: after
    /// [`Kind::Unreachable`] the caller reads again before it puts again.
    fn put_manifest(
        &self,
        repository: &Repository,
        name: &ManifestName,
        media_type: &str,
        bytes: Bytes,
        etag: Option<&str>,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Whether the blob is there.
    fn has_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;

    /// The blob as a stream, for carrying it elsewhere whatever its size.
    fn open_blob(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> impl Future<Output = Result<Option<BlobStream>, RegistryError>> + Send;

    /// Stores a blob of `size` bytes from a stream. Nothing is stored when the stream ends in an error.
    fn push_stream(
        &self,
        repository: &Repository,
        digest: &Digest,
        size: u64,
        bytes: BlobStream,
    ) -> impl Future<Output = Result<(), RegistryError>> + Send;

    /// Makes a blob of `from` one of `repository` without sending it; `false` where the store cannot.
    fn mount_blob(
        &self,
        repository: &Repository,
        from: &Repository,
        digest: &Digest,
    ) -> impl Future<Output = Result<bool, RegistryError>> + Send;

    /// The slowest round trip seen so far, for the settling time of a writer.
    fn slowest_round_trip(&self) -> Duration;
}
