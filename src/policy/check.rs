//! What is legal in policies and yet likely not meant: warnings of `policy check`. What is not legal never becomes a
//! policy.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::model::{Policy, SignedFor};
use super::signer::{Role, SignerRule};
use crate::model::{Fingerprint, escape_untrusted};

/// Something that may not be meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Warning {
    /// The policy; of several, the first by name.
    pub policy: String,
    /// The signer, where it is about one.
    pub signer: Option<String>,
    /// What, and what to do; escaped.
    pub text: String,
}

/// What may not be meant in `policies`, taken together; in the order of their names.
pub fn check(policies: &[Policy]) -> Vec<Warning> {
    let mut warnings = keys_with_two_meanings(policies);
    warnings.extend(keys_for_several_patterns(policies));
    for policy in policies {
        warnings.extend(revoked_but_no_key(policy));
        for signer in policy.requirements().into_iter().flat_map(|required| required.signers()) {
            let texts = [lasts_forever(signer), needs_claims(policy, signer), all_revoked(policy, signer)];
            warnings.extend(texts.into_iter().flatten().map(|text| Warning {
                policy: policy.name.clone(),
                signer: Some(signer.name.clone()),
                text,
            }));
        }
    }
    warnings.sort();
    warnings
}

/// Every key with the policies and signers that it stands in.
fn uses(policies: &[Policy]) -> BTreeMap<Fingerprint, Vec<(&Policy, &SignerRule)>> {
    let mut uses: BTreeMap<Fingerprint, Vec<_>> = BTreeMap::new();
    for policy in policies {
        for signer in policy.requirements().into_iter().flat_map(|required| required.signers()) {
            let each: BTreeSet<Fingerprint> = signer.keys.iter().map(|key| key.fingerprint()).collect();
            each.into_iter().for_each(|key| uses.entry(key).or_default().push((policy, signer)));
        }
    }
    uses
}

fn keys_with_two_meanings(policies: &[Policy]) -> Vec<Warning> {
    let of_one = |(key, uses): (Fingerprint, Vec<(&Policy, &SignerRule)>)| {
        let signers: BTreeSet<&str> = uses.iter().map(|(_, signer)| signer.name.as_str()).collect();
        let first = uses.iter().map(|(policy, _)| policy.name.as_str()).min()?;
        let places = uses.iter().map(|(policy, signer)| format!("`{}` of `{}`", signer.name, policy.name));
        (signers.len() > 1).then(|| Warning {
            policy: first.to_owned(),
            signer: None,
            text: format!(
                "{key} is a key of different signers: {}; a signature made for one counts for the other",
                escape_untrusted(&places.collect::<Vec<_>>().join(", "))
            ),
        })
    };
    uses(policies).into_iter().filter_map(of_one).collect()
}

fn keys_for_several_patterns(policies: &[Policy]) -> Vec<Warning> {
    let open =
        |policy: &Policy| policy.requirements().is_some_and(|required| required.signed_for == SignedFor::Any);
    let of_one = |(key, uses): (Fingerprint, Vec<(&Policy, &SignerRule)>)| {
        let uses: Vec<&Policy> =
            uses.into_iter().map(|(policy, _)| policy).filter(|policy| open(policy)).collect();
        let patterns: BTreeSet<_> = uses.iter().flat_map(|policy| policy.images.include()).collect();
        let first = uses.iter().map(|policy| policy.name.as_str()).min()?;
        (patterns.len() > 1).then(|| Warning {
            policy: first.to_owned(),
            signer: None,
            text: format!(
                "{key} serves {} patterns without `signedFor`: a signature for an image of one counts when the image \
                 is moved to another; `signedFor: same` prevents that",
                patterns.len()
            ),
        })
    };
    uses(policies).into_iter().filter_map(of_one).collect()
}

fn lasts_forever(signer: &SignerRule) -> Option<String> {
    let countersigns = signer.countersigns()?;
    signer.max_age.is_none().then(|| {
        format!(
            "it countersigns `{}` without `maxAge`: a scan passed once counts forever",
            escape_untrusted(countersigns)
        )
    })
}

/// Signatures of other tools state neither a time nor a repository.
fn needs_claims(policy: &Policy, signer: &SignerRule) -> Option<String> {
    let for_one = policy.requirements().is_some_and(|required| required.signed_for != SignedFor::Any);
    let asked = match (signer.max_age.is_some(), for_one) {
        _ if signer.role != Role::NotValidation => return None,
        (false, false) => return None,
        (true, false) => "`maxAge`",
        (false, true) => "`signedFor`",
        (true, true) => "`maxAge` and `signedFor`",
    };
    Some(format!(
        "plain signatures of cosign and kpack state neither time nor repository, so they never satisfy {asked}; sign \
         with `countersign sign`"
    ))
}

/// A fingerprint that was mistyped revokes nothing. One of a key that was taken out is no mistake, and is named too.
fn revoked_but_no_key(policy: &Policy) -> impl Iterator<Item = Warning> {
    let own: BTreeSet<Fingerprint> = policy.keys().iter().map(|key| key.fingerprint()).collect();
    let revoked = policy.requirements().into_iter().flat_map(|required| &required.revoked.keys);
    revoked.filter(move |key| !own.contains(key)).map(|key| Warning {
        policy: policy.name.clone(),
        signer: None,
        text: format!(
            "`revoked.keys` has {key}, which is no key of this policy: if that is not one that was taken out, check \
             the fingerprint, for it revokes nothing"
        ),
    })
}

fn all_revoked(policy: &Policy, signer: &SignerRule) -> Option<String> {
    let revoked = &policy.requirements()?.revoked.keys;
    let all = signer.keys.iter().all(|key| revoked.contains(&key.fingerprint()));
    all.then(|| "each of its keys is revoked: nothing satisfies it".to_owned())
}
