//! A signer: a role in a policy, with the keys of which any may sign, and what its signature must state.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::{Claims, PublicKey};

/// Claims that a signature must state: each name, with any of its values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Required(BTreeMap<String, BTreeSet<String>>);

impl Required {
    /// Whether `claims` has every name with one of its values.
    pub fn hold_in(&self, claims: &Claims) -> bool {
        self.0.iter().all(|(name, values)| claims.get(name).is_some_and(|value| values.contains(value)))
    }

    /// The names, each with its values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeSet<String>)> {
        self.0.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// The names, each with its values, as people read them: `a=1|2, b=3`; escaped.
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

impl FromIterator<(String, BTreeSet<String>)> for Required {
    fn from_iter<I: IntoIterator<Item = (String, BTreeSet<String>)>>(members: I) -> Self {
        Self(members.into_iter().collect())
    }
}

/// What a signer asks of a signature's role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// Nothing: `verify` does not ask for roles.
    Any,
    /// Any role but `validation`, or none: the signatures of other tools have none.
    NotValidation,
    /// The role `validation`, a passing scan, and a signature by that earlier signer, which it names by its key.
    Countersigns(String),
}

impl Role {
    /// The signer whose signature is countersigned.
    pub fn countersigns(&self) -> Option<&str> {
        match self {
            Self::Countersigns(earlier) => Some(earlier),
            Self::Any | Self::NotValidation => None,
        }
    }
}

/// How old a signature may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxAge {
    /// Counted from the older of the times it states.
    pub age: Duration,
    /// What an older one does.
    pub on_expiry: OnExpiry,
}

/// What a signature does that is older than a signer's `maxAge`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnExpiry {
    /// It does not satisfy the signer.
    #[default]
    Deny,
    /// It satisfies the signer, with a warning.
    Warn,
}

/// A role in a policy: any of its keys may sign.
#[derive(Debug, Clone)]
pub struct SignerRule {
    /// Its name, to be shown.
    pub name: String,
    /// Its keys, at least one; those that are revoked too.
    pub keys: Vec<PublicKey>,
    /// What is asked of the signature's role.
    pub role: Role,
    /// What its signature must state beside that.
    pub claims: Required,
    /// How old its signature may be, if that matters.
    pub max_age: Option<MaxAge>,
}

impl SignerRule {
    /// A signer of any role whose signature must state `claims`, as `verify` asks for.
    pub fn of_any_role(name: impl Into<String>, keys: Vec<PublicKey>, claims: Required) -> Self {
        Self { name: name.into(), keys, role: Role::Any, claims, max_age: None }
    }

    /// The signer that its signature countersigns.
    pub fn countersigns(&self) -> Option<&str> {
        self.role.countersigns()
    }
}
