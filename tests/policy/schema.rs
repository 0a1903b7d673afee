//! The schema and the reader take the same documents, and the reference in docs/policy.md is the schema's.

use std::fmt::Write as _;

use countersign::model::yaml;
use countersign::policy::drafts;
use countersign::policy::schema::SCHEMA;
use serde_json::{Map, Value, json};

use crate::case::{Expected, cases, folder, policy_text};
use crate::kit;

/// Documents that together have every field.
fn whole() -> Vec<Value> {
    let pem = kit::public("build-third").unwrap().to_pem().to_string();
    let require = json!({
        "apiVersion": "policy.countersign.dev/v1alpha1",
        "kind": "SignaturePolicy",
        "metadata": {"name": "whole", "labels": {"team": "shop"}, "annotations": {"why": "a test"}},
        "spec": {
            "mode": "Warn",
            "action": "RequireSignatures",
            "images": {"include": ["registry.example.org/shop/**"], "exclude": ["registry.example.org/shop/try"]},
            "excludeNamespaces": ["kube-system"],
            "signatureRepositories": ["registry.example.org/signatures"],
            "signedFor": "same",
            "revoked": {"digests": [format!("sha256:{:064}", 1)], "keys": [format!("sha256:{:064}", 2)]},
            "signers": [
                {"name": "build", "keys": [{"pem": pem}, {"ref": "build"}]},
                {
                    "name": "validation",
                    "keys": [
                        {"configMapRef": {"namespace": "keys", "name": "validation"}},
                        {"secretRef": {"namespace": "keys", "name": "validation-next"}},
                    ],
                    "countersigns": "build",
                    "claims": {"countersign.dev/scan-rules": ["sha256:1"]},
                    "maxAge": "30d",
                    "onExpiry": "Warn",
                },
            ],
        },
    });
    let mut patterns = require.clone();
    patterns["spec"]["signedFor"] = json!(["registry.example.org/shop/*", "alpine"]);
    vec![require, patterns]
}

fn schema() -> Value {
    serde_json::from_str(SCHEMA).unwrap()
}

/// Whether the reader takes `document`, keys and all. JSON is YAML.
fn is_read(document: &Value) -> bool {
    let drafts = drafts(document.to_string().as_bytes());
    drafts.is_ok_and(|drafts| {
        !drafts.is_empty() && drafts.into_iter().all(|draft| draft.into_policy(&kit::fetched()).is_ok())
    })
}

fn is_described(document: &Value) -> bool {
    fits(&schema(), &schema(), document).is_ok()
}

/// Whether `value` fits `rule`; the keywords are those that the schema uses, and an unknown one ends the test.
fn fits(root: &Value, rule: &Value, value: &Value) -> Result<(), String> {
    for (keyword, wanted) in rule.as_object().unwrap() {
        let fit = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" | "default" | "required" => true,
            "$ref" => return fits(root, target(root, wanted), value),
            "type" => types(wanted).iter().any(|name| is_of_type(name, value)),
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "oneOf" => {
                wanted.as_array().unwrap().iter().filter(|one| fits(root, one, value).is_ok()).count() == 1
            }
            "pattern" => value.as_str().is_none_or(|text| matches_pattern(wanted.as_str().unwrap(), text)),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
            "minLength" => value.as_str().is_none_or(|text| text.len() as u64 >= wanted.as_u64().unwrap()),
            "maxLength" => value.as_str().is_none_or(|text| text.len() as u64 <= wanted.as_u64().unwrap()),
            "minProperties" => {
                value.as_object().is_none_or(|all| all.len() as u64 >= wanted.as_u64().unwrap())
            }
            "maxProperties" => {
                value.as_object().is_none_or(|all| all.len() as u64 <= wanted.as_u64().unwrap())
            }
            "items" => {
                for item in value.as_array().into_iter().flatten() {
                    fits(root, wanted, item)?;
                }
                true
            }
            "properties" | "additionalProperties" => true,
            other => panic!("the keyword {other}"),
        };
        if !fit {
            return Err(format!("{keyword} {wanted}: {value}"));
        }
    }
    value.as_object().map_or(Ok(()), |members| members_fit(root, rule, members))
}

fn members_fit(root: &Value, rule: &Value, members: &Map<String, Value>) -> Result<(), String> {
    let required = rule["required"].as_array().into_iter().flatten();
    if let Some(missing) =
        required.map(|name| name.as_str().unwrap()).find(|name| !members.contains_key(*name))
    {
        return Err(format!("without {missing}"));
    }
    for (name, member) in members {
        match (rule["properties"].get(name), &rule["additionalProperties"]) {
            (Some(known), _) => fits(root, known, member)?,
            (None, Value::Bool(false)) => return Err(format!("unknown {name}")),
            (None, Value::Null) => panic!("an object of any members: {rule}"),
            (None, other) => fits(root, other, member)?,
        }
    }
    Ok(())
}

