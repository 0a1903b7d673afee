//! The rules file: what in a report denies an image the second signature. Read strictly, with the place of every
//! mistake; whether a report passes is [`super::judge()`]'s to say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer};
use serde_saphyr::Spanned;

use super::finding::Severity;
use crate::model::key::pem;
use crate::model::yaml::{self, Place, YamlError};
use crate::model::{Digest, PublicKey, escape_untrusted, parse_duration};

/// The `apiVersion` of a rules file.
pub const API_VERSION: &str = "scan.countersign.dev/v1alpha1";
/// The `kind` of a rules file.
pub const KIND: &str = "ScanRules";

/// Rules that a report must pass; at least one of them can deny something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    pub(super) digest: Digest,
    pub(super) severities: BTreeSet<Severity>,
    pub(super) only_fixable: bool,
    pub(super) end_of_life: bool,
    pub(super) max_report_age: Option<Duration>,
    pub(super) ignore: BTreeMap<String, RulesIgnore>,
    pub(super) vex: TrustedVex,
    pub(super) allow_nothing_scanned: Option<String>,
}

/// A finding that does not count, until a day. Texts are escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesIgnore {
    /// Why.
    pub reason: String,
    /// The last day, in UTC, on which it does not count.
    pub expires: Date,
}

/// Whose statements about vulnerabilities count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TrustedVex {
    /// Digests of documents.
    pub(super) documents: BTreeSet<Digest>,
    /// Keys that sign documents.
    pub(super) keys: Vec<PublicKey>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct File {
    api_version: Spanned<String>,
    kind: Spanned<String>,
    #[serde(default, rename = "metadata", deserialize_with = "given")]
    _metadata: Option<Metadata>,
    spec: Spec,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Metadata {
    #[serde(default, rename = "name", deserialize_with = "given")]
    _name: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Spec {
    deny: Spanned<Deny>,
    #[serde(default, deserialize_with = "given")]
    max_report_age: Option<Spanned<String>>,
    #[serde(default)]
    ignore: Vec<IgnoreEntry>,
    #[serde(default, deserialize_with = "given")]
    allow_nothing_scanned: Option<Allowance>,
    #[serde(default, deserialize_with = "given")]
    vex: Option<Spanned<Vex>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Deny {
    #[serde(default, deserialize_with = "given")]
    severities: Option<Spanned<Vec<Spanned<String>>>>,
    #[serde(default, deserialize_with = "given")]
    only_fixable: Option<Spanned<bool>>,
    #[serde(default)]
    end_of_life: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IgnoreEntry {
    id: Spanned<String>,
    reason: Spanned<String>,
    expires: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Allowance {
    reason: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vex {
    #[serde(default)]
    documents: Vec<Spanned<String>>,
    #[serde(default)]
    keys: Vec<Key>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    pem: Spanned<String>,
}

/// A field that is there has a value: `maxReportAge:` with nothing behind it is a mistake, and not "no limit".
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

impl Rules {
    /// The keys whose signed statements about vulnerabilities count.
    pub fn vex_keys(&self) -> &[PublicKey] {
        &self.vex.keys
    }

    /// Reads a rules file: one YAML document.
    ///
    /// # Errors
    /// [`YamlError`] with the line and column of what is not understood, missing, doubled or without meaning.
    pub fn parse(bytes: &[u8]) -> Result<Self, YamlError> {
        let mut files = yaml::documents::<File>(bytes)?;
        let file = match (files.pop(), files.len()) {
            (Some(file), 0) => file,
            (None, _) => return Err(YamlError::new(None, "the rules file is empty")),
            (Some(_), _) => {
                return Err(YamlError::new(None, "a rules file has one document, this has several"));
            }
        };
        expect(&file.api_version, "apiVersion", API_VERSION)?;
        expect(&file.kind, "kind", KIND)?;
        let spec = file.spec;
        let max_report_age = spec.max_report_age.as_ref().map(age).transpose()?;
        Ok(Self {
            digest: Digest::of(bytes),
            severities: severities(&spec.deny)?,
            only_fixable: spec.deny.value.only_fixable.is_some_and(|set| set.value),
            end_of_life: spec.deny.value.end_of_life,
            max_report_age,
            ignore: ignore(&spec.ignore)?,
            vex: spec.vex.as_ref().map(trusted).transpose()?.unwrap_or_default(),
            allow_nothing_scanned: spec
                .allow_nothing_scanned
                .map(|allowance| said(&allowance.reason, "allowNothingScanned.reason"))
                .transpose()?,
        })
    }

    /// SHA-256 of the file's bytes: the claim `countersign.dev/scan-rules`.
    pub fn digest(&self) -> Digest {
        self.digest
    }
}

fn at<T>(spanned: &Spanned<T>, reason: impl std::fmt::Display) -> YamlError {
    YamlError::new(Place::of(spanned), reason)
}

fn expect(value: &Spanned<String>, field: &str, expected: &str) -> Result<(), YamlError> {
    if value.value == expected {
        return Ok(());
    }
    Err(at(value, format!("`{field}` is `{}`, `{expected}` is expected", value.value)))
}

/// A text that must say something; escaped.
fn said(value: &Spanned<String>, field: &str) -> Result<String, YamlError> {
    let text = value.value.trim();
    if text.is_empty() { Err(at(value, format!("`{field}` is empty"))) } else { Ok(escape_untrusted(text)) }
}

fn age(value: &Spanned<String>) -> Result<Duration, YamlError> {
    parse_duration(&value.value).map_err(|error| at(value, format!("maxReportAge: {error}")))
}

/// The severities that are denied. Rules that deny nothing are a mistake: they would sign whatever is scanned.
fn severities(deny: &Spanned<Deny>) -> Result<BTreeSet<Severity>, YamlError> {
    let Deny { severities, only_fixable, end_of_life } = &deny.value;
    match (severities, only_fixable) {
        (Some(listed), _) if listed.value.is_empty() => Err(at(listed, "`severities` is empty")),
        (Some(listed), _) => distinct(&listed.value),
        (None, Some(set)) if set.value => Err(at(set, "`onlyFixable` without `severities` says nothing")),
        (None, _) if *end_of_life => Ok(BTreeSet::new()),
        (None, _) => Err(at(deny, "`deny` denies nothing: list `severities`, or set `endOfLife`")),
    }
}

fn distinct(words: &[Spanned<String>]) -> Result<BTreeSet<Severity>, YamlError> {
    let mut severities = BTreeSet::new();
    for word in words {
        let severity = severity(&word.value).ok_or_else(|| {
            let known = "CRITICAL, HIGH, MEDIUM, LOW or UNKNOWN is expected";
            at(word, format!("`{}` is no severity: {known}", word.value))
        })?;
        if !severities.insert(severity) {
            return Err(at(word, format!("`{severity}` stands twice in `severities`")));
        }
    }
    Ok(severities)
}

fn severity(word: &str) -> Option<Severity> {
    use Severity::{Critical, High, Low, Medium, Unknown};
    [Critical, High, Medium, Low, Unknown].into_iter().find(|severity| severity.to_string() == word)
}

fn ignore(entries: &[IgnoreEntry]) -> Result<BTreeMap<String, RulesIgnore>, YamlError> {
    let mut ignored = BTreeMap::new();
    for entry in entries {
        let id = said(&entry.id, "id")?;
        let rule = RulesIgnore { reason: said(&entry.reason, "reason")?, expires: day(&entry.expires)? };
        if ignored.contains_key(&id) {
            return Err(at(&entry.id, format!("`{id}` is ignored twice")));
        }
        ignored.insert(id, rule);
    }
    Ok(ignored)
}

/// The documents and keys of `spec.vex`; one that trusts nobody is a mistake.
fn trusted(vex: &Spanned<Vex>) -> Result<TrustedVex, YamlError> {
    let Vex { documents, keys } = &vex.value;
    if documents.is_empty() && keys.is_empty() {
        return Err(at(vex, "`vex` trusts nobody: list `documents`, `keys` or both"));
    }
    let mut trusted = TrustedVex::default();
    for text in documents {
        let digest = text.value.parse().map_err(|error| at(text, format!("vex.documents: {error}")))?;
        if !trusted.documents.insert(digest) {
            return Err(at(text, format!("`{digest}` stands twice in `vex.documents`")));
        }
    }
    for Key { pem } in keys {
        let key = key(&pem.value).map_err(|reason| at(pem, format!("vex.keys: {reason}")))?;
        if trusted.keys.contains(&key) {
            return Err(at(pem, format!("the key {} stands twice in `vex.keys`", key.fingerprint())));
        }
        trusted.keys.push(key);
    }
    Ok(trusted)
}

/// One public key: of several, all but the first would be left out without a word.
fn key(text: &str) -> Result<PublicKey, String> {
    let key = PublicKey::from_pem(text).map_err(|error| error.to_string())?;
    let rest = pem::first_block(text).map_or("", |(_, rest)| rest);
    match rest.contains("-----BEGIN ") {
        true => Err("more than one PEM block; each key is an entry of its own".to_owned()),
        false => Ok(key),
    }
}

/// A day as `YYYY-MM-DD`.
fn day(value: &Spanned<String>) -> Result<Date, YamlError> {
    let text = value.value.as_str();
    let shape = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let date = if shape { text.parse().ok() } else { None };
    date.ok_or_else(|| at(value, format!("`expires` is `{text}`, a day such as 2026-12-31 is expected")))
}
