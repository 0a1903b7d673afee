//! Carries what is attached to a digest: its referrers, and the manifests at the tags made of it. Lists that
//! the target has too are merged as signing does it.

use serde::Deserialize;
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use super::DEPTH_LIMIT;
use super::carrier::{Carried, Carrier, at_target};
use super::lists::Wanted;
use crate::flow::FlowError;
use crate::flow::append::ListKind;
use crate::model::bundle::PREDICATE_ANNOTATION;
use crate::model::list::ListManifest;
use crate::model::manifest::{Descriptor, Layer, Manifest};
use crate::model::{Digest, Tag, json};
use crate::registry::{Listing, ManifestName, Referrers, Registry, RegistryError, StoredManifest};

/// What a source's tag holds.
type AtTag = Result<Option<StoredManifest>, RegistryError>;

/// The configuration of a manifest, whatever its layers are.
#[derive(Deserialize)]
struct Configured {
    config: Descriptor,
}

impl<R: Registry> Carrier<'_, R> {
    /// Carries the referrers of `subject` and the manifests at its tags.
    pub(super) fn carry_attached(&mut self, subject: Digest, depth: usize) -> Carried<'_, ()> {
        Box::pin(async move {
            let (registry, source) = (self.registry, self.source);
            let at = |tag: Tag| async move {
                let name = ManifestName::Tag(tag);
                registry.manifest(source, &name).await
            };
            let (referrers, fallback, signatures, attestations, sbom) = tokio::join!(
                registry.referrers(source, &subject),
                at(Tag::fallback(&subject)),
                at(Tag::signatures(&subject)),
                at(Tag::attestations(&subject)),
                at(Tag::sbom(&subject)),
            );
            self.carry_referrers(subject, referrers, fallback, depth).await?;
            self.carry_list(Tag::attestations(&subject), attestations, depth).await?;
            self.carry_sbom(Tag::sbom(&subject), sbom, depth).await?;
            self.carry_list(Tag::signatures(&subject), signatures, depth).await
        })
    }

    async fn carry_referrers(
        &mut self,
        subject: Digest,
        referrers: Result<Referrers, RegistryError>,
        fallback: AtTag,
        depth: usize,
    ) -> Result<(), FlowError> {
        let mut carried = Vec::new();
        for descriptor in self.listed(&subject, referrers)? {
            if self.carry(descriptor.digest, depth + 1).await? {
                carried.push(descriptor);
            }
        }
        let tag = Tag::fallback(&subject);
        let place = format!("{}:{tag}", self.source);
        let mut wanted =
            Wanted { kind: ListKind::Referrers, tag, stored: None, whole: true, elements: Vec::new() };
        if let Some(Some(stored)) = self.readable(&place, fallback)? {
            match ListManifest::parse(&stored.bytes, "manifests") {
                Ok(list) => {
                    for (number, element) in list.elements().iter().enumerate() {
                        let carried = self.carry_element(&place, number, element, depth).await?;
                        wanted.take(carried, element);
                    }
                    wanted.stored = Some(stored);
                }
                Err(error) => self.note(place, error.to_string()),
            }
        }
        self.announce(&subject, &carried, &mut wanted).await?;
        self.put_list(wanted).await
    }

    /// The referrers that the source's API lists.
    fn listed(
        &mut self,
        subject: &Digest,
        referrers: Result<Referrers, RegistryError>,
    ) -> Result<Vec<Descriptor>, FlowError> {
        let place = format!("{} referrers of {subject}", self.source);
        let Some(Referrers::Listed(listing)) = self.readable(&place, referrers)? else {
            return Ok(Vec::new());
        };
        let Listing { descriptors, unreadable, stopped } = listing;
        for reason in unreadable {
            self.note(place.clone(), reason);
        }
        if let Some(error) = stopped {
            self.note(place, error.to_string());
        }
        Ok(descriptors)
    }

    /// Carries what an element of the fallback index lists; whether it is at the target.
    async fn carry_element(
        &mut self,
        place: &str,
        number: usize,
        element: &RawValue,
        depth: usize,
    ) -> Result<bool, FlowError> {
        match json::from_slice::<Descriptor>(element.get().as_bytes()) {
            Ok(descriptor) => self.carry(descriptor.digest, depth + 1).await,
            Err(error) => {
                self.note(format!("{place} entry {}", number + 1), format!("not a descriptor: {error}"));
                Ok(false)
            }
        }
    }

    /// Sees to it that the target lists the referrers that the source's API listed: by its own API, or by the
    /// fallback index.
    async fn announce(
        &mut self,
        subject: &Digest,
        carried: &[Descriptor],
        wanted: &mut Wanted,
    ) -> Result<(), FlowError> {
        if carried.is_empty() {
            return Ok(());
        }
        match at_target(self.registry.referrers(self.target, subject).await.map(Some))? {
            None => {}
            Some(Referrers::Unsupported) => {
                let listed = wanted.digests();
                for descriptor in carried.iter().filter(|d| !listed.contains(&d.digest)) {
                    wanted.whole = false;
                    wanted.elements.push(fallback_element(descriptor)?);
                }
            }
            Some(Referrers::Listed(listing)) if listing.stopped.is_none() && !self.options.dry_run => {
                for unlisted in
                    carried.iter().filter(|c| listing.descriptors.iter().all(|d| d.digest != c.digest))
                {
                    self.announce_one(subject, unlisted.digest).await?;
                }
            }
            Some(Referrers::Listed(_)) => {}
        }
        Ok(())
    }

    /// Puts a referrer again that the target holds and does not list, as a put that was cut short leaves it.
    async fn announce_one(&mut self, subject: &Digest, referrer: Digest) -> Result<(), FlowError> {
        let name = ManifestName::Digest(referrer);
        let Some(stored) = self.registry.manifest(self.source, &name).await? else { return Ok(()) };
        let attached_to = match Manifest::parse(&stored.bytes) {
            Ok(Manifest::Image(image)) => image.subject,
            Ok(Manifest::Index(index)) => index.subject,
            Err(_) => None,
        };
        match attached_to.is_some_and(|attached_to| attached_to.digest == *subject) {
            true => self.put_anew(&name, &stored, None).await,
            false => Ok(()),
        }
    }

    /// Carries `.sig` or `.att`: the layers that are there, whatever else is missing.
    async fn carry_list(&mut self, tag: Tag, stored: AtTag, depth: usize) -> Result<(), FlowError> {
        let place = format!("{}:{tag}", self.source);
        let Some(Some(stored)) = self.readable(&place, stored)? else { return Ok(()) };
        let read = ListManifest::parse(&stored.bytes, "layers")
            .and_then(|list| Ok((list, json::from_slice(&stored.bytes)?)));
        let (list, Configured { config }) = match read {
            Ok(read) => read,
            Err(error) => {
                self.note(place, error.to_string());
                return Ok(());
            }
        };
        let digest = stored.digest;
        let is_list_of_signatures = tag.as_str().ends_with(".sig");
        let has_config = self.carry_blobs(vec![config]).await?;
        let mut wanted =
            Wanted { kind: ListKind::Layers, tag, stored: None, whole: has_config, elements: Vec::new() };
        let layers = self.layers_of(&place, &list);
        self.carry_blobs(layers.iter().flatten().cloned().collect()).await?;
        for (layer, element) in layers.iter().zip(list.elements()) {
            wanted.take(layer.as_ref().is_some_and(|layer| self.has_carried(&layer.digest)), element);
        }
        // A manifest whose configuration is missing cannot be the base of the target's.
        wanted.stored = has_config.then_some(stored);
        let whole = wanted.whole;
        self.put_list(wanted).await?;
        match whole && !is_list_of_signatures && depth < DEPTH_LIMIT {
            true => self.carry_attached(digest, depth + 1).await,
            false => Ok(()),
        }
    }

    /// The layers of a list, each on its own: one that is junk must not hide the others.
    fn layers_of(&mut self, place: &str, list: &ListManifest) -> Vec<Option<Descriptor>> {
        let mut layers = Vec::new();
        for (number, element) in list.elements().iter().enumerate() {
            let layer = json::from_slice::<Layer>(element.get().as_bytes());
            if let Err(error) = &layer {
                self.note(format!("{place} layer {}", number + 1), format!("not a layer: {error}"));
            }
            layers.push(layer.ok().map(|layer| layer.descriptor));
        }
        layers
    }

    /// Carries the attached SBOM, a single document: one that the target has is not replaced.
    async fn carry_sbom(&mut self, tag: Tag, stored: AtTag, depth: usize) -> Result<(), FlowError> {
        let place = format!("{}:{tag}", self.source);
        let Some(Some(stored)) = self.readable(&place, stored)? else { return Ok(()) };
        if !self.carry_parts(&stored, depth).await? {
            self.note(place, "not written: a part of it is missing".to_owned());
            return Ok(());
        }
        let name = ManifestName::Tag(tag);
        match at_target(self.registry.manifest(self.target, &name).await)? {
            Some(held) if held.digest != stored.digest => {
                self.note(place, format!("{} has another one, which was left as it is", self.target));
                return Ok(());
            }
            Some(_) => self.report.skipped.manifests += 1,
            None => self.put_anew(&name, &stored, None).await?,
        }
        match depth < DEPTH_LIMIT {
            true => self.carry_attached(stored.digest, depth + 1).await,
            false => Ok(()),
        }
    }
}

/// An entry of the fallback index.
fn fallback_element(descriptor: &Descriptor) -> Result<Box<RawValue>, FlowError> {
    let Descriptor { media_type, digest, size, artifact_type, predicate_hint, .. } = descriptor;
    let mut element = json!({"mediaType": media_type, "size": size, "digest": digest});
    if let Some(artifact_type) = artifact_type {
        element["artifactType"] = json!(artifact_type);
    }
    if let Some(hint) = predicate_hint {
        element["annotations"] = json!({PREDICATE_ANNOTATION: hint});
    }
    to_raw_value(&element).map_err(|error| FlowError::Input(error.to_string()))
}
