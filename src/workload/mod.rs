//! The images that the pods of Kubernetes manifests run, in YAML or JSON, each with the place where it is written,
//! and the same text with digests put in. It reads no other image than Kubernetes would: what two readers of YAML
//! could take differently is refused. Which images may run is decided elsewhere.

mod compare;
mod cursor;
mod kinds;
mod node;
mod objects;
mod pin;
mod pods;
mod reach;
mod scalar;
mod source;
mod tree;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use kinds::{IgnoredKind, KindError};

use crate::model::yaml::Place;
use crate::model::{ImageRef, escape_untrusted};
use node::{NodeId, Tree};

/// Largest text that is read, in bytes.
pub const SIZE_LIMIT: usize = 16 << 20;
/// Deepest nesting of lists and mappings. Definitions of custom kinds go past 40.
pub const DEPTH_LIMIT: usize = 128;
/// Most values in a text.
pub const NODE_LIMIT: usize = 1 << 19;
/// Most values that are looked at for kinds and images. A text has as many at most, some of them are looked at for
/// several names, and aliases repeat them.
pub const LOOK_LIMIT: usize = 1 << 22;
/// Most documents in a text.
pub const DOCUMENT_LIMIT: usize = 10_000;
/// Most images in a text.
pub const IMAGE_LIMIT: usize = 10_000;

/// How manifests are read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// Kinds that are not built in and whose objects are taken to run no images.
    pub ignored_kinds: Vec<IgnoredKind>,
}

/// An object as people name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName {
    /// API group; empty for the core group.
    pub group: String,
    /// Version in the group.
    pub version: String,
    /// Kind.
    pub kind: String,
    /// `metadata.namespace`, where it is written.
    pub namespace: Option<String>,
    /// `metadata.name`, where it is written; else `metadata.generateName` with a `*` behind it.
    pub name: Option<String>,
    /// `metadata.labels` of an object that runs images; nothing where they are not known.
    pub labels: Option<Arc<BTreeMap<String, String>>>,
}

impl fmt::Display for ObjectName {
    /// `Deployment shop/app`; escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&escape_untrusted(&self.kind))?;
        match (&self.namespace, &self.name) {
            (Some(namespace), Some(name)) => {
                write!(f, " {}/{}", escape_untrusted(namespace), escape_untrusted(name))
            }
            (None, Some(name)) => write!(f, " {}", escape_untrusted(name)),
            _ => f.write_str(" without a name"),
        }
    }
}

/// An image that a pod of an object runs or mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageUse {
    /// The object.
    pub object: ObjectName,
    /// The field, from the document's root: `spec.template.spec.containers[0].image`.
    pub path: String,
    /// The text, as Kubernetes reads it.
    pub text: String,
    /// The same, parsed.
    pub image: ImageRef,
    /// Where the value stands; for an alias, where the alias is.
    pub place: Place,
    /// Where the value stands, in bytes, with its quotes; for an alias, the alias.
    pub span: std::ops::Range<usize>,
    /// The value, not followed.
    value: NodeId,
    /// What the key `image` holds: the value, or of a volume the mapping with it.
    member: NodeId,
}

/// Why manifests are not read, or digests not put into them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct WorkloadError {
    /// Where, if that is known.
    pub place: Option<Place>,
    /// In which object, as far as it was read.
    pub object: Option<Box<ObjectName>>,
    /// What is wrong; escaped.
    pub reason: String,
}

