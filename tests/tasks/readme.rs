//! READMEs of the Tasks: their tables are the YAML's.

use std::fmt::Write as _;

use serde_json::Value;

use crate::task::{Task, tasks, text};

const START: &str = "<!-- tables: written by tests/tasks from the Task -->\n";
const END: &str = "<!-- end of tables -->";

/// A value as it would stand in the YAML.
fn shown(value: &Value) -> String {
    match value.as_str() {
        Some(text) if !text.is_empty() => format!("`{text}`"),
        _ => format!("`{value}`"),
    }
}

fn param(param: &Value) -> String {
    let kind = param["type"].as_str().unwrap_or("string");
    let default = param.get("default").map_or("required".to_owned(), shown);
    format!("{kind}, {default} | ")
}

fn workspace(workspace: &Value) -> String {
    let needed = if workspace["optional"] == true { "optional" } else { "required" };
    let access = if workspace["readOnly"] == true { ", read only" } else { "" };
    format!("{needed}{access} | ")
}

/// A section for one list of the Task; nothing where it has none. `columns` are those between name and meaning.
fn section(title: &str, head: &str, entries: &[&Value], columns: impl Fn(&Value) -> String) -> String {
    let mut section = String::new();
    if entries.is_empty() {
        return section;
    }
    let rule = "|---".repeat(head.matches('|').count() - 1);
    write!(section, "\n## {title}\n\n{head}\n{rule}|\n").unwrap();
    for entry in entries {
        let description = text(entry, "description").split_whitespace().collect::<Vec<_>>().join(" ");
        let description = description.replace('|', "\\|");
        writeln!(section, "| `{}` | {}{description} |", text(entry, "name"), columns(entry)).unwrap();
    }
    section
}

fn tables(task: &Task) -> String {
    let params = section("Params", "| param | type, default | meaning |", &task.list("params"), param);
    let workspaces =
        section("Workspaces", "| workspace | needed | meaning |", &task.list("workspaces"), workspace);
    let results = section("Results", "| result | meaning |", &task.list("results"), |_| String::new());
    format!("{params}{workspaces}{results}\n")
}

/// `COUNTERSIGN_WRITE=1 cargo test --test tasks readme` writes them; `make catalog` carries them on.
#[test]
fn the_tables_of_a_readme_are_the_task_s() {
    for task in tasks() {
        let path = task.path.with_file_name("README.md");
        let found = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = found.split_once(START).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        let expected = format!("{before}{START}{}{END}{after}", tables(&task));
        if found != expected {
            let writing = std::env::var_os("COUNTERSIGN_WRITE").is_some_and(|value| value == "1");
            assert!(
                writing,
                "{} is not fresh: COUNTERSIGN_WRITE=1 cargo test --test tasks readme",
                path.display()
            );
            std::fs::write(path, expected).unwrap();
        }
    }
}
