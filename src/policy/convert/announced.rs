//! What changes in meaning by the native form itself, and what stands beside policies and has no place in them.

use super::plan::{Native, NativeAction, Plan};
use super::{Change, ChangeKind, change};
use crate::policy::draft::{Draft, DraftAlternative, DraftGrant};
use crate::policy::installation::Installation;
use crate::policy::model::Dialect;
use crate::policy::set::NoMatch;
use crate::policy::sigstore::hash::HashAlgorithm;

/// What changes for the policy of `plan`, of which `natives` were made.
pub(super) fn of_policy(plan: &Plan<'_>, natives: &[Native<'_>], changes: &mut Vec<Change>) {
    let draft = plan.draft;
    if natives.iter().any(|native| matches!(native.action, NativeAction::Require(_))) {
        changes.extend(of_signers(draft, natives));
    }
    changes.extend(plan.alternatives.iter().flat_map(of_alternative));
    for note in draft.notes() {
        if [".secretRef", ".signaturePullSecrets"].iter().any(|end| note.spot.field.ends_with(end)) {
            changes.push(change(&note.spot, ChangeKind::LeftOut, &note.text));
        }
    }
    match draft.dialect() {
        Dialect::Tanzu => changes.extend(of_tanzu(draft)),
        Dialect::Sigstore => changes.extend(of_sigstore(draft, natives)),
        Dialect::Native => {}
    }
}

/// What native signers ask that keys did not.
fn of_signers(draft: &Draft, natives: &[Native<'_>]) -> Vec<Change> {
    let name = draft.name_spot();
    let mut changes = vec![
        change(
            name,
            ChangeKind::ValidationRole,
            "a signature that `countersign validate` made counts no more for a signer that countersigns nothing",
        ),
        change(
            name,
            ChangeKind::SigningTime,
            "a signature whose countersign.dev/signed-at lies in the future, or is no time, counts no more",
        ),
    ];
    if natives.iter().any(|native| !native.signature_repositories.is_empty()) {
        let text = "signatures beside the image itself count too, not only those in `source`";
        changes.push(change(name, ChangeKind::BesideTheImage, text));
    }
    changes
}

fn of_alternative(one: &DraftAlternative) -> Vec<Change> {
    let DraftGrant::Signature { format, hash, keys, .. } = &one.grant else { return Vec::new() };
    let formats = format.map(|_| {
        let text = "signatures of both formats count; policy-controller reads one, the legacy format unless \
                    `signatureFormat` says bundle";
        change(&one.spot, ChangeKind::BothFormats, text)
    });
    // Signatures with SHA-256 are read for every key. A key that is spelled out was asked already.
    let hash = hash.as_ref().filter(|(_, hash)| *hash != HashAlgorithm::Sha256);
    let fetched = keys.len() > super::keys::spelled(keys).len();
    let hash = hash.filter(|_| fetched).map(|(spot, hash)| {
        let text = format!(
            "that the hash is {hash} is no longer said: a key of which no such signatures are read was an error, and is \
             taken now"
        );
        change(spot, ChangeKind::HashAlgorithm, text)
    });
    formats.into_iter().chain(hash).collect()
}

fn of_tanzu(draft: &Draft) -> Vec<Change> {
    let excluded = draft.exclude_namespaces().first().map(|(spot, _)| {
        let text =
            "in these namespaces an image that no policy speaks of is no longer let through; see --no-match";
        change(spot, ChangeKind::ExcludedWithoutPolicy, text)
    });
    let words = "denials are said in other words than the webhook's; no decision changes";
    excluded.into_iter().chain([change(draft.name_spot(), ChangeKind::Words, words)]).collect()
}

fn of_sigstore(draft: &Draft, natives: &[Native<'_>]) -> Vec<Change> {
    let name = draft.name_spot();
    let text = "a namespace without the label policy.sigstore.dev/include is checked too, unless its object was given \
                with the policies; list those to leave out in excludeNamespaces";
    let mut changes = vec![change(name, ChangeKind::NamespaceLabels, text)];
    let unpinned = |allows: bool| match allows {
        true => {
            "an image without a digest is let through too; policy-controller's own question is about digests alone"
        }
        false => "an image without a digest is denied, whether or not its tag can be resolved",
    };
    for native in natives {
        let allows = match native.action {
            NativeAction::Allow => true,
            NativeAction::Deny => false,
            NativeAction::Require(_) => continue,
        };
        changes.push(change(name, ChangeKind::Unpinned, unpinned(allows)));
    }
    changes
}

/// What an installation says and native policies do not, or say in another way.
pub fn of_installation(installation: &Installation) -> Vec<Change> {
    let settings = installation.settings().map(|(spot, no_match)| {
        let word = match no_match {
            NoMatch::Deny => "deny",
            NoMatch::Warn => "warn",
            NoMatch::Allow | NoMatch::AllowUnmatched => "allow",
        };
        let text = format!(
            "what an image gets that no policy speaks of is no longer in the files: call the gate with --no-match {word}"
        );
        change(spot, ChangeKind::NoMatch, text)
    });
    let outside = installation.outside().map(|(spot, _)| {
        let text = "it stands in excludeNamespaces now; an image there that no policy speaks of is no longer let \
                    through, see --no-match";
        change(spot, ChangeKind::ExcludedWithoutPolicy, text)
    });
    let mut changes = settings.into_iter().chain(outside).collect();
    in_order(&mut changes);
    changes
}

/// In the order of the lines, each once.
pub(super) fn in_order(changes: &mut Vec<Change>) {
    fn rank(change: &Change) -> (Option<(u64, u64)>, ChangeKind, &str) {
        let place = change.spot.place.map(|place| (place.line, place.column));
        (place, change.kind, &change.text)
    }
    changes.sort_by(|one, other| rank(one).cmp(&rank(other)));
    changes.dedup();
}
