//! The Kubernetes object that an image stands in, as far as policies ask: Sigstore's choose objects by group, version,
//! resource and labels.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Labels of an object, by their keys.
pub type Labels = BTreeMap<String, String>;

/// An object that runs images.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource {
    /// API group; empty for the core group.
    pub group: String,
    /// Version in the group, such as `v1`.
    pub version: String,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// `metadata.labels` of the object itself, and not of the pods that it makes; nothing where they are not known.
    pub labels: Option<Arc<Labels>>,
}

impl Resource {
    /// What the API calls objects of the kind, guessed from its name as policy-controller does
    /// (apimachinery, `UnsafeGuessKindToResource`): `deployments`.
    pub fn plural(&self) -> String {
        let singular = self.kind.to_ascii_lowercase();
        match (singular.strip_suffix('y'), singular.ends_with('s')) {
            _ if singular.ends_with("endpoints") => singular,
            (Some(stem), _) => format!("{stem}ies"),
            (None, true) => format!("{singular}es"),
            (None, false) => format!("{singular}s"),
        }
    }
}

/// Whether a policy speaks of an image, as far as that is known. The order is that of certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Speaks {
    /// It does not.
    No,
    /// That depends on what is not known: the object that the image stands in, or its labels.
    Perhaps,
    /// It does.
    Surely,
}

/// Where an image would run, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Surroundings<'a> {
    /// The namespace.
    pub namespace: Option<&'a str>,
    /// The object that it stands in.
    pub object: Option<&'a Resource>,
}

impl<'a> From<Option<&'a str>> for Surroundings<'a> {
    fn from(namespace: Option<&'a str>) -> Self {
        Self { namespace, object: None }
    }
}
