//! Policies as they are written, in any dialect, with keys that are still to be fetched. A draft remembers where
//! everything stands, so that errors and advice can name the line.

use std::collections::BTreeMap;
use std::fmt;

use super::any_of::{Alternative, AnyOf, Origin};
use super::installation::Installation;
use super::model::{Action, Dialect, Policy, PolicyError, Requirements, Revoked, SignedFor};
use super::names::NamePattern;
use super::signer::{MaxAge, Required, Role, SignerRule};
use super::sigstore::hash::HashAlgorithm;
pub use super::spot::{DraftError, Note, Spot};
pub(super) use super::spot::{LABEL_RULE, OBJECT_NAME_RULE, is_label, is_object_name, one_public_key};
use crate::model::{Format, ImageRef, PublicKey, Repository, escape_untrusted};

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
        f.write_str(&escape_untrusted(&reference))
    }
}

/// A policy as written, its keys still to be fetched.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(in crate::policy) name: Spot,
    /// The policy without what it requires.
    pub(in crate::policy) policy: Policy,
    /// What it requires.
    pub(in crate::policy) required: DraftAction,
    /// The namespaces that it leaves out, each with its place.
    pub(in crate::policy) exclude_namespaces: Vec<(Spot, String)>,
    /// Where the patterns of names stand that the policy itself has, in their order.
    pub(in crate::policy) name_patterns: Vec<Spot>,
    /// Where it says which objects it speaks of, if it does.
    pub(in crate::policy) objects: Option<Spot>,
    pub(in crate::policy) notes: Vec<Note>,
}

/// What a policy requires, as far as that depends on keys.
#[derive(Debug, Clone)]
pub enum DraftAction {
    /// Nothing that keys are needed for: the policy has its action.
    AsItIs,
    /// All of its signers.
    Signers(DraftRequirements),
    /// Any of its alternatives.
    AnyOf(Vec<DraftAlternative>),
}

/// What a policy requires that asks for all of its signers.
#[derive(Debug, Clone)]
pub struct DraftRequirements {
    /// The signers, in their order.
    pub signers: Vec<DraftSigner>,
    /// Repositories to look for signatures in, beside the image's own.
    pub signature_repositories: Vec<Repository>,
    /// The repository that a signature must have been made for.
    pub signed_for: SignedFor,
    /// Images that are denied at once, and keys that count for no signer.
    pub revoked: Revoked,
}

/// A signer whose keys are still to be fetched.
#[derive(Debug, Clone)]
pub struct DraftSigner {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub name_spot: Spot,
    /// Where it says what it countersigns.
    pub countersigns_spot: Option<Spot>,
    /// Its keys, each with its place.
    pub keys: Vec<(Spot, DraftKey)>,
    /// What is asked of the signature's role.
    pub role: Role,
    /// What its signature must state beside that.
    pub claims: Required,
    /// How old its signature may be.
    pub max_age: Option<MaxAge>,
}

/// One of several ways to satisfy a policy.
#[derive(Debug, Clone)]
pub struct DraftAlternative {
    /// Its name, to be shown.
    pub name: String,
    /// Where the alternative, or its name, stands.
    pub spot: Spot,
    /// The patterns of which one must match, each with its place; nothing where it speaks of all of the policy's images.
    pub names: Option<Vec<(Spot, NamePattern)>>,
    /// What it makes of the images that it speaks of.
    pub grant: DraftGrant,
}

/// What an alternative makes of the images that it speaks of.
#[derive(Debug, Clone)]
pub enum DraftGrant {
    /// A signature satisfies it.
    Signature {
        /// By any of these, each with its place.
        keys: Vec<(Spot, DraftKey)>,
        /// From any of these; where none is named, beside the image.
        places: Vec<Origin>,
        /// Where they are named, if they are.
        source: Option<Spot>,
        /// In this format, where one is asked for.
        format: Option<Format>,
        /// With this hash, where one is named; signatures with it must be read for each of the keys.
        hash: Option<(Spot, HashAlgorithm)>,
    },
    /// It is satisfied.
    Pass,
    /// It is never satisfied.
    Fail {
        /// Why, in the policy's words.
        message: String,
    },
}

/// A key.
#[derive(Debug, Clone)]
pub enum DraftKey {
    /// The policy spells it out.
    Spelled(PublicKey),
    /// It is to be fetched.
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

    /// What it requires.
    pub fn required(&self) -> &DraftAction {
        &self.required
    }

