//! Which cluster is meant, and what it takes to speak to it: `KUBECONFIG`, `~/.kube/config`, the pod's account.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::credentials::{Authorization, Identity};
use super::exec::{self, Plugin};
use super::files;
use super::kubeconfig::{self, ClusterEntry, Current, UserEntry, configuration};
use crate::model::escape_untrusted;
use crate::signer::Variables;
use crate::signer::cluster::ClusterError;

/// A cluster, and who we are there.
pub(super) struct Access {
    /// Without a slash at the end of its path.
    pub(super) server: Url,
    pub(super) tls_server_name: Option<String>,
    /// PEM; `None` for the platform's.
    pub(super) authority: Option<Vec<u8>>,
    /// `SSL_CERT_FILE`.
    pub(super) platform_bundle: Option<PathBuf>,
    pub(super) identity: Option<Identity>,
    pub(super) authorization: Option<Authorization>,
}

/// Finds the cluster.
///
/// # Errors
/// [`ClusterError::Configuration`]; [`ClusterError::Unreachable`] if a plug-in gave no credentials.
pub(super) async fn find(variables: &Variables, account: &Path) -> Result<Access, ClusterError> {
    let mut access = match kubeconfig_paths(variables) {
        Some(paths) => match kubeconfig::current(&paths).await? {
            Some(current) => from_kubeconfig(current, variables).await?,
            None => {
                let names: Vec<_> = paths.iter().map(|path| files::shown(path)).collect();
                return Err(configuration(format!("KUBECONFIG: {} is not there", names.join(", "))));
            }
        },
        None => from_home_or_pod(variables, account).await?,
    };
    access.platform_bundle = set(variables, "SSL_CERT_FILE").map(PathBuf::from);
    Ok(access)
}

/// A variable that is set to something.
fn set(variables: &Variables, name: &str) -> Option<std::ffi::OsString> {
    variables(name).filter(|value| !value.is_empty())
}

fn kubeconfig_paths(variables: &Variables) -> Option<Vec<PathBuf>> {
    let list = set(variables, "KUBECONFIG")?;
    Some(std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect())
}

async fn from_home_or_pod(variables: &Variables, account: &Path) -> Result<Access, ClusterError> {
    if let Some(home) = set(variables, "HOME") {
        let path = Path::new(&home).join(".kube/config");
        if let Some(current) = kubeconfig::current(&[path]).await? {
            return from_kubeconfig(current, variables).await;
        }
    }
    let (host, port) = (set(variables, "KUBERNETES_SERVICE_HOST"), set(variables, "KUBERNETES_SERVICE_PORT"));
    match (host, port) {
        (Some(host), Some(port)) => from_pod(&host.to_string_lossy(), &port.to_string_lossy(), account).await,
        _ => Err(configuration(
            "no cluster is configured: no KUBECONFIG, no ~/.kube/config, and this is not a pod".to_owned(),
        )),
    }
}

async fn from_pod(host: &str, port: &str, account: &Path) -> Result<Access, ClusterError> {
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let authority = files::read(&account.join("ca.crt")).await?;
    Ok(Access {
        server: server_url(&format!("https://{host}:{port}"))?,
        tls_server_name: None,
        authority: Some(authority.to_vec()),
        platform_bundle: None,
        identity: None,
        authorization: Some(Authorization::TokenFile(account.join("token"))),
    })
}

async fn from_kubeconfig(current: Current, variables: &Variables) -> Result<Access, ClusterError> {
    let Current { cluster, cluster_folder, user, user_folder } = current;
    let server = server_url(&cluster.server)?;
    let authority = authority(&cluster, &cluster_folder).await?;
    let mut identity = client_certificate(&user, &user_folder).await?;
    let mut authorization = authorization(&user, &user_folder);
    if let Some(entry) = &user.exec {
        let plugin =
            Plugin { entry, folder: &user_folder, cluster: &cluster, authority: authority.as_deref() };
        let given = exec::run(&plugin, variables).await?;
        identity = given.identity.or(identity);
        authorization = given.authorization.or(authorization);
    }
    let tls_server_name = cluster.tls_server_name.filter(|name| !name.is_empty());
    Ok(Access { server, tls_server_name, authority, platform_bundle: None, identity, authorization })
}

