//! Products and subcomponents of statements: which image and which packages they name. Only package URLs tell
//! anything, and an image is told by its digest.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::VexError;
use super::statements::Image;
use crate::model::Digest;
use crate::model::json::{self, Object};
use crate::scan::Finding;
use crate::scan::purl::Purl;

/// The type of package URLs that name images.
const OCI: &str = "oci";
/// Qualifiers that mean one platform of an index.
const PLATFORM: [&str; 3] = ["arch", "os", "platform"];
/// The qualifier that names a repository.
const REPOSITORY: &str = "repository_url";

/// A product, and the packages in it that a statement is restricted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Product {
    /// All that it is called; more than one only if it is called more than once.
    purls: Vec<Purl>,
    /// Each with all that it is called. Empty: all packages. One without a name cannot be told.
    subcomponents: Vec<Vec<Purl>>,
}

/// Whether a product is an image. In the order of what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// It is another.
    No,
    /// It may be: it is called alike, and not told by its digest.
    Perhaps,
    /// It is.
    Exactly,
}

#[derive(Deserialize)]
struct Component<'a> {
    #[serde(rename = "@id")]
    id: Option<String>,
    identifiers: Option<Object<Identifiers>>,
    #[serde(borrow)]
    subcomponents: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Identifiers {
    purl: Option<String>,
}

impl Component<'_> {
    /// The package URLs; before version 0.2.0 a component was its name alone.
    fn read(written: &RawValue) -> Result<Component<'_>, VexError> {
        let text = written.get();
        match text.starts_with('"') {
            true => {
                let id = json::from_slice::<String>(text.as_bytes())?;
                Ok(Component { id: Some(id), identifiers: None, subcomponents: None })
            }
            false => Ok(json::from_slice::<Object<Component<'_>>>(text.as_bytes())?.0),
        }
    }

    fn purls(&self) -> Vec<Purl> {
        let purl = self.identifiers.as_ref().and_then(|Object(identifiers)| identifiers.purl.as_deref());
        self.id.as_deref().into_iter().chain(purl).filter_map(Purl::parse).collect()
    }
}

impl Product {
    /// Reads a product; `beside` are the subcomponents that stand beside it.
    pub(super) fn read(written: &RawValue, beside: &[&RawValue]) -> Result<Self, VexError> {
        let component = Component::read(written)?;
        let below = component.subcomponents.as_deref().unwrap_or_default();
        let subcomponents = below.iter().chain(beside).map(|written| Ok(Component::read(written)?.purls()));
        Ok(Self { purls: component.purls(), subcomponents: subcomponents.collect::<Result<_, VexError>>()? })
    }

    /// Whether it is `image`; `attested` if a signature says so of the whole document, and a name is enough. A
    /// product with two names is what both of them say.
    pub(super) fn is(&self, image: &Image, attested: bool) -> Named {
        self.purls.iter().map(|purl| named(purl, image, attested)).min().unwrap_or(Named::No)
    }

    /// Whether the statement speaks of the package of `finding` for sure.
    pub(super) fn holds(&self, finding: &Finding) -> bool {
        let covers = |purl: &Purl| finding.purl.as_ref().is_some_and(|package| purl.covers(package));
        // One with two names is what both of them say.
        let is = |names: &Vec<Purl>| !names.is_empty() && names.iter().all(covers);
        self.subcomponents.is_empty() || self.subcomponents.iter().any(is)
    }

    /// Whether it might: the report does not name the package in full, or the statement does not.
    pub(super) fn may_hold(&self, finding: &Finding) -> bool {
        let Some(package) = &finding.purl else { return true };
        let may_be = |names: &Vec<Purl>| names.is_empty() || names.iter().any(|purl| purl.covers(package));
        self.subcomponents.is_empty() || self.subcomponents.iter().any(may_be)
    }
}

fn named(purl: &Purl, image: &Image, attested: bool) -> Named {
    if purl.kind != OCI {
        return Named::No;
    }
    match purl.version.as_deref().map(str::parse::<Digest>) {
        Some(Ok(digest)) if digest == image.manifest => Named::Exactly,
        Some(Ok(digest)) if digest == image.asked => {
            // The digest of an index, and perhaps another platform of it.
            let one = PLATFORM.iter().any(|name| purl.qualifiers.contains_key(*name));
            if one { Named::Perhaps } else { Named::Exactly }
        }
        Some(Ok(_)) => Named::No,
        by_name => {
            let repository = purl.qualifiers.get(REPOSITORY);
            let same = match (&image.repository, repository) {
                (Some(own), Some(stated)) => own == stated,
                (Some(own), None) => own.rsplit('/').next() == Some(&purl.name),
                (None, _) => return Named::Perhaps,
            };
            match same {
                true if attested && by_name.is_none() => Named::Exactly,
                true => Named::Perhaps,
                false => Named::No,
            }
        }
    }
}
