//! What a command ends with: exit codes, and errors that say what, where, why and what to try.

use serde::Serialize;

use crate::flow::FlowError;
use crate::registry::{Kind, RegistryError};
use crate::signer::KeySourceError;
use crate::signer::pair::PairError;

/// Exit codes (docs/errors.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, allowed.
    Done = 0,
    /// A signature, a rule or a policy said no.
    Denied = 1,
    /// Wrong usage or bad input.
    Usage = 2,
    /// Something needed could not be asked.
    Undecided = 3,
}

impl Exit {
    /// The name in JSON.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Denied => "denied",
            Self::Usage => "usage",
            Self::Undecided => "undecided",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// An error as it stands in JSON (docs/json.md).
#[derive(Debug, Serialize)]
pub(super) struct ErrorJson<'a> {
    kind: &'static str,
    message: &'a str,
    cause: Option<&'a str>,
    hint: Option<&'a str>,
}

impl<'a> From<&'a Failure> for ErrorJson<'a> {
    fn from(failure: &'a Failure) -> Self {
        let Failure { exit, message, cause, hint } = failure;
        Self { kind: exit.kind(), message, cause: cause.as_deref(), hint: hint.as_deref() }
    }
}

/// Why a command did not do its work.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// What failed, and where.
    pub message: String,
    /// Why.
    pub cause: Option<String>,
    /// What to try.
    pub hint: Option<String>,
}

impl Failure {
    fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), cause: None, hint: None }
    }

    /// A signature, a rule or a policy said no.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::new(Exit::Denied, message)
    }

    /// Wrong usage or bad input.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Something needed could not be asked.
    pub fn undecided(message: impl Into<String>) -> Self {
        Self::new(Exit::Undecided, message)
    }

    /// With its cause.
    pub fn because(mut self, cause: impl std::fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// With something to try.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The one place where a use case's error becomes an exit code and gets a hint.
impl From<FlowError> for Failure {
    fn from(error: FlowError) -> Self {
        let message = error.to_string();
        match error {
            FlowError::Registry(error) => Self::from(error),
            FlowError::Missing { .. } => Self::undecided(message)
                .hint("check the repository and the tag or digest; an image is pushed before it is signed"),
            FlowError::Unusable { .. } => Self::undecided(message),
            FlowError::Input(_) => Self::usage(message),
            FlowError::Signer(_) => Self::undecided(message),
            FlowError::Key(error) => Self::from(error),
            FlowError::Pair(error) => Self::from(error),
        }
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        let failure = Self::undecided(format!("{} failed", error.request)).because(&error.reason);
        match hint(&error) {
            Some(hint) => failure.hint(hint),
            None => failure,
        }
    }
}

/// What to try after a failed request.
fn hint(error: &RegistryError) -> Option<&'static str> {
    match error.kind {
        Kind::Forbidden => Some(
            "log in with `docker login`, or name a file with --registry-config; the account needs pull, and \
             push to sign",
        ),
        Kind::Refused => {
            Some("if tags are immutable here, `--format bundle` needs none where there is a referrers API")
        }
        Kind::Unreachable if error.reason.contains("certificate") => {
            Some("if the registry's certificate is signed by an authority of yours, name it with --ca-file")
        }
        Kind::Unreachable if error.reason.contains("is not TLS") => {
            Some("if the registry speaks plain HTTP, allow it with --plain-http HOST")
        }
        Kind::Vacant => Some("check the path; `countersign copy` makes an image layout in a new folder"),
        Kind::Unreachable | Kind::Broken | Kind::Limit | Kind::Conflict => None,
    }
}

impl From<KeySourceError> for Failure {
    fn from(error: KeySourceError) -> Self {
        let exit = if error.is_undecided() { Exit::Undecided } else { Exit::Usage };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}

impl From<PairError> for Failure {
    fn from(error: PairError) -> Self {
        let exit = if error.is_undecided() { Exit::Undecided } else { Exit::Usage };
        Self { hint: error.hint(), ..Self::new(exit, error.to_string()) }
    }
}
