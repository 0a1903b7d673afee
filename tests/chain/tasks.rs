//! The arguments of the Tekton Tasks, filled in as Tekton fills them in, and run by the real binary.

#[path = "../tasks/task.rs"]
#[allow(dead_code, reason = "the tests of the Tasks' form need more of it")]
mod task;

use std::collections::HashMap;

use countersign::model::Digest;
use serde_json::Value;

use crate::policies::{pod, production};
use crate::reports::{clean, trivy};
use crate::support::cli::{Countersign, Run};
use crate::support::image::Pushed;
use crate::support::keys::TestKey;
use crate::support::temp::TempFolder;
use crate::world::{LENIENT, World, keys, rules_text};
use task::{Task, arguments, task};

/// A Task with params and workspaces.
struct TaskRun {
    task: Task,
    values: HashMap<String, String>,
    lists: HashMap<String, Vec<String>>,
    results: TempFolder,
    workspaces: Vec<TempFolder>,
    /// Its home is also what the step's working folder is.
    command: Countersign,
}

impl TaskRun {
    /// With the params' defaults, and no workspace.
    fn of(name: &str) -> Self {
        let task = task(name);
        let (mut values, mut lists) = (HashMap::new(), HashMap::new());
        for param in task.list("params") {
            let name = param["name"].as_str().unwrap();
            match &param["default"] {
                Value::String(text) => drop(values.insert(format!("params.{name}"), text.clone())),
                Value::Array(_) => drop(lists.insert(name.to_owned(), Vec::new())),
                _ => {}
            }
        }
        for workspace in task.list("workspaces") {
            values.insert(format!("workspaces.{}.path", workspace["name"].as_str().unwrap()), String::new());
        }
        let (results, command) = (TempFolder::new(), Countersign::new());
        Self { task, values, lists, results, workspaces: Vec::new(), command }
    }

    fn param(mut self, name: &str, value: impl Into<String>) -> Self {
        self.values.insert(format!("params.{name}"), value.into());
        self
    }

    fn list(mut self, name: &str, values: &[&str]) -> Self {
        self.lists.insert(name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect());
        self
    }

    /// A workspace with these files.
    fn workspace(mut self, name: &str, files: &[(&str, Vec<u8>)]) -> Self {
        let folder = TempFolder::new();
        for (name, bytes) in files {
            folder.write(name, bytes);
        }
        self.values.insert(format!("workspaces.{name}.path"), folder.path().to_str().unwrap().to_owned());
        self.workspaces.push(folder);
        self
    }

    /// A file in the workspace that the step works in.
    fn file(self, name: &str, text: &str) -> Self {
        self.command.home().write(name, text);
        self
    }

    /// Runs its only step.
    fn run(&self) -> Run {
        let step = &self.task.steps()[0];
        self.command
            .clone()
            .args(arguments(step).into_iter().flat_map(|argument| self.filled(argument)))
            .run()
    }

    fn filled(&self, argument: &str) -> Vec<String> {
        let list = argument.strip_prefix("$(params.").and_then(|rest| rest.strip_suffix("[*])"));
        if let Some(list) = list {
            return self.lists[list].clone();
        }
        let mut text = argument.replace("/tekton/results", self.results.path().to_str().unwrap());
        // Twice, since a default may name a workspace.
        for _ in 0..2 {
            for (name, value) in &self.values {
                text = text.replace(&format!("$({name})"), value);
            }
        }
        assert!(!text.contains("$("), "{text}");
        vec![text]
    }

    fn result(&self, name: &str) -> String {
        std::fs::read_to_string(self.results.join(name)).unwrap()
    }
}

/// A Task about an image, named by a tag that leads nowhere and by its digest.
fn about(name: &str, image: &Pushed) -> TaskRun {
    TaskRun::of(name).param("image", image.tagged("moved")).param("digest", image.digest.to_string())
}

