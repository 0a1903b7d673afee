//! TLS to the API server: the cluster's own authority, or the platform's bundle; our client certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::config::Access;
use super::files;
use super::kubeconfig::configuration;
use crate::signer::cluster::ClusterError;

/// Where systems keep their bundle: Debian, Fedora, SUSE, Alpine.
const PLATFORM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The TLS settings for `access`.
///
/// # Errors
/// [`ClusterError::Configuration`] for certificates or keys that cannot be read.
pub(super) async fn client_config(access: &Access) -> Result<ClientConfig, ClusterError> {
    let roots = match &access.authority {
        Some(pem) => roots(pem, "the cluster's certificate authority")?,
        None => platform_roots(access.platform_bundle.as_deref()).await?,
    };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| configuration(error.to_string()))?
        .with_root_certificates(roots);
    let Some(identity) = &access.identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(&identity.chain, "the client certificate")?;
    // What the parser says could quote the key.
    let unusable = || configuration("the client key cannot be read".to_owned());
    let key = PrivateKeyDer::from_pem_slice(&identity.key).map_err(|_| unusable())?;
    builder.with_client_auth_cert(chain, key).map_err(|_| unusable())
}

fn certificates(pem: &[u8], what: &str) -> Result<Vec<CertificateDer<'static>>, ClusterError> {
    let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match read {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(configuration(format!("{what} is not PEM with a certificate"))),
    }
}

fn roots(pem: &[u8], what: &str) -> Result<RootCertStore, ClusterError> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(certificates(pem, what)?);
    match added {
        0 => Err(configuration(format!("{what} has no certificate that can be used"))),
        _ => Ok(roots),
    }
}

/// `SSL_CERT_FILE`, else the first bundle that is there.
async fn platform_roots(named: Option<&Path>) -> Result<RootCertStore, ClusterError> {
    if let Some(path) = named {
        return roots(&files::read(path).await?, &files::shown(path));
    }
    for path in PLATFORM_BUNDLES.map(PathBuf::from) {
        if let Some(pem) = files::find(&path).await? {
            return roots(&pem, &files::shown(&path));
        }
    }
    Err(configuration("the cluster names no certificate authority, and this system has no bundle".to_owned()))
}
