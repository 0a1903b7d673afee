//! What proves to the API server who we are.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::files;
use super::kubeconfig::configuration;
use crate::signer::cluster::ClusterError;

/// A client certificate for TLS.
pub(super) struct Identity {
    /// PEM, the leaf first.
    pub(super) chain: Vec<u8>,
    /// PEM.
    pub(super) key: Zeroizing<Vec<u8>>,
}

/// What goes into the `Authorization` header.
pub(super) enum Authorization {
    /// A bearer token.
    Token(SecretString),
    /// A file with one, read for every request, since Kubernetes renews it.
    TokenFile(PathBuf),
    /// Name and password.
    Basic(String, SecretString),
}

impl Authorization {
    /// The header's value, marked so that it is never logged.
    pub(super) async fn header(&self) -> Result<HeaderValue, ClusterError> {
        let text = match self {
            Self::Token(token) => bearer(token.expose_secret()),
            Self::TokenFile(path) => {
                let bytes = files::read(path).await?;
                let text = std::str::from_utf8(&bytes).map_err(|_| unusable())?;
                bearer(text.trim())
            }
            Self::Basic(name, password) => {
                let pair = Zeroizing::new(format!("{name}:{}", password.expose_secret()));
                Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
            }
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| unusable())?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn bearer(token: &str) -> Zeroizing<String> {
    Zeroizing::new(format!("Bearer {token}"))
}

fn unusable() -> ClusterError {
    configuration("the token for the Kubernetes API has characters that no token has".to_owned())
}
