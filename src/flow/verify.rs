//! Gathering evidence and deciding: the one verify path. `Gathering` is the only thing here that touches
//! the network, `model::verify::check` the only maker of a verified signature, `policy::decide` the only
//! place that says allowed, denied or undecided.
//!
//! Decisions are monotone, so evidence is gathered in stages and gathering stops once the answer is allowed:
//! the `.sig` tag and the referrers side by side; the legacy payloads; the bundles (and the fallback tag
//! where the API is absent); before denied, the fallback tag where it was not read, and the image itself.

use jiff::Timestamp;

use crate::flow::FlowError;
use crate::flow::findings::Judgement;
use crate::flow::gather::{Fallback, Gathering};
use crate::flow::survey::Sought;
use crate::model::manifest::{Manifest, ManifestError};
use crate::model::verify::{Evidence, Remark};
use crate::model::{ImageRef, PinnedRef, Repository, Tag};
use crate::policy::{Decision, Pending, Place};
use crate::registry::{ManifestName, Registry, StoredManifest};

/// What is asked about one image.
pub struct Question<'a> {
    /// The image.
    pub image: &'a PinnedRef,
    /// Whether the image was just fetched (its tag was resolved), so that it need not be asked for again.
    pub seen: bool,
    /// The repository that is looked in first: the image's own, or the one that holds its signatures.
    pub home: &'a Repository,
    /// What is required.
    pub pending: &'a Pending<'a>,
    /// When gathering may stop.
    pub until: Until,
    /// The present time.
    pub now: Timestamp,
}

/// When gathering may stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When more evidence could not better the answer.
    Settled,
    /// When everything was looked at: somebody wants to know all signatures that count.
    Complete,
}

/// What is known of one digest, for each place that was looked in.
#[derive(Debug, Clone, Default)]
pub struct Gathered(Vec<(Place, Evidence)>);

impl Gathered {
    /// The places and what is known there.
    pub fn pairs(&self) -> Vec<(&Place, &Evidence)> {
        self.0.iter().map(|(place, evidence)| (place, evidence)).collect()
    }

    /// Nothing is known, for that reason.
    pub(super) fn of_unreachable(home: &Repository, place: String, reason: String) -> Self {
        let unreachable = vec![Remark { place, format: None, reason }];
        Self(vec![(home.clone().into(), Evidence { unreachable, ..Evidence::default() })])
    }

    /// Whether everything was looked at.
    pub fn is_complete(&self) -> bool {
        self.0.iter().all(|(_, evidence)| evidence.complete)
    }

    /// Junk, and what a key accepts although it states something else.
    pub fn invalid(&self) -> Vec<&Remark> {
        self.0.iter().flat_map(|(_, evidence)| &evidence.invalid).collect()
    }

    /// What could not be asked or read, each once.
    pub fn unreachable(&self) -> Vec<&Remark> {
        let mut remarks: Vec<&Remark> = Vec::new();
        for remark in self.0.iter().flat_map(|(_, evidence)| &evidence.unreachable) {
            if !remarks.contains(&remark) {
                remarks.push(remark);
            }
        }
        remarks
    }
}

/// The answer for one image, and what it rests on.
#[derive(Debug)]
pub struct Answer {
    /// The image.
    pub image: PinnedRef,
    /// The policies' answer.
    pub decision: Decision,
    /// What is known of the image; without the bytes.
    pub evidence: Gathered,
}

/// Resolves a reference: the digest rules where one is written, else the tag is asked for once.
/// The manifest is given where it was fetched.
///
/// # Errors
/// The registry could not be asked, or has no such tag.
pub async fn resolve<R: Registry>(
    registry: &R,
    image: &ImageRef,
) -> Result<(PinnedRef, Option<StoredManifest>), FlowError> {
    if let Some(pinned) = image.pinned() {
        return Ok((pinned, None));
    }
    let name = ManifestName::Tag(image.tag_or_latest());
    match registry.manifest(image.repository(), &name).await? {
        Some(stored) => Ok((image.at(stored.digest), Some(stored))),
        None => Err(FlowError::Missing { reference: format!("{}:{name}", image.repository()) }),
    }
}

