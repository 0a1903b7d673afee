//! Requests to the API server, and what its answers mean: there, not there, refused, not an answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url, redirect};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::config::{Access, is_loopback};
use super::credentials::Authorization;
use super::kubeconfig::configuration;
use super::tls;
use crate::model::{escape_untrusted, json};
use crate::signer::ObjectName;
use crate::signer::cluster::{ClusterError, Created};

/// Largest answer that is read, in bytes; etcd keeps objects under 2 MiB.
const ANSWER_LIMIT: usize = 4 << 20;
/// Largest part of an error's message that is shown, in characters.
const MESSAGE_LIMIT: usize = 1 << 10;
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
const IDLE_LIMIT: Duration = Duration::from_secs(15);
const REQUEST_LIMIT: Duration = Duration::from_secs(30);

/// The two kinds of objects that hold keys.
#[derive(Debug, Clone, Copy)]
pub(super) enum Collection {
    /// Private keys.
    Secrets,
    /// Public keys.
    ConfigMaps,
}

impl Collection {
    const fn path(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::ConfigMaps => "configmaps",
        }
    }
}

/// A connection to one API server.
pub(super) struct Api {
    client: Client,
    /// Where requests go: the host is the one that the certificate must name.
    base: Url,
    /// The server's own address where that is another one.
    host: Option<HeaderValue>,
    /// As shown in errors.
    server: String,
    authorization: Option<Authorization>,
}

/// What the API server sends with an error (meta/v1 Status).
#[derive(Deserialize)]
struct Status {
    kind: String,
    message: Option<String>,
    reason: Option<String>,
}

impl Api {
    /// A client for `access`; nothing is sent yet.
    ///
    /// # Errors
    /// [`ClusterError::Configuration`].
    pub(super) async fn connect(access: Access) -> Result<Self, ClusterError> {
        let tls = tls::client_config(&access).await?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(IDLE_LIMIT)
            .timeout(REQUEST_LIMIT)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
        let server = escape_untrusted(access.server.as_str().trim_end_matches('/'));
        let (mut base, mut host) = (access.server.clone(), None);
        // What is on this machine needs no proxy, and over plain http the token would be readable to it.
        if is_loopback(&access.server) {
            builder = builder.no_proxy();
        }
        if let Some(name) = &access.tls_server_name {
            // A proxy would be asked for that name, which need not lead anywhere.
            builder = builder.dns_resolver(Arc::new(Always::leading_to(&access.server)?)).no_proxy();
            host = Some(host_header(&access.server)?);
            base = named(base, name)?;
        }
        let client = builder.build().map_err(|error| configuration(format!("Kubernetes: {error}")))?;
        Ok(Self { client, base, host, server, authorization: access.authorization })
    }

    /// The object's JSON; `None` if the server says that it is not there.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub(super) async fn get(
        &self,
        collection: Collection,
        name: &ObjectName,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ClusterError> {
        let url = self.url(collection, name.namespace(), Some(name.name()));
        let response = self.send(self.client.get(url)).await?;
        match response.status() {
            StatusCode::OK => self.body(response).await.map(Some),
            status => match self.failure(response).await? {
                (Some("NotFound"), _) if status == StatusCode::NOT_FOUND => Ok(None),
                (_, error) => Err(error),
            },
        }
    }

