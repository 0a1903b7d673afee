//! Cases as they stand in their files. A member that nobody knows, a key that nobody has and a missing expectation
//! make a file no case.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::model::{Digest, yaml};
use serde::Deserialize;

use crate::kit;

/// Where the cases and their policies are.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy")
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) about: String,
    /// Names of files in `policies/`, or texts.
    pub(crate) policies: Vec<String>,
    #[serde(default = "usual_image")]
    pub(crate) image: String,
    pub(crate) namespace: Option<String>,
    /// Why the image's tag could not be resolved.
    pub(crate) unresolved: Option<String>,
    /// The object that the image stands in.
    pub(crate) object: Option<Object>,
    /// What the command says; nothing where it says nothing.
    pub(crate) no_match: Option<String>,
    #[serde(default = "usual_now")]
    pub(crate) now: String,
    #[serde(default)]
    pub(crate) evidence: Vec<Found>,
    pub(crate) expect: Expected,
}

/// The object that an image stands in; without labels they are not known.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Object {
    pub(crate) api_version: String,
    pub(crate) kind: String,
    pub(crate) labels: Option<BTreeMap<String, String>>,
}

/// What was found in one repository.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Found {
    /// The repository; the image's own where none is named.
    pub(crate) place: Option<String>,
    /// What the tag of the signatures begins with.
    pub(crate) tag_prefix: Option<String>,
    #[serde(default)]
    pub(crate) signatures: Vec<Signature>,
    /// How many signatures do not parse.
    #[serde(default)]
    pub(crate) junk: usize,
    /// What could not be asked.
    #[serde(default)]
    pub(crate) unreachable: Vec<String>,
    /// Looking stopped before everything was seen.
    #[serde(default)]
    pub(crate) stopped: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Signature {
    pub(crate) by: String,
    /// What its claims are like before `claims` changes them: `build`, `validation` or `plain`.
    pub(crate) like: String,
    /// Claims in the place of the usual ones; `null` takes one away.
    #[serde(default)]
    pub(crate) claims: BTreeMap<String, Option<String>>,
    #[serde(default)]
    pub(crate) format: FormatName,
    /// The digest that it states, where that is not the image's.
    pub(crate) states: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum FormatName {
    #[default]
    Bundle,
    Legacy,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Expected {
    Refused(Refused),
    Decided(Box<Decided>),
}

/// The policies are refused.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Refused {
    /// A fragment of the error.
    pub(crate) refused: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Decided {
    pub(crate) decision: String,
    /// Whether it was said before any request.
    #[serde(default)]
    pub(crate) without_evidence: bool,
    pub(crate) reason_code: Option<String>,
    /// The image's own reason, word for word.
    pub(crate) reason: Option<String>,
    /// Every policy that was asked.
    #[serde(default)]
    pub(crate) policies: BTreeMap<String, ExpectedPolicy>,
    /// Fragments of the warnings, in their order.
    #[serde(default)]
    pub(crate) warnings: Vec<String>,
    /// Fragments of the notes, in their order.
    #[serde(default)]
    pub(crate) notes: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ExpectedPolicy {
    pub(crate) decision: String,
    pub(crate) reason_code: Option<String>,
    /// Its own reason, word for word.
    pub(crate) reason: Option<String>,
    /// Whether any one of its signers is enough.
    #[serde(default)]
    pub(crate) any_is_enough: bool,
    /// Every signer: `satisfied`, or the code of the reason; after a colon a fragment of the reason's words, or for a
    /// satisfied signer the names of the keys that satisfy it.
    #[serde(default)]
    pub(crate) signers: BTreeMap<String, String>,
}

fn usual_image() -> String {
    marked("registry.example.org/shop/app:1.4@<digest:app>").unwrap()
}

fn usual_now() -> String {
    "2026-11-21T12:00:00Z".to_owned()
}

/// Cases by name.
pub(crate) fn cases() -> BTreeMap<String, Case> {
    let entries = std::fs::read_dir(folder().join("cases")).unwrap();
    let one = |entry: std::io::Result<std::fs::DirEntry>| {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().strip_suffix(".yaml");
        let name = name.unwrap_or_else(|| panic!("{}: not a case", path.display())).to_owned();
        let case = read(&std::fs::read_to_string(&path).unwrap());
        (name.clone(), case.unwrap_or_else(|error| panic!("{name}: {error}")))
    };
    entries.map(one).collect()
}

/// Reads a case.
pub(crate) fn read(text: &str) -> Result<Case, String> {
    let text = marked(text)?;
    let mut cases: Vec<Case> = yaml::documents(text.as_bytes()).map_err(|error| error.to_string())?;
    let case = cases.pop().filter(|_| cases.is_empty()).ok_or("not one document")?;
    let signatures = case.evidence.iter().flat_map(|found| &found.signatures);
    match signatures.map(|signature| &signature.by).find(|by| !kit::can_sign(by)) {
        Some(by) => Err(format!("no key `{by}`")),
        None => Ok(case),
    }
}

/// The text of a policy: a file's, or the text itself.
pub(crate) fn policy_text(policy: &str) -> String {
    if policy.contains('\n') {
        return policy.to_owned();
    }
    let path = folder().join("policies").join(format!("{policy}.yaml"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    marked(&text).unwrap()
}

/// Puts digests, fingerprints and keys where `<digest:NAME>`, `<key:NAME>` and `<pem:NAME>` stand.
fn marked(text: &str) -> Result<String, String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some(start) = ["<digest:", "<key:", "<pem:"].iter().filter_map(|mark| rest.find(mark)).min() {
        let (before, from) = rest.split_at(start);
        let (mark, after) = from.split_once('>').ok_or("a mark without an end")?;
        let (kind, name) = mark[1..].split_once(':').ok_or("a mark without a name")?;
        whole.push_str(before);
        let line = whole.rsplit('\n').next().unwrap_or_default();
        let indent: String = line.chars().take_while(|c| *c == ' ').collect();
        let key = || kit::public(name).ok_or_else(|| format!("no key `{name}`"));
        whole.push_str(&match kind {
            "digest" => Digest::of(name.as_bytes()).to_string(),
            "key" => key()?.fingerprint().to_string(),
            _ => kit::pem(name, &indent),
        });
        rest = after;
    }
    whole.push_str(rest);
    Ok(whole)
}
