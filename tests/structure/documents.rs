//! What the documents name is there: the folders of ARCHITECTURE.md's tree, the files that links lead to, the
//! documents that the source speaks of.

use std::path::{Path, PathBuf};

use crate::{files, modules, read, root};

/// The paths in an indented tree, two spaces a level; a line's first word is the name.
fn tree_paths(tree: &str) -> Vec<PathBuf> {
    let mut above: Vec<&str> = Vec::new();
    let mut paths = Vec::new();
    for line in tree.lines().filter(|line| !line.trim().is_empty()) {
        let level = (line.len() - line.trim_start().len()) / 2;
        above.truncate(level);
        above.extend(line.split_whitespace().next());
        paths.push(above.iter().collect());
    }
    paths
}

/// The first fenced block of a document.
fn first_block(document: &str) -> &str {
    document.split("```").nth(1).and_then(|block| block.split_once('\n')).map_or("", |(_, block)| block)
}

/// Where the links of a Markdown document lead, without those to other sites and within the document.
fn links(document: &str) -> Vec<&str> {
    // What stands in a code block or between backticks is no link.
    let prose = document.split("```").step_by(2).flat_map(|text| text.split('`').step_by(2));
    let targets = prose.flat_map(|text| text.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
    let inside = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    inside.map(|target| target.split('#').next().unwrap_or(target)).collect()
}

/// The documents `docs/….md` that a text speaks of.
fn spoken_of(text: &str) -> Vec<String> {
    let after = text.split("docs/").skip(1);
    let name = |rest: &str| -> String {
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_./".contains(*c)).collect()
    };
    after
        .map(name)
        .filter_map(|name| name.split_once(".md").map(|(stem, _)| format!("docs/{stem}.md")))
        .collect()
}

fn documents() -> Vec<PathBuf> {
    let top =
        std::fs::read_dir(root()).expect("the project's root").map(|entry| entry.expect("an entry").path());
    let mut found: Vec<_> = top.filter(|path| path.extension().is_some_and(|own| own == "md")).collect();
    for folder in ["docs", "tasks", "catalog", "pipelines"] {
        found.extend(files(&root().join(folder), "md"));
    }
    found
}

#[test]
fn the_tree_of_the_architecture_is_there() {
    let document = read(&root().join("ARCHITECTURE.md"));
    let paths = tree_paths(first_block(&document));
    assert!(paths.len() > 10, "{paths:?}");
    for path in paths {
        let at = root().join(&path);
        assert!(at.exists() || at.with_extension("rs").is_file(), "{} is not there", path.display());
    }
}

#[test]
fn every_room_stands_in_the_tree_of_the_architecture() {
    let document = read(&root().join("ARCHITECTURE.md"));
    let paths = tree_paths(first_block(&document));
    for (_, names) in modules() {
        let [_, room, ..] = names.as_slice() else { continue };
        let named = |path: &PathBuf| path.with_extension("") == Path::new("src").join(room);
        assert!(paths.iter().any(named), "src/{room} is not in ARCHITECTURE.md");
    }
}

#[test]
fn every_link_leads_to_a_file() {
    for document in documents() {
        let text = read(&document);
        for link in links(&text) {
            let folder = document.parent().expect("a document's folder");
            assert!(folder.join(link).exists(), "{}: {link}", document.display());
        }
    }
}

#[test]
fn every_document_that_is_spoken_of_is_there() {
    let sources = modules().into_iter().map(|(path, _)| path);
    for path in sources.chain(documents()) {
        for document in spoken_of(&read(&path)) {
            assert!(root().join(&document).is_file(), "{} speaks of {document}", path.display());
        }
    }
}

#[test]
fn a_tree_is_read_with_its_levels() {
    let tree = "src/\n  model/     what signatures are\n    key        x\n  lib.rs\ntests/\n";
    let expected = ["src/", "src/model/", "src/model/key", "src/lib.rs", "tests/"].map(PathBuf::from);
    assert_eq!(tree_paths(tree), expected);
    assert_eq!(first_block("a\n```text\nb\n```\n"), "b\n");
}

#[test]
fn links_are_found_and_code_is_not_a_link() {
    let document = "[a](b.md) [c](https://d) [e](#f) `x[i](g)`\n```\n[h](i)\n```\n[j](k.md#l)";
    assert_eq!(links(document), ["b.md", "k.md"]);
    assert_eq!(
        spoken_of("see docs/errors.md. And docs/adr/0001-x.md, docs/"),
        ["docs/errors.md", "docs/adr/0001-x.md"]
    );
}
