//! Docker's `config.json` and the containers tools' `auth.json`: which entry or credential helper is meant
//! for a repository. Parsing and choosing only; files are found and programs run elsewhere.

use std::collections::BTreeMap;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::model::json::{self, UniqueMap};
use crate::model::reference::DOCKER_HUB;

/// Largest configuration that is read, in bytes.
pub const CONFIG_LIMIT: u64 = 1 << 20;
/// The user name that says: the secret is an identity token (docker-credential-helpers).
const TOKEN_USER: &str = "<token>";
/// Docker pads some secrets with zeros; base64 stands with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What to show a registry or its token server. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub enum Credential {
    /// A user and its password.
    Password(String, SecretString),
    /// An identity (refresh) token, exchanged for access tokens by POST.
    Identity(SecretString),
    /// A token for the registry itself.
    Registry(SecretString),
}

/// A parsed configuration.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct DockerConfig {
    auths: Option<UniqueMap<Option<Entry>>>,
    cred_helpers: Option<UniqueMap<String>>,
    creds_store: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Entry {
    auth: Option<SecretString>,
    username: Option<String>,
    password: Option<SecretString>,
    #[serde(rename = "identitytoken")]
    identity_token: Option<SecretString>,
    #[serde(rename = "registrytoken")]
    registry_token: Option<SecretString>,
}

/// Why a configuration cannot be used. Never holds what the file holds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// Not JSON of that form; with line and column where they are known.
    #[error("not a Docker configuration{0}")]
    Form(String),
    /// The entry for a registry cannot be read.
    #[error("the entry for {0}: `auth` is not base64 of user:password")]
    Auth(String),
    /// The name of a credential helper that could be something else than a name.
    #[error("`{0}` is no name of a credential helper: only A-Z a-z 0-9 . _ - are")]
    HelperName(String),
}

/// Parses a configuration.
///
/// # Errors
/// [`ConfigError::Form`], without the text found there.
pub fn parse(bytes: &[u8]) -> Result<DockerConfig, ConfigError> {
    json::from_slice(bytes).map_err(|e| ConfigError::Form(place(&e.to_string())))
}

/// `, line 1, column 2` of a JSON error, without its text, which may show what was found.
pub(super) fn place(text: &str) -> String {
    let place = text.rsplit_once(" at line ").and_then(|(_, place)| place.split_once(" column "));
    let is_number = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
    match place {
        Some((line, column)) if is_number(line) && is_number(column) => {
            format!(", line {line}, column {column}")
        }
        _ => String::new(),
    }
}

/// The credential that a user and a secret are.
pub fn credential(user: &str, secret: SecretString) -> Credential {
    match user == TOKEN_USER {
        true => Credential::Identity(secret),
        false => Credential::Password(user.to_owned(), secret),
    }
}

impl DockerConfig {
    /// The credential helper named for `host` alone.
    ///
    /// # Errors
    /// [`ConfigError::HelperName`].
    pub fn program(&self, host: &str) -> Result<Option<&str>, ConfigError> {
        self.named_program(host).filter(|name| !name.is_empty()).map(helper_name).transpose()
    }

    /// The credential helper for the hosts that none is named for. An empty name for a host says that it has
    /// none, as Docker reads it.
    ///
    /// # Errors
    /// [`ConfigError::HelperName`].
    pub fn store(&self, host: &str) -> Result<Option<&str>, ConfigError> {
        let store = self.creds_store.as_deref().filter(|name| !name.is_empty());
        store.filter(|_| self.named_program(host).is_none()).map(helper_name).transpose()
    }

    fn named_program(&self, host: &str) -> Option<&str> {
        let UniqueMap(helpers) = self.cred_helpers.as_ref()?;
        let found = helpers.iter().find(|(key, _)| {
            let place = Place::of(key);
            place.is_at(host) && place.path.is_empty()
        });
        found.map(|(_, name)| name.as_str())
    }

