//! Policies of other tools in the native form: the same decisions, or a word about each that would be another. What
//! cannot be said in the native form is refused, with its line; nothing is guessed.

mod groups;
mod patterns;
mod text;

use serde::Serialize;

use super::draft::{Draft, DraftAction, DraftAlternative, DraftError, DraftGrant, DraftKey, Spot};
use super::model::{Dialect, Mode};
use super::pattern::Pattern;
use crate::model::{Repository, escape_untrusted};
use groups::Group;

/// Name of the signer where any key will do.
const ANY: &str = "signed";
/// Names of the two signers.
const BUILD: &str = "build";
const VALIDATION: &str = "validation";

/// What signers the native form gets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Signers {
    /// One signer with all keys, any of which is enough, as it was.
    #[default]
    Any,
    /// Two, both required: keys by their names in the policy, or by those of authorities.
    Two {
        /// Keys of the build signature.
        build: Vec<String>,
        /// Keys of the validation signature, which countersigns the first.
        validation: Vec<String>,
    },
}

/// In which way a decision may be another than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeKind {
    /// A signature in the role `validation` does not count for a signer that countersigns nothing.
    ValidationRole,
    /// A signature that states a time to come, or no time where one should stand, does not count.
    SigningTime,
    /// Signatures beside the image count too.
    BesideTheImage,
    /// Signatures of the other format count too.
    BothFormats,
    /// An excluded namespace is left out only where a policy speaks of the image.
    ExcludedWithoutPolicy,
    /// Namespaces are left out by their names and no longer by a label.
    NamespaceLabels,
    /// Both signatures are required.
    TwoSigners,
    /// The words are others, or are lost; no decision changes.
    Words,
    /// Something that never decided is left out.
    LeftOut,
}

/// A change of meaning, and where it comes from. Texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The field in the policy that was converted.
    pub spot: Spot,
    /// In which way.
    pub kind: ChangeKind,
    /// What changes.
    pub text: String,
}

/// Policies in the native form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversion {
    /// YAML, one document a policy.
    pub policies: String,
    /// What changes in meaning, in the order of the lines.
    pub changes: Vec<Change>,
    /// Names of keys that could be told apart as build and validation keys, where there are several.
    pub keys: Vec<String>,
}

/// A native policy to be written.
struct Native<'a> {
    name: String,
    mode: Mode,
    include: Vec<Pattern>,
    exclude: Vec<Pattern>,
    exclude_namespaces: Vec<String>,
    signature_repositories: Vec<Repository>,
    action: NativeAction<'a>,
}

enum NativeAction<'a> {
    Allow,
    Deny,
    Require(Vec<NativeSigner<'a>>),
}

struct NativeSigner<'a> {
    name: &'static str,
    keys: Vec<&'a DraftKey>,
    countersigns: Option<&'static str>,
}

/// Writes `draft` in the native form.
///
/// # Errors
/// Every field that the native form cannot say.
pub fn convert(draft: &Draft, signers: &Signers) -> Result<Conversion, Vec<DraftError>> {
    let DraftAction::AnyOf(alternatives) = draft.required() else {
        return Err(vec![DraftError::at(draft.name_spot(), "the policy is in the native form already")]);
    };
    let mut refused = Vec::new();
    if !draft.policy.objects.is_empty() {
        let spot = Spot { place: draft.name_spot().place, field: "spec.match".to_owned() };
        refused.push(DraftError::at(&spot, "it speaks of objects, and native policies speak of images"));
    }
    let places = alternatives.iter().map(places).collect::<Result<Vec<_>, _>>();
    let groups = groups::groups(draft, alternatives);
    match (places, groups, refused.is_empty()) {
        (Ok(places), Ok(groups), true) => {
            Converting { draft, alternatives, signers }.written(&places, groups)
        }
        (places, groups, _) => {
            refused.extend(places.err());
            refused.extend(groups.err().unwrap_or_default());
            Err(refused)
        }
    }
}

/// Where an alternative's signatures stand, if the native form can say it; none for beside the image.
fn places(alternative: &DraftAlternative) -> Result<Vec<Repository>, DraftError> {
    let refuse = |reason: &str| Err(DraftError::at(&alternative.spot, reason));
    let DraftGrant::Signature { places, .. } = &alternative.grant else { return Ok(Vec::new()) };
    if places.iter().any(|place| place.tag_prefix.is_some()) {
        return refuse("`tagPrefix` has no native form: native policies look at the usual tags");
    }
    Ok(places.iter().filter_map(|place| place.repository.clone()).collect())
}

