//! OpenVEX documents (openvex/spec, OPENVEX-SPEC.md): what somebody states about vulnerabilities in products. A
//! document is worth nothing by itself: [`super::Rules::trust`] says whether the rules trust it, and
//! [`statements`] which findings of an image its statements ignore.

mod component;
mod names;
pub mod statements;
mod trust;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::finding::shown;
use crate::model::json::{self, JsonError, Object};
use crate::model::{Digest, escape_untrusted};
use component::Product;

pub use trust::TrustedDocument;

/// Largest file of statements, in bytes.
pub const SIZE_LIMIT: usize = 8 << 20;
/// Most statements in a document.
const STATEMENTS_LIMIT: usize = 10_000;
/// What `@context` is in version 0.2.0, and what it was before versions were written.
const CONTEXTS: [&str; 2] = ["https://openvex.dev/ns/v0.2.0", "https://openvex.dev/ns"];

/// A document as somebody wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Document {
    /// Who says so, by the document's own word; escaped.
    author: String,
    statements: Vec<Statement>,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    /// The vulnerability's name and its aliases, escaped as those of findings are.
    names: Vec<String>,
    products: Vec<Product>,
    status: Status,
    /// From when on it is true: its own time, else the document's.
    time: Timestamp,
}

/// What is stated, as far as it counts here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Status {
    /// Not affected, and why: one of the five words, and what else the author says; escaped.
    NotAffected(String),
    /// Anything else; not affected without one of the words too.
    Other,
}

/// Why a document cannot be used; escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VexError {
    /// More bytes than [`SIZE_LIMIT`].
    #[error("larger than {} MiB", SIZE_LIMIT >> 20)]
    TooLarge,
    /// Not JSON, cut short, too deep, a duplicate member, or a member of the wrong type.
    #[error("not a readable OpenVEX document: {0}")]
    Json(#[from] JsonError),
    /// No OpenVEX, or a version that is not known.
    #[error("not OpenVEX of a known version: its `@context` is `{0}`")]
    Context(String),
    /// More statements than are read.
    #[error("more than {STATEMENTS_LIMIT} statements")]
    TooMany,
    /// A member that must be there is absent or empty.
    #[error("a statement has no `{0}`")]
    Missing(&'static str),
    /// A word that the specification does not have.
    #[error("`{word}` is no {member} of OpenVEX")]
    Word {
        /// The member.
        member: &'static str,
        /// The word.
        word: String,
    },
    /// A time that is none.
    #[error("`{0}` is no time in RFC 3339")]
    Time(String),
    /// Neither named in the rules nor signed.
    #[error("the rules do not name this document, whose digest is {0}, and nobody signed it")]
    Unnamed(Digest),
    /// Signed by nobody whom the rules trust.
    #[error("no key of `spec.vex.keys` in the rules accepts its signature")]
    Untrusted,
    /// A signed thing of another kind.
    #[error("it is signed, and no OpenVEX: {0}")]
    NotOpenVex(String),
    /// A signed document about another image.
    #[error("it is signed for another image: {0}")]
    AnotherImage(String),
}

/// The members of a document that are read.
#[derive(Deserialize)]
struct File<'a> {
    #[serde(rename = "@context")]
    context: Option<String>,
    author: Option<String>,
    timestamp: Option<String>,
    #[serde(borrow)]
    statements: Option<Vec<Object<StatementMembers<'a>>>>,
}

#[derive(Deserialize)]
struct StatementMembers<'a> {
    #[serde(borrow)]
    vulnerability: Option<&'a RawValue>,
    #[serde(borrow)]
    products: Option<Vec<&'a RawValue>>,
    /// Before version 0.2.0 these stood beside the products.
    #[serde(borrow)]
    subcomponents: Option<Vec<&'a RawValue>>,
    status: Option<String>,
    justification: Option<String>,
    impact_statement: Option<String>,
    timestamp: Option<String>,
}

