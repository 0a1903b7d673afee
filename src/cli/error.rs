//! What a command ends with: exit codes, and errors that say what, where, why and what to try.

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
