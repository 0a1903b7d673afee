//! The images that a policy speaks of: by their repositories, or by their names as written.

use super::names::NamePattern;
use super::pattern::Pattern;
use crate::model::ImageRef;

/// The images that a policy speaks of; at least one pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Images(Selection);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Selection {
    /// By their repositories.
    Repositories { include: Vec<Pattern>, exclude: Vec<Pattern> },
    /// By their names as written, which must match one of these.
    Names(Vec<NamePattern>),
}

impl Images {
    /// The images that match one of `include` and none of `exclude`; nothing if `include` is empty.
    pub fn new(include: Vec<Pattern>, exclude: Vec<Pattern>) -> Option<Self> {
        (!include.is_empty()).then_some(Self(Selection::Repositories { include, exclude }))
    }

    /// The images whose name matches one of `names`; nothing if there is none.
    pub fn named(names: Vec<NamePattern>) -> Option<Self> {
        (!names.is_empty()).then_some(Self(Selection::Names(names)))
    }

    /// Every image.
    pub fn all() -> Self {
        Self(Selection::Repositories { include: vec![Pattern::everything()], exclude: Vec::new() })
    }

    /// The patterns of repositories of which one must match; none where names are matched.
    pub fn include(&self) -> &[Pattern] {
        match &self.0 {
            Selection::Repositories { include, .. } => include,
            Selection::Names(_) => &[],
        }
    }

    /// The patterns of repositories of which none may match.
    pub fn exclude(&self) -> &[Pattern] {
        match &self.0 {
            Selection::Repositories { exclude, .. } => exclude,
            Selection::Names(_) => &[],
        }
    }

    /// The patterns of names of which one must match; none where repositories are matched.
    pub fn names(&self) -> &[NamePattern] {
        match &self.0 {
            Selection::Repositories { .. } => &[],
            Selection::Names(names) => names,
        }
    }

    /// Whether `image` is among them. Its tag and digest count where names are matched.
    pub fn contain(&self, image: &ImageRef) -> bool {
        match &self.0 {
            Selection::Repositories { include, exclude } => {
                let matches = |pattern: &Pattern| pattern.matches(image.repository());
                include.iter().any(matches) && !exclude.iter().any(matches)
            }
            Selection::Names(names) => names.iter().any(|pattern| pattern.matches(image)),
        }
    }
}
