//! What the installation of a foreign policy engine says beside its policies, as objects among them: the settings of
//! Sigstore's policy-controller, and which namespaces it looks at.

use std::collections::BTreeMap;

use super::draft::{Draft, DraftError, Note, Spot};
use super::model::{Dialect, Policy};
use super::node::{Field, METADATA, Members, cut};
use super::set::{NoMatch, strictest};
use crate::model::escape_untrusted;

/// API version of the objects.
pub(super) const API_VERSION: &str = "v1";
/// The kind of its settings.
pub(super) const SETTINGS_KIND: &str = "ConfigMap";
/// The kind of namespaces.
pub(super) const NAMESPACE_KIND: &str = "Namespace";
/// The ConfigMap that policy-controller reads (its `pkg/config`, v0.14.0).
const SETTINGS_NAME: &str = "config-policy-controller";
/// The namespace that policy-controller runs in, unless it was installed elsewhere (its `config/`, v0.14.0).
pub(super) const NAMESPACE: &str = "cosign-system";
/// The label that a namespace must have for policy-controller to look at it, with the value `true` (its
/// `config/500-webhook-configuration.yaml`, v0.14.0). No label takes a namespace out again.
pub const INCLUDE_LABEL: &str = "policy.sigstore.dev/include";

/// What is known of an installation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Installation {
    no_match: Option<(Spot, Option<NoMatch>)>,
    /// Namespaces, and whether policy-controller looks at them.
    namespaces: BTreeMap<String, (Spot, bool)>,
}

impl Installation {
    /// What an image gets that no policy speaks of, where the settings say so.
    pub fn no_match(&self) -> Option<NoMatch> {
        self.no_match.as_ref().and_then(|(_, setting)| *setting)
    }

