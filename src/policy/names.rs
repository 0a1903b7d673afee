//! Patterns of whole names, as the policies of other tools have them: they are held against an image as it is written,
//! tag and digest included. Each dialect says what its own patterns mean.

use std::fmt;

use super::{sigstore, tanzu};
use crate::model::ImageRef;

/// A pattern of a dialect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamePattern {
    /// Of the Tanzu image policy webhook.
    Tanzu(tanzu::Pattern),
    /// Of Sigstore's policy-controller.
    Sigstore(sigstore::glob::Glob),
}

impl NamePattern {
    /// Whether `image` matches.
    pub fn matches(&self, image: &ImageRef) -> bool {
        match self {
            Self::Tanzu(pattern) => pattern.matches(image),
            Self::Sigstore(glob) => glob.matches(image.repository(), image.digest().as_ref()),
        }
    }
}

impl fmt::Display for NamePattern {
    /// As it is written in a policy; escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tanzu(pattern) => pattern.fmt(f),
            Self::Sigstore(glob) => glob.fmt(f),
        }
    }
}