/// One policy that is being converted.
struct Converting<'a> {
    draft: &'a Draft,
    alternatives: &'a [DraftAlternative],
    signers: &'a Signers,
}

impl<'a> Converting<'a> {
    fn written(&self, places: &[Vec<Repository>], groups: Vec<Group>) -> Result<Conversion, Vec<DraftError>> {
        let several = groups.len() > 1;
        let mut changes = Vec::new();
        let mut natives = Vec::new();
        for (number, group) in groups.into_iter().enumerate() {
            let name = match several {
                true => format!("{}-{}", self.draft.name(), number + 1),
                false => self.draft.name().to_owned(),
            };
            let native = self.native(name, group, places, &mut changes);
            natives.push(native.map_err(|error| vec![error])?);
        }
        self.general(&natives, &mut changes);
        changes.sort_by_key(|change| change.spot.place.map(|place| (place.line, place.column)));
        changes.dedup();
        Ok(Conversion { policies: text::documents(&natives), changes, keys: self.names() })
    }

    fn native(
        &self,
        name: String,
        group: Group,
        places: &[Vec<Repository>],
        changes: &mut Vec<Change>,
    ) -> Result<Native<'a>, DraftError> {
        let Group { include, exclude, alternatives } = group;
        let mut signature_repositories: Vec<Repository> = Vec::new();
        let action = self.action(&alternatives, changes)?;
        if let NativeAction::Require(_) = action {
            let mut named = alternatives.iter().filter(|at| self.signs(**at)).map(|at| &places[*at]);
            signature_repositories = named.next().cloned().unwrap_or_default();
            if named.any(|other| *other != signature_repositories) {
                let reason =
                    "authorities look in different repositories, and native signers look in all of them";
                return Err(DraftError::at(self.draft.name_spot(), reason));
            }
        }
        Ok(Native {
            name,
            mode: self.draft.policy.mode,
            include,
            exclude,
            exclude_namespaces: self
                .draft
                .exclude_namespaces()
                .iter()
                .map(|(_, name)| name.clone())
                .collect(),
            signature_repositories,
            action,
        })
    }

    fn signs(&self, alternative: usize) -> bool {
        matches!(
            self.alternatives.get(alternative),
            Some(DraftAlternative { grant: DraftGrant::Signature { .. }, .. })
        )
    }

    /// What becomes of images that these alternatives speak of.
    fn action(
        &self,
        alternatives: &[usize],
        changes: &mut Vec<Change>,
    ) -> Result<NativeAction<'a>, DraftError> {
        let these: Vec<&'a DraftAlternative> =
            alternatives.iter().filter_map(|at| self.alternatives.get(*at)).collect();
        if these.iter().any(|one| matches!(one.grant, DraftGrant::Pass)) {
            let others = these.iter().filter(|one| !matches!(one.grant, DraftGrant::Pass));
            changes.extend(others.map(|one| {
                change(&one.spot, ChangeKind::LeftOut, "left out: another authority lets every image pass")
            }));
            return Ok(NativeAction::Allow);
        }
        for one in &these {
            if let DraftGrant::Fail { message } = &one.grant {
                let text = format!("never satisfied, and its message is lost: {}", escape_untrusted(message));
                changes.push(change(&one.spot, ChangeKind::Words, text));
            }
        }
        let signing: Vec<&DraftAlternative> =
            these.into_iter().filter(|one| !one.keys().is_empty()).collect();
        match (signing.is_empty(), self.signers) {
            (true, _) => Ok(NativeAction::Deny),
            (false, Signers::Any) => {
                let keys = distinct(signing.iter().flat_map(|one| one.keys()));
                Ok(NativeAction::Require(vec![NativeSigner { name: ANY, keys, countersigns: None }]))
            }
            (false, Signers::Two { build, validation }) => self.two(&signing, build, validation, changes),
        }
    }

    /// Both signatures, each by keys that somebody names.
    fn two(
        &self,
        signing: &[&'a DraftAlternative],
        build: &[String],
        validation: &[String],
        changes: &mut Vec<Change>,
    ) -> Result<NativeAction<'a>, DraftError> {
        let of = |names: &[String]| {
            distinct(signing.iter().filter(|one| names.contains(&one.name)).flat_map(|one| one.keys()))
        };
        let (first, second) = (of(build), of(validation));
        let here = || signing.first().map_or(self.draft.name_spot(), |one| &one.spot);
        let unnamed =
            signing.iter().find(|one| !build.contains(&one.name) && !validation.contains(&one.name));
        if let Some(one) = unnamed {
            let reason =
                format!("the key `{}` is named neither as a build key nor as a validation key", one.name);
            return Err(DraftError::at(&one.spot, reason));
        }
        for (keys, signer) in [(&first, BUILD), (&second, VALIDATION)] {
            if keys.is_empty() {
                let reason = format!("images that this key is for would have no {signer} key");
                return Err(DraftError::at(here(), reason));
            }
        }
        let text = format!(
            "both signatures are required now: one by a key of `{BUILD}`, and one that `countersign validate` made with a \
             key of `{VALIDATION}` after a passing scan"
        );
        changes.push(change(here(), ChangeKind::TwoSigners, text));
        let validates = NativeSigner { name: VALIDATION, keys: second, countersigns: Some(BUILD) };
        Ok(NativeAction::Require(vec![
            NativeSigner { name: BUILD, keys: first, countersigns: None },
            validates,
        ]))
    }

    /// What changes by the form itself.
    fn general(&self, natives: &[Native<'_>], changes: &mut Vec<Change>) {
        let name = self.draft.name_spot();
        let mut add = |spot: &Spot, kind, text: &str| changes.push(change(spot, kind, text));
        if natives.iter().any(|native| matches!(native.action, NativeAction::Require(_))) {
            add(
                name,
                ChangeKind::ValidationRole,
                "a signature that `countersign validate` made counts no more for a signer that countersigns nothing",
            );
            add(
                name,
                ChangeKind::SigningTime,
                "a signature whose countersign.dev/signed-at lies in the future, or is no time, counts no more",
            );
            if natives.iter().any(|native| !native.signature_repositories.is_empty()) {
                let text = "signatures beside the image itself count too, not only those in `source`";
                add(name, ChangeKind::BesideTheImage, text);
            }
        }
        let one_format =
            |one: &&DraftAlternative| matches!(one.grant, DraftGrant::Signature { format: Some(_), .. });
        for one in self.alternatives.iter().filter(one_format) {
            let text = "signatures of both formats count; policy-controller reads one, the legacy format unless \
                        `signatureFormat` says bundle";
            add(&one.spot, ChangeKind::BothFormats, text);
        }
        if let (Dialect::Tanzu, Some((spot, _))) =
            (self.draft.dialect(), self.draft.exclude_namespaces().first())
        {
            let text = "in these namespaces an image that no policy speaks of is no longer let through; see --no-match";
            add(spot, ChangeKind::ExcludedWithoutPolicy, text);
        }
        for note in self.draft.notes() {
            if [".secretRef", ".signaturePullSecrets"].iter().any(|end| note.spot.field.ends_with(end)) {
                add(&note.spot, ChangeKind::LeftOut, &note.text);
            }
        }
        match self.draft.dialect() {
            Dialect::Tanzu => {
                add(
                    name,
                    ChangeKind::Words,
                    "denials are said in other words than the webhook's; no decision changes",
                );
            }
            Dialect::Sigstore => {
                let text = "a namespace without the label policy.sigstore.dev/include is checked too; list those to \
                            leave out in excludeNamespaces";
                add(name, ChangeKind::NamespaceLabels, text);
            }
            Dialect::Native => {}
        }
    }

    /// The names of keys, where two signers could be made of them.
    fn names(&self) -> Vec<String> {
        let signing = self.alternatives.iter().filter(|one| !one.keys().is_empty());
        signing.map(|one| one.name.clone()).collect()
    }
}

fn change(spot: &Spot, kind: ChangeKind, text: impl Into<String>) -> Change {
    Change { spot: spot.clone(), kind, text: text.into() }
}

/// Each key once.
fn distinct<'a>(keys: impl Iterator<Item = &'a (Spot, DraftKey)>) -> Vec<&'a DraftKey> {
    let mut distinct: Vec<&DraftKey> = Vec::new();
    for (_, key) in keys {
        if !distinct.iter().any(|known| text::key_text(known) == text::key_text(key)) {
            distinct.push(key);
        }
    }
    distinct
}
