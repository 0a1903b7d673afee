//! What policies would ask of an image, said without any request: keys that are fetched from elsewhere stand here by
//! their reference.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::model::{Action, Mode, SignedFor};
use super::native::{Draft, DraftKey, DraftRequirements, DraftSigner};
use super::signer::OnExpiry;
use crate::model::ImageRef;

/// What one policy would ask of an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Need {
    /// The policy.
    pub policy: String,
    /// Its mode.
    pub mode: Mode,
    /// `RequireSignatures`, `Allow` or `Deny`.
    pub action: &'static str,
    /// Whether it leaves out the image's namespace, so that it is satisfied.
    pub excluded: bool,
    /// Whether it lists the image's digest as revoked.
    pub revoked: bool,
    /// `any`, `same`, or patterns.
    pub signed_for: Vec<String>,
    /// Repositories that are looked in beside the image's own.
    pub signature_repositories: Vec<String>,
    /// The signers, all of them required.
    pub signers: Vec<SignerNeed>,
}

/// What one signer would have to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SignerNeed {
    /// Its name.
    pub name: String,
    /// Its keys, of which any will do: fingerprints of those spelled out, references of the others.
    pub keys: Vec<String>,
    /// The signer whose signature it countersigns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub countersigns: Option<String>,
    /// Claims to be stated, each with the values of which one will do.
    pub claims: BTreeMap<String, Vec<String>>,
    /// How old its signature may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_age: Option<String>,
    /// Whether an older one is let pass with a warning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub on_expiry: Option<&'static str>,
}

/// What the policies that speak of `image` would ask, by name; none where no policy does.
pub fn explain(drafts: &[Draft], image: &ImageRef, namespace: Option<&str>) -> Vec<Need> {
    let matching = drafts.iter().filter(|draft| draft.policy.images.contain(image.repository()));
    let mut needs: Vec<Need> = matching.map(|draft| need(draft, image, namespace)).collect();
    needs.sort_by(|one, other| one.policy.cmp(&other.policy));
    needs
}

fn need(draft: &Draft, image: &ImageRef, namespace: Option<&str>) -> Need {
    let required = draft.required.as_ref();
    let revoked = |required: &DraftRequirements| {
        image.digest().is_some_and(|digest| required.revoked.digests.contains(&digest))
    };
    Need {
        policy: draft.policy.name.clone(),
        mode: draft.policy.mode,
        action: match (required, &draft.policy.action) {
            (Some(_), _) => "RequireSignatures",
            (None, Action::Allow) => "Allow",
            (None, _) => "Deny",
        },
        excluded: namespace.is_some_and(|name| draft.policy.exclude_namespaces.contains(name)),
        revoked: required.is_some_and(revoked),
        signed_for: required.map_or_else(Vec::new, |required| signed_for(&required.signed_for)),
        signature_repositories: required
            .iter()
            .flat_map(|required| required.signature_repositories.iter().map(ToString::to_string))
            .collect(),
        signers: required.iter().flat_map(|required| required.signers.iter().map(signer)).collect(),
    }
}

fn signed_for(signed_for: &SignedFor) -> Vec<String> {
    match signed_for {
        SignedFor::Any => vec!["any".to_owned()],
        SignedFor::Same => vec!["same".to_owned()],
        SignedFor::Patterns(patterns) => patterns.iter().map(ToString::to_string).collect(),
    }
}

fn signer(signer: &DraftSigner) -> SignerNeed {
    let shown = |key: &DraftKey| match key {
        DraftKey::Spelled(key) => key.fingerprint().to_string(),
        DraftKey::From(source) => source.to_string(),
    };
    SignerNeed {
        name: signer.name.clone(),
        keys: signer.keys.iter().map(|(_, key)| shown(key)).collect(),
        countersigns: signer.role.countersigns().map(str::to_owned),
        claims: signer
            .claims
            .iter()
            .map(|(name, values)| (name.to_owned(), values.iter().cloned().collect()))
            .collect(),
        max_age: signer.max_age.map(|max_age| duration(max_age.age)),
        on_expiry: signer.max_age.map(|max_age| match max_age.on_expiry {
            OnExpiry::Deny => "Deny",
            OnExpiry::Warn => "Warn",
        }),
    }
}

/// As people write it, in the greatest unit that fits.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let fits =
        [(86_400, 'd'), (3_600, 'h'), (60, 'm')].into_iter().find(|(unit, _)| seconds.is_multiple_of(*unit));
    let (unit, letter) = fits.unwrap_or((1, 's'));
    format!("{}{letter}", seconds / unit)
}
