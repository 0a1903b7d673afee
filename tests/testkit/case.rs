//! The form of a case file; README.md says what each member means.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// One case: what is given, and the answer that must come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "level", rename_all = "kebab-case")]
pub(crate) enum Case {
    /// A stored signature, and keys that are asked about it.
    Signature(SignatureCase),
    /// A public key.
    PublicKey(PublicKeyCase),
    /// Keys, each the only one of its signer.
    Signers(SignersCase),
    /// A private key file and its password.
    KeyFile(KeyFileCase),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SignatureCase {
    pub(crate) about: String,
    pub(crate) image: String,
    pub(crate) keys: Vec<String>,
    pub(crate) stored: Stored,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) require: BTreeMap<String, String>,
    pub(crate) expect: Expected,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "format", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Stored {
    /// A layer of a `.sig` manifest: the blob, and the layer's annotations.
    Legacy { payload: Text, annotations: BTreeMap<String, String> },
    /// The blob of a bundle.
    Bundle { bundle: Text },
}

impl Stored {
    /// The blob.
    pub(crate) fn blob(&self) -> &Text {
        match self {
            Self::Legacy { payload, .. } => payload,
            Self::Bundle { bundle } => bundle,
        }
    }
}

/// Bytes: as they are where they are UTF-8, else in base64, or by parts where they are too many to store.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Text {
    Plain(String),
    Base64 { base64: String },
    Parts { parts: Vec<Part> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub(crate) enum Part {
    Plain(String),
    Repeat { repeat: String, times: usize },
}

impl Text {
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Plain(text) => text.clone().into_bytes(),
            Self::Base64 { base64 } => STANDARD.decode(base64).unwrap(),
            Self::Parts { parts } => parts.iter().flat_map(|part| part.text().into_bytes()).collect(),
        }
    }
}

impl Part {
    fn text(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Repeat { repeat, times } => repeat.repeat(*times),
        }
    }
}

impl From<Vec<u8>> for Text {
    fn from(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) => Self::Plain(text),
            Err(error) => Self::Base64 { base64: STANDARD.encode(error.as_bytes()) },
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self::Plain(text)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum Expected {
    /// The keys with these positions accept it for the image, and it states these claims.
    Verified {
        by: Vec<usize>,
        claims: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        shown: BTreeMap<String, String>,
    },
    /// Well-formed, and none of the keys accepts it.
    Unmatched {},
    /// Junk, or a key accepts it and it states something else.
    Invalid { reason: String },
    /// Nothing that a key could answer for.
    Other { reason: String },
    /// Verified, and the claim of that name is not what `require` demands.
    ClaimMismatch { claim: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PublicKeyCase {
    pub(crate) about: String,
    pub(crate) key: String,
    pub(crate) expect: ExpectedKey,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum ExpectedKey {
    Accepted { algorithm: String, fingerprint: String },
    RefusedKey { reason: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct SignersCase {
    pub(crate) about: String,
    pub(crate) keys: Vec<String>,
    pub(crate) expect: ExpectedSigners,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) enum ExpectedSigners {
    Distinct {},
    SameKey {},
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct KeyFileCase {
    pub(crate) about: String,
    pub(crate) file: String,
    pub(crate) password: String,
    pub(crate) expect: ExpectedKeyFile,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
pub(crate) enum ExpectedKeyFile {
    /// It holds the private key of this public key (PEM).
    Opened {
        public_key: String,
    },
    RefusedKeyFile {
        reason: String,
    },
}

impl Case {
    /// Whether the answer is a refusal: then, and only then, the case's name ends in `_fail`.
    pub(crate) fn must_be_refused(&self) -> bool {
        match self {
            Self::Signature(case) => !matches!(case.expect, Expected::Verified { .. }),
            Self::PublicKey(case) => matches!(case.expect, ExpectedKey::RefusedKey { .. }),
            Self::Signers(case) => case.expect == ExpectedSigners::SameKey {},
            Self::KeyFile(case) => matches!(case.expect, ExpectedKeyFile::RefusedKeyFile { .. }),
        }
    }

    pub(crate) fn about(&self) -> &str {
        match self {
            Self::Signature(SignatureCase { about, .. })
            | Self::PublicKey(PublicKeyCase { about, .. })
            | Self::Signers(SignersCase { about, .. })
            | Self::KeyFile(KeyFileCase { about, .. }) => about,
        }
    }
}
