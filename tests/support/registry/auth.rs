//! Who is let in: everybody, by Basic authentication, or by tokens of the registry's own token endpoint
//! (distribution specification, token authentication). Tokens say in themselves what they are good for, so
//! any registry of the same test may issue them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hyper::Method;
use serde_json::json;

use super::answer::Answer;
use super::place::Route;
use super::server::{Exchange, parameter};

/// A user and their password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl Login {
    /// A user and a password.
    pub fn new(user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned() }
    }

    fn header(&self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{}", self.user, self.password)))
    }
}

/// Who is let in, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Everybody.
    Open,
    /// Whoever sends this login.
    Basic(Login),
    /// Whoever has a token.
    Token {
        /// Who gets one; without, everybody does.
        login: Option<Login>,
        /// Whether everybody gets one for pulling all the same.
        anonymous_pull: bool,
        /// An identity token that gets one by `POST`.
        identity_token: Option<String>,
        /// Where the token endpoint is, if not here: `https://HOST/token`.
        realm: Option<String>,
    },
}

impl Auth {
    /// Tokens for this login from an endpoint in the same place.
    pub fn token(user: &str, password: &str) -> Self {
        let login = Some(Login::new(user, password));
        Self::Token { login, anonymous_pull: false, identity_token: None, realm: None }
    }

    /// The same from the endpoint at `realm`.
    #[must_use]
    pub fn at(self, realm: &str) -> Self {
        match self {
            Self::Token { login, anonymous_pull, identity_token, .. } => {
                Self::Token { login, anonymous_pull, identity_token, realm: Some(realm.to_owned()) }
            }
            other => other,
        }
    }
}

/// The challenge for a request that is not let in.
pub(super) fn refuse(auth: &Auth, exchange: &Exchange) -> Option<Answer> {
    if matches!(exchange.route, Route::Token) {
        return None;
    }
    let sent = exchange.header("authorization");
    let challenge = match auth {
        Auth::Open => return None,
        Auth::Basic(login) if sent == Some(&login.header()) => return None,
        Auth::Basic(_) => "Basic realm=\"the registry\"".to_owned(),
        Auth::Token { realm, .. } => {
            let needed = scope(exchange);
            if sent
                .and_then(|s| s.strip_prefix("Bearer "))
                .is_some_and(|token| good_for(token, needed.as_deref()))
            {
                return None;
            }
            let realm = realm.clone().unwrap_or_else(|| format!("{}/token", exchange.origin()));
            let scope = needed.map(|scope| format!(",scope=\"{scope}\"")).unwrap_or_default();
            format!("Bearer realm=\"{realm}\",service=\"{}\"{scope}", exchange.host())
        }
    };
    let answer = Answer::error(401, "UNAUTHORIZED", "authentication required");
    Some(answer.with("www-authenticate", challenge))
}

/// The token endpoint: `GET` with Basic authentication or none, `POST` with an identity token.
pub(super) fn token(auth: &Auth, exchange: &Exchange) -> Answer {
    let Auth::Token { login, anonymous_pull, identity_token, .. } = auth else {
        return Answer::error(404, "UNSUPPORTED", "no token endpoint here");
    };
    let form = String::from_utf8_lossy(&exchange.body).into_owned();
    let posted = exchange.method == Method::POST;
    let scopes = scopes(if posted { &form } else { exchange.query.as_deref().unwrap_or_default() });
    let pulls_only = scopes.iter().all(|scope| scope.ends_with(":pull"));
    let known = match (posted, exchange.header("authorization")) {
        (true, _) => identity_token.is_some() && parameter(&form, "refresh_token") == *identity_token,
        (false, Some(sent)) => login.as_ref().is_some_and(|login| sent == login.header()),
        (false, None) => login.is_none() || *anonymous_pull && pulls_only,
    };
    match known {
        true => Answer::json(&json!({"token": issue(&scopes), "expires_in": 300})),
        false => Answer::error(401, "UNAUTHORIZED", "wrong user, password or token"),
    }
}

fn scopes(pairs: &str) -> Vec<String> {
    let values = pairs.split('&').filter(|pair| pair.starts_with("scope="));
    let decoded = values.filter_map(|pair| parameter(pair, "scope"));
    decoded.flat_map(|scopes| scopes.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn issue(scopes: &[String]) -> String {
    format!("test.{}", URL_SAFE_NO_PAD.encode(scopes.join(" ")))
}

/// What a request needs: `repository:NAME:pull` or `repository:NAME:pull,push`; nothing for a ping.
fn scope(exchange: &Exchange) -> Option<String> {
    let actions = if exchange.reads() { "pull" } else { "pull,push" };
    exchange.route.repository().map(|name| format!("repository:{name}:{actions}"))
}

fn good_for(token: &str, needed: Option<&str>) -> bool {
    let Some(scopes) = token.strip_prefix("test.").and_then(|t| URL_SAFE_NO_PAD.decode(t).ok()) else {
        return false;
    };
    let scopes = String::from_utf8_lossy(&scopes).into_owned();
    let Some((name, actions)) = needed.and_then(|needed| needed.rsplit_once(':')) else { return true };
    scopes.split(' ').filter_map(|scope| scope.rsplit_once(':')).any(|(granted, allowed)| {
        let allowed: Vec<&str> = allowed.split(',').collect();
        granted == name && actions.split(',').all(|action| allowed.contains(&action))
    })
}