fn target<'a>(root: &'a Value, reference: &Value) -> &'a Value {
    root.pointer(reference.as_str().unwrap().strip_prefix('#').unwrap()).unwrap()
}

fn types(wanted: &Value) -> Vec<&str> {
    match wanted {
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap()).collect(),
        name => vec![name.as_str().unwrap()],
    }
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "null" => value.is_null(),
        other => panic!("the type {other}"),
    }
}

/// The few patterns that the schema has.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let label = |text: &str| {
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
    };
    let hex = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    match pattern {
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$" => label(text),
        "^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$" => text.split('.').all(label),
        "^sha256:[0-9a-f]{64}$" => text.strip_prefix("sha256:").is_some_and(hex),
        "^[0-9]+[smhd]$" => {
            let number = text.strip_suffix(['s', 'm', 'h', 'd']).unwrap_or_default();
            !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit())
        }
        other => panic!("the pattern {other}"),
    }
}

/// Every document with one change: a member left out, set to null or another type, or an unknown one added.
fn changed(document: &Value) -> Vec<(String, Value)> {
    let mut pointers = Vec::new();
    walk(document, String::new(), &mut pointers);
    let mut all = Vec::new();
    for pointer in &pointers {
        let mut with = |what: &str, change: &dyn Fn(&mut Value)| {
            let mut copy = document.clone();
            change(copy.pointer_mut(pointer).unwrap());
            all.push((format!("{pointer} {what}"), copy));
        };
        // No numbers: YAML has `7` without quotes, and a text is what was written.
        for wrong in [json!(null), json!("wrong word"), json!([]), json!({}), json!(["wrong"])] {
            with(&format!("set to {wrong}"), &|value| *value = wrong.clone());
        }
        if let Some(members) = document.pointer(pointer).unwrap().as_object() {
            for name in members.keys() {
                with(&format!("without {name}"), &|value| drop(value.as_object_mut().unwrap().remove(name)));
            }
            with("with an unknown member", &|value| value["unknown"] = json!("x"));
        }
    }
    all
}

fn walk(value: &Value, pointer: String, all: &mut Vec<String>) {
    match value {
        Value::Object(members) => members
            .iter()
            .for_each(|(name, member)| walk(member, format!("{pointer}/{}", name.replace('/', "~1")), all)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| walk(item, format!("{pointer}/{at}"), all));
        }
        _ => {}
    }
    all.push(pointer);
}

#[test]
fn every_field_of_the_schema_is_in_a_document_that_both_take() {
    for document in whole() {
        assert_eq!(fits(&schema(), &schema(), &document), Ok(()));
        assert!(is_read(&document), "{document}");
    }
    let mut pointers = Vec::new();
    walk(&whole()[0], String::new(), &mut pointers);
    for field in fields() {
        let last = field.path.rsplit('.').next().unwrap().to_owned();
        assert!(pointers.iter().any(|pointer| pointer.ends_with(&format!("/{last}"))), "{}", field.path);
    }
}

/// What the schema cannot say (that names differ, that a digest is 64 digits of one case, …) only the reader refuses.
#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let (mut both, mut reader_alone) = (0, Vec::new());
    for (what, document) in whole().iter().flat_map(changed) {
        match (is_described(&document), is_read(&document)) {
            (false, true) => panic!("only the reader takes {what}: {document}"),
            (false, false) => both += 1,
            (true, false) => reader_alone.push(what),
            (true, true) => {}
        }
    }
    assert!(both > 200, "{both}");
    let unknown: Vec<_> = reader_alone.iter().filter(|what| what.ends_with("unknown member")).collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

fn is_foreign(document: &Value) -> bool {
    let version = document["apiVersion"].as_str().unwrap_or_default();
    version == "v1"
        || [".tanzu.vmware.com/", "policy.sigstore.dev/"].iter().any(|group| version.contains(group))
}

#[test]
fn every_policy_of_the_cases_that_is_read_fits_the_schema() {
    let mut refused = 0;
    for (name, case) in cases() {
        for text in &case.policies {
            let taken = !matches!(case.expect, Expected::Refused(_));
            let Ok(mut documents) = yaml::documents::<Value>(policy_text(text).as_bytes()) else { continue };
            // The schema is the native form's.
            documents.retain(|document| !is_foreign(document));
            let described = documents.iter().all(is_described);
            assert!(described || !taken, "{name}");
            refused += usize::from(!described);
        }
    }
    assert!(refused >= 10, "{refused}");
}

