//! docs/json.md: its examples are what is printed, and its tables name exactly the members that are printed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::examples::example;
use crate::{in_project, writing};

const DOCUMENT: &str = "docs/json.md";
/// Before a block with an example: `<!-- example: NAME -->`.
const MARK: &str = "<!-- example: ";

/// What differs from run to run made the same: digests of signed things, times, sizes.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), masked(value))).collect(),
        Value::Array(elements) => elements.iter().map(masked).collect(),
        Value::Number(_) => Value::from(0),
        Value::String(text) => Value::from(masked_text(text)),
        other => other.clone(),
    }
}

fn masked_text(text: &str) -> String {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return "a time".to_owned();
    }
    if text.starts_with("-----BEGIN") {
        return "a key".to_owned();
    }
    let mut parts = text.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        format!("{before}sha256:…{}", &part[digits..])
    })
}

/// The examples of a text: their names and what stands there.
fn examples(text: &str) -> Vec<(&str, &str)> {
    let marked = text.split(MARK).skip(1);
    marked
        .map(|rest| {
            let (name, rest) = rest.split_once(" -->").unwrap();
            let block = rest.split("```json\n").nth(1).and_then(|rest| rest.split("\n```").next());
            (name, block.unwrap_or_else(|| panic!("no block of JSON after {name}")))
        })
        .collect()
}

#[test]
fn the_examples_are_what_is_printed() {
    let document = std::fs::read_to_string(in_project(DOCUMENT)).unwrap();
    let mut current = document.clone();
    for (name, shown) in examples(&document) {
        let run = example(name);
        let (value, code) = (run.json(), run.code);
        let parsed: Value = serde_json::from_str(shown).unwrap_or_default();
        let stated = format!("{MARK}{name} -->\n\nExit code {code}:");
        assert!(document.contains(&stated), "{name} ends with exit code {code}");
        if masked(&value) == masked(&parsed) {
            continue;
        }
        assert!(writing(), "{DOCUMENT}: {name} is\n{value:#}");
        let at = current.find(&format!("{MARK}{name} -->")).unwrap();
        let (before, after) = current.split_at(at);
        current = format!("{before}{}", after.replacen(shown, run.stdout.trim_end(), 1));
    }
    if current != document {
        std::fs::write(in_project(DOCUMENT), current).unwrap();
    }
}

/// Every member of a value by its path, `a.b[].c`. What claims are named is the signer's business.
fn members(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if name != "claims" {
                    members(value, &path, found);
                }
                found.insert(path);
            }
        }
        Value::Array(elements) => {
            elements.iter().for_each(|element| members(element, &format!("{path}[]"), found))
        }
        _ => {}
    }
}

/// The first cells of the tables in a section: "| `member` | …".
fn documented(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

/// The members in a section whose own members stand in another section, "…as under [an image](#an-image)…".
fn images(section: &str) -> Vec<String> {
    let rows = section.lines().filter(|row| row.contains("](#an-image)"));
    rows.filter_map(|row| row.strip_prefix("| `")?.split('`').next())
        .map(|path| format!("{path}[]."))
        .collect()
}

#[test]
fn the_tables_name_the_members_that_are_printed_and_no_others() {
    let document = std::fs::read_to_string(in_project(DOCUMENT)).unwrap();
    let (with, without): (Vec<_>, Vec<_>) =
        document.split("\n## ").skip(1).partition(|section| section.contains(MARK));
    assert_eq!(with.len(), 13);
    let mut of_images = BTreeSet::new();
    for section in with {
        let mut printed = BTreeSet::new();
        for (_, shown) in examples(section) {
            members(&serde_json::from_str(shown).unwrap(), "", &mut printed);
        }
        for below in images(section) {
            of_images.extend(printed.iter().filter_map(|path| path.strip_prefix(&below).map(str::to_owned)));
            printed.retain(|path| !path.starts_with(&below));
        }
        assert_eq!(documented(section), printed, "{}", section.lines().next().unwrap());
    }
    let image = without.iter().find(|section| section.starts_with("An image\n")).unwrap();
    assert_eq!(documented(image), of_images);
}
