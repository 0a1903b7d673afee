//! Documents as trees that know where every value stands, for dialects that are read member by member: whatever is not
//! read is an error that names it, with its path, line and column.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::draft::{DraftError, LABEL_RULE, OBJECT_NAME_RULE, Spot, is_label, is_object_name};
use crate::model::yaml::Place;

/// Longest text of a policy that is shown in an error, in characters.
const SHOWN: usize = 100;

/// Members of every object's `metadata` in a cluster (Kubernetes API, `ObjectMeta`). Only its name is read, and of a Namespace its labels.
pub(super) const METADATA: &[&str] = &[
    "name",
    "namespace",
    "annotations",
    "labels",
    "uid",
    "resourceVersion",
    "generation",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "finalizers",
    "ownerReferences",
    "managedFields",
    "selfLink",
];

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    place: Option<Place>,
    content: Content,
}

#[derive(Debug, Clone)]
enum Content {
    Null,
    Text(String),
    /// A number or a truth value, as a text.
    Scalar(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

#[derive(Debug, Clone)]
struct Member {
    name: String,
    place: Option<Place>,
    value: Node,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Content>::deserialize(deserializer)?;
        Ok(Self { place: Place::of(&spanned), content: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyContent)
    }
}

struct AnyContent;

impl<'de> Visitor<'de> for AnyContent {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Content, E> {
        Ok(Content::Scalar(value.to_string()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Content::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let mut members = Vec::new();
        while let Some((name, value)) = map.next_entry::<Spanned<String>, Node>()? {
            let place = Place::of(&name);
            members.push(Member { name: name.value, place, value });
        }
        Ok(Content::Map(members))
    }
}

impl Node {
    /// The value as that of the field `path`.
    pub(super) fn field<'a>(&'a self, path: &str) -> Field<'a> {
        Field { path: path.to_owned(), node: self }
    }

    /// The member `name`, if it is an object that has it.
    pub(super) fn member(&self, name: &str) -> Option<Field<'_>> {
        let Content::Map(members) = &self.content else { return None };
        let member = members.iter().find(|member| member.name == name)?;
        Some(member.value.field(name))
    }

    /// The line that it begins on.
    pub(super) fn line(&self) -> Option<u64> {
        self.place.map(|place| place.line)
    }

    /// Whether it is nothing.
    pub(super) fn is_null(&self) -> bool {
        matches!(self.content, Content::Null)
    }
}

/// A value with its path from the document's root.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    path: String,
    node: &'a Node,
}

impl<'a> Field<'a> {
    /// Where it stands.
    pub(super) fn spot(&self) -> Spot {
        Spot { place: self.node.place, field: self.path.clone() }
    }

    /// An error that it gave.
    pub(super) fn refuse(&self, reason: impl fmt::Display) -> DraftError {
        DraftError::at(&self.spot(), reason)
    }

    /// Its text.
    ///
    /// # Errors
    /// It is no text.
    pub(super) fn text(&self) -> Result<&'a str, DraftError> {
        match &self.node.content {
            Content::Text(text) => Ok(text),
            Content::Scalar(text) => {
                Err(self.refuse(format!("`{}` is read as no text; put it in quotes", cut(text))))
            }
            Content::Null => Err(self.without_value()),
            Content::List(_) | Content::Map(_) => Err(self.refuse("a text is expected here")),
        }
    }

    /// Its text, of which there is some.
    ///
    /// # Errors
    /// It is no text, or an empty one.
    pub(super) fn word(&self) -> Result<&'a str, DraftError> {
        match self.text()? {
            "" => Err(self.refuse("it is empty")),
            text => Ok(text),
        }
    }

    /// Its text, which is the name of a namespace or of something else in a cluster.
    ///
    /// # Errors
    /// It is no such name.
    pub(super) fn label(&self) -> Result<&'a str, DraftError> {
        match self.text()? {
            text if is_label(text) => Ok(text),
            _ => Err(self.refuse(LABEL_RULE)),
        }
    }

    /// Its text, which is the name of an object, such as a policy.
    ///
    /// # Errors
    /// It is no such name.
    pub(super) fn object_name(&self) -> Result<&'a str, DraftError> {
        match self.text()? {
            text if is_object_name(text) => Ok(text),
            _ => Err(self.refuse(OBJECT_NAME_RULE)),
        }
    }

    /// The member `name`, whatever stands beside it.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn member(&self, name: &str) -> Result<Field<'a>, DraftError> {
        let member = self.node.member(name).map(|member| Field { path: self.below(name), ..member });
        member.ok_or_else(|| self.missing(name))
    }

    /// Its members, whatever their names.
    ///
    /// # Errors
    /// It is no object.
    pub(super) fn entries(&self) -> Result<Vec<(&'a str, Field<'a>)>, DraftError> {
        let entry = |member: &'a Member| {
            let path = self.below(&cut(&member.name));
            (member.name.as_str(), Field { path, node: &member.value })
        };
        match &self.node.content {
            Content::Map(members) => Ok(members.iter().map(entry).collect()),
            Content::Null => Err(self.without_value()),
            Content::Text(_) | Content::Scalar(_) | Content::List(_) => {
                Err(self.refuse("an object is expected here"))
            }
        }
    }

    /// Its elements.
    ///
    /// # Errors
    /// It is no list.
    pub(super) fn list(&self) -> Result<Vec<Field<'a>>, DraftError> {
        match &self.node.content {
            Content::List(items) => Ok(items
                .iter()
                .enumerate()
                .map(|(at, node)| Field { path: format!("{}[{at}]", self.path), node })
                .collect()),
            Content::Null => Err(self.without_value()),
            Content::Text(_) | Content::Scalar(_) | Content::Map(_) => {
                Err(self.refuse("a list is expected here"))
            }
        }
    }

    /// Its members, of which all must be `known`.
    ///
    /// # Errors
    /// It is no object, or has another member.
    pub(super) fn members(&self, known: &'static [&'static str]) -> Result<Members<'a>, DraftError> {
        let members = match &self.node.content {
            Content::Map(members) => members,
            Content::Null => return Err(self.without_value()),
            Content::Text(_) | Content::Scalar(_) | Content::List(_) => {
                return Err(self.refuse("an object is expected here"));
            }
        };
        if let Some(unknown) = members.iter().find(|member| !known.contains(&member.name.as_str())) {
            let spot = Spot { place: unknown.place, field: self.below(&cut(&unknown.name)) };
            let reason = format!("unknown field; what stands here is one of {}", known.join(", "));
            return Err(DraftError::at(&spot, reason));
        }
        Ok(Members { of: self.clone(), members })
    }

    fn below(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    fn missing(&self, name: &str) -> DraftError {
        DraftError::at(&Spot { place: self.node.place, field: self.below(name) }, "it is missing")
    }

    fn without_value(&self) -> DraftError {
        self.refuse("a field without a value; write one, or leave the field out")
    }
}

/// The members of an object.
#[derive(Debug, Clone)]
pub(super) struct Members<'a> {
    of: Field<'a>,
    members: &'a [Member],
}

impl<'a> Members<'a> {
    /// The member `name`, if it is there.
    pub(super) fn get(&self, name: &str) -> Option<Field<'a>> {
        let member = self.members.iter().find(|member| member.name == name)?;
        Some(Field { path: self.of.below(name), node: &member.value })
    }

    /// The member `name`, which must be there.
    ///
    /// # Errors
    /// It is not.
    pub(super) fn need(&self, name: &str) -> Result<Field<'a>, DraftError> {
        self.get(name).ok_or_else(|| self.of.missing(name))
    }
}

/// The beginning of a text that may be long.
pub(super) fn cut(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}
