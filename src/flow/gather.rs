//! Gathers the signatures or the attestations on one digest in one repository, in stages, and hands each over as soon
//! as its bytes are there, so that no more than a handful is in memory at once.

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};

use super::allowance::Allowance;
use super::candidates::{Left, note_failure};
use super::findings::Findings;
use super::pointer::{Form, Pointer, envelope_pointer, legacy_pointer};
use super::survey::{Kinship, Sought, Survey, Wanted, foreign, kinship, read_index, remark};
use crate::model::list::ListManifest;
use crate::model::manifest::{Descriptor, ImageManifest, Layer, Manifest};
use crate::model::verify::Remark;
use crate::model::{Digest, Format, Repository, Tag, bundle, json, payload};
use crate::registry::{Listing, ManifestName, Registry, RegistryError, StoredManifest};

/// Requests under way at once.
pub(super) const SIDE_BY_SIDE: usize = 8;

/// Where to look.
pub(super) struct Gathering<'a, R> {
    pub(super) registry: &'a R,
    pub(super) place: &'a Repository,
    pub(super) image: &'a Digest,
    pub(super) sought: Sought,
    /// When the fallback tag is read.
    pub(super) fallback: Fallback,
    /// How many bytes may be read; `None`: as many as the candidates have.
    pub(super) allowance: Option<&'a Allowance>,
}

/// When the fallback tag is read beside the referrers API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fallback {
    /// Always, if the answer is not settled before: relocated images bring only the tag.
    Always,
    /// Only where there is no API.
    WithoutApi,
}

