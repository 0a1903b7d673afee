//! Adding to a list that other writers add to at the same time: the `.sig` manifest, the fallback index.
//!
//! Registries have no transactions, and most ignore a conditional put. So a writer keeps the union of all
//! elements it saw in this run, reads the list again when the puts of those who read before it must have
//! landed, and puts back whatever vanished, until a settled read shows everything. A put that lands later
//! than the settling time after its read can still undo another's: docs/reliability.md.

use std::collections::HashSet;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::FlowError;
use crate::model::digest::Digest;
use crate::model::list::ListManifest;
use crate::model::manifest::{EMPTY_BLOB, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST};
use crate::model::{MANIFEST_LIMIT, Repository, Tag};
use crate::registry::{Kind, ManifestName, Registry, RegistryError, StoredManifest};

/// Shortest settling time: below it, the scheduling of processes on a busy machine outweighs the network.
const SHORTEST_SETTLING: Duration = Duration::from_millis(30);
/// The settling time is this many of the slowest round trip seen: another writer's read and put, and a spare.
const ROUND_TRIPS_TO_SETTLE: u32 = 3;
/// Failed puts after which a writer gives up. An adapter sends a put under a tag once, since it replaces what
/// is there: it is repeated here, after another read.
pub(super) const FAILED_PUTS: u32 = 5;
/// Rounds after which a writer gives up; two dozen writers at once need about a dozen.
const ROUNDS: u32 = 100;

/// Which list is added to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    /// The layers of a manifest in the legacy format (`.sig`, `.att`).
    Layers,
    /// The manifests of a fallback index, sorted by digest.
    Referrers,
}

impl ListKind {
    fn name(self) -> &'static str {
        match self {
            Self::Layers => "layers",
            Self::Referrers => "manifests",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Layers => OCI_MANIFEST,
            Self::Referrers => OCI_INDEX,
        }
    }

    /// A list with nothing in it. A manifest of layers has the blob `{}` as its configuration, which
    /// readers do not look at, and which bundles need as well.
    fn fresh(self) -> Result<ListManifest, serde_json::Error> {
        let mut members = vec![
            ("schemaVersion".to_owned(), to_raw_value(&2)?),
            ("mediaType".to_owned(), to_raw_value(self.media_type())?),
        ];
        if self == Self::Layers {
            let config =
                json!({"mediaType": OCI_CONFIG, "size": EMPTY_BLOB.len(), "digest": Digest::of(EMPTY_BLOB)});
            members.push(("config".to_owned(), to_raw_value(&config)?));
        }
        Ok(ListManifest::new(members, self.name()))
    }

    /// Whether what was read at `place` can be added to.
    ///
    /// # Errors
    /// It could not be read, or is not such a list.
    pub(super) fn usable(
        self,
        stored: &Result<Option<StoredManifest>, RegistryError>,
        place: &str,
    ) -> Result<(), FlowError> {
        match stored {
            Ok(stored) => self.read(stored.as_ref(), place).map(|_| ()),
            Err(error) => Err(not_readable(error.clone(), place)),
        }
    }

    /// Reads what is stored, or begins anew where nothing is.
    ///
    /// # Errors
    /// What is stored is not such a list: it is never replaced.
    fn read(self, stored: Option<&StoredManifest>, place: &str) -> Result<ListManifest, FlowError> {
        let unusable = |reason: String| FlowError::Unusable {
            place: place.to_owned(),
            reason: format!("{reason}; it is not what belongs there, and it was left as it is"),
        };
        match stored {
            Some(stored) => {
                ListManifest::parse(&stored.bytes, self.name()).map_err(|error| unusable(error.to_string()))
            }
            None => self.fresh().map_err(|error| unusable(error.to_string())),
        }
    }
}

/// A tagged list in a repository.
pub(super) struct TaggedList<'a, R> {
    pub(super) registry: &'a R,
    pub(super) repository: &'a Repository,
    pub(super) tag: Tag,
    pub(super) kind: ListKind,
    /// What stood there earlier in this run: if it vanished since, another writer undid it.
    pub(super) earlier: Option<&'a StoredManifest>,
}

/// Every element this run has seen or wants, in the order seen.
struct Union {
    elements: Vec<Box<RawValue>>,
    known: HashSet<String>,
}

impl Union {
    fn of(wanted: Vec<Box<RawValue>>) -> Self {
        let mut union = Self { elements: Vec::new(), known: HashSet::new() };
        wanted.into_iter().for_each(|element| union.add(element));
        union
    }

    fn add(&mut self, element: Box<RawValue>) {
        if self.known.insert(canonical(&element)) {
            self.elements.push(element);
        }
    }

    /// Takes in what `list` holds, and adds to it what it lacks; how many that were.
    fn merge_into(&mut self, list: &mut ListManifest) -> usize {
        let there: HashSet<String> = list.elements().iter().map(|element| canonical(element)).collect();
        list.elements().iter().for_each(|element| self.add(element.clone()));
        let lacking: Vec<_> =
            self.elements.iter().filter(|element| !there.contains(&canonical(element))).cloned().collect();
        let count = lacking.len();
        lacking.into_iter().for_each(|element| list.push(element));
        count
    }
}

