//! How the Pipelines are wired: a real Tekton would find much of it only when the Pipeline runs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::task::{task, tasks, text};

/// What a Task asks for and gives. Of the catalog's git-clone and buildah (0.10) it is what stands in their definitions.
#[derive(Default)]
pub(crate) struct Interface {
    /// With whether it is a list, and whether it must be given.
    params: BTreeMap<String, (bool, bool)>,
    /// With whether it must be bound.
    workspaces: BTreeMap<String, bool>,
    results: Vec<String>,
}

impl Interface {
    fn of(task: &Value) -> Self {
        let list = |what: &str| task["spec"][what].as_array().cloned().unwrap_or_default();
        let name = |value: &Value| text(value, "name").to_owned();
        let param = |p: &Value| (name(p), (p["type"] == "array", p.get("default").is_none()));
        Self {
            params: list("params").iter().map(param).collect(),
            workspaces: list("workspaces").iter().map(|w| (name(w), w["optional"] != true)).collect(),
            results: list("results").iter().map(name).collect(),
        }
    }

    /// A Task of the catalog; what must be given has an exclamation mark.
    fn of_the_catalog(params: &[&str], workspaces: &[&str], results: &[&str]) -> Self {
        let marked = |name: &&str| (name.trim_end_matches('!').to_owned(), name.ends_with('!'));
        Self {
            params: params.iter().map(marked).map(|(name, needed)| (name, (false, needed))).collect(),
            workspaces: workspaces.iter().map(marked).collect(),
            results: results.iter().map(|name| (*name).to_owned()).collect(),
        }
    }
}

pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The documents of a file, without those that hold comments alone.
fn documents(path: &str) -> Vec<Value> {
    let documents: Vec<Value> =
        serde_saphyr::from_multiple(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    documents.into_iter().filter(Value::is_object).collect()
}

fn document(path: &str) -> Value {
    documents(path).remove(0)
}

/// The YAML files below pipelines/, by their paths in it.
fn files() -> Vec<String> {
    let folders = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|path| std::fs::read_dir(path).unwrap());
    let mut found: Vec<_> = files
        .map(|entry| entry.unwrap().path().strip_prefix(folder()).unwrap().to_str().unwrap().to_owned())
        .filter(|path| path.ends_with(".yaml"))
        .collect();
    found.sort();
    found
}

/// Objects of this kind of Tekton's, each with its file.
fn objects(kind: &str) -> Vec<(String, Value)> {
    let ours = |object: &Value| object["kind"] == kind && object["apiVersion"] == "tekton.dev/v1";
    let in_a_file = |file: String| documents(&file).into_iter().map(move |object| (file.clone(), object));
    let found: Vec<_> = files().into_iter().flat_map(in_a_file).filter(|(_, object)| ours(object)).collect();
    assert!(!found.is_empty(), "no {kind} is found");
    found
}

pub(crate) fn interfaces() -> BTreeMap<String, Interface> {
    let own =
        objects("Task").into_iter().map(|(_, task)| task).chain(tasks().into_iter().map(|task| task.yaml));
    let named = own.map(|task| (text(&task["metadata"], "name").to_owned(), Interface::of(&task)));
    let clone =
        Interface::of_the_catalog(&["url!", "revision"], &["output!", "basic-auth"], &["commit", "url"]);
    let build = Interface::of_the_catalog(
        &["IMAGE!", "DOCKERFILE", "CONTEXT"],
        &["source!", "sslcertdir", "dockerconfig"],
        &["IMAGE_URL", "IMAGE_DIGEST"],
    );
    named.chain([("git-clone".to_owned(), clone), ("buildah".to_owned(), build)]).collect()
}

/// The elements of a list in `value`, by their names.
pub(crate) fn named<'a>(value: &'a Value, list: &str) -> BTreeMap<&'a str, &'a Value> {
    value[list].as_array().into_iter().flatten().map(|element| (text(element, "name"), element)).collect()
}

/// A Pipeline's task of this name.
fn task_of<'a>(pipeline: &'a Value, name: &str) -> &'a Value {
    named(&pipeline["spec"], "tasks").remove(name).unwrap_or_else(|| panic!("there is no task {name}"))
}

/// What `tasks.NAME.results.RESULT` in a text refers to.
fn results_in(text: &str) -> Vec<(String, String)> {
    let references = text.split("$(tasks.").skip(1).map(|rest| rest.split(')').next().unwrap());
    let parted = references.map(|reference| reference.split_once(".results.").unwrap());
    parted.map(|(task, result)| (task.to_owned(), result.trim_end_matches("[*]").to_owned())).collect()
}

