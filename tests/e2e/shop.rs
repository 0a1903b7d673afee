//! The shop: two namespaces under the `restricted` level, with what docs/tekton.md has people apply once.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::cluster::{CI, SHOP, apply, authority, bed, get, kubectl, kubectl_in, repository};
use crate::runs::{PipelineRun, TaskRun};

/// Volumes, of which each PipelineRun takes one.
const VOLUMES: usize = 12;
/// Two reports that Trivy wrote: one with a critical finding, one with nothing above medium.
const CRITICAL: &str = include_str!("../scan/reports/trivy-debian-buster.json");
const MEDIUM: &str = include_str!("../scan/reports/trivy-alpine-310.json");

/// The Tasks that docs/tekton.md has people install, and the one for who changes or ends a key.
const TASKS: [&str; 5] = ["signer-init", "signer-retire", "build-sign", "validation-sign", "deploy-gate"];
/// What the Pipeline consists of, beside the Tasks of tasks/.
const PIPELINE: [&str; 6] = ["accounts", "policy", "rules", "trivy-scan", "deploy", "pipeline"];

/// The application: it fulfils the `restricted` level, and is pulled with the registry's login.
const APPLICATION: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: APP}
spec:
  selector: {matchLabels: {app: APP}}
  template:
    metadata: {labels: {app: APP}}
    spec:
      imagePullSecrets: [{name: registry}]
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 0
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
        - name: app
          image: REPOSITORY:main # what the build pushes
          securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
";

/// The secrets of the two key pairs.
pub(crate) const BUILD: &str = "countersign-build-key";
pub(crate) const VALIDATION: &str = "countersign-validation-key";

/// A file of the project.
pub(crate) fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The YAML files below a folder of the project.
pub(crate) fn manifests(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(file(folder)).unwrap_or_else(|error| panic!("{folder}: {error}"));
    let mut found = Vec::new();
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.strip_prefix(env!("CARGO_MANIFEST_DIR")).unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(manifests(&name));
        } else if name.ends_with(".yaml") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A file as its reader would change it before it is applied: the names of registry and images are theirs.
pub(crate) fn adapted(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let platform = bed("PLATFORM");
    let lines = text.lines().map(|line| match line.split_once("registry.k8s.io/kubectl:") {
        Some((before, _)) => format!("{before}{platform}/bed/kubectl:1"),
        None => line.to_owned(),
    });
    lines
        .collect::<Vec<_>>()
        .join("\n")
        .replace("countersign.invalid/countersign:unset", &format!("{platform}/countersign:1"))
        .replace("registry.example.org", &bed("SHOP"))
        .replace("bed.invalid", &platform)
}

/// A Task as `make catalog` wrote it, with the digest of the image in it.
pub(crate) fn catalogued(task: &str) -> String {
    let path = PathBuf::from(bed("E2E")).join(format!("catalog/task/{task}/0.1/{task}.yaml"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Manifests as JSON, as kubectl reads them.
pub(crate) fn json_of(manifest: &str) -> Value {
    let arguments = ["create", "--dry-run=client", "--output=json", "-f", "-"];
    kubectl(arguments).input(manifest).run().expect_code(0).json()
}

/// A namespace under the `restricted` level.
pub(crate) fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "latest",
    }}})
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "kind": "List", "items": items})
}

fn config_map(name: &str, data: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data})
}

/// The secret of a login at the shop's registry, as `kubectl create secret docker-registry` makes it.
fn login(name: &str, password: &str) -> Value {
    let user = bed("SHOP_USER");
    let auth = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    let config = json!({"auths": {bed("SHOP"): {"username": user, "password": password, "auth": auth}}});
    json!({
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": name}, "stringData": {".dockerconfigjson": config.to_string()},
    })
}

/// Volumes in folders of the node that every user may write into: nothing here gives a pod its own.
fn volumes() -> Value {
    use std::os::unix::fs::PermissionsExt as _;
    let volume = |number: usize| {
        let path = PathBuf::from(bed("BED")).join(format!("volumes/{number}"));
        std::fs::create_dir_all(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o777)).unwrap();
        json!({
            "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": format!("volume-{number}")},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "capacity": {"storage": "5Gi"}, "hostPath": {"path": path},
            },
        })
    };
    list(&(0..VOLUMES).map(volume).collect::<Vec<_>>())
}

/// What the tests and the local tasks need beside the files that the project publishes.
pub(crate) fn belongings() -> Value {
    let application = APPLICATION.replace("REPOSITORY", &repository("APP"));
    let authority = std::fs::read_to_string(authority()).unwrap();
    list(&[
        login("registry", &bed("SHOP_PASSWORD")),
        login("registry-wrong", "another one"),
        config_map("registry-ca", json!({"ca.crt": authority})),
        config_map("application", json!({"app.yaml": application})),
        config_map("reports", json!({"critical.json": CRITICAL, "medium.json": MEDIUM})),
    ])
}

