//! Globs of image names as policy-controller reads them (its package `pkg/apis/glob`, v0.14.0): `*` stands for any
//! characters but `/`, `**` for any, and the whole name must match. The name is `REPOSITORY@sha256:…`, where Docker
//! Hub is `index.docker.io`: whatever has no digest never comes to a glob there, and a tag beside one is left out.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use crate::model::{Digest, Repository, escape_untrusted};

/// Longest glob that is read, in bytes: eight times the longest name.
const LENGTH_LIMIT: usize = 4 << 10;
/// Hexadecimal digits of a digest.
const DIGEST_LENGTH: usize = 64;
/// What stands before them, behind the repository.
const BEFORE_DIGEST: &str = "@sha256:";
/// The port that a host has which names none.
const DEFAULT_PORT: &str = ":443";

/// A glob of image names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob {
    text: String,
    tokens: Vec<Token>,
}

/// A piece of a glob.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Token {
    /// This byte.
    Byte(u8),
    /// `*`: any bytes but `/`, none too.
    WithinSegment,
    /// `**`: any bytes, none too.
    AcrossSegments,
}

/// A piece of a name.
#[derive(Debug, Clone, Copy)]
enum Letter {
    /// This byte.
    Byte(u8),
    /// A hexadecimal digit of a digest that is not known.
    Unknown,
}

/// Why a text is no glob; escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// It would match nothing.
    #[error("it is empty")]
    Empty,
    /// Longer than any name needs.
    #[error("it is longer than {LENGTH_LIMIT} bytes")]
    TooLong,
    /// A character that no image name has.
    #[error("`{0}` stands in no image name: a glob has letters, digits and `-_:/.@*` only")]
    Character(String),
}

impl Glob {
    /// Whether an image in `repository` matches. Where its digest is not known, whether one could match with any
    /// digest. Only `**` matches an image in a folder, which has no name.
    pub fn matches(&self, repository: &Repository, digest: Option<&Digest>) -> bool {
        match repository {
            Repository::Layout(_) => self.text == "**",
            Repository::Registry { host, path } => {
                let name = repository.docker_reference();
                let with_port = || format!("{host}{DEFAULT_PORT}/{path}");
                let port_matters = !host.contains(':') && self.text.contains(DEFAULT_PORT);
                self.takes(&name, digest) || port_matters && self.takes(&with_port(), digest)
            }
        }
    }

    /// Whether no image in a registry matches, whatever its name and digest are. Such a glob is legal, and likely not
    /// meant: one that names a tag, or ends before the digest.
    pub fn matches_nothing(&self) -> bool {
        // No name begins so: `docker.io` is `index.docker.io`.
        self.text.starts_with("docker.io/") || !possible(&self.tokens)
    }

    fn takes(&self, name: &str, digest: Option<&Digest>) -> bool {
        let hex: Vec<Letter> = match digest {
            Some(digest) => digest.hex().bytes().map(Letter::Byte).collect(),
            None => vec![Letter::Unknown; DIGEST_LENGTH],
        };
        let bytes = |text: &str| text.bytes().map(Letter::Byte).collect::<Vec<_>>();
        matches(&self.tokens, &[bytes(name), bytes(BEFORE_DIGEST), hex].concat())
    }
}

