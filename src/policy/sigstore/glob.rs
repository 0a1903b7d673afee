//! Globs of image names as policy-controller reads them (its package `pkg/apis/glob`, v0.14.0): `*` stands for any
//! characters but `/`, `**` for any, and the whole name must match. The name is `REPOSITORY@sha256:…`, where Docker
//! Hub is `index.docker.io`: whatever has no digest never comes to a glob there, and a tag beside one is left out.

use std::fmt;
use std::str::FromStr;

use crate::model::reference::{DOCKER_HUB, host_spellings, literal_host};
use crate::model::{Digest, Repository, escape_untrusted};
use crate::policy::glob::{Glob as Pattern, Letter, Token, is_hex_digit};

/// Longest glob that is read, in bytes: names have 327 at most.
const LENGTH_LIMIT: usize = 512;
/// Hexadecimal digits of a digest.
const DIGEST_LENGTH: usize = 64;
/// What stands before them, behind the repository.
const BEFORE_DIGEST: &str = "@sha256:";

/// A glob of image names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Glob {
    text: String,
    pattern: Pattern,
    /// Whether a wildcard stands in the host, so that other spellings of it may match.
    is_open: bool,
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
    /// A port that no host is compared with.
    #[error("its port begins with 0: write the number alone")]
    Port,
}

impl Glob {
    /// Whether an image in `repository` matches, in any spelling of its host. Where its digest is not known, whether one
    /// could match with any digest. Only `**` matches an image in a folder, which has no name.
    pub fn matches(&self, repository: &Repository, digest: Option<&Digest>) -> bool {
        let (Some(host), Some(path)) = (repository.host(), repository.path()) else {
            return self.text == "**";
        };
        let own = repository.docker_reference();
        let is_hub = host == DOCKER_HUB;
        self.takes(&own, digest)
            || (self.is_open || is_hub) && names(host, path).iter().any(|name| self.takes(name, digest))
    }

    /// Whether no image in a registry matches, whatever its name and digest are. Such a glob is legal, and likely not
    /// meant: one that names a tag, or ends before the digest.
    pub fn matches_nothing(&self) -> bool {
        let (host, path) = host_and_path(&self.text);
        // No name begins with `docker.io/`: it is `index.docker.io`.
        let is_no_host = path.is_some() && !host.contains('*') && literal_host(host).is_err();
        let whole = match (host, path) {
            ("docker.io", Some(_)) => return true,
            // A host although it has no dot. With its port it is told from a path.
            ("localhost", Some(path)) => Pattern::of_segments(&format!("localhost:443{path}")),
            _ => self.pattern.clone(),
        };
        is_no_host || !possible(&whole)
    }

    fn takes(&self, name: &str, digest: Option<&Digest>) -> bool {
        let before = format!("{name}{BEFORE_DIGEST}");
        let known = digest.map(Digest::hex).unwrap_or_default();
        let unknown = DIGEST_LENGTH - known.len().min(DIGEST_LENGTH);
        let letters = before.bytes().chain(known.bytes()).map(Letter::Byte);
        self.pattern.matches_letters(letters.chain(std::iter::repeat_n(Letter::HexDigit, unknown)))
    }
}

/// The other names that policy-controller may be given for a repository. It writes Docker Hub's host in one way only where
/// it is `docker.io` alone, and puts `library/` only behind that.
fn names(host: &str, path: &str) -> Vec<String> {
    let is_hub = host == DOCKER_HUB;
    let short = path.strip_prefix("library/").filter(|short| is_hub && !short.contains('/'));
    let hosts = host_spellings(host);
    let others =
        hosts.iter().filter(|other| !is_hub || !["docker.io", "index.docker.io"].contains(&other.as_str()));
    others
        .flat_map(|host| [Some(path), short].into_iter().flatten().map(move |path| format!("{host}/{path}")))
        .collect()
}

/// What stands before the first `/`, and the rest from there on.
fn host_and_path(text: &str) -> (&str, Option<&str>) {
    match text.find('/') {
        Some(slash) => (&text[..slash], Some(&text[slash..])),
        None => (text, None),
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

/// How many of them there are.
const READS: usize = 4 + BEFORE_DIGEST.len() + DIGEST_LENGTH;
/// Some of them, a bit for each.
type Reads = u128;

impl Read {
    /// Where a name is after `byte`, if one can go on with it.
    fn after(self, byte: u8) -> Option<Self> {
        match (self, byte) {
            (_, b'A'..=b'Z') => None,
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
                    None => read < BEFORE_DIGEST.len() + DIGEST_LENGTH && is_hex_digit(byte),
                };
                fits.then_some(Self::Behind(read + 1))
            }
        }
    }

    fn bit(self) -> Reads {
        match self {
            Self::Host(dotted) => 1 << usize::from(dotted),
            Self::Path(begun) => 1 << (2 + usize::from(begun)),
            Self::Behind(read) => 1 << (3 + read),
        }
    }

    /// How far a name may have been read after any bytes, with `/` among them or not.
    fn after_any(self, across: bool) -> Reads {
        let from = |read: Self| Reads::MAX << read.bit().trailing_zeros();
        let within = |one: Self, other: Self| one.bit() | other.bit();
        match (self, across) {
            (Self::Host(_), true) | (Self::Path(true), false) | (Self::Behind(_), _) => from(self),
            (Self::Host(dotted), false) => within(Self::Host(dotted), Self::Host(true)),
            (Self::Path(_), _) => from(Self::Path(false)),
        }
    }

    /// All of them, in the order of their bits.
    fn all() -> impl Iterator<Item = Self> {
        let before = [Self::Host(false), Self::Host(true), Self::Path(false), Self::Path(true)];
        before.into_iter().chain((1..=READS - 4).map(Self::Behind))
    }
}