/// Makes the shop as docs/tekton.md has it: keys by the Pipeline init, Tasks and Pipeline from the project's files,
/// and over three of its Tasks the
/// local ones of the same names.
fn open() {
    apply("default", &list(&[namespace(CI), namespace(SHOP)]).to_string());
    apply("default", &volumes().to_string());
    apply(CI, &belongings().to_string());
    apply(SHOP, &list(&[login("registry", &bed("SHOP_PASSWORD"))]).to_string());
    for task in TASKS {
        apply(CI, &catalogued(task));
    }
    apply(CI, &adapted(&file("tasks/signer-init/rbac.yaml")));
    for name in PIPELINE {
        apply(CI, &adapted(&file(&format!("pipelines/two-signatures/{name}.yaml"))));
    }
    for path in manifests("tests/e2e/tasks") {
        apply(CI, &adapted(&path));
    }
    let rights = adapted(&file("tasks/signer-init/init-rbac.yaml"));
    apply(CI, &rights);
    apply(CI, &adapted(&file("pipelines/init/pipeline.yaml")));
    PipelineRun::run(&json_of(&adapted(&file("pipelines/init/run.yaml")))).expect_success();
    kubectl_in(CI, ["delete", "-f", "-"]).input(rights).run().expect_code(0);
}

/// Runs signer-init.
pub(crate) fn initialise(namespace: &str) -> TaskRun {
    let account = json!({"serviceAccountName": "countersign-init"});
    TaskRun::of_task(namespace, "signer-init", json!({}), account).expect_success()
}

/// Waits until the shop is there; the first who asks makes it.
pub(crate) fn shop() {
    static SHOP: LazyLock<()> = LazyLock::new(open);
    *SHOP
}

/// The public key of a signer, by the secret of its key pair.
pub(crate) fn public_key(secret: &str) -> String {
    let map = get(CI, "configmap", &format!("{secret}-pub"));
    map["data"]["cosign.pub"].as_str().expect("a public key").to_owned()
}

/// A workspace of the registry's login and one of its authority.
pub(crate) fn registry_workspaces() -> Value {
    json!([
        {"name": "dockerconfig", "secret": {"secretName": "registry"}},
        {"name": "ca", "configMap": {"name": "registry-ca"}},
    ])
}

/// Runs pipelines/two-signatures as its run.yaml does, for the application `name`.
pub(crate) fn two_signatures(name: &str) -> PipelineRun {
    shop();
    let run = adapted(&file("pipelines/two-signatures/run.yaml"))
        .replace("shop/app:main", &format!("shop/{name}:main"))
        .replace("shop/app.git", &format!("shop/{name}.git"));
    PipelineRun::run(&with_authority(json_of(&run)))
}

/// A PipelineRun with a workspace for the authority of the shop's registry.
pub(crate) fn with_authority(mut run: Value) -> Value {
    let workspaces = run["spec"]["workspaces"].as_array_mut().expect("workspaces");
    workspaces.push(registry_workspaces()[1].clone());
    run
}

/// Builds an image and pushes it; its repository and its digest.
pub(crate) fn built(name: &str) -> (String, String) {
    shop();
    let mut workspaces = registry_workspaces();
    workspaces[1]["name"] = json!("sslcertdir");
    workspaces.as_array_mut().unwrap().push(json!({"name": "source", "emptyDir": {}}));
    let spec = json!({"workspaces": workspaces});
    let image = repository(name);
    let run = TaskRun::of_task(CI, "buildah", json!({"IMAGE": format!("{image}:main")}), spec);
    (image, run.expect_success().result("IMAGE_DIGEST"))
}

/// What build-sign is given for an image.
pub(crate) fn build_sign_params((image, digest): &(String, String)) -> Value {
    json!({"image": image, "digest": digest, "key": format!("k8s://{CI}/{BUILD}")})
}

/// What a run has beside its params: the account, and the workspaces.
pub(crate) fn as_account(account: &str, workspaces: Value) -> Value {
    json!({"serviceAccountName": account, "workspaces": workspaces})
}

/// Signs an image as the build does.
pub(crate) fn build_sign(image: &(String, String)) -> TaskRun {
    let spec = as_account("countersign-build", registry_workspaces());
    TaskRun::of_task(CI, "build-sign", build_sign_params(image), spec).expect_success()
}

/// What deploy-gate says of one image.
pub(crate) fn gate(image: &str) -> TaskRun {
    let mut workspaces = registry_workspaces();
    let policy = json!({"name": "policy", "configMap": {"name": "countersign-policy"}});
    workspaces.as_array_mut().unwrap().push(policy);
    let spec = as_account("countersign-gate", workspaces);
    TaskRun::of_task(CI, "deploy-gate", json!({"images": [image]}), spec)
}
