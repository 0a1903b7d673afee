//! A policy: the images it speaks of, and what it requires of them. Signers are all required; any of a signer's
//! keys may sign. A policy of another tool may have alternatives instead (`any_of`), of which one is enough. How
//! policies are written down is left to the dialects.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::any_of::{Alternative, AnyOf};
pub use super::images::Images;
use super::pattern::Pattern;
use super::place::Place;
use super::resource::{Resource, Speaks, Surroundings};
use super::signer::SignerRule;
use super::sigstore::objects::ObjectMatch;
use crate::model::{Digest, Fingerprint, Format, ImageRef, PublicKey, Repository};

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

/// Whose form a policy is written in. Some words of decisions are the form's own.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Dialect {
    /// This project's.
    #[default]
    Native,
    /// That of the Tanzu image policy webhook.
    Tanzu,
    /// That of Sigstore's policy-controller.
    Sigstore,
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
    /// It has alternatives, of which any one is enough.
    AnyOf(AnyOf),
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
    /// The format that signatures must be in; nothing for any.
    pub format: Option<Format>,
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
    /// Whose form it is written in.
    pub dialect: Dialect,
    /// What it does with an image that it does not allow.
    pub mode: Mode,
    /// The images that it speaks of.
    pub images: Images,
    /// The objects in which it speaks of them: any that fits one of these. Nothing is every object.
    pub objects: Vec<ObjectMatch>,
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
            format: None,
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
            dialect: Dialect::Native,
            mode: Mode::Enforce,
            images: Images::all(),
            objects: Vec::new(),
            exclude_namespaces: BTreeSet::new(),
            action: Action::Require(Requirements::new(signers)?),
        })
    }

    /// What it requires, where it asks for the signatures of all of its signers.
    pub fn requirements(&self) -> Option<&Requirements> {
        match &self.action {
            Action::Require(requirements) => Some(requirements),
            Action::Allow | Action::Deny | Action::AnyOf(_) => None,
        }
    }

    /// Its alternatives, where any one of them is enough.
    pub fn alternatives(&self) -> &[Alternative] {
        match &self.action {
            Action::AnyOf(any_of) => any_of.alternatives(),
            Action::Allow | Action::Deny | Action::Require(_) => &[],
        }
    }

    /// Every key that its signatures are to be checked with, revoked ones too.
    pub fn keys(&self) -> Vec<PublicKey> {
        let required = self.requirements().into_iter().flat_map(Requirements::keys);
        required.chain(self.alternatives().iter().flat_map(Alternative::keys)).cloned().collect()
    }

    /// Where its signatures may stand: `home`, where those of the image are (its own repository, or another that
    /// was asked for), and what the policy names beside it or in its place. Evidence from elsewhere never counts.
    pub fn places(&self, home: &Repository) -> Vec<Place> {
        let mut places = Vec::new();
        let add = |place: Place| {
            if !places.contains(&place) {
                places.push(place);
            }
        };
        match &self.action {
            Action::Allow | Action::Deny => {}
            Action::Require(required) => {
                let beside = required.signature_repositories.iter().cloned();
                [home.clone()].into_iter().chain(beside).map(Place::from).for_each(add);
            }
            Action::AnyOf(any_of) => {
                any_of.alternatives().iter().flat_map(|one| one.places(home)).for_each(add);
            }
        }
        places
    }

    /// Whether it speaks of `image` there.
    pub fn speaks_of<'a>(&self, image: &ImageRef, there: impl Into<Surroundings<'a>>) -> Speaks {
        let there = there.into();
        // A webhook leaves out a namespace with all of its images, whatever their names.
        if self.dialect != Dialect::Native && self.leaves_out(there.namespace).is_some() {
            return Speaks::Surely;
        }
        match self.images.contain(image) {
            true => self.fits(there.object),
            false => Speaks::No,
        }
    }

    /// Whether it speaks of images in `object`. One that nobody knows may be any.
    fn fits(&self, object: Option<&Resource>) -> Speaks {
        match object {
            _ if self.objects.is_empty() => Speaks::Surely,
            None => Speaks::Perhaps,
            Some(object) => self.objects.iter().map(|entry| entry.fits(object)).max().unwrap_or(Speaks::No),
        }
    }

    /// The namespace, if it is one whose images satisfy the policy as they are.
    pub fn leaves_out<'n>(&self, namespace: Option<&'n str>) -> Option<&'n str> {
        namespace.filter(|name| self.exclude_namespaces.contains(*name))
    }

    /// Whether a tag can change what it says of a digest.
    pub fn looks_at_tags(&self) -> bool {
        let own = self.alternatives().iter().any(|alternative| alternative.names().is_some());
        own || !self.images.names().is_empty()
    }
}
