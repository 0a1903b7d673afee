//! A policy: signers, all of them required, each with keys of which any may sign.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::model::{Claims, Fingerprint, PublicKey};

/// Claims that a signature must state: each name, with any of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Required(BTreeMap<String, BTreeSet<String>>);

impl Required {
    /// Whether `claims` has every name with one of its values.
    pub fn hold_in(&self, claims: &Claims) -> bool {
        self.0.iter().all(|(name, values)| claims.get(name).is_some_and(|value| values.contains(value)))
    }

    /// The names, each with its values, as people read them: `a=1|2, b=3`.
    pub fn shown(&self) -> String {
        let shown = |(name, values): (&String, &BTreeSet<String>)| {
            format!("{name}={}", values.iter().cloned().collect::<Vec<_>>().join("|"))
        };
        crate::model::escape_untrusted(&self.0.iter().map(shown).collect::<Vec<_>>().join(", "))
    }
}

impl From<Claims> for Required {
    /// Every claim with exactly its value.
    fn from(claims: Claims) -> Self {
        Self(
            claims
                .iter()
                .map(|(name, value)| (name.to_owned(), BTreeSet::from([value.to_owned()])))
                .collect(),
        )
    }
}

/// A role in a policy: any of its keys may sign.
#[derive(Debug, Clone)]
pub struct SignerRule {
    /// Its name, to be shown.
    pub name: String,
    /// Its keys, at least one.
    pub keys: Vec<PublicKey>,
    /// What its signature must state.
    pub claims: Required,
}

/// What a decision that is not allowed does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Mode {
    /// It stops the image.
    Enforce,
}

/// A policy whose rules hold: at least one signer, each with a key, and no key in two signers.
#[derive(Debug, Clone)]
pub struct Policy {
    name: String,
    mode: Mode,
    signers: Vec<SignerRule>,
}

/// Why signers are no policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A policy without signers would allow everything.
    #[error("no signer is required: that would allow every image")]
    NoSigners,
    /// A signer without keys could never be satisfied.
    #[error("the signer `{0}` has no key")]
    NoKeys(String),
    /// One key would give two signatures.
    #[error("`{first}` and `{second}` are one key ({key}): two signatures would be one")]
    SharedKey {
        /// The signer named first.
        first: String,
        /// The signer named later.
        second: String,
        /// The key.
        key: Fingerprint,
    },
}

impl Policy {
    /// A policy that requires every one of `signers`.
    ///
    /// # Errors
    /// [`PolicyError`].
    pub fn new(name: impl Into<String>, signers: Vec<SignerRule>) -> Result<Self, PolicyError> {
        if signers.is_empty() {
            return Err(PolicyError::NoSigners);
        }
        let mut owners: BTreeMap<Fingerprint, (usize, &str)> = BTreeMap::new();
        for (number, signer) in signers.iter().enumerate() {
            if signer.keys.is_empty() {
                return Err(PolicyError::NoKeys(signer.name.clone()));
            }
            for key in &signer.keys {
                let (owner, first) =
                    *owners.entry(key.fingerprint()).or_insert((number, signer.name.as_str()));
                if owner != number {
                    let (first, second) = (first.to_owned(), signer.name.clone());
                    return Err(PolicyError::SharedKey { first, second, key: key.fingerprint() });
                }
            }
        }
        Ok(Self { name: name.into(), mode: Mode::Enforce, signers })
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does with an image it does not allow.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// Its signers, in their order.
    pub fn signers(&self) -> &[SignerRule] {
        &self.signers
    }

    /// Every key of every signer.
    pub fn keys(&self) -> Vec<PublicKey> {
        self.signers.iter().flat_map(|signer| signer.keys.iter().cloned()).collect()
    }
}
