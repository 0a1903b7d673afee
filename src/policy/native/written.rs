//! The native form as it is written: every field there is, and every value with its place. Whether the values make
//! sense is asked by the reader (`read`).

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

/// A text with its place. All scalars are read so: one type for the reader of YAML to be built for.
pub(super) type Text = Spanned<String>;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Document {
    #[serde(rename = "apiVersion")]
    _api_version: Text,
    #[serde(rename = "kind")]
    _kind: Text,
    #[serde(rename = "metadata")]
    pub(super) heading: Heading,
    pub(super) spec: Spanned<Spec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Heading {
    pub(super) name: Text,
    /// For people and their tools.
    #[serde(default, rename = "labels")]
    _labels: Option<BTreeMap<String, String>>,
    /// For people and their tools.
    #[serde(default, rename = "annotations")]
    _annotations: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Spec {
    #[serde(default, deserialize_with = "given")]
    pub(super) mode: Option<Text>,
    #[serde(default, deserialize_with = "given")]
    pub(super) action: Option<Text>,
    pub(super) images: Images,
    #[serde(default, deserialize_with = "given")]
    pub(super) exclude_namespaces: Option<Vec<Text>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) signature_repositories: Option<Vec<Text>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) signed_for: Option<Spanned<OneOrMany>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) revoked: Option<Revoked>,
    #[serde(default, deserialize_with = "given")]
    pub(super) signers: Option<Vec<Spanned<Signer>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Images {
    pub(super) include: Spanned<Vec<Text>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) exclude: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Revoked {
    #[serde(default, deserialize_with = "given")]
    pub(super) digests: Option<Vec<Text>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) keys: Option<Vec<Text>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Signer {
    pub(super) name: Text,
    pub(super) keys: Vec<Spanned<Key>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) countersigns: Option<Text>,
    #[serde(default, deserialize_with = "given")]
    pub(super) claims: Option<BTreeMap<String, Vec<Text>>>,
    #[serde(default, deserialize_with = "given")]
    pub(super) max_age: Option<Text>,
    #[serde(default, deserialize_with = "given")]
    pub(super) on_expiry: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Key {
    #[serde(default, deserialize_with = "given")]
    pub(super) pem: Option<Text>,
    #[serde(default, deserialize_with = "given")]
    pub(super) config_map_ref: Option<Object>,
    #[serde(default, deserialize_with = "given")]
    pub(super) secret_ref: Option<Object>,
    #[serde(rename = "ref", default, deserialize_with = "given")]
    pub(super) reference: Option<Text>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Object {
    pub(super) namespace: Text,
    pub(super) name: Text,
}

/// A field that is there has a value: `maxAge:` with nothing behind it is a mistake, and not "no limit".
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    match Option::deserialize(deserializer)? {
        Some(value) => Ok(Some(value)),
        None => Err(serde::de::Error::custom("a field without a value; write one, or leave the field out")),
    }
}

/// A word, or a list. Written by hand: what serde derives for either would lose the places.
#[derive(Debug)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<Text>),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = OneOrMany;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`any`, `same` or a list of patterns")
            }

            fn visit_str<E>(self, word: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany::One(word.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<OneOrMany, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = list.next_element()? {
                    values.push(value);
                }
                Ok(OneOrMany::Many(values))
            }
        }

        deserializer.deserialize_any(Either)
    }
}