/// A field as the reference shows it.
struct Field {
    path: String,
    needed: bool,
    kind: String,
    description: String,
    default: Option<String>,
}

fn fields() -> Vec<Field> {
    let (root, mut all) = (schema(), Vec::new());
    collect(&root, &root, "", &mut all);
    all
}

fn collect(root: &Value, rule: &Value, path: &str, all: &mut Vec<Field>) {
    let required: Vec<&str> =
        rule["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (name, own) in rule["properties"].as_object().into_iter().flatten() {
        let mut below = own;
        let mut path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if let Some(reference) = own.get("$ref") {
            below = target(root, reference);
        }
        all.push(Field {
            path: path.clone(),
            needed: required.contains(&name.as_str()),
            kind: kind(root, below),
            description: own["description"].as_str().unwrap_or_else(|| panic!("{path}")).to_owned(),
            default: own.get("default").map(ToString::to_string),
        });
        if let Some(items) = below.get("items") {
            path.push_str("[]");
            below = items.get("$ref").map_or(items, |reference| target(root, reference));
        }
        collect(root, below, &path, all);
    }
}

fn kind(root: &Value, rule: &Value) -> String {
    if let Some(reference) = rule.get("$ref") {
        return kind(root, target(root, reference));
    }
    let words = |words: &Value| {
        let words = words.as_array().unwrap().iter().filter_map(Value::as_str);
        words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
    };
    if let Some(word) = rule.get("const") {
        return format!("`{}`", word.as_str().unwrap());
    }
    if let Some(all) = rule.get("enum") {
        return words(all);
    }
    if let Some(all) = rule.get("oneOf") {
        return all.as_array().unwrap().iter().map(|one| kind(root, one)).collect::<Vec<_>>().join(", or ");
    }
    match types(&rule["type"])[0] {
        "array" => format!("list of {}", kind(root, &rule["items"])),
        "object" => "object".to_owned(),
        _ if rule["pattern"].as_str().is_some_and(|pattern| pattern.starts_with("^sha256")) => {
            "`sha256:` and 64 digits".to_owned()
        }
        _ => "text".to_owned(),
    }
}

fn table() -> String {
    let mut text = String::from("| field | value | meaning |\n|---|---|---|\n");
    for field in fields() {
        let needed = if field.needed { " (needed)" } else { "" };
        let default = match field.default.as_deref() {
            None | Some("[]" | "{}") => String::new(),
            Some(default) => format!(" Default: `{}`.", default.trim_matches('"')),
        };
        let _ =
            writeln!(text, "| `{}`{needed} | {} | {}{default} |", field.path, field.kind, field.description);
    }
    text
}

/// `COUNTERSIGN_WRITE=1 cargo test --test policy reference` writes it.
#[test]
fn the_reference_is_the_schema_s() {
    let path = folder().join("../../docs/policy.md");
    let found = std::fs::read_to_string(&path).unwrap();
    let (start, end) =
        ("<!-- fields: written by tests/policy from the schema -->\n", "<!-- end of fields -->");
    let (before, rest) = found.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let expected = format!("{before}{start}{}{end}{after}", table());
    if found != expected {
        let writing = std::env::var_os("COUNTERSIGN_WRITE").is_some_and(|value| value == "1");
        assert!(
            writing,
            "docs/policy.md is not fresh: COUNTERSIGN_WRITE=1 cargo test --test policy reference"
        );
        std::fs::write(path, expected).unwrap();
    }
}

/// The examples in the documentation are policies.
#[test]
fn every_policy_in_the_documentation_is_read() {
    for page in ["policy.md", "rotation.md"] {
        let text = std::fs::read_to_string(folder().join("../../docs").join(page)).unwrap();
        let blocks = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let kinds = ["\nkind: SignaturePolicy\n", "\nkind: ClusterImagePolicy\n"];
        let is_policy = |block: &&str| kinds.iter().any(|kind| block.contains(kind));
        let whole: Vec<&str> = blocks.filter(is_policy).collect();
        assert!(!whole.is_empty(), "{page}");
        for block in whole {
            let drafts = drafts(block.as_bytes());
            assert!(drafts.is_ok_and(|drafts| !drafts.is_empty()), "{page}: {block}");
        }
    }
}

#[test]
fn every_seed_of_the_fuzz_target_is_read() {
    let seeds = std::fs::read_dir(folder().join("../../fuzz/corpus/policy")).unwrap();
    let read = |seed: std::io::Result<std::fs::DirEntry>| {
        let path = seed.unwrap().path();
        let drafts = drafts(&std::fs::read(&path).unwrap());
        assert!(drafts.is_ok_and(|drafts| !drafts.is_empty()), "{}", path.display());
    };
    assert!(seeds.map(read).count() >= 5);
}
