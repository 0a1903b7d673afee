//! What every Task promises.

use serde_json::{Value, json};

use crate::task::{Task, arguments, task, tasks, text};

/// What stands in for the image until `make catalog IMAGE=…` puts one there.
const PLACEHOLDER: &str =
    "      default: countersign.invalid/countersign:unset # set by: make catalog IMAGE=REPO@DIGEST\n";

fn each_step(check: impl Fn(&Task, &Value)) {
    let tasks = tasks();
    for task in &tasks {
        for step in task.steps() {
            check(task, &step);
        }
    }
}

#[test]
fn a_step_is_our_binary_without_a_shell() {
    each_step(|task, step| {
        assert_eq!(step["command"], json!(["/usr/bin/countersign"]), "{}", task.name());
        assert_eq!(step["image"], "$(params.countersign-image)", "{}", task.name());
        assert!(step.get("script").is_none(), "{}", task.name());
    });
}

#[test]
fn a_step_may_run_where_restricted_is_the_rule() {
    let context = json!({
        "runAsNonRoot": true, "runAsUser": 65532, "runAsGroup": 65532, "readOnlyRootFilesystem": true,
        "allowPrivilegeEscalation": false, "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    });
    each_step(|task, step| {
        assert_eq!(step["securityContext"], context, "{}", task.name());
        assert_eq!(step["env"], json!([{"name": "HOME", "value": "/tekton/home"}]), "{}", task.name());
        let resources = &step["computeResources"];
        for place in ["/requests/cpu", "/requests/memory", "/limits/memory"] {
            assert!(resources.pointer(place).is_some(), "{}: {place}", task.name());
        }
        // Exit codes are answers: a step that is tried again, or passed over, would hide them.
        assert!(step.get("onError").is_none() && step.get("retries").is_none(), "{}", task.name());
    });
}

#[test]
fn no_result_is_one_that_tekton_chains_takes_for_a_built_artifact() {
    for task in tasks() {
        for result in task.list("results") {
            let name = text(result, "name");
            let taken = ["IMAGE_URL", "IMAGE_DIGEST", "IMAGES", "ARTIFACT_URI", "ARTIFACT_DIGEST"]
                .iter()
                .any(|end| name.ends_with(end))
                || name.contains("ARTIFACT_");
            assert!(!taken, "{}: {name}", task.name());
        }
    }
}

#[test]
fn the_image_is_the_marked_placeholder() {
    for task in tasks() {
        assert_eq!(task.text.matches(PLACEHOLDER).count(), 1, "{}", task.name());
        assert_eq!(task.text.matches("countersign.invalid").count(), 1, "{}", task.name());
    }
}

#[test]
fn a_param_never_stands_where_it_could_be_an_option() {
    each_step(|task, step| {
        let arguments = arguments(step);
        let lists = arguments.iter().position(|argument| argument.starts_with("--lists="));
        let end = arguments.iter().position(|argument| *argument == "--").unwrap();
        for (place, argument) in
            arguments.iter().enumerate().filter(|(_, argument)| argument.starts_with("$("))
        {
            let in_a_list = lists.is_some_and(|lists| place > lists) && task.is_list(param(argument));
            assert!(place > end || in_a_list, "{}: {argument}", task.name());
        }
        let named = lists.map(|place| arguments[place].trim_start_matches("--lists="));
        let between = arguments.get(lists.map_or(end, |place| place + 1)..end).unwrap();
        let options: Vec<_> = between.iter().filter_map(|argument| argument.strip_prefix("--")).collect();
        assert_eq!(named.unwrap_or_default(), options.join(","), "{}", task.name());
    });
}

/// The name in `$(params.NAME[*])`.
fn param(argument: &str) -> &str {
    argument.trim_start_matches("$(params.").trim_end_matches(")").trim_end_matches("[*]")
}

#[test]
fn what_is_declared_is_used_and_what_is_used_is_declared() {
    // The drop-in takes what the Task that it stands in for took, and says that it does not use it.
    let unused = ["$(params.NAMESPACE)", "$(params.COSIGN_VERSION)", "$(workspaces.source.path)"];
    for task in tasks() {
        let spec = task.yaml["spec"].to_string();
        let mut declared: Vec<String> = task
            .list("params")
            .iter()
            .map(|param| match param["type"] == "array" {
                true => format!("$(params.{}[*])", text(param, "name")),
                false => format!("$(params.{})", text(param, "name")),
            })
            .collect();
        declared.extend(
            task.list("workspaces").iter().map(|w| format!("$(workspaces.{}.path)", text(w, "name"))),
        );
        for name in &declared {
            let expected = !(task.name() == "stakater-cosign-v1" && unused.contains(&name.as_str()));
            assert_eq!(spec.contains(name.as_str()), expected, "{}: {name}", task.name());
        }
        for used in spec.split("$(").skip(1).map(|rest| format!("$({})", rest.split(')').next().unwrap())) {
            let known = declared.contains(&used) || used == "$(context.taskRun.namespace)";
            assert!(known, "{}: {used}", task.name());
        }
    }
}

#[test]
fn a_task_is_of_the_stable_api_and_says_what_it_is() {
    for task in tasks() {
        assert_eq!((&task.yaml["apiVersion"], &task.yaml["kind"]), (&json!("tekton.dev/v1"), &json!("Task")));
        assert_eq!(task.path.file_stem().unwrap(), task.name());
        assert_eq!(task.yaml["metadata"]["labels"]["app.kubernetes.io/version"], "0.1");
        for what in ["params", "workspaces", "results"] {
            let described = |value: &&Value| text(value, "description").ends_with('.');
            assert!(task.list(what).iter().all(described), "{}: {what}", task.name());
        }
    }
}

#[test]
fn the_second_signature_cannot_be_had_without_the_scan_s_word() {
    let task = task("validation-sign");
    let required =
        |name: &str| task.list("params").iter().any(|p| p["name"] == name && p.get("default").is_none());
    for name in ["image", "digest", "reports", "report-digests"] {
        assert!(required(name), "{name}");
    }
    assert!(arguments(&task.steps()[0]).contains(&"--require-scan-digest"));
}
