//! The gate: every image that is asked about is decided on, each digest gathered once for each repository, all of
//! them at once within a bound. It decides by [`super::verify`], as every command does.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use super::verify::{Gathered, Question, Until, gather, resolve};
use crate::model::{Digest, ImageRef, PinnedRef, Repository, Tag};
use crate::policy::{Decision, Early, NoMatch, Pending, PolicySet, Resource, Surroundings};
use crate::registry::Registry;

/// Images that are resolved or gathered at once.
const IMAGES_AT_ONCE: usize = 24;

/// What is said of an image that was not decided in time.
const NO_ANSWER: &str = "no answer within the time limit (--timeout)";

/// An image, and the namespace that it would run in, where one is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Asked {
    /// The image as it was written.
    pub image: ImageRef,
    /// The namespace.
    pub namespace: Option<String>,
    /// The object that it stands in, where one is known and a policy asks for it.
    pub object: Option<Resource>,
}

/// What becomes of an image without a digest that evidence would be needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unpinned {
    /// It is denied: what is checked need not be what runs.
    Deny,
    /// Its tag is resolved, once.
    Resolve,
}

/// What is required of every image.
pub struct Gate<'a> {
    /// The policies.
    pub policies: &'a PolicySet,
    /// What an image gets that no policy speaks of.
    pub no_match: NoMatch,
    /// What an image gets that has no digest.
    pub unpinned: Unpinned,
    /// The repository to look for signatures in, where it is not the image's own.
    pub signature_repository: Option<&'a Repository>,
    /// The present time.
    pub now: Timestamp,
    /// When every image must have its answer: what is not known by then is undecided, and hides no other answer.
    pub deadline: Instant,
}

/// The answer for one image.
#[derive(Debug)]
pub struct GateAnswer {
    /// What was asked.
    pub asked: Asked,
    /// The digest that was decided on; none where no evidence was needed and none was written.
    pub pinned: Option<PinnedRef>,
    /// The decision.
    pub decision: Decision,
    /// What the decision rests on; nothing where no evidence was needed.
    pub evidence: Gathered,
    /// Why its tag could not be resolved, where it could not.
    pub unresolved: Option<String>,
}

/// One image after what could be said before any request.
enum Stage<'a> {
    Decided(Decision, Option<PinnedRef>),
    /// The tag could not be resolved; why.
    Unresolved(Decision, String),
    Open {
        pending: Pending<'a>,
        pinned: PinnedRef,
        seen: bool,
    },
}

/// Decides on every one of `asked`; the answers stand in their order.
pub async fn gate<R: Registry>(registry: &R, gate: &Gate<'_>, asked: &[Asked]) -> Vec<GateAnswer> {
    let tags = resolved_tags(registry, gate, asked).await;
    let stages: Vec<Stage> = asked.iter().map(|asked| stage(gate, asked, &tags)).collect();
    let evidence = gathered(registry, gate, &stages).await;
    asked.iter().zip(stages).map(|(asked, stage)| answer(gate, asked.clone(), stage, &evidence)).collect()
}

/// What the tags point at, or why that is not known.
type Tags = HashMap<String, Result<PinnedRef, String>>;

/// Resolves every tag that has to be, once.
async fn resolved_tags<R: Registry>(registry: &R, gate: &Gate<'_>, asked: &[Asked]) -> Tags {
    if gate.unpinned == Unpinned::Deny {
        return Tags::new();
    }
    let needed = asked.iter().filter(|asked| asked.image.pinned().is_none() && needs_evidence(gate, asked));
    let distinct: BTreeMap<String, &ImageRef> =
        needed.map(|asked| (asked.image.to_string(), &asked.image)).collect();
    stream::iter(distinct)
        .map(|(name, image)| async move {
            let resolved = match timeout_at(gate.deadline, resolve(registry, image)).await {
                Ok(resolved) => {
                    resolved.map(|(found, _)| with_tag(image, &found)).map_err(|error| error.to_string())
                }
                Err(_) => Err(NO_ANSWER.to_owned()),
            };
            (name, resolved)
        })
        .buffer_unordered(IMAGES_AT_ONCE)
        .collect()
        .await
}

/// The tag is written out that was asked for: a policy for `latest` is not to fall silent once the digest is known.
fn with_tag(image: &ImageRef, found: &PinnedRef) -> PinnedRef {
    match image.repository().host() {
        Some(_) => image.repository().pinned(Some(image.tag_or_latest()), found.digest()),
        None => found.clone(),
    }
}