    /// Makes the object unless there is one of that name.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub(super) async fn create(
        &self,
        collection: Collection,
        name: &ObjectName,
        body: Zeroizing<Vec<u8>>,
    ) -> Result<Created, ClusterError> {
        let url = self.url(collection, name.namespace(), None);
        let request =
            self.client.post(url).header(CONTENT_TYPE, "application/json").body(Bytes::from_owner(body));
        let response = self.send(request).await?;
        match response.status() {
            StatusCode::CREATED => Ok(Created::Now),
            status => match self.failure(response).await? {
                (Some("AlreadyExists"), _) if status == StatusCode::CONFLICT => Ok(Created::AlreadyThere),
                (_, error) => Err(error),
            },
        }
    }

    /// Removes the object under the conditions in `body` (meta/v1 DeleteOptions).
    ///
    /// # Errors
    /// [`ClusterError`]; a condition that does not hold is one.
    pub(super) async fn delete(
        &self,
        collection: Collection,
        name: &ObjectName,
        body: Vec<u8>,
    ) -> Result<(), ClusterError> {
        let url = self.url(collection, name.namespace(), Some(name.name()));
        let request = self.client.delete(url).header(CONTENT_TYPE, "application/json").body(body);
        let response = self.send(request).await?;
        match response.status() {
            // Accepted: the object is gone once its finalizers are done, and cannot be kept any more.
            StatusCode::OK | StatusCode::ACCEPTED => Ok(()),
            status => match self.failure(response).await? {
                // Somebody else has just removed it.
                (Some("NotFound"), _) if status == StatusCode::NOT_FOUND => Ok(()),
                (_, error) => Err(error),
            },
        }
    }

    /// An error about this server; `reason` is ours or escaped.
    pub(super) fn unreachable(&self, reason: &str) -> ClusterError {
        ClusterError::Unreachable { server: self.server.clone(), reason: reason.to_owned() }
    }

    fn url(&self, collection: Collection, namespace: &str, name: Option<&str>) -> Url {
        let mut url = self.base.clone();
        let prefix = url.path().trim_end_matches('/');
        // Names of objects are RFC 1123, so nothing needs escaping.
        let name = name.map(|name| format!("/{name}")).unwrap_or_default();
        let path = format!("{prefix}/api/v1/namespaces/{namespace}/{}{name}", collection.path());
        url.set_path(&path);
        url
    }

    async fn send(&self, mut request: RequestBuilder) -> Result<Response, ClusterError> {
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.header().await?);
        }
        if let Some(host) = &self.host {
            request = request.header(HOST, host);
        }
        request.send().await.map_err(|error| self.unreachable(&causes(&error)))
    }

    async fn body(&self, mut response: Response) -> Result<Zeroizing<Vec<u8>>, ClusterError> {
        let mut bytes = Zeroizing::new(Vec::new());
        while let Some(part) = response.chunk().await.map_err(|error| self.unreachable(&causes(&error)))? {
            if bytes.len() + part.len() > ANSWER_LIMIT {
                return Err(self.unreachable(&format!("its answer exceeds {ANSWER_LIMIT} bytes")));
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes)
    }

    /// What an answer that is no success means, and the reason that the server gives in one word.
    async fn failure(
        &self,
        response: Response,
    ) -> Result<(Option<&'static str>, ClusterError), ClusterError> {
        let code = response.status();
        let body = self.body(response).await?;
        let status = json::from_slice::<Status>(&body).ok().filter(|status| status.kind == "Status");
        let message =
            status.as_ref().and_then(|status| status.message.as_deref()).unwrap_or("no reason given");
        let message: String = message.chars().take(MESSAGE_LIMIT).collect();
        let reason = format!("HTTP {}: {}", code.as_u16(), escape_untrusted(&message));
        let server = self.server.clone();
        let error = match (code, &status) {
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => ClusterError::Refused { server, reason },
            (StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY, Some(_)) => {
                ClusterError::Invalid { server, reason }
            }
            _ => ClusterError::Unreachable { server, reason },
        };
        let word = status.and_then(|status| status.reason);
        let word = ["NotFound", "AlreadyExists"].into_iter().find(|known| word.as_deref() == Some(known));
        Ok((word, error))
    }
}

/// An error with what caused it; reqwest's own text only names the URL.
fn causes(error: &reqwest::Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        texts.push(inner.to_string());
        cause = inner.source();
    }
    texts.dedup();
    escape_untrusted(&texts.join(": "))
}

/// Leads every name to the server, so that the URL can carry the name that the certificate has
/// (`tls-server-name`), which then goes into SNI as well.
struct Always {
    host: String,
    port: u16,
}

impl Always {
    fn leading_to(server: &Url) -> Result<Self, ClusterError> {
        let host = server.host_str().ok_or_else(|| configuration("the server has no host".to_owned()))?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        Ok(Self { host, port: server.port_or_known_default().unwrap_or(443) })
    }
}

impl Resolve for Always {
    fn resolve(&self, _: Name) -> Resolving {
        let (host, port) = (self.host.clone(), self.port);
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
            let addresses: Addrs = Box::new(addresses.into_iter());
            Ok(addresses)
        })
    }
}

fn named(mut base: Url, name: &str) -> Result<Url, ClusterError> {
    let wrong = || configuration(format!("tls-server-name `{}` is not a host name", escape_untrusted(name)));
    base.set_host(Some(name)).map_err(|_| wrong())?;
    // An address would be connected to as it is.
    if base.domain().is_none() { Err(wrong()) } else { Ok(base) }
}

fn host_header(server: &Url) -> Result<HeaderValue, ClusterError> {
    let host = server.host_str().unwrap_or_default();
    let text = server.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    HeaderValue::from_str(&text).map_err(|_| configuration("the server's name is not a host name".to_owned()))
}
