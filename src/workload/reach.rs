//! How often each node stands in the documents once aliases are written out.

use super::node::{Content, NodeId, Tree};

/// Counts by node.
pub(super) struct Counts(Vec<u64>);

impl Counts {
    /// How often `id` stands in the documents.
    pub(super) fn of(&self, id: NodeId) -> u64 {
        self.0.get(id.0 as usize).copied().unwrap_or_default()
    }
}

/// The nodes that a node leads to: those below it, and what an alias stands for.
fn next(tree: &Tree, id: NodeId) -> Vec<NodeId> {
    match &tree.node(id).content {
        Content::Alias(target) => vec![*target],
        _ => tree.children(id),
    }
}

/// Adds up along all ways from the documents' roots; a node's turn comes once all that lead to it had theirs.
pub(super) fn counts(tree: &Tree) -> Counts {
    let mut counts = vec![0_u64; tree.len()];
    let mut waiting_for = vec![0_usize; tree.len()];
    for id in tree.ids() {
        for to in next(tree, id) {
            waiting_for[to.0 as usize] += 1;
        }
    }
    for root in &tree.roots {
        counts[root.0 as usize] = 1;
    }
    let mut ready = tree.roots.clone();
    while let Some(id) = ready.pop() {
        let own = counts[id.0 as usize];
        for to in next(tree, id) {
            let at = to.0 as usize;
            counts[at] = counts[at].saturating_add(own);
            waiting_for[at] -= 1;
            if waiting_for[at] == 0 {
                ready.push(to);
            }
        }
    }
    Counts(counts)
}
