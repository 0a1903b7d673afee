//! Adapter: each evaluation in a process of its own, which is this program started again with one argument. It has no
//! environment, opens no files, and the operating system ends it where it takes too much (docs/rego.md).

#[cfg(feature = "rego")]
pub mod declarations;
#[cfg(feature = "rego")]
mod engine;
#[cfg(feature = "rego")]
mod limits;
#[cfg(feature = "rego")]
pub mod worker;

use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::{ANSWER_LIMIT, Answer, RegoRules, Sandbox, SandboxError};
use crate::model::{escape_untrusted, json};

/// The only argument of the process. No command has this name, so that none is hidden by it.
pub const ARGUMENT: &str = "--evaluate-rego";
/// Longest time of the processor; waiting may take as long again.
const TIME: Duration = Duration::from_secs(10);
/// Most memory, in bytes.
const MEMORY: u64 = 1 << 30;

/// Starts processes.
pub struct ChildSandbox {
    program: PathBuf,
}

/// What a process writes when it ends by itself.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Ending {
    /// The rules' answer.
    Answer(Answer),
    /// What is wrong with the rules.
    Fault(String),
    /// Why nothing was evaluated.
    Unready(String),
}

impl ChildSandbox {
    /// Starts this very program.
    pub fn of_this_program() -> Self {
        // The file may have been replaced since; the link leads to what runs.
        let link = PathBuf::from("/proc/self/exe");
        let program = if link.exists() { link } else { std::env::current_exe().unwrap_or(link) };
        Self { program }
    }

    async fn answer(&self, rules: &RegoRules, input: &[u8]) -> Result<Answer, SandboxError> {
        if cfg!(not(feature = "rego")) {
            return Err(SandboxError::NotBuilt);
        }
        let child = Command::new(&self.program)
            .arg(ARGUMENT)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let talk = talk(child, rules.text(), input);
        let (written, status) =
            tokio::time::timeout(2 * TIME, talk).await.map_err(|_| SandboxError::Time(TIME))??;
        ending(&written, status)
    }
}

impl Sandbox for ChildSandbox {
    fn evaluate<'a>(
        &'a self,
        rules: &'a RegoRules,
        input: &'a [u8],
    ) -> BoxFuture<'a, Result<Answer, SandboxError>> {
        Box::pin(self.answer(rules, input))
    }
}

/// Hands over length and text of the rules and the input; what the process wrote, and how it ended.
async fn talk(mut child: Child, rules: &str, input: &[u8]) -> Result<(Vec<u8>, ExitStatus), SandboxError> {
    let (Some(mut into), Some(out)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(SandboxError::Failed("no pipe to the process".to_owned()));
    };
    let write = async move {
        // A process that ended early says why in another way.
        let _ = into.write_all(&(rules.len() as u64).to_be_bytes()).await;
        let _ = into.write_all(rules.as_bytes()).await;
        let _ = into.write_all(input).await;
    };
    let mut written = Vec::new();
    let mut bounded = out.take(ANSWER_LIMIT as u64 + 1);
    let ((), read) = tokio::join!(write, bounded.read_to_end(&mut written));
    read.map_err(failed)?;
    if written.len() > ANSWER_LIMIT {
        return Err(SandboxError::Failed(format!("an answer of more than {ANSWER_LIMIT} bytes")));
    }
    let status = child.wait().await.map_err(failed)?;
    Ok((written, status))
}

/// What the end of a process means: whatever is not a whole answer is an error.
fn ending(written: &[u8], status: ExitStatus) -> Result<Answer, SandboxError> {
    if !status.success() {
        return Err(unfinished(status));
    }
    match json::from_slice::<Ending>(written) {
        Ok(Ending::Answer(answer)) => Ok(answer.again()),
        Ok(Ending::Unready(reason)) => Err(SandboxError::Failed(escape_untrusted(&reason))),
        Ok(Ending::Fault(fault)) => Err(SandboxError::Rules(escape_untrusted(&fault))),
        Err(error) => Err(SandboxError::Failed(format!("its answer is not readable: {error}"))),
    }
}

#[cfg(unix)]
fn unfinished(status: ExitStatus) -> SandboxError {
    use std::os::unix::process::ExitStatusExt as _;
    /// Numbers of signals, the same on all systems that this runs on (POSIX, `signal.h`).
    const ABORT: i32 = 6;
    const SEGMENTATION_FAULT: i32 = 11;
    const KILL: i32 = 9;
    const PROCESSOR_TIME: i32 = 24;
    match status.signal() {
        Some(PROCESSOR_TIME) => SandboxError::Time(TIME),
        // Memory that is not given ends a program by abort, a full stack by a fault, a full container by kill.
        Some(ABORT | SEGMENTATION_FAULT | KILL) => SandboxError::Memory(MEMORY),
        _ => SandboxError::Failed(format!("the process ended with {status}")),
    }
}

#[cfg(not(unix))]
fn unfinished(status: ExitStatus) -> SandboxError {
    SandboxError::Failed(format!("the process ended with {status}"))
}

fn failed(error: impl std::fmt::Display) -> SandboxError {
    SandboxError::Failed(escape_untrusted(&error.to_string()))
}
