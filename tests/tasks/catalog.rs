//! The catalog as Artifact Hub reads a repository of Tekton tasks with versions in folders: it skips, with a warning that
//! its users never see, what does not have this form (github.com/artifacthub/hub, internal/tracker/source/tekton).

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::task::{tasks, text};

fn folders(of: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.is_dir()).collect()
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// What Artifact Hub takes for a version, up to pre-releases, which no version here is.
fn is_version(text: &str) -> bool {
    (1..=3).contains(&text.split('.').count()) && text.split('.').all(|number| number.parse::<u32>().is_ok())
}

#[test]
fn artifact_hub_finds_every_version_of_every_task() {
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/task");
    let mut found = Vec::new();
    for package in folders(&catalog) {
        for version in folders(&package) {
            assert!(is_version(name(&version)), "{}", version.display());
            let file = version.join(name(&package)).with_extension("yaml");
            let task: Value = serde_saphyr::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
            let (metadata, spec) = (&task["metadata"], &task["spec"]);
            assert_eq!(text(metadata, "name"), name(&package));
            assert_eq!(text(&metadata["labels"], "app.kubernetes.io/version"), name(&version));
            assert!(!text(spec, "description").is_empty());
            let annotations = &metadata["annotations"];
            assert_eq!(annotations["artifacthub.io/category"], "security");
            assert_eq!(annotations["artifacthub.io/license"], "Apache-2.0");
            for annotation in ["tekton.dev/displayName", "tekton.dev/tags", "tekton.dev/pipelines.minVersion"]
            {
                assert!(!text(annotations, annotation).is_empty(), "{}", file.display());
            }
            assert!(version.join("README.md").exists());
            found.push(name(&package).to_owned());
        }
    }
    let mut expected: Vec<_> = tasks().iter().map(|task| task.name().to_owned()).collect();
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn the_repository_file_of_artifact_hub_has_its_members() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog/task/artifacthub-repo.yml");
    let read: Value = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let members: Vec<_> = read.as_object().unwrap().keys().collect();
    // repositoryID and owners are the publisher's; `ignore` is the third that Artifact Hub knows.
    assert_eq!(members, ["owners"]);
    assert!(read["owners"].as_array().is_some());
}
