//! Which findings of one image the statements of trusted documents ignore. Later statements overrule earlier ones;
//! what cannot be told never ignores, and may overrule.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::component::{Named, Product};
use super::names::Names;
use super::trust::Attested;
use super::{Statement, Status, TrustedDocument};
use crate::model::Digest;
use crate::model::time::lies_ahead;
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
    /// Those that ignore, by each of their names to the letter.
    ignoring: BTreeMap<&'a str, Vec<Made<'a>>>,
    /// What the documents call alike.
    names: Names,
    /// Those that say otherwise, by the group of their names.
    overruling: BTreeMap<usize, Vec<Made<'a>>>,
}

/// A statement, who makes it, and what a signature says that it is about.
#[derive(Debug, Clone, Copy)]
struct Made<'a> {
    document: &'a TrustedDocument,
    statement: &'a Statement,
    attested: Attested,
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
        let Some(attested) = self.speaks_for(image) else { return false };
        let about = |statement: &Statement| statement.best(attested, |product| product.is(image, attested));
        self.document.statements.iter().any(|statement| about(statement) == Named::Exactly)
    }
}

impl Statement {
    /// The best that one of its products is. A statement without products is about what the signature is for.
    fn best(&self, attested: Attested, is: impl Fn(&Product) -> Named) -> Named {
        match self.products.as_slice() {
            [] if attested != Attested::Nothing => Named::Exactly,
            products => products.iter().map(is).max().unwrap_or(Named::No),
        }
    }
}

impl Made<'_> {
    /// Whether it speaks of `finding` in `image`.
    fn speaks_of(&self, finding: &Finding, image: &Image) -> Named {
        let Self { statement, attested, .. } = *self;
        statement.best(attested, |product| product.is(image, attested).min(product.holds(finding)))
    }
}

impl<'a> Statements<'a> {
    /// What `documents` state about `image`.
    pub fn new(documents: &'a [TrustedDocument], image: Image) -> Self {
        let mut names = Names::default();
        let stated = documents.iter().flat_map(|document| &document.document.statements);
        stated.for_each(|statement| names.join(&statement.names));
        let mut statements = Self { image, ignoring: BTreeMap::new(), names, overruling: BTreeMap::new() };
        for document in documents {
            let Some(attested) = document.speaks_for(&statements.image) else { continue };
            for statement in &document.document.statements {
                statements.add(Made { document, statement, attested });
            }
        }
        statements
    }

    fn add(&mut self, made: Made<'a>) {
        match made.statement.status {
            Status::NotAffected(_) => {
                for name in &made.statement.names {
                    self.ignoring.entry(name).or_default().push(made);
                }
            }
            Status::Other => {
                let group = made.statement.names.first().and_then(|name| self.names.group(name));
                group.into_iter().for_each(|group| self.overruling.entry(group).or_default().push(made));
            }
        }
    }

    /// What ignores `finding` for sure, and what might say otherwise: under any name of the same vulnerability.
    fn about<'b>(&'b self, finding: &'b Finding) -> impl Iterator<Item = &'b Made<'a>> {
        let speaks_of = |made: &Made<'_>| made.speaks_of(finding, &self.image);
        let ignoring = self.ignoring.get(finding.id.as_str()).into_iter().flatten();
        let ignoring = ignoring.filter(move |made| speaks_of(made) == Named::Exactly);
        let group = self.names.group(&finding.id);
        let overruling = group.and_then(|group| self.overruling.get(&group)).into_iter().flatten();
        ignoring.chain(overruling.filter(move |made| speaks_of(made) != Named::No))
    }

    /// Why `finding` does not count at the time `now`: the latest statement about it says that the image is not
    /// affected, and why. Of several at the same time all must say so.
    pub(in crate::scan) fn ignore(&self, finding: &Finding, now: Timestamp) -> Option<VexIgnore> {
        let about: Vec<&Made<'_>> = self.about(finding).collect();
        let latest = about.iter().map(|made| made.statement.time).max()?;
        if lies_ahead(latest, now) {
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
