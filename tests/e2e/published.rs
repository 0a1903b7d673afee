//! Every file that people apply, as the API server and Tekton's own admission see it.

use serde_json::{Value, json};

use crate::cluster::{CI, apply, kubectl_in};
use crate::shop::{adapted, file, json_of, manifests, namespace, shop};
use crate::support::cli::Run;

/// What the API server says of manifests, without keeping them.
fn dry_run(manifest: &str) -> Run {
    let arguments = ["apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", "-"];
    kubectl_in(CI, arguments).input(manifest).run()
}

/// The published files without those of Tekton Triggers, which is not installed here.
fn published() -> Vec<std::path::PathBuf> {
    let all = manifests("tasks").into_iter().chain(manifests("pipelines"));
    all.filter(|path| !std::fs::read_to_string(path).unwrap().contains("triggers.tekton.dev")).collect()
}

#[test]
fn the_api_server_accepts_every_task_and_pipeline() {
    shop();
    // A namespace that pipelines/pull-request names, and its reader has.
    apply("default", &namespace("shop-pr").to_string());
    let (mut tasks, mut pipelines) = (0, 0);
    for path in published() {
        let text = adapted(&path);
        if text.contains("generateName:") {
            let created = kubectl_in(CI, ["create", "--dry-run=server", "-f", "-"]).input(text).run();
            assert_eq!(created.code, 0, "{}: {created:#?}", path.display());
            continue;
        }
        tasks += text.matches("kind: Task\n").count();
        pipelines += text.matches("kind: Pipeline\n").count();
        let run = dry_run(&text);
        // The one Pipeline that shows what people come from names a kind that Tekton no longer has.
        if path.ends_with("migration/before.yaml") {
            assert!(run.code == 1 && run.stderr.contains("custom task ref"), "{run:#?}");
        } else {
            assert_eq!(run.code, 0, "{}: {run:#?}", path.display());
        }
    }
    assert!(tasks >= 10 && pipelines >= 4, "{tasks} Tasks, {pipelines} Pipelines");
}

#[test]
fn what_is_for_tekton_before_1_0_is_a_task_by_its_spec() {
    shop();
    let files = manifests("catalog/clustertask");
    assert!(files.len() >= 6, "{files:?}");
    for path in files {
        let text = adapted(&path).replace("kind: ClusterTask\n", "kind: Task\n");
        assert!(text.contains("apiVersion: tekton.dev/v1beta1\nkind: Task\n"), "{}", path.display());
        let run = dry_run(&text);
        assert_eq!(run.code, 0, "{}: {run:#?}", path.display());
    }
}

#[test]
fn admission_does_look_at_tasks() {
    shop();
    let mut task = json_of(&adapted(&file("tasks/build-sign/build-sign.yaml")));
    dry_run(&task.to_string()).expect_code(0);
    task["spec"]["steps"][0]["args"] = json!(["$(params.nobody)"]);
    let run = dry_run(&task.to_string()).expect_not_code(0);
    assert!(run.stderr.contains("non-existent variable"), "{run:#?}");
}

#[test]
fn the_namespace_refuses_what_the_restricted_level_refuses() {
    shop();
    let mut pod: Value = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "unrestricted"},
        "spec": {"containers": [{"name": "one", "image": "bed.invalid/one:1"}]},
    });
    let run = dry_run(&pod.to_string()).expect_not_code(0);
    assert!(run.stderr.contains("PodSecurity"), "{run:#?}");
    let task = json_of(&adapted(&file("tasks/build-sign/build-sign.yaml")));
    pod["spec"]["containers"][0]["securityContext"] = task["spec"]["steps"][0]["securityContext"].clone();
    dry_run(&pod.to_string()).expect_code(0);
}
