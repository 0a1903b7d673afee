//! Time and memory of each Task's step on Tekton, beside a step that runs the real cosign for the same job. Runs in the
//! bed of the end-to-end test: `make bench-tekton` puts the table into docs/benchmarks.md.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement fails by panicking"
)]

#[path = "../tests/e2e/cluster.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod cluster;
#[path = "paired/machine.rs"]
#[allow(missing_docs, unreachable_pub, reason = "nobody uses this but its own main")]
mod machine;
#[path = "../tests/e2e/runs.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod runs;
#[path = "../tests/e2e/shop.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod shop;
#[path = "../tests/support/mod.rs"]
mod support;
#[path = "paired/table.rs"]
#[allow(dead_code, missing_docs, unreachable_pub, reason = "the paired runs use more of it")]
mod table;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cluster::{CI, apply, eventually, get, kubectl};
use crate::runs::TaskRun;
use crate::shop::{
    BUILD, VALIDATION, adapted, as_account, build_sign_params, built, catalogued, file, gate, initialise,
    namespace, registry_workspaces, shop,
};
use crate::support::temp::TempFolder;
use crate::table::write_part;

/// Runs of each step, after one that does not count.
const RUNS: usize = 5;

/// What one run of a step took.
#[derive(Debug, Clone, Copy)]
struct Sample {
    /// From Tekton's start of the step to the end of its container, in milliseconds.
    milliseconds: f64,
    /// The most memory that the container's control group held, in MiB.
    mebibytes: f64,
}

/// The ends of containers as containerd reports them; Kubernetes keeps only their second.
struct Ends {
    events: Child,
    file: PathBuf,
    _folder: TempFolder,
}

impl Ends {
    fn watch() -> Self {
        let folder = TempFolder::new();
        let file = folder.join("events");
        let events = Command::new("ctr")
            .args(["--namespace", "k8s.io", "events"])
            .stdout(std::fs::File::create(&file).unwrap())
            .stderr(Stdio::null())
            .spawn()
            .expect("ctr starts");
        Self { events, file, _folder: folder }
    }

