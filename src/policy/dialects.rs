//! The dialects that policies are written in, told apart by what each document says it is. Every document of a text may
//! be of another; one that is of none is an error, never left out.

use super::draft::{Draft, DraftError, Spot};
use super::installation::{self, Installation};
use super::node::{Field, Node};
use super::{native, sigstore, tanzu};
use crate::model::yaml;

/// Deepest nesting of lists in lists.
const LIST_DEPTH_LIMIT: usize = 8;

/// Who reads a document member by member.
#[derive(Clone, Copy)]
enum Reader {
    /// A policy.
    Policy(fn(&Field<'_>) -> Result<Draft, DraftError>),
    /// What an installation says beside its policies.
    Installation(fn(&mut Installation, &Field<'_>) -> Result<(), DraftError>),
}

/// What a text holds.
#[derive(Debug, Default)]
pub struct Documents {
    /// Its policies.
    pub drafts: Vec<Draft>,
    /// What it says of an installation.
    pub installation: Installation,
}

/// The foreign dialects: API version, kind, and who reads it.
const FOREIGN: &[(&str, &str, Reader)] = &[
    (tanzu::API_VERSION, tanzu::KIND, Reader::Policy(tanzu::draft)),
    (tanzu::OLD_API_VERSION, tanzu::KIND, Reader::Policy(tanzu::draft)),
    (sigstore::API_VERSION, sigstore::KIND, Reader::Policy(sigstore::draft)),
    (sigstore::OLD_API_VERSION, sigstore::KIND, Reader::Policy(sigstore::draft)),
    (
        installation::API_VERSION,
        installation::SETTINGS_KIND,
        Reader::Installation(Installation::read_settings),
    ),
    (
        installation::API_VERSION,
        installation::NAMESPACE_KIND,
        Reader::Installation(Installation::read_namespace),
    ),
];

/// Reads every document of a text, whatever its dialect, and the objects in lists as `kubectl get -o yaml` writes them;
/// a text without documents gives none.
///
/// # Errors
/// [`DraftError`]: no YAML, a document of no known kind, an unknown field, or a value that makes no sense.
pub fn documents(bytes: &[u8]) -> Result<Documents, DraftError> {
    let documents: Vec<Node> = yaml::documents(bytes)?;
    let mut found = Found::default();
    // What kind a document is comes first: fields that another kind has are no mistakes in this one.
    for (number, document) in documents.iter().filter(|document| !document.is_null()).enumerate() {
        found.document(document, number)?;
    }
    let mut read = Documents { drafts: found.natives(bytes)?, ..Documents::default() };
    for (field, reader) in found.foreign {
        match reader {
            Reader::Policy(policy) => read.drafts.push(policy(&field)?),
            Reader::Installation(add) => add(&mut read.installation, &field)?,
        }
    }
    Ok(read)
}

/// The policies of a text, whatever it says beside them.
///
/// # Errors
/// Those of [`documents`].
pub fn drafts(bytes: &[u8]) -> Result<Vec<Draft>, DraftError> {
    documents(bytes).map(|read| read.drafts)
}

/// Documents by dialect.
#[derive(Default)]
struct Found<'a> {
    /// The lines that native documents begin on.
    native: Vec<u64>,
    foreign: Vec<(Field<'a>, Reader)>,
}

impl<'a> Found<'a> {
    fn document(&mut self, document: &'a Node, number: usize) -> Result<(), DraftError> {
        let unnamed = |field: &str| {
            let spot = Spot { place: None, field: field.to_owned() };
            let reason = format!("document {} has none; {}", number + 1, known());
            DraftError::at(&spot, reason)
        };
        let version = document.member("apiVersion").ok_or_else(|| unnamed("apiVersion"))?;
        let kind = document.member("kind").ok_or_else(|| unnamed("kind"))?;
        if (version.text()?, kind.text()?) == (native::API_VERSION, native::KIND) {
            self.native.extend(document.line());
            return Ok(());
        }
        self.object(&document.field(""), 0)
    }

    /// An object of a foreign dialect, or a list of such.
    fn object(&mut self, object: &Field<'a>, depth: usize) -> Result<(), DraftError> {
        let [version, kind] = ["apiVersion", "kind"].map(|name| object.member(name));
        let (version, kind) = (version?, kind?);
        let (of, named) = (version.text()?, kind.text()?);
        if let Some((_, _, read)) = FOREIGN.iter().find(|(own, name, _)| (*own, *name) == (of, named)) {
            self.foreign.push((object.clone(), *read));
            return Ok(());
        }
        let is_list = (of, named) == ("v1", "List")
            || FOREIGN.iter().any(|(own, name, _)| *own == of && named == format!("{name}List"));
        match (is_list, depth < LIST_DEPTH_LIMIT) {
            (false, _) => Err(unknown(&version, &kind)),
            (true, false) => Err(object.refuse("too many lists in lists")),
            (true, true) => self.list(object, depth),
        }
    }

    fn list(&mut self, list: &Field<'a>, depth: usize) -> Result<(), DraftError> {
        let members = list.members(&["apiVersion", "kind", "metadata", "items"])?;
        for item in members.need("items")?.list()? {
            self.object(&item, depth + 1)?;
        }
        Ok(())
    }

    /// The native documents. Their reader takes a text as a whole, so the lines of the others are emptied.
    fn natives(&self, bytes: &[u8]) -> Result<Vec<Draft>, DraftError> {
        if self.foreign.is_empty() {
            return native::drafts(bytes);
        }
        if self.native.is_empty() {
            return Ok(Vec::new());
        }
        let text = String::from_utf8_lossy(bytes);
        let drafts = native::drafts(self.without_foreign(&text).as_bytes())?;
        match drafts.len() == self.native.len() {
            true => Ok(drafts),
            false => {
                let spot = Spot { place: None, field: "kind".to_owned() };
                Err(DraftError::at(
                    &spot,
                    "the documents cannot be told apart; put each dialect into a file of its own",
                ))
            }
        }
    }

    /// The text with nothing in the lines of documents that are not native.
    fn without_foreign(&self, text: &str) -> String {
        let is_mark = |line: &str| {
            line.strip_prefix("---")
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
        };
        let lines: Vec<&str> = text.lines().collect();
        let starts = lines.iter().enumerate().filter(|(_, line)| is_mark(line)).map(|(at, _)| at);
        let starts: Vec<usize> = [0].into_iter().chain(starts).chain([lines.len()]).collect();
        let mut kept = String::with_capacity(text.len());
        for two in starts.windows(2) {
            let (start, end) = (two[0], two[1]);
            let numbers = start as u64 + 1..=end as u64;
            let native = self.native.iter().any(|line| numbers.contains(line));
            for line in lines.get(start..end).unwrap_or_default() {
                kept.push_str(if native { line } else { "" });
                kept.push('\n');
            }
        }
        kept
    }
}

fn unknown(version: &Field<'_>, kind: &Field<'_>) -> DraftError {
    let (Ok(of), Ok(named)) = (version.text(), kind.text()) else { return kind.refuse(known()) };
    let is_known = of == native::API_VERSION || FOREIGN.iter().any(|(own, _, _)| *own == of);
    match is_known {
        true => kind.refuse(format!("`{}` is not known here; {}", super::node::cut(named), known())),
        false => version.refuse(format!("`{}` is not known here; {}", super::node::cut(of), known())),
    }
}

/// The kinds that are read, each with its API versions.
fn known() -> String {
    let own = (native::API_VERSION, native::KIND);
    let all: Vec<_> =
        [own].into_iter().chain(FOREIGN.iter().map(|(version, kind, _)| (*version, *kind))).collect();
    let mut kinds: Vec<&str> = Vec::new();
    for (_, kind) in &all {
        if !kinds.contains(kind) {
            kinds.push(kind);
        }
    }
    let of_kind = |kind: &&str| {
        let versions = all.iter().filter(|(_, named)| named == kind).map(|(version, _)| *version);
        format!("`{kind}` ({})", versions.collect::<Vec<_>>().join(", "))
    };
    format!("known are {}", kinds.iter().map(of_kind).collect::<Vec<_>>().join(", "))
}
