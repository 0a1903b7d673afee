//! From the written form to a draft: every value is read into its type, and every rule that needs no keys is held.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde_saphyr::Spanned;

use super::signers::signer;
use super::written::{self, Document, OneOrMany, Revoked, Spec, Text};
use crate::model::yaml::Place;
use crate::model::{Digest, Fingerprint, Repository};
use crate::policy::draft::{
    Draft, DraftAction, DraftError, DraftRequirements, LABEL_RULE, OBJECT_NAME_RULE, Spot, is_label,
    is_object_name, spot_of,
};
use crate::policy::model::{self, Action, Dialect, Images, Mode, Policy, SignedFor, names_fit};
use crate::policy::pattern::Pattern;

pub(super) fn document(document: Document) -> Result<Draft, DraftError> {
    let name = spot(&document.heading.name, "metadata.name");
    let whole = Spot { place: Place::of(&document.spec), field: "spec".to_owned() };
    let spec = document.spec.value;
    let action = action(&spec)?;
    let mut policy = Policy {
        name: policy_name(&document.heading.name)?,
        dialect: Dialect::Native,
        mode: mode(&spec)?,
        images: images(&spec.images)?,
        objects: Vec::new(),
        exclude_namespaces: BTreeSet::new(),
        action: Action::Deny,
    };
    let mut exclude_namespaces = Vec::new();
    for (at, text) in spec.exclude_namespaces.iter().flatten().enumerate() {
        let field = format!("spec.excludeNamespaces[{at}]");
        exclude_namespaces.push((spot(text, field.as_str()), label(text, &field)?));
    }
    policy.exclude_namespaces = exclude_namespaces.iter().map(|(_, name)| name.clone()).collect();
    let required = match action {
        Wanted::Signatures => DraftAction::Signers(requirements(&spec, &whole)?),
        Wanted::Nothing(action) => {
            asks_for_nothing(&spec, &whole)?;
            policy.action = action;
            DraftAction::AsItIs
        }
    };
    Ok(Draft {
        name,
        policy,
        required,
        exclude_namespaces,
        name_patterns: Vec::new(),
        objects: None,
        notes: Vec::new(),
    })
}

/// What an action asks for.
enum Wanted {
    Signatures,
    Nothing(Action),
}

fn action(spec: &Spec) -> Result<Wanted, DraftError> {
    word(
        &spec.action,
        "spec.action",
        [
            ("RequireSignatures", Wanted::Signatures),
            ("Allow", Wanted::Nothing(Action::Allow)),
            ("Deny", Wanted::Nothing(Action::Deny)),
        ],
    )
    .map(|action| action.unwrap_or(Wanted::Signatures))
}

fn mode(spec: &Spec) -> Result<Mode, DraftError> {
    let modes = [("Enforce", Mode::Enforce), ("Warn", Mode::Warn), ("Audit", Mode::Audit)];
    word(&spec.mode, "spec.mode", modes).map(Option::unwrap_or_default)
}

fn policy_name(text: &Text) -> Result<String, DraftError> {
    match is_object_name(&text.value) {
        true => Ok(text.value.clone()),
        false => Err(at(text, "metadata.name", OBJECT_NAME_RULE)),
    }
}

/// Reads the name of a signer or a namespace.
pub(super) fn label(text: &Text, field: &str) -> Result<String, DraftError> {
    match is_label(&text.value) {
        true => Ok(text.value.clone()),
        false => Err(at(text, field, LABEL_RULE)),
    }
}

fn images(written: &written::Images) -> Result<Images, DraftError> {
    let include = patterns(&written.include.value, "spec.images.include")?;
    let exclude = patterns(written.exclude.as_deref().unwrap_or_default(), "spec.images.exclude")?;
    let nowhere = Spot { place: Place::of(&written.include), field: "spec.images.include".to_owned() };
    Images::new(include, exclude)
        .ok_or_else(|| DraftError::at(&nowhere, "no pattern: the policy would speak of no image"))
}

fn patterns(texts: &[Text], field: &str) -> Result<Vec<Pattern>, DraftError> {
    each(texts, field)
}

