//! One authority of a Sigstore policy: a key and where its signatures stand, or a fixed answer.

use super::hash::HashAlgorithm;
use super::read::refuse_unsupported;
use crate::model::{Format, Repository};
use crate::policy::any_of::Origin;
use crate::policy::draft::{
    DraftAlternative, DraftError, DraftGrant, DraftKey, KeySource, Note, Spot, one_public_key,
};
use crate::policy::installation::{NAMESPACE, only_own};
use crate::policy::node::{Field, Members, cut};
use crate::policy::place::TagPrefix;

/// What an authority may have.
const MEMBERS: &[&str] = &[
    "name",
    "key",
    "keyless",
    "static",
    "source",
    "ctlog",
    "attestations",
    "rfc3161timestamp",
    "signatureFormat",
];
/// What of it is not supported, each with why.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("keyless", "signatures with certificates are not verified here; name the signer's key with `key`"),
    ("ctlog", "transparency logs are not asked here; without it the signature of the key is enough"),
    ("rfc3161timestamp", "timestamps of authorities are not verified here"),
    ("attestations", "attestations are not judged here; without them the signature of the key is enough"),
];

/// Reads the authority of that number.
pub(super) fn authority(
    field: &Field<'_>,
    number: usize,
    notes: &mut Vec<Note>,
) -> Result<DraftAlternative, DraftError> {
    let members = field.members(MEMBERS)?;
    refuse_unsupported(&members, UNSUPPORTED)?;
    let grant = match (members.get("key"), members.get("static")) {
        (Some(key), None) => signature(&key, &members, notes)?,
        (None, Some(fixed)) => fixed_answer(&fixed, &members)?,
        (Some(_), Some(fixed)) => {
            return Err(fixed.refuse("an authority has either `key` or `static`, not both"));
        }
        (None, None) => {
            return Err(field.refuse("an authority has `key` or `static`, and this one has neither"));
        }
    };
    let name = match members.get("name") {
        Some(name) if !name.text()?.is_empty() => name.text()?.to_owned(),
        _ => format!("authority-{number}"),
    };
    Ok(DraftAlternative { name, spot: field.spot(), names: None, grant })
}

fn fixed_answer(fixed: &Field<'_>, authority: &Members<'_>) -> Result<DraftGrant, DraftError> {
    if let Some(beside) = authority.get("source") {
        return Err(beside.refuse("it stands beside `static`, which asks for no signature"));
    }
    format(authority)?;
    let members = fixed.members(&["action", "message"])?;
    let message = members.get("message").map(|message| message.text()).transpose()?.unwrap_or_default();
    let action = members.need("action")?;
    match action.text()? {
        "pass" => Ok(DraftGrant::Pass),
        "fail" => Ok(DraftGrant::Fail { message: disallowed(message) }),
        other => Err(action.refuse(format!("`{}` is none of pass, fail", cut(other)))),
    }
}

/// What policy-controller says.
fn disallowed(message: &str) -> String {
    let said = "disallowed by static policy";
    if message.is_empty() { said.to_owned() } else { format!("{said}: {message}") }
}

fn signature(
    key: &Field<'_>,
    authority: &Members<'_>,
    notes: &mut Vec<Note>,
) -> Result<DraftGrant, DraftError> {
    let format = format(authority)?;
    let origin = origin(authority, notes)?;
    if let (Format::Bundle, Some(Origin { tag_prefix: Some(_), .. }), Some(written)) =
        (format, &origin, authority.get("signatureFormat"))
    {
        return Err(written.refuse("bundles stand under no tag, and `tagPrefix` is the beginning of one"));
    }
    let members = key.members(&["data", "secretRef", "kms", "hashAlgorithm"])?;
    let (keys, places) = (vec![public_key(key, &members)?], origin.into_iter().collect());
    let hash = members.get("hashAlgorithm").map(|field| hash(&field)).transpose()?;
    let source = authority.get("source").map(|field| field.spot());
    Ok(DraftGrant::Signature { keys, places, source, format: Some(format), hash })
}

