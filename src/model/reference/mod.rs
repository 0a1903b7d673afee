//! Image references, parsed once at the edge: `[registry/]repository[:tag][@digest]`, or
//! `oci:PATH[:tag][@digest]` for an OCI image layout in a folder.
//!
//! The grammar is that of the distribution's reference package; what it leaves to readers (Docker Hub short
//! names, case and trailing dot of a host, the default port) is normalised here, so that all spellings of one
//! repository are one [`Repository`].

pub(super) mod grammar;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use super::digest::Digest;

/// The registry that names without a host belong to.
pub const DOCKER_HUB: &str = "docker.io";
/// The hosts that are Docker Hub's, each in small letters; the first is the normal form.
pub const DOCKER_HUB_HOSTS: [&str; 3] = [DOCKER_HUB, "index.docker.io", "registry-1.docker.io"];
/// Longest repository name, host included (distribution specification).
const NAME_LIMIT: usize = 255;

/// Every spelling in small letters that means `host`, which is in its normal form: with a dot at the end of the name and
/// without, with the port 443 and without; of Docker Hub under each of its names.
pub fn host_spellings(host: &str) -> Vec<String> {
    grammar::spellings(host)
}

/// The host at the beginning of a pattern in its normal form, with those of Docker Hub as they are written, which readers
/// tell apart; nothing where `written` is no host, but the beginning of a path.
///
/// # Errors
/// Why no reference can have this host; escaped.
pub fn literal_host(written: &str) -> Result<Option<String>, String> {
    let lower = written.to_ascii_lowercase();
    if !grammar::names_a_host(&lower) {
        return Ok(None);
    }
    match grammar::normalised_host(&lower)? {
        hub if hub == DOCKER_HUB => Ok(Some(lower)),
        host => Ok(Some(host)),
    }
}

/// Why a text is not an image reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an image reference: {reason}")]
pub struct ReferenceError {
    text: String,
    reason: String,
}

impl ReferenceError {
    /// What is wrong, without the text that it is wrong with.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A tag: `[A-Za-z0-9_][A-Za-z0-9._-]{0,127}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag(String);

/// Where images live: a repository in a registry, or an image layout in a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Repository {
    /// A repository in a registry.
    Registry {
        /// Normalised: lower case, no trailing dot, no `:443` after a name with a dot; Docker Hub is `docker.io`.
        host: String,
        /// The name below the host.
        path: String,
    },
    /// An OCI image layout.
    Layout(PathBuf),
}

/// An image as written by people: a repository with a tag, a digest, or both.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ImageRef {
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// Repository and digest: the only thing that is ever signed, verified or decided on. The tag is kept to be
/// shown and is never resolved.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PinnedRef {
    repository: Repository,
    tag: Option<Tag>,
    digest: Digest,
}

impl Tag {
    /// Tag that a registry without the referrers API lists `digest`'s referrers under, and the stem of the
    /// others: `sha256-HEX` (distribution specification 1.1, referrers tag schema).
    pub fn fallback(digest: &Digest) -> Self {
        Self(format!("sha256-{}", digest.hex()))
    }

    /// Tag of cosign's legacy signatures: `sha256-HEX.sig`.
    pub fn signatures(digest: &Digest) -> Self {
        Self(format!("sha256-{}.sig", digest.hex()))
    }

    /// Tag of cosign's legacy attestations: `sha256-HEX.att`.
    pub fn attestations(digest: &Digest) -> Self {
        Self(format!("sha256-{}.att", digest.hex()))
    }

    /// Tag of cosign's attached SBOM: `sha256-HEX.sbom`.
    pub fn sbom(digest: &Digest) -> Self {
        Self(format!("sha256-{}.sbom", digest.hex()))
    }

