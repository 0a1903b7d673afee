//! Keys as far as they are known before any is fetched: which are one, and which signer each is for.

use std::collections::BTreeSet;

use super::plan::{NativeAction, NativeSigner};
use super::{Change, ChangeKind, change};
use crate::model::{Fingerprint, PublicKey};
use crate::policy::draft::{DraftAlternative, DraftError, DraftKey, KeySource, Spot};

/// Names of the two signers.
const BUILD: &str = "build";
const VALIDATION: &str = "validation";

/// A key, told from others.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity<'a> {
    Spelled(Fingerprint),
    From(&'a KeySource),
}

fn identity(key: &DraftKey) -> Identity<'_> {
    match key {
        DraftKey::Spelled(key) => Identity::Spelled(key.fingerprint()),
        DraftKey::From(source) => Identity::From(source),
    }
}

/// The keys that are spelled out.
pub(super) fn spelled(keys: &[(Spot, DraftKey)]) -> Vec<PublicKey> {
    let spelled = keys.iter().filter_map(|(_, key)| match key {
        DraftKey::Spelled(key) => Some(key.clone()),
        DraftKey::From(_) => None,
    });
    spelled.collect()
}

/// Each key once.
pub(super) fn distinct<'a>(keys: impl Iterator<Item = &'a (Spot, DraftKey)>) -> Vec<&'a DraftKey> {
    let mut seen = BTreeSet::new();
    keys.map(|(_, key)| key).filter(|key| seen.insert(identity(key))).collect()
}

/// Both signatures, each by keys that somebody names.
pub(super) fn two<'a>(
    signing: &[&'a DraftAlternative],
    (build, validation): (&[String], &[String]),
    changes: &mut Vec<Change>,
) -> Result<NativeAction<'a>, DraftError> {
    for one in signing {
        are_told_apart(one, build.contains(&one.name), validation.contains(&one.name))?;
    }
    let of = |names: &[String]| {
        distinct(signing.iter().filter(|one| names.contains(&one.name)).flat_map(|one| one.keys()))
    };
    let (first, second) = (of(build), of(validation));
    are_two(signing, validation, &first)?;
    let Some(here) = signing.first().map(|one| &one.spot) else { return Ok(NativeAction::Deny) };
    for (keys, signer) in [(&first, BUILD), (&second, VALIDATION)] {
        if keys.is_empty() {
            let reason = format!("images that this key is for would have no {signer} key");
            return Err(DraftError::at(here, reason));
        }
    }
    let text = format!(
        "both signatures are required now: one by a key of `{BUILD}`, and one that `countersign validate` made with a \
         key of `{VALIDATION}` after a passing scan"
    );
    changes.push(change(here, ChangeKind::TwoSigners, text));
    Ok(NativeAction::Require(vec![
        NativeSigner { name: BUILD, keys: first, countersigns: None },
        NativeSigner { name: VALIDATION, keys: second, countersigns: Some(BUILD) },
    ]))
}

fn are_told_apart(one: &DraftAlternative, builds: bool, validates: bool) -> Result<(), DraftError> {
    let said = match (builds, validates) {
        (true, false) | (false, true) => return Ok(()),
        (false, false) => "neither as a build key nor as a validation key",
        (true, true) => "both as a build key and as a validation key",
    };
    Err(DraftError::at(&one.spot, format!("the key `{}` is named {said}", one.name)))
}

/// Refuses one key under two names that stand for the two signers: one signature would be both.
fn are_two(
    signing: &[&DraftAlternative],
    validation: &[String],
    build: &[&DraftKey],
) -> Result<(), DraftError> {
    let build: BTreeSet<_> = build.iter().map(|key| identity(key)).collect();
    for one in signing.iter().filter(|one| validation.contains(&one.name)) {
        if let Some((spot, _)) = one.keys().iter().find(|(_, key)| build.contains(&identity(key))) {
            let reason = "it is a build key and a validation key: two signatures would be one";
            return Err(DraftError::at(spot, reason));
        }
    }
    Ok(())
}
