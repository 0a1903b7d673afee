//! Where something stands in the text of a policy, what is wrong there or to be known of it, and the texts that every
//! dialect has: names, keys.

use std::fmt;

use crate::model::key::pem;
use crate::model::yaml::{Place, YamlError};
use crate::model::{PublicKey, escape_untrusted};

/// A field of a document, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Where its value stands, if that is known.
    pub place: Option<Place>,
    /// Its name from the document's root, such as `spec.signers[1].countersigns`; numbers count from 0.
    pub field: String,
}

/// Why a text holds no policies; escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftError {
    /// Where in the text, if that is known.
    pub place: Option<Place>,
    /// The field, where it is one field's fault.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

impl DraftError {
    /// `reason`, which the value at `spot` gave.
    pub fn at(spot: &Spot, reason: impl fmt::Display) -> Self {
        let field = Some(escape_untrusted(&spot.field));
        Self { place: spot.place, field, reason: escape_untrusted(&reason.to_string()) }
    }
}

impl From<YamlError> for DraftError {
    fn from(error: YamlError) -> Self {
        Self { place: error.place, field: None, reason: error.reason }
    }
}

impl fmt::Display for DraftError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(field) = &self.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&self.reason)
    }
}

impl std::error::Error for DraftError {}

/// Something in a policy that is read, and that whoever wrote it is to know; no error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// What it is about.
    pub spot: Spot,
    /// What is to be known; escaped.
    pub text: String,
}

/// Longest name of a signer or a namespace (RFC 1123, a label).
const LABEL_LIMIT: usize = 63;

/// What a name of a signer or a namespace is made of.
pub(super) const LABEL_RULE: &str = "a name is 1 to 63 of a-z, 0-9 and -, not at its ends";

/// Whether `text` is a name of at most 63 of `a-z`, `0-9` and `-`.
pub(super) fn is_label(text: &str) -> bool {
    text.len() <= LABEL_LIMIT && is_label_of_any_length(text)
}

/// Longest name of an object (RFC 1123, a subdomain).
const OBJECT_NAME_LIMIT: usize = 253;

/// What a policy's name is made of.
pub(super) const OBJECT_NAME_RULE: &str = "a name is made of a-z, 0-9, - and .";

/// Whether `text` is the name of an object, such as a policy.
pub(super) fn is_object_name(text: &str) -> bool {
    text.len() <= OBJECT_NAME_LIMIT && text.split('.').all(is_label_of_any_length)
}

/// Whether `text` is made of `a-z`, `0-9` and `-`, with the `-` not at its ends.
fn is_label_of_any_length(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(legal) && !text.starts_with('-') && !text.ends_with('-')
}

/// One public key in PEM: of several, all but the first would be left out without a word.
pub(super) fn one_public_key(text: &str) -> Result<PublicKey, String> {
    let key = PublicKey::from_pem(text).map_err(|error| error.to_string())?;
    let rest = pem::first_block(text).map_or("", |(_, rest)| rest);
    match rest.contains("-----BEGIN ") {
        true => Err("more than one PEM block; each key is an entry of its own".to_owned()),
        false => Ok(key),
    }
}
