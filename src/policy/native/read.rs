//! From the written form to a draft: every value is read into its type, and every rule that needs no keys is held.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde_saphyr::Spanned;

use super::draft::{Draft, DraftRequirements, spot_of};
use super::signers::signer;
use super::written::{Document, Header, OneOrMany, Revoked, Spec, Text};
use super::{API_VERSION, KIND, NativeError, Spot, written};
use crate::model::yaml::Place;
use crate::model::{Digest, Fingerprint, Repository};
use crate::policy::model::{self, Action, Images, Mode, Policy, SignedFor, names_fit};
use crate::policy::pattern::Pattern;

/// Longest name of a policy (RFC 1123, a subdomain).
const POLICY_NAME_LIMIT: usize = 253;
/// Longest name of a signer or a namespace (RFC 1123, a label).
const LABEL_LIMIT: usize = 63;

/// Whether the document is one of ours.
pub(super) fn header(header: &Header, number: usize) -> Result<(), NativeError> {
    let fields = [("apiVersion", &header.api_version, API_VERSION), ("kind", &header.kind, KIND)];
    for (field, found, expected) in fields {
        match found {
            Some(found) if found.value == expected => {}
            Some(found) => {
                let reason = format!("`{}` is not known here; `{expected}` is expected", found.value);
                return Err(NativeError::at(&spot(found, field), reason));
            }
            None => {
                let nowhere = Spot { place: None, field: field.to_owned() };
                let reason = format!("document {} has none; `{expected}` is expected", number + 1);
                return Err(NativeError::at(&nowhere, reason));
            }
        }
    }
    Ok(())
}

pub(super) fn document(document: Document) -> Result<Draft, NativeError> {
    let name = spot(&document.heading.name, "metadata.name");
    let whole = Spot { place: Place::of(&document.spec), field: "spec".to_owned() };
    let spec = document.spec.value;
    let action = action(&spec)?;
    let mut policy = Policy {
        name: policy_name(&document.heading.name)?,
        mode: mode(&spec)?,
        images: images(&spec.images)?,
        exclude_namespaces: BTreeSet::new(),
        action: Action::Deny,
    };
    for (at, text) in spec.exclude_namespaces.iter().flatten().enumerate() {
        policy.exclude_namespaces.insert(label(text, &format!("spec.excludeNamespaces[{at}]"))?);
    }
    let required = match action {
        Wanted::Signatures => Some(requirements(&spec, &whole)?),
        Wanted::Nothing(action) => {
            asks_for_nothing(&spec, &whole)?;
            policy.action = action;
            None
        }
    };
    Ok(Draft { name, policy, required })
}

/// What an action asks for.
enum Wanted {
    Signatures,
    Nothing(Action),
}

