//! Products and subcomponents of statements: which image and which packages they name. Only package URLs tell
//! anything, and an image is told by its digest.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::VexError;
use super::statements::Image;
use super::trust::Attested;
use crate::model::json::{self, Object};
use crate::model::{Digest, ImageRef};
use crate::scan::Finding;
use crate::scan::purl::Purl;

/// The type of package URLs that name images.
const OCI: &str = "oci";
/// The qualifier that names a repository.
const REPOSITORY: &str = "repository_url";
/// The qualifier that names a tag.
const TAG: &str = "tag";

/// A product, and the packages in it that a statement is restricted to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Product {
    /// All that it is called; more than one only if it is called more than once.
    purls: Vec<Purl>,
    /// Each with all that it is called. Empty: all packages. One without a name cannot be told.
    subcomponents: Vec<Vec<Purl>>,
}

/// Whether a product is an image, or holds a package. In the order of what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Named {
    /// It is another.
    No,
    /// It may be: it is called alike, and not told for sure.
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

    /// Whether it is `image`; where a signature says so of the whole document, a name is enough. A product with two
    /// names is for sure what both of them say.
    pub(super) fn is(&self, image: &Image, attested: Attested) -> Named {
        let named: Vec<Named> = self.purls.iter().map(|purl| named(purl, image, attested)).collect();
        for_sure_or_perhaps(
            named.iter().min() == Some(&Named::Exactly),
            named.iter().any(|is| *is != Named::No),
        )
    }

    /// Whether the package of `finding` is in it: perhaps where the report does not name the package in full, or the
    /// statement does not.
    pub(super) fn holds(&self, finding: &Finding) -> Named {
        let package = finding.purl.as_ref();
        let covers = |purl: &Purl| package.is_some_and(|package| purl.covers(package));
        let may_be = |purl: &Purl| package.is_none_or(|package| purl.may_be(package));
        // One with two names is for sure what both of them say.
        let is = |names: &Vec<Purl>| !names.is_empty() && names.iter().all(covers);
        let might = |names: &Vec<Purl>| names.is_empty() || names.iter().any(may_be);
        let all = self.subcomponents.is_empty();
        for_sure_or_perhaps(all || self.subcomponents.iter().any(is), self.subcomponents.iter().any(might))
    }
}

fn for_sure_or_perhaps(for_sure: bool, perhaps: bool) -> Named {
    match (for_sure, perhaps) {
        (true, _) => Named::Exactly,
        (false, true) => Named::Perhaps,
        (false, false) => Named::No,
    }
}

fn named(purl: &Purl, image: &Image, attested: Attested) -> Named {
    if purl.kind != OCI {
        return Named::No;
    }
    let only = |legal: &[&str]| purl.qualifiers.keys().all(|name| legal.contains(&name.as_str()));
    let whole = purl.subpath.is_none();
    match purl.version.as_deref().map(str::parse::<Digest>) {
        Some(Ok(digest)) if digest == image.manifest => for_sure_or_perhaps(whole, true),
        // The digest of an index, and perhaps another platform of it.
        Some(Ok(digest)) if digest == image.asked => {
            for_sure_or_perhaps(whole && only(&[REPOSITORY, TAG]), true)
        }
        Some(Ok(_)) => Named::No,
        by_name => {
            // A tag may have meant another image on another day.
            let told = match attested {
                Attested::Nothing => false,
                Attested::Index => only(&[REPOSITORY]),
                Attested::Manifest => !purl.qualifiers.contains_key(TAG),
            };
            called(purl, image).min(for_sure_or_perhaps(whole && told && by_name.is_none(), true))
        }
    }
}

/// Whether an image is called that, in its repository or by the last part of it.
fn called(purl: &Purl, image: &Image) -> Named {
    let Some(own) = image.repository.as_deref() else { return Named::Perhaps };
    let last = own.rsplit('/').next().unwrap_or_default();
    match purl.qualifiers.get(REPOSITORY) {
        Some(stated) => for_sure_or_perhaps(stated == own, may_mean(stated, &purl.name, own)),
        None => for_sure_or_perhaps(purl.name == last, purl.name.eq_ignore_ascii_case(last)),
    }
}

/// Whether a repository that is written otherwise may be `own`: as a URL, by another name of Docker Hub, or without
/// the image's name. One that cannot be read may be any.
fn may_mean(stated: &str, name: &str, own: &str) -> bool {
    let lower = stated.to_ascii_lowercase();
    let bare = lower.split_once("://").map_or(lower.as_str(), |(_, rest)| rest).trim_end_matches('/');
    let with_name = format!("{bare}/{}", name.to_ascii_lowercase());
    [bare, with_name.as_str()].into_iter().any(|text| match text.parse::<ImageRef>() {
        Ok(image) => image.repository().claim().is_none_or(|claim| claim == own),
        Err(_) => text == bare,
    })
}
