//! What a registry is shown after it answered 401: Basic credentials, or a token that its token server gives
//! for them (or for nobody), one for each repository and kind of access, shared by the whole process.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use zeroize::Zeroizing;

use super::challenge::{Challenge, parse_challenges};
use super::credentials::Credentials;
use super::docker_config::Credential;
use super::exchange::Exchange;
use super::token;
use crate::model::escape_untrusted;
use crate::registry::{Kind, RegistryError};

/// What access is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Scope {
    /// The registry.
    pub(super) host: String,
    /// The repository.
    pub(super) path: String,
    /// Whether it writes.
    pub(super) write: bool,
    /// A repository of the same registry that is read as well, to mount from.
    pub(super) from: Option<String>,
}

impl Scope {
    /// As token servers read it (distribution project, Token Scope Documentation).
    pub(super) fn texts(&self) -> Vec<String> {
        let actions = if self.write { "pull,push" } else { "pull" };
        let own = format!("repository:{}:{actions}", self.path);
        let from = self.from.as_ref().map(|from| format!("repository:{from}:pull"));
        [Some(own), from].into_iter().flatten().collect()
    }
}

/// A value of `Authorization`; marked as sensitive, so that `Debug` does not show it.
#[derive(Debug, Clone)]
pub(super) struct Authorization {
    pub(super) header: HeaderValue,
    /// Which one it is of those for its scope.
    number: u64,
}

/// How a registry wants to be asked.
#[derive(Debug, Clone)]
pub(super) enum Scheme {
    Basic,
    Bearer { realm: String, service: Option<String> },
}

/// What is shown for a scope.
#[derive(Default)]
struct Slot {
    /// Tries that ended, as those see it who wait for one that is under way.
    ended: AtomicU64,
    latest: tokio::sync::Mutex<Option<Outcome>>,
}

/// The outcome of a try.
struct Outcome {
    number: u64,
    header: Result<HeaderValue, String>,
}

/// The authorizations of the process.
pub(super) struct Authorizations {
    credentials: Credentials,
    slots: Mutex<HashMap<Scope, Arc<Slot>>>,
    schemes: Mutex<HashMap<String, Scheme>>,
}

/// The registry that asks, and where it is.
pub(super) struct Asker<'a> {
    pub(super) exchange: &'a Exchange,
    pub(super) root: &'a Url,
    pub(super) scope: &'a Scope,
}

impl Authorizations {
    pub(super) fn new(credentials: Credentials) -> Self {
        Self { credentials, slots: Mutex::default(), schemes: Mutex::default() }
    }

    /// What to show without having been asked: what was taken for this scope before, or, where the registry
    /// has asked for something before, what it asked for.
    pub(super) async fn known(&self, asker: &Asker<'_>) -> Result<Option<Authorization>, RegistryError> {
        let writing = Scope { write: true, ..asker.scope.clone() };
        for scope in [asker.scope, &writing] {
            let slot = lock(&self.slots).get(scope).cloned();
            if let Some(slot) = slot
                && let Some(Outcome { number, header: Ok(header) }) = &*slot.latest.lock().await
            {
                return Ok(Some(Authorization { header: header.clone(), number: *number }));
            }
        }
        let scheme = lock(&self.schemes).get(&asker.scope.host).cloned();
        match scheme {
            Some(scheme) => self.renew(asker, &scheme, None).await.map(Some),
            None => Ok(None),
        }
    }

    /// What to show after a 401 with `challenges` for a request that showed `refused`. Those who ask for the
    /// same scope at the same time share one token request and its outcome.
    pub(super) async fn answer(
        &self,
        asker: &Asker<'_>,
        headers: &[&str],
        refused: Option<&Authorization>,
    ) -> Result<Authorization, RegistryError> {
        let scheme = scheme(headers).map_err(|why| forbidden(asker, &why))?;
        lock(&self.schemes).insert(asker.scope.host.clone(), scheme.clone());
        self.renew(asker, &scheme, refused).await
    }

    async fn renew(
        &self,
        asker: &Asker<'_>,
        scheme: &Scheme,
        refused: Option<&Authorization>,
    ) -> Result<Authorization, RegistryError> {
        let slot = lock(&self.slots).entry(asker.scope.clone()).or_default().clone();
        let before = slot.ended.load(Ordering::Acquire);
        let mut latest = slot.latest.lock().await;
        let usable = latest.take().filter(|Outcome { number, header }| {
            let is_newer = refused.is_none_or(|refused| *number > refused.number);
            *number > before || header.is_ok() && is_newer
        });
        let outcome = match usable {
            Some(outcome) => outcome,
            None => {
                if refused.is_some() {
                    self.credentials.forget(&asker.scope.host, &asker.scope.path);
                }
                let header = self.obtain(asker, scheme).await;
                Outcome { number: slot.ended.fetch_add(1, Ordering::AcqRel) + 1, header }
            }
        };
        let shown = match &outcome.header {
            Ok(header) => Ok(Authorization { header: header.clone(), number: outcome.number }),
            Err(why) => Err(forbidden(asker, why)),
        };
        *latest = Some(outcome);
        shown
    }

