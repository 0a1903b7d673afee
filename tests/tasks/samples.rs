//! What stands beside the Tasks for those who try them: samples/ and tests/ give each Task what it asks for.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::pipelines::{assert_given, interfaces, named};
use crate::task::tasks;

/// Objects of Tekton's in the files of a folder, each with its file.
fn objects(folder: &Path) -> Vec<(String, Value)> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        documents.into_iter().map(move |document| (path.display().to_string(), document))
    };
    files.flat_map(read).filter(|(_, object)| object["apiVersion"] == "tekton.dev/v1").collect()
}

/// The Pipeline that an object is, brings along, or would be with its one task.
fn pipeline(object: &Value) -> Value {
    match object["kind"].as_str().unwrap() {
        "Pipeline" => object["spec"].clone(),
        "PipelineRun" => object["spec"]["pipelineSpec"].clone(),
        "TaskRun" => {
            let mut task = object["spec"].clone();
            task["name"] = json!("run");
            for workspace in task["workspaces"].as_array_mut().into_iter().flatten() {
                workspace["workspace"] = workspace["name"].clone();
            }
            json!({"workspaces": task["workspaces"], "tasks": [task]})
        }
        other => panic!("{other}"),
    }
}

#[test]
fn samples_and_tests_use_their_task_and_give_it_what_it_asks_for() {
    let interfaces = interfaces();
    for task in tasks() {
        for folder in ["samples", "tests"].map(|folder| task.path.with_file_name(folder)) {
            let mut uses = 0;
            for (file, object) in objects(&folder) {
                let pipeline = pipeline(&object);
                let bound = named(&pipeline, "workspaces");
                let named = named(&pipeline, "tasks");
                for (name, given) in named.iter().filter(|(_, given)| given.get("taskRef").is_some()) {
                    assert_given(&interfaces, &format!("{file}: {name}"), given, &bound);
                    uses += usize::from(given["taskRef"]["name"] == task.name());
                }
            }
            assert!(uses > 0, "{} does not use {}", folder.display(), task.name());
        }
    }
}
