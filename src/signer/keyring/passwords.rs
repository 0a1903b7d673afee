//! Where passwords come from: a file, the environment, a prompt without echo.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use secrecy::ExposeSecret as _;

use crate::local::files::{read_bounded, shown};
use crate::signer::{Password, PasswordError, Passwords, Variables};

/// Longest password file, in bytes.
const PASSWORD_LIMIT: u64 = 4 << 10;
/// Asked in this order.
const PASSWORD_VARIABLES: [&str; 2] = ["COUNTERSIGN_PASSWORD", "COSIGN_PASSWORD"];

/// `--password-file`, then the environment, then the terminal.
pub struct PasswordSources {
    file: Option<PathBuf>,
    variables: Variables,
    terminal: Option<Mutex<()>>,
}

impl PasswordSources {
    /// Asks `file` first if given, then the variables, then a person if standard input is a terminal.
    pub fn new(file: Option<PathBuf>, variables: Variables) -> Self {
        let terminal = std::io::stdin().is_terminal().then(Mutex::default);
        Self { file, variables, terminal }
    }

    /// As [`Self::new`], but a person is never asked.
    pub fn without_terminal(file: Option<PathBuf>, variables: Variables) -> Self {
        Self { file, variables, terminal: None }
    }

    fn unattended(&self) -> Result<Option<Password>, PasswordError> {
        if let Some(path) = &self.file {
            return read_password_file(path).map(Some);
        }
        let value = PASSWORD_VARIABLES.iter().find_map(|name| (self.variables)(name));
        Ok(value.map(|value| Password::from(value.into_encoded_bytes())))
    }

    fn ask(&self, question: &str) -> Result<Option<Password>, PasswordError> {
        let Some(terminal) = &self.terminal else {
            return Ok(None);
        };
        // One question at a time; a panic elsewhere while asking leaves nothing half done.
        let _turn = terminal.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let answer = rpassword::prompt_password(question);
        let answer = answer.map_err(|error| PasswordError::Terminal(error.to_string()))?;
        Ok(Some(Password::from(answer.into_bytes())))
    }
}

impl Passwords for PasswordSources {
    fn existing(&self, place: &str) -> Result<Option<Password>, PasswordError> {
        match self.unattended()? {
            Some(password) => Ok(Some(password)),
            None => self.ask(&format!("Password for {place}: ")),
        }
    }

    fn chosen(&self, place: &str) -> Result<Option<Password>, PasswordError> {
        if let Some(password) = self.unattended()? {
            return Ok(Some(password));
        }
        let first = self.ask(&format!("New password for {place}: "))?;
        let second = self.ask("The same password again: ")?;
        match (first, second) {
            (Some(first), Some(second)) if first.expose_secret() == second.expose_secret() => Ok(Some(first)),
            (Some(_), Some(_)) => Err(PasswordError::Differ),
            _ => Ok(None),
        }
    }
}

/// The file's bytes without one newline at the end, which editors and `echo` leave.
fn read_password_file(path: &Path) -> Result<Password, PasswordError> {
    let bytes = read_bounded(path, PASSWORD_LIMIT)
        .map_err(|error| PasswordError::File { path: shown(path), reason: error.to_string() })?;
    let password = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
    let password = password.strip_suffix(b"\r").unwrap_or(password);
    Ok(Password::from(password.to_vec()))
}
