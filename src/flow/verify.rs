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
use crate::model::manifest::{Manifest, ManifestError};
use crate::model::verify::{Evidence, Remark};
use crate::model::{ImageRef, PinnedRef, Repository};
use crate::policy::{Policy, PolicyDecision, Verdict, decide};
use crate::registry::{ManifestName, Registry, StoredManifest};

/// What is asked about one image.
pub struct Question<'a> {
    /// The image.
    pub image: &'a PinnedRef,
    /// Whether the image was just fetched (its tag was resolved), so that it need not be asked for again.
    pub seen: bool,
    /// The repositories to look for signatures in.
    pub places: &'a [Repository],
    /// What is required.
    pub policy: &'a Policy,
    /// The present time.
    pub now: Timestamp,
}

/// The answer for one image, and what it rests on.
#[derive(Debug)]
pub struct Answer {
    /// The image.
    pub image: PinnedRef,
    /// The policies' answers.
    pub policies: Vec<PolicyDecision>,
    /// What is known of the image; without the bytes.
    pub evidence: Evidence,
}

impl Answer {
    /// The answer over all policies.
    pub fn verdict(&self) -> Verdict {
        self.policies.iter().map(PolicyDecision::effect).max().unwrap_or(Verdict::Denied)
    }
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
    let digest = question.image.digest();
    let keys = question.policy.keys();
    let enough = |evidence: &Evidence| decided(question, evidence).verdict() == Verdict::Allowed;
    let evidence = Evidence::default();
    let mut judgement = Judgement { image: &digest, keys: &keys, evidence, enough: &enough };
    for place in question.places {
        let gathering = Gathering { registry, place, image: &digest, fallback: Fallback::Always };
        if gathering.run(&mut judgement).await {
            return answer(question, judgement.evidence);
        }
    }
    let mut evidence = judgement.evidence;
    evidence.complete = true;
    if decided(question, &evidence).verdict() == Verdict::Denied && !question.seen {
        ask_for_the_image(registry, question.image, &mut evidence).await;
    }
    answer(question, evidence)
}

/// Before denied: an image that is not there is undecided, not unsigned.
async fn ask_for_the_image<R: Registry>(registry: &R, image: &PinnedRef, evidence: &mut Evidence) {
    let name = ManifestName::Digest(image.digest());
    let reason = match registry.manifest(image.repository(), &name).await {
        Ok(Some(_)) => return,
        Ok(None) => "not in the registry".to_owned(),
        Err(error) => error.to_string(),
    };
    evidence.unreachable.push(Remark { place: image.to_string(), format: None, reason });
}

fn answer(question: &Question<'_>, evidence: Evidence) -> Answer {
    let decision = decided(question, &evidence);
    Answer { image: question.image.clone(), policies: vec![decision], evidence }
}

fn decided(question: &Question<'_>, evidence: &Evidence) -> PolicyDecision {
    decide(question.policy, question.image, &[evidence], question.now)
}
