//! Patterns of repositories: which images a policy speaks of, and which repositories a signature may have been
//! made for. Normalised as references are, so that every spelling of a repository meets the same patterns.

use std::fmt;
use std::str::FromStr;

use super::glob::Glob;
use crate::model::{Repository, escape_untrusted};

/// `host[:port]/repository` with `*` within a segment and `**` across segments, or `**` for every image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Form);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Form {
    /// `**`: every image, those in folders too.
    Everything,
    /// The host, normalised and exact, and the path.
    Within { host: String, path: Glob },
}

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a pattern: {reason}")]
pub struct PatternError {
    text: String,
    reason: String,
}

impl Pattern {
    /// `**`.
    pub fn everything() -> Self {
        Self(Form::Everything)
    }

    /// Whether it is `**`, which matches every image.
    pub fn is_everything(&self) -> bool {
        self.0 == Form::Everything
    }

    /// Whether it has a wildcard, so that several repositories may match.
    pub fn has_wildcard(&self) -> bool {
        match &self.0 {
            Form::Everything => true,
            Form::Within { path, .. } => path.has_wildcard(),
        }
    }

    /// Whether every image that `other` matches is matched here too. `false` may also mean that it could not be told.
    pub fn contains(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Everything, _) => true,
            (Form::Within { .. }, Form::Everything) => false,
            (Form::Within { host, path }, Form::Within { host: its_host, path: its_path }) => {
                host == its_host && path.contains(its_path)
            }
        }
    }

    /// Whether any image is matched by both.
    pub fn overlaps(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Form::Everything, _) | (_, Form::Everything) => true,
            (Form::Within { host, path }, Form::Within { host: its_host, path: its_path }) => {
                host == its_host && path.overlaps(its_path)
            }
        }
    }

    /// Whether `repository` matches. An image layout that has no other name matches `**` alone.
    pub fn matches(&self, repository: &Repository) -> bool {
        match (&self.0, repository) {
            (Form::Everything, _) => true,
            (Form::Within { host, path }, Repository::Registry { host: its_host, path: its_path }) => {
                host == its_host && path.matches(its_path)
            }
            (Form::Within { .. }, Repository::Layout(_)) => false,
        }
    }
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        parse(text).map(Self).map_err(|reason| {
            let shown: String = text.chars().take(300).collect();
            PatternError { text: escape_untrusted(&shown), reason }
        })
    }
}

fn parse(text: &str) -> Result<Form, String> {
    if text == "**" {
        return Ok(Form::Everything);
    }
    let first = text.split('/').next().unwrap_or_default();
    let last = text.rsplit('/').next().unwrap_or_default();
    if text.starts_with("oci:") && !text.starts_with("oci://") {
        return Err("an image in a folder has no name; only `**` matches it".to_owned());
    }
    if first.contains('*') {
        return Err("wildcards stand behind the first `/`, and `**` alone is every image".to_owned());
    }
    if text.contains('@') {
        return Err("it has a digest, and patterns speak of repositories".to_owned());
    }
    if !text.contains('/') && (text.contains('.') || text == "localhost") {
        return Err("a host alone is no repository; write `/**` behind it".to_owned());
    }
    if last.contains(':') && !text.contains("://") {
        return Err("it has a tag, and patterns speak of repositories".to_owned());
    }
    if text.contains("***") {
        return Err("more than two `*` in a row".to_owned());
    }
    normalised(text, first)
}

/// Checks the pattern with its wildcards taken for letters: grammar and normal form are those of references.
fn normalised(text: &str, first: &str) -> Result<Form, String> {
    let (host, legal) = host_and_path(&text.replace('*', "0"))?;
    // Whether the first segment is a host shows in what a longer name makes of it.
    let (_, longer) = host_and_path(&format!("{first}/0/0"))?;
    let path = match text.split_once('/') {
        Some((_, rest)) if longer == "0/0" => rest.to_owned(),
        _ => text.to_owned(),
    };
    // As references: a name of one segment is one of Docker Hub's `library`; `**` alone is all of them.
    let short = legal.len() > path.len() && path != "**";
    if short && path.contains("**") {
        return Err("it could mean Docker Hub's own images, which are in `library/`, or others; write \
                    `docker.io/NAME*` for its own, and `docker.io/NAME*/**` for others"
            .to_owned());
    }
    let path = if short { format!("library/{path}") } else { path };
    Ok(Form::Within { host, path: Glob::of_segments(&path) })
}

