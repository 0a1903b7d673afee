//! The beginning of a repository's name: a host, or a host and the first components of a path. Normalised as
//! references are, so that it covers every spelling of the repositories below it.

use std::fmt;
use std::str::FromStr;

use super::reference::grammar::{is_path_component, names_a_host, normalised_host};
use super::reference::{DOCKER_HUB, Repository};

/// A host, or a host and the beginning of a path, cut at a `/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix {
    host: String,
    /// Empty for the whole host.
    path: String,
}

impl Prefix {
    /// What remains of `repository` below this prefix: empty where the prefix is all of it, nothing where it
    /// lies elsewhere.
    pub fn rest<'a>(&self, repository: &'a Repository) -> Option<&'a str> {
        let path = repository.path().filter(|_| repository.host() == Some(&self.host))?;
        match path.strip_prefix(self.path.as_str())? {
            rest if self.path.is_empty() => Some(rest),
            "" => Some(""),
            rest => rest.strip_prefix('/'),
        }
    }

    /// The repository of that name below this prefix.
    ///
    /// # Errors
    /// Why prefix and rest together are no repository: no path, or too long.
    pub fn join(&self, rest: &str) -> Result<Repository, super::reference::ReferenceError> {
        let parts = [&self.host, self.path.as_str(), rest];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        match parts[..] {
            // A lone host would be read as a repository of Docker Hub.
            [host] => format!("{host}/").parse(),
            _ => parts.join("/").parse(),
        }
    }

    /// Its length in characters: of two that cover a repository, the longer one is the closer.
    pub fn length(&self) -> usize {
        self.host.len() + self.path.len()
    }
}

impl FromStr for Prefix {
    type Err = String;

    /// Reads `HOST` or `HOST/PATH`; without a host it is a Docker Hub name. The error says what is wrong.
    fn from_str(text: &str) -> Result<Self, String> {
        let (first, path) = text.split_once('/').unwrap_or((text, ""));
        if !names_a_host(first) {
            let whole: Repository =
                text.parse().map_err(|e: super::reference::ReferenceError| e.to_string())?;
            let path = whole.path().unwrap_or_default().to_owned();
            return Ok(Self { host: DOCKER_HUB.to_owned(), path });
        }
        let shown = super::escape_untrusted(&text.chars().take(300).collect::<String>());
        if text.contains("://") {
            return Err(format!("`{shown}`: leave the scheme out"));
        }
        let host = normalised_host(first).map_err(|reason| format!("`{shown}`: {reason}"))?;
        let legal = if text.contains('/') { path.split('/').all(is_path_component) } else { true };
        match legal {
            true => Ok(Self { host, path: path.to_owned() }),
            false => Err(format!(
                "`{shown}`: after the host come a-z and 0-9, parted by . _ __ - and /, without tag and digest"
            )),
        }
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.host)?;
        if self.path.is_empty() { Ok(()) } else { write!(f, "/{}", self.path) }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn rest(prefix: &str, repository: &str) -> Option<String> {
        let prefix: Prefix = prefix.parse().unwrap();
        prefix.rest(&repository.parse().unwrap()).map(str::to_owned)
    }

    #[test]
    fn a_prefix_ends_at_a_component() {
        assert_eq!(rest("r.example/shop", "r.example/shop/app").as_deref(), Some("app"));
        assert_eq!(rest("r.example/shop", "r.example/shop").as_deref(), Some(""));
        assert_eq!(rest("r.example/shop", "r.example/shopping/app"), None);
        assert_eq!(rest("r.example", "r.example:5000/app"), None);
        assert_eq!(rest("r.example", "r.example/a/b").as_deref(), Some("a/b"));
        assert_eq!(rest("r.example", "oci:r.example/a"), None);
    }

    #[test]
    fn spellings_of_a_prefix_cover_the_same_repositories() {
        assert_eq!(rest("Index.Docker.io", "alpine").as_deref(), Some("library/alpine"));
        assert_eq!(rest("docker.io/library", "alpine").as_deref(), Some("alpine"));
        assert_eq!(rest("alpine", "docker.io/alpine").as_deref(), Some(""));
        assert_eq!(rest("R.example.:443/a", "r.example/a/b").as_deref(), Some("b"));
        assert_eq!(rest("[::1]:5000", "[::1]:5000/a").as_deref(), Some("a"));
        assert_eq!(rest("localhost", "localhost/a").as_deref(), Some("a"));
    }

    #[test]
    fn what_begins_no_repository_is_refused_with_a_reason() {
        for text in [
            "",
            "r.example/",
            "r.example/A",
            "r.example/..",
            "r.example/a:1",
            "r_.example",
            "https://r.example",
        ] {
            assert!(text.parse::<Prefix>().is_err(), "{text}");
        }
        let lone: Prefix = "r.example".parse().unwrap();
        assert!(lone.join("").is_err());
    }
}
