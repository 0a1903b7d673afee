//! Runs a case as the gate does: policies are read, what needs no evidence is said, signatures are made and checked,
//! and the rest is decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::model::candidate::Read;
use countersign::model::claims::{
    COUNTERSIGNS, REPOSITORY, ROLE, SCAN_RESULT, SCAN_RULES, SCANNED_AT, SCANNER, SIGNED_AT,
};
use countersign::model::verify::{Evidence, Remark};
use countersign::model::{Claims, Format, ImageRef, PinnedRef, PublicKey, Repository};
use countersign::policy::{
    Decision, Draft, Early, Installation, NoMatch, Outcome, Pending, Place, PolicyDecision, PolicySet,
    Reason, ReasonCode, Resource, Surroundings, Verdict, documents,
};
use jiff::Timestamp;

use crate::case::{
    Case, Decided, Expected, ExpectedPolicy, FormatName, Found, Object, Signature, policy_text,
};
use crate::kit;

/// Runs the case; the error says what came in the place of its expectation.
pub(crate) fn run(case: &Case) -> Result<(), String> {
    match (&case.expect, policies(&case.policies)) {
        (Expected::Refused(expected), Err(error)) => match error.contains(&expected.refused) {
            true => Ok(()),
            false => Err(format!("refused with `{error}`, not `…{}…`", expected.refused)),
        },
        (Expected::Refused(_), Ok(_)) => Err("the policies are taken".to_owned()),
        (Expected::Decided(_), Err(error)) => Err(error),
        (Expected::Decided(expected), Ok(set)) => {
            let (decision, asked) = decide(case, &set)?;
            if asked == expected.without_evidence {
                return Err(format!("evidence is asked for: {asked}"));
            }
            compare(expected, &decision)
        }
    }
}

/// The policies of a case.
pub(crate) fn policies(texts: &[String]) -> Result<PolicySet, String> {
    let fetched = kit::fetched();
    let (mut drafts, mut installation) = (Vec::new(), Installation::default());
    for text in texts {
        let read = documents(policy_text(text).as_bytes()).map_err(|error| error.to_string())?;
        drafts.extend(read.drafts);
        installation.join(read.installation).map_err(|error| error.to_string())?;
    }
    installation.is_of(&drafts).map_err(|error| error.to_string())?;
    let with_keys = |draft: Draft| draft.under(&installation).into_policy(&fetched);
    let policies =
        drafts.into_iter().map(with_keys).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let set = PolicySet::new(policies).map_err(|error| error.to_string())?;
    Ok(set.under(&installation))
}

/// The decision, and whether evidence was asked for.
pub(crate) fn decide(case: &Case, set: &PolicySet) -> Result<(Decision, bool), String> {
    let image: ImageRef = case.image.parse().map_err(|error| format!("{error}"))?;
    let no_match = match case.no_match.as_deref() {
        None => set.no_match(NoMatch::Deny),
        Some("deny") => NoMatch::Deny,
        Some("warn") => NoMatch::Warn,
        Some("allow") => NoMatch::Allow,
        Some("allow-unmatched") => set.no_match(NoMatch::AllowUnmatched),
        Some(other) => return Err(format!("noMatch `{other}`")),
    };
    let object = case.object.as_ref().map(resource);
    let there = Surroundings { namespace: case.namespace.as_deref(), object: object.as_ref() };
    let pending = match set.before_evidence(&image, there, no_match) {
        Early::Decided(decision) => return Ok((decision, false)),
        Early::NeedsEvidence(pending) => pending,
    };
    let Some(pinned) = image.pinned() else {
        let unresolved = case.unresolved.as_deref().map(|reason| pending.not_resolved(reason));
        return Ok((unresolved.unwrap_or_else(|| pending.not_pinned()), true));
    };
    let now: Timestamp = case.now.parse().map_err(|error| format!("{error}"))?;
    let evidence = evidence(&case.evidence, &pinned, &pending.keys());
    let pairs: Vec<(&Place, &Evidence)> = evidence.iter().collect();
    let decision = pending.decide(&pinned, pinned.repository(), &pairs, now);
    settled_alike(&pending, &pinned, &pairs, now, &decision)?;
    Ok((decision, true))
}

