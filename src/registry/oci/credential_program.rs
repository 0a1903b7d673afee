//! Docker credential helpers: programs named `docker-credential-NAME` that print a credential for a server.

use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};
use zeroize::Zeroizing;

use super::docker_config::{self, Credential};
use super::failure::escaped;
use crate::model::json;

/// Most bytes of a helper's output that are read.
const OUTPUT_LIMIT: usize = 64 << 10;
/// Longest run of a helper.
const RUN_LIMIT: Duration = Duration::from_secs(10);
/// What helpers print when they have no such credential (docker-credential-helpers, `credentials/error.go`).
const NOT_FOUND: &str = "credentials not found";

/// What a helper prints.
#[derive(Deserialize)]
struct Printed {
    #[serde(rename = "Username")]
    username: String,
    #[serde(rename = "Secret")]
    secret: SecretString,
}

/// The credential that `docker-credential-NAME get` prints for `server`; `None` where it says it has none.
/// `name` has been checked to be a name only.
///
/// # Errors
/// The program is not there, fails, takes too long, or prints something else. Its output is not shown where
/// it may hold a secret.
pub(super) async fn get(name: &str, server: &str) -> Result<Option<Credential>, String> {
    ask(&format!("docker-credential-{name}"), server).await
}

async fn ask(program: &str, server: &str) -> Result<Option<Credential>, String> {
    let run = tokio::time::timeout(RUN_LIMIT, run(program, server));
    let ran = run.await.map_err(|_| format!("no answer within {} s", RUN_LIMIT.as_secs()));
    let printed = ran.and_then(|ran| ran).map_err(|why| format!("{program}: {why}"))?;
    let (succeeded, output) = printed;
    let text = String::from_utf8_lossy(&output);
    if !succeeded {
        return match text.contains(NOT_FOUND) {
            true => Ok(None),
            false => match text.lines().next() {
                Some(said) if !text.contains('{') => Err(format!("{program} failed: {}", escaped(said))),
                _ => Err(format!("{program} failed and does not say why")),
            },
        };
    }
    let printed: Printed =
        json::from_slice(&output).map_err(|_| format!("{program} printed what is no credential"))?;
    // Some helpers print an empty credential for a server they do not know.
    if printed.username.is_empty() && printed.secret.expose_secret().is_empty() {
        return Ok(None);
    }
    Ok(Some(docker_config::credential(&printed.username, printed.secret)))
}

/// Runs `program get`; whether it succeeded, and what it printed.
async fn run(program: &str, server: &str) -> Result<(bool, Zeroizing<Vec<u8>>), String> {
    let mut command = Command::new(program);
    command.arg("get").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| e.to_string())?;
    let output = converse(&mut child, server).await.map_err(|e| e.to_string())?;
    if output.len() > OUTPUT_LIMIT {
        return Err(format!("prints more than {OUTPUT_LIMIT} bytes"));
    }
    let status = child.wait().await.map_err(|e| e.to_string())?;
    Ok((status.success(), output))
}

async fn converse(child: &mut Child, server: &str) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
    if let Some(mut stdin) = stdin {
        // A helper may end before it has read everything; what it printed counts.
        let _ = stdin.write_all(server.as_bytes()).await;
    }
    let mut output = Zeroizing::new(Vec::with_capacity(OUTPUT_LIMIT + 1));
    if let Some(stdout) = stdout {
        stdout.take(OUTPUT_LIMIT as u64 + 1).read_to_end(&mut output).await?;
    }
    Ok(output)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// What a program with this shell script as its body answers for `r.example`.
    async fn answer(name: &str, script: &str) -> Result<Option<Credential>, String> {
        let file = std::env::temp_dir().join(format!("docker-credential-{name}-{}", std::process::id()));
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o700)).unwrap();
        let mut answer = ask(file.to_str().unwrap(), "r.example").await;
        // Another test that starts a program in this moment holds the file open for writing until it runs.
        while matches!(&answer, Err(why) if why.contains("Text file busy")) {
            answer = ask(file.to_str().unwrap(), "r.example").await;
        }
        std::fs::remove_file(file).unwrap();
        answer
    }

    #[tokio::test]
    async fn a_program_gets_the_server_on_its_input_and_prints_a_credential() {
        let script =
            r#"read server; echo "{\"ServerURL\":\"$server\",\"Username\":\"$1 $server\",\"Secret\":\"s\"}""#;
        let found = answer("prints", script).await.unwrap();
        let Some(Credential::Password(user, secret)) = found else { unreachable!("{found:?}") };
        assert_eq!((user.as_str(), secret.expose_secret()), ("get r.example", "s"));
        let token = answer("token", r#"echo '{"Username":"<token>","Secret":"s"}'"#).await.unwrap();
        assert!(matches!(token, Some(Credential::Identity(_))));
    }

    #[tokio::test]
    async fn not_found_is_none_and_every_other_failure_is_an_error() {
        let none = answer("none", "echo credentials not found in native keychain; exit 1").await;
        assert!(matches!(none, Ok(None)));
        let locked = answer("locked", "echo the keychain is locked; exit 1").await.unwrap_err();
        assert!(locked.ends_with("failed: the keychain is locked"), "{locked}");
        let mute = answer("mute", "echo hunter2 >&2; exit 1").await.unwrap_err();
        assert!(mute.ends_with("failed and does not say why"), "{mute}");
        let junk = answer("junk", "echo '{\"Username\":\"u\",\"Secret\":hunter2}'").await.unwrap_err();
        assert!(!junk.contains("hunter2"), "{junk}");
        let endless = answer("endless", "exec cat /dev/zero").await.unwrap_err();
        assert!(endless.contains("prints more than 65536 bytes"), "{endless}");
    }
}