/// How far names have been read that were read so far as `reads`, after `token`.
fn after(reads: Reads, token: &Token) -> Reads {
    let these = Read::all().filter(|read| reads & read.bit() != 0);
    let next = these.map(|read| match token {
        Token::Byte(byte) => read.after(*byte).map_or(0, Read::bit),
        Token::WithinSegment => read.after_any(false),
        Token::AcrossSegments => read.after_any(true),
    });
    next.fold(0, |all, read| all | read)
}

/// Whether the pattern matches any name at all.
fn possible(pattern: &Pattern) -> bool {
    pattern.tokens().iter().fold(Read::Host(false).bit(), after) & Read::Behind(READS - 4).bit() != 0
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
        let pattern = Pattern::of_segments(&in_full(text)?);
        let is_open = !matches!(text, "*" | "*/*") && host_and_path(text).0.contains('*');
        Ok(Self { text: text.to_owned(), pattern, is_open })
    }
}

/// Two globs stand for others. A host in full is written in its normal form, as in references.
fn in_full(text: &str) -> Result<String, GlobError> {
    match (text, host_and_path(text)) {
        ("*", _) => Ok("index.docker.io/library/*".to_owned()),
        ("*/*", _) => Ok("index.docker.io/*/*".to_owned()),
        (_, (host, path)) => {
            let lower = host.to_ascii_lowercase();
            let is_literal = path.is_some() && !lower.contains('*');
            // No reference has a host that cannot be read: then nothing matches.
            let normal = is_literal.then(|| literal_host(&lower).ok().flatten()).flatten();
            let host = normal.unwrap_or(lower);
            let port = host.rsplit_once(':').filter(|_| path.is_some());
            match port.is_some_and(|(_, port)| port.starts_with('0')) {
                true => Err(GlobError::Port),
                false => Ok(host + path.unwrap_or_default()),
            }
        }
    }
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
        for (text, host, path) in [
            ("registry.example.org:*/**", "registry.example.org:443", "app"),
            ("registry.example.org*/**", "registry.example.org.:443", "app"),
            ("registry.example.org.*/**", "registry.example.org.", "app"),
            ("registry-1.docker.io/**", "registry-1.docker.io", "library/x"),
            ("registry-1.docker.io/x@*", "registry-1.docker.io", "x"),
            ("registry.example.org./**", "registry.example.org.", "app"),
            ("registry.example.org.:443/**", "registry.example.org", "app"),
            ("docker.io:*/**", "docker.io:443", "x"),
            ("docker.io:443/**", "docker.io:443", "library/x"),
            ("docker.io./x@*", "docker.io.", "x"),
            ("index.docker.io:443/x@*", "index.docker.io:443", "x"),
            ("127.0.0.1:05000/**", "127.0.0.1:5000", "x"),
            ("localhost/**", "localhost", "app"),
        ] {
            assert!(matches(text, &format!("{host}/{path}@{DIGEST}")), "{text}");
            assert!(!glob(text).matches_nothing(), "{text}");
        }
        assert!(!matches("docker.io/**", &format!("docker.io/x@{DIGEST}")));
        assert_eq!("*.example.org:05000/**".parse::<Glob>(), Err(GlobError::Port));
        assert!(!matches("registry.example.org:*/**", &format!("registry.example.com/x@{DIGEST}")));
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
            "127.1/**",
            "localhost/app:1.2",
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
    fn a_wildcard_leads_wherever_single_bytes_lead() {
        let bytes = b"abcdefghijklmnopqrstuvwxyz0123456789-_.:/@";
        for (read, across) in Read::all().flat_map(|read| [(read, true), (read, false)]) {
            let (mut open, mut reached) = (vec![read], read.bit());
            while let Some(here) = open.pop() {
                let next =
                    bytes.iter().filter(|byte| across || **byte != b'/').filter_map(|byte| here.after(*byte));
                for there in next.filter(|there| reached & there.bit() == 0).collect::<Vec<_>>() {
                    reached |= there.bit();
                    open.push(there);
                }
            }
            let all = Read::all().fold(0, |all, read| all | read.bit());
            assert_eq!(read.after_any(across) & all, reached, "{read:?} {across}");
        }
    }

    #[test]
    fn a_long_glob_full_of_stars_costs_no_more_than_its_length() {
        let text = "*a".repeat(LENGTH_LIMIT / 2);
        assert!(!matches(&text, &format!("ghcr.io/{}b@{DIGEST}", "a".repeat(200))));
        assert_eq!("a".repeat(LENGTH_LIMIT + 1).parse::<Glob>(), Err(GlobError::TooLong));
    }
}
