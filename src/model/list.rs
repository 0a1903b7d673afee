//! Manifests whose list can be added to while everything in them that belongs to others stays to the byte.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json;
use super::manifest::{Kind, ManifestError};

/// A manifest or index whose list can be added to while everything in it that is not ours stays to the byte.
/// Members keep their order; list elements are never re-serialised.
#[derive(Debug, Clone)]
pub struct ListManifest {
    members: Vec<(String, Box<RawValue>)>,
    list: &'static str,
    elements: Vec<Box<RawValue>>,
}

impl ListManifest {
    /// A manifest with the `members` and an empty list named `list` (`layers` or `manifests`).
    pub fn new(members: Vec<(String, Box<RawValue>)>, list: &'static str) -> Self {
        Self { members, list, elements: Vec::new() }
    }

    /// Reads a manifest whose list is named `list` (`layers` or `manifests`). The elements are not looked
    /// at: one that is junk must not hide the others.
    ///
    /// # Errors
    /// Not a manifest of that kind, or a duplicate member.
    pub fn parse(bytes: &[u8], list: &'static str) -> Result<Self, ManifestError> {
        match Kind::of(bytes)? {
            kind if kind.list() == list => {}
            Kind::Image => return Err(ManifestError::Image),
            Kind::Index => return Err(ManifestError::Index),
        }
        let OrderedMembers(mut members) = json::from_slice(bytes)?;
        let elements = match members.iter().position(|(name, _)| name == list) {
            Some(at) => {
                let elements = json::from_slice(members[at].1.get().as_bytes())?;
                members.remove(at);
                elements
            }
            None => Vec::new(),
        };
        Ok(Self { members, list, elements })
    }

    /// The elements of the list, as they stand.
    pub fn elements(&self) -> &[Box<RawValue>] {
        &self.elements
    }

    /// The elements of the list, to be taken out or exchanged as a whole.
    pub fn elements_mut(&mut self) -> &mut Vec<Box<RawValue>> {
        &mut self.elements
    }

    /// Adds an element at the end.
    pub fn push(&mut self, element: Box<RawValue>) {
        self.elements.push(element);
    }

    /// Whether the list holds `element`, compared as JSON: a registry or another writer may have laid the
    /// same element out anew.
    pub fn contains(&self, element: &RawValue) -> bool {
        self.elements.iter().any(|own| same_json(own, element))
    }

    /// Sorts the elements by the text that `key` gives.
    pub fn sort_by_key(&mut self, key: impl Fn(&RawValue) -> String) {
        self.elements.sort_by_cached_key(|element| key(element));
    }

    /// The bytes to store: members in their order, the list last where it was not there before.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::from("{");
        for (name, value) in &self.members {
            push_name(&mut text, name);
            text.push_str(value.get());
            text.push(',');
        }
        push_name(&mut text, self.list);
        text.push('[');
        for (i, element) in self.elements.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            text.push_str(element.get());
        }
        text.push_str("]}");
        text.into_bytes()
    }
}

/// Whether two values are the same JSON, whatever their spacing and the order of their members.
pub fn same_json(a: &RawValue, b: &RawValue) -> bool {
    a.get() == b.get()
        || matches!(
            (json::from_slice::<serde_json::Value>(a.get().as_bytes()),
             json::from_slice::<serde_json::Value>(b.get().as_bytes())),
            (Ok(a), Ok(b)) if a == b
        )
}

fn push_name(text: &mut String, name: &str) {
    text.push_str(&serde_json::Value::from(name).to_string());
    text.push(':');
}

/// The members of an object in their order; that their names are distinct is seen to by [`json::from_slice`].
struct OrderedMembers(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for OrderedMembers {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> serde::de::Visitor<'de> for Members {
            type Value = OrderedMembers;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut access: A,
            ) -> Result<OrderedMembers, A::Error> {
                let mut members: Vec<(String, Box<RawValue>)> = Vec::new();
                while let Some((name, value)) = access.next_entry::<String, Box<RawValue>>()? {
                    members.push((name, value));
                }
                Ok(OrderedMembers(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const SIG: &str = r#"{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"layers":[{"mediaType":"x","size":2,"digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","annotations":{"z":"1",  "a":"\u00e9"}}],"annotations":{"kept":"as is"}}"#;

    #[test]
    fn what_belongs_to_others_is_carried_over_to_the_byte() {
        let mut manifest = ListManifest::parse(SIG.as_bytes(), "layers").unwrap();
        manifest.push(RawValue::from_string(r#"{"ours":1}"#.to_owned()).unwrap());
        let bytes = String::from_utf8(manifest.to_bytes()).unwrap();
        assert!(bytes.contains(r#""annotations":{"z":"1",  "a":"\u00e9"}},{"ours":1}]"#), "{bytes}");
        assert!(bytes.contains(r#""annotations":{"kept":"as is"}"#));
    }

    #[test]
    fn a_manifest_full_of_members_is_read_in_one_pass() {
        // As many as fit the size limit: compared each with each they would take minutes.
        let members: String = (0..400_000).map(|number| format!(r#""{number:x}":0,"#)).collect();
        let text = SIG.replacen('{', &format!("{{{members}"), 1);
        assert_eq!(ListManifest::parse(text.as_bytes(), "layers").unwrap().elements().len(), 1);
    }

    #[test]
    fn the_other_kind_of_manifest_is_named_for_what_it_is() {
        let index = br#"{"schemaVersion":2,"manifests":[]}"#;
        assert_eq!(ListManifest::parse(index, "layers").unwrap_err(), ManifestError::Index);
        assert_eq!(ListManifest::parse(SIG.as_bytes(), "manifests").unwrap_err(), ManifestError::Image);
        assert_eq!(ListManifest::parse(b"{}", "layers").unwrap_err(), ManifestError::Kind);
    }

    #[test]
    fn a_duplicate_member_is_refused() {
        let twice = SIG.replacen('{', r#"{"schemaVersion":2,"#, 1);
        assert!(ListManifest::parse(twice.as_bytes(), "layers").is_err());
    }
}
