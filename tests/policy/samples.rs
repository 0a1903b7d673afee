//! The policies that policy-controller's own repository has: each is read, or refused with the field that is not
//! supported. None is read with a field left out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use countersign::policy::documents;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/policy/samples")
}

/// What is expected of each file.
fn expected() -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(folder().join("expected.tsv")).unwrap();
    let line = |line: &str| line.split_once('\t').map(|(file, said)| (file.to_owned(), said.to_owned()));
    text.lines().map(|text| line(text).unwrap()).collect()
}

/// `read`, or the field that an error names.
fn said(file: &str) -> String {
    match documents(&std::fs::read(folder().join(file)).unwrap()) {
        Ok(read) if read.drafts.len() == 1 => "read".to_owned(),
        Ok(read) => format!("{} policies", read.drafts.len()),
        Err(error) => {
            assert!(error.place.is_some(), "{file}: {error}");
            error.field.unwrap_or_else(|| format!("no field: {}", error.reason))
        }
    }
}

#[test]
fn every_policy_of_policy_controllers_repository_is_read_or_refused_with_a_named_field() {
    let wrong: Vec<String> = expected()
        .iter()
        .map(|(file, expected)| (file, expected, said(file)))
        .filter(|(_, expected, said)| *expected != said)
        .map(|(file, expected, said)| format!("{file}: {expected} is expected, not {said}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_has_an_expectation() {
    let folders = std::fs::read_dir(folder().join("policy-controller")).unwrap();
    let files = folders.flat_map(|folder| std::fs::read_dir(folder.unwrap().path()).unwrap());
    let expected = expected();
    let mut count = 0;
    for file in files.map(|file| file.unwrap().path()) {
        let name = file.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
        assert!(expected.contains_key(&name), "{name}");
        count += 1;
    }
    assert_eq!(count, expected.len());
    assert!(count > 80, "{count}");
}