/// The format that signatures must be in. Where none is named, it is the legacy one, there as here.
fn format(authority: &Members<'_>) -> Result<Format, DraftError> {
    let Some(field) = authority.get("signatureFormat") else { return Ok(Format::Legacy) };
    match field.text()? {
        "" | "legacy" => Ok(Format::Legacy),
        "bundle" => Ok(Format::Bundle),
        other => Err(field.refuse(format!("`{}` is none of legacy, bundle", cut(other)))),
    }
}

/// The key, and where it stands.
fn public_key(field: &Field<'_>, members: &Members<'_>) -> Result<(Spot, DraftKey), DraftError> {
    match (members.get("data"), members.get("secretRef"), members.get("kms")) {
        (Some(data), None, None) => {
            let key = one_public_key(data.text()?).map_err(|reason| data.refuse(reason))?;
            Ok((data.spot(), DraftKey::Spelled(key)))
        }
        (None, Some(secret), None) => Ok((secret.spot(), DraftKey::From(secret_ref(&secret)?))),
        (None, None, Some(kms)) => Ok((kms.spot(), DraftKey::From(reference(&kms)?))),
        _ => Err(field.refuse("a key is one of `data`, `secretRef` and `kms`")),
    }
}

/// A secret. policy-controller reads it in its own namespace, whatever is written here.
fn secret_ref(field: &Field<'_>) -> Result<KeySource, DraftError> {
    let members = field.members(&["name", "namespace"])?;
    let name = members.need("name")?.word()?.to_owned();
    if let Some(namespace) = members.get("namespace") {
        only_own(&namespace)?;
    }
    Ok(KeySource::Secret { namespace: NAMESPACE.to_owned(), name })
}

/// A key reference: a scheme, and never a path, which would mean a file beside the policy.
fn reference(field: &Field<'_>) -> Result<KeySource, DraftError> {
    match field.text()? {
        text if text.contains("://") => Ok(KeySource::Reference(text.to_owned())),
        text => Err(field.refuse(format!("`{}` is no reference to a key: it has no scheme", cut(text)))),
    }
}

fn hash(field: &Field<'_>) -> Result<(Spot, HashAlgorithm), DraftError> {
    let hash = field.text()?.parse().map_err(|error| field.refuse(error))?;
    Ok((field.spot(), hash))
}

/// Where signatures stand, if that is not beside the image; policy-controller takes one source.
fn origin(authority: &Members<'_>, notes: &mut Vec<Note>) -> Result<Option<Origin>, DraftError> {
    let Some(field) = authority.get("source") else { return Ok(None) };
    let sources = field.list()?;
    match sources.as_slice() {
        [] => Ok(None),
        [source] => source_origin(source, notes).map(Some),
        _ => Err(field.refuse("only one source is supported, there as here; write an authority for each")),
    }
}

fn source_origin(source: &Field<'_>, notes: &mut Vec<Note>) -> Result<Origin, DraftError> {
    let members = source.members(&["oci", "signaturePullSecrets", "tagPrefix"])?;
    if let Some(secrets) = members.get("signaturePullSecrets") {
        for secret in secrets.list()? {
            secret.members(&["name"])?.need("name")?.word()?;
        }
        let text =
            "registry credentials of the policy are not read here; the command's own are used".to_owned();
        notes.push(Note { spot: secrets.spot(), text });
    }
    let given = |name| members.get(name).filter(|field| field.text() != Ok(""));
    let repository = given("oci").map(|field| repository(&field)).transpose()?;
    let tag_prefix = given("tagPrefix").map(|field| tag_prefix(&field)).transpose()?;
    Ok(Origin { repository, tag_prefix })
}

/// The repository in the place of the image's own. A host alone would be read as an image of Docker Hub there.
fn repository(field: &Field<'_>) -> Result<Repository, DraftError> {
    let text = field.text()?;
    let host = text.split_once('/').map_or("", |(host, _)| host);
    if !host.contains(['.', ':']) {
        return Err(field.refuse("it is `HOST/PATH`, the repository that the signatures stand in"));
    }
    text.parse().map_err(|error| field.refuse(error))
}

fn tag_prefix(field: &Field<'_>) -> Result<TagPrefix, DraftError> {
    field.text()?.parse().map_err(|error| field.refuse(error))
}