    /// What an image gets that none of these policies speaks of, if whoever asks says nothing else.
    pub fn unmatched<'a>(&self, drafts: impl IntoIterator<Item = &'a Draft>) -> NoMatch {
        strictest(drafts.into_iter().map(Draft::dialect), self.no_match(), NoMatch::Deny)
    }

    /// What whoever gave the objects is to know: what is read in them.
    pub fn notes(&self) -> Vec<Note> {
        let settings = self.no_match.iter().map(|(spot, setting)| Note {
            spot: spot.clone(),
            text: format!(
                "the settings of policy-controller: an image that no policy speaks of gets `{}`; where policies of other \
                 forms are given too, the strictest setting counts",
                word(setting.unwrap_or_default())
            ),
        });
        let namespaces = self.namespaces.iter().map(|(name, (spot, looks))| {
            let said = match looks {
                true => format!("has the label {INCLUDE_LABEL}: \"true\", and is checked, as every namespace that is not given"),
                false => format!(
                    "has no label {INCLUDE_LABEL}: \"true\": policies of policy-controller leave out its images"
                ),
            };
            Note { spot: spot.clone(), text: format!("the namespace `{}` {said}", escape_untrusted(name)) }
        });
        settings.chain(namespaces).collect()
    }

    /// Where the settings stand that say what an image gets of which no policy speaks, and what they say.
    pub fn settings(&self) -> Option<(&Spot, NoMatch)> {
        self.no_match.as_ref().and_then(|(spot, setting)| setting.map(|setting| (spot, setting)))
    }

    /// The namespaces that policy-controller does not look at, and where each is named.
    pub fn outside(&self) -> impl Iterator<Item = (&Spot, &str)> {
        let outside = self.namespaces.iter().filter(|(_, (_, looks))| !looks);
        outside.map(|(name, (spot, _))| (spot, name.as_str()))
    }

    /// Whether anything is known.
    pub fn is_empty(&self) -> bool {
        self.no_match.is_none() && self.namespaces.is_empty()
    }

    /// Takes what another file says too.
    ///
    /// # Errors
    /// [`DraftError`]: both speak of the same thing.
    pub fn join(&mut self, other: Self) -> Result<(), DraftError> {
        if let Some((spot, setting)) = other.no_match {
            self.add_settings(spot, setting)?;
        }
        for (name, (spot, looks)) in other.namespaces {
            self.add_namespace(name, spot, looks)?;
        }
        Ok(())
    }

    /// Refuses settings that are settings of nothing.
    ///
    /// # Errors
    /// [`DraftError`]: none of the policies is policy-controller's.
    pub fn is_of<'a>(&self, drafts: impl IntoIterator<Item = &'a Draft>) -> Result<(), DraftError> {
        let is_own = |draft: &Draft| draft.dialect() == Dialect::Sigstore;
        match &self.no_match {
            Some((spot, _)) if !drafts.into_iter().any(is_own) => Err(DraftError::at(
                spot,
                "these are settings of Sigstore's policy-controller, and no policy of it is given; --no-match says the same \
                 for every policy",
            )),
            _ => Ok(()),
        }
    }

    /// Makes a policy of Sigstore's leave out the namespaces that policy-controller does not look at. Of others nothing
    /// is known, and nothing is left out.
    pub fn apply(&self, policy: &mut Policy) {
        if policy.dialect == Dialect::Sigstore {
            policy.exclude_namespaces.extend(self.outside().map(|(_, name)| name.to_owned()));
        }
    }

    fn add_settings(&mut self, spot: Spot, setting: Option<NoMatch>) -> Result<(), DraftError> {
        if self.no_match.is_some() {
            return Err(DraftError::at(&spot, format!("a second ConfigMap `{SETTINGS_NAME}`")));
        }
        self.no_match = Some((spot, setting));
        Ok(())
    }

    fn add_namespace(&mut self, name: String, spot: Spot, looks: bool) -> Result<(), DraftError> {
        if self.namespaces.contains_key(&name) {
            return Err(DraftError::at(&spot, format!("a second Namespace `{name}`")));
        }
        self.namespaces.insert(name, (spot, looks));
        Ok(())
    }

    /// Reads the ConfigMap with the settings. Another ConfigMap is an error: nobody would read it.
    pub(super) fn read_settings(&mut self, document: &Field<'_>) -> Result<(), DraftError> {
        let members = document.members(&["apiVersion", "kind", "metadata", "data", "immutable"])?;
        let metadata = members.need("metadata")?.members(METADATA)?;
        let name = metadata.need("name")?;
        if name.text()? != SETTINGS_NAME {
            let reason =
                format!("`{}`: of ConfigMaps only `{SETTINGS_NAME}` says something here", cut(name.text()?));
            return Err(name.refuse(reason));
        }
        in_own_namespace(&metadata)?;
        let known = &["_example", "no-match-policy", "fail-on-empty-authorities", "enable-oci11"];
        let Some(entries) = members.get("data") else { return self.add_settings(name.spot(), None) };
        let entries = entries.members(known)?;
        for switch in ["fail-on-empty-authorities", "enable-oci11"] {
            entries.get(switch).map(|field| truth(&field)).transpose()?;
        }
        let no_match = entries.get("no-match-policy").map(|field| no_match(&field)).transpose()?;
        // Without the entry policy-controller denies.
        self.add_settings(name.spot(), Some(no_match.unwrap_or(NoMatch::Deny)))
    }

    /// Reads a Namespace.
    pub(super) fn read_namespace(&mut self, document: &Field<'_>) -> Result<(), DraftError> {
        let members = document.members(&["apiVersion", "kind", "metadata", "spec", "status"])?;
        let metadata = members.need("metadata")?.members(METADATA)?;
        let name = metadata.need("name")?;
        let mut looks = false;
        if let Some(labels) = metadata.get("labels") {
            for (label, value) in labels.entries()? {
                looks |= label == INCLUDE_LABEL && value.text()? == "true";
            }
        }
        self.add_namespace(name.label()?.to_owned(), name.spot(), looks)
    }
}

/// Refuses an object in another namespace than policy-controller's: nobody there would read it.
fn in_own_namespace(metadata: &Members<'_>) -> Result<(), DraftError> {
    match metadata.get("namespace") {
        Some(namespace) => only_own(&namespace),
        None => Ok(()),
    }
}

/// Refuses the name of another namespace than the one that policy-controller reads in.
pub(super) fn only_own(namespace: &Field<'_>) -> Result<(), DraftError> {
    match namespace.text()? {
        NAMESPACE => Ok(()),
        other => Err(namespace.refuse(format!(
            "`{}`: policy-controller reads in the namespace that it runs in, `{NAMESPACE}`, and in no other",
            cut(other)
        ))),
    }
}

/// As it stands in the settings.
fn word(no_match: NoMatch) -> &'static str {
    match no_match {
        NoMatch::Allow => "allow",
        NoMatch::Warn | NoMatch::AllowUnmatched => "warn",
        NoMatch::Deny => "deny",
    }
}

fn no_match(field: &Field<'_>) -> Result<NoMatch, DraftError> {
    match field.text()? {
        "deny" => Ok(NoMatch::Deny),
        "warn" => Ok(NoMatch::Warn),
        "allow" => Ok(NoMatch::Allow),
        other => Err(field.refuse(format!("`{}` is none of deny, warn, allow", cut(other)))),
    }
}

/// A truth value as Go reads one (`strconv.ParseBool`).
fn truth(field: &Field<'_>) -> Result<bool, DraftError> {
    match field.text()? {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        other => Err(field.refuse(format!("`{}` is neither true nor false", cut(other)))),
    }
}
