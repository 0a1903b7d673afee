//! From a document to a draft. Fields that the webhook does not have are errors, and so is what it would take without a
//! word and could not be meant: a key that nobody knows, an entry that nothing could satisfy.

use std::collections::BTreeSet;

use super::{NAME, Pattern};
use crate::policy::draft::{
    Draft, DraftAction, DraftAlternative, DraftError, DraftGrant, DraftKey, Note, Spot, one_public_key,
};
use crate::policy::model::{Action, Dialect, Images, Mode, Policy};
use crate::policy::names::NamePattern;
use crate::policy::node::{Field, METADATA, cut};

/// Reads a document, whose kind is known.
///
/// # Errors
/// An unknown field, or a value that makes no sense.
pub(in crate::policy) fn draft(document: &Field<'_>) -> Result<Draft, DraftError> {
    let members = document.members(&["apiVersion", "kind", "metadata", "spec", "status"])?;
    let name = members.need("metadata")?.members(METADATA)?.need("name")?;
    if name.text()? != NAME {
        let reason = format!("`{}`: the webhook reads the one object `{NAME}`", cut(name.text()?));
        return Err(name.refuse(reason));
    }
    let verification = members.need("spec")?.members(&["verification"])?.need("verification")?;
    let verification = verification.members(&["exclude", "keys", "images"])?;
    let exclude_namespaces = verification.get("exclude").map(|field| excluded(&field)).transpose()?;
    let exclude_namespaces = exclude_namespaces.unwrap_or_default();
    let images = verification.need("images")?;
    let entries = images.list()?.iter().map(entry).collect::<Result<Vec<_>, _>>()?;
    let keys = keys(&verification.need("keys")?)?;
    known_names(&entries, &keys)?;
    let patterns = entries.iter().map(|entry| entry.pattern.clone()).collect();
    let images = Images::named(patterns)
        .ok_or_else(|| images.refuse("no image: every image would be one that no pattern matches"))?;
    let policy = Policy {
        name: NAME.to_owned(),
        dialect: Dialect::Tanzu,
        mode: Mode::Enforce,
        images,
        objects: Vec::new(),
        exclude_namespaces: exclude_namespaces.iter().map(|(_, name)| name.clone()).collect(),
        action: Action::Deny,
    };
    let notes = notes(&entries, &keys);
    let alternatives = keys.into_iter().filter_map(|key| alternative(key, &entries)).collect();
    let required = DraftAction::AnyOf(alternatives);
    Ok(Draft {
        name: name.spot(),
        policy,
        required,
        exclude_namespaces,
        name_patterns: entries.into_iter().map(|entry| entry.spot).collect(),
        objects: None,
        notes,
    })
}

/// An entry of `images`.
struct Entry {
    pattern: NamePattern,
    spot: Spot,
    /// The names of its keys.
    keys: Vec<(Spot, String)>,
    secret: Option<Spot>,
    reaches_other_hosts: bool,
}

/// An entry of `keys`.
struct Key {
    name: String,
    name_spot: Spot,
    key: (Spot, DraftKey),
}

fn excluded(exclude: &Field<'_>) -> Result<Vec<(Spot, String)>, DraftError> {
    let Some(resources) = exclude.members(&["resources"])?.get("resources") else { return Ok(Vec::new()) };
    let Some(namespaces) = resources.members(&["namespaces"])?.get("namespaces") else {
        return Ok(Vec::new());
    };
    namespaces.list()?.iter().map(|field| Ok((field.spot(), field.label()?.to_owned()))).collect()
}

fn keys(field: &Field<'_>) -> Result<Vec<Key>, DraftError> {
    let mut keys: Vec<Key> = Vec::new();
    for one in field.list()? {
        let members = one.members(&["name", "publicKey"])?;
        let name = members.need("name")?;
        let public = members.need("publicKey")?;
        if keys.iter().any(|key| Ok(key.name.as_str()) == name.text()) {
            return Err(name.refuse(format!("two keys have the name `{}`", cut(name.text()?))));
        }
        let key = one_public_key(public.text()?).map_err(|reason| public.refuse(reason))?;
        let key = (public.spot(), DraftKey::Spelled(key));
        keys.push(Key { name: name.word()?.to_owned(), name_spot: name.spot(), key });
    }
    Ok(keys)
}

