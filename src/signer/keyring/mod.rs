//! Keys in files, in the environment and in Kubernetes secrets: found, opened, made and stored.

pub mod file;
mod making;
mod passwords;
mod secret;
pub mod source;

pub use file::store::FilePair;
pub use making::LocalPairs;
pub use passwords::PasswordSources;
pub use secret::SecretPair;
pub use source::KeySource;