fn needs_evidence(gate: &Gate<'_>, asked: &Asked) -> bool {
    matches!(early(gate, asked, &asked.image), Early::NeedsEvidence(_))
}

fn early<'a>(gate: &Gate<'a>, asked: &Asked, image: &ImageRef) -> Early<'a> {
    let there = Surroundings { namespace: asked.namespace.as_deref(), object: asked.object.as_ref() };
    gate.policies.before_evidence(image, there, gate.no_match)
}

fn stage<'a>(gate: &Gate<'a>, asked: &Asked, tags: &Tags) -> Stage<'a> {
    let pending = match early(gate, asked, &asked.image) {
        Early::Decided(decision) => return Stage::Decided(decision, asked.image.pinned()),
        Early::NeedsEvidence(pending) => pending,
    };
    match (asked.image.pinned(), tags.get(&asked.image.to_string())) {
        (Some(pinned), _) => Stage::Open { pending, pinned, seen: false },
        (None, None) => Stage::Decided(pending.not_pinned(), None),
        (None, Some(Err(reason))) => Stage::Unresolved(pending.not_resolved(reason), reason.clone()),
        // A digest that is revoked is denied as if it had been written.
        (None, Some(Ok(pinned))) => match early(gate, asked, &pinned.clone().into()) {
            Early::Decided(decision) => Stage::Decided(decision, Some(pinned.clone())),
            Early::NeedsEvidence(pending) => Stage::Open { pending, pinned: pinned.clone(), seen: true },
        },
    }
}

/// One digest in one repository; with the tag that is written beside it where a policy looks at tags.
type Subject = (Repository, Digest, Option<Tag>);

/// What is known of each digest, gathered until it is enough for everybody who asks about it.
async fn gathered<R: Registry>(
    registry: &R,
    gate: &Gate<'_>,
    stages: &[Stage<'_>],
) -> HashMap<Subject, Gathered> {
    let mut groups: HashMap<Subject, (Vec<&Pending>, &PinnedRef, bool)> = HashMap::new();
    for stage in stages {
        if let Stage::Open { pending, pinned, seen } = stage {
            let group = groups.entry(subject(pinned, pending)).or_insert_with(|| (Vec::new(), pinned, false));
            group.0.push(pending);
            group.2 |= seen;
        }
    }
    stream::iter(groups)
        .map(|(subject, (pending, image, seen))| async move {
            let pending = Pending::together(&pending);
            let home = gate.signature_repository.unwrap_or(image.repository());
            let question =
                Question { image, seen, home, pending: &pending, until: Until::Settled, now: gate.now };
            let gathered = timeout_at(gate.deadline, gather(registry, &question)).await;
            let late = |_| Gathered::of_unreachable(home, image.to_string(), NO_ANSWER.to_owned());
            (subject, gathered.unwrap_or_else(late))
        })
        .buffer_unordered(IMAGES_AT_ONCE)
        .collect()
        .await
}

fn subject(image: &PinnedRef, pending: &Pending<'_>) -> Subject {
    let tag = image.tag().filter(|_| pending.looks_at_tags()).cloned();
    (image.repository().clone(), image.digest(), tag)
}

fn answer(
    gate: &Gate<'_>,
    asked: Asked,
    stage: Stage<'_>,
    evidence: &HashMap<Subject, Gathered>,
) -> GateAnswer {
    match stage {
        Stage::Decided(decision, pinned) => {
            let evidence = Gathered::default();
            GateAnswer { asked, pinned, decision, evidence, unresolved: None }
        }
        Stage::Unresolved(decision, reason) => {
            let home = gate.signature_repository.unwrap_or(asked.image.repository());
            let evidence = Gathered::of_unreachable(home, asked.image.to_string(), reason.clone());
            let unresolved = Some(reason);
            GateAnswer { asked, pinned: None, decision, evidence, unresolved }
        }
        Stage::Open { pending, pinned, .. } => {
            let evidence = evidence.get(&subject(&pinned, &pending)).cloned().unwrap_or_default();
            let home = gate.signature_repository.unwrap_or(pinned.repository());
            let decision = pending.decide(&pinned, home, &evidence.pairs(), gate.now);
            GateAnswer { asked, pinned: Some(pinned), decision, evidence, unresolved: None }
        }
    }
}
