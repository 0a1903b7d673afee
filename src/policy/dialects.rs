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
    /// Whether there are documents of other kinds.
    others: bool,
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
            let line = document.line().ok_or_else(|| version.refuse("it is not known where it stands"))?;
            self.native.push(line);
            return Ok(());
        }
        self.others = true;
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
        if (of, named) == (native::API_VERSION, native::KIND) {
            return Err(kind.refuse("a native policy is a document of its own, not an element of a list"));
        }
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
        if self.native.is_empty() {
            return Ok(Vec::new());
        }
        if !self.others {
            return native::drafts(bytes);
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
        // Such lines stand in no document, whatever is open (YAML 1.2, c-forbidden).
        let is_mark = |line: &str| {
            let rest = line.strip_prefix("---").or_else(|| line.strip_prefix("..."));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r']))
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const NATIVE: &str = "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\n\
                          metadata: {name: NAME}\nspec: {images: {include: [\"**\"]}, action: Deny}\n";

    fn native(name: &str) -> String {
        NATIVE.replace("NAME", name)
    }

    fn tanzu() -> String {
        let key = include_str!("../../fuzz/corpus/policy/tanzu");
        key.to_owned()
    }

    fn names(text: &str) -> Vec<String> {
        let mut names: Vec<String> =
            drafts(text.as_bytes()).unwrap().iter().map(|draft| draft.name().to_owned()).collect();
        names.sort();
        names
    }

    fn refused(text: &str) -> String {
        drafts(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn documents_of_two_dialects_are_told_apart_however_they_are_divided() {
        let (one, two, foreign) = (native("one"), native("two"), tanzu());
        for text in [
            format!("{one}---\n{foreign}---\n{two}"),
            format!("---\n{foreign}\n--- # again\n{one}...\n---\n{two}"),
            format!("# first\n\n---\n---\n{one}---\n\n{two}\n---\n{foreign}...\n"),
            format!("{foreign}...\n{one}---\n{two}"),
            format!("{one}---\n{two}---\n{foreign}").replace('\n', "\r\n"),
        ] {
            assert_eq!(names(&text), ["image-policy", "one", "two"], "{text}");
        }
    }

    #[test]
    fn an_error_in_a_native_document_beside_others_keeps_its_line() {
        let text = format!("{}---\n{}", tanzu(), native("one").replace("Deny", "Dney"));
        let line = text.lines().position(|line| line.contains("Dney")).unwrap() + 1;
        assert!(refused(&text).starts_with(&format!("line {line}, column ")), "{}", refused(&text));
    }

    #[test]
    fn what_is_no_policy_is_named_and_never_left_out() {
        for (text, reason) in [
            ("apiVersion: v1\nkind: Secret\n", "line 2, column 7: kind: `Secret` is not known here"),
            ("apiVersion: a/v1\nkind: SignaturePolicy\n", "apiVersion: `a/v1` is not known here"),
            ("just text\n", "document 1 has none"),
            ("[1, 2]\n", "document 1 has none"),
            ("apiVersion: [v1]\nkind: List\n", "apiVersion: a text is expected here"),
            ("apiVersion: v1\nkind: List\nitems: {}\n", "items: a list is expected here"),
            ("apiVersion: v1\nkind: List\n", "items: it is missing"),
            ("apiVersion: v1\nkind: List\nitems: []\nmore: 1\n", "line 4, column 1: more: unknown field"),
            ("apiVersion: v1\nkind: List\nitems: [{kind: List}]\n", "items[0].apiVersion: it is missing"),
        ] {
            assert!(refused(text).contains(reason), "{text}: {}", refused(text));
        }
        let nested = "{apiVersion: v1, kind: List, items: [".repeat(9) + &"]}".repeat(9);
        assert!(refused(&nested).contains("too many lists in lists"));
        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            let deep = refused(&(open.repeat(60) + &close.repeat(60)));
            assert!(deep.contains("nested deeper than 24 levels"), "{deep}");
        }
        assert!(names("apiVersion: v1\nkind: List\nitems: []\n").is_empty());
    }

    #[test]
    fn a_native_policy_in_a_list_is_refused_and_not_left_out() {
        let text = format!(
            "apiVersion: v1\nkind: List\nitems: [{{apiVersion: {}, kind: SignaturePolicy}}]\n",
            native::API_VERSION
        );
        assert!(refused(&text).contains("items[0].kind: a native policy is a document of its own"));
    }

    #[test]
    fn numbers_that_stand_where_nothing_is_read_are_no_mistake() {
        let text = tanzu().replace(
            "  name: image-policy\n",
            "  name: image-policy\n  generation: 340282366920938463463374607431768211455\n  annotations: {a: 1.5, b: true, c: ~}\n",
        );
        assert_eq!(names(&text), ["image-policy"]);
    }
}