fn resource(object: &Object) -> Resource {
    let (group, version) = object.api_version.split_once('/').unwrap_or(("", &object.api_version));
    Resource {
        group: group.to_owned(),
        version: version.to_owned(),
        kind: object.kind.clone(),
        labels: object.labels.clone().map(Arc::new),
    }
}

/// Gathering may stop if and only if no policy wants anything more.
fn settled_alike(
    pending: &Pending<'_>,
    image: &PinnedRef,
    evidence: &[(&Place, &Evidence)],
    now: Timestamp,
    decision: &Decision,
) -> Result<(), String> {
    let wants_nothing = |policy: &PolicyDecision| {
        policy.signers().is_empty() && policy.verdict() == Verdict::Denied
            || policy.verdict() == Verdict::Allowed && policy.warnings().next().is_none()
    };
    let settled = pending.is_settled(image, image.repository(), evidence, now);
    match settled == decision.policies().iter().all(wants_nothing) {
        true => Ok(()),
        false => Err(format!("settled: {settled}")),
    }
}

/// What was found, by place, checked with `keys`.
pub(crate) fn evidence(found: &[Found], image: &PinnedRef, keys: &[PublicKey]) -> BTreeMap<Place, Evidence> {
    let mut all = BTreeMap::new();
    // The image's own repository was looked at, though nothing was found.
    all.insert(image.repository().clone().into(), Evidence { complete: true, ..Evidence::default() });
    for found in found {
        let place = found.place.as_ref().map_or(image.repository().clone(), |place| place.parse().unwrap());
        let mut evidence = Evidence { complete: !found.stopped, ..Evidence::default() };
        for signature in &found.signatures {
            take(&mut evidence, &place, signed(signature, image), image, keys);
        }
        for _ in 0..found.junk {
            take(&mut evidence, &place, Read::Invalid("no JSON".to_owned()), image, keys);
        }
        let remark =
            |reason: &String| Remark { place: place.to_string(), format: None, reason: reason.clone() };
        evidence.unreachable.extend(found.unreachable.iter().map(remark));
        let tag_prefix = found.tag_prefix.as_ref().map(|prefix| prefix.parse().unwrap());
        all.insert(Place { repository: place, tag_prefix }, evidence);
    }
    all
}

fn take(evidence: &mut Evidence, place: &Repository, read: Read, image: &PinnedRef, keys: &[PublicKey]) {
    evidence.take(read, &place.to_string(), Format::Bundle, &image.digest(), keys);
}

/// Makes the signature.
pub(crate) fn signed(signature: &Signature, image: &PinnedRef) -> Read {
    let digest = signature.states.as_ref().map_or(image.digest(), |digest| digest.parse().unwrap());
    let format = match signature.format {
        FormatName::Bundle => Format::Bundle,
        FormatName::Legacy => Format::Legacy,
    };
    let repository = image.repository();
    kit::signature(
        &signature.by,
        format,
        &repository.docker_reference(),
        &digest,
        &claims(signature, repository),
    )
}

fn claims(signature: &Signature, repository: &Repository) -> Claims {
    let mut claims = Claims::new();
    let build = kit::public("build").unwrap().fingerprint().to_string();
    let usual: &[(&str, &str)] = match signature.like.as_str() {
        "plain" => &[],
        "build" => &[(ROLE, "build"), (SIGNED_AT, "2026-11-20T08:00:00Z")],
        "validation" => &[
            (ROLE, "validation"),
            (SIGNED_AT, "2026-11-20T10:00:00Z"),
            (SCANNED_AT, "2026-11-20T09:00:00Z"),
            (SCAN_RESULT, "pass"),
            (SCAN_RULES, "sha256:rules"),
            (SCANNER, "trivy 0.60"),
            (COUNTERSIGNS, &build),
        ],
        other => panic!("no signature is like `{other}`"),
    };
    for (name, value) in usual {
        claims.set(name, *value);
    }
    if let (Some(claim), true) = (repository.claim(), signature.like != "plain") {
        claims.set(REPOSITORY, claim);
    }
    for (name, value) in &signature.claims {
        let name = if name.contains(['/', '.']) { name.clone() } else { format!("countersign.dev/{name}") };
        match value {
            Some(value) => claims.set(&name, value.clone()),
            None => claims = claims.without(&name),
        }
    }
    claims
}

