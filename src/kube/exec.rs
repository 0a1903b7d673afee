//! Credential plug-ins (`exec` in a kubeconfig; client.authentication.k8s.io v1 and v1beta1): the program is
//! started as it is named, without a shell, with bounds on time and output.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use zeroize::Zeroizing;

use super::credentials::{Authorization, Identity};
use super::kubeconfig::{ClusterEntry, ExecEntry, configuration};
use crate::model::{escape_untrusted, json as bounded_json};
use crate::signer::Variables;
use crate::signer::cluster::ClusterError;

/// Longest run, and largest output and error output that is kept.
const TIME_LIMIT: Duration = Duration::from_secs(30);
const OUTPUT_LIMIT: u64 = 1 << 20;
const TOLD_LIMIT: usize = 4 << 10;
const VERSIONS: [&str; 2] = ["client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"];

/// A plug-in and what it may be told.
pub(super) struct Plugin<'a> {
    pub(super) entry: &'a ExecEntry,
    /// Where a relative path of the program starts.
    pub(super) folder: &'a Path,
    pub(super) cluster: &'a ClusterEntry,
    /// PEM.
    pub(super) authority: Option<&'a [u8]>,
}

/// What a plug-in gave.
pub(super) struct Given {
    pub(super) identity: Option<Identity>,
    pub(super) authorization: Option<Authorization>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ExecCredential {
    api_version: String,
    kind: String,
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<SecretString>,
    client_certificate_data: Option<String>,
    client_key_data: Option<SecretString>,
}

/// Runs the plug-in and reads its credentials.
///
/// # Errors
/// [`ClusterError::Configuration`] if it cannot be started, [`ClusterError::Unreachable`] if it gave none.
pub(super) async fn run(plugin: &Plugin<'_>, variables: &Variables) -> Result<Given, ClusterError> {
    let version = version(plugin.entry)?;
    let mut command = Command::new(program(plugin));
    command.args(plugin.entry.args.iter().flatten());
    for variable in plugin.entry.env.iter().flatten() {
        command.env(&variable.name, variable.value.expose_secret());
    }
    // The table of variables is the process's own in the program, and what a test says in a test.
    if let Some(path) = variables("PATH") {
        command.env("PATH", path);
    }
    command.env("KUBERNETES_EXEC_INFO", exec_info(plugin, version));
    let output = output(plugin, command).await?;
    credentials(plugin, version, &output)
}

fn version(entry: &ExecEntry) -> Result<&'static str, ClusterError> {
    if entry.interactive_mode.as_deref() == Some("Always") {
        return Err(configuration(format!("{} asks people, which is not supported here", named(entry))));
    }
    let asked = entry.api_version.as_deref().unwrap_or_default();
    VERSIONS.into_iter().find(|version| *version == asked).ok_or_else(|| {
        let asked = escape_untrusted(asked);
        configuration(format!(
            "{}: its apiVersion `{asked}` is not supported ({} are)",
            named(entry),
            VERSIONS.join(", ")
        ))
    })
}

fn named(entry: &ExecEntry) -> String {
    format!("credential plug-in `{}`", escape_untrusted(&entry.command))
}

/// A name is looked up in `PATH`; a relative path starts at the kubeconfig's folder, as for kubectl.
fn program(plugin: &Plugin<'_>) -> PathBuf {
    let command = Path::new(&plugin.entry.command);
    if command.components().count() > 1 { plugin.folder.join(command) } else { command.to_owned() }
}

fn exec_info(plugin: &Plugin<'_>, version: &str) -> String {
    let mut spec = json!({"interactive": false});
    if plugin.entry.provide_cluster_info {
        let mut cluster = json!({"server": plugin.cluster.server});
        if let Some(pem) = plugin.authority {
            cluster["certificate-authority-data"] = STANDARD.encode(pem).into();
        }
        if let Some(name) = &plugin.cluster.tls_server_name {
            cluster["tls-server-name"] = name.clone().into();
        }
        spec["cluster"] = cluster;
    }
    json!({"apiVersion": version, "kind": "ExecCredential", "spec": spec}).to_string()
}

async fn output(plugin: &Plugin<'_>, mut command: Command) -> Result<Zeroizing<Vec<u8>>, ClusterError> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|error| {
        let hint = plugin.entry.install_hint.as_deref().unwrap_or_default();
        let hint: String = hint.chars().take(TOLD_LIMIT).collect();
        configuration(format!(
            "{} cannot be started: {error}. {}",
            named(plugin.entry),
            escape_untrusted(&hint)
        ))
    })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let finish = async { tokio::join!(read(stdout), read(stderr), child.wait()) };
    let ended = tokio::time::timeout(TIME_LIMIT, finish).await;
    let (output, told, status) = ended.map_err(|_| failed(plugin, "it did not end in 30 s"))?;
    let status = status.map_err(|error| failed(plugin, &error.to_string()))?;
    if !status.success() {
        let told: String = String::from_utf8_lossy(&told).trim().chars().take(TOLD_LIMIT).collect();
        return Err(failed(plugin, &format!("{status}: {}", escape_untrusted(&told))));
    }
    Ok(output)
}

/// What the pipe gives up to the limit; the pipe is closed after it, and the program ends.
async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::new());
    if let Some(pipe) = pipe {
        // A broken pipe is an early end: what is missing shows when the output is parsed.
        let _ = pipe.take(OUTPUT_LIMIT).read_to_end(&mut bytes).await;
    }
    bytes
}

fn credentials(plugin: &Plugin<'_>, version: &str, output: &[u8]) -> Result<Given, ClusterError> {
    // What the parser says could quote the token.
    let answer: ExecCredential = bounded_json::from_slice(output)
        .map_err(|_| failed(plugin, "its output is not an ExecCredential"))?;
    if answer.kind != "ExecCredential" || answer.api_version != version {
        return Err(failed(plugin, &format!("its output is not an ExecCredential of {version}")));
    }
    let status = answer.status.ok_or_else(|| failed(plugin, "its output has no status"))?;
    let authorization = status.token.map(Authorization::Token);
    let identity = match (status.client_certificate_data, status.client_key_data) {
        (Some(chain), Some(key)) => {
            let key = Zeroizing::new(key.expose_secret().as_bytes().to_vec());
            Some(Identity { chain: chain.into_bytes(), key })
        }
        (None, None) => None,
        _ => return Err(failed(plugin, "its certificate comes without a key, or a key alone")),
    };
    if authorization.is_none() && identity.is_none() {
        return Err(failed(plugin, "its output has neither token nor certificate"));
    }
    Ok(Given { identity, authorization })
}

fn failed(plugin: &Plugin<'_>, reason: &str) -> ClusterError {
    let server = escape_untrusted(&plugin.cluster.server);
    ClusterError::Unreachable { server, reason: format!("{}: {reason}", named(plugin.entry)) }
}