    /// The names of its alternatives that ask for a signature: those of keys, or of authorities.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        let alternatives = match &self.required {
            DraftAction::AnyOf(alternatives) => alternatives.as_slice(),
            DraftAction::AsItIs | DraftAction::Signers(_) => &[],
        };
        alternatives.iter().filter(|one| !one.keys().is_empty()).map(|one| one.name.as_str())
    }

    /// The namespaces that it leaves out, each with its place.
    pub fn exclude_namespaces(&self) -> &[(Spot, String)] {
        &self.exclude_namespaces
    }

    /// Whose form it is written in.
    pub fn dialect(&self) -> Dialect {
        self.policy.dialect
    }

    /// The same policy in that installation.
    pub fn under(mut self, installation: &Installation) -> Self {
        installation.apply(&mut self.policy);
        self
    }

    /// What whoever wrote it is to know.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// The keys that are to be fetched, and where they are named.
    pub fn key_sources(&self) -> impl Iterator<Item = (&Spot, &KeySource)> {
        self.keys().into_iter().filter_map(|(spot, key)| match key {
            DraftKey::From(source) => Some((spot, source)),
            DraftKey::Spelled(_) => None,
        })
    }

    fn keys(&self) -> Vec<(&Spot, &DraftKey)> {
        match &self.required {
            DraftAction::AsItIs => Vec::new(),
            DraftAction::Signers(required) => {
                required.signers.iter().flat_map(|signer| signer.keys.iter().map(borrowed)).collect()
            }
            DraftAction::AnyOf(alternatives) => {
                alternatives.iter().flat_map(DraftAlternative::keys).map(borrowed).collect()
            }
        }
    }

    /// The policy with the keys that were fetched, by where they came from.
    ///
    /// # Errors
    /// A key is not among them, or one key stands in two signers.
    pub fn into_policy(self, fetched: &BTreeMap<KeySource, PublicKey>) -> Result<Policy, DraftError> {
        let Self { name, mut policy, required, .. } = self;
        match required {
            DraftAction::AsItIs => {}
            DraftAction::Signers(required) => policy.action = Action::Require(required.with(fetched)?),
            DraftAction::AnyOf(alternatives) => {
                let alternatives = alternatives.into_iter().map(|one| one.with(fetched));
                let any_of = AnyOf::new(alternatives.collect::<Result<_, _>>()?);
                policy.action = Action::AnyOf(any_of.map_err(|error| DraftError::at(&name, &error))?);
            }
        }
        Ok(policy)
    }
}

fn borrowed((spot, key): &(Spot, DraftKey)) -> (&Spot, &DraftKey) {
    (spot, key)
}

impl DraftRequirements {
    fn with(self, fetched: &BTreeMap<KeySource, PublicKey>) -> Result<Requirements, DraftError> {
        let rules = self.signers.iter().map(|signer| signer.rule(fetched));
        let requirements = Requirements::new(rules.collect::<Result<_, _>>()?);
        let mut requirements =
            requirements.map_err(|error| DraftError::at(&spot_of(&error, &self.signers), &error))?;
        requirements.signature_repositories = self.signature_repositories;
        requirements.signed_for = self.signed_for;
        requirements.revoked = self.revoked;
        Ok(requirements)
    }
}

impl DraftSigner {
    fn rule(&self, fetched: &BTreeMap<KeySource, PublicKey>) -> Result<SignerRule, DraftError> {
        Ok(SignerRule {
            name: self.name.clone(),
            keys: with_keys(&self.keys, fetched)?,
            role: self.role.clone(),
            claims: self.claims.clone(),
            max_age: self.max_age,
        })
    }
}

impl DraftAlternative {
    /// The keys whose signatures satisfy it, each with its place.
    pub fn keys(&self) -> &[(Spot, DraftKey)] {
        match &self.grant {
            DraftGrant::Signature { keys, .. } => keys,
            DraftGrant::Pass | DraftGrant::Fail { .. } => &[],
        }
    }

    /// Whether it speaks of `image`, if the policy does.
    pub fn speaks_of(&self, image: &ImageRef) -> bool {
        self.names.as_ref().is_none_or(|names| names.iter().any(|(_, pattern)| pattern.matches(image)))
    }

    fn with(self, fetched: &BTreeMap<KeySource, PublicKey>) -> Result<Alternative, DraftError> {
        let alternative = match self.grant {
            DraftGrant::Signature { keys, places, format, hash, .. } => {
                let keys = with_keys(&keys, fetched)?;
                hash_is_read(hash.as_ref(), &keys)?;
                let alternative = Alternative::signature(self.name, keys, places);
                let alternative = alternative.map_err(|error| DraftError::at(&self.spot, &error))?;
                format.into_iter().fold(alternative, Alternative::in_format)
            }
            DraftGrant::Pass => Alternative::pass(self.name),
            DraftGrant::Fail { message } => Alternative::fail(self.name, message),
        };
        Ok(match self.names {
            Some(names) => alternative.only_for(names.into_iter().map(|(_, pattern)| pattern).collect()),
            None => alternative,
        })
    }
}

/// Refuses a hash that a policy names, and that is not read for one of the keys.
pub(super) fn hash_is_read(
    hash: Option<&(Spot, HashAlgorithm)>,
    keys: &[PublicKey],
) -> Result<(), DraftError> {
    let Some((spot, hash)) = hash else { return Ok(()) };
    match keys.iter().find(|key| !hash.is_read_for(key.algorithm())) {
        Some(key) => {
            let reason = format!("signatures of {} keys with {hash} are not read", key.algorithm());
            Err(DraftError::at(spot, reason))
        }
        None => Ok(()),
    }
}

fn with_keys(
    keys: &[(Spot, DraftKey)],
    fetched: &BTreeMap<KeySource, PublicKey>,
) -> Result<Vec<PublicKey>, DraftError> {
    let one = |(spot, key): &(Spot, DraftKey)| match key {
        DraftKey::Spelled(key) => Ok(key.clone()),
        DraftKey::From(source) => {
            fetched.get(source).cloned().ok_or_else(|| DraftError::at(spot, "the key was not fetched"))
        }
    };
    keys.iter().map(one).collect()
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