fn compare(expected: &Decided, decision: &Decision) -> Result<(), String> {
    same("decision", &expected.decision, &word(decision.verdict()))?;
    same("reasonCode", &expected.reason_code, &decision.reason().map(|reason| code(reason.code)))?;
    same_words(&expected.reason, decision.reason())?;
    let names: Vec<&String> = expected.policies.keys().collect();
    let found: Vec<&String> = decision.policies().iter().map(|policy| &policy.name).collect();
    same("policies", &names, &found)?;
    for policy in decision.policies() {
        compare_policy(&expected.policies[&policy.name], policy)
            .map_err(|e| format!("{}: {e}", policy.name))?;
    }
    fragments("warnings", &expected.warnings, &decision.warnings())?;
    fragments("notes", &expected.notes, &decision.notes())
}

fn compare_policy(expected: &ExpectedPolicy, policy: &PolicyDecision) -> Result<(), String> {
    same("decision", &expected.decision, &word(policy.verdict()))?;
    same("reasonCode", &expected.reason_code, &policy.reason().map(|reason| code(reason.code)))?;
    same_words(&expected.reason, policy.reason())?;
    same("anyIsEnough", &expected.any_is_enough, &policy.any_is_enough())?;
    let names: Vec<&String> = expected.signers.keys().collect();
    let mut found: Vec<&String> = policy.signers().iter().map(|signer| &signer.name).collect();
    found.sort();
    same("signers", &names, &found)?;
    for signer in policy.signers() {
        compare_signer(&expected.signers[&signer.name], &signer.outcome)
            .map_err(|error| format!("{}: {error}", signer.name))?;
    }
    Ok(())
}

fn compare_signer(expected: &str, outcome: &Outcome) -> Result<(), String> {
    let (expected_word, more) = match expected.split_once(": ") {
        Some((word, more)) => (word, Some(more)),
        None => (expected, None),
    };
    match outcome {
        Outcome::Satisfied(satisfied) => {
            same("outcome", &expected_word.to_owned(), &"satisfied".to_owned())?;
            let Some(names) = more else { return Ok(()) };
            let mut expected: Vec<_> =
                names.split(", ").map(|name| kit::public(name).unwrap().fingerprint()).collect();
            let mut found: Vec<_> = satisfied.by.iter().map(|signature| signature.key()).collect();
            expected.sort();
            found.sort();
            same("keys", &expected, &found)
        }
        Outcome::Unsatisfied(reason) => {
            let shown = format!("{}: {}", code(reason.code), reason.text);
            same("outcome", &expected_word.to_owned(), &code(reason.code))
                .map_err(|error| format!("{error} ({shown})"))?;
            match more.is_none_or(|fragment| reason.text.contains(fragment)) {
                true => Ok(()),
                false => Err(format!("`{shown}` does not hold `{}`", more.unwrap_or_default())),
            }
        }
    }
}

/// Where words are expected, they are those of the reason.
fn same_words(expected: &Option<String>, found: Option<&Reason>) -> Result<(), String> {
    match expected {
        Some(expected) => same("reason", &Some(expected.as_str()), &found.map(|reason| reason.text.as_str())),
        None => Ok(()),
    }
}

fn fragments(what: &str, expected: &[String], found: &[String]) -> Result<(), String> {
    let fit =
        expected.len() == found.len() && expected.iter().zip(found).all(|(part, whole)| whole.contains(part));
    if fit { Ok(()) } else { Err(format!("{what} are {found:?}, not {expected:?}")) }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, expected: &T, found: &T) -> Result<(), String> {
    if expected == found { Ok(()) } else { Err(format!("{what} is {found:?}, not {expected:?}")) }
}

/// As it stands in JSON.
fn word(verdict: Verdict) -> String {
    serde_json::to_value(verdict).unwrap().as_str().unwrap().to_owned()
}

/// As it stands in JSON.
fn code(code: ReasonCode) -> String {
    serde_json::to_value(code).unwrap().as_str().unwrap().to_owned()
}
