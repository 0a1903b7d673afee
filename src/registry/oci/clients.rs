//! The HTTP clients of the process, each built when it is first spoken with: plain HTTP needs no CA
//! certificates, and loopback no proxy (its credentials may be unencrypted and must not leave the machine).

use std::path::PathBuf;
use std::time::Duration;

use reqwest::{Client, Url, redirect};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use tokio::sync::OnceCell;

use super::Environment;
use super::origin::is_loopback;
use crate::local::roots;

/// Longest time for a connection to come about, with TLS.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// The clients by scheme and by whether proxies are used.
pub(super) struct Clients {
    extra_roots: Vec<CertificateDer<'static>>,
    environment: Environment,
    plain: [OnceCell<Client>; 2],
    tls: [OnceCell<Client>; 2],
}

impl Clients {
    /// No client yet; `extra_roots` are trusted beside the platform's.
    pub(super) fn new(extra_roots: Vec<CertificateDer<'static>>, environment: Environment) -> Self {
        Self { extra_roots, environment, plain: Default::default(), tls: Default::default() }
    }

    /// The client for `url`.
    ///
    /// # Errors
    /// No CA certificates could be read, or the proxy's address in the environment is none.
    pub(super) async fn get(&self, url: &Url) -> Result<&Client, String> {
        let direct = is_loopback(url);
        let tls = url.scheme() == "https";
        let [through_proxy, directly] = if tls { &self.tls } else { &self.plain };
        let cell = if direct { directly } else { through_proxy };
        cell.get_or_try_init(|| async {
            let roots = match tls {
                true => self.roots().await?,
                false => RootCertStore::empty(),
            };
            build(roots, direct)
        })
        .await
    }

    async fn roots(&self) -> Result<RootCertStore, String> {
        let named = (self.environment)("SSL_CERT_FILE").filter(|path| !path.is_empty()).map(PathBuf::from);
        let extra = self.extra_roots.clone();
        let load = tokio::task::spawn_blocking(move || roots::load(named, &extra));
        load.await.map_err(|e| format!("reading the CA certificates: {e}"))?
    }
}

fn build(roots: RootCertStore, direct: bool) -> Result<Client, String> {
    let mut config = roots::trusting(roots)?.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let builder = Client::builder()
        .tls_backend_preconfigured(config)
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(CONNECT_LIMIT)
        .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")));
    let builder = if direct { builder.no_proxy() } else { builder };
    builder.build().map_err(|e| super::failure::causes(&e))
}
