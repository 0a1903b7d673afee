//! The members of a CycloneDX document that are read.

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::model::json::Object;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document<'a> {
    pub(super) spec_version: Option<String>,
    #[serde(borrow, rename = "metadata")]
    pub(super) about: Option<Object<Metadata<'a>>>,
    pub(super) components: Option<Vec<Object<Component>>>,
    pub(super) vulnerabilities: Option<Vec<Object<Vulnerability>>>,
}

#[derive(Deserialize)]
pub(super) struct Metadata<'a> {
    pub(super) timestamp: Option<String>,
    #[serde(borrow)]
    pub(super) tools: Option<&'a RawValue>,
    pub(super) component: Option<Object<Component>>,
}

/// The tools since version 1.5; before, they were an array.
#[derive(Deserialize)]
pub(super) struct Tools {
    pub(super) components: Option<Vec<Object<Tool>>>,
}

#[derive(Deserialize)]
pub(super) struct Tool {
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Component {
    #[serde(rename = "bom-ref")]
    pub(super) reference: Option<String>,
    pub(super) r#type: Option<String>,
    pub(super) group: Option<String>,
    pub(super) name: Option<String>,
    pub(super) version: Option<String>,
    pub(super) purl: Option<String>,
    pub(super) properties: Option<Vec<Object<Property>>>,
}

#[derive(Deserialize)]
pub(super) struct Property {
    pub(super) name: Option<String>,
    pub(super) value: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Vulnerability {
    pub(super) id: Option<String>,
    pub(super) source: Option<Object<Source>>,
    pub(super) ratings: Option<Vec<Object<Rating>>>,
    pub(super) recommendation: Option<String>,
    pub(super) affects: Option<Vec<Object<Affected>>>,
    pub(super) analysis: Option<Object<Analysis>>,
}

#[derive(Deserialize)]
pub(super) struct Source {
    pub(super) name: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Rating {
    pub(super) source: Option<Object<Source>>,
    pub(super) severity: Option<String>,
    pub(super) method: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Affected {
    pub(super) r#ref: Option<String>,
    pub(super) versions: Option<Vec<Object<AffectedVersion>>>,
}

#[derive(Deserialize)]
pub(super) struct AffectedVersion {
    pub(super) version: Option<String>,
    pub(super) range: Option<String>,
    pub(super) status: Option<String>,
}

/// What somebody thinks of a vulnerability in this product; it is judged like any other.
#[derive(Deserialize)]
pub(super) struct Analysis {
    pub(super) state: Option<String>,
    pub(super) justification: Option<String>,
    pub(super) detail: Option<String>,
}

impl Rating {
    pub(super) fn source(&self) -> Option<&str> {
        self.source.as_ref()?.0.name.as_deref()
    }
}

impl Component {
    /// The values of the property `name`.
    pub(super) fn properties<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let properties = self.properties.iter().flatten().map(|Object(property)| property);
        let named = properties.filter(move |property| property.name.as_deref() == Some(name));
        named.filter_map(|property| property.value.as_deref())
    }
}
