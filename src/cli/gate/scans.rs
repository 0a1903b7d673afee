//! The scans of the images that a page shows: asked for once everything is decided, and only where somebody wants a page.
//! Nothing of it changes a decision, and what cannot be had is said on the page.

use std::collections::{BTreeMap, HashMap};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

use crate::cli::page::Scans;
use crate::flow::attestations::{Allowance, Bounds};
use crate::flow::gate::GateAnswer;
use crate::flow::scans::report;
use crate::model::{Digest, Fingerprint, PinnedRef, PublicKey, Repository};
use crate::policy::{Outcome, PolicySet};
use crate::registry::Registry;

/// Images whose scans are asked for at once.
const IMAGES_AT_ONCE: usize = 8;

/// An image, the keys whose word counts about its scans, and the repositories that its signatures were looked for in.
struct Question {
    image: PinnedRef,
    keys: Vec<PublicKey>,
    places: Vec<Repository>,
}

/// What makes two questions one.
type Identity = (Repository, Digest, Vec<Fingerprint>);

impl Question {
    /// What is asked about an answer's image; nothing where no signer that countersigns is satisfied, since then nobody
    /// vouches for a scan.
    fn of(policies: &PolicySet, answer: &GateAnswer) -> Option<Self> {
        let image = answer.pinned.clone()?;
        let keys: Vec<PublicKey> = validation_keys(policies, answer).into_values().collect();
        let mut places: Vec<Repository> =
            answer.evidence.pairs().into_iter().map(|(place, _)| place.repository.clone()).collect();
        places.dedup();
        (!keys.is_empty()).then_some(Self { image, keys, places })
    }

    fn identity(&self) -> Identity {
        let keys = self.keys.iter().map(PublicKey::fingerprint).collect();
        (self.image.repository().clone(), self.image.digest(), keys)
    }

    async fn ask<R: Registry>(&self, registry: &R, bounds: &Bounds) -> Scans {
        let asked = report(registry, &self.image, &self.places, &self.keys, bounds);
        // What was read of attestations until then is part of the answer.
        match timeout_at(bounds.deadline, asked).await {
            Ok(Ok(report)) => report.into(),
            Ok(Err(error)) => Scans::Unknown(error.to_string()),
            Err(_) => Scans::Unknown("no answer within the time limit (--timeout)".to_owned()),
        }
    }
}

/// The keys that satisfied a signer that countersigns another.
fn validation_keys(policies: &PolicySet, answer: &GateAnswer) -> BTreeMap<Fingerprint, PublicKey> {
    let mut keys = BTreeMap::new();
    for decision in answer.decision.policies() {
        let policy = policies.policies().iter().find(|policy| policy.name == decision.name);
        let rules = policy.and_then(|policy| policy.requirements()).map(|required| required.signers());
        // What became of the signers stands in the order of the rules.
        let both = rules.unwrap_or_default().iter().zip(decision.signers());
        for (rule, signer) in both.filter(|(rule, _)| rule.countersigns().is_some()) {
            if let Outcome::Satisfied(satisfied) = &signer.outcome {
                let signed = |key: &&PublicKey| satisfied.by.iter().any(|by| by.key() == key.fingerprint());
                keys.extend(rule.keys.iter().filter(signed).map(|key| (key.fingerprint(), key.clone())));
            }
        }
    }
    keys
}

/// What is known of the scans of each answer's image, in the order of the answers.
pub(super) async fn scans<R: Registry>(
    registry: &R,
    policies: &PolicySet,
    answers: &[GateAnswer],
    deadline: Instant,
    now: Timestamp,
) -> Vec<Scans> {
    let questions: Vec<Option<Question>> =
        answers.iter().map(|answer| Question::of(policies, answer)).collect();
    let distinct: HashMap<Identity, &Question> =
        questions.iter().flatten().map(|question| (question.identity(), question)).collect();
    let bounds = &Bounds { now, deadline, allowance: Allowance::of_many() };
    let known: HashMap<Identity, Scans> = stream::iter(distinct)
        .map(|(identity, question)| async move { (identity, question.ask(registry, bounds).await) })
        .buffer_unordered(IMAGES_AT_ONCE)
        .collect()
        .await;
    let answer = |question: &Option<Question>| {
        let known = question.as_ref().and_then(|question| known.get(&question.identity()));
        known.cloned().unwrap_or(Scans::NotAsked)
    };
    questions.iter().map(answer).collect()
}
