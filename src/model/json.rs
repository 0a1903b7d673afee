//! Bounds on JSON from outside that serde_json does not set by itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

/// Deepest nesting of objects and arrays that is read.
pub const DEPTH_LIMIT: usize = 64;
/// Longest reason that is kept, in characters: serde_json quotes what it did not expect, whatever its length.
const REASON_LIMIT: usize = 256;

/// Why a text is not JSON of the expected form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Objects and arrays nested deeper than [`DEPTH_LIMIT`].
    #[error("nested deeper than {DEPTH_LIMIT} levels")]
    TooDeep,
    /// Not JSON, not UTF-8, cut short, a duplicate member, or of another form.
    #[error("{0}")]
    Form(String),
}

/// Reads `bytes` as JSON in UTF-8, no deeper than [`DEPTH_LIMIT`]; a duplicate member is refused wherever it
/// stands, in members that nobody asks for too, since two readers could see two documents in it.
///
/// # Errors
/// [`JsonError`] for anything else.
pub fn from_slice<'de, T: Deserialize<'de>>(bytes: &'de [u8]) -> Result<T, JsonError> {
    Bounded::new(bytes)?.read()
}

/// Bytes that are JSON within the bounds of [`from_slice`], for who must look twice to know what to read them as.
#[derive(Debug, Clone, Copy)]
pub struct Bounded<'de>(&'de str);

impl<'de> Bounded<'de> {
    /// Checks the bounds.
    ///
    /// # Errors
    /// [`JsonError`]: not JSON, too deep, a duplicate member.
    pub fn new(bytes: &'de [u8]) -> Result<Self, JsonError> {
        let text = std::str::from_utf8(bytes).map_err(|e| JsonError::Form(format!("not UTF-8: {e}")))?;
        if depth(bytes) > DEPTH_LIMIT {
            return Err(JsonError::TooDeep);
        }
        serde_json::from_str(text).map_err(|error| form(&error)).map(|Distinct| Self(text))
    }

    /// Reads it as `T`.
    ///
    /// # Errors
    /// [`JsonError::Form`] if it is not what `T` expects.
    pub fn read<T: Deserialize<'de>>(self) -> Result<T, JsonError> {
        serde_json::from_str(self.0).map_err(|error| form(&error))
    }
}

/// The reader's words, escaped and cut.
fn form(error: &serde_json::Error) -> JsonError {
    let reason = error.to_string();
    let cut = if reason.chars().nth(REASON_LIMIT).is_some() { "…" } else { "" };
    let start: String = reason.chars().take(REASON_LIMIT).collect();
    JsonError::Form(super::escape_untrusted(&start) + cut)
}

/// Any JSON whose objects have distinct member names, all the way down.
struct Distinct;

impl<'de> Deserialize<'de> for Distinct {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Self)
    }
}

impl<'de> Visitor<'de> for Distinct {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self, A::Error> {
        while let Some(Self) = access.next_element()? {}
        Ok(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self, A::Error> {
        let mut names = BTreeSet::new();
        while let Some((name, Self)) = access.next_entry::<String, Self>()? {
            if names.contains(&name) {
                return Err(A::Error::custom(format!("duplicate member `{name}`")));
            }
            names.insert(name);
        }
        Ok(self)
    }
}

/// A struct that is read from an object only: serde's derived readers also take an array of the members'
/// values in their order, which is no JSON form of anything that is read here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(access)).map(Object)
            }
        }
        deserializer.deserialize_map(Members(PhantomData))
    }
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
        struct Members<V>(PhantomData<V>);
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
        deserializer.deserialize_map(Members(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

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

    #[test]
    fn a_duplicate_member_is_refused_where_nobody_looks() {
        for text in [r#"{"x":{"a":1,"a":2}}"#, r#"[[{"a":1,"\u0061":2}]]"#] {
            let read = from_slice::<serde::de::IgnoredAny>(text.as_bytes());
            assert!(matches!(read, Err(JsonError::Form(reason)) if reason.contains("duplicate")), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_refused_where_nobody_looks() {
        let read = from_slice::<serde::de::IgnoredAny>(b"{\"x\":\"\xff\"}");
        assert!(matches!(read, Err(JsonError::Form(reason)) if reason.contains("UTF-8")));
    }

    #[test]
    fn an_object_is_not_read_from_an_array_of_its_values() {
        #[derive(Deserialize)]
        struct Point {
            x: u8,
        }
        assert!(matches!(from_slice::<Object<Point>>(br#"{"x":1}"#), Ok(Object(Point { x: 1 }))));
        assert!(from_slice::<Object<Point>>(b"[1]").is_err());
    }

    #[test]
    fn a_reason_does_not_repeat_a_megabyte() {
        let long = format!("\"{}\"", "a".repeat(1 << 20));
        let read = from_slice::<u8>(long.as_bytes());
        assert!(matches!(read, Err(JsonError::Form(reason)) if reason.len() < 300));
    }
}
