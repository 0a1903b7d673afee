//! What policies would ask of an image, said without any request: keys that are fetched from elsewhere stand here by
//! their reference.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::draft::{
    Draft, DraftAction, DraftAlternative, DraftGrant, DraftKey, DraftRequirements, DraftSigner,
};
use super::model::{Action, Mode, SignedFor};
use super::resource::Speaks;
use super::signer::OnExpiry;
use crate::model::{Format, ImageRef};

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
    /// The objects in which it speaks of the image; none where it does in every one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<String>,
    /// Whether any one of the signers is enough.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub any_is_enough: bool,
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
    /// Where its signatures are looked for, if that is not beside the image.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// The format that its signature must be in, where one is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<Format>,
    /// What it says without a signature: `pass`, or why it is never satisfied.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsigned: Option<String>,
}

/// What the policies that speak of `image` would ask, by name; none where no policy does.
pub fn explain(drafts: &[Draft], image: &ImageRef, namespace: Option<&str>) -> Vec<Need> {
    let matching = drafts.iter().filter(|draft| draft.policy.speaks_of(image, namespace) != Speaks::No);
    let mut needs: Vec<Need> = matching.map(|draft| need(draft, image, namespace)).collect();
    needs.sort_by(|one, other| one.policy.cmp(&other.policy));
    needs
}

fn need(draft: &Draft, image: &ImageRef, namespace: Option<&str>) -> Need {
    let required = match &draft.required {
        DraftAction::Signers(required) => Some(required),
        DraftAction::AsItIs | DraftAction::AnyOf(_) => None,
    };
    let revoked = |required: &DraftRequirements| {
        image.digest().is_some_and(|digest| required.revoked.digests.contains(&digest))
    };
    Need {
        policy: draft.policy.name.clone(),
        mode: draft.policy.mode,
        action: match (&draft.required, &draft.policy.action) {
            (DraftAction::Signers(_) | DraftAction::AnyOf(_), _) => "RequireSignatures",
            (DraftAction::AsItIs, Action::Allow) => "Allow",
            (DraftAction::AsItIs, _) => "Deny",
        },
        excluded: draft.policy.leaves_out(namespace).is_some(),
        revoked: required.is_some_and(revoked),
        signed_for: required.map_or_else(Vec::new, |required| signed_for(&required.signed_for)),
        signature_repositories: required
            .iter()
            .flat_map(|required| required.signature_repositories.iter().map(ToString::to_string))
            .collect(),
        signers: signers(draft, image),
        objects: draft.policy.objects.iter().map(ToString::to_string).collect(),
        any_is_enough: matches!(draft.required, DraftAction::AnyOf(_)),
    }
}

/// The signers, or of alternatives those that speak of the image.
fn signers(draft: &Draft, image: &ImageRef) -> Vec<SignerNeed> {
    match &draft.required {
        DraftAction::AsItIs => Vec::new(),
        DraftAction::Signers(required) => required.signers.iter().map(signer).collect(),
        DraftAction::AnyOf(alternatives) => {
            alternatives.iter().filter(|one| one.speaks_of(image)).map(alternative).collect()
        }
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
    SignerNeed {
        name: signer.name.clone(),
        keys: signer.keys.iter().map(|(_, key)| shown(key)).collect(),
        places: Vec::new(),
        format: None,
        unsigned: None,
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

fn shown(key: &DraftKey) -> String {
    match key {
        DraftKey::Spelled(key) => key.fingerprint().to_string(),
        DraftKey::From(source) => source.to_string(),
    }
}

fn alternative(alternative: &DraftAlternative) -> SignerNeed {
    let (places, format, unsigned) = match &alternative.grant {
        DraftGrant::Signature { places, format, .. } => (places.as_slice(), *format, None),
        DraftGrant::Pass => (&[][..], None, Some("pass".to_owned())),
        DraftGrant::Fail { message } => (&[][..], None, Some(message.clone())),
    };
    SignerNeed {
        name: alternative.name.clone(),
        keys: alternative.keys().iter().map(|(_, key)| shown(key)).collect(),
        countersigns: None,
        claims: BTreeMap::new(),
        max_age: None,
        on_expiry: None,
        places: places.iter().map(|place| place.shown("the image's repository")).collect(),
        format,
        unsigned,
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