/// Asserts that a Pipeline's task gives what its Task asks for, and nothing else; `bound` are the Pipeline's workspaces.
pub(crate) fn assert_given(
    interfaces: &BTreeMap<String, Interface>,
    place: &str,
    task: &Value,
    bound: &BTreeMap<&str, &Value>,
) {
    let interface = &interfaces[text(&task["taskRef"], "name")];
    let params = named(task, "params");
    for (param, given) in &params {
        let list = interface.params.get(*param).map(|(list, _)| *list);
        assert_eq!(list, Some(given["value"].is_array()), "{place}: {param}");
    }
    for (param, (_, needed)) in &interface.params {
        assert!(!needed || params.contains_key(param.as_str()), "{place} without {param}");
    }
    let workspaces = named(task, "workspaces");
    for (workspace, given) in &workspaces {
        let needed = interface.workspaces.get(*workspace);
        let optional = bound[text(given, "workspace")]["optional"] == true;
        assert!(needed.is_some_and(|needed| !(*needed && optional)), "{place}: {workspace}");
    }
    for (workspace, needed) in &interface.workspaces {
        assert!(!needed || workspaces.contains_key(workspace.as_str()), "{place} without {workspace}");
    }
    assert!(task.get("retries").is_none(), "{place} would try a denial again");
}

#[test]
fn every_task_of_a_pipeline_gets_what_its_task_asks_for() {
    let interfaces = interfaces();
    for (file, pipeline) in objects("Pipeline") {
        let bound = named(&pipeline["spec"], "workspaces");
        for (name, task) in named(&pipeline["spec"], "tasks") {
            assert_given(&interfaces, &format!("{file}: {name}"), task, &bound);
        }
    }
}

#[test]
fn every_result_that_is_used_is_given() {
    let interfaces = interfaces();
    for (file, pipeline) in objects("Pipeline") {
        for (task, result) in results_in(&pipeline.to_string()) {
            let interface = &interfaces[text(&task_of(&pipeline, &task)["taskRef"], "name")];
            assert!(interface.results.contains(&result), "{file}: {task} has no result {result}");
        }
    }
}

#[test]
fn a_run_gives_its_pipeline_what_it_asks_for_and_nothing_else() {
    for (file, run) in objects("PipelineRun") {
        let pipeline = document(&file.replace("run.yaml", "pipeline.yaml"));
        assert_eq!(run["spec"]["pipelineRef"]["name"], pipeline["metadata"]["name"], "{file}");
        for list in ["params", "workspaces"] {
            let (asked, given) = (named(&pipeline["spec"], list), named(&run["spec"], list));
            for (name, asked) in &asked {
                let needed = asked.get("default").is_none() && asked["optional"] != true;
                assert!(!needed || given.contains_key(name), "{file}: {name}");
            }
            assert!(given.keys().all(|name| asked.contains_key(name)), "{file}: {list}");
        }
    }
}

#[test]
fn the_digest_that_was_built_is_what_is_signed_scanned_and_gated() {
    for file in ["two-signatures/pipeline.yaml", "pull-request/pipeline.yaml"] {
        let pipeline = document(file);
        let tasks = named(&pipeline["spec"], "tasks");
        let built = tasks.values().filter_map(|task| named(task, "params").remove("digest"));
        let digests: Vec<_> = built.map(|digest| &digest["value"]).collect();
        assert!(digests.len() >= 2, "{file}");
        assert!(digests.iter().all(|digest| **digest == "$(tasks.build.results.IMAGE_DIGEST)"), "{file}");
    }
    let pipeline = document("two-signatures/pipeline.yaml");
    let given = |task: &str, param: &str| named(task_of(&pipeline, task), "params")[param]["value"].clone();
    assert_eq!(
        given("deploy-gate", "images"),
        json!(["$(params.image)@$(tasks.build.results.IMAGE_DIGEST)"])
    );
    assert_eq!(given("validation-sign", "report-digests"), json!(["$(tasks.scan.results.REPORT_DIGEST)"]));
    assert_eq!(given("deploy", "manifests"), given("deploy-gate", "manifests"));
    // Both start the path in one folder, so that an empty one is not the whole of it.
    let (_, deploy) = &objects("Task").into_iter().find(|(file, _)| file.ends_with("deploy.yaml")).unwrap();
    assert_eq!(deploy["spec"]["steps"][0]["workingDir"], "$(workspaces.source.path)");
    assert!(
        deploy["spec"]["steps"][0]["args"]
            .as_array()
            .unwrap()
            .contains(&json!("--filename=$(params.manifests)"))
    );
    for (task, before) in
        [("validation-sign", "build-sign"), ("deploy-gate", "validation-sign"), ("deploy", "deploy-gate")]
    {
        assert_eq!(task_of(&pipeline, task)["runAfter"], json!([before]), "{task}");
    }
}

#[test]
fn neither_the_clone_nor_the_build_sees_the_folder_of_the_report() {
    let pipeline = document("two-signatures/pipeline.yaml");
    let folder = |task: &str, workspace: &str| {
        named(task_of(&pipeline, task), "workspaces")[workspace]["subPath"].clone()
    };
    assert_eq!((folder("clone", "output"), folder("build", "source")), (json!("source"), json!("source")));
    assert_eq!((folder("scan", "scan"), folder("validation-sign", "scan")), (json!("scan"), json!("scan")));
}

