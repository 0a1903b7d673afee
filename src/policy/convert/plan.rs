//! What becomes of one policy: native policies, one for each group of images that the same alternatives speak of.

use super::groups::Group;
use super::keys::{distinct, two};
use super::{Change, ChangeKind, Conversion, Signers, announced, change, text};
use crate::model::{Repository, escape_untrusted};
use crate::policy::draft::{Draft, DraftAlternative, DraftError, DraftGrant, DraftKey};
use crate::policy::model::Mode;
use crate::policy::pattern::Pattern;

/// Name of the signer where any key will do.
const ANY: &str = "signed";

/// A native policy to be written.
pub(super) struct Native<'a> {
    pub(super) name: String,
    pub(super) mode: Mode,
    pub(super) include: Vec<Pattern>,
    pub(super) exclude: Vec<Pattern>,
    pub(super) exclude_namespaces: Vec<&'a str>,
    pub(super) signature_repositories: Vec<Repository>,
    pub(super) action: NativeAction<'a>,
}

pub(super) enum NativeAction<'a> {
    Allow,
    Deny,
    Require(Vec<NativeSigner<'a>>),
}

pub(super) struct NativeSigner<'a> {
    pub(super) name: &'static str,
    pub(super) keys: Vec<&'a DraftKey>,
    pub(super) countersigns: Option<&'static str>,
}

/// One policy that is being converted.
pub(super) struct Plan<'a> {
    pub(super) draft: &'a Draft,
    pub(super) alternatives: &'a [DraftAlternative],
    pub(super) signers: &'a Signers,
    /// Where the signatures of each alternative stand; none for beside the image.
    pub(super) places: Vec<Vec<Repository>>,
}

impl<'a> Plan<'a> {
    pub(super) fn written(&self, groups: Vec<Group>) -> Result<Conversion, Vec<DraftError>> {
        let several = groups.len() > 1;
        let mut changes = Vec::new();
        let mut natives = Vec::new();
        for (number, group) in groups.into_iter().enumerate() {
            let name = match several {
                true => format!("{}-{}", self.draft.name(), number + 1),
                false => self.draft.name().to_owned(),
            };
            let native = self.native(name, group, &mut changes);
            natives.push(native.map_err(|error| vec![error])?);
        }
        announced::of_policy(self, &natives, &mut changes);
        announced::in_order(&mut changes);
        Ok(Conversion {
            policies: text::documents(&natives),
            changes,
            keys: self.draft.key_names().map(str::to_owned).collect(),
        })
    }

    fn native(
        &self,
        name: String,
        group: Group,
        changes: &mut Vec<Change>,
    ) -> Result<Native<'a>, DraftError> {
        let Group { include, exclude, alternatives } = group;
        let action = self.action(&alternatives, changes)?;
        let signature_repositories = match action {
            NativeAction::Require(_) => self.signature_repositories(&alternatives)?,
            NativeAction::Allow | NativeAction::Deny => Vec::new(),
        };
        let policy = &self.draft.policy;
        let exclude_namespaces = policy.exclude_namespaces.iter().map(String::as_str).collect();
        let mode = policy.mode;
        Ok(Native { name, mode, include, exclude, exclude_namespaces, signature_repositories, action })
    }

    /// Where the signatures of these alternatives stand, which must be the same places for all.
    fn signature_repositories(&self, alternatives: &[usize]) -> Result<Vec<Repository>, DraftError> {
        let each = alternatives.iter().filter_map(|at| self.alternatives.get(*at).zip(self.places.get(*at)));
        let mut looking = each.filter_map(|(one, places)| match &one.grant {
            DraftGrant::Signature { source, .. } => Some((source.as_ref().unwrap_or(&one.spot), places)),
            DraftGrant::Pass | DraftGrant::Fail { .. } => None,
        });
        let first = looking.next().map(|(_, places)| places.clone()).unwrap_or_default();
        match looking.find(|(_, places)| **places != first) {
            Some((spot, _)) => {
                let reason =
                    "authorities look in different repositories, and native signers look in all of them";
                Err(DraftError::at(spot, reason))
            }
            None => Ok(first),
        }
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
            (false, Signers::Two { build, validation }) => two(&signing, (build, validation), changes),
        }
    }
}
