//! The commands in the documents are commands of the program.

use crate::in_project;

/// The lines of shell in a document that call the program, joined where they are broken with a backslash.
fn calls(document: &str) -> Vec<String> {
    let blocks = document.split("```sh\n").skip(1).filter_map(|rest| rest.split("```").next());
    let text = blocks.collect::<String>().replace("\\\n", " ");
    let lines = text.lines().map(|line| line.trim().trim_start_matches("$ ").to_owned());
    lines.filter(|line| line.starts_with("countersign ")).collect()
}

/// A line as words, without quotes and what follows the command.
fn words(line: &str) -> Vec<String> {
    let command = line.split([';', '|', '>', '#']).next().unwrap();
    command.replace(['"', '\''], "").split_whitespace().map(str::to_owned).collect()
}

#[test]
fn every_command_in_the_documents_is_accepted() {
    let mut paths = vec![in_project("README.md")];
    let folders = ["docs", "docs/migrating"].map(|folder| std::fs::read_dir(in_project(folder)).unwrap());
    let guides = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    paths.extend(guides.filter(|path| path.extension().is_some_and(|extension| extension == "md")));
    let mut found = 0;
    for path in paths {
        for line in calls(&std::fs::read_to_string(&path).unwrap()) {
            let read = countersign::cli::definition().try_get_matches_from(words(&line));
            assert!(read.is_ok(), "{}: {line}\n{}", path.display(), read.unwrap_err());
            found += 1;
        }
    }
    assert!(found >= 8, "only {found} commands were found");
}
