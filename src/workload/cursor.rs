//! A place in a document, with the path that led there, and the ways on from it.

use std::cell::Cell;
use std::collections::BTreeSet;

use super::node::{Content, Member, NodeId, Style, Tree};
use super::scalar;
use super::{LOOK_LIMIT, Refusal};
use crate::model::yaml::Place;

/// How much of a tree may still be looked at. Aliases repeat what they lead to without a byte more of text.
#[derive(Debug)]
pub(super) struct Budget(Cell<usize>);

impl Budget {
    /// All of it.
    pub(super) fn new() -> Self {
        Self(Cell::new(LOOK_LIMIT))
    }

    /// Takes `looks` off; nothing where there are not so many left.
    fn spend(&self, looks: usize) -> Option<()> {
        self.0.set(self.0.get().checked_sub(looks)?);
        Some(())
    }
}

/// A node, and how it was reached.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    tree: &'a Tree,
    budget: &'a Budget,
    /// As it stands; an alias is not followed.
    pub(super) id: NodeId,
    /// `spec.containers[0]`; empty at a document's root.
    pub(super) path: String,
}

impl<'a> Cursor<'a> {
    /// The root of a document.
    pub(super) fn root(tree: &'a Tree, budget: &'a Budget, id: NodeId) -> Self {
        Self { tree, budget, id, path: String::new() }
    }

    /// Where it stands.
    pub(super) fn place(&self) -> Place {
        self.tree.node(self.id).place
    }

    /// Where it stands, in bytes.
    pub(super) fn span(&self) -> std::ops::Range<usize> {
        self.tree.node(self.id).span.clone()
    }

    /// A refusal of what stands here; `reason` goes on after the path.
    pub(super) fn refuse(&self, reason: &str) -> Refusal {
        let path = if self.path.is_empty() { "the document" } else { &self.path };
        Refusal::of_text(Some(self.place()), format!("{path} {reason}"))
    }

    /// The members of a mapping; nothing where it is something else.
    fn members(&self) -> Option<&'a [Member]> {
        match self.tree.content(self.id) {
            Content::Mapping(members) => Some(members),
            _ => None,
        }
    }

    fn spend(&self, looks: usize) -> Result<(), Refusal> {
        let left = self.budget.spend(looks.saturating_add(1));
        left.ok_or_else(|| {
            self.refuse(&format!(
                "is one of more than {LOOK_LIMIT} values to look at, as aliases repeat them"
            ))
        })
    }

    /// Whether this is a mapping.
    pub(super) fn is_mapping(&self) -> bool {
        self.members().is_some()
    }

    /// The member `name` of a mapping, null or not; nothing where there is none, or no mapping.
    ///
    /// Kubernetes tells keys apart by case, but some of its readers do not: a key that differs in case only is
    /// refused.
    pub(super) fn written(&self, name: &str) -> Result<Option<Self>, Refusal> {
        let Some(members) = self.members() else { return Ok(None) };
        self.spend(members.len())?;
        if let Some(odd) = members.iter().find(|member| member.key != name && same_folded(&member.key, name))
        {
            let reason = format!("the key `{}` differs from `{name}` in case only", odd.key);
            return Err(Refusal::of_text(Some(odd.place), reason));
        }
        let found = members.iter().find(|member| member.key == name);
        Ok(found.map(|member| self.to(member.value, joined(&self.path, name))))
    }

    /// The member `name` of a mapping, unless it is null.
    pub(super) fn member(&self, name: &str) -> Result<Option<Self>, Refusal> {
        Ok(self.written(name)?.filter(|found| !found.tree.is_null(found.id)))
    }

    /// What stands at a path of member names; nothing where one of them is absent or null.
    pub(super) fn at(&self, names: &[&str]) -> Result<Option<Self>, Refusal> {
        let mut here = self.clone();
        for name in names {
            let Some(next) = here.member(name)? else { return Ok(None) };
            here = next;
        }
        Ok(Some(here))
    }

    /// The members of a mapping by their names; nothing where this is none.
    ///
    /// # Errors
    /// [`Refusal`] where there is too much to look at.
    pub(super) fn entries(&self) -> Result<Option<impl Iterator<Item = (&'a str, Self)>>, Refusal> {
        let Some(members) = self.members() else { return Ok(None) };
        self.spend(members.len())?;
        let entry = |member: &'a Member| (member.key.as_str(), self.to(member.value, self.path.clone()));
        Ok(Some(members.iter().map(entry)))
    }

    /// The elements of a sequence.
    ///
    /// # Errors
    /// [`Refusal`] where it is something else.
    pub(super) fn elements(&self) -> Result<impl Iterator<Item = Self>, Refusal> {
        let Content::Sequence(elements) = self.tree.content(self.id) else {
            return Err(self.refuse("is not a list"));
        };
        self.spend(elements.len())?;
        let each = elements.iter().enumerate();
        Ok(each.map(|(index, id)| self.to(*id, format!("{}[{index}]", self.path))))
    }

    /// The text of a scalar, whatever it may be read as; nothing where this is none.
    pub(super) fn scalar(&self) -> Option<&'a str> {
        match self.tree.content(self.id) {
            Content::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// A text on one line, as every reader of YAML takes it.
    ///
    /// # Errors
    /// [`Refusal`] where it is no text, could be read as something else, or is written over several lines.
    pub(super) fn text(&self) -> Result<&'a str, Refusal> {
        let Content::Scalar { text, style, tagged } = self.tree.content(self.id) else {
            return Err(self.refuse("is not text"));
        };
        match style {
            Style::Plain if !tagged && !scalar::is_text(text) => Err(self.refuse(&format!(
                "is `{text}`, which YAML may read as something other than text; put it in quotes"
            ))),
            Style::Block => Err(self.refuse("is a block (`|` or `>`); write it on one line")),
            _ if text.contains('\n') => Err(self.refuse("has several lines")),
            _ => Ok(text),
        }
    }

    fn to(&self, id: NodeId, path: String) -> Self {
        Self { tree: self.tree, budget: self.budget, id, path }
    }

    /// The first member below this, aliases followed, whose key reads `name`, in whatever case, and whose value is
    /// not in `known`.
    ///
    /// # Errors
    /// [`Refusal`] where there is too much to look at.
    pub(super) fn find_key(
        &self,
        name: &str,
        known: &BTreeSet<NodeId>,
    ) -> Result<Option<&'a Member>, Refusal> {
        let odd = |member: &&Member| {
            (member.key == name || same_folded(&member.key, name)) && !known.contains(&member.value)
        };
        let mut seen = BTreeSet::new();
        let mut open = vec![self.tree.resolve(self.id)];
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let children = self.tree.children(id);
            self.spend(children.len())?;
            if let Content::Mapping(members) = &self.tree.node(id).content
                && let Some(member) = members.iter().find(odd)
            {
                return Ok(Some(member));
            }
            open.extend(children.into_iter().rev().map(|child| self.tree.resolve(child)));
        }
        Ok(None)
    }
}

/// Whether two keys are the same to a reader that ignores case, as Go's encoding/json does: beside the letters of
/// ASCII it folds U+017F to `s` and U+212A to `k`.
fn same_folded(a: &str, b: &str) -> bool {
    let fold = |c: char| match c {
        '\u{17f}' => 's',
        '\u{212a}' => 'k',
        other => other.to_ascii_lowercase(),
    };
    a.chars().map(fold).eq(b.chars().map(fold))
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
