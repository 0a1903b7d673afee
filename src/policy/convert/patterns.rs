//! Patterns of names as native patterns, where both mean the same repositories.

use crate::model::reference::{DOCKER_HUB, DOCKER_HUB_HOSTS};
use crate::policy::names::NamePattern;
use crate::policy::pattern::Pattern;

/// What stands behind a repository in the names that policy-controller reads.
const DIGESTS: [&str; 3] = ["@sha256:*", "@**", "@*"];

/// The native pattern that means the same repositories.
///
/// # Errors
/// Why there is none.
pub(super) fn native(pattern: &NamePattern) -> Result<Pattern, String> {
    let text = match pattern {
        NamePattern::Tanzu(pattern) => of_runs(&pattern.to_string())?,
        NamePattern::Sigstore(glob) if glob.matches_nothing() => {
            return Err("no image matches it".to_owned());
        }
        NamePattern::Sigstore(glob) => of_segments(&glob.to_string())?,
    };
    text.parse().map_err(|error: crate::policy::PatternError| error.to_string())
}

/// A pattern whose `*` is any run of characters, of repositories with any tag.
fn of_runs(written: &str) -> Result<String, String> {
    let text = written.to_lowercase();
    let text = text.strip_suffix(":*").unwrap_or(&text);
    if text.bytes().all(|byte| byte == b'*') {
        return Ok("**".to_owned());
    }
    let last = text.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) {
        return Err("it names a tag or a digest, and native patterns speak of repositories".to_owned());
    }
    let path_of = |text: &str| across(text);
    match text.split_once('/') {
        None if text.contains('*') => Err(ambiguous()),
        None => Ok(format!("{DOCKER_HUB}/library/{text}")),
        Some((host, _)) if host.contains('*') => Err(wildcard_in_host()),
        Some((host, path)) if DOCKER_HUB_HOSTS.contains(&host) => {
            hub_path(path)?;
            Ok(format!("{DOCKER_HUB}/{}", path_of(path)))
        }
        Some((host, path)) if is_host(host) => Ok(format!("{host}/{}", path_of(path))),
        Some(_) => Ok(format!("{DOCKER_HUB}/{}", path_of(text))),
    }
}

/// A glob of policy-controller, which is held against `REPOSITORY@sha256:…`.
fn of_segments(written: &str) -> Result<String, String> {
    if written == "**" {
        return Ok(written.to_owned());
    }
    let (host, _) = written.split_once('/').ok_or_else(wildcard_in_host)?;
    if host.contains('*') || !is_host(host) {
        return Err(wildcard_in_host());
    }
    if let Some(name) = DIGESTS.iter().find_map(|behind| written.strip_suffix(behind)) {
        let last = name.rsplit('/').next().unwrap_or_default();
        // A wildcard in the last segment could take in the digest's beginning.
        return if last.contains(['*', '@', ':']) { Err(digest()) } else { Ok(name.to_owned()) };
    }
    // The wildcard at the end takes in the digest. One before it, in the same segment, could take in a part.
    let last = written.rsplit('/').next().unwrap_or_default();
    let literal = last.trim_end_matches('*');
    match literal.len() < last.len() && !literal.contains(['*', '@', ':']) {
        true => Ok(written.to_owned()),
        false => Err(digest()),
    }
}

/// `*` as any run of characters.
fn across(text: &str) -> String {
    let mut written = String::new();
    for part in text.split('*').enumerate() {
        match part {
            (0, first) => written.push_str(first),
            // Several `*` in a row mean what one means.
            (_, rest) => {
                if !written.ends_with("**") {
                    written.push_str("**");
                }
                written.push_str(rest);
            }
        }
    }
    written
}

/// Docker Hub's own images have two paths, with `library/` and without.
fn hub_path(path: &str) -> Result<(), String> {
    let first = path.split('/').next().unwrap_or_default();
    match first.contains('*') && path != "*" {
        true => Err(ambiguous()),
        false => Ok(()),
    }
}

fn is_host(first: &str) -> bool {
    first.contains(['.', ':']) || first == "localhost"
}

fn ambiguous() -> String {
    "it could mean Docker Hub's own images, others there, or hosts; write the native patterns that are meant"
        .to_owned()
}

fn wildcard_in_host() -> String {
    "a native pattern names its host in full; write one for each host that is meant".to_owned()
}

fn digest() -> String {
    "it says something of a digest or a tag, and native patterns speak of repositories".to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn tanzu(text: &str) -> Result<String, String> {
        native(&NamePattern::Tanzu(text.parse().unwrap())).map(|pattern| pattern.to_string())
    }

    fn sigstore(text: &str) -> Result<String, String> {
        native(&NamePattern::Sigstore(text.parse().unwrap())).map(|pattern| pattern.to_string())
    }

    #[test]
    fn a_pattern_becomes_one_that_means_the_same() {
        for (from, to) in [
            ("*", "**"),
            ("registry.example.org/shop/*", "registry.example.org/shop/**"),
            ("registry.example.org/*/app:*", "registry.example.org/**/app"),
            ("Registry.example.org:443/shop/a**b", "registry.example.org/shop/a**b"),
            ("busybox", "docker.io/library/busybox"),
            ("shop/*", "docker.io/shop/**"),
            ("index.docker.io/*", "docker.io/**"),
        ] {
            assert_eq!(tanzu(from).as_deref(), Ok(to), "{from}");
        }
        for (from, to) in [
            ("**", "**"),
            ("ghcr.io/shop/**", "ghcr.io/shop/**"),
            ("ghcr.io/*/app@*", "ghcr.io/*/app"),
            ("ghcr.io/shop/app*", "ghcr.io/shop/app*"),
            ("index.docker.io/library/*", "docker.io/library/*"),
        ] {
            assert_eq!(sigstore(from).as_deref(), Ok(to), "{from}");
        }
    }

    #[test]
    fn what_a_native_pattern_cannot_say_is_refused() {
        for text in
            ["*/app", "registry.example.org*", "busy*", "docker.io/b*", "a.example/b:1", "a.example/*@*"]
        {
            assert!(tanzu(text).is_err(), "{text}");
        }
        for text in ["*.example.org/*", "ghcr.io/shop/app", "ghcr.io/a*b*", "ghcr.io/a*@sha256:*", "*"] {
            assert!(sigstore(text).is_err(), "{text}");
        }
    }
}
