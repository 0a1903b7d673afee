//! TLS to the API server: the cluster's own authority, or the platform's bundle; our client certificate.

use std::path::PathBuf;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::config::Access;
use super::kubeconfig::configuration;
use crate::local::roots;
use crate::signer::cluster::ClusterError;

/// The TLS settings for `access`.
///
/// # Errors
/// [`ClusterError::Configuration`] for certificates or keys that cannot be read.
pub(super) async fn client_config(access: &Access) -> Result<ClientConfig, ClusterError> {
    let trusted = match &access.authority {
        Some(pem) => authority(pem)?,
        None => platform(access.platform_bundle.clone()).await?,
    };
    let builder = roots::trusting(trusted).map_err(configuration)?;
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
    roots::certificates(pem).map_err(|_| configuration(format!("{what} is not PEM with a certificate")))
}

fn authority(pem: &[u8]) -> Result<RootCertStore, ClusterError> {
    const WHAT: &str = "the cluster's certificate authority";
    let mut trusted = RootCertStore::empty();
    let (added, _) = trusted.add_parsable_certificates(certificates(pem, WHAT)?);
    match added {
        0 => Err(configuration(format!("{WHAT} has no certificate that can be used"))),
        _ => Ok(trusted),
    }
}

/// `SSL_CERT_FILE`, else the platform's bundle.
async fn platform(named: Option<PathBuf>) -> Result<RootCertStore, ClusterError> {
    let load = tokio::task::spawn_blocking(move || roots::load(named, &[]));
    let loaded = load.await.map_err(|error| configuration(error.to_string()))?;
    loaded.map_err(|reason| configuration(format!("the cluster names no certificate authority; {reason}")))
}