    /// What the entry for `host/path` holds; of several the one with the longest key. One that holds
    /// nothing, as Docker leaves where a helper has the secret, is no entry.
    ///
    /// # Errors
    /// [`ConfigError::Auth`].
    pub fn entry(&self, host: &str, path: &str) -> Result<Option<Credential>, ConfigError> {
        let auths: Option<&BTreeMap<_, _>> = self.auths.as_ref().map(|UniqueMap(auths)| auths);
        let ranked = auths.into_iter().flatten().filter_map(|(key, entry)| {
            let entry = entry.as_ref().filter(|entry| entry.holds_something())?;
            Some((Place::of(key).rank(host, path)?, key == host, entry))
        });
        let Some((_, _, entry)) = ranked.max_by_key(|(length, exact, _)| (*length, *exact)) else {
            return Ok(None);
        };
        entry.credential().map(Some).ok_or_else(|| ConfigError::Auth(host.to_owned()))
    }
}

/// Where a key of `auths` applies.
struct Place {
    host: String,
    path: String,
}

impl Place {
    /// Docker writes URLs such as `https://index.docker.io/v1/`, of which the host counts; the containers
    /// tools write `host/namespace/repository`.
    fn of(key: &str) -> Self {
        let lower = key.to_ascii_lowercase();
        let bare = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"));
        let (host, path) = bare.unwrap_or(&lower).split_once('/').unwrap_or((bare.unwrap_or(&lower), ""));
        let host = host.strip_suffix(":443").unwrap_or(host);
        let host = match host {
            "index.docker.io" | "registry-1.docker.io" => DOCKER_HUB,
            other => other,
        };
        let path =
            if bare.is_some() || matches!(path, "v1/" | "v2/") { "" } else { path.trim_end_matches('/') };
        Self { host: host.to_owned(), path: path.to_owned() }
    }

    /// How narrowly this place holds `host/path`: the length of its path; `None` where it does not.
    fn rank(&self, host: &str, path: &str) -> Option<usize> {
        let rest = path.strip_prefix(self.path.as_str())?;
        let at_boundary = self.path.is_empty() || rest.is_empty() || rest.starts_with('/');
        (self.is_at(host) && at_boundary).then_some(self.path.len())
    }

    /// Whether this is a place at `host`; the default port, which a host without a dot has, counts as not
    /// written.
    fn is_at(&self, host: &str) -> bool {
        self.host == host.strip_suffix(":443").unwrap_or(host)
    }
}

impl Entry {
    fn holds_something(&self) -> bool {
        let secrets = [&self.auth, &self.password, &self.identity_token, &self.registry_token];
        let secret = secrets.into_iter().flatten().any(|secret| !secret.expose_secret().is_empty());
        secret || self.username.as_ref().is_some_and(|user| !user.is_empty())
    }

    /// `None` where `auth` cannot be read.
    fn credential(&self) -> Option<Credential> {
        let given = |secret: &Option<SecretString>| secret.clone().filter(|s| !s.expose_secret().is_empty());
        if let Some(token) = given(&self.identity_token) {
            return Some(Credential::Identity(token));
        }
        if let Some(token) = given(&self.registry_token) {
            return Some(Credential::Registry(token));
        }
        if let Some(auth) = given(&self.auth) {
            return decode(&auth);
        }
        let password = self.password.clone().unwrap_or_default();
        Some(credential(self.username.as_deref().unwrap_or_default(), password))
    }
}

