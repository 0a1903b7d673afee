//! Which findings of one image the statements of trusted documents ignore. Later statements overrule earlier ones;
//! what cannot be told never ignores, and may overrule.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::component::Named;
use super::{Statement, Status, TrustedDocument};
use crate::model::Digest;
use crate::model::duration::CLOCK_DIFFERENCE;
use crate::scan::Finding;

/// The image that statements must be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Digest of the platform manifest.
    pub manifest: Digest,
    /// Digest that was asked about: the same, or that of the index above it.
    pub asked: Digest,
    /// The repository, `host/path`; nothing where it has no name.
    pub repository: Option<String>,
}

/// What trusted documents state about one image.
#[derive(Debug, Clone)]
pub struct Statements<'a> {
    image: Image,
    by_name: BTreeMap<&'a str, Vec<Made<'a>>>,
}

/// A statement, who makes it, and whether a signature says that it is about this image.
#[derive(Debug, Clone, Copy)]
struct Made<'a> {
    document: &'a TrustedDocument,
    statement: &'a Statement,
    attested: bool,
}

/// Why a finding does not count, by a statement. Texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VexIgnore {
    /// The justification, and what else the author says.
    pub reason: String,
    /// Who says so, by the document's own word; may be empty.
    pub author: String,
    /// SHA-256 of the document's file.
    pub document: Digest,
}

impl TrustedDocument {
    /// Whether any of its statements is about `image`, whatever it says.
    pub fn is_about(&self, image: &Image) -> bool {
        let (attested, may_speak) = self.speaks_for([&image.manifest, &image.asked]);
        may_speak
            && self
                .document
                .statements
                .iter()
                .any(|statement| statement.is(image, attested) == Named::Exactly)
    }
}

impl Statement {
    /// Whether one of its products is `image`. A statement without products is about what the signature is for.
    fn is(&self, image: &Image, attested: bool) -> Named {
        match self.products.as_slice() {
            [] if attested => Named::Exactly,
            products => products.iter().map(|product| product.is(image, attested)).max().unwrap_or(Named::No),
        }
    }

    /// Whether it speaks of `finding` in `image` for sure.
    fn speaks_of(&self, finding: &Finding, image: &Image, attested: bool) -> bool {
        let mut products = self.products.iter();
        match self.products.is_empty() {
            true => attested,
            false => products.any(|one| one.is(image, attested) == Named::Exactly && one.holds(finding)),
        }
    }

    /// Whether it might.
    fn may_speak_of(&self, finding: &Finding, image: &Image, attested: bool) -> bool {
        let mut products = self.products.iter();
        match self.products.is_empty() {
            true => attested,
            false => products.any(|one| one.is(image, attested) != Named::No && one.may_hold(finding)),
        }
    }
}

impl<'a> Statements<'a> {
    /// What `documents` state about `image`.
    pub fn new(documents: &'a [TrustedDocument], image: Image) -> Self {
        let mut by_name: BTreeMap<&str, Vec<Made<'_>>> = BTreeMap::new();
        for document in documents {
            let (attested, may_speak) = document.speaks_for([&image.manifest, &image.asked]);
            for statement in document.document.statements.iter().filter(|_| may_speak) {
                for name in &statement.names {
                    by_name.entry(name).or_default().push(Made { document, statement, attested });
                }
            }
        }
        Self { image, by_name }
    }

    /// Why `finding` does not count at the time `now`: the latest statement about it says that the image is not
    /// affected, and why. Of several at the same time all must say so.
    pub(in crate::scan) fn ignore(&self, finding: &Finding, now: Timestamp) -> Option<VexIgnore> {
        let about = self.by_name.get(finding.id.as_str())?.iter().filter(|made| {
            let Made { statement, attested, .. } = made;
            match statement.status {
                Status::NotAffected(_) => statement.speaks_of(finding, &self.image, *attested),
                Status::Other => statement.may_speak_of(finding, &self.image, *attested),
            }
        });
        let about: Vec<&Made<'_>> = about.collect();
        let latest = about.iter().map(|made| made.statement.time).max()?;
        let ahead = latest.duration_since(now);
        if ahead.is_positive() && ahead.unsigned_abs() > CLOCK_DIFFERENCE {
            return None;
        }
        let latest: Vec<_> = about.into_iter().filter(|made| made.statement.time == latest).collect();
        let reasons = latest.iter().map(|made| match &made.statement.status {
            Status::NotAffected(reason) => Some(reason),
            Status::Other => None,
        });
        let reason = reasons.collect::<Option<Vec<_>>>()?.first().map(|reason| (*reason).clone())?;
        let document = latest.first()?.document;
        Some(VexIgnore { reason, author: document.document.author.clone(), document: document.digest() })
    }
}