impl Token {
    /// Where a glob that has come to `at` is when this token has taken `letter`, if it takes it.
    fn take(self, letter: Letter, at: usize) -> Option<usize> {
        match (self, letter) {
            (Self::Byte(expected), Letter::Byte(byte)) => (expected == byte).then_some(at + 1),
            (Self::Byte(expected), Letter::Unknown) => is_hex(expected).then_some(at + 1),
            (Self::WithinSegment, Letter::Byte(b'/')) => None,
            (Self::WithinSegment | Self::AcrossSegments, _) => Some(at),
        }
    }
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

/// Keeps every position of the glob that the name read so far can have led to: the time is the product of both
/// lengths, whatever the glob.
fn matches(tokens: &[Token], name: &[Letter]) -> bool {
    let mut reached = vec![false; tokens.len() + 1];
    reached[0] = true;
    pass_wildcards(tokens, &mut reached);
    for letter in name {
        let mut next = vec![false; tokens.len() + 1];
        let taken = |(at, token): (usize, &Token)| reached[at].then(|| token.take(*letter, at)).flatten();
        tokens.iter().enumerate().filter_map(taken).for_each(|at| next[at] = true);
        pass_wildcards(tokens, &mut next);
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

/// A wildcard may stand for nothing.
fn pass_wildcards(tokens: &[Token], reached: &mut [bool]) {
    for (at, token) in tokens.iter().enumerate() {
        if reached[at] && !matches!(token, Token::Byte(_)) {
            reached[at + 1] = true;
        }
    }
}

/// How far a name has been read, of all names that there are: a host with a dot or a port, a path, a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Read {
    /// In the host; whether it has a dot or a colon, without which it would be no host.
    Host(bool),
    /// In the path; whether the segment has begun.
    Path(bool),
    /// Behind the repository, by that many characters of `@sha256:` and the digest.
    Behind(usize),
}

/// Characters of names, one of each sort that the grammar tells apart and a glob could name.
const NAME_LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789-_.:/@";

impl Read {
    /// Where a name is after `byte`, if one can go on with it.
    fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (Self::Host(_), b'.' | b':') => Some(Self::Host(true)),
            (Self::Host(true), b'/') => Some(Self::Path(false)),
            (Self::Host(_), b'/' | b'@' | b'_') => None,
            (Self::Host(dotted), _) => Some(Self::Host(dotted)),
            (Self::Path(true), b'/') => Some(Self::Path(false)),
            (Self::Path(true), b'@') => Some(Self::Behind(1)),
            (Self::Path(false), b'/' | b'@' | b'.' | b'_' | b'-') | (Self::Path(_), b':') => None,
            (Self::Path(_), _) => Some(Self::Path(true)),
            (Self::Behind(read), _) => {
                let fits = match BEFORE_DIGEST.as_bytes().get(read) {
                    Some(expected) => *expected == byte,
                    None => read < BEFORE_DIGEST.len() + DIGEST_LENGTH && is_hex(byte),
                };
                fits.then_some(Self::Behind(read + 1))
            }
        }
    }

    fn is_whole(self) -> bool {
        self == Self::Behind(BEFORE_DIGEST.len() + DIGEST_LENGTH)
    }
}

/// Whether the glob matches any name at all.
fn possible(tokens: &[Token]) -> bool {
    let mut open = vec![(0, Read::Host(false))];
    let mut seen: HashSet<(usize, Read)> = open.iter().copied().collect();
    while let Some((at, read)) = open.pop() {
        let Some(token) = tokens.get(at) else {
            match read.is_whole() {
                true => return true,
                false => continue,
            }
        };
        let skipped = (!matches!(token, Token::Byte(_))).then_some((at + 1, read));
        let taken = NAME_LETTERS
            .iter()
            .filter_map(|byte| Some((token.take(Letter::Byte(*byte), at)?, read.after(*byte)?)));
        let fresh: Vec<_> = taken.chain(skipped).filter(|state| seen.insert(*state)).collect();
        open.extend(fresh);
    }
    false
}

impl FromStr for Glob {
    type Err = GlobError;

    fn from_str(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        if text.len() > LENGTH_LIMIT {
            return Err(GlobError::TooLong);
        }
        let legal = |c: &char| c.is_ascii_alphanumeric() || "-_:/.@*".contains(*c);
        if let Some(odd) = text.chars().find(|c| !legal(c)) {
            return Err(GlobError::Character(escape_untrusted(&odd.to_string())));
        }
        Ok(Self { text: text.to_owned(), tokens: tokens(&in_full(text)) })
    }
}

