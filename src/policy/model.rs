//! A policy: the images it speaks of, and what it requires of them. Signers are all required; any of a signer's
//! keys may sign. How policies are written down is left to the dialects.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::pattern::Pattern;
use super::signer::SignerRule;
use crate::model::{Digest, Fingerprint, PublicKey, Repository};

/// What a decision that is not allowed does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// It stops the image.
    #[default]
    Enforce,
    /// The image counts as allowed, with a warning.
    Warn,
    /// The image counts as allowed, with a line in the report.
    Audit,
}

/// The images that a policy speaks of; at least one pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images {
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
}

/// What a policy does with its images.
#[derive(Debug, Clone)]
pub enum Action {
    /// It is satisfied, and only it.
    Allow,
    /// It denies them, whatever other policies say.
    Deny,
    /// It asks for signatures.
    Require(Requirements),
}

/// The repository that a signature must have been made for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum SignedFor {
    /// Any, or none.
    #[default]
    Any,
    /// The image's own.
    Same,
    /// One that matches one of these.
    Patterns(Vec<Pattern>),
}

/// What a policy requires: its signers, all of them, of which no two share a key.
#[derive(Debug, Clone)]
pub struct Requirements {
    signers: Vec<SignerRule>,
    /// Repositories to look for signatures in, beside the image's own.
    pub signature_repositories: Vec<Repository>,
    /// The repository that a signature must have been made for.
    pub signed_for: SignedFor,
    /// Images that are denied at once, and keys that count for no signer.
    pub revoked: Revoked,
}

/// What counts no longer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    /// Images that are denied at once.
    pub digests: BTreeSet<Digest>,
    /// Keys that count for no signer.
    pub keys: BTreeSet<Fingerprint>,
}

/// A policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// What it does with an image that it does not allow.
    pub mode: Mode,
    /// The images that it speaks of.
    pub images: Images,
    /// Namespaces whose images satisfy it as they are.
    pub exclude_namespaces: BTreeSet<String>,
    /// What it does with its images.
    pub action: Action,
}

/// Why signers are no policy. Numbers count from 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A policy without signers would allow everything.
    #[error("no signer is required: that would allow every image")]
    NoSigners,
    /// A signer without keys could never be satisfied.
    #[error("the signer `{name}` has no key")]
    NoKeys {
        /// The signer.
        name: String,
        /// Its number.
        signer: usize,
    },
    /// Two signers of one name.
    #[error("two signers have the name `{name}`")]
    SameName {
        /// Their name.
        name: String,
        /// The number of the later one.
        signer: usize,
    },
    /// One key would give two signatures.
    #[error("`{first}` and `{second}` are one key ({key}): two signatures would be one")]
    SharedKey {
        /// The signer named first.
        first: String,
        /// The signer named later.
        second: String,
        /// The key.
        key: Fingerprint,
        /// The number of the later signer.
        signer: usize,
        /// The number of the key in it.
        number: usize,
    },
    /// A signature cannot countersign itself.
    #[error("the signer `{name}` countersigns itself")]
    CountersignsItself {
        /// The signer.
        name: String,
        /// Its number.
        signer: usize,
    },
    /// What is countersigned was signed before.
    #[error("the signer `{name}` countersigns `{other}`, which does not stand before it")]
    CountersignsLater {
        /// The signer.
        name: String,
        /// What it countersigns.
        other: String,
        /// The number of the signer.
        signer: usize,
    },
    /// There is no such signer.
    #[error("the signer `{name}` countersigns `{other}`, and no signer has that name")]
    CountersignsUnknown {
        /// The signer.
        name: String,
        /// What it countersigns.
        other: String,
        /// The number of the signer.
        signer: usize,
    },
}

impl Images {
    /// The images that match one of `include` and none of `exclude`; nothing if `include` is empty.
    pub fn new(include: Vec<Pattern>, exclude: Vec<Pattern>) -> Option<Self> {
        (!include.is_empty()).then_some(Self { include, exclude })
    }

    /// Every image.
    pub fn all() -> Self {
        Self { include: vec![Pattern::everything()], exclude: Vec::new() }
    }

    /// The patterns of which one must match.
    pub fn include(&self) -> &[Pattern] {
        &self.include
    }

    /// The patterns of which none may match.
    pub fn exclude(&self) -> &[Pattern] {
        &self.exclude
    }

