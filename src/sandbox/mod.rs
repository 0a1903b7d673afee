//! The port to what evaluates rules that can loop or grow: within bounds of time and memory, and away from every key.

pub mod child;

use futures_util::future::BoxFuture;

pub use crate::scan::rego::{ANSWER_LIMIT, Answer, RegoRules, SIZE_LIMIT, lexer};

/// Most bytes of input: a report, or all its findings in other words.
pub const INPUT_LIMIT: usize = 2 * crate::scan::report::REPORT_LIMIT;

/// Evaluates rules in Rego.
pub trait Sandbox: Send + Sync {
    /// What `rules` say of `input`, which is JSON.
    fn evaluate<'a>(
        &'a self,
        rules: &'a RegoRules,
        input: &'a [u8],
    ) -> BoxFuture<'a, Result<Answer, SandboxError>>;
}

/// Why there is no answer. Texts are escaped.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// This program was built without Rego.
    #[error("this build of countersign reads no Rego")]
    NotBuilt,
    /// The rules are no Rego, have no `deny` in `package main`, or failed.
    #[error("{0}")]
    Rules(String),
    /// They took longer than they may.
    #[error("the rules did not end within {} s", .0.as_secs())]
    Time(std::time::Duration),
    /// They took more memory than they may, or nested too deep.
    #[error("the rules and the report took more than {} MiB of memory", .0 >> 20)]
    Memory(u64),
    /// The evaluation could not be started, or ended in another way.
    #[error("the rules could not be evaluated: {0}")]
    Failed(String),
}
