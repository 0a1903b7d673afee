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

use crate::signer::cluster::{
    ClusterError, ClusterObjects, ConfigMapEntries, Created, ObjectId, SecretEntries,
};
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

    fn secret_id<'a>(
        &'a self,
        name: &'a ObjectName,
    ) -> BoxFuture<'a, Result<Option<ObjectId>, ClusterError>> {
        Box::pin(async move {
            let api = self.api().await?;
            let Some(body) = api.get(Collection::Secrets, name).await? else {
                return Ok(None);
            };
            objects::read_secret_id(&body, name).map(Some).map_err(|reason| api.unreachable(&reason))
        })
    }

    fn delete_secret<'a>(
        &'a self,
        name: &'a ObjectName,
        id: &'a ObjectId,
    ) -> BoxFuture<'a, Result<(), ClusterError>> {
        Box::pin(async move {
            let body = objects::write_deletion(id).map_err(ClusterError::Configuration)?;
            self.api().await?.delete(Collection::Secrets, name, body).await
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
mod tests {
    use std::ffi::OsString;
    use std::sync::Arc;

    use super::*;

    const CONFIG: &str = r#"{"current-context": "c", "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://api.test", CLUSTER}}],
        "users": [{"name": "u", "user": {USER}}]}"#;

    async fn answer(name: &str, config: &str) -> ClusterError {
        let folder = std::env::temp_dir().join(format!("countersign-kube-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("config");
        std::fs::write(&file, config).unwrap();
        let lookup = move |name: &str| (name == "KUBECONFIG").then(|| file.clone().into_os_string());
        let asked = Cluster::new(Arc::new(lookup)).secret(&ObjectName::new("ns", "key").unwrap()).await;
        std::fs::remove_dir_all(&folder).unwrap();
        asked.unwrap_err()
    }

    #[tokio::test]
    async fn settings_that_are_not_honoured_are_refused_by_name() {
        for (name, place, setting, words) in [
            ("skip", "CLUSTER", r#""insecure-skip-tls-verify": true"#, "insecure-skip-tls-verify"),
            ("proxy", "CLUSTER", r#""proxy-url": "http://proxy.test""#, "proxy-url"),
            ("provider", "USER", r#""auth-provider": {"name": "oidc"}"#, "auth-provider `oidc`"),
            ("as", "USER", r#""as": "somebody""#, "impersonation"),
            ("version", "USER", r#""exec": {"apiVersion": "v9", "command": "x"}"#, "v9"),
            ("ask", "USER", r#""exec": {"command": "x", "interactiveMode": "Always"}"#, "asks people"),
            ("half", "USER", r#""client-certificate-data": "AAAA""#, "without its key"),
            ("base64", "CLUSTER", r#""certificate-authority-data": "*""#, "not base64"),
        ] {
            let config = CONFIG.replace(place, setting).replace(", CLUSTER", "").replace("USER", "");
            let error = answer(name, &config).await;
            assert!(matches!(error, ClusterError::Configuration(_)), "{error:?}");
            assert!(error.to_string().contains(words), "{error}");
        }
    }

    #[tokio::test]
    async fn what_a_broken_kubeconfig_holds_is_not_quoted() {
        for (name, config) in [
            ("broken", "users: hidden-token"),
            ("cut", "{\"users\": [\"hidden-token"),
            ("twice", "users: []\nusers: [hidden-token]"),
        ] {
            let error = answer(name, config).await;
            assert!(matches!(error, ClusterError::Configuration(_)));
            assert!(!error.to_string().contains("hidden"), "{error}");
            assert!(error.to_string().contains("is not a kubeconfig"), "{error}");
        }
    }

    #[tokio::test]
    async fn a_context_or_cluster_that_is_not_there_is_named() {
        let config = CONFIG.replace(", CLUSTER", "").replace("USER", "");
        for (name, from, to, words) in [
            ("context", r#"context": "c""#, r#"context": "d""#, "no context named `d`"),
            ("cluster", r#""cluster": "k""#, r#""cluster": "\u001b""#, "no cluster named `\\u{1b}`"),
            ("user", r#""user": "u""#, r#""user": "v""#, "no user named `v`"),
            ("none", r#""current-context": "c","#, "", "no current-context"),
            ("http", "https://", "http://", "plain http"),
            ("credentials", "https://", "https://me:secret@", "credentials in it"),
        ] {
            let error = answer(name, &config.replacen(from, to, 1)).await;
            assert!(matches!(error, ClusterError::Configuration(_)));
            assert!(error.to_string().contains(words) && !error.to_string().contains("secret"), "{error}");
        }
    }

    #[tokio::test]
    async fn no_configuration_at_all_is_told_from_one_that_is_named_and_not_there() {
        let name = ObjectName::new("ns", "key").unwrap();
        let nothing = Cluster::new(Arc::new(|_| None)).secret(&name).await.unwrap_err();
        assert!(nothing.to_string().contains("no cluster is configured"));
        let absent = |name: &str| (name == "KUBECONFIG").then(|| OsString::from("/nonexistent/config"));
        let absent = Cluster::new(Arc::new(absent)).secret(&name).await.unwrap_err();
        assert!(absent.to_string().contains("/nonexistent/config is not there"));
        assert!(!absent.is_undecided());
    }

    #[tokio::test]
    async fn a_plug_in_that_is_not_there_is_bad_input_and_one_that_says_too_little_is_not() {
        let plugin = |command: &str| {
            let exec = format!(
                r#""exec": {{"apiVersion": "client.authentication.k8s.io/v1", "command": "{command}"}}"#
            );
            CONFIG.replace(", CLUSTER", "").replace("USER", &exec)
        };
        let absent = answer("no-plugin", &plugin("countersign-no-such-plugin")).await;
        assert!(matches!(absent, ClusterError::Configuration(_)), "{absent}");
        let silent = answer("silent", &plugin("true")).await;
        assert!(matches!(silent, ClusterError::Unreachable { .. }), "{silent}");
    }
}
