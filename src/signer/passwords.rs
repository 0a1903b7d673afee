//! The port to passwords of encrypted keys.

/// A password's bytes, wiped when dropped and shown by no `Debug`. It may be empty, and need not be text.
pub type Password = secrecy::SecretSlice<u8>;

/// Gives passwords. Both calls may wait for a person, so they are made on a thread that may block.
pub trait Passwords: Send + Sync {
    /// The password of the existing key at `place`; `None` if there is nothing and nobody to ask.
    ///
    /// # Errors
    /// [`PasswordError`].
    fn existing(&self, place: &str) -> Result<Option<Password>, PasswordError>;

    /// A password for the new key at `place`; a person is asked twice. `None` as above.
    ///
    /// # Errors
    /// [`PasswordError`].
    fn chosen(&self, place: &str) -> Result<Option<Password>, PasswordError>;
}

/// Why no password was given.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// The file given for it.
    #[error("password file `{path}` cannot be read: {reason}")]
    File {
        /// The path, escaped.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The terminal.
    #[error("no password could be read from the terminal: {0}")]
    Terminal(String),
    /// The person typed two different ones.
    #[error("the two passwords differ")]
    Differ,
}
