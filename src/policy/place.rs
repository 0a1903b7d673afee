//! Where signatures stand: a repository, and what the tags of signatures there begin with.

use std::fmt;
use std::str::FromStr;

use crate::model::Repository;

/// Longest tag (distribution specification), without cosign's `sha256-HEX.sig`, which stands behind the prefix.
const PREFIX_LIMIT: usize = 128 - "sha256-.sig".len() - 64;

/// A repository that signatures are looked for in.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The repository.
    pub repository: Repository,
    /// What stands before the usual tags of signatures there, if anything does.
    pub tag_prefix: Option<TagPrefix>,
}

/// The beginning of a tag: `[A-Za-z0-9_][A-Za-z0-9._-]*`, short enough for a digest behind it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TagPrefix(String);

/// Why a text begins no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a prefix of tags is 1 to {PREFIX_LIMIT} of A-Z a-z 0-9 _ . -, not beginning with . or -")]
pub struct TagPrefixError;

impl TagPrefix {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for TagPrefix {
    type Err = TagPrefixError;

    fn from_str(text: &str) -> Result<Self, TagPrefixError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let legal = text.bytes().enumerate().all(|(at, b)| word(b) || at > 0 && (b == b'.' || b == b'-'));
        match legal && (1..=PREFIX_LIMIT).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(TagPrefixError),
        }
    }
}

impl From<Repository> for Place {
    fn from(repository: Repository) -> Self {
        Self { repository, tag_prefix: None }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&shown(self.repository.to_string(), self.tag_prefix.as_ref()))
    }
}

/// A repository, and what the tags there begin with.
pub(super) fn shown(repository: String, tag_prefix: Option<&TagPrefix>) -> String {
    match tag_prefix {
        None => repository,
        Some(prefix) => format!("{repository} (tags beginning with {})", prefix.as_str()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::model::{Digest, Tag};

    #[test]
    fn a_prefix_leaves_room_for_a_digest() {
        let longest = "a".repeat(PREFIX_LIMIT);
        assert!(longest.parse::<TagPrefix>().is_ok());
        assert!(format!("{longest}{}", Tag::signatures(&Digest::of(b"app"))).parse::<Tag>().is_ok());
        for refused in ["", ".a", "-a", "a/b", "a b", &"a".repeat(PREFIX_LIMIT + 1)] {
            assert_eq!(refused.parse::<TagPrefix>(), Err(TagPrefixError), "{refused}");
        }
    }
}
