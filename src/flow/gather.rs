//! Gathers the signatures on one digest in one repository, in stages, and hands each candidate over as soon
//! as its bytes are there, so that no more than a handful is in memory at once.

use std::collections::HashSet;

use futures_util::{StreamExt as _, stream};

use super::findings::Findings;
use super::pointer::{Form, Pointer, by_blob, legacy_pointer};
use super::survey::{Kinship, Survey, Wanted, kinship, read_index, remark, shown_type};
use crate::model::list::ListManifest;
use crate::model::manifest::{Descriptor, ImageManifest, Layer, Manifest};
use crate::model::verify::Remark;
use crate::model::{Digest, Format, Repository, SIGNATURE_LIMIT, Tag, bundle, json, payload};
use crate::registry::{Kind, Listing, ManifestName, Registry, RegistryError, StoredManifest};

/// Most candidates that are read for one digest; beyond, without an answer of allowed, it is undecided.
pub(super) const CANDIDATES_LIMIT: usize = 1_000;
/// Requests under way at once.
const SIDE_BY_SIDE: usize = 8;

/// Where to look.
pub(super) struct Gathering<'a, R> {
    pub(super) registry: &'a R,
    pub(super) place: &'a Repository,
    pub(super) image: &'a Digest,
    /// When the fallback tag is read.
    pub(super) fallback: Fallback,
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
        let survey = Survey::of(self.registry, self.place, self.image, Wanted::ALL).await;
        self.read(&survey, findings).await
    }

    /// Runs the stages after the first.
    pub(super) async fn read(&self, survey: &Survey, findings: &mut impl Findings) -> bool {
        let mut left = CANDIDATES_LIMIT;
        let layers = self.legacy_layers(survey, findings);
        if self.read_all(layers, &mut left, findings).await {
            return true;
        }
        let listed = match (&survey.referrers, survey.listing()) {
            (Err(error), _) => {
                let place = format!("{}@{}", self.place, self.image);
                findings.unreachable(remark(place, Some(Format::Bundle), error));
                Vec::new()
            }
            (Ok(_), Some(listing)) => self.possible_signatures(listing, findings),
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

    /// The layers of the `.sig` manifest.
    fn legacy_layers(&self, survey: &Survey, findings: &mut impl Findings) -> Vec<Pointer> {
        let place = survey.shown(&Tag::signatures(self.image));
        let stored = match &survey.signatures {
            Ok(Some(stored)) => stored,
            Ok(None) => return Vec::new(),
            Err(error) => {
                note_failure(findings, place, Some(Format::Legacy), error);
                return Vec::new();
            }
        };
        match ListManifest::parse(&stored.bytes, "layers") {
            Ok(manifest) => self.pointers_in(&manifest, &place, findings),
            Err(error) => {
                let reason = error.to_string();
                findings.invalid(Remark { place, format: Some(Format::Legacy), reason });
                Vec::new()
            }
        }
    }

    /// The layers of a manifest that hold a signature in the legacy format.
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
                Ok(layer) => pointers.extend(legacy_pointer(layer, place, findings)),
                Err(error) => findings.invalid(Remark {
                    place,
                    format: Some(Format::Legacy),
                    reason: format!("not a layer: {error}"),
                }),
            }
        }
        pointers
    }

    /// The listed referrers that may be signatures; what else the listing says goes into the findings.
    fn possible_signatures(&self, listing: &Listing, findings: &mut impl Findings) -> Vec<Descriptor> {
        let place = format!("{}@{}", self.place, self.image);
        let note = |reason: &String| Remark { place: place.clone(), format: None, reason: reason.clone() };
        listing.unreadable.iter().map(note).for_each(|noted| findings.invalid(noted));
        if let Some(stopped) = &listing.stopped {
            findings.unreachable(remark(place.clone(), Some(Format::Bundle), stopped));
        }
        let mut possible = Vec::new();
        for descriptor in &listing.descriptors {
            match kinship(descriptor) {
                Kinship::Signature => possible.push(descriptor.clone()),
                Kinship::Foreign => findings.other(foreign(self.place, descriptor)),
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
            Ok(Some(Ok(listing))) => self.possible_signatures(&listing, findings),
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

    /// Fetches the manifests of `listed`, then the signatures that they point at.
    async fn read_referrers(
        &self,
        listed: &[Descriptor],
        left: &mut usize,
        findings: &mut impl Findings,
    ) -> bool {
        for some in listed.chunks(2 * SIDE_BY_SIDE) {
            if *left == 0 {
                self.note_limit(findings);
                return false;
            }
            let taken = some.len().min(*left);
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
            *left = left.saturating_sub(taken.saturating_sub(pointers.len()));
            let all_are_read = pointers.len() <= *left;
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
            Ok(Manifest::Image(manifest)) => self.signature_pointers(&manifest, &stored, place, findings),
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

    /// What a referrer's manifest holds: a bundle, the third legacy place, or something else.
    fn signature_pointers(
        &self,
        manifest: &ImageManifest,
        stored: &StoredManifest,
        place: String,
        findings: &mut impl Findings,
    ) -> Vec<Pointer> {
        let third_place = payload::REFERRER_TYPE;
        if manifest.artifact_type.as_deref() == Some(third_place) || manifest.config.media_type == third_place
        {
            return ListManifest::parse(&stored.bytes, "layers")
                .map(|list| self.pointers_in(&list, &place, findings))
                .unwrap_or_default();
        }
        match manifest.layers.as_slice() {
            [layer] if layer.descriptor.media_type.starts_with(bundle::MEDIA_TYPE_STEM) => {
                let Descriptor { digest: blob, size, .. } = layer.descriptor;
                vec![Pointer { blob, size, place, form: Form::Bundle }]
            }
            _ => {
                let kind = manifest.artifact_type.as_deref().unwrap_or(&manifest.config.media_type);
                let reason = format!("an artifact of type `{}`", shown_type(kind));
                findings.other(Remark { place, format: None, reason });
                Vec::new()
            }
        }
    }

    /// Reads the candidates in parts, until the answer is settled; blobs that several share are read once.
    async fn read_all(&self, pointers: Vec<Pointer>, left: &mut usize, findings: &mut impl Findings) -> bool {
        let beyond = pointers.len() > *left;
        let taken = pointers.len().min(*left);
        *left -= taken;
        let groups = by_blob(pointers.into_iter().take(taken));
        for some in groups.chunks(2 * SIDE_BY_SIDE) {
            let mut blobs = stream::iter(some)
                .map(|(digest, pointers)| async move { (pointers, self.read_blob(digest, pointers).await) })
                .buffered(SIDE_BY_SIDE);
            while let Some((pointers, blob)) = blobs.next().await {
                self.take(pointers, blob, findings);
            }
            if findings.settled() {
                return true;
            }
        }
        if beyond {
            self.note_limit(findings);
        }
        false
    }

    async fn read_blob(
        &self,
        digest: &Digest,
        pointers: &[Pointer],
    ) -> Result<Option<bytes::Bytes>, RegistryError> {
        // A size beyond the limit saves the request, but only where all agree on it: the pointers may come
        // from different people, and what one states wrongly must not hide the signature of another.
        let smallest = pointers.iter().map(|pointer| pointer.size).min().unwrap_or_default();
        if smallest > SIGNATURE_LIMIT {
            return Err(RegistryError {
                kind: Kind::Limit,
                request: format!("blob {digest}"),
                reason: format!("{smallest} bytes, a signature may have {SIGNATURE_LIMIT}"),
            });
        }
        self.registry.blob(self.place, digest, SIGNATURE_LIMIT).await
    }

    fn take(
        &self,
        pointers: &[Pointer],
        blob: Result<Option<bytes::Bytes>, RegistryError>,
        findings: &mut impl Findings,
    ) {
        for pointer in pointers {
            let (place, format) = (pointer.place.clone(), pointer.format());
            match &blob {
                Ok(Some(bytes)) => {
                    findings.read(pointer.read(bytes), pointer);
                }
                Ok(None) => {
                    let reason = format!("its blob {} is not in the registry", pointer.blob);
                    findings.unreachable(Remark { place, format: Some(format), reason });
                }
                Err(error) => note_failure(findings, place, Some(format), error),
            }
        }
    }

    fn note_limit(&self, findings: &mut impl Findings) {
        let place = format!("{}@{}", self.place, self.image);
        let reason = format!("there are more than {CANDIDATES_LIMIT} candidates, and no more are read");
        findings.unreachable(Remark { place, format: None, reason });
    }
}

fn foreign(place: &Repository, descriptor: &Descriptor) -> Remark {
    let kind = descriptor.artifact_type.as_deref().unwrap_or_default();
    Remark {
        place: format!("{place}@{}", descriptor.digest),
        format: None,
        reason: format!("an artifact of type `{}`", shown_type(kind)),
    }
}

/// Bytes beyond a size limit are invalid: reading them again changes nothing. Every other failure says
/// nothing about what is stored.
fn note_failure(findings: &mut impl Findings, place: String, format: Option<Format>, error: &RegistryError) {
    let noted = remark(place, format, error);
    match error.kind {
        Kind::Limit => findings.invalid(noted),
        _ => findings.unreachable(noted),
    }
}