/// Decodes base64 of `user:password`.
fn decode(auth: &SecretString) -> Option<Credential> {
    let bytes = Zeroizing::new(BASE64.decode(auth.expose_secret().trim()).ok()?);
    let (user, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(credential(user, SecretString::from(password.trim_end_matches('\0'))))
}

/// A name that is a name: it becomes part of a program's, never a path or an option.
fn helper_name(name: &str) -> Result<&str, ConfigError> {
    let legal = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    match !name.is_empty() && name.len() <= 64 && name.bytes().all(legal) && !name.starts_with('-') {
        true => Ok(name),
        false => Err(ConfigError::HelperName(super::failure::escaped(name))),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn shown(found: Option<Credential>) -> String {
        match found {
            Some(Credential::Password(user, password)) => format!("{user}:{}", password.expose_secret()),
            Some(Credential::Identity(token)) => format!("identity {}", token.expose_secret()),
            Some(Credential::Registry(token)) => format!("registry {}", token.expose_secret()),
            None => "none".to_owned(),
        }
    }

    fn found(config: &str, host: &str, path: &str) -> String {
        shown(parse(config.as_bytes()).unwrap().entry(host, path).unwrap())
    }

    #[test]
    fn docker_hub_s_old_key_is_docker_hub_s() {
        let config = r#"{"auths":{"https://index.docker.io/v1/":{"auth":"dTpwOnc="}}}"#;
        assert_eq!(found(config, "docker.io", "library/alpine"), "u:p:w");
        assert_eq!(found(config, "registry.example", "library/alpine"), "none");
    }

    #[test]
    fn the_longest_key_wins_and_ends_at_a_slash() {
        let config = r#"{"auths":{
            "r.example":{"username":"host","password":"1"},
            "r.example/team":{"username":"team","password":"2"},
            "r.example/team/app":{"username":"app","password":"3"},
            "https://r.example:443/v2/":{"username":"url","password":"4"}}}"#;
        assert_eq!(found(config, "r.example", "team/app"), "app:3");
        assert_eq!(found(config, "r.example", "team/apple"), "team:2");
        assert_eq!(found(config, "r.example", "teams"), "host:1");
        assert_eq!(found(config, "r.example:5000", "team"), "none");
    }

    #[test]
    fn a_host_without_a_dot_has_the_helper_that_is_named_without_its_port() {
        for key in ["registry", "registry:443"] {
            let config = format!(r#"{{"credHelpers":{{"{key}":"here"}},"credsStore":"elsewhere"}}"#);
            let config = parse(config.as_bytes()).unwrap();
            assert_eq!(config.program("registry:443").unwrap(), Some("here"), "{key}");
            assert_eq!(config.store("registry:443").unwrap(), None, "{key}");
        }
    }

    #[test]
    fn tokens_are_told_from_passwords() {
        let identity = r#"{"auths":{"r":{"auth":"dTpw","identitytoken":"tok"}}}"#;
        assert_eq!(found(identity, "r", "a"), "identity tok");
        assert_eq!(found(r#"{"auths":{"r":{"registrytoken":"tok"}}}"#, "r", "a"), "registry tok");
        assert_eq!(found(r#"{"auths":{"r":{"auth":"PHRva2VuPjp0b2s"}}}"#, "r", "a"), "identity tok");
    }

    #[test]
    fn an_empty_entry_is_none_and_a_broken_one_an_error() {
        for empty in [r#"{"auths":{"r":{}}}"#, r#"{"auths":{"r":null}}"#, r#"{"auths":null}"#, "{}"] {
            assert_eq!(found(empty, "r", "a"), "none", "{empty}");
        }
        for broken in ["!!", "bm9jb2xvbg==", "/////w=="] {
            let config = parse(format!(r#"{{"auths":{{"r":{{"auth":"{broken}"}}}}}}"#).as_bytes()).unwrap();
            assert_eq!(config.entry("r", "a").unwrap_err(), ConfigError::Auth("r".to_owned()), "{broken}");
        }
    }

    #[test]
    fn an_error_tells_the_place_and_never_the_text() {
        let error = parse(b"{\"auths\":\n \"hunter2\"}").unwrap_err().to_string();
        assert!(error.contains("line 2") && !error.contains("hunter2"), "{error}");
        assert!(parse(br#"{"auths":{"r":{},"r":{}}}"#).is_err());
        let config = parse(br#"{"auths":{"r":{"auth":"dTpodW50ZXIy"}}}"#).unwrap();
        let debugged = format!("{config:?} {:?}", config.entry("r", "a").unwrap());
        assert!(!debugged.contains("hunter2") && !debugged.contains("dTpo"), "{debugged}");
    }

    #[test]
    fn helpers_are_found_by_host_and_their_names_are_names_only() {
        let config = parse(
            br#"{"credHelpers":{"R.example":"ecr-login","evil":"../x","opt":"-x"},"credsStore":"desktop"}"#,
        );
        let config = config.unwrap();
        assert_eq!(config.program("r.example").unwrap(), Some("ecr-login"));
        assert_eq!(config.program("other").unwrap(), None);
        assert!(config.program("evil").is_err() && config.program("opt").is_err());
        assert_eq!(config.store("other").unwrap(), Some("desktop"));
        assert_eq!(config.store("r.example").unwrap(), None);
        assert_eq!(parse(br#"{"credsStore":""}"#).unwrap().store("r").unwrap(), None);
        let none = parse(br#"{"credHelpers":{"r":""},"credsStore":"desktop"}"#).unwrap();
        assert_eq!((none.program("r").unwrap(), none.store("r").unwrap()), (None, None));
    }
}
