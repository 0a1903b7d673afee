//! Whether two texts hold the same documents but for values that were written anew.

use std::collections::BTreeSet;

use super::node::{Content, NodeId, Tree};
use super::pin::Edits;

/// Whether `new` holds what `old` does, with `edits` in the places of `old`'s values.
pub(super) fn differ_only_in(old: &Tree, new: &Tree, edits: &Edits) -> bool {
    let mut open = Vec::new();
    let mut seen = BTreeSet::new();
    if !pair(&old.roots, &new.roots, &mut open) {
        return false;
    }
    while let Some((a, b)) = open.pop() {
        if !seen.insert((a, b)) {
            continue;
        }
        let edited = edits.get(&a).or_else(|| edits.get(&old.resolve(a)));
        let same = match edited {
            Some(text) => says(new, b, text),
            None => alike(old, old.resolve(a), new, new.resolve(b), &mut open),
        };
        if !same {
            return false;
        }
    }
    true
}

fn pair(old: &[NodeId], new: &[NodeId], open: &mut Vec<(NodeId, NodeId)>) -> bool {
    open.extend(old.iter().copied().zip(new.iter().copied()));
    old.len() == new.len()
}

fn says(tree: &Tree, id: NodeId, wanted: &str) -> bool {
    matches!(tree.content(id), Content::Scalar { text, .. } if text == wanted)
}

/// Whether two nodes are alike; what is below them is put among the pairs that are still to be looked at.
fn alike(old: &Tree, a: NodeId, new: &Tree, b: NodeId, open: &mut Vec<(NodeId, NodeId)>) -> bool {
    match (&old.node(a).content, &new.node(b).content) {
        (
            Content::Scalar { text, style, tagged },
            Content::Scalar { text: other, style: other_style, tagged: other_tagged },
        ) => text == other && style == other_style && tagged == other_tagged,
        (Content::Sequence(elements), Content::Sequence(others)) => pair(elements, others, open),
        (Content::Mapping(members), Content::Mapping(others)) => {
            open.extend(
                members.iter().map(|member| member.value).zip(others.iter().map(|other| other.value)),
            );
            let keys = members.iter().map(|member| &member.key);
            keys.eq(others.iter().map(|other| &other.key))
        }
        _ => false,
    }
}