fn entry(field: &Field<'_>) -> Result<Entry, DraftError> {
    let members = field.members(&["namePattern", "keys", "secretRef"])?;
    let written = members.need("namePattern")?;
    let pattern: Pattern = written.text()?.parse().map_err(|error| written.refuse(error))?;
    let listed = members.need("keys")?;
    let mut keys = Vec::new();
    for one in listed.list()? {
        let name = one.members(&["name"])?.need("name")?;
        keys.push((name.spot(), name.word()?.to_owned()));
    }
    if keys.is_empty() {
        return Err(listed.refuse("no key: no image that matches could ever be allowed"));
    }
    let secret = members.get("secretRef");
    if let Some(secret) = &secret {
        let members = secret.members(&["name", "namespace"])?;
        members.need("name")?.word()?;
        members.get("namespace").map(|namespace| namespace.word().map(|_| ())).transpose()?;
    }
    let reaches_other_hosts = pattern.reaches_other_hosts();
    let (pattern, secret) = (NamePattern::Tanzu(pattern), secret.map(|secret| secret.spot()));
    Ok(Entry { pattern, spot: written.spot(), keys, secret, reaches_other_hosts })
}

/// Every key that an entry names is there.
fn known_names(entries: &[Entry], keys: &[Key]) -> Result<(), DraftError> {
    let known: BTreeSet<&str> = keys.iter().map(|key| key.name.as_str()).collect();
    let named = entries.iter().flat_map(|entry| &entry.keys);
    match named.into_iter().find(|(_, name)| !known.contains(name.as_str())) {
        Some((spot, name)) => {
            let reason = format!("no key in spec.verification.keys has the name `{}`", cut(name));
            Err(DraftError::at(spot, reason))
        }
        None => Ok(()),
    }
}

/// The key as an alternative; nothing if no entry names it.
fn alternative(key: Key, entries: &[Entry]) -> Option<DraftAlternative> {
    let names: Vec<(Spot, NamePattern)> = entries
        .iter()
        .filter(|entry| entry.names(&key.name))
        .map(|entry| (entry.spot.clone(), entry.pattern.clone()))
        .collect();
    let Key { name, name_spot, key } = key;
    let grant =
        DraftGrant::Signature { keys: vec![key], places: Vec::new(), source: None, format: None, hash: None };
    (!names.is_empty()).then_some(DraftAlternative { name, spot: name_spot, names: Some(names), grant })
}

impl Entry {
    fn names(&self, key: &str) -> bool {
        self.keys.iter().any(|(_, name)| name == key)
    }
}

fn notes(entries: &[Entry], keys: &[Key]) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |spot: &Spot, text: String| notes.push(Note { spot: spot.clone(), text });
    for key in keys.iter().filter(|key| !entries.iter().any(|entry| entry.names(&key.name))) {
        note(&key.name_spot, "no entry of images names this key, so it counts for nothing".to_owned());
    }
    for entry in entries {
        if entry.reaches_other_hosts {
            note(&entry.spot, "a `*` at an end of the host's name matches hosts of others too".to_owned());
        }
        let distinct: BTreeSet<&str> = entry.keys.iter().map(|(_, name)| name.as_str()).collect();
        if let ([(first, _), ..], 2..) = (entry.keys.as_slice(), distinct.len()) {
            let text = format!(
                "any one of these {} keys is enough; only a native policy can ask for all of them",
                distinct.len()
            );
            note(first, text);
        }
        if let Some(secret) = &entry.secret {
            let text = "registry credentials of the policy are not read here; the command's own are used";
            note(secret, text.to_owned());
        }
    }
    notes
}
