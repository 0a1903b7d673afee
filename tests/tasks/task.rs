//! Tasks as they stand in tasks/.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A Task's file.
pub(crate) struct Task {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) yaml: Value,
}

/// All Tasks.
pub(crate) fn tasks() -> Vec<Task> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tasks");
    let mut found = Vec::new();
    for folder in [root.clone(), root.join("compat")] {
        let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let named = folders.map(|folder| folder.join(folder.file_name().unwrap()).with_extension("yaml"));
        found.extend(named.filter(|path| path.exists()).map(read));
    }
    assert!(found.len() >= 6, "the Tasks are not found");
    found
}

/// The Task of this name.
pub(crate) fn task(name: &str) -> Task {
    tasks().into_iter().find(|task| task.name() == name).unwrap_or_else(|| panic!("there is no Task {name}"))
}

fn read(path: PathBuf) -> Task {
    let text = std::fs::read_to_string(&path).unwrap();
    let yaml = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Task { path, text, yaml }
}

impl Task {
    pub(crate) fn name(&self) -> &str {
        self.yaml["metadata"]["name"].as_str().unwrap()
    }

    /// `params`, `workspaces`, `results` or `steps`; none is an empty list.
    pub(crate) fn list(&self, what: &str) -> Vec<&Value> {
        self.yaml["spec"][what].as_array().map(|list| list.iter().collect()).unwrap_or_default()
    }

    /// A step with what the step template gives it.
    pub(crate) fn steps(&self) -> Vec<Value> {
        let template = self.yaml["spec"]["stepTemplate"].as_object().cloned().unwrap_or_default();
        let whole = |step: &&Value| {
            let mut whole = template.clone();
            whole.extend(step.as_object().unwrap().clone());
            Value::Object(whole)
        };
        self.list("steps").iter().map(whole).collect()
    }

    pub(crate) fn is_list(&self, param: &str) -> bool {
        self.list("params").iter().any(|p| p["name"] == param && p["type"] == "array")
    }
}

/// A member that holds text.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} is missing in {value}"))
}

/// A step's arguments.
pub(crate) fn arguments(step: &Value) -> Vec<&str> {
    step["args"].as_array().unwrap().iter().map(|argument| argument.as_str().unwrap()).collect()
}
