//! Key references: where a key is, as people write it. Parsed once, at the edge; nothing is opened here.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::model::escape_untrusted;

/// Longest Kubernetes object name, in bytes (RFC 1123 subdomain).
const OBJECT_NAME_LIMIT: usize = 253;
/// Longest namespace name and longest part between two dots, in bytes (RFC 1123 label).
const LABEL_LIMIT: usize = 63;
/// Schemes of key stores that other builds have, written `scheme:` or `scheme://`.
const OTHER_STORES: [&str; 7] =
    ["awskms", "azurekms", "gcpkms", "hashivault", "openbao", "keyprotect", "pkcs11"];

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyRef {
    /// A file with a PEM key, or a folder with a secret's entries.
    Path(PathBuf),
    /// `env://NAME`: an environment variable that holds a PEM key.
    Env(String),
    /// `k8s://NAMESPACE/SECRET`: a secret with `cosign.key`, `cosign.password`, `cosign.pub`.
    KubeSecret(ObjectName),
    /// `k8s-configmap://NAMESPACE/NAME`: a ConfigMap with `cosign.pub`.
    KubeConfigMap(ObjectName),
}

/// A namespaced Kubernetes object: both parts are valid RFC 1123 names.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    namespace: String,
    name: String,
}

/// Why a text is not a key reference.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefError {
    /// Nothing was given.
    #[error("the key reference is empty")]
    Empty,
    /// A key store that this build cannot speak to.
    #[error("key reference `{reference}`: this build has no support for `{scheme}` keys")]
    Scheme {
        /// The scheme, as written.
        scheme: String,
        /// The reference, escaped.
        reference: String,
    },
    /// `env://` without a usable variable name.
    #[error("key reference `{0}`: an environment variable's name is expected after env://")]
    Variable(String),
    /// Not `NAMESPACE/NAME`.
    #[error("key reference `{0}`: NAMESPACE/NAME is expected after the scheme")]
    Object(String),
    /// A name that Kubernetes does not allow.
    #[error(
        "key reference `{reference}`: `{name}` is not a Kubernetes name (lower-case letters, digits, `-`, and `.` in \
         an object's name; RFC 1123)"
    )]
    Name {
        /// The part that breaks the rule, escaped.
        name: String,
        /// The reference, escaped.
        reference: String,
    },
}

impl ObjectName {
    /// An object `name` in `namespace`.
    ///
    /// # Errors
    /// [`KeyRefError::Name`] if a part is not a valid RFC 1123 name.
    pub fn new(namespace: &str, name: &str) -> Result<Self, KeyRefError> {
        let wrong = |part: &str| KeyRefError::Name {
            name: escape_untrusted(part),
            reference: escape_untrusted(&format!("{namespace}/{name}")),
        };
        if !is_label(namespace) {
            return Err(wrong(namespace));
        }
        if name.len() > OBJECT_NAME_LIMIT || !name.split('.').all(is_label) {
            return Err(wrong(name));
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.to_owned() })
    }

    /// The namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The object's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The object `NAME-suffix` in the same namespace.
    ///
    /// # Errors
    /// [`KeyRefError::Name`] if the name becomes too long.
    pub fn with_suffix(&self, suffix: &str) -> Result<Self, KeyRefError> {
        Self::new(&self.namespace, &format!("{}{suffix}", self.name))
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.namespace, self.name)
    }
}

impl FromStr for ObjectName {
    type Err = KeyRefError;

    fn from_str(text: &str) -> Result<Self, KeyRefError> {
        match text.split_once('/') {
            Some((namespace, name)) => Self::new(namespace, name),
            None => Err(KeyRefError::Object(escape_untrusted(text))),
        }
    }
}

fn is_label(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !text.is_empty()
        && text.len() <= LABEL_LIMIT
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

fn object(rest: &str, reference: &str) -> Result<ObjectName, KeyRefError> {
    rest.parse().map_err(|error| match error {
        KeyRefError::Name { name, .. } => KeyRefError::Name { name, reference: escape_untrusted(reference) },
        _ => KeyRefError::Object(escape_untrusted(reference)),
    })
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
}

impl FromStr for KeyRef {
    type Err = KeyRefError;

    fn from_str(text: &str) -> Result<Self, KeyRefError> {
        let lacking = |scheme: &str| KeyRefError::Scheme {
            scheme: scheme.to_owned(),
            reference: escape_untrusted(text),
        };
        if text.is_empty() {
            return Err(KeyRefError::Empty);
        }
        match text.split_once("://") {
            Some(("env", name)) if name.is_empty() || name.contains(['=', '\0']) => {
                Err(KeyRefError::Variable(escape_untrusted(text)))
            }
            Some(("env", name)) => Ok(Self::Env(name.to_owned())),
            Some(("k8s", rest)) => Ok(Self::KubeSecret(object(rest, text)?)),
            Some(("k8s-configmap", rest)) => Ok(Self::KubeConfigMap(object(rest, text)?)),
            Some((scheme, _)) if is_scheme(scheme) => Err(lacking(scheme)),
            _ => match text.split_once(':') {
                Some((scheme, _)) if OTHER_STORES.contains(&scheme) => Err(lacking(scheme)),
                _ => Ok(Self::Path(PathBuf::from(text))),
            },
        }
    }
}

impl fmt::Display for KeyRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => f.write_str(&escape_untrusted(&path.to_string_lossy())),
            Self::Env(name) => write!(f, "env://{}", escape_untrusted(name)),
            Self::KubeSecret(object) => write!(f, "k8s://{object}"),
            Self::KubeConfigMap(object) => write!(f, "k8s-configmap://{object}"),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read_and_written_back() {
        for text in [
            "keys/build.key",
            "/secrets/build",
            "env://KEY",
            "k8s://ci/build.v1",
            "k8s-configmap://ci/build-pub",
        ] {
            assert_eq!(text.parse::<KeyRef>().unwrap().to_string(), text);
        }
        assert!(matches!("C:key".parse::<KeyRef>().unwrap(), KeyRef::Path(_)));
    }

    #[test]
    fn a_scheme_this_build_lacks_is_named() {
        for text in
            ["awskms:///alias/a", "pkcs11:token=a;object=b", "vault://a", "hashivault://k", "K8S://a/b"]
        {
            let error = text.parse::<KeyRef>().unwrap_err();
            let KeyRefError::Scheme { scheme, .. } = &error else {
                unreachable!("{error:?}");
            };
            assert!(text.starts_with(scheme.as_str()));
            assert!(error.to_string().contains("this build has no support"));
        }
    }

    #[test]
    fn names_that_kubernetes_refuses_are_refused() {
        for text in [
            "k8s://ci",
            "k8s://ci/",
            "k8s:///key",
            "k8s://CI/key",
            "k8s://ci/key/extra",
            "k8s://ci/-key",
            "k8s://c.i/key",
            "k8s://ci/..",
            "k8s://ci/a?b",
            "k8s-configmap://ci/a%2fb",
            "env://",
        ] {
            assert!(text.parse::<KeyRef>().is_err(), "{text}");
        }
        assert!(ObjectName::new("ci", &"a".repeat(64)).is_err());
    }
}
