//! Patterns of names as native patterns, where both mean the same repositories.

use crate::model::reference::{DOCKER_HUB, DOCKER_HUB_HOSTS};
use crate::policy::names::NamePattern;
use crate::policy::pattern::Pattern;

/// The one that stands in the names that policy-controller reads.
const HUB_HOST_IN_NAMES: &str = "index.docker.io";
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
    let native: Pattern = text.parse().map_err(|error: crate::policy::PatternError| error.to_string())?;
    // The native reader knows several spellings of a host and a path. Whether the other tool knew them too is not known,
    // so nothing but the one that it shows is given to it.
    match native.to_string() == text {
        true => Ok(native),
        false => Err(format!("a native pattern would read `{native}` in it; write that if it is meant")),
    }
}

/// A pattern whose `*` is any run of characters, of repositories with any tag.
fn of_runs(written: &str) -> Result<String, String> {
    let text = written.to_lowercase();
    let text = text.strip_suffix(":*").unwrap_or(&text);
    if text.is_empty() {
        return Err("no image matches it".to_owned());
    }
    if text.bytes().all(|byte| byte == b'*') {
        return Ok("**".to_owned());
    }
    let last = text.rsplit('/').next().unwrap_or_default();
    if last.contains([':', '@']) {
        return Err("it names a tag or a digest, and native patterns speak of repositories".to_owned());
    }
    match text.split_once('/') {
        None => hub_path(text),
        Some((host, _)) if host.contains('*') => Err(wildcard_in_host()),
        Some((host, path)) if DOCKER_HUB_HOSTS.contains(&host) => hub_path(path),
        // Docker Hub may have such a repository, whose short name reads alike.
        Some(("localhost", _)) => Err(ambiguous()),
        Some((host, path)) if is_host(host) => Ok(format!("{}/{}", without_port(host), across(path))),
        Some(_) => hub_path(text),
    }
}

/// A glob of policy-controller, which is held against `REPOSITORY@sha256:…`.
fn of_segments(written: &str) -> Result<String, String> {
    if written == "**" {
        return Ok(written.to_owned());
    }
    let (host, path) = written.split_once('/').ok_or_else(wildcard_in_host)?;
    if host.contains('*') || !is_host(host) {
        return Err(wildcard_in_host());
    }
    let host = if host == HUB_HOST_IN_NAMES { DOCKER_HUB } else { without_port(host) };
    Ok(format!("{host}/{}", without_digest(path)?))
}

/// The path of such a glob without what is meant for the digest.
fn without_digest(path: &str) -> Result<&str, String> {
    if let Some(name) = DIGESTS.iter().find_map(|behind| path.strip_suffix(behind)) {
        let last = name.rsplit('/').next().unwrap_or_default();
        // A wildcard in the last segment could take in the digest's beginning.
        return if last.contains(['*', '@', ':']) { Err(digest()) } else { Ok(name) };
    }
    // The wildcard at the end takes in the digest. One before it, in the same segment, could take in a part.
    let last = path.rsplit('/').next().unwrap_or_default();
    let literal = last.trim_end_matches('*');
    match literal.len() < last.len() && !literal.contains(['*', '@', ':']) {
        true => Ok(path),
        false => Err(digest()),
    }
}

/// The host without `:443`, where both dialects and references read both alike: Docker Hub has its names without a
/// port alone, and a name without a dot keeps its port.
fn without_port(host: &str) -> &str {
    match host.strip_suffix(":443") {
        Some(name) if !DOCKER_HUB_HOSTS.contains(&name) && name.contains(['.', ']']) => name,
        _ => host,
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

/// A pattern of Docker Hub's images. Its own have two paths, with `library/` and without.
fn hub_path(path: &str) -> Result<String, String> {
    let first = path.split('/').next().unwrap_or_default();
    match (first.contains('*'), path.contains('/')) {
        (true, _) if path == "*" => Ok(format!("{DOCKER_HUB}/**")),
        (true, _) => Err(ambiguous()),
        (false, false) => Ok(format!("{DOCKER_HUB}/library/{path}")),
        (false, true) => Ok(format!("{DOCKER_HUB}/{}", across(path))),
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
            ("registry-1.docker.io/busybox:*", "docker.io/library/busybox"),
            ("registry:443/*", "registry:443/**"),
            ("[::1]:443/*", "[::1]/**"),
        ] {
            assert_eq!(tanzu(from).as_deref(), Ok(to), "{from}");
        }
        for (from, to) in [
            ("**", "**"),
            ("ghcr.io/shop/**", "ghcr.io/shop/**"),
            ("ghcr.io/*/app@*", "ghcr.io/*/app"),
            ("ghcr.io/shop/app*", "ghcr.io/shop/app*"),
            ("index.docker.io/library/*", "docker.io/library/*"),
            ("index.docker.io/**", "docker.io/**"),
            ("ghcr.io:443/shop/*", "ghcr.io/shop/*"),
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

    #[test]
    fn no_spelling_becomes_a_pattern_that_takes_in_more() {
        for text in [
            "index.docker.io/*",
            "index.docker.io/busy*",
            "index.docker.io/busybox@*",
            "Docker.io/**",
            "docker.io/library/*",
            "registry-1.docker.io/**",
            "index.docker.io:443/**",
            "index.docker.io./**",
            "registry.example.org./**",
            "registry.example.org:0443/**",
            "REGISTRY.example.org/**",
        ] {
            assert!(sigstore(text).is_err(), "{text}: {:?}", sigstore(text));
        }
        for text in [
            ":*",
            "docker.io:443/library/*",
            "index.docker.io:443/*",
            "[0:0::1]/*",
            "registry.example.org./shop/*",
            "registry.example.org:0443/*",
            "docker.io./library/*",
            "localhost/*",
        ] {
            assert!(tanzu(text).is_err(), "{text}: {:?}", tanzu(text));
        }
    }
}
