//! The grammar of references, and the normal form of a registry's name.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::str::FromStr as _;

use super::{DOCKER_HUB, DOCKER_HUB_HOSTS, ImageRef, NAME_LIMIT, ReferenceError, Repository, Tag, refused};
use crate::model::digest::DigestError;

/// The port of HTTPS.
const DEFAULT_PORT: u16 = 443;

/// Reads an image; with `repository_only`, errors speak of a repository.
pub(super) fn parse(text: &str, repository_only: bool) -> Result<ImageRef, ReferenceError> {
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => {
            let digest = digest.parse().map_err(|e: DigestError| refused(text, e.to_string()))?;
            (name, Some(digest))
        }
        None => (text, None),
    };
    let (name, tag) = split_tag(name);
    let tag = tag.map(Tag::from_str).transpose().map_err(|e| refused(text, e.reason))?;
    let repository = match name.strip_prefix("oci:") {
        Some(folder) => layout(folder).map_err(|reason| refused(text, reason))?,
        None => registry(name, repository_only).map_err(|reason| refused(text, reason))?,
    };
    Ok(ImageRef { repository, tag, digest })
}

/// Splits `name[:tag]`: a colon after the last slash parts them, but not the one of `oci:` itself, and not
/// one before a slash (a port).
fn split_tag(name: &str) -> (&str, Option<&str>) {
    let body = name.strip_prefix("oci:").unwrap_or(name);
    let start = name.len() - body.len() + body.rfind('/').map_or(0, |slash| slash + 1);
    // `[::1]` alone is no repository, but its colons are no tag either.
    match name[start..].rsplit_once(':') {
        Some((_, tag)) if !tag.ends_with(']') => (&name[..name.len() - tag.len() - 1], Some(tag)),
        _ => (name, None),
    }
}

fn layout(folder: &str) -> Result<Repository, String> {
    match folder.is_empty() || folder.contains('\0') {
        true => Err("`oci:` needs the path of a folder".to_owned()),
        false => Ok(Repository::Layout(Path::new(folder).to_path_buf())),
    }
}

fn registry(name: &str, repository_only: bool) -> Result<Repository, String> {
    if name.is_empty() {
        return Err("the repository is empty".to_owned());
    }
    if let Some(scheme) =
        ["http://", "https://", "docker://", "oci://"].iter().find(|s| name.starts_with(**s))
    {
        return Err(format!("leave `{scheme}` out (plain HTTP is asked for with --plain-http HOST)"));
    }
    let (host, path) = match name.split_once('/') {
        Some((host, path)) if names_a_host(host) => (normalised_host(host)?, path.to_owned()),
        _ => (DOCKER_HUB.to_owned(), name.to_owned()),
    };
    let path = match host == DOCKER_HUB && !path.contains('/') && !path.is_empty() {
        true => format!("library/{path}"),
        false => path,
    };
    if !path.split('/').all(is_path_component) {
        let what = if repository_only { "a repository" } else { "the repository" };
        return Err(format!("{what} is made of a-z and 0-9, parted by . _ __ - and /"));
    }
    match host.len() + 1 + path.len() > NAME_LIMIT {
        true => Err(format!("the repository is longer than {NAME_LIMIT} characters")),
        false => Ok(Repository::Registry { host, path }),
    }
}

/// Whether the first component of a name is a host (as Docker decides): it holds a dot, a colon or an upper
/// case letter, or is `localhost`.
pub(in crate::model) fn names_a_host(component: &str) -> bool {
    component == "localhost"
        || component.starts_with('[')
        || component.contains(['.', ':'])
        || component.bytes().any(|b| b.is_ascii_uppercase())
}

/// Lower case, without trailing dot and `:443`; `index.docker.io` and `registry-1.docker.io` are Docker Hub.
/// An address is written in one way: of IPv6 the canonical form, of IPv4 four decimal numbers; what else ends in a
/// number, such as `127.1`, is refused, since clients read an address in it.
/// A name without a dot keeps or gets `:443`: without it, what is shown would be read as a Docker Hub name.
pub(in crate::model) fn normalised_host(written: &str) -> Result<String, String> {
    let lower = written.to_ascii_lowercase();
    let (name, port) = split_port(&lower)?;
    let name = name.strip_suffix('.').unwrap_or(name);
    let canonical = match name.strip_prefix('[').and_then(|n| n.strip_suffix(']')) {
        Some(address) => address.parse::<Ipv6Addr>().ok().map(|address| format!("[{address}]")),
        None => name.split('.').all(is_host_label).then(|| name.to_owned()),
    };
    let Some(name) = canonical.as_deref() else {
        return Err("the registry is not a host name or address".to_owned());
    };
    if ends_in_a_number(name) && name.parse::<Ipv4Addr>().is_err() {
        return Err(
            "the registry ends in a number and is no address; write an address as 192.0.2.1".to_owned()
        );
    }
    // `OCI./app` would be shown as `oci:443/app`, and that is an image layout.
    if name == "oci" {
        return Err("`oci` is the word for image layouts; name the registry by its full name".to_owned());
    }
    let name = match name {
        hub if port.is_none() && DOCKER_HUB_HOSTS.contains(&hub) => DOCKER_HUB,
        other => other,
    };
    match port {
        None if names_a_host(name) => Ok(name.to_owned()),
        port => Ok(format!("{name}:{}", port.unwrap_or(DEFAULT_PORT))),
    }
}

/// Every spelling in small letters that means a host in its normal form: with a dot at the end of its name and without,
/// with the port 443 and without. Docker Hub has several names.
pub(super) fn spellings(host: &str) -> Vec<String> {
    let (name, port) = match host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let names: &[&str] = if host == DOCKER_HUB { &DOCKER_HUB_HOSTS } else { &[name] };
    let names = names.iter().flat_map(|name| {
        let dotted = (!name.ends_with(']')).then(|| format!("{name}."));
        [(*name).to_owned()].into_iter().chain(dotted)
    });
    let default = DEFAULT_PORT.to_string();
    let other = port.filter(|port| *port != default);
    names
        .flat_map(|name| {
            let with_port = format!("{name}:{}", other.unwrap_or(&default));
            // Without a dot it would be no host, but the beginning of a path at Docker Hub.
            let alone = (other.is_none() && names_a_host(&name)).then_some(name);
            alone.into_iter().chain([with_port])
        })
        .collect()
}

/// Whether clients take a host for an IPv4 address: its last label is a number, decimal or hexadecimal (WHATWG URL,
/// "ends in a number").
fn ends_in_a_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let decimal = !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit());
    decimal || last.strip_prefix("0x").is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Parts `host[:port]`; the default port counts as not written.
fn split_port(host: &str) -> Result<(&str, Option<u16>), String> {
    let Some((name, port)) = host.rsplit_once(':').filter(|(_, port)| !port.ends_with(']')) else {
        return Ok((host, None));
    };
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    match port.parse::<u16>() {
        Ok(DEFAULT_PORT) if digits => Ok((name, None)),
        Ok(number) if digits && number > 0 => Ok((name, Some(number))),
        _ => Err("the registry's port is not a number from 1 to 65535".to_owned()),
    }
}

fn is_host_label(label: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !label.is_empty()
        && label.len() <= 63
        && label.bytes().all(inner)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// `[a-z0-9]+` runs, parted by one dot, one or two underscores, or any number of dashes.
pub(in crate::model) fn is_path_component(component: &str) -> bool {
    let word = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let edges = component.bytes().next().is_some_and(word) && component.bytes().last().is_some_and(word);
    let separators = component.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    edges
        && separators.into_iter().all(|s| matches!(s, "" | "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}
