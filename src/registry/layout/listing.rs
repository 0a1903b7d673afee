//! `index.json`: which manifest has which tag. What others wrote in it stays to the byte.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::files::Failure;
use crate::model::json::{self, UniqueMap};
use crate::model::list::ListManifest;
use crate::model::manifest::Descriptor;
use crate::model::{Digest, Tag, escape_untrusted};

/// Annotation that names a manifest (image specification 1.1, annotations and image-layout).
const NAME: &str = "org.opencontainers.image.ref.name";

/// What `index.json` lists.
pub(super) struct Listed(ListManifest);

/// As much of an element as tells its name, whatever else is wrong with it.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    annotations: UniqueMap<Value>,
}

impl Listed {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, Failure> {
        match ListManifest::parse(bytes, "manifests") {
            Ok(list) => Ok(Self(list)),
            Err(error) => Err(Failure::broken(format!("index.json: {error}"))),
        }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    /// The manifest with that tag. Two different ones with one tag are no answer.
    pub(super) fn find(&self, tag: &Tag) -> Result<Option<Descriptor>, Failure> {
        let mut found: Option<Descriptor> = None;
        for element in self.0.elements().iter().filter(|e| is_named(e, tag)) {
            let descriptor =
                read(element).map_err(|e| Failure::broken(format!("index.json, `{tag}`: {e}")))?;
            match &found {
                Some(known) if known.digest != descriptor.digest => {
                    return Err(Failure::broken(format!("index.json names two manifests `{tag}`")));
                }
                _ => found = Some(descriptor),
            }
        }
        Ok(found)
    }

    /// All that is listed, each digest once, or what is wrong with an element.
    pub(super) fn distinct(&self) -> impl Iterator<Item = Result<Descriptor, String>> {
        let mut seen = HashSet::new();
        let known = move |entry: &Result<Descriptor, String>| match entry {
            Ok(descriptor) => seen.insert(descriptor.digest),
            Err(_) => true,
        };
        self.0.elements().iter().map(|e| read(e)).filter(known)
    }

    /// Lists a manifest, and gives it the tag; says whether that changed anything.
    ///
    /// A manifest that loses its tag stays listed. Only what a merged list of signatures or referrers
    /// replaces is dropped: the new one holds all of it.
    pub(super) fn put(&mut self, descriptor: &Descriptor, tag: Option<&Tag>) -> Result<bool, Failure> {
        let listed = self.0.elements().iter().any(|e| digest_of(e) == Some(descriptor.digest));
        let Some(tag) = tag else {
            if !listed {
                self.0.push(element(descriptor, None)?);
            }
            return Ok(!listed);
        };
        let held: Vec<_> = self.0.elements().iter().filter(|e| is_named(e, tag)).collect();
        if let [held] = held[..]
            && digest_of(held) == Some(descriptor.digest)
        {
            return Ok(false);
        }
        self.forget_unnamed(&descriptor.digest);
        self.take_away(tag)?;
        self.0.push(element(descriptor, Some(tag))?);
        Ok(true)
    }

    /// Drops the element that [`Listed::put`] without a tag made for `digest`; says whether there was one.
    pub(super) fn forget_unnamed(&mut self, digest: &Digest) -> bool {
        let before = self.0.elements().len();
        self.0
            .elements_mut()
            .retain(|e| !(digest_of(e) == Some(*digest) && name_of(e).is_none() && is_ours(e)));
        self.0.elements().len() != before
    }

    fn take_away(&mut self, tag: &Tag) -> Result<(), Failure> {
        let superseded = is_list_tag(tag);
        self.0.elements_mut().retain(|e| !(superseded && is_named(e, tag) && is_ours(e)));
        for held in self.0.elements_mut().iter_mut().filter(|e| is_named(e, tag)) {
            *held = unnamed(held)?;
        }
        Ok(())
    }
}

/// Whether a tag is one that signatures and referrers are gathered under: `sha256-HEX`, with a suffix or not.
fn is_list_tag(tag: &Tag) -> bool {
    let stem = tag.as_str().strip_prefix("sha256-").unwrap_or_default();
    let hex = stem.split('.').next().unwrap_or_default();
    Digest::from_hex(hex).is_ok()
}

fn read(element: &RawValue) -> Result<Descriptor, String> {
    json::from_slice(element.get().as_bytes()).map_err(|error| format!("not a descriptor: {error}"))
}

fn digest_of(element: &RawValue) -> Option<Digest> {
    read(element).ok().map(|descriptor| descriptor.digest)
}

fn name_of(element: &RawValue) -> Option<String> {
    let Named { annotations } = json::from_slice(element.get().as_bytes()).ok()?;
    annotations.0.get(NAME)?.as_str().map(str::to_owned)
}

fn is_named(element: &RawValue, tag: &Tag) -> bool {
    name_of(element).as_deref() == Some(tag.as_str())
}

/// Whether an element holds nothing but what [`element`] writes, so that nothing of others goes with it.
fn is_ours(element: &RawValue) -> bool {
    let Ok(UniqueMap(members)) = json::from_slice::<UniqueMap<Value>>(element.get().as_bytes()) else {
        return false;
    };
    members.iter().all(|(name, value)| match name.as_str() {
        "mediaType" | "digest" | "size" | "artifactType" => true,
        "annotations" => value.as_object().is_some_and(|a| a.keys().all(|name| name == NAME)),
        _ => false,
    })
}

fn element(descriptor: &Descriptor, tag: Option<&Tag>) -> Result<Box<RawValue>, Failure> {
    let mut element = json!(descriptor);
    if let Some(tag) = tag {
        element["annotations"] = json!({ NAME: tag.as_str() });
    }
    raw(&element)
}

/// The element without its name; the values that stay keep their bytes.
fn unnamed(element: &RawValue) -> Result<Box<RawValue>, Failure> {
    let cannot = |error| Failure::broken(format!("index.json: {error}"));
    let UniqueMap(mut members) =
        json::from_slice::<UniqueMap<Box<RawValue>>>(element.get().as_bytes()).map_err(cannot)?;
    if let Some(annotations) = members.remove("annotations") {
        let UniqueMap(mut kept) =
            json::from_slice::<UniqueMap<Box<RawValue>>>(annotations.get().as_bytes()).map_err(cannot)?;
        kept.remove(NAME);
        if !kept.is_empty() {
            members.insert("annotations".to_owned(), raw(&kept)?);
        }
    }
    raw(&members)
}

fn raw(value: &impl serde::Serialize) -> Result<Box<RawValue>, Failure> {
    serde_json::value::to_raw_value(value)
        .map_err(|error| Failure::broken(format!("index.json: {}", escape_untrusted(&error.to_string()))))
}
