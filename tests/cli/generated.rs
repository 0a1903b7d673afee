//! Completions and manual pages are generated from the definition of the command line, and are fresh.

use clap_complete::Shell;

use crate::{fresh, in_project};

#[test]
fn completions_are_those_of_the_definition() {
    for (shell, file) in
        [(Shell::Bash, "countersign.bash"), (Shell::Zsh, "_countersign"), (Shell::Fish, "countersign.fish")]
    {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut countersign::cli::definition(), "countersign", &mut script);
        fresh(&format!("completions/{file}"), &String::from_utf8(script).unwrap());
    }
}

/// Every command with its full name, `countersign-keys-generate`.
fn commands(mut command: clap::Command, name: &str, all: &mut Vec<(String, clap::Command)>) {
    command = command.display_name(name.to_owned()).bin_name(name.replace('-', " "));
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        commands(below.clone(), &format!("{name}-{}", below.get_name()), all);
    }
    all.push((name.to_owned(), command));
}

#[test]
fn manual_pages_are_those_of_the_definition() {
    let mut definition = countersign::cli::definition().disable_help_subcommand(true);
    definition.build();
    let mut all = Vec::new();
    commands(definition, "countersign", &mut all);
    let mut files: Vec<String> = all.iter().map(|(name, _)| format!("{name}.1")).collect();
    for (name, command) in all {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).unwrap();
        fresh(&format!("docs/man/{name}.1"), &String::from_utf8(page).unwrap());
    }
    files.sort();
    let there = std::fs::read_dir(in_project("docs/man")).unwrap();
    let mut there: Vec<String> =
        there.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort();
    assert_eq!(there, files, "a page of a command that is gone");
}
