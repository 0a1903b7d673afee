//! Bounds on JSON from outside that serde_json does not set by itself.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};

/// Deepest nesting of objects and arrays that is read.
pub const DEPTH_LIMIT: usize = 64;

/// Why a text is not JSON of the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Objects and arrays nested deeper than [`DEPTH_LIMIT`].
    #[error("nested deeper than {DEPTH_LIMIT} levels")]
    TooDeep,
    /// Not JSON, cut short, a duplicate member, or of another form.
    #[error("{0}")]
    Form(String),
}

/// Reads `bytes` as JSON no deeper than [`DEPTH_LIMIT`]; a duplicate member of a known name is refused.
///
/// # Errors
/// [`JsonError`] for anything else.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, JsonError> {
    if depth(bytes) > DEPTH_LIMIT {
        return Err(JsonError::TooDeep);
    }
    serde_json::from_slice(bytes).map_err(|e| JsonError::Form(super::escape_untrusted(&e.to_string())))
}

/// Deepest nesting of objects and arrays in `bytes`, taken as JSON; brackets in strings do not count.
fn depth(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in bytes {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

/// A JSON object whose member names are distinct; a duplicate is an error, never the last one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniqueMap<V>(pub BTreeMap<String, V>);

impl<V> Default for UniqueMap<V> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueMap<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<V>(std::marker::PhantomData<V>);
        impl<'de, V: Deserialize<'de>> Visitor<'de> for Members<V> {
            type Value = UniqueMap<V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
                let mut members = BTreeMap::new();
                while let Some((name, value)) = access.next_entry::<String, V>()? {
                    if members.contains_key(&name) {
                        return Err(A::Error::custom(format!("duplicate member `{name}`")));
                    }
                    members.insert(name, value);
                }
                Ok(UniqueMap(members))
            }
        }
        deserializer.deserialize_map(Members(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings_only() {
        assert_eq!(depth(br#"{"a":["[[[\"[",{}]}"#), 3);
        let deep = "[".repeat(DEPTH_LIMIT + 1);
        assert_eq!(from_slice::<serde_json::Value>(deep.as_bytes()), Err(JsonError::TooDeep));
    }

    #[test]
    fn a_duplicate_member_is_refused() {
        let read = from_slice::<UniqueMap<u8>>(br#"{"a":1,"a":2}"#);
        assert!(matches!(read, Err(JsonError::Form(reason)) if reason.contains("duplicate member `a`")));
    }
}
