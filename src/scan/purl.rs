//! Package URLs (package-url/purl-spec), as far as statements about packages and images are compared with them.
//! Only exact words match: what is not a package URL names nothing.

use std::collections::BTreeMap;

/// Longest package URL that is read, in bytes.
const LENGTH_LIMIT: usize = 2048;

/// A package URL, taken apart; escapes are undone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purl {
    /// The type, such as `deb` or `oci`, in lower case.
    pub(super) kind: String,
    /// The namespace, such as the distribution; empty if there is none.
    pub(super) namespace: String,
    /// The name.
    pub(super) name: String,
    /// The version, if one is given.
    pub(super) version: Option<String>,
    /// The qualifiers by name.
    pub(super) qualifiers: BTreeMap<String, String>,
    /// A part of the package, if not the whole is meant.
    pub(super) subpath: Option<String>,
}

impl Purl {
    /// Reads `text`; `None` if it is no package URL, or longer than 2048 bytes.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:").filter(|_| text.len() <= LENGTH_LIMIT)?;
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (kind, path) = path.trim_start_matches('/').split_once('/')?;
        // An `@` before the last slash belongs to a namespace that somebody did not escape.
        let (path, version) = match path.rsplit_once('@') {
            Some((path, version)) if !version.contains('/') => (path, Some(version)),
            _ => (path, None),
        };
        let (namespace, name) =
            path.trim_matches('/').rsplit_once('/').unwrap_or(("", path.trim_matches('/')));
        let kind = kind.to_ascii_lowercase();
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '+' | '-');
        if kind.is_empty() || name.is_empty() || !kind.chars().all(legal) {
            return None;
        }
        Some(Self {
            kind,
            namespace: decoded(namespace)?,
            name: decoded(name)?,
            version: decoded_if_any(version.unwrap_or_default())?,
            qualifiers: parsed_qualifiers(qualifiers)?,
            subpath: decoded_if_any(subpath.trim_matches('/'))?,
        })
    }

    /// Whether this names `other`: the same package, the same version and the same part of it if one is given here,
    /// and no qualifier here that `other` has not.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let same = (&self.kind, &self.namespace, &self.name) == (&other.kind, &other.namespace, &other.name);
        let version = self.version.is_none() || self.version == other.version;
        let part = self.subpath.is_none() || self.subpath == other.subpath;
        same && version
            && part
            && self.qualifiers.iter().all(|(name, value)| other.qualifiers.get(name) == Some(value))
    }

    /// Whether this may be what `other` names: nothing in which one contradicts the other, however they are written.
    /// Qualifiers and parts of a package contradict nothing.
    pub(super) fn may_be(&self, other: &Self) -> bool {
        let namespaces = [&self.namespace, &other.namespace].map(|namespace| folded(namespace));
        let [own, its] = &namespaces;
        let versions = self.version.as_deref().zip(other.version.as_deref());
        self.kind == other.kind
            && folded(&self.name) == folded(&other.name)
            && (own == its || namespaces.iter().any(String::is_empty))
            && versions.is_none_or(|(own, its)| bare_version(own) == bare_version(its))
    }
}

/// A name as types that do not tell these letters apart write it.
fn folded(name: &str) -> String {
    name.to_lowercase().replace('_', "-")
}

/// A version without the epoch of `deb` and `rpm`, which may stand in a qualifier, and without the `v` of tags.
fn bare_version(version: &str) -> &str {
    let is_epoch = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let bare = version.split_once(':').filter(|(epoch, _)| is_epoch(epoch)).map_or(version, |(_, bare)| bare);
    bare.strip_prefix('v').unwrap_or(bare)
}

fn parsed_qualifiers(text: &str) -> Option<BTreeMap<String, String>> {
    let mut qualifiers = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=')?;
        if qualifiers.insert(name.to_ascii_lowercase(), decoded(value)?).is_some() {
            return None;
        }
    }
    Some(qualifiers)
}

/// [`decoded`] of a text that may be absent: then there is none.
fn decoded_if_any(text: &str) -> Option<Option<String>> {
    if text.is_empty() { Some(None) } else { decoded(text).map(Some) }
}