impl<R: Registry> Gathering<'_, R> {
    /// Runs all stages into `findings`; whether it stopped because the answer was settled.
    pub(super) async fn run(&self, findings: &mut impl Findings) -> bool {
        let survey = Survey::of(self.registry, self.place, self.image, self.sought, Wanted::ALL).await;
        self.read(&survey, findings).await
    }

    /// Reads the legacy signatures at `tag`, and nothing else: what stands under a tag of its own is no referrer.
    /// Whether it stopped because the answer was settled.
    pub(super) async fn run_at(&self, tag: Tag, findings: &mut impl Findings) -> bool {
        let place = format!("{}:{tag}", self.place);
        let stored = self.registry.manifest(self.place, &ManifestName::Tag(tag)).await;
        let layers = self.layers_at(&stored, place, findings);
        let mut left = Left::of(self.allowance);
        self.read_all(layers, &mut left, findings).await
    }

    /// Runs the stages after the first.
    pub(super) async fn read(&self, survey: &Survey, findings: &mut impl Findings) -> bool {
        let mut left = Left::of(self.allowance);
        let aside = left.set_aside();
        let layers = self.legacy_layers(survey, findings);
        if self.read_all(layers, &mut left, findings).await {
            return true;
        }
        left.put_back(&aside);
        let listed = match (&survey.referrers, survey.listing()) {
            (Err(error), _) => {
                let place = format!("{}@{}", self.place, self.image);
                findings.unreachable(remark(place, Some(Format::Bundle), error));
                Vec::new()
            }
            (Ok(_), Some(listing)) => self.possible(listing, findings),
            (Ok(_), None) => Vec::new(),
        };
        if self.read_referrers(&listed, &mut left, findings).await {
            return true;
        }
        if self.fallback == Fallback::WithoutApi && !survey.lacks_referrers_api() {
            return false;
        }
        let fallback = self.fallback_listing(survey, findings).await;
        let known: HashSet<Digest> = listed.iter().map(|descriptor| descriptor.digest).collect();
        let unread: Vec<Descriptor> =
            fallback.into_iter().filter(|new| !known.contains(&new.digest)).collect();
        self.read_referrers(&unread, &mut left, findings).await
    }

    /// The layers of the manifest at the tag.
    fn legacy_layers(&self, survey: &Survey, findings: &mut impl Findings) -> Vec<Pointer> {
        let place = survey.shown(&self.sought.tag(self.image));
        self.layers_at(&survey.tagged, place, findings)
    }

    /// The layers of a manifest with legacy signatures, if the registry has it at `place`.
    fn layers_at(
        &self,
        answer: &Result<Option<StoredManifest>, RegistryError>,
        place: String,
        findings: &mut impl Findings,
    ) -> Vec<Pointer> {
        match answer {
            Ok(Some(stored)) => self.layers_of(stored, place, findings),
            Ok(None) => Vec::new(),
            Err(error) => {
                note_failure(findings, place, Some(Format::Legacy), error);
                Vec::new()
            }
        }
    }

    fn layers_of(
        &self,
        stored: &StoredManifest,
        place: String,
        findings: &mut impl Findings,
    ) -> Vec<Pointer> {
        match ListManifest::parse(&stored.bytes, "layers") {
            Ok(manifest) => self.pointers_in(&manifest, &place, findings),
            Err(error) => {
                let reason = error.to_string();
                findings.invalid(Remark { place, format: Some(Format::Legacy), reason });
                Vec::new()
            }
        }
    }

    /// The layers of a manifest that hold what is looked for in the legacy format.
    fn pointers_in(
        &self,
        manifest: &ListManifest,
        place: &str,
        findings: &mut impl Findings,
    ) -> Vec<Pointer> {
        let mut pointers = Vec::new();
        for (number, element) in manifest.elements().iter().enumerate() {
            let place = format!("{place} layer {}", number + 1);
            match json::from_slice::<Layer>(element.get().as_bytes()) {
                Ok(layer) if self.sought == Sought::Signatures => {
                    pointers.extend(legacy_pointer(layer, place, findings));
                }
                Ok(layer) => pointers.extend(envelope_pointer(layer, place, self.sought, findings)),
                Err(error) => findings.invalid(Remark {
                    place,
                    format: Some(Format::Legacy),
                    reason: format!("not a layer: {error}"),
                }),
            }
        }
        pointers
    }

    /// The listed referrers that may be what is looked for; what else the listing says goes into the findings.
    fn possible(&self, listing: &Listing, findings: &mut impl Findings) -> Vec<Descriptor> {
        let place = format!("{}@{}", self.place, self.image);
        let note = |reason: &String| Remark { place: place.clone(), format: None, reason: reason.clone() };
        listing.unreadable.iter().map(note).for_each(|noted| findings.invalid(noted));
        if let Some(stopped) = &listing.stopped {
            findings.unreachable(remark(place.clone(), Some(Format::Bundle), stopped));
        }
        let mut possible = Vec::new();
        for descriptor in &listing.descriptors {
            match kinship(descriptor, self.sought) {
                Kinship::Sought => possible.push(descriptor.clone()),
                Kinship::Foreign => findings.other(Remark {
                    place: format!("{}@{}", self.place, descriptor.digest),
                    format: None,
                    reason: foreign(
                        descriptor.artifact_type.as_deref().unwrap_or_default(),
                        descriptor.predicate_hint.as_deref(),
                    ),
                }),
            }
        }
        possible
    }

    /// The referrers that the fallback tag lists.
    async fn fallback_listing(&self, survey: &Survey, findings: &mut impl Findings) -> Vec<Descriptor> {
        let tag = Tag::fallback(self.image);
        let place = survey.shown(&tag);
        let fresh;
        let stored = match &survey.fallback {
            Some(answer) => answer,
            None => {
                fresh = self.registry.manifest(self.place, &ManifestName::Tag(tag)).await;
                &fresh
            }
        };
        match stored.as_ref().map(|stored| stored.as_ref().map(read_index)) {
            Ok(None) => Vec::new(),
            Ok(Some(Ok(listing))) => self.possible(&listing, findings),
            Ok(Some(Err(reason))) => {
                findings.invalid(Remark { place, format: Some(Format::Bundle), reason });
                Vec::new()
            }
            Err(error) => {
                note_failure(findings, place, Some(Format::Bundle), error);
                Vec::new()
            }
        }
    }

    /// Fetches the manifests of `listed`, then what they point at.
    async fn read_referrers(
        &self,
        listed: &[Descriptor],
        left: &mut Left<'_>,
        findings: &mut impl Findings,
    ) -> bool {
        for some in listed.chunks(2 * SIDE_BY_SIDE) {
            if left.candidates == 0 {
                self.note_limit(findings);
                return false;
            }
            let taken = some.len().min(left.candidates);
            let fetched: Vec<_> = stream::iter(some.iter().take(taken))
                .map(|descriptor| async move {
                    let name = ManifestName::Digest(descriptor.digest);
                    (descriptor, self.registry.manifest(self.place, &name).await)
                })
                .buffered(SIDE_BY_SIDE)
                .collect()
                .await;
            let mut pointers = Vec::new();
            for (descriptor, answer) in fetched {
                pointers.extend(self.referrer_pointers(descriptor, answer, findings));
            }
            // A referrer that held nothing to read is a candidate all the same: it cost a request.
            left.candidates = left.candidates.saturating_sub(taken.saturating_sub(pointers.len()));
            let all_are_read = pointers.len() <= left.candidates;
            if self.read_all(pointers, left, findings).await {
                return true;
            }
            if taken < some.len() && all_are_read {
                self.note_limit(findings);
                return false;
            }
        }
        false
    }

    fn referrer_pointers(
        &self,
        descriptor: &Descriptor,
        answer: Result<Option<StoredManifest>, RegistryError>,
        findings: &mut impl Findings,
    ) -> Vec<Pointer> {
        let place = format!("{}@{}", self.place, descriptor.digest);
        let stored = match answer {
            Ok(Some(stored)) => stored,
            Ok(None) => {
                let reason = "listed by the registry, which then answers that it is not there".to_owned();
                findings.unreachable(Remark { place, format: Some(Format::Bundle), reason });
                return Vec::new();
            }
            Err(error) => {
                note_failure(findings, place, Some(Format::Bundle), &error);
                return Vec::new();
            }
        };
        match Manifest::parse(&stored.bytes) {
            Ok(Manifest::Image(manifest)) => self.pointers_at(&manifest, &stored, place, findings),
            Ok(Manifest::Index(_)) => {
                let reason = "an index".to_owned();
                findings.other(Remark { place, format: None, reason });
                Vec::new()
            }
            Err(error) => {
                let reason = error.to_string();
                findings.invalid(Remark { place, format: Some(Format::Bundle), reason });
                Vec::new()
            }
        }
    }

    /// What a referrer's manifest holds: a bundle, the third place of legacy signatures, or something else.
    fn pointers_at(
        &self,
        manifest: &ImageManifest,
        stored: &StoredManifest,
        place: String,
        findings: &mut impl Findings,
    ) -> Vec<Pointer> {
        let third_place = payload::REFERRER_TYPE;
        let is_third = manifest.artifact_type.as_deref() == Some(third_place)
            || manifest.config.media_type == third_place;
        if is_third && self.sought == Sought::Signatures {
            return self.layers_of(stored, place, findings);
        }
        let hint = manifest.predicate_hint.as_deref();
        match manifest.layers.as_slice() {
            [layer]
                if self.sought.may_be(hint)
                    && layer.descriptor.media_type.starts_with(bundle::MEDIA_TYPE_STEM) =>
            {
                let Descriptor { digest: blob, size, .. } = layer.descriptor;
                vec![Pointer { blob, size, place, form: Form::Bundle }]
            }
            _ => {
                let kind = manifest.artifact_type.as_deref().unwrap_or(&manifest.config.media_type);
                let reason = foreign(kind, hint);
                findings.other(Remark { place, format: None, reason });
                Vec::new()
            }
        }
    }
}
