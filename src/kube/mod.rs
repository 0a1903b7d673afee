//! The adapter to a Kubernetes cluster: single secrets and ConfigMaps over its API, with the kubeconfig that
//! people have, or the account of the pod. Nothing is read before the first request.

mod api;
mod config;
mod credentials;
mod exec;
mod files;
mod kubeconfig;
mod objects;
mod tls;

use std::path::PathBuf;

use tokio::sync::OnceCell;

use crate::signer::cluster::{ClusterError, ClusterObjects, ConfigMapEntries, Created, SecretEntries};
use crate::signer::{BoxFuture, ObjectName, Variables};

use api::{Api, Collection};

/// Where a pod's account is mounted.
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The cluster that the environment names.
pub struct Cluster {
    variables: Variables,
    service_account: PathBuf,
    api: OnceCell<Api>,
}

impl Cluster {
    /// The cluster of `KUBECONFIG`, of `~/.kube/config`, or the one this pod runs in; looked for when it is first
    /// asked.
    pub fn new(variables: Variables) -> Self {
        Self { variables, service_account: PathBuf::from(SERVICE_ACCOUNT), api: OnceCell::new() }
    }

    /// Takes the pod's account from another folder than Kubernetes' own.
    pub fn with_service_account(mut self, folder: PathBuf) -> Self {
        self.service_account = folder;
        self
    }

    async fn api(&self) -> Result<&Api, ClusterError> {
        let connect = || async {
            let access = config::find(&self.variables, &self.service_account).await?;
            Api::connect(access).await
        };
        self.api.get_or_try_init(connect).await
    }
}

impl ClusterObjects for Cluster {
    fn secret<'a>(
        &'a self,
        name: &'a ObjectName,
    ) -> BoxFuture<'a, Result<Option<SecretEntries>, ClusterError>> {
        Box::pin(async move {
            let api = self.api().await?;
            let Some(body) = api.get(Collection::Secrets, name).await? else {
                return Ok(None);
            };
            objects::read_secret(&body, name).map(Some).map_err(|reason| api.unreachable(&reason))
        })
    }

    fn config_map<'a>(
        &'a self,
        name: &'a ObjectName,
    ) -> BoxFuture<'a, Result<Option<ConfigMapEntries>, ClusterError>> {
        Box::pin(async move {
            let api = self.api().await?;
            let Some(body) = api.get(Collection::ConfigMaps, name).await? else {
                return Ok(None);
            };
            objects::read_config_map(&body, name).map(Some).map_err(|reason| api.unreachable(&reason))
        })
    }

    fn create_secret<'a>(
        &'a self,
        name: &'a ObjectName,
        entries: &'a SecretEntries,
    ) -> BoxFuture<'a, Result<Created, ClusterError>> {
        Box::pin(async move {
            let body = objects::write_secret(name, entries).map_err(ClusterError::Configuration)?;
            self.api().await?.create(Collection::Secrets, name, body).await
        })
    }

    fn create_config_map<'a>(
        &'a self,
        name: &'a ObjectName,
        entries: &'a ConfigMapEntries,
    ) -> BoxFuture<'a, Result<Created, ClusterError>> {
        Box::pin(async move {
            let body = objects::write_config_map(name, entries).map_err(ClusterError::Configuration)?;
            self.api().await?.create(Collection::ConfigMaps, name, body).await
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests;