#[derive(Deserialize)]
struct Vulnerability {
    name: Option<String>,
    aliases: Option<Vec<String>>,
}

impl Document {
    /// Reads a document.
    ///
    /// # Errors
    /// [`VexError`] for what is not understood, wherever it stands.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, VexError> {
        if bytes.len() > SIZE_LIMIT {
            return Err(VexError::TooLarge);
        }
        let Object(file) = json::from_slice::<Object<File<'_>>>(bytes)?;
        let context = file.context.unwrap_or_default();
        if !CONTEXTS.contains(&context.as_str()) {
            return Err(VexError::Context(shown(&context)));
        }
        let statements = file.statements.ok_or(VexError::Missing("statements"))?;
        if statements.len() > STATEMENTS_LIMIT {
            return Err(VexError::TooMany);
        }
        let issued = file.timestamp.as_deref();
        let statements = statements.iter().map(|Object(members)| members.read(issued));
        let author = shown(file.author.as_deref().unwrap_or_default());
        Ok(Self { author, statements: statements.collect::<Result<_, _>>()? })
    }
}

impl StatementMembers<'_> {
    fn read(&self, issued: Option<&str>) -> Result<Statement, VexError> {
        let time = self.timestamp.as_deref().or(issued).ok_or(VexError::Missing("timestamp"))?;
        let vulnerability = self.vulnerability.ok_or(VexError::Missing("vulnerability"))?;
        let beside = self.subcomponents.as_deref().unwrap_or_default();
        let products = self.products.as_deref().unwrap_or_default();
        let products = products.iter().map(|product| Product::read(product, beside));
        Ok(Statement {
            names: names(vulnerability)?,
            products: products.collect::<Result<_, _>>()?,
            status: self.status()?,
            time: time.parse().map_err(|_| VexError::Time(shown(time)))?,
        })
    }

    /// Only a justification ignores: a free text alone says nothing that could be compared.
    fn status(&self) -> Result<Status, VexError> {
        const JUSTIFICATIONS: [&str; 5] = [
            "component_not_present",
            "vulnerable_code_not_present",
            "vulnerable_code_not_in_execute_path",
            "vulnerable_code_cannot_be_controlled_by_adversary",
            "inline_mitigations_already_exist",
        ];
        let word = |member, word: &str| VexError::Word { member, word: shown(word) };
        let justification = self.justification.as_deref().filter(|text| !text.is_empty());
        if let Some(unknown) = justification.filter(|text| !JUSTIFICATIONS.contains(text)) {
            return Err(word("justification", unknown));
        }
        match (self.status.as_deref().unwrap_or_default(), justification) {
            ("not_affected", Some(justification)) => {
                let impact = self.impact_statement.as_deref().unwrap_or_default().trim();
                let more = if impact.is_empty() { String::new() } else { format!(": {}", shown(impact)) };
                Ok(Status::NotAffected(format!("{justification}{more}")))
            }
            ("not_affected" | "affected" | "fixed" | "under_investigation", _) => Ok(Status::Other),
            ("", _) => Err(VexError::Missing("status")),
            (other, _) => Err(word("status", other)),
        }
    }
}

/// The vulnerability's name and aliases; before version 0.2.0 it was a name alone.
fn names(vulnerability: &RawValue) -> Result<Vec<String>, VexError> {
    let text = vulnerability.get();
    let names = match text.starts_with('"') {
        true => vec![json::from_slice::<String>(text.as_bytes())?],
        false => {
            let Object(Vulnerability { name, aliases }) = json::from_slice(text.as_bytes())?;
            name.into_iter().chain(aliases.unwrap_or_default()).collect()
        }
    };
    match names.first() {
        Some(name) if !name.trim().is_empty() => {
            Ok(names.iter().map(|name| escape_untrusted(name)).collect())
        }
        _ => Err(VexError::Missing("vulnerability.name")),
    }
}