/// Two globs stand for others. The host's case is of no account, as in references.
fn in_full(text: &str) -> String {
    match text {
        "*" => "index.docker.io/library/*".to_owned(),
        "*/*" => "index.docker.io/*/*".to_owned(),
        _ => {
            let (host, path) = text.split_at(text.find('/').unwrap_or(text.len()));
            host.to_ascii_lowercase() + path
        }
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut bytes = text.bytes().peekable();
    while let Some(byte) = bytes.next() {
        tokens.push(match byte {
            b'*' if bytes.next_if_eq(&b'*').is_some() => Token::AcrossSegments,
            b'*' => Token::WithinSegment,
            other => Token::Byte(other),
        });
    }
    tokens
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::model::ImageRef;

    const DIGEST: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn glob(text: &str) -> Glob {
        text.parse().unwrap()
    }

    fn matches(text: &str, image: &str) -> bool {
        let image: ImageRef = image.parse().unwrap();
        glob(text).matches(image.repository(), image.digest().as_ref())
    }

    #[test]
    fn without_a_digest_a_glob_matches_what_some_digest_would_make_it_match() {
        assert!(matches("ghcr.io/foo/bar*", "ghcr.io/foo/bar:1"));
        assert!(matches(&format!("ghcr.io/foo/bar@{DIGEST}"), "ghcr.io/foo/bar:1"));
        assert!(matches(&format!("ghcr.io/foo/bar@{DIGEST}"), &format!("ghcr.io/foo/bar:1@{DIGEST}")));
        assert!(!matches("ghcr.io/foo/bar@sha256:45*", &format!("ghcr.io/foo/bar@{DIGEST}")));
        assert!(!matches("ghcr.io/foo/bar@sha256:xyz*", "ghcr.io/foo/bar:1"));
        assert!(!matches("ghcr.io/foo/bar:1", "ghcr.io/foo/bar:1"));
    }

    #[test]
    fn another_spelling_of_a_host_is_no_way_past_a_glob() {
        for (text, image) in [
            ("registry.example.org/**", "Registry.Example.Org:443/app"),
            ("Registry.Example.org/**", "registry.example.org./app"),
            ("registry.example.org:443/**", "registry.example.org/app"),
            ("index.docker.io/library/*", "registry-1.docker.io/library/app"),
        ] {
            assert!(matches(text, image), "{text} {image}");
        }
        assert!(!matches("registry.example.org/**", "registry.example.org:5000/app"));
        assert!(!matches("registry.example.org:443/**", "registry.example.org:5000/app"));
    }

    #[test]
    fn an_image_in_a_folder_has_no_name() {
        assert!(matches("**", "oci:app"));
        assert!(!matches("**/**", "oci:app") && !matches("*", "oci:app"));
    }

    #[test]
    fn a_glob_that_no_image_can_match_is_known() {
        for text in [
            "docker.io/**",
            "foo",
            "foo*",
            "library/*",
            "ghcr.io/foo/bar",
            "ghcr.io/foo/bar:1.2",
            "ghcr.io/foo/bar:*",
            "ghcr.io/Foo/**",
            "**@sha256:xyz*",
            "ghcr.io//foo*",
        ] {
            assert!(glob(text).matches_nothing(), "{text}");
        }
        for text in [
            "*",
            "*/*",
            "**",
            "foo**",
            "ghcr.io/foo/bar*",
            "ghcr.io/foo/bar@*",
            "**:**",
            "*:5000/**",
            "**foo**",
            "GHCR.io/**",
            "index.docker.*/*/app**",
        ] {
            assert!(!glob(text).matches_nothing(), "{text}");
        }
    }

    #[test]
    fn a_long_glob_full_of_stars_costs_no_more_than_its_length() {
        let text = "*a".repeat(LENGTH_LIMIT / 2);
        assert!(!matches(&text, &format!("ghcr.io/{}b@{DIGEST}", "a".repeat(200))));
        assert_eq!("a".repeat(LENGTH_LIMIT + 1).parse::<Glob>(), Err(GlobError::TooLong));
    }
}
