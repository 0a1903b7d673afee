//! What ARCHITECTURE.md says of the source, checked against the source. Each check is itself tested on a source
//! that breaks it.

#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod documents;
mod layers;
mod paths;
mod purity;
mod tokens;

use std::fs;
use std::path::{Path, PathBuf};

/// Longest a binary's source may be, in lines: it parses, wires adapters to flows, and calls.
const BINARY_LINES: usize = 80;

/// The project's root.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The files below `folder` that end in `.extension`, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.expect("a folder's entry").path()) {
            match path.extension() {
                _ if path.is_dir() => folders.push(path),
                Some(own) if own == extension => found.push(path),
                _ => {}
            }
        }
    }
    found.sort();
    found
}

/// The source files with the module that each is.
fn modules() -> Vec<(PathBuf, Vec<String>)> {
    let source = root().join("src");
    let module = |path: PathBuf| {
        let relative = path.strip_prefix(&source).expect("a file of src/").with_extension("");
        let mut names = vec!["crate".to_owned()];
        names.extend(relative.iter().map(|name| name.to_string_lossy().into_owned()));
        if names.last().is_some_and(|last| last == "mod" || last == "lib") {
            names.pop();
        }
        (path, names)
    };
    files(&source, "rs").into_iter().map(module).collect()
}

/// Findings as `file:line: what`.
fn findings(check: impl Fn(&str, &[String]) -> Vec<(usize, String)>, rooms: &[&str]) -> Vec<String> {
    let wanted = |names: &[String]| {
        rooms.is_empty() || names.get(1).is_some_and(|room| rooms.contains(&room.as_str()))
    };
    let mut all = Vec::new();
    for (path, names) in modules().into_iter().filter(|(_, names)| wanted(names)) {
        let found = check(&read(&path), &names).into_iter();
        all.extend(found.map(|(line, what)| format!("{}:{line}: {what}", path.display())));
    }
    all
}

#[test]
fn no_arrow_points_back() {
    assert_eq!(findings(layers::arrows_back, &[]), Vec::<String>::new());
}

#[test]
fn rooms_that_decide_do_not_touch_the_world() {
    assert!(modules().iter().any(|(_, names)| names.get(1).is_some_and(|room| room == "model")));
    assert_eq!(findings(purity::impurities, &purity::PURE), Vec::<String>::new());
}

#[test]
fn every_part_of_a_port_is_known_to_be_port_or_adapter() {
    let known: Vec<&str> = layers::ADAPTERS.into_iter().chain(layers::PORT_PARTS).collect();
    for (path, names) in modules() {
        let [_, port, part, ..] = names.as_slice() else { continue };
        let name = format!("{port}::{part}");
        let port = port == "registry" || port == "signer";
        assert!(
            !port || known.contains(&name.as_str()),
            "{}: say in layers.rs what {name} is",
            path.display()
        );
    }
}

#[test]
fn a_binary_only_wires() {
    for (path, _) in modules().into_iter().filter(|(_, names)| names.get(1).is_some_and(|room| room == "bin"))
    {
        let lines = read(&path).lines().count();
        assert!(lines < BINARY_LINES, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_fuzz_target_is_built_and_has_a_seed() {
    let fuzz = root().join("fuzz");
    let manifest = read(&fuzz.join("Cargo.toml"));
    let targets = files(&fuzz.join("fuzz_targets"), "rs");
    assert!(!targets.is_empty());
    for target in targets {
        let name = target.file_stem().expect("a file's name").to_string_lossy().into_owned();
        assert!(manifest.contains(&format!("name = \"{name}\"")), "{name} is not in fuzz/Cargo.toml");
        let seeds = fs::read_dir(fuzz.join("corpus").join(&name)).map(Iterator::count);
        assert!(seeds.as_ref().is_ok_and(|count| *count > 0), "{name} has no seed: {seeds:?}");
    }
}