/// Whether the server is on this machine, by its address or as `localhost`.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost" | "[::1]") => true,
        Some(host) => host.parse::<std::net::Ipv4Addr>().is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

/// https, or http where nothing leaves this machine, since a token goes with each request.
fn server_url(text: &str) -> Result<Url, ClusterError> {
    let wrong = |why: &str| configuration(format!("Kubernetes server `{}`: {why}", escape_untrusted(text)));
    let mut url = Url::parse(text).map_err(|_| wrong("it is not a URL"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(configuration("the Kubernetes server's URL has credentials in it".to_owned()));
    }
    if url.host_str().is_none() {
        return Err(wrong("it has no host"));
    }
    match url.scheme() {
        "https" => {}
        "http" if is_loopback(&url) => {}
        "http" => return Err(wrong("plain http is for this machine only")),
        _ => return Err(wrong("https is expected")),
    }
    let path = url.path().trim_end_matches('/').to_owned();
    url.set_path(&path);
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

async fn authority(cluster: &ClusterEntry, folder: &Path) -> Result<Option<Vec<u8>>, ClusterError> {
    if let Some(encoded) = cluster.certificate_authority_data.as_ref().filter(|text| !text.is_empty()) {
        return base64("certificate-authority-data", encoded).map(|bytes| Some(bytes.to_vec()));
    }
    match named(cluster.certificate_authority.as_ref()) {
        Some(path) => files::read(&folder.join(path)).await.map(|bytes| Some(bytes.to_vec())),
        None => Ok(None),
    }
}

async fn client_certificate(user: &UserEntry, folder: &Path) -> Result<Option<Identity>, ClusterError> {
    let chain = match user.client_certificate_data.as_ref().filter(|text| !text.is_empty()) {
        Some(encoded) => Some(base64("client-certificate-data", encoded)?),
        None => match named(user.client_certificate.as_ref()) {
            Some(path) => Some(files::read(&folder.join(path)).await?),
            None => None,
        },
    };
    let key = match user.client_key_data.as_ref().filter(|text| !text.expose_secret().is_empty()) {
        Some(encoded) => Some(base64("client-key-data", encoded.expose_secret())?),
        None => match named(user.client_key.as_ref()) {
            Some(path) => Some(files::read(&folder.join(path)).await?),
            None => None,
        },
    };
    match (chain, key) {
        (Some(chain), Some(key)) => Ok(Some(Identity { chain: chain.to_vec(), key })),
        (None, None) => Ok(None),
        _ => Err(configuration(
            "the kubeconfig has a client certificate without its key, or a key alone".to_owned(),
        )),
    }
}

fn authorization(user: &UserEntry, folder: &Path) -> Option<Authorization> {
    let given = |secret: &&SecretString| !secret.expose_secret().is_empty();
    if let Some(path) = named(user.token_file.as_ref()) {
        return Some(Authorization::TokenFile(folder.join(path)));
    }
    if let Some(token) = user.token.as_ref().filter(given) {
        return Some(Authorization::Token(token.clone()));
    }
    let name = user.username.as_ref().filter(|name| !name.is_empty())?;
    Some(Authorization::Basic(name.clone(), user.password.clone().unwrap_or_default()))
}

fn named(path: Option<&PathBuf>) -> Option<&PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty())
}

/// Base64 as kubectl takes it: line breaks are skipped.
fn base64(field: &str, text: &str) -> Result<Zeroizing<Vec<u8>>, ClusterError> {
    let compact: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect());
    let decoded = STANDARD.decode(&*compact);
    decoded.map(Zeroizing::new).map_err(|_| configuration(format!("the kubeconfig's {field} is not base64")))
}
