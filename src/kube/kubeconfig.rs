//! Kubeconfig files as kubectl reads them: several merge, and for each name the first file that has it wins.
//! Fields that would change whom or how we speak to, and that we do not honour, are refused by name.

use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;
use serde_saphyr::Options;

use super::files;
use crate::model::escape_untrusted;
use crate::signer::cluster::ClusterError;

/// Most files in `KUBECONFIG`.
const FILES_LIMIT: usize = 64;

/// A kubeconfig file; what is not named here does not concern two kinds of requests.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
struct Kubeconfig {
    current_context: Option<String>,
    clusters: Option<Vec<NamedCluster>>,
    users: Option<Vec<NamedUser>>,
    contexts: Option<Vec<NamedContext>>,
}

#[derive(Deserialize)]
struct NamedCluster {
    name: String,
    cluster: Option<ClusterEntry>,
}

#[derive(Deserialize)]
struct NamedUser {
    name: String,
    user: Option<UserEntry>,
}

#[derive(Deserialize)]
struct NamedContext {
    name: String,
    context: Option<ContextEntry>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ContextEntry {
    cluster: String,
    user: String,
}

/// How a cluster is reached.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct ClusterEntry {
    /// URL, a path prefix included.
    pub(super) server: String,
    pub(super) tls_server_name: Option<String>,
    pub(super) certificate_authority: Option<PathBuf>,
    /// Base64 of PEM; before the file.
    pub(super) certificate_authority_data: Option<String>,
    insecure_skip_tls_verify: bool,
    proxy_url: Option<String>,
}

/// Who we are.
#[derive(Deserialize, Default)]
#[serde(rename_all = "kebab-case", default)]
pub(super) struct UserEntry {
    pub(super) client_certificate: Option<PathBuf>,
    pub(super) client_certificate_data: Option<String>,
    pub(super) client_key: Option<PathBuf>,
    pub(super) client_key_data: Option<SecretString>,
    pub(super) token: Option<SecretString>,
    /// Before the token.
    #[serde(rename = "tokenFile")]
    pub(super) token_file: Option<PathBuf>,
    pub(super) username: Option<String>,
    pub(super) password: Option<SecretString>,
    pub(super) exec: Option<ExecEntry>,
    #[serde(rename = "auth-provider")]
    auth_provider: Option<AuthProvider>,
    #[serde(rename = "as")]
    impersonate: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AuthProvider {
    name: String,
}

/// A program that gives credentials.
#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExecEntry {
    pub(super) api_version: Option<String>,
    pub(super) command: String,
    pub(super) args: Option<Vec<String>>,
    pub(super) env: Option<Vec<ExecVariable>>,
    pub(super) interactive_mode: Option<String>,
    pub(super) install_hint: Option<String>,
    #[serde(default)]
    pub(super) provide_cluster_info: bool,
}

/// A variable for that program, often a secret.
#[derive(Deserialize, Clone)]
pub(super) struct ExecVariable {
    pub(super) name: String,
    pub(super) value: SecretString,
}

/// The cluster and user of the current context, with the folders that their relative paths start from.
pub(super) struct Current {
    pub(super) cluster: ClusterEntry,
    pub(super) cluster_folder: PathBuf,
    pub(super) user: UserEntry,
    pub(super) user_folder: PathBuf,
}

/// Reads the files that are there, in order, and gives what the current context names; `None` if none is there.
///
/// # Errors
/// [`ClusterError::Configuration`].
pub(super) async fn current(paths: &[PathBuf]) -> Result<Option<Current>, ClusterError> {
    if paths.len() > FILES_LIMIT {
        return Err(configuration(format!("KUBECONFIG names more than {FILES_LIMIT} files")));
    }
    let mut found = Vec::new();
    for path in paths {
        if let Some(bytes) = files::find(path).await? {
            found.push((folder_of(path), parse(path, &bytes)?));
        }
    }
    if found.is_empty() { Ok(None) } else { choose(found).map(Some) }
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Kubeconfig, ClusterError> {
    // Snippets, and what serde says about a wrong value, would show tokens.
    let options: Options = serde_saphyr::options! { with_snippet: false };
    let read = serde_saphyr::from_slice_with_options::<Option<Kubeconfig>>(bytes, options);
    read.map(Option::unwrap_or_default).map_err(|error| {
        let place = error.location().map_or_else(String::new, |at| format!(":{}:{}", at.line(), at.column()));
        configuration(format!("{}{place}: this is not a kubeconfig", files::shown(path)))
    })
}

fn choose(found: Vec<(PathBuf, Kubeconfig)>) -> Result<Current, ClusterError> {
    let context_name = found
        .iter()
        .find_map(|(_, config)| config.current_context.clone().filter(|name| !name.is_empty()))
        .ok_or_else(|| configuration("the kubeconfig has no current-context".to_owned()))?;
    let (mut contexts, mut clusters, mut users) = (Vec::new(), Vec::new(), Vec::new());
    for (folder, config) in found {
        let of = |name, entry| (folder.clone(), name, entry);
        contexts.extend(config.contexts.into_iter().flatten().map(|c| (folder.clone(), c.name, c.context)));
        clusters.extend(config.clusters.into_iter().flatten().map(|c| (folder.clone(), c.name, c.cluster)));
        users.extend(config.users.into_iter().flatten().map(|u| of(u.name, u.user)));
    }
    let (_, context) = take("context", contexts, &context_name)?;
    let (cluster_folder, cluster) = take("cluster", clusters, &context.cluster)?;
    let (user_folder, user) = match context.user.as_str() {
        "" => (PathBuf::new(), UserEntry::default()),
        name => take("user", users, name)?,
    };
    refuse_unsupported(&context_name, &cluster, &user)?;
    Ok(Current { cluster, cluster_folder, user, user_folder })
}

/// The first entry of that name.
fn take<T: Default>(
    kind: &str,
    entries: Vec<(PathBuf, String, Option<T>)>,
    name: &str,
) -> Result<(PathBuf, T), ClusterError> {
    let found = entries.into_iter().find(|(_, entry, _)| entry == name);
    let (folder, _, entry) = found.ok_or_else(|| {
        configuration(format!("the kubeconfig has no {kind} named `{}`", escape_untrusted(name)))
    })?;
    Ok((folder, entry.unwrap_or_default()))
}

fn refuse_unsupported(context: &str, cluster: &ClusterEntry, user: &UserEntry) -> Result<(), ClusterError> {
    let refuse = |why: String| {
        Err(configuration(format!("kubeconfig context `{}`: {why}", escape_untrusted(context))))
    };
    if cluster.insecure_skip_tls_verify {
        return refuse(
            "insecure-skip-tls-verify is not honoured, keys are read from servers that prove who they are: give \
             certificate-authority"
                .to_owned(),
        );
    }
    if cluster.proxy_url.as_ref().is_some_and(|url| !url.is_empty()) {
        return refuse("proxy-url is not supported: set HTTPS_PROXY instead".to_owned());
    }
    if let Some(provider) = &user.auth_provider {
        let name = escape_untrusted(&provider.name);
        return refuse(format!("auth-provider `{name}` is not supported: use its exec plug-in"));
    }
    if user.impersonate.as_ref().is_some_and(|name| !name.is_empty()) {
        return refuse("impersonation (`as`) is not supported".to_owned());
    }
    Ok(())
}

pub(super) fn configuration(reason: String) -> ClusterError {
    ClusterError::Configuration(reason)
}