    /// Whether `repository` is among them.
    pub fn contain(&self, repository: &Repository) -> bool {
        let matches = |pattern: &Pattern| pattern.matches(repository);
        self.include.iter().any(matches) && !self.exclude.iter().any(matches)
    }
}

impl Requirements {
    /// Every one of `signers` is required; signatures stand beside the image, for any repository, and nothing is
    /// revoked.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn new(signers: Vec<SignerRule>) -> Result<Self, PolicyError> {
        keys_differ(&signers)?;
        names_fit(&signers.iter().map(|rule| (rule.name.as_str(), rule.countersigns())).collect::<Vec<_>>())?;
        Ok(Self {
            signers,
            signature_repositories: Vec::new(),
            signed_for: SignedFor::Any,
            revoked: Revoked::default(),
        })
    }

    /// The signers, in their order.
    pub fn signers(&self) -> &[SignerRule] {
        &self.signers
    }

    /// Every key of every signer, those that are revoked too: their signatures are evidence of what happened.
    pub fn keys(&self) -> impl Iterator<Item = &PublicKey> {
        self.signers.iter().flat_map(|signer| &signer.keys)
    }
}

/// The rules that need no keys: names differ, and what is countersigned stands before. `signers` are their names,
/// each with what it countersigns.
///
/// # Errors
/// [`PolicyError`].
pub(super) fn names_fit(signers: &[(&str, Option<&str>)]) -> Result<(), PolicyError> {
    if signers.is_empty() {
        return Err(PolicyError::NoSigners);
    }
    for (signer, (name, countersigns)) in signers.iter().enumerate() {
        let at = |wanted: &str| signers.iter().position(|(name, _)| *name == wanted);
        let name = (*name).to_owned();
        if at(&name).is_some_and(|first| first < signer) {
            return Err(PolicyError::SameName { name, signer });
        }
        let Some(other) = countersigns.map(str::to_owned) else { continue };
        match at(&other) {
            Some(earlier) if earlier < signer => {}
            Some(itself) if itself == signer => return Err(PolicyError::CountersignsItself { name, signer }),
            Some(_) => return Err(PolicyError::CountersignsLater { name, other, signer }),
            None => return Err(PolicyError::CountersignsUnknown { name, other, signer }),
        }
    }
    Ok(())
}

fn keys_differ(signers: &[SignerRule]) -> Result<(), PolicyError> {
    let mut owners: BTreeMap<Fingerprint, (usize, &str)> = BTreeMap::new();
    for (signer, rule) in signers.iter().enumerate() {
        if rule.keys.is_empty() {
            return Err(PolicyError::NoKeys { name: rule.name.clone(), signer });
        }
        for (number, key) in rule.keys.iter().map(PublicKey::fingerprint).enumerate() {
            let (owner, first) = *owners.entry(key).or_insert((signer, rule.name.as_str()));
            if owner != signer {
                let (first, second) = (first.to_owned(), rule.name.clone());
                return Err(PolicyError::SharedKey { first, second, key, signer, number });
            }
        }
    }
    Ok(())
}

impl Policy {
    /// A policy for every image, enforced, that requires every one of `signers`.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn new(name: impl Into<String>, signers: Vec<SignerRule>) -> Result<Self, PolicyError> {
        Ok(Self {
            name: name.into(),
            mode: Mode::Enforce,
            images: Images::all(),
            exclude_namespaces: BTreeSet::new(),
            action: Action::Require(Requirements::new(signers)?),
        })
    }

    /// What it requires, where it asks for signatures.
    pub fn requirements(&self) -> Option<&Requirements> {
        match &self.action {
            Action::Require(requirements) => Some(requirements),
            Action::Allow | Action::Deny => None,
        }
    }

    /// Every key that its signatures are to be checked with, revoked ones too.
    pub fn keys(&self) -> Vec<PublicKey> {
        self.requirements().into_iter().flat_map(|required| required.keys().cloned()).collect()
    }

    /// Where its signatures may stand: `home`, where those of the image are (its own repository, or another that
    /// was asked for), and what the policy names beside it. Evidence from elsewhere never counts.
    pub fn places(&self, home: &Repository) -> Vec<Repository> {
        let mut places = vec![home.clone()];
        for place in self.requirements().into_iter().flat_map(|required| &required.signature_repositories) {
            if !places.contains(place) {
                places.push(place.clone());
            }
        }
        places
    }
}