    /// This tag with `prefix` before it, as signers and readers of cosign's library may ask for.
    ///
    /// # Errors
    /// [`ReferenceError`] if the whole is no tag.
    pub fn behind(&self, prefix: &str) -> Result<Self, ReferenceError> {
        format!("{prefix}{self}").parse()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        let legal = text.bytes().enumerate().all(|(i, b)| word(b) || i > 0 && (b == b'.' || b == b'-'));
        match legal && (1..=128).contains(&text.len()) {
            true => Ok(Self(text.to_owned())),
            false => Err(refused(text, "a tag is 1 to 128 of A-Z a-z 0-9 _ . -, not beginning with . or -")),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Repository {
    /// The host as normalised; nothing for an image layout.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Registry { host, .. } => Some(host),
            Self::Layout(_) => None,
        }
    }

    /// The name below the host; nothing for an image layout.
    pub fn path(&self) -> Option<&str> {
        match self {
            Self::Registry { path, .. } => Some(path),
            Self::Layout(_) => None,
        }
    }

    /// `host/path` as signed in the claim `countersign.dev/repository`; nothing for an image layout, which
    /// has no name that means anything elsewhere.
    pub fn claim(&self) -> Option<String> {
        self.host().map(|_| self.to_string())
    }

    /// The repository as cosign writes it in `critical.identity.docker-reference`: Docker Hub is
    /// `index.docker.io`, and an image layout has an empty one.
    pub fn docker_reference(&self) -> String {
        match self {
            Self::Registry { host, path } if host == DOCKER_HUB => format!("index.docker.io/{path}"),
            Self::Registry { .. } => self.to_string(),
            Self::Layout(_) => String::new(),
        }
    }

    /// This repository with a digest.
    pub fn pinned(&self, tag: Option<Tag>, digest: Digest) -> PinnedRef {
        PinnedRef { repository: self.clone(), tag, digest }
    }
}

impl FromStr for Repository {
    type Err = ReferenceError;

    /// Reads a repository without tag and digest.
    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        let image: ImageRef = grammar::parse(text, true)?;
        match (image.tag, image.digest) {
            (None, None) => Ok(image.repository),
            _ => Err(refused(text, "a repository is expected here, without tag and digest")),
        }
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry { host, path } => write!(f, "{host}/{path}"),
            Self::Layout(folder) => write!(f, "oci:{}", super::escape_untrusted(&folder.to_string_lossy())),
        }
    }
}

impl ImageRef {
    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag, where one was written.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, where one was written.
    pub fn digest(&self) -> Option<Digest> {
        self.digest
    }

    /// The pinned reference, where a digest was written; the digest rules and the tag is never resolved.
    pub fn pinned(&self) -> Option<PinnedRef> {
        self.digest.map(|digest| self.at(digest))
    }

    /// This reference at `digest`.
    pub fn at(&self, digest: Digest) -> PinnedRef {
        self.repository.pinned(self.tag.clone(), digest)
    }

    /// The tag to resolve where no digest was written: `latest` where none was written either.
    pub fn tag_or_latest(&self) -> Tag {
        self.tag.clone().unwrap_or_else(|| Tag("latest".to_owned()))
    }
}

impl FromStr for ImageRef {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        grammar::parse(text, false)
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_reference(f, &self.repository, self.tag.as_ref(), self.digest.as_ref())
    }
}

impl PinnedRef {
    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag that was written beside the digest.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Another image of the same repository.
    pub fn sibling(&self, digest: Digest) -> Self {
        self.repository.pinned(None, digest)
    }
}

impl From<PinnedRef> for ImageRef {
    fn from(PinnedRef { repository, tag, digest }: PinnedRef) -> Self {
        Self { repository, tag, digest: Some(digest) }
    }
}

impl fmt::Display for PinnedRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_reference(f, &self.repository, self.tag.as_ref(), Some(&self.digest))
    }
}

fn write_reference(
    f: &mut fmt::Formatter<'_>,
    repository: &Repository,
    tag: Option<&Tag>,
    digest: Option<&Digest>,
) -> fmt::Result {
    write!(f, "{repository}")?;
    if let Some(tag) = tag {
        write!(f, ":{tag}")?;
    }
    match digest {
        Some(digest) => write!(f, "@{digest}"),
        None => Ok(()),
    }
}

