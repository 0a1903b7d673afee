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
    /// Whether it stands for nobody: there are no credentials.
    pub(super) anonymous: bool,
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
    header: Result<(HeaderValue, bool), String>,
}

impl Outcome {
    fn shown(&self) -> Result<Authorization, String> {
        let (header, anonymous) = self.header.clone()?;
        Ok(Authorization { header, anonymous, number: self.number })
    }
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
    ///
    /// # Errors
    /// Why there is nothing to show.
    pub(super) async fn known(&self, asker: &Asker<'_>) -> Result<Option<Authorization>, String> {
        let writing = Scope { write: true, ..asker.scope.clone() };
        for scope in [asker.scope, &writing] {
            let slot = lock(&self.slots).get(scope).cloned();
            if let Some(slot) = slot
                && let Some(Ok(shown)) = slot.latest.lock().await.as_ref().map(Outcome::shown)
            {
                return Ok(Some(shown));
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
    ///
    /// # Errors
    /// Why there is nothing to show.
    pub(super) async fn answer(
        &self,
        asker: &Asker<'_>,
        headers: &[&str],
        refused: Option<&Authorization>,
    ) -> Result<Authorization, String> {
        let scheme = scheme(headers)?;
        lock(&self.schemes).insert(asker.scope.host.clone(), scheme.clone());
        self.renew(asker, &scheme, refused).await
    }

    async fn renew(
        &self,
        asker: &Asker<'_>,
        scheme: &Scheme,
        refused: Option<&Authorization>,
    ) -> Result<Authorization, String> {
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
        let shown = outcome.shown();
        *latest = Some(outcome);
        shown
    }

    /// A new value of `Authorization` and whether it stands for nobody, or why there is none.
    async fn obtain(&self, asker: &Asker<'_>, scheme: &Scheme) -> Result<(HeaderValue, bool), String> {
        let Scope { host, path, .. } = asker.scope;
        let credential = self.credentials.find(host, path).await;
        let credential = credential.map_err(|why| format!("the credentials cannot be read: {why}"))?;
        let anonymous = credential.is_none();
        let header = match (scheme, credential) {
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
        };
        Ok((header?, anonymous))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
        true => "401 without a challenge that says how to authenticate".to_owned(),
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
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::registry::oci::tests::*;

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

    #[tokio::test]
    async fn requests_at_once_share_one_token_and_later_ones_are_not_asked_again() {
        let server = Server::new(|asked, _| match (is_token(asked), has_token(asked)) {
            (true, _) => ok(r#"{"access_token":"tok"}"#),
            (false, true) => ok("{}"),
            (false, false) => unauthorized(),
        });
        let server = server.await;
        let registry = with_password(&server);
        let answers = tokio::join!(manifest(&registry, &server), manifest(&registry, &server));
        assert!(answers.0.unwrap().is_some() && answers.1.unwrap().is_some());
        let tokens: Vec<_> = server.lines().into_iter().filter(|line| line.contains("/token")).collect();
        assert_eq!(tokens, ["GET /token?scope=repository%3Aa%2Fb%3Apull&service=s"]);
        assert_eq!(server.authorized("Basic"), 1);
        let before = registry.requests();
        manifest(&registry, &server).await.unwrap();
        assert_eq!(registry.requests(), before + 1);
    }

    #[tokio::test]
    async fn an_expired_token_is_renewed_once() {
        let server = Server::new(|asked, number| match is_token(asked) {
            true => ok(&format!(r#"{{"token":"tok{number}"}}"#)),
            false if asked.head.contains("bearer tok2") && number < 4 => ok("{}"),
            false if asked.head.contains("bearer tok5") => ok("{}"),
            false => unauthorized(),
        });
        let server = server.await;
        let registry = anonymous();
        assert!(manifest(&registry, &server).await.unwrap().is_some());
        assert!(manifest(&registry, &server).await.unwrap().is_some());
        assert_eq!(server.lines().len(), 6);
    }

    #[tokio::test]
    async fn a_token_that_is_refused_twice_ends_the_matter() {
        let server = Server::new(|asked, _| match is_token(asked) {
            true => ok(r#"{"token":"tok"}"#),
            false => unauthorized(),
        });
        let server = server.await;
        let (kind, told) = kind(&anonymous(), &server).await;
        assert_eq!(kind, Kind::Forbidden);
        assert!(told.contains("401") && told.contains("(asked without credentials)"), "{told}");
        assert_eq!(server.lines().len(), 3);
    }

    #[tokio::test]
    async fn a_failed_token_request_never_becomes_anonymous() {
        for refusal in ["401 Unauthorized", "403 Forbidden", "302 Found", "200 OK"] {
            let server = Server::new(move |asked, _| match (is_token(asked), has_token(asked)) {
                (true, _) => answer(refusal, &["Location: http://{address}/other"], "<html>secret</html>"),
                (false, _) => unauthorized(),
            });
            let server = server.await;
            let (kind, told) = kind(&with_password(&server), &server).await;
            assert_eq!(kind, Kind::Forbidden, "{refusal}");
            assert!(told.contains("the token request failed") && !told.contains("hunter2"), "{told}");
            assert!(server.lines().iter().all(|line| !line.contains("/other")));
            assert_eq!(server.authorized("Bearer"), 0);
        }
    }

    #[tokio::test]
    async fn an_identity_token_is_exchanged_by_post() {
        let server = Server::new(|asked, _| match (is_token(asked), has_token(asked)) {
            (true, _) => ok(r#"{"token":"tok"}"#),
            (false, true) => answer("201 Created", &[], ""),
            (false, false) => unauthorized(),
        });
        let server = server.await;
        let config = format!(r#"{{"auths":{{"{}":{{"identitytoken":"id+1"}}}}}}"#, server.address);
        let registry = configured(&config);
        registry.push_blob(&server.repository(), Bytes::from_static(b"{}")).await.unwrap();
        let asked = server.asked.lock().unwrap().iter().find(|asked| is_token(asked)).cloned().unwrap();
        let form = String::from_utf8(asked.body).unwrap();
        assert_eq!(asked.line, "POST /token");
        assert!(form.contains("grant_type=refresh_token") && form.contains("refresh_token=id%2B1"), "{form}");
        assert!(form.contains("scope=repository%3Aa%2Fb%3Apull%2Cpush"), "{form}");
        assert_eq!(server.authorized("Basic"), 0);
    }

    #[tokio::test]
    async fn a_bad_challenge_is_told_and_a_403_is_forbidden() {
        let server =
            Server::new(|_, _| answer("401 Unauthorized", &["WWW-Authenticate: Bearer realm=\"x"], ""));
        let (kind_, told) = kind(&anonymous(), &server.await).await;
        assert!(kind_ == Kind::Forbidden && told.contains("challenge cannot be read"), "{told}");
        let body = r#"{"errors":[{"code":"DENIED","message":"not\u001b yours"}]}"#;
        let server = Server::new(move |_, _| answer("403 Forbidden", &[], body));
        let (kind_, told) = kind(&anonymous(), &server.await).await;
        assert!(kind_ == Kind::Forbidden && told.contains("DENIED: not\\u{1b} yours"), "{told}");
    }
}
