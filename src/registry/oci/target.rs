//! A repository as requests need it: its registry's root, its scope, and the way from a 401 to the answer.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use reqwest::header;
use reqwest::{Method, StatusCode, Url};
use tokio::sync::OnceCell;

use super::OciRegistry;
use super::authorization::{Asker, Scope};
use super::exchange::{Exchange, IDLE_LIMIT, unwanted};
use super::failure::{Failed, failure, tls_error};
use super::origin;
use super::request::{Answer, Request};
use crate::model::Repository;
use crate::registry::{Kind, RegistryError};

/// A repository to ask.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) root: Url,
    pub(super) scope: Scope,
}

impl Target {
    /// The URL of `rest` below the repository.
    pub(super) fn url(&self, rest: &str) -> Result<Url, RegistryError> {
        let path = format!("v2/{}/{rest}", self.scope.path);
        let url = self.root.join(&path);
        url.map_err(|e| failure(Kind::Broken, &Method::GET, &self.root, &e.to_string()))
    }

    /// A request without headers and body.
    pub(super) fn request(&self, method: Method, url: Url) -> Request<'_> {
        Request::new(method, url, &self.root, &self.scope)
    }
}

/// The registries' roots, each found once.
pub(super) type Roots = Mutex<HashMap<String, Arc<OnceCell<Url>>>>;

impl OciRegistry {
    /// `repository` as a target; `write`: it will be written to.
    pub(super) async fn target(&self, repository: &Repository, write: bool) -> Result<Target, RegistryError> {
        let (Some(host), Some(path)) = (repository.host(), repository.path()) else {
            let request = format!("open {repository}");
            let reason = "a folder, and this adapter speaks with registries".to_owned();
            return Err(RegistryError { kind: Kind::Broken, request, reason });
        };
        let cell = self.root_cell(host);
        let root = cell.get_or_try_init(|| self.find_root(host)).await?.clone();
        let scope = Scope { host: host.to_owned(), path: path.to_owned(), write, from: None };
        Ok(Target { root, scope })
    }

    fn root_cell(&self, host: &str) -> Arc<OnceCell<Url>> {
        self.roots.lock().unwrap_or_else(PoisonError::into_inner).entry(host.to_owned()).or_default().clone()
    }

    /// Plain HTTP for hosts named so and for loopback; but with a CA file, loopback is first tried with TLS.
    async fn find_root(&self, host: &str) -> Result<Url, RegistryError> {
        let no_host = |reason| RegistryError { kind: Kind::Broken, request: format!("GET {host}"), reason };
        let tls = origin::root(host, false).map_err(no_host)?;
        let plain = origin::root(host, true).map_err(no_host)?;
        match self.exchange.plain.names(host) || origin::is_loopback(&plain) {
            true if self.has_ca_file && !self.exchange.plain.names(host) => {
                let speaks = speaks_tls(&self.exchange, &tls).await;
                Ok(if speaks { tls } else { plain })
            }
            true => Ok(plain),
            false => Ok(tls),
        }
    }

    /// Asks once: after a 401 a second time with what the registry asked for, and not a third. Answers of
    /// any status but 401 and 403 are returned.
    pub(super) async fn ask(&self, target: &Target, request: &Request<'_>) -> Result<Answer, Failed> {
        let asker = Asker { exchange: &self.exchange, root: &target.root, scope: request.scope };
        let forbidden = |why: String| {
            let reason = format!("not authorized: {why}");
            failure(Kind::Forbidden, &request.method, &request.url, &reason)
        };
        let mut shown = self.authorizations.known(&asker).await.map_err(forbidden)?;
        let mut answer = self.exchange.follow(request, shown.as_ref()).await?;
        if answer.own && answer.status() == StatusCode::UNAUTHORIZED {
            let headers = answer.response.headers().get_all(header::WWW_AUTHENTICATE);
            let headers: Vec<&str> = headers.iter().filter_map(|value| value.to_str().ok()).collect();
            let renewed = self.authorizations.answer(&asker, &headers, shown.as_ref()).await;
            shown = Some(renewed.map_err(forbidden)?);
            answer = self.exchange.follow(request, shown.as_ref()).await?;
        }
        match answer.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let mut failed = unwanted(answer).await;
                if shown.is_none_or(|shown| shown.anonymous) {
                    failed.error.reason.push_str(" (asked without credentials)");
                }
                Err(failed)
            }
            _ => Ok(answer),
        }
    }
}

/// Whether the server at `root` speaks TLS: anything but an answer that is none of TLS counts, so that a
/// certificate that is refused is told and not evaded.
async fn speaks_tls(exchange: &Exchange, root: &Url) -> bool {
    let Ok(client) = exchange.clients.get(root).await else { return true };
    let answer = tokio::time::timeout(IDLE_LIMIT, client.head(root.clone()).send()).await;
    match answer {
        Ok(Err(error)) => !matches!(tls_error(&error), Some(rustls::Error::InvalidMessage(_))),
        _ => true,
    }
}