/// The files of a mounted secret with a private key.
fn secret(key: &TestKey) -> [(&'static str, Vec<u8>); 2] {
    [
        ("..2026/cosign.key", b"the mount's own".to_vec()),
        ("cosign.key", std::fs::read(key.private()).unwrap()),
    ]
}

fn build_sign(image: &Pushed) -> TaskRun {
    about("build-sign", image).workspace("key", &secret(&keys().build))
}

/// `validation-sign` with this report in the workspace of the scan, and its digest.
fn validation_sign(image: &Pushed, report: &Value) -> TaskRun {
    let digest = Digest::of(report.to_string().as_bytes()).to_string();
    about("validation-sign", image)
        .workspace("key", &secret(&keys().validation))
        .workspace("build-key", &[("cosign.pub", std::fs::read(keys().build.public()).unwrap())])
        .workspace("rules", &[("rules.yaml", rules_text(LENIENT).into_bytes())])
        .workspace("scan", &[("report.json", report.to_string().into_bytes())])
        .list("reports", &["report.json"])
        .list("report-digests", &[&digest])
}

#[test]
fn validation_sign_attaches_attestations_where_it_is_told_to() {
    let world = World::new();
    for (attest, expected) in [("", 1), ("false", 1), ("true", 0)] {
        let image = world.built(&format!("attest={attest}"));
        validation_sign(&image, &clean(&image)).param("attest", attest).run().expect_code(0);
        let report = Countersign::new().args(["report", &image.pinned()]);
        report.args(["--key", &keys().validation.public_arg()]).run().expect_code(expected);
    }
    let image = world.built("attest=yes");
    validation_sign(&image, &clean(&image)).param("attest", "yes").run().expect_code(2);
}

/// `deploy-gate` under a policy that asks for both signatures.
fn deploy_gate(world: &World) -> TaskRun {
    let policy = production(&world.registry).into_bytes();
    TaskRun::of("deploy-gate").workspace("policy", &[("production.yaml", policy)])
}

#[test]
fn the_three_tasks_take_an_image_to_its_deployment() {
    let world = World::new();
    let image = world.image("three tasks");
    let build = build_sign(&image).param("revision", "4f2a91c").list("annotations", &["team=shop", ""]);
    build.run().expect_code(0);
    let digest = image.digest.to_string();
    assert_eq!(build.result("SIGNED_DIGEST"), digest);
    assert!(build.result("SIGNED_REF").ends_with(&digest));
    validation_sign(&image, &trivy(&image)).run().expect_code(0);
    let manifest = pod("app", &[&image.tagged("1.4")]);
    let gate = deploy_gate(&world).param("manifests", "app.yaml").file("app.yaml", &manifest);
    gate.run().expect_code(0);
    assert_eq!(gate.result("DECISION"), "allowed");
    let pinned = format!("{}@{digest}", image.tagged("1.4"));
    assert_eq!(gate.result("PINNED_REFS"), format!("[\"{pinned}\"]"));
    let written = std::fs::read_to_string(gate.command.home().join("app.yaml")).unwrap();
    assert_eq!(written, manifest.replace(&image.tagged("1.4"), &pinned));
}

#[test]
fn the_gate_takes_images_alone_and_denies_one_with_one_signature() {
    let world = World::new();
    let image = world.built("the gate's task");
    let gate = deploy_gate(&world).list("images", &[&image.pinned()]);
    gate.run().expect_code(1);
    assert_eq!((gate.result("DECISION"), gate.result("PINNED_REFS")), ("denied".to_owned(), "[]".to_owned()));
    validation_sign(&image, &trivy(&image)).run().expect_code(0);
    gate.run().expect_code(0);
    deploy_gate(&world).list("images", &[&image.tagged("1.4")]).run().expect_code(2);
    deploy_gate(&world).run().expect_code(2);
}

#[test]
fn no_element_of_a_list_changes_what_is_asked_for() {
    let world = World::new();
    let image = world.built("elements");
    let evil = std::fs::read_to_string(keys().stranger.public()).unwrap();
    let run = validation_sign(&image, &clean(&image)).file("evil.pub", &evil);
    let digest = run.lists["report-digests"][0].clone();
    for element in
        ["--build-key=evil.pub", "--allow-private-key-secret", "--dry-run", "--annotation", "--", "-v"]
    {
        for elements in [[element, &digest, ""], [&digest, element, "x"]] {
            validation_sign(&image, &clean(&image)).list("report-digests", &elements).run().expect_code(2);
        }
    }
    run.run().expect_code(0);
}

#[test]
fn the_second_signature_needs_the_digest_that_the_scan_returned() {
    let world = World::new();
    let image = world.built("the scan's word");
    for digests in [&[][..], &[""]] {
        let run =
            validation_sign(&image, &trivy(&image)).list("report-digests", digests).run().expect_code(2);
        assert!(run.stderr.contains("--scan-digest"), "{}", run.stderr);
    }
    let swapped = clean(&image).to_string().into_bytes();
    let swapped = validation_sign(&image, &trivy(&image)).workspace("scan", &[("report.json", swapped)]);
    let run = swapped.run().expect_code(2);
    assert!(run.stderr.contains("is not the report that was asked for"), "{}", run.stderr);
}

#[test]
fn workspaces_bring_credentials_and_authorities() {
    let world = World::new();
    let image = world.image("workspaces");
    for name in ["dockerconfig", "ca"] {
        let run = build_sign(&image).workspace(name, &[]);
        let folder = run.values[&format!("workspaces.{name}.path")].clone();
        let refused = run.run().expect_code(2);
        assert!(refused.stderr.contains(&folder), "{}", refused.stderr);
    }
    let config = [(".dockerconfigjson", b"{}".to_vec())];
    build_sign(&image).workspace("dockerconfig", &config).run().expect_code(0);
}

#[test]
fn without_a_key_the_answer_names_the_option() {
    let world = World::new();
    let run = about("build-sign", &world.image("no key")).run().expect_code(2);
    assert!(run.stderr.contains("--key"), "{}", run.stderr);
}

#[test]
fn the_drop_in_signs_a_tag_with_the_params_of_the_task_that_it_stands_in_for() {
    let world = World::new();
    let image = world.image("drop-in");
    let run = TaskRun::of("stakater-cosign-v1")
        .param("IMAGE", image.tagged("1.4"))
        .param("NAMESPACE", "shop")
        .param("COSIGN_VERSION", "1.6.0")
        .param("key", keys().build.private_arg());
    run.run().expect_code(0);
    validation_sign(&image, &trivy(&image)).run().expect_code(0);
}