impl fmt::Display for WorkloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(place) = self.place {
            write!(f, "{place}: ")?;
        }
        if let Some(object) = &self.object {
            write!(f, "{object}: ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Why a text is not read, before it is known in which object.
#[derive(Debug)]
struct Refusal {
    place: Option<Place>,
    reason: String,
}

impl Refusal {
    fn of_text(place: Option<Place>, reason: impl fmt::Display) -> Self {
        Self { place, reason: escape_untrusted(&reason.to_string()) }
    }

    fn in_object(self, object: Option<ObjectName>) -> WorkloadError {
        WorkloadError { place: self.place, object: object.map(Box::new), reason: self.reason }
    }
}

/// Manifests that were read.
#[derive(Debug)]
pub struct Manifests {
    text: String,
    options: ReadOptions,
    tree: Tree,
    images: Vec<ImageUse>,
}

impl Manifests {
    /// The text that was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The images, in the order of the documents; one that several objects run is there for each.
    pub fn images(&self) -> &[ImageUse] {
        &self.images
    }
}

/// Reads the manifests in `bytes`: YAML documents, or JSON, which YAML contains. Empty documents are none, and no
/// document at all is no error: whoever decides about images must see for itself that there are some.
///
/// # Errors
/// [`WorkloadError`]: not UTF-8, too large, no YAML, something that readers of YAML take differently, an object
/// without a kind, a pod without containers, an image that is no reference, or a key `image` in an object of a kind
/// that is neither built in nor ignored.
pub fn read(bytes: &[u8], options: &ReadOptions) -> Result<Manifests, WorkloadError> {
    let text = source::text(bytes).map_err(|refusal| refusal.in_object(None))?;
    let tree = tree::parse(text).map_err(|refusal| refusal.in_object(None))?;
    let images = objects::images(&tree, options)?;
    Ok(Manifests { text: text.to_owned(), options: options.clone(), tree, images })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Manifests {
        read(text.as_bytes(), &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    #[test]
    fn an_image_knows_its_object_its_field_and_its_place() {
        let text = "# shop\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: app\n  namespace: shop\n\
                    spec:\n  template:\n    spec:\n      containers:\n      - name: größe\n        \
                    image: 'r.example/app:1'  # the app\n";
        let manifests = read_text(text);
        let [image] = manifests.images() else { panic!("{manifests:?}") };
        assert_eq!(image.text, "r.example/app:1");
        assert_eq!(image.image.to_string(), "r.example/app:1");
        assert_eq!(image.path, "spec.template.spec.containers[0].image");
        assert_eq!(image.place, Place { line: 12, column: 16 });
        assert_eq!(&text[image.span.clone()], "'r.example/app:1'");
        assert_eq!(image.object.to_string(), "Deployment shop/app");
        assert_eq!(image.object.group, "apps");
    }

    #[test]
    fn an_object_whose_name_the_cluster_completes_is_shown_with_a_star() {
        let shown = |metadata: &str| {
            let text = format!(
                "{{apiVersion: v1, kind: Pod, metadata: {metadata}, spec: {{containers: [{{image: a}}]}}}}"
            );
            read_text(&text).images()[0].object.to_string()
        };
        assert_eq!(shown("{generateName: app-, namespace: shop}"), "Pod shop/app-*");
        assert_eq!(shown("{generateName: app-, name: a}"), "Pod a");
        assert_eq!(shown("{}"), "Pod without a name");
    }

    #[test]
    fn an_error_says_where_and_in_which_object() {
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: b}\nspec:\n  containers:\n  - name: x\n";
        let error = read(text.as_bytes(), &ReadOptions::default()).unwrap_err();
        assert_eq!(error.to_string(), "line 6, column 5: Pod b/a: spec.containers[0] has no image");
        let text = "apiVersion: v1\nkind: Pod\nmetadata: {name: \"\\e[1m\"}\nspec: {containers: [{image: \"\\e\"}]}\n";
        let error = read(text.as_bytes(), &ReadOptions::default()).unwrap_err().to_string();
        assert!(error.contains("\\u{1b}") && !error.contains('\u{1b}'), "{error}");
    }

    #[test]
    fn no_document_is_no_error_and_no_image() {
        for text in ["", "\n", "# nothing\n", "---\n---\n", "---\nnull\n---\n~\n", "\u{feff}"] {
            assert_eq!(read_text(text).images(), [], "{text:?}");
        }
    }

    #[test]
    fn json_is_read_with_its_own_escapes() {
        let text = "{\t\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {\"name\": \"a\", \"annotations\": \
                    {\"e\": \"\\ud83d\\ude00\", \"n\": 1e400}},\r\n\t\"spec\": {\"containers\": \
                    [{\"image\": \"r.example\\/a\\u003a1\"}]}}";
        assert_eq!(read_text(text).images()[0].text, "r.example/a:1");
    }
}