#[test]
fn each_key_belongs_to_one_task_s_account() {
    let run = document("two-signatures/run.yaml");
    let accounts: BTreeMap<_, _> = run["spec"]["taskRunSpecs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|spec| (text(spec, "pipelineTaskName"), text(spec, "serviceAccountName")))
        .collect();
    let expected = [
        ("build-sign", "countersign-build"),
        ("deploy", "app-deployer"),
        ("deploy-gate", "countersign-gate"),
        ("validation-sign", "countersign-validation"),
    ];
    assert_eq!(accounts, expected.into());
    let everybody = &run["spec"]["taskRunTemplate"]["serviceAccountName"];
    let account = documents("two-signatures/accounts.yaml").remove(0);
    assert_eq!(
        (everybody, &account["automountServiceAccountToken"]),
        (&account["metadata"]["name"], &json!(false))
    );
}

#[test]
fn a_pull_request_has_no_key_in_reach() {
    for file in files().iter().filter(|file| file.starts_with("pull-request/")) {
        let text = read(file);
        assert!(!text.contains("k8s://") && !text.contains("countersign-build"), "{file}");
    }
    let run = document("pull-request/run.yaml");
    let [account] = &documents("pull-request/accounts.yaml")[..] else { panic!("an account, and no Role") };
    assert_eq!(account["automountServiceAccountToken"], false);
    assert_eq!(run["spec"]["taskRunTemplate"]["serviceAccountName"], account["metadata"]["name"]);
    assert!(run["spec"].get("taskRunSpecs").is_none());
    let mounted: Vec<_> =
        named(&run["spec"], "workspaces").into_values().filter_map(|w| w.get("secret")).collect();
    assert!(!mounted.is_empty() && mounted.iter().all(|secret| text(secret, "secretName") == "registry"));
}

#[test]
fn a_push_starts_what_run_yaml_starts() {
    let mut run = document("two-signatures/run.yaml");
    for param in run["spec"]["params"].as_array_mut().unwrap() {
        if param["name"] == "revision" {
            param["value"] = json!("$(tt.params.revision)");
        }
    }
    let triggers = documents("two-signatures/triggers.yaml");
    let template = triggers.iter().find(|object| object["kind"] == "TriggerTemplate").unwrap();
    assert_eq!(template["spec"]["resourcetemplates"], json!([run]));
}

#[test]
fn moving_over_from_the_cluster_task_changes_one_line() {
    let (before, after) = (read("migration/before.yaml"), read("migration/after.yaml"));
    let lines = before.lines().zip(after.lines()).skip(1);
    let changed: Vec<_> = lines.filter(|(before, after)| before != after).collect();
    assert_eq!(before.lines().count(), after.lines().count());
    assert_eq!(changed, [("        kind: ClusterTask", "        kind: Task")]);
}

#[test]
fn a_step_of_a_pipeline_s_own_task_may_run_where_restricted_is_the_rule() {
    let context = json!({
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "readOnlyRootFilesystem": true,
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    for (file, task) in objects("Task") {
        let template = &task["spec"]["stepTemplate"]["securityContext"];
        for step in task["spec"]["steps"].as_array().unwrap() {
            assert_eq!(step.get("securityContext").unwrap_or(template), &context, "{file}");
            let script = step["script"].as_str().unwrap_or_default();
            for variable in ["$(params", "$(workspaces", "$(results", "$(context"] {
                assert!(!script.contains(variable), "{file}: {variable} becomes part of a script");
            }
        }
    }
}

#[test]
fn no_account_gets_rights_that_do_not_stand_here_nor_secrets_nor_other_accounts() {
    let all: Vec<_> = files().into_iter().flat_map(|file| documents(&file)).collect();
    let of_kind = |kind: &str| all.iter().filter(move |object| object["kind"] == kind).collect::<Vec<_>>();
    let mut bindings = of_kind("RoleBinding");
    bindings.extend(of_kind("ClusterRoleBinding"));
    assert!(bindings.len() >= 3);
    for binding in bindings {
        let role = &binding["roleRef"];
        let here = of_kind(text(role, "kind")).iter().any(|known| known["metadata"]["name"] == role["name"]);
        assert!(here, "{role}");
    }
    for role in of_kind("Role").into_iter().chain(of_kind("ClusterRole")) {
        let rules = role["rules"].to_string();
        for word in ["secrets", "impersonate", "\"*\"", "escalate"] {
            assert!(!rules.contains(word), "{}: {word}", role["metadata"]["name"]);
        }
    }
}

#[test]
fn reports_are_judged_alike_for_a_change_and_for_a_signature() {
    let judge = document("pull-request/judge-scan.yaml");
    let sign = task("validation-sign").yaml;
    for validating in [&judge, &sign] {
        let steps = validating["spec"]["steps"].as_array().unwrap();
        let step = steps.iter().find(|step| step["args"][0] == "validate").unwrap();
        for argument in ["--require-scan-digest", "--scan-folder=$(workspaces.scan.path)", "--recursive"] {
            assert!(step["args"].as_array().unwrap().contains(&json!(argument)), "{argument}");
        }
        assert!(step.get("workingDir").is_none());
    }
}
