//! The use cases. They know ports, never adapters.

mod allowance;
mod append;
mod aside;
pub mod attestations;
mod candidates;
pub mod copy;
mod findings;
pub mod gate;
mod gather;
pub mod inspect;
pub mod keys;
mod pointer;
pub mod policies;
pub mod prepare;
pub mod scans;
pub mod sign;
mod store;
mod survey;
pub mod validate;
pub mod verify;

use crate::registry::RegistryError;
use crate::signer::pair::PairError;
use crate::signer::{KeySourceError, SignError};

/// Why a use case did not do its work. Each says what and where; the command line adds what to try.
#[derive(Debug, thiserror::Error)]
pub enum FlowError {
    /// A request failed: undecided.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The registry answered that the image is not there: undecided.
    #[error("{reference} is not in the registry")]
    Missing {
        /// The image asked for.
        reference: String,
    },
    /// What is stored there is not what belongs there: undecided, and nothing is replaced.
    #[error("{place}: {reason}")]
    Unusable {
        /// Repository and tag or digest.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Bad input.
    #[error("{0}")]
    Input(String),
    /// The key did not sign: undecided.
    #[error(transparent)]
    Signer(#[from] SignError),
    /// A key reference gave no key: undecided or bad input, see [`KeySourceError::is_undecided`].
    #[error(transparent)]
    Key(#[from] KeySourceError),
    /// No key pair was made: undecided or bad input, see [`PairError::is_undecided`].
    #[error(transparent)]
    Pair(#[from] PairError),
}
