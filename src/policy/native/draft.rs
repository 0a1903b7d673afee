//! A policy whose keys are still to be fetched.

use std::collections::BTreeMap;
use std::fmt;

use super::{NativeError, Spot};
use crate::model::PublicKey;
use crate::policy::model::{Action, Policy, PolicyError, Requirements, Revoked, SignedFor};
use crate::policy::signer::{MaxAge, Required, Role, SignerRule};

/// Where a key is to be had that a policy does not spell out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeySource {
    /// A ConfigMap with `cosign.pub`.
    ConfigMap {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A secret with `cosign.pub`.
    Secret {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
    },
    /// A key reference as on the command line.
    Reference(String),
}

impl fmt::Display for KeySource {
    /// As a key reference on the command line; escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reference = match self {
            Self::ConfigMap { namespace, name } => format!("k8s-configmap://{namespace}/{name}"),
            Self::Secret { namespace, name } => format!("k8s://{namespace}/{name}"),
            Self::Reference(reference) => reference.clone(),
        };
        f.write_str(&crate::model::escape_untrusted(&reference))
    }
}

/// A policy as written, its keys still to be fetched.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(in crate::policy) name: Spot,
    /// The policy without what it requires.
    pub(in crate::policy) policy: Policy,
    /// What it requires, where it asks for signatures.
    pub(in crate::policy) required: Option<DraftRequirements>,
}

#[derive(Debug, Clone)]
pub(in crate::policy) struct DraftRequirements {
    pub(in crate::policy) signers: Vec<DraftSigner>,
    pub(in crate::policy) signature_repositories: Vec<crate::model::Repository>,
    pub(in crate::policy) signed_for: SignedFor,
    pub(in crate::policy) revoked: Revoked,
}

#[derive(Debug, Clone)]
pub(in crate::policy) struct DraftSigner {
    pub(in crate::policy) name: String,
    pub(in crate::policy) name_spot: Spot,
    pub(in crate::policy) countersigns_spot: Option<Spot>,
    pub(in crate::policy) keys: Vec<(Spot, DraftKey)>,
    pub(in crate::policy) role: Role,
    pub(in crate::policy) claims: Required,
    pub(in crate::policy) max_age: Option<MaxAge>,
}

#[derive(Debug, Clone)]
pub(in crate::policy) enum DraftKey {
    Spelled(PublicKey),
    From(KeySource),
}

impl Draft {
    /// The policy's name.
    pub fn name(&self) -> &str {
        &self.policy.name
    }

    /// Where the name stands.
    pub fn name_spot(&self) -> &Spot {
        &self.name
    }

    /// The keys that are to be fetched, and where they are named.
    pub fn key_sources(&self) -> impl Iterator<Item = (&Spot, &KeySource)> {
        let signers = self.required.iter().flat_map(|required| &required.signers);
        signers.flat_map(|signer| &signer.keys).filter_map(|(spot, key)| match key {
            DraftKey::From(source) => Some((spot, source)),
            DraftKey::Spelled(_) => None,
        })
    }

    /// The policy with the keys that were fetched, by where they came from.
    ///
    /// # Errors
    /// A key is not among them, or one key stands in two signers.
    pub fn into_policy(self, fetched: &BTreeMap<KeySource, PublicKey>) -> Result<Policy, NativeError> {
        let Self { mut policy, required, .. } = self;
        let Some(required) = required else { return Ok(policy) };
        let mut rules = Vec::new();
        for signer in &required.signers {
            rules.push(signer.rule(fetched)?);
        }
        let requirements = Requirements::new(rules);
        let mut requirements =
            requirements.map_err(|error| NativeError::at(&spot_of(&error, &required.signers), &error))?;
        requirements.signature_repositories = required.signature_repositories;
        requirements.signed_for = required.signed_for;
        requirements.revoked = required.revoked;
        policy.action = Action::Require(requirements);
        Ok(policy)
    }
}

impl DraftSigner {
    fn rule(&self, fetched: &BTreeMap<KeySource, PublicKey>) -> Result<SignerRule, NativeError> {
        let keys = self.keys.iter().map(|(spot, key)| match key {
            DraftKey::Spelled(key) => Ok(key.clone()),
            DraftKey::From(source) => {
                fetched.get(source).cloned().ok_or_else(|| NativeError::at(spot, "the key was not fetched"))
            }
        });
        Ok(SignerRule {
            name: self.name.clone(),
            keys: keys.collect::<Result<_, _>>()?,
            role: self.role.clone(),
            claims: self.claims.clone(),
            max_age: self.max_age,
        })
    }
}

/// The field whose fault an error is.
pub(super) fn spot_of(error: &PolicyError, signers: &[DraftSigner]) -> Spot {
    let all = || Spot { place: None, field: "spec.signers".to_owned() };
    let signer = match error {
        PolicyError::NoSigners => return all(),
        PolicyError::NoKeys { signer, .. }
        | PolicyError::SameName { signer, .. }
        | PolicyError::SharedKey { signer, .. }
        | PolicyError::CountersignsItself { signer, .. }
        | PolicyError::CountersignsLater { signer, .. }
        | PolicyError::CountersignsUnknown { signer, .. } => signers.get(*signer),
    };
    let Some(signer) = signer else { return all() };
    let spot = match error {
        PolicyError::SharedKey { number, .. } => signer.keys.get(*number).map(|(spot, _)| spot),
        PolicyError::NoSigners | PolicyError::NoKeys { .. } | PolicyError::SameName { .. } => None,
        PolicyError::CountersignsItself { .. }
        | PolicyError::CountersignsLater { .. }
        | PolicyError::CountersignsUnknown { .. } => signer.countersigns_spot.as_ref(),
    };
    spot.unwrap_or(&signer.name_spot).clone()
}
