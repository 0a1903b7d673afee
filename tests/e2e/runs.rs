//! TaskRuns and PipelineRuns: started, waited for, and read.

use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{eventually, get, kubectl, seen};

/// How long a run may take on a machine that does several at once.
const PATIENCE: Duration = Duration::from_secs(480);

/// A PipelineRun that has ended.
#[derive(Debug)]
pub(crate) struct PipelineRun(Value);

/// A TaskRun that has ended.
#[derive(Debug)]
pub(crate) struct TaskRun(Value);

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn name(object: &Value) -> &str {
    text(&object["metadata"]["name"])
}

fn namespace(object: &Value) -> &str {
    text(&object["metadata"]["namespace"])
}

/// Tekton's one condition.
fn condition(object: &Value) -> &Value {
    &object["status"]["conditions"][0]
}

fn has_ended(object: &Value) -> bool {
    matches!(text(&condition(object)["status"]), "True" | "False")
}

/// Creates a run and waits for its end.
fn run(object: &Value) -> Value {
    let created =
        kubectl(["create", "--output=json", "-f", "-"]).input(object.to_string()).run().expect_code(0).json();
    let (namespace, name) = (namespace(&created), name(&created));
    let kind = text(&created["kind"]);
    eventually(&format!("the end of {kind} {name}"), PATIENCE, || {
        seen(namespace, kind, name).filter(has_ended)
    })
}

impl PipelineRun {
    /// Runs it.
    pub(crate) fn run(object: &Value) -> Self {
        Self(run(object))
    }

    /// The TaskRun of a task, if it was reached.
    pub(crate) fn task(&self, task: &str) -> Option<TaskRun> {
        let mut children = self.0["status"]["childReferences"].as_array().into_iter().flatten();
        let child = children.find(|child| child["pipelineTaskName"] == task)?;
        Some(TaskRun(get(namespace(&self.0), "taskrun", text(&child["name"]))))
    }

    /// The TaskRun of a task that was reached.
    #[track_caller]
    pub(crate) fn reached(&self, task: &str) -> TaskRun {
        self.task(task).unwrap_or_else(|| panic!("{task} was not reached: {}", self.all()))
    }

    /// Demands that every task succeeded.
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert_eq!(condition(&self.0)["status"], "True", "{}", self.all());
        self
    }

    /// Demands that it stopped at a task, with an exit code of its step, and that these were not reached.
    #[track_caller]
    pub(crate) fn expect_stop(self, task: &str, code: i64, not_reached: &[&str]) -> Self {
        self.reached(task).expect_exit(code);
        for other in not_reached {
            assert!(self.task(other).is_none(), "{other} was reached: {}", self.all());
        }
        self
    }

    /// Its condition, and those and the logs of its TaskRuns, for who looks for what went wrong.
    fn all(&self) -> String {
        let children = self.0["status"]["childReferences"].as_array().into_iter().flatten();
        let tasks: Vec<String> = children
            .map(|child| TaskRun(get(namespace(&self.0), "taskrun", text(&child["name"]))).all())
            .collect();
        format!("{:#}\n{}", condition(&self.0), tasks.join("\n"))
    }
}

impl TaskRun {
    /// Runs a Task that is in the namespace, with these params and what else belongs to the run's `spec`.
    pub(crate) fn of_task(namespace: &str, task: &str, params: Value, spec: Value) -> Self {
        Self::of_ref(namespace, json!({"name": task}), params, spec)
    }

    /// Runs a Task that `reference` leads to.
    pub(crate) fn of_ref(namespace: &str, reference: Value, params: Value, mut spec: Value) -> Self {
        let params = params.as_object().into_iter().flatten();
        let params: Vec<Value> = params.map(|(name, value)| json!({"name": name, "value": value})).collect();
        spec["taskRef"] = reference;
        spec["params"] = json!(params);
        Self(run(&json!({
            "apiVersion": "tekton.dev/v1", "kind": "TaskRun",
            "metadata": {"namespace": namespace, "generateName": "e2e-"}, "spec": spec,
        })))
    }

    /// Demands that it succeeded.
    #[track_caller]
    pub(crate) fn expect_success(self) -> Self {
        assert_eq!(condition(&self.0)["status"], "True", "{}", self.all());
        self
    }

    /// Demands that its step ended with a code other than 0, and that its condition's message says which.
    #[track_caller]
    pub(crate) fn expect_exit(self, code: i64) -> Self {
        let message = text(&condition(&self.0)["message"]);
        assert!(message.contains(&format!("exited with code {code}")), "{}", self.all());
        let steps = self.0["status"]["steps"].as_array().into_iter().flatten();
        let codes: Vec<i64> = steps.filter_map(|step| step["terminated"]["exitCode"].as_i64()).collect();
        assert_eq!(codes.last(), Some(&code), "{}", self.all());
        self
    }

    /// A result, as text.
    #[track_caller]
    pub(crate) fn result(&self, name: &str) -> String {
        let mut results = self.0["status"]["results"].as_array().into_iter().flatten();
        let result = results.find(|result| result["name"] == name);
        text(&result.unwrap_or_else(|| panic!("no result {name}: {}", self.all()))["value"]).to_owned()
    }

    /// What its steps printed.
    pub(crate) fn log(&self) -> String {
        let pod = text(&self.0["status"]["podName"]);
        if pod.is_empty() {
            return String::new();
        }
        kubectl(["logs", pod, "--all-containers", "--namespace", namespace(&self.0)]).run().all()
    }

    /// Demands that its steps printed all of this.
    #[track_caller]
    pub(crate) fn expect_log(self, sentences: &[&str]) -> Self {
        let log = self.log();
        for sentence in sentences {
            assert!(log.contains(sentence), "{sentence:?} is not in the log:\n{log}");
        }
        self
    }

    /// Demands that its steps printed what docs/tekton.md says they print; `…` stands for anything.
    #[track_caller]
    pub(crate) fn expect_documented(self, sentence: &str) -> Self {
        const DOCUMENT: &str = include_str!("../../docs/tekton.md");
        assert!(DOCUMENT.contains(sentence), "docs/tekton.md does not list {sentence:?}");
        let log = self.log();
        let mut rest = log.as_str();
        for part in sentence.split('…') {
            let (_, after) =
                rest.split_once(part).unwrap_or_else(|| panic!("{sentence:?} is not in the log:\n{log}"));
            rest = after;
        }
        self
    }

    /// The object.
    pub(crate) fn object(&self) -> &Value {
        &self.0
    }

    /// Its condition and its log.
    fn all(&self) -> String {
        format!("{}: {:#}\n{}", name(&self.0), condition(&self.0), self.log())
    }
}
