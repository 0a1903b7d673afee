//! A YAML text as a tree of nodes that know where they stand. Aliases stay in it: what they lead to is there once,
//! however often it is used.

use std::ops::Range;

use super::scalar;
use crate::model::yaml::Place;

/// A node of one [`Tree`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NodeId(pub(super) u32);

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    SingleQuoted,
    DoubleQuoted,
    /// Literal or folded.
    Block,
}

/// A member of a mapping.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) key: String,
    pub(super) place: Place,
    pub(super) value: NodeId,
}

#[derive(Debug)]
pub(super) enum Content {
    Scalar {
        text: String,
        style: Style,
        /// Tagged `!!str`: text, whatever it looks like.
        tagged: bool,
    },
    Sequence(Vec<NodeId>),
    Mapping(Vec<Member>),
    /// Leads to a node that ended before it; never to another alias.
    Alias(NodeId),
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) content: Content,
    pub(super) place: Place,
    /// Where it stands in the text, in bytes; of a collection only the beginning counts.
    pub(super) span: Range<usize>,
}

/// The documents of a text.
#[derive(Debug, Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    pub(super) roots: Vec<NodeId>,
}

impl Tree {
    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// All nodes.
    pub(super) fn ids(&self) -> impl Iterator<Item = NodeId> {
        (0..self.nodes.len()).map(|index| NodeId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    /// Adds a node.
    pub(super) fn push(&mut self, node: Node) -> NodeId {
        let id = NodeId(u32::try_from(self.nodes.len()).unwrap_or(u32::MAX));
        self.nodes.push(node);
        id
    }

    /// The node itself, an alias too. An id comes from this tree, so the node is there.
    pub(super) fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0 as usize]
    }

    /// Sets what a node that was added before holds.
    pub(super) fn fill(&mut self, id: NodeId, content: Content) {
        self.nodes[id.0 as usize].content = content;
    }

    /// The node that an alias leads to; any other node is itself.
    pub(super) fn resolve(&self, id: NodeId) -> NodeId {
        match self.node(id).content {
            Content::Alias(target) => target,
            _ => id,
        }
    }

    /// What a node holds, with aliases followed.
    pub(super) fn content(&self, id: NodeId) -> &Content {
        &self.node(self.resolve(id)).content
    }

    /// Whether a node is null.
    pub(super) fn is_null(&self, id: NodeId) -> bool {
        match self.content(id) {
            Content::Scalar { text, style: Style::Plain, tagged: false } => scalar::is_null(text),
            _ => false,
        }
    }

    /// The nodes below a node, aliases not followed.
    pub(super) fn children(&self, id: NodeId) -> Vec<NodeId> {
        match &self.node(id).content {
            Content::Sequence(elements) => elements.clone(),
            Content::Mapping(members) => members.iter().map(|member| member.value).collect(),
            Content::Scalar { .. } | Content::Alias(_) => Vec::new(),
        }
    }
}