/// Fetches an image that must be there, and reads its manifest.
///
/// # Errors
/// The registry could not be asked, has no such image, or what it has is no manifest.
pub async fn fetch_image<R: Registry>(
    registry: &R,
    image: &PinnedRef,
) -> Result<(StoredManifest, Manifest), FlowError> {
    let name = ManifestName::Digest(image.digest());
    let stored = registry.manifest(image.repository(), &name).await?;
    let stored = stored.ok_or_else(|| FlowError::Missing { reference: image.to_string() })?;
    let manifest = read_image(image, &stored)?;
    Ok((stored, manifest))
}

/// Reads an image's manifest.
///
/// # Errors
/// It is no manifest.
pub fn read_image(image: &PinnedRef, stored: &StoredManifest) -> Result<Manifest, FlowError> {
    Manifest::parse(&stored.bytes).map_err(|error: ManifestError| FlowError::Unusable {
        place: image.to_string(),
        reason: error.to_string(),
    })
}

/// Answers the question. What could not be asked stands in the answer's evidence; nothing is an error here.
pub async fn verify<R: Registry>(registry: &R, question: &Question<'_>) -> Answer {
    let evidence = gather(registry, question).await;
    let decision = decided(question, &evidence.pairs());
    Answer { image: question.image.clone(), decision, evidence }
}

/// Gathers what the question needs, place after place, and no more.
pub async fn gather<R: Registry>(registry: &R, question: &Question<'_>) -> Gathered {
    let digest = question.image.digest();
    let keys = question.pending.keys();
    let mut gathered: Vec<(Place, Evidence)> = Vec::new();
    for place in question.pending.places(question.home) {
        let before: Vec<_> = gathered.iter().map(|(place, evidence)| (place, evidence)).collect();
        let enough = |evidence: &Evidence| {
            let pairs: Vec<_> = before.iter().copied().chain([(&place, evidence)]).collect();
            question.is_settled(&pairs)
        };
        let evidence = Evidence::default();
        let mut judgement = Judgement { image: &digest, keys: &keys, evidence, enough: &enough };
        let gathering = Gathering {
            registry,
            place: &place.repository,
            image: &digest,
            sought: Sought::Signatures,
            fallback: Fallback::Always,
            allowance: None,
        };
        let tag = place.tag_prefix.as_ref().map(|prefix| Tag::signatures(&digest).behind(prefix.as_str()));
        let settled = match tag {
            None => gathering.run(&mut judgement).await,
            // A prefix is short enough for every digest: what could not be a tag is not there.
            Some(Err(_)) => false,
            Some(Ok(tag)) => gathering.run_at(tag, &mut judgement).await,
        };
        let mut evidence = judgement.evidence;
        evidence.complete = !settled;
        gathered.push((place, evidence));
        if settled {
            return Gathered(gathered);
        }
    }
    let mut gathered = Gathered(gathered);
    let is_denied = decided(question, &gathered.pairs()).is_denied_by_any();
    if is_denied && !question.seen {
        ask_for_the_image(registry, question.image, &mut gathered).await;
    }
    gathered
}

impl Question<'_> {
    fn is_settled(&self, evidence: &[(&Place, &Evidence)]) -> bool {
        self.until == Until::Settled && self.pending.is_settled(self.image, self.home, evidence, self.now)
    }
}

/// Before denied: an image that is not there is undecided, not unsigned.
async fn ask_for_the_image<R: Registry>(registry: &R, image: &PinnedRef, gathered: &mut Gathered) {
    let name = ManifestName::Digest(image.digest());
    let reason = match registry.manifest(image.repository(), &name).await {
        Ok(Some(_)) => return,
        Ok(None) => "not in the registry".to_owned(),
        Err(error) => error.to_string(),
    };
    // Each policy looks at its own places only, and none of them may take the image for unsigned.
    for (_, evidence) in &mut gathered.0 {
        let reason = reason.clone();
        evidence.unreachable.push(Remark { place: image.to_string(), format: None, reason });
    }
}

fn decided(question: &Question<'_>, evidence: &[(&Place, &Evidence)]) -> Decision {
    question.pending.decide(question.image, question.home, evidence, question.now)
}