/// `text` with its percent escapes undone.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn purl(text: &str) -> Purl {
        Purl::parse(text).unwrap()
    }

    #[test]
    fn a_package_url_is_taken_apart_and_its_escapes_are_undone() {
        let image = purl("pkg:oci/app@sha256%3Aab?repository_url=a.example%2Fshop&tag=1");
        assert_eq!((&*image.kind, &*image.name, image.version.as_deref()), ("oci", "app", Some("sha256:ab")));
        assert_eq!(image.qualifiers["repository_url"], "a.example/shop");
        assert_eq!(image, purl("pkg:oci/app@sha256:ab?tag=1&repository_url=a.example/shop#"));
        assert_eq!(purl("pkg:golang/x/crypto@1#/ssh%2Fagent/").subpath.as_deref(), Some("ssh/agent"));
        assert_eq!(purl("pkg:npm/%40angular/core@1"), purl("pkg:npm/@angular/core@1"));
        assert_eq!(purl("pkg:npm/@angular/core").version, None);
    }

    #[test]
    fn what_is_no_package_url_names_nothing() {
        let wrong = [
            "",
            "bash",
            "pkg:",
            "pkg:deb",
            "pkg:deb/",
            "pkg:/bash",
            "pkg:de b/bash",
            "pkg:deb/a%4",
            "pkg:deb/a%zz",
        ];
        for text in wrong.into_iter().chain(["pkg:deb/a%ff", "pkg:deb/a?b", "pkg:deb/a?b=1&b=2", "PKG:deb/a"])
        {
            assert_eq!(Purl::parse(text), None, "{text}");
        }
        assert_eq!(Purl::parse(&format!("pkg:deb/{}", "a".repeat(LENGTH_LIMIT))), None);
    }

    #[test]
    fn a_general_one_covers_a_special_one_and_never_the_other_way_round() {
        let special = purl("pkg:deb/debian/bash@5.0-4?arch=amd64&distro=debian-10.1");
        for general in ["pkg:deb/debian/bash", "pkg:deb/debian/bash@5.0-4", "pkg:deb/debian/bash?arch=amd64"]
        {
            assert!(purl(general).covers(&special), "{general}");
            assert!(!special.covers(&purl(general)), "{general}");
        }
        for other in [
            "pkg:rpm/debian/bash",
            "pkg:deb/ubuntu/bash",
            "pkg:deb/debian/bas",
            "pkg:deb/debian/bash@5.0",
            "pkg:deb/bash",
        ] {
            assert!(!purl(other).covers(&special), "{other}");
        }
        assert!(!purl("pkg:deb/debian/bash?arch=arm64").covers(&special));
    }

    #[test]
    fn a_part_of_a_package_covers_that_part_alone() {
        let (part, whole) = (purl("pkg:golang/x/crypto#ssh/agent"), purl("pkg:golang/x/crypto"));
        assert!(!part.covers(&whole) && part.covers(&part) && whole.covers(&part));
        assert!(!part.covers(&purl("pkg:golang/x/crypto#ssh")));
    }

    #[test]
    fn what_contradicts_nothing_may_be_the_same() {
        let written = purl("pkg:deb/debian/python_x@1:3.0.1?arch=amd64&distro=debian-12");
        for other in [
            "pkg:deb/debian/python_x",
            "pkg:deb/python-x@3.0.1",
            "pkg:deb/Debian/Python_X@1:3.0.1?distro=debian-12.5",
            "pkg:deb/debian/python_x@v3.0.1#part",
        ] {
            assert!(purl(other).may_be(&written) && written.may_be(&purl(other)), "{other}");
        }
        for other in [
            "pkg:rpm/debian/python_x",
            "pkg:deb/ubuntu/python_x",
            "pkg:deb/debian/python_x@3.0.2",
            "pkg:deb/debian/x",
        ] {
            assert!(!purl(other).may_be(&written) && !written.may_be(&purl(other)), "{other}");
        }
    }
}