    /// When a container ended.
    fn of(&self, container: &str) -> jiff::Timestamp {
        eventually("the end of a container", Duration::from_secs(10), || {
            let events = std::fs::read_to_string(&self.file).unwrap();
            let mut ends = events.lines().filter(|line| line.contains("/tasks/exit"));
            let line = ends.find(|line| line.contains(&format!(r#""id":"{container}""#)))?;
            let event: Value = serde_json::from_str(&line[line.find('{')?..]).ok()?;
            event["exited_at"].as_str()?.parse().ok()
        })
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = self.events.kill();
        let _ = self.events.wait();
    }
}

/// Looks at every container's memory until it is told to stop: what a control group says is gone with it. The figure
/// only grows, so that the last one read is the largest.
struct Memory {
    seen: Arc<Mutex<BTreeMap<String, u64>>>,
    stop: Arc<AtomicBool>,
    watcher: Option<JoinHandle<()>>,
}

/// The files below `folder` that tell a container's peak, with the container's name.
fn peaks(folder: &Path, found: &mut Vec<(String, u64)>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if !path.is_dir() {
            continue;
        }
        peaks(&path, found);
        let read = |name: &str| std::fs::read_to_string(path.join(name)).ok()?.trim().parse().ok();
        // Version 1 of control groups, and version 2.
        if let Some(peak) = read("memory.max_usage_in_bytes").or_else(|| read("memory.peak")) {
            found.push((entry.file_name().to_string_lossy().into_owned(), peak));
        }
    }
}

impl Memory {
    fn watch() -> Self {
        let version1 = Path::new("/sys/fs/cgroup/memory");
        let root = if version1.is_dir() { version1 } else { Path::new("/sys/fs/cgroup") };
        let root = root.join(crate::cluster::bed("CGROUP_ROOT").trim_start_matches('/'));
        let (seen, stop) = (Arc::<Mutex<BTreeMap<String, u64>>>::default(), Arc::<AtomicBool>::default());
        let (into, until) = (seen.clone(), stop.clone());
        let watcher = std::thread::spawn(move || {
            while !until.load(Ordering::Relaxed) {
                let mut found = Vec::new();
                peaks(&root, &mut found);
                into.lock().unwrap().extend(found);
                std::thread::sleep(Duration::from_millis(2));
            }
        });
        Self { seen, stop, watcher: Some(watcher) }
    }

    fn of(&self, container: &str) -> u64 {
        *self.seen.lock().unwrap().get(container).expect("the container was seen")
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(watcher) = self.watcher.take() {
            let _ = watcher.join();
        }
    }
}

/// When Tekton's entrypoint started the step, to the millisecond; the TaskRun's status has the second.
fn started(status: &Value) -> jiff::Timestamp {
    let message = status["state"]["terminated"]["message"].as_str().expect("a message of the entrypoint");
    let entries: Value = serde_json::from_str(message).unwrap();
    let started = entries.as_array().unwrap().iter().find(|entry| entry["key"] == "StartedAt");
    started.expect("StartedAt")["value"].as_str().unwrap().parse().unwrap()
}

/// The samples of a TaskRun's steps, added up.
fn sample(run: &TaskRun, ends: &Ends, memory: &Memory) -> Sample {
    let home = run.object()["metadata"]["namespace"].as_str().expect("a namespace");
    let pod = get(home, "pod", run.object()["status"]["podName"].as_str().expect("a pod"));
    let mut total = Sample { milliseconds: 0.0, mebibytes: 0.0 };
    for status in pod["status"]["containerStatuses"].as_array().expect("containers") {
        let container =
            status["containerID"].as_str().unwrap().trim_start_matches("containerd://").to_owned();
        let took = ends.of(&container).duration_since(started(status));
        total.milliseconds += took.as_secs_f64() * 1000.0;
        let peak = u32::try_from(memory.of(&container) / 1024).expect("less than 4 TiB");
        total.mebibytes = total.mebibytes.max(f64::from(peak) / 1024.0);
    }
    total
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

/// A row of the table: the medians of several runs, each on an image of its own.
fn row(name: &str, images: &[(String, String)], step: impl Fn(&(String, String)) -> TaskRun) -> String {
    row_of(name, images.iter(), step)
}

/// The same of anything that a run may differ in.
fn row_of<T>(name: &str, runs: impl Iterator<Item = T>, step: impl Fn(T) -> TaskRun) -> String {
    let (ends, memory) = (Ends::watch(), Memory::watch());
    let samples: Vec<Sample> = runs.map(|run| sample(&step(run), &ends, &memory)).collect();
    let counted = &samples[1..];
    let time = median(counted.iter().map(|sample| sample.milliseconds).collect());
    let peak = median(counted.iter().map(|sample| sample.mebibytes).collect());
    format!("| {name} | {time:.0} | {peak:.0} |")
}

/// Images that nobody has signed.
fn images(name: &str) -> Vec<(String, String)> {
    (0..=RUNS).map(|number| built(&format!("measured-{name}-{number}"))).collect()
}

/// cosign as a step, with these arguments and the image's name behind them.
fn cosign(image: &(String, String), account: &str, arguments: &[&str]) -> TaskRun {
    let pinned = format!("{}@{}", image.0, image.1);
    let arguments: Vec<&str> = arguments.iter().copied().chain([pinned.as_str()]).collect();
    let mut workspaces = registry_workspaces();
    workspaces[0]["secret"]["items"] = json!([{"key": ".dockerconfigjson", "path": "config.json"}]);
    TaskRun::of_task(CI, "cosign", json!({"args": arguments}), as_account(account, workspaces))
        .expect_success()
}

/// build-sign in a format.
fn sign(image: &(String, String), format: &str) -> TaskRun {
    let mut params = build_sign_params(image);
    params["format"] = json!(format);
    let spec = as_account("countersign-build", registry_workspaces());
    TaskRun::of_task(CI, "build-sign", params, spec).expect_success()
}

/// scan and then validation-sign, of which the second is answered.
fn validate(image: &(String, String)) -> TaskRun {
    let mut workspaces = registry_workspaces();
    let scan = json!({"name": "scan", "persistentVolumeClaim": {"claimName": "measured"}});
    workspaces.as_array_mut().unwrap().push(scan);
    let identity = json!({"image": image.0, "digest": image.1});
    let spec = as_account("app-builder", workspaces.clone());
    let scanned = TaskRun::of_task(CI, "trivy-scan", identity.clone(), spec).expect_success();
    let rules = json!({"name": "rules", "configMap": {"name": "countersign-rules"}});
    workspaces.as_array_mut().unwrap().push(rules);
    let mut params = identity;
    params["key"] = json!(format!("k8s://{CI}/{VALIDATION}"));
    params["build-key"] = json!(format!("k8s-configmap://{CI}/{BUILD}-pub"));
    params["reports"] = json!([scanned.result("REPORT")]);
    params["report-digests"] = json!([scanned.result("REPORT_DIGEST")]);
    let spec = as_account("countersign-validation", workspaces);
    TaskRun::of_task(CI, "validation-sign", params, spec).expect_success()
}

fn claim() {
    let claim = json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "measured"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    });
    apply(CI, &claim.to_string());
}

/// The namespace in which keys are made and ended.
const KEYS: &str = "measured-keys";

/// What signer-init and signer-retire need there.
fn keys() {
    apply("default", &namespace(KEYS).to_string());
    for rights in ["signer-init/init-rbac.yaml", "signer-retire/rbac.yaml"] {
        apply(KEYS, &adapted(&file(&format!("tasks/{rights}"))));
    }
    for task in ["signer-init", "signer-retire"] {
        apply(KEYS, &catalogued(task));
    }
    apply(CI, &catalogued("stakater-cosign-v1"));
}

/// Both key pairs, made anew.
fn init() -> TaskRun {
    for kind in ["secret", "configmap"] {
        kubectl(["delete", kind, "--all", "--namespace", KEYS]).run().expect_code(0);
    }
    initialise(KEYS)
}

/// The end of the build key that was just made.
fn retire() -> TaskRun {
    init();
    let account = json!({"serviceAccountName": "countersign-retire"});
    TaskRun::of_task(KEYS, "signer-retire", json!({"secret": BUILD}), account).expect_success()
}

/// The drop-in, which signs a tag.
fn drop_in(image: &(String, String)) -> TaskRun {
    let params = json!({"IMAGE": format!("{}:main", image.0), "key": format!("k8s://{CI}/{BUILD}")});
    let spec = as_account("countersign-build", registry_workspaces());
    TaskRun::of_task(CI, "stakater-cosign-v1", params, spec).expect_success()
}

fn main() {
    shop();
    claim();
    keys();
    let machine = machine::describe();
    let key = format!("--key=k8s://{CI}/{BUILD}");
    let signing = ["sign", "--tlog-upload=false", "--use-signing-config=false", "--yes", &key];
    let (both, bundle, theirs, tags) = (images("both"), images("bundle"), images("theirs"), images("tags"));
    let mut table = format!(
        "Medians of {RUNS} runs, each on an image of its own. {machine}.\n\n\
         | step | ms | peak MiB |\n|---|--:|--:|\n"
    );
    let mut add = |row: String| writeln!(table, "{row}").unwrap();
    add(row("build-sign, both formats", &both, |image| sign(image, "both")));
    add(row("build-sign, bundle only", &bundle, |image| sign(image, "bundle")));
    add(row("cosign sign, bundle", &theirs, |image| cosign(image, "countersign-build", &signing)));
    add(row("validation-sign, both formats", &both, validate));
    add(row("deploy-gate, two signatures", &both, |image| {
        gate(&format!("{}@{}", image.0, image.1)).expect_success()
    }));
    add(row("cosign verify, one of the two", &both, |image| {
        let verifying = ["verify", "--insecure-ignore-tlog=true", &key];
        cosign(image, "countersign-build", &verifying)
    }));
    add(row("stakater-cosign-v1, both formats", &tags, drop_in));
    add(row_of("signer-init, two key pairs", 0..=RUNS, |_| init()));
    add(row_of("signer-retire", 0..=RUNS, |_| retire()));
    println!("{table}");
    write_part(&crate::shop::file("docs/benchmarks.md"), "tekton", &table);
}
