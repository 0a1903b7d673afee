//! Token servers: a token by GET for a user or for nobody, by POST for an identity token. Redirects are not
//! followed, and a failure with credentials is never answered by asking without.

use reqwest::header::{self, HeaderValue};
use reqwest::{Method, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::authorization::{Asker, basic};
use super::body;
use super::docker_config::{Credential, place};
use super::exchange::{Pace, unwanted};
use super::failure::{Failed, escaped, failure};
use super::request::Answer;
use super::retry::retrying;
use crate::model::json;
use crate::registry::Kind;

/// Largest answer of a token server, in bytes.
const ANSWER_LIMIT: u64 = 1 << 20;
/// The name that token servers know this program by.
const CLIENT: &str = "countersign";

/// Where a challenge sends for a token.
pub(super) struct Realm<'a> {
    pub(super) url: &'a str,
    pub(super) service: Option<&'a str>,
}

/// The answer of a token server; some write `access_token`, some `token`, some both.
#[derive(Deserialize)]
struct TokenAnswer {
    token: Option<SecretString>,
    access_token: Option<SecretString>,
}

/// Asks for a token.
///
/// # Errors
/// Why there is none, with the token server's name.
pub(super) async fn request(
    asker: &Asker<'_>,
    realm: &Realm<'_>,
    credential: Option<&Credential>,
) -> Result<SecretString, String> {
    let url = realm_url(asker, realm.url)?;
    let answer = retrying(|| attempt(asker, &url, realm, credential)).await;
    answer.map_err(|error| format!("the token request failed: {error}"))
}

/// The realm as a URL; plain HTTP only where the registry itself may be plain.
fn realm_url(asker: &Asker<'_>, realm: &str) -> Result<Url, String> {
    let url: Url = realm.parse().map_err(|_| format!("its realm `{}` is no URL", escaped(realm)))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("its realm has a user in it".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if asker.exchange.plain.allow(asker.root) => Ok(url),
        _ => Err(format!("its realm {} is not https", super::failure::shown(&url))),
    }
}

async fn attempt(
    asker: &Asker<'_>,
    url: &Url,
    realm: &Realm<'_>,
    credential: Option<&Credential>,
) -> Result<SecretString, Failed> {
    let request = build(asker, url, realm, credential)
        .map_err(|why| Failed::from(failure(Kind::Forbidden, &Method::GET, url, &why)))?;
    let (method, url) = (request.method().clone(), url.clone());
    let response = asker.exchange.send(request, &Pace { measured: false, ..Pace::reading() }).await?;
    let answer = Answer { response, method, url, own: true };
    match answer.status() {
        StatusCode::OK => read(answer).await,
        status if status.is_redirection() => {
            let reason = format!("{status}: redirects of token requests are not followed");
            Err(answer.failure(Kind::Forbidden, &reason).into())
        }
        _ => Err(unwanted(answer).await),
    }
}

async fn read(answer: Answer) -> Result<SecretString, Failed> {
    let (method, url) = (answer.method.clone(), answer.url.clone());
    let body = body::whole(answer, ANSWER_LIMIT).await?;
    let refused = |reason: &str| Failed::from(failure(Kind::Forbidden, &method, &url, reason));
    // The text of the error may show a part of the token.
    let read: TokenAnswer = json::from_slice(&body)
        .map_err(|e| refused(&format!("the answer is no token{}", place(&e.to_string()))))?;
    let tokens = [read.token, read.access_token].into_iter().flatten();
    let found = tokens.into_iter().find(|token| !token.expose_secret().is_empty());
    found.ok_or_else(|| refused("the answer holds no token"))
}

fn build(
    asker: &Asker<'_>,
    url: &Url,
    realm: &Realm<'_>,
    credential: Option<&Credential>,
) -> Result<reqwest::Request, String> {
    let scopes = asker.scope.texts();
    if let Some(Credential::Identity(identity)) = credential {
        return Ok(exchange_identity(url, realm, &scopes.join(" "), identity));
    }
    let mut url = url.clone();
    for scope in &scopes {
        url.query_pairs_mut().append_pair("scope", scope);
    }
    if let Some(service) = realm.service {
        url.query_pairs_mut().append_pair("service", service);
    }
    let mut request = reqwest::Request::new(Method::GET, url);
    if let Some(Credential::Password(user, password)) = credential {
        request.headers_mut().insert(header::AUTHORIZATION, basic(user, password)?);
    }
    Ok(request)
}

/// POST with an identity token (distribution project, OAuth2 Token Authentication).
fn exchange_identity(url: &Url, realm: &Realm<'_>, scope: &str, identity: &SecretString) -> reqwest::Request {
    let mut form = url.clone();
    form.query_pairs_mut()
        .clear()
        .append_pair("grant_type", "refresh_token")
        .append_pair("service", realm.service.unwrap_or_default())
        .append_pair("client_id", CLIENT)
        .append_pair("scope", scope)
        .append_pair("refresh_token", identity.expose_secret());
    let mut request = reqwest::Request::new(Method::POST, url.clone());
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form_type);
    *request.body_mut() = Some(form.query().unwrap_or_default().to_owned().into());
    request
}