fn host_and_path(text: &str) -> Result<(String, String), String> {
    match text.parse::<Repository>().map_err(|error| error.reason().to_owned())? {
        Repository::Registry { host, path } => Ok((host, path)),
        Repository::Layout(_) => Err("an image in a folder has no name; only `**` matches it".to_owned()),
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Form::Within { host, path } = &self.0 else {
            return f.write_str("**");
        };
        write!(f, "{host}/{path}")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn matches(pattern: &str, repository: &str) -> bool {
        pattern.parse::<Pattern>().unwrap().matches(&repository.parse().unwrap())
    }

    #[test]
    fn a_host_is_matched_exactly_in_every_spelling() {
        for pattern in ["R.example/shop/**", "r.example./shop/**", "r.example:443/shop/**"] {
            assert!(matches(pattern, "r.example/shop/app"), "{pattern}");
            assert!(matches(pattern, "R.EXAMPLE.:443/shop/app"), "{pattern}");
        }
        for other in ["evil-r.example/shop/app", "r.example.evil/shop/app", "r.example:5000/shop/app"] {
            assert!(!matches("r.example/shop/**", other), "{other}");
        }
        assert!(matches("r.example:5000/shop/*", "r.example:5000/shop/app"));
    }

    #[test]
    fn one_star_stays_within_a_segment_and_two_cross() {
        assert!(matches("r.example/shop/*", "r.example/shop/app"));
        assert!(!matches("r.example/shop/*", "r.example/shop/app/web"));
        assert!(!matches("r.example/shop/*", "r.example/shopping"));
        assert!(!matches("r.example/shop/**", "r.example/shop"));
        assert!(matches("r.example/shop/**", "r.example/shop/app/web"));
        assert!(matches("r.example/**/web", "r.example/shop/app/web"));
        assert!(!matches("r.example/**/web", "r.example/web"));
        assert!(matches("r.example/app*", "r.example/app"));
        assert!(matches("r.example/a*c*e", "r.example/abcde"));
        assert!(!matches("r.example/a*c*e", "r.example/abc/de"));
        assert!(!matches("r.example/app", "r.example/app2"));
    }

    #[test]
    fn names_of_docker_hub_are_those_of_references() {
        for pattern in
            ["alpine", "docker.io/alpine", "index.docker.io/library/alpine", "docker.io/*", "library/*"]
        {
            assert!(matches(pattern, "alpine"), "{pattern}");
            assert!(!matches(pattern, "r.example/library/alpine"), "{pattern}");
        }
        assert!(!matches("docker.io/*", "shop/app"));
        assert!(matches("docker.io/**", "shop/app"));
        assert!(matches("docker.io/**", "alpine"));
        assert!(matches("shop/*", "docker.io/shop/app"));
        assert!(matches("docker.io/library*/app", "docker.io/library/app"));
    }

    #[test]
    fn only_the_whole_pattern_of_two_stars_matches_a_folder() {
        assert!(matches("**", "oci:app") && matches("**", "r.example/a"));
        assert!(!matches("docker.io/**", "oci:app"));
    }

    #[test]
    fn what_could_be_meant_in_two_ways_is_refused() {
        for (text, reason) in [
            ("r.example/app:1.2", "tag"),
            ("alpine:3", "tag"),
            ("r.example:5000", "a host alone"),
            ("r.example", "a host alone"),
            ("r.example/app@sha256:12", "digest"),
            ("*.example/app", "behind the first"),
            ("*", "behind the first"),
            ("***", "behind the first"),
            ("alpine*", "behind the first"),
            ("r.example/***", "in a row"),
            ("docker.io/alp**", "Docker Hub's own"),
            ("docker.io/**e", "Docker Hub's own"),
            ("r.example/App", "a-z"),
            ("r.example//app", "a-z"),
            ("r.example/app/", "a-z"),
            ("https://r.example/app", "leave"),
            ("oci:app", "folder"),
            ("", "empty"),
            ("r.example/a b", "a-z"),
            ("r.example/\u{202e}*", "a-z"),
        ] {
            let error = text.parse::<Pattern>().unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
            assert_eq!(escape_untrusted(&error), error);
        }
    }

    #[test]
    fn a_pattern_is_shown_as_it_matches() {
        for (written, shown) in [
            ("**", "**"),
            ("alpine", "docker.io/library/alpine"),
            ("R.example:443/a/*b/**", "r.example/a/*b/**"),
        ] {
            let pattern: Pattern = written.parse().unwrap();
            assert_eq!(pattern.to_string(), shown);
            assert_eq!(shown.parse::<Pattern>().unwrap(), pattern);
        }
    }

    #[test]
    fn a_pattern_made_to_be_slow_is_not() {
        let pattern: Pattern = format!("r.example/{}b", "a**".repeat(70)).parse().unwrap();
        assert!(!pattern.matches(&format!("r.example/{}", "a".repeat(240)).parse().unwrap()));
    }
}