fn refused(text: &str, reason: impl Into<String>) -> ReferenceError {
    let shown: String = text.chars().take(300).collect();
    ReferenceError { text: super::escape_untrusted(&shown), reason: reason.into() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const HEX: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";

    fn shown(text: &str) -> String {
        text.parse::<ImageRef>().unwrap().to_string()
    }

    #[test]
    fn every_spelling_of_a_docker_hub_image_is_one_repository() {
        for text in [
            "alpine",
            "library/alpine",
            "docker.io/alpine",
            "index.docker.io/library/alpine",
            "Docker.IO/library/alpine",
            "docker.io.:443/library/alpine",
            "registry-1.docker.io/library/alpine",
        ] {
            assert_eq!(shown(text), "docker.io/library/alpine", "{text}");
        }
        let hub: Repository = "alpine".parse().unwrap();
        assert_eq!(hub.docker_reference(), "index.docker.io/library/alpine");
    }

    #[test]
    fn ports_addresses_tags_and_digests_are_told_apart() {
        assert_eq!(shown("localhost:5000/a/b:1.2"), "localhost:5000/a/b:1.2");
        assert_eq!(shown("[::1]:5000/a"), "[::1]:5000/a");
        assert_eq!(shown("[0:0::1]:5000/a"), "[::1]:5000/a");
        assert_eq!(shown("[FE80::0:1]/a"), "[fe80::1]/a");
        assert_eq!(shown("127.0.0.1:5000/a"), "127.0.0.1:5000/a");
        for odd in ["127.1/a", "010.0.0.1/a", "1.2.3.4.5/a", "a.0x7f/a", "300.0.0.1/a"] {
            assert!(odd.parse::<ImageRef>().unwrap_err().to_string().contains("ends in a number"), "{odd}");
        }
        assert_eq!(shown("[::1]/a:t"), "[::1]/a:t");
        assert_eq!(shown("Registry.Example.Org:443/a"), "registry.example.org/a");
        assert_eq!(shown("Registry:443/a"), "registry:443/a");
        assert_eq!(shown("REGISTRY/a"), "registry:443/a");
        let both: ImageRef = format!("r.example/a:1@sha256:{HEX}").parse().unwrap();
        assert_eq!((both.tag().unwrap().as_str(), both.digest().unwrap().hex()), ("1", HEX.to_owned()));
    }

    #[test]
    fn every_spelling_of_a_host_means_that_host() {
        for (host, spellings) in [
            ("r.example", "r.example r.example:443 r.example. r.example.:443"),
            ("r.example:5000", "r.example:5000 r.example.:5000"),
            ("registry:443", "registry:443 registry. registry.:443"),
            ("localhost", "localhost localhost:443 localhost. localhost.:443"),
            ("[::1]", "[::1] [::1]:443"),
        ] {
            assert_eq!(host_spellings(host).join(" "), spellings);
        }
        assert_eq!(host_spellings(DOCKER_HUB).len(), 12);
        for host in ["r.example", "registry:443", "localhost", "127.0.0.1:5000", "[::1]", DOCKER_HUB] {
            for spelling in host_spellings(host) {
                let image: ImageRef = format!("{spelling}/a/b").parse().unwrap();
                assert_eq!(image.repository().host(), Some(host), "{spelling}");
            }
        }
    }

    #[test]
    fn a_layout_is_a_path_that_may_hold_colons_before_its_last_slash() {
        let image: ImageRef = format!("oci:./a:b/c:1.0@sha256:{HEX}").parse().unwrap();
        assert_eq!(image.repository(), &Repository::Layout("./a:b/c".into()));
        assert_eq!(image.tag().unwrap().as_str(), "1.0");
        assert_eq!(image.repository().docker_reference(), "");
        assert_eq!(image.repository().claim(), None);
        let bare: ImageRef = "oci:demo".parse().unwrap();
        assert_eq!((bare.repository(), bare.tag()), (&Repository::Layout("demo".into()), None));
    }

    #[test]
    fn what_the_grammar_does_not_allow_is_refused_with_a_reason() {
        for text in [
            "",
            ":",
            "a:",
            "a@",
            "a@sha256:12",
            "Up/er/",
            "a//b",
            "a/-b",
            "a:b:c",
            "https://r.example/a",
            "r.example:0/a",
            "r.example:99999/a",
            "r.example:+1/a",
            "r_x.example/a",
            "[::g]/a",
            "r.example/",
            "a..b",
            "a___b",
            "oci:",
            "r.example/a:-x",
            "-r.example/a",
            "a b",
        ] {
            let error = text.parse::<ImageRef>();
            assert!(error.is_err(), "{text} gave {error:?}");
        }
        let long = format!("r.example/{}", "a".repeat(250));
        assert!(long.parse::<ImageRef>().is_err());
    }

    #[test]
    fn a_registry_whose_name_would_read_as_an_image_layout_is_refused() {
        for text in ["oci./app", "OCI/app", "OCI.:5000/app"] {
            let error = text.parse::<ImageRef>().unwrap_err().to_string();
            assert!(error.contains("full name"), "{error}");
        }
        assert!("oci.example/app".parse::<ImageRef>().is_ok());
    }
}