/// One text for all spellings of a JSON value, so that an element which a registry or another writer laid out
/// anew is still the same element.
pub(super) fn canonical(element: &RawValue) -> String {
    serde_json::from_str::<serde_json::Value>(element.get())
        .map_or_else(|_| element.get().to_owned(), |value| value.to_string())
}

impl<R: Registry> TaggedList<'_, R> {
    /// Adds `wanted` and returns when a settled read shows all of it; whether anything was put.
    ///
    /// # Errors
    /// A request failed, something else stands at the tag, or other writers kept undoing the puts.
    pub(super) async fn add(&self, wanted: Vec<Box<RawValue>>) -> Result<bool, FlowError> {
        let stored = self.stored().await?;
        self.add_to(stored, wanted).await
    }

    /// As [`Self::add`], onto what [`Self::stored`] gave just now.
    pub(super) async fn add_to(
        &self,
        mut stored: Option<StoredManifest>,
        wanted: Vec<Box<RawValue>>,
    ) -> Result<bool, FlowError> {
        let mut union = Union::of(wanted);
        if let Some(earlier) = self.earlier {
            let earlier = self.kind.read(Some(earlier), &self.place())?;
            earlier.elements().iter().for_each(|element| union.add(element.clone()));
        }
        let mut put = false;
        let mut failed = 0;
        let mut beaten: Option<Digest> = None;
        for round in 0..ROUNDS {
            let mut list = self.kind.read(stored.as_ref(), &self.place())?;
            if union.merge_into(&mut list) == 0 {
                return Ok(put);
            }
            let before = stored.as_ref().map(|stored| stored.digest);
            // A condition that failed although nobody wrote is one that the store cannot judge.
            let etag = stored.as_ref().filter(|_| before != beaten).and_then(|stored| stored.etag.as_deref());
            match self.put(&list, stored.as_ref(), etag).await {
                Ok(()) => put = true,
                Err(FlowError::Registry(error)) if error.kind == Kind::Conflict => beaten = before,
                Err(FlowError::Registry(error))
                    if error.kind == Kind::Unreachable && failed < FAILED_PUTS =>
                {
                    failed += 1
                }
                Err(error) => return Err(error),
            }
            tokio::time::sleep(settling_time(self.registry)).await;
            if !self.still_lacks(&mut union).await? {
                return Ok(put);
            }
            // Those who lost to the same writer must not all try again at once.
            tokio::time::sleep(jitter(settling_time(self.registry) * (round + 1).min(4))).await;
            stored = self.stored().await?;
        }
        Err(FlowError::Unusable {
            place: self.place(),
            reason: format!("other writers undid what was put there {ROUNDS} times"),
        })
    }

    async fn still_lacks(&self, union: &mut Union) -> Result<bool, FlowError> {
        let stored = self.stored().await?;
        let mut list = self.kind.read(stored.as_ref(), &self.place())?;
        Ok(union.merge_into(&mut list) > 0)
    }

    /// What stands at the tag.
    pub(super) async fn stored(&self) -> Result<Option<StoredManifest>, FlowError> {
        let name = ManifestName::Tag(self.tag.clone());
        let stored = self.registry.manifest(self.repository, &name).await;
        stored.map_err(|error| not_readable(error, &self.place()))
    }

    async fn put(
        &self,
        list: &ListManifest,
        before: Option<&StoredManifest>,
        etag: Option<&str>,
    ) -> Result<(), FlowError> {
        let mut list = list.clone();
        if self.kind == ListKind::Referrers {
            list.sort_by_key(digest_of);
        }
        let bytes = list.to_bytes();
        if bytes.len() as u64 > MANIFEST_LIMIT {
            let reason = format!("it would have {} bytes, {MANIFEST_LIMIT} are allowed", bytes.len());
            return Err(FlowError::Unusable { place: self.place(), reason });
        }
        let media_type = before.map(|stored| stored.media_type.as_str()).filter(|given| !given.is_empty());
        let name = ManifestName::Tag(self.tag.clone());
        let media_type = media_type.unwrap_or(self.kind.media_type());
        Ok(self.registry.put_manifest(self.repository, &name, media_type, Bytes::from(bytes), etag).await?)
    }

    fn place(&self) -> String {
        format!("{}:{}", self.repository, self.tag)
    }
}

/// How long until the puts of those who read before now must have landed.
pub(super) fn settling_time(registry: &impl Registry) -> Duration {
    SHORTEST_SETTLING.max(registry.slowest_round_trip() * ROUND_TRIPS_TO_SETTLE)
}

/// A list beyond its size limit is not what belongs there; any other failure is the registry's.
fn not_readable(error: RegistryError, place: &str) -> FlowError {
    match error.kind {
        Kind::Limit => FlowError::Unusable { place: place.to_owned(), reason: error.reason },
        _ => FlowError::Registry(error),
    }
}

fn digest_of(element: &RawValue) -> String {
    let value = serde_json::from_str::<serde_json::Value>(element.get()).unwrap_or_default();
    value.get("digest").and_then(|digest| digest.as_str()).unwrap_or_default().to_owned()
}

/// A random part of `most`.
fn jitter(most: Duration) -> Duration {
    let mut bytes = [0u8; 2];
    // Without randomness all wait the longest: slower, not wrong.
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return most;
    }
    most * u32::from(u16::from_le_bytes(bytes)) / u32::from(u16::MAX)
}
