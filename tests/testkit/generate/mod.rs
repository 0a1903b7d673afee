//! The recipes that the case files were made from. Signatures are made by the OpenSSL command, and by
//! ed25519-dalek for Ed25519, so that the kit does not ask the library what a signature is. Most signatures
//! are random: a file is written once, and only when it is missing and asked for.

mod algorithms;
mod ecdsa;
mod envelopes;
mod flips;
mod key_files;
mod public_keys;
mod spellings;
mod statements;
mod workshop;

use crate::case::Case;
pub(crate) use workshop::kit;

/// A case's name and how it is made.
pub(crate) struct Recipe {
    pub(crate) name: String,
    make: Box<dyn Fn() -> Case>,
}

impl Recipe {
    /// The file's text.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string_pretty(&(self.make)()).unwrap() + "\n"
    }
}

fn recipe<D: Into<Case>>(name: impl Into<String>, make: impl Fn() -> D + 'static) -> Recipe {
    Recipe { name: name.into(), make: Box::new(move || make().into()) }
}

/// Every recipe.
pub(crate) fn recipes() -> Vec<Recipe> {
    [
        algorithms::recipes(),
        ecdsa::recipes(),
        envelopes::recipes(),
        flips::recipes(),
        key_files::recipes(),
        public_keys::recipes(),
        spellings::recipes(),
        statements::recipes(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