fn requirements(spec: &Spec, whole: &Spot) -> Result<DraftRequirements, DraftError> {
    let written = spec.signers.as_deref().unwrap_or_default();
    let mut signers = Vec::new();
    for (number, one) in written.iter().enumerate() {
        signers.push(signer(one, number)?);
    }
    let names: Vec<_> = signers.iter().map(|one| (one.name.as_str(), one.role.countersigns())).collect();
    names_fit(&names).map_err(|error| {
        let spot = spot_of(&error, &signers);
        DraftError::at(&Spot { place: spot.place.or(whole.place), ..spot }, &error)
    })?;
    let revoked = spec.revoked.as_ref().map(revoked).transpose()?.unwrap_or_default();
    Ok(DraftRequirements {
        signers,
        signature_repositories: signature_repositories(spec)?,
        signed_for: spec.signed_for.as_ref().map_or(Ok(SignedFor::Any), signed_for)?,
        revoked,
    })
}

fn signature_repositories(spec: &Spec) -> Result<Vec<Repository>, DraftError> {
    let (field, texts) = ("spec.signatureRepositories", spec.signature_repositories.as_deref());
    let texts = texts.unwrap_or_default();
    let repositories: Vec<Repository> = each(texts, field)?;
    match repositories.iter().position(|repository| repository.host().is_none()) {
        Some(folder) => {
            let spot =
                Spot { place: texts.get(folder).and_then(Place::of), field: format!("{field}[{folder}]") };
            Err(DraftError::at(&spot, "a policy names repositories in registries, no folders"))
        }
        None => Ok(repositories),
    }
}

fn signed_for(written: &Spanned<OneOrMany>) -> Result<SignedFor, DraftError> {
    let spot = Spot { place: Place::of(written), field: "spec.signedFor".to_owned() };
    match &written.value {
        OneOrMany::One(word) if word == "any" => Ok(SignedFor::Any),
        OneOrMany::One(word) if word == "same" => Ok(SignedFor::Same),
        OneOrMany::Many(texts) if !texts.is_empty() => {
            patterns(texts, "spec.signedFor").map(SignedFor::Patterns)
        }
        OneOrMany::Many(_) => Err(DraftError::at(&spot, "no pattern: no signature would fit")),
        OneOrMany::One(word) => {
            Err(DraftError::at(&spot, format!("`{word}` is neither `any`, `same` nor a list of patterns")))
        }
    }
}

fn revoked(written: &Revoked) -> Result<model::Revoked, DraftError> {
    let digests: Vec<Digest> = each(written.digests.as_deref().unwrap_or_default(), "spec.revoked.digests")?;
    let keys: Vec<Digest> = each(written.keys.as_deref().unwrap_or_default(), "spec.revoked.keys")?;
    Ok(model::Revoked {
        digests: digests.into_iter().collect(),
        keys: keys.into_iter().map(Fingerprint::from).collect(),
    })
}

/// A policy that allows or denies what it matches as it is.
fn asks_for_nothing(spec: &Spec, whole: &Spot) -> Result<(), DraftError> {
    let asked = [
        ("signers", spec.signers.is_some()),
        ("signatureRepositories", spec.signature_repositories.is_some()),
        ("signedFor", spec.signed_for.is_some()),
        ("revoked", spec.revoked.is_some()),
    ];
    match asked.iter().find(|(_, given)| *given) {
        None => Ok(()),
        Some((field, _)) => {
            let place = spec.action.as_ref().and_then(Place::of).or(whole.place);
            let spot = Spot { place, field: "spec.action".to_owned() };
            Err(DraftError::at(&spot, format!("an action that asks for no signature has no `{field}`")))
        }
    }
}

/// Reads one of some words, if one is written.
pub(super) fn word<T, const N: usize>(
    text: &Option<Text>,
    field: &str,
    words: [(&'static str, T); N],
) -> Result<Option<T>, DraftError> {
    let Some(text) = text else { return Ok(None) };
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let known = known.join(", ");
    match words.into_iter().find(|(word, _)| *word == text.value) {
        Some((_, meaning)) => Ok(Some(meaning)),
        None => Err(at(text, field, format!("`{}` is none of {known}", text.value))),
    }
}

fn each<T: FromStr>(texts: &[Text], field: &str) -> Result<Vec<T>, DraftError>
where
    T::Err: fmt::Display,
{
    let read = |(number, text): (usize, &Text)| {
        text.value.parse().map_err(|error: T::Err| at(text, &format!("{field}[{number}]"), error))
    };
    texts.iter().enumerate().map(read).collect()
}

/// Where `text` stands.
pub(super) fn spot(text: &Text, field: impl Into<String>) -> Spot {
    Spot { place: Place::of(text), field: field.into() }
}

/// An error that the value of `field` gave.
pub(super) fn at(text: &Text, field: &str, reason: impl fmt::Display) -> DraftError {
    DraftError::at(&spot(text, field), reason)
}