    /// A new value of `Authorization`, or why there is none.
    async fn obtain(&self, asker: &Asker<'_>, scheme: &Scheme) -> Result<HeaderValue, String> {
        let Scope { host, path, .. } = asker.scope;
        let credential = self.credentials.find(host, path).await;
        let credential = credential.map_err(|why| format!("the credentials cannot be read: {why}"))?;
        match (scheme, credential) {
            (_, Some(Credential::Registry(token))) => bearer(&token),
            (Scheme::Basic, Some(Credential::Password(user, password))) => basic(&user, &password),
            (Scheme::Basic, Some(Credential::Identity(_))) => {
                Err(format!("{host} asks for user and password, and the credential is an identity token"))
            }
            (Scheme::Basic, None) => {
                Err(format!("{host} asks for user and password, and there is no credential for it"))
            }
            (Scheme::Bearer { realm, service }, credential) => {
                let realm = token::Realm { url: realm, service: service.as_deref() };
                bearer(&token::request(asker, &realm, credential.as_ref()).await?)
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn forbidden(asker: &Asker<'_>, why: &str) -> RegistryError {
    let request = format!("GET {}v2/{}", super::failure::shown(asker.root), asker.scope.path);
    RegistryError { kind: Kind::Forbidden, request, reason: format!("401 Unauthorized: {why}") }
}

/// The scheme to answer with: Bearer before Basic. A header that cannot be read is passed over where another
/// can.
fn scheme(headers: &[&str]) -> Result<Scheme, String> {
    let (mut challenges, mut unreadable) = (Vec::new(), None);
    for header in headers {
        match parse_challenges(header) {
            Ok(read) => challenges.extend(read),
            Err(e) => unreadable = Some(format!("its challenge cannot be read: {e}")),
        }
    }
    let bearer = challenges.iter_mut().find(|c| c.scheme == "bearer" && c.parameters.contains_key("realm"));
    if let Some(Challenge { parameters, .. }) = bearer {
        let realm = parameters.remove("realm").unwrap_or_default();
        return Ok(Scheme::Bearer { realm, service: parameters.remove("service") });
    }
    if challenges.iter().any(|c| c.scheme == "basic") {
        return Ok(Scheme::Basic);
    }
    let offered: Vec<_> = challenges.iter().map(|c| escape_untrusted(&c.scheme)).collect();
    Err(unreadable.unwrap_or_else(|| match offered.is_empty() {
        true => "without a challenge that says how to authenticate".to_owned(),
        false => format!("no usable challenge among those offered ({})", offered.join(", ")),
    }))
}

/// The value for a user and a password.
pub(super) fn basic(user: &str, password: &SecretString) -> Result<HeaderValue, String> {
    let plain = Zeroizing::new(format!("{user}:{}", password.expose_secret()));
    sensitive(&format!("Basic {}", STANDARD.encode(plain.as_bytes())))
}

fn bearer(token: &SecretString) -> Result<HeaderValue, String> {
    sensitive(&format!("Bearer {}", token.expose_secret()))
}

fn sensitive(text: &str) -> Result<HeaderValue, String> {
    let mut value = HeaderValue::from_str(text).map_err(|_| "the token is not one that can be sent")?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_is_taken_before_basic_wherever_it_stands() {
        let bearer = r#"Bearer realm="https://a/t",service="s""#;
        for headers in
            [vec!["Basic realm=x", bearer], vec![&*format!("Basic realm=x, {bearer}")], vec!["\"", bearer]]
        {
            let found = scheme(&headers);
            assert!(
                matches!(found, Ok(Scheme::Bearer { realm, .. }) if realm == "https://a/t"),
                "{headers:?}"
            );
        }
        assert!(matches!(scheme(&["Bearer service=x", "basic"]), Ok(Scheme::Basic)));
    }

    #[test]
    fn a_challenge_that_cannot_be_answered_is_told() {
        let told = |headers: &[&str]| scheme(headers).err().unwrap_or_default();
        assert!(told(&[]).contains("without a challenge"));
        assert!(told(&["Negotiate"]).contains("(negotiate)"));
        assert!(told(&["Bearer realm=\"open"]).contains("no end"));
    }

    #[test]
    fn scopes_name_the_access_that_is_needed_and_the_source_of_a_mount() {
        let scope = Scope { host: "r".into(), path: "a/b".into(), write: true, from: Some("c".into()) };
        assert_eq!(scope.texts(), ["repository:a/b:pull,push", "repository:c:pull"]);
        assert_eq!(Scope { write: false, from: None, ..scope }.texts(), ["repository:a/b:pull"]);
    }

    #[test]
    fn debug_shows_no_secret() {
        let header = basic("user", &SecretString::from("hunter2"));
        assert!(header.is_ok() && !format!("{header:?}").contains(&STANDARD.encode("user:hunter2")));
    }
}