fn action(spec: &Spec) -> Result<Wanted, NativeError> {
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

fn mode(spec: &Spec) -> Result<Mode, NativeError> {
    let modes = [("Enforce", Mode::Enforce), ("Warn", Mode::Warn), ("Audit", Mode::Audit)];
    word(&spec.mode, "spec.mode", modes).map(Option::unwrap_or_default)
}

fn policy_name(text: &Text) -> Result<String, NativeError> {
    let legal = text.value.len() <= POLICY_NAME_LIMIT && text.value.split('.').all(is_label);
    match legal {
        true => Ok(text.value.clone()),
        false => Err(at(text, "metadata.name", "a name is made of a-z, 0-9, - and .")),
    }
}

/// Reads a name of at most 63 of `a-z`, `0-9` and `-`.
pub(super) fn label(text: &Text, field: &str) -> Result<String, NativeError> {
    match text.value.len() <= LABEL_LIMIT && is_label(&text.value) {
        true => Ok(text.value.clone()),
        false => {
            Err(at(text, field, format!("a name is 1 to {LABEL_LIMIT} of a-z, 0-9 and -, not at its ends")))
        }
    }
}

fn is_label(label: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !label.is_empty() && label.bytes().all(legal) && !label.starts_with('-') && !label.ends_with('-')
}

fn images(written: &written::Images) -> Result<Images, NativeError> {
    let include = patterns(&written.include.value, "spec.images.include")?;
    let exclude = patterns(written.exclude.as_deref().unwrap_or_default(), "spec.images.exclude")?;
    let nowhere = Spot { place: Place::of(&written.include), field: "spec.images.include".to_owned() };
    Images::new(include, exclude)
        .ok_or_else(|| NativeError::at(&nowhere, "no pattern: the policy would speak of no image"))
}

fn patterns(texts: &[Text], field: &str) -> Result<Vec<Pattern>, NativeError> {
    each(texts, field)
}

fn requirements(spec: &Spec, whole: &Spot) -> Result<DraftRequirements, NativeError> {
    let written = spec.signers.as_deref().unwrap_or_default();
    let mut signers = Vec::new();
    for (number, one) in written.iter().enumerate() {
        signers.push(signer(one, number)?);
    }
    let names: Vec<_> = signers.iter().map(|one| (one.name.as_str(), one.role.countersigns())).collect();
    names_fit(&names).map_err(|error| {
        let spot = spot_of(&error, &signers);
        NativeError::at(&Spot { place: spot.place.or(whole.place), ..spot }, &error)
    })?;
    let revoked = spec.revoked.as_ref().map(revoked).transpose()?.unwrap_or_default();
    Ok(DraftRequirements {
        signers,
        signature_repositories: signature_repositories(spec)?,
        signed_for: spec.signed_for.as_ref().map_or(Ok(SignedFor::Any), signed_for)?,
        revoked,
    })
}

fn signature_repositories(spec: &Spec) -> Result<Vec<Repository>, NativeError> {
    let (field, texts) = ("spec.signatureRepositories", spec.signature_repositories.as_deref());
    let texts = texts.unwrap_or_default();
    let repositories: Vec<Repository> = each(texts, field)?;
    match repositories.iter().position(|repository| repository.host().is_none()) {
        Some(folder) => {
            let spot =
                Spot { place: texts.get(folder).and_then(Place::of), field: format!("{field}[{folder}]") };
            Err(NativeError::at(&spot, "a policy names repositories in registries, no folders"))
        }
        None => Ok(repositories),
    }
}

fn signed_for(written: &Spanned<OneOrMany>) -> Result<SignedFor, NativeError> {
    let spot = Spot { place: Place::of(written), field: "spec.signedFor".to_owned() };
    match &written.value {
        OneOrMany::One(word) if word == "any" => Ok(SignedFor::Any),
        OneOrMany::One(word) if word == "same" => Ok(SignedFor::Same),
        OneOrMany::Many(texts) if !texts.is_empty() => {
            patterns(texts, "spec.signedFor").map(SignedFor::Patterns)
        }
        OneOrMany::Many(_) => Err(NativeError::at(&spot, "no pattern: no signature would fit")),
        OneOrMany::One(word) => {
            Err(NativeError::at(&spot, format!("`{word}` is neither `any`, `same` nor a list of patterns")))
        }
    }
}

fn revoked(written: &Revoked) -> Result<model::Revoked, NativeError> {
    let digests: Vec<Digest> = each(written.digests.as_deref().unwrap_or_default(), "spec.revoked.digests")?;
    let keys: Vec<Digest> = each(written.keys.as_deref().unwrap_or_default(), "spec.revoked.keys")?;
    Ok(model::Revoked {
        digests: digests.into_iter().collect(),
        keys: keys.into_iter().map(Fingerprint::from).collect(),
    })
}

/// A policy that allows or denies what it matches as it is.
fn asks_for_nothing(spec: &Spec, whole: &Spot) -> Result<(), NativeError> {
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
            Err(NativeError::at(&spot, format!("an action that asks for no signature has no `{field}`")))
        }
    }
}

/// Reads one of some words, if one is written.
pub(super) fn word<T, const N: usize>(
    text: &Option<Text>,
    field: &str,
    words: [(&'static str, T); N],
) -> Result<Option<T>, NativeError> {
    let Some(text) = text else { return Ok(None) };
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let known = known.join(", ");
    match words.into_iter().find(|(word, _)| *word == text.value) {
        Some((_, meaning)) => Ok(Some(meaning)),
        None => Err(at(text, field, format!("`{}` is none of {known}", text.value))),
    }
}

fn each<T: FromStr>(texts: &[Text], field: &str) -> Result<Vec<T>, NativeError>
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
pub(super) fn at(text: &Text, field: &str, reason: impl fmt::Display) -> NativeError {
    NativeError::at(&spot(text, field), reason)
}
