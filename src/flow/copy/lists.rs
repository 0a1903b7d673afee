//! Lists on their way to the target: the `.sig` and `.att` manifests, the fallback index. The target gets the
//! source's bytes where it has none, else the union of both.

use std::collections::HashSet;

use serde_json::value::RawValue;

use super::carrier::Carrier;
use crate::flow::FlowError;
use crate::flow::append::{ListKind, TaggedList, canonical, settling_time};
use crate::model::list::ListManifest;
use crate::model::manifest::{Descriptor, EMPTY_BLOB};
use crate::model::{Digest, Tag, json};
use crate::registry::{Kind, ManifestName, Registry, StoredManifest};

/// A list on its way: what the source has, less what could not be carried, and what is added.
pub(super) struct Wanted {
    pub(super) kind: ListKind,
    pub(super) tag: Tag,
    /// The source's manifest, where it has one.
    pub(super) stored: Option<StoredManifest>,
    /// Whether the target may get the source's bytes.
    pub(super) whole: bool,
    pub(super) elements: Vec<Box<RawValue>>,
}

impl<R: Registry> Carrier<'_, R> {
    /// Stores a list where the target has none, and merges it into the one it has.
    pub(super) async fn put_list(&mut self, wanted: Wanted) -> Result<(), FlowError> {
        if wanted.elements.is_empty() {
            return Ok(());
        }
        let (registry, repository) = (self.registry, self.target);
        let list =
            TaggedList { registry, repository, tag: wanted.tag.clone(), kind: wanted.kind, earlier: None };
        let held = match list.stored().await {
            Err(FlowError::Registry(error)) if error.kind == Kind::Vacant => None,
            held => held?,
        };
        list.kind.usable(&Ok(held.clone()), &format!("{repository}:{}", wanted.tag))?;
        let there = held.as_ref().map(|held| wanted.is_held_by(held)).transpose()?.unwrap_or_default();
        if there {
            self.report.skipped.manifests += 1;
            return Ok(());
        }
        self.wrote_manifest();
        if self.options.dry_run {
            return Ok(());
        }
        let base = match &held {
            None => wanted.base()?,
            Some(_) => None,
        };
        match base {
            Some(base) => {
                let name = ManifestName::Tag(wanted.tag);
                self.put_until_held(&name, &base.media_type, &base, None).await?;
                // Another writer may have read before this put: as in signing, the last look is a settled one.
                tokio::time::sleep(settling_time(registry)).await;
                list.add(wanted.elements).await?;
            }
            None => {
                if wanted.kind == ListKind::Layers && held.is_none() {
                    registry.push_blob(repository, bytes::Bytes::from_static(EMPTY_BLOB)).await?;
                }
                list.add_to(held, wanted.elements).await?;
            }
        }
        Ok(())
    }
}

impl Wanted {
    /// Takes in an element of the source's list, if what it names was carried.
    pub(super) fn take(&mut self, carried: bool, element: &RawValue) {
        match carried {
            true => self.elements.push(element.to_owned()),
            false => self.whole = false,
        }
    }

    /// What is listed, as far as it is descriptors.
    pub(super) fn digests(&self) -> HashSet<Digest> {
        let descriptor = |e: &RawValue| json::from_slice::<Descriptor>(e.get().as_bytes()).ok();
        self.elements.iter().filter_map(|e| descriptor(e)).map(|descriptor| descriptor.digest).collect()
    }

    fn is_held_by(&self, held: &StoredManifest) -> Result<bool, FlowError> {
        if self.whole && self.stored.as_ref().is_some_and(|stored| stored.digest == held.digest) {
            return Ok(true);
        }
        let list = parse(self.kind, held)?;
        let there: HashSet<String> = list.elements().iter().map(|element| canonical(element)).collect();
        Ok(self.elements.iter().all(|element| there.contains(&canonical(element))))
    }

    /// What the target gets where it has nothing: the source's bytes, or its manifest with the elements that
    /// were carried.
    fn base(&self) -> Result<Option<StoredManifest>, FlowError> {
        let Some(stored) = &self.stored else { return Ok(None) };
        if self.whole {
            return Ok(Some(stored.clone()));
        }
        let mut list = parse(self.kind, stored)?;
        *list.elements_mut() = self.elements.clone();
        if self.kind == ListKind::Referrers {
            list.sort_by_key(|element| {
                let descriptor = json::from_slice::<Descriptor>(element.get().as_bytes());
                descriptor.map(|d| d.digest.to_string()).unwrap_or_default()
            });
        }
        let bytes = bytes::Bytes::from(list.to_bytes());
        Ok(Some(StoredManifest { digest: Digest::of(&bytes), bytes, ..stored.clone() }))
    }
}

fn parse(kind: ListKind, stored: &StoredManifest) -> Result<ListManifest, FlowError> {
    let list = if kind == ListKind::Layers { "layers" } else { "manifests" };
    ListManifest::parse(&stored.bytes, list)
        .map_err(|error| FlowError::Unusable { place: stored.digest.to_string(), reason: error.to_string() })
}
