//! From a `ClusterImagePolicy` as it is written to a draft. What policy-controller refuses is refused (its
//! `pkg/apis/policy/v1beta1`, v0.14.0), and so is every field that is not supported here.

use std::collections::BTreeSet;

use super::authority::authority;
use super::glob::Glob;
use super::matching::object_match;
use crate::policy::draft::{Draft, DraftAction, DraftAlternative, DraftError, Note, Spot};
use crate::policy::model::{Action, Dialect, Images, Mode, Policy};
use crate::policy::names::NamePattern;
use crate::policy::node::{Field, METADATA, Members, cut};

/// Reads a document, whose kind is known.
///
/// # Errors
/// A field that nobody knows or that is not supported, or a value that makes no sense.
pub(in crate::policy) fn draft(document: &Field<'_>) -> Result<Draft, DraftError> {
    let members = document.members(&["apiVersion", "kind", "metadata", "spec", "status"])?;
    let name = members.need("metadata")?.members(METADATA)?.need("name")?;
    let spec = members.need("spec")?.members(&["images", "authorities", "policy", "mode", "match"])?;
    let rules = "rules in CUE and Rego over signatures are not run here; a native policy can ask for several signers, \
                 claims and an age";
    refuse_unsupported(&spec, &[("policy", rules)])?;
    let mut notes = Vec::new();
    let (images, name_patterns) = images(&spec.need("images")?, &mut notes)?;
    let mode = mode(&spec)?;
    let objects = match spec.get("match") {
        Some(entries) => entries.list()?.iter().map(object_match).collect::<Result<_, _>>()?,
        None => Vec::new(),
    };
    let required = DraftAction::AnyOf(authorities(&spec.need("authorities")?, &mut notes)?);
    let policy = Policy {
        name: name.object_name()?.to_owned(),
        dialect: Dialect::Sigstore,
        mode,
        images,
        objects,
        exclude_namespaces: BTreeSet::new(),
        action: Action::Deny,
    };
    Ok(Draft {
        name: name.spot(),
        policy,
        required,
        exclude_namespaces: Vec::new(),
        name_patterns,
        objects: spec.get("match").map(|field| field.spot()),
        notes,
    })
}

/// Refuses what is written and not supported; each with why, and what to do.
pub(super) fn refuse_unsupported(members: &Members<'_>, fields: &[(&str, &str)]) -> Result<(), DraftError> {
    match fields.iter().find_map(|(name, why)| Some((members.get(name)?, why))) {
        Some((field, why)) => Err(field.refuse(format!("not supported: {why}"))),
        None => Ok(()),
    }
}

/// The globs, and where each stands.
fn images(field: &Field<'_>, notes: &mut Vec<Note>) -> Result<(Images, Vec<Spot>), DraftError> {
    let (mut globs, mut spots) = (Vec::new(), Vec::new());
    for image in field.list()? {
        let written = image.members(&["glob"])?.need("glob")?;
        let glob: Glob = written.text()?.parse().map_err(|error| written.refuse(error))?;
        if glob.matches_nothing() {
            let text = "no image matches: a glob is held against `HOST/PATH@sha256:…`, without a tag, where Docker Hub is \
                        `index.docker.io`; end it with `*`"
                .to_owned();
            notes.push(Note { spot: written.spot(), text });
        }
        globs.push(NamePattern::Sigstore(glob));
        spots.push(written.spot());
    }
    let images = Images::named(globs);
    Ok((images.ok_or_else(|| field.refuse("no image: the policy would speak of nothing"))?, spots))
}

fn mode(spec: &Members<'_>) -> Result<Mode, DraftError> {
    let Some(field) = spec.get("mode") else { return Ok(Mode::Enforce) };
    match field.text()? {
        // What the object's default fills in.
        "" | "enforce" => Ok(Mode::Enforce),
        "warn" => Ok(Mode::Warn),
        other => Err(field.refuse(format!("`{}` is none of enforce, warn", cut(other)))),
    }
}

/// The authorities. One without any could not be satisfied: policy-controller refuses it, unless
/// `fail-on-empty-authorities` is `false`, and then lets every image through, which nobody is likely to mean.
fn authorities(field: &Field<'_>, notes: &mut Vec<Note>) -> Result<Vec<DraftAlternative>, DraftError> {
    let authorities: Vec<_> = field
        .list()?
        .iter()
        .enumerate()
        .map(|(number, one)| authority(one, number, notes))
        .collect::<Result<_, _>>()?;
    match authorities.is_empty() {
        true => {
            Err(field
                .refuse("no authority: write one with `static`, which says what is to become of the images"))
        }
        false => Ok(authorities),
    }
}
