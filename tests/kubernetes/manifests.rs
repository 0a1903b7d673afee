//! The images that are read of a manifest are those that a real API server reads, or the manifest is refused.

use std::collections::BTreeMap;

use countersign::model::Digest;
use countersign::workload::{ImageUse, Manifests, ReadOptions, read};
use serde_json::{Value, json};

use crate::cluster::{Cluster, cluster};
use crate::support::spelling::{Dice, spelt};

const NAMESPACE: &str = "manifests";
/// Objects that are generated; the odd ones that are written out below come on top.
const GENERATED: u64 = 160;

/// API version, kind, resource, and the path to the pod specification.
const KINDS: [(&str, &str, &str, &str); 9] = [
    ("v1", "Pod", "pods", "/spec"),
    ("v1", "PodTemplate", "podtemplates", "/template/spec"),
    ("v1", "ReplicationController", "replicationcontrollers", "/spec/template/spec"),
    ("apps/v1", "Deployment", "deployments", "/spec/template/spec"),
    ("apps/v1", "StatefulSet", "statefulsets", "/spec/template/spec"),
    ("apps/v1", "DaemonSet", "daemonsets", "/spec/template/spec"),
    ("apps/v1", "ReplicaSet", "replicasets", "/spec/template/spec"),
    ("batch/v1", "Job", "jobs", "/spec/template/spec"),
    ("batch/v1", "CronJob", "cronjobs", "/spec/jobTemplate/spec/template/spec"),
];

/// What a pod with these lines below `spec:` would be, odd and mostly legal.
const ODD: [&str; 46] = [
    "  containers: [{name: a, image: r.example/a, image: r.example/b}]",
    "  containers: [{name: a, image: r.example/a, \"im\\x61ge\": r.example/b}]",
    "  containers: [{name: a, image: r.example/a, Image: r.example/b}]",
    "  containers: [{name: a, image: r.example/a}]\n  containers: [{name: b, image: r.example/b}]",
    "  containers: [{name: a, image: r.example/a}]\n  Containers: [{name: b, image: r.example/b}]",
    "  containers:\n  - &c {name: a, image: r.example/a}\n  - {<<: *c, name: b}",
    "  containers:\n  - &c {name: a, image: r.example/a}\n  - <<: *c\n    name: b\n    image: r.example/b",
    "  containers: [{name: a, image: 1.5}]",
    "  containers: [{name: a, image: 12}]",
    "  containers: [{name: a, image: 0x10}]",
    "  containers: [{name: a, image: yes}]",
    "  containers: [{name: a, image: off}]",
    "  containers: [{name: a, image: 2001-12-14}]",
    "  containers: [{name: a, image: !!str 12}]",
    "  containers: [{name: a, image: !!binary bmdpbng=}]",
    "  containers: [{name: a, image: ! nginx}]",
    "  containers: [{name: a, image: !local nginx}]",
    "  containers:\n  - name: a\n    image: |\n      nginx",
    "  containers:\n  - name: a\n    image: >-\n      nginx",
    "  containers:\n  - name: a\n    image: nginx\n      :1.2",
    "  containers:\n  - name: a\n    image: \"ngi\\\n      nx\"",
    "  containers:\n  - name: a\n    image: 'nginx '",
    "  containers:\n  - name: a\n    image: nginx #:1.2",
    "  containers:\n  - name: a\n    image: nginx#1",
    "  containers:\n  - name: a # \u{85}    image: r.example/b",
    "  containers:\n  - name: a # \u{2028}    image: r.example/b\n    image: r.example/a",
    "  containers:\n  - name: a\n    image: r.example/a\r    stdin: true",
    "  containers: [{name: a, image: nginx:1.2}, {image: 'b',name: b},]",
    "  containers: [{\"name\":\"a\",\"image\":\"nginx\"}]",
    "  containers: [{name: a, image: nginx?x}]",
    "  containers: [name: a]",
    "  containers:\n  - name: a\n    image: &x:y nginx",
    "  containers:\n  - name: &x a\n    image: *x",
    "  containers: &c [{name: a, image: nginx}]\n  initContainers: *c",
    "  containers:\n  -\n    name: a\n    image:\n      nginx",
    "  containers:\n  - ? name\n    : a\n    ? image\n    : nginx",
    "  containers:\n  - {name: a, image: nginx, command: [\"\\u00e9\", '''', \"\\\"\"]}",
    "  containers:\n  - name: a\n    image: nginx\n    args:\n    - |2\n        image: x\n      image: y\n    - >\n      a\n\n      b",
    "  containers:\n  - name: a\n    image: nginx\n...\n---\nkind: Pod",
    "  containers: null\n  initContainers: [{name: a, image: nginx}]",
    "  containers:\n  - name: a\n    image: oci:latest",
    "  containers:\n  - name: a\n    image: \"\\u006eginx\"\n  ephemeralContainers: ~",
    "  containers:\n  - name:\ta\n    image: \tnginx",
    "  containers:\n  - name: a\n\t  image: nginx",
    "  containers: [{name: a, image: nginx}]\n  ephemeralContainers: [{name: b, image: nginx}]",
    "  containers: [{name: a, image: nginx}]\n  volumes: [{name: v, image: {reference: 'r.example/m:1'}}, {name: w, emptyDir: {}}]",
];

fn image(dice: &mut Dice) -> String {
    let names =
        ["nginx:1.2", "r.example/shop/app", "r.example:5000/a/b:c", "docker.io/library/busybox", "a/b-c_d"];
    names[usize::try_from(dice.roll(5)).unwrap()].to_owned()
}

fn containers(prefix: &str, count: u64, dice: &mut Dice) -> Value {
    let one =
        |n| json!({"name": format!("{prefix}{n}"), "image": image(dice), "args": ["-c", "image: none", "#"]});
    (0..count).map(one).collect()
}

fn object((version, kind, _, path): (&str, &str, &str, &str), dice: &mut Dice) -> Value {
    let never = matches!(kind, "Job" | "CronJob");
    let mut spec = json!({"restartPolicy": if never { "Never" } else { "Always" }});
    spec["containers"] = containers("c", 1 + dice.roll(3), dice);
    if dice.one_in(2) {
        spec["initContainers"] = containers("i", 1 + dice.roll(2), dice);
    }
    if dice.one_in(3) {
        spec["volumes"] =
            json!([{"name": "v", "image": {"reference": image(dice)}}, {"name": "w", "emptyDir": {}}]);
    }
    let mut whole = spec;
    for name in path.rsplit('/').filter(|name| !name.is_empty()) {
        whole = match name {
            "template" => {
                let mut template = whole;
                template["metadata"] = json!({"labels": {"app": "a"}});
                json!({"template": template})
            }
            other => json!({other: whole}),
        };
    }
    if matches!(kind, "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") {
        whole["spec"]["selector"] = json!({"matchLabels": {"app": "a"}});
    }
    if kind == "StatefulSet" {
        whole["spec"]["serviceName"] = json!("a");
    }
    if kind == "CronJob" {
        whole["spec"]["schedule"] = json!("* * * * *");
    }
    whole["apiVersion"] = json!(version);
    whole["kind"] = json!(kind);
    whole["metadata"] = json!({"name": "a", "annotations": {"image": "r.example/note", "text": "a: b # c"}});
    whole
}

/// The images of what the server would store.
fn stored(object: &Value, path: &str) -> Vec<String> {
    let spec = object.pointer(path).unwrap();
    let lists = ["initContainers", "containers", "ephemeralContainers"];
    let containers = lists.iter().filter_map(|list| spec[list].as_array()).flatten();
    let volumes = spec["volumes"].as_array().into_iter().flatten();
    let images = containers.map(|container| &container["image"]);
    let references = volumes.filter_map(|volume| volume.get("image")).map(|image| &image["reference"]);
    images.chain(references).map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

fn texts(manifests: &Manifests) -> Vec<String> {
    manifests.images().iter().map(|image| image.text.clone()).collect()
}

/// How the two readers compare, by kind.
#[derive(Debug, Default)]
struct Tally {
    agreed: BTreeMap<String, usize>,
    we_refuse: Vec<String>,
    it_refuses: Vec<String>,
}

impl Tally {
    async fn compare(&mut self, cluster: &Cluster, at: (&str, &str, &str, &str), text: &str) {
        let (version, kind, resource, path) = at;
        let group =
            if version.contains('/') { format!("/apis/{version}") } else { format!("/api/{version}") };
        let url = format!("{group}/namespaces/{NAMESPACE}/{resource}");
        let theirs = cluster.dry_run(&url, text).await;
        let ours = read(text.as_bytes(), &ReadOptions::default());
        match (theirs, ours) {
            (Ok(object), Ok(ours)) => {
                assert_eq!(texts(&ours), stored(&object, path), "{text}");
                let pinned =
                    ours.pin(|_| Some(Digest::of(b"x"))).unwrap_or_else(|error| panic!("{error}\n{text}"));
                let object = cluster.dry_run(&url, &pinned).await;
                let object = object.unwrap_or_else(|error| panic!("{error}\n{pinned}"));
                // Without a tag `latest` is meant, and written.
                let latest = |image: &ImageUse| if image.image.tag().is_none() { ":latest" } else { "" };
                let with = |image: &ImageUse| format!("{}{}@{}", image.text, latest(image), Digest::of(b"x"));
                let expected: Vec<String> = ours.images().iter().map(with).collect();
                assert_eq!(stored(&object, path), expected, "{pinned}");
                *self.agreed.entry(kind.to_owned()).or_default() += 1;
            }
            (Ok(_), Err(error)) => self.we_refuse.push(format!("{error}\n{text}")),
            (Err(error), _) => self.it_refuses.push(format!("{error}\n{text}")),
        }
    }
}

#[tokio::test]
async fn the_images_that_are_read_are_those_that_kubernetes_reads() {
    let cluster = cluster().await;
    cluster.namespace(NAMESPACE).await;
    let mut generated = Tally::default();
    for seed in 0..GENERATED {
        let mut dice = Dice::new(seed + 1);
        let at = KINDS[usize::try_from(seed).unwrap() % KINDS.len()];
        let object = object(at, &mut dice);
        generated.compare(&cluster, at, &spelt(&object, &mut dice)).await;
    }
    // What is generated is legal, and nothing in it has to be refused.
    assert_eq!(generated.it_refuses.concat(), "");
    assert_eq!(generated.we_refuse.concat(), "");
    assert!(
        KINDS.iter().all(|at| generated.agreed.get(at.1).is_some_and(|agreed| *agreed >= 10)),
        "{generated:?}"
    );

    let mut odd = Tally::default();
    for lines in ODD {
        let text = format!("apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n{lines}\n");
        odd.compare(&cluster, KINDS[0], &text).await;
    }
    let read_alike = odd.agreed.get("Pod").copied().unwrap_or_default();
    assert!(read_alike >= 12, "{odd:?}");
    assert!(odd.we_refuse.len() >= 8, "{odd:?}");
}

/// Kinds that are not stored, beside reviews, and ControllerRevision, which holds pod templates in many forms: an image
/// in one of them is refused as that of an unknown kind.
const LEFT_OUT: [&str; 11] = [
    "Binding",
    "ComponentStatus",
    "ControllerRevision",
    "Eviction",
    "NodeProxyOptions",
    "PodAttachOptions",
    "PodExecOptions",
    "PodPortForwardOptions",
    "PodProxyOptions",
    "Scale",
    "ServiceProxyOptions",
];

/// API version and kind of everything that the server has.
async fn served(cluster: &Cluster) -> Vec<(String, String)> {
    let mut versions = vec![("/api/v1".to_owned(), "v1".to_owned())];
    let groups = cluster.read("/apis").await;
    for group in groups["groups"].as_array().unwrap() {
        for version in group["versions"].as_array().unwrap() {
            let version = version["groupVersion"].as_str().unwrap();
            versions.push((format!("/apis/{version}"), version.to_owned()));
        }
    }
    let mut kinds = Vec::new();
    for (path, version) in versions {
        let resources = cluster.read(&path).await;
        let all = resources["resources"].as_array().unwrap().iter();
        let own = all.filter(|resource| resource["group"].is_null());
        kinds.extend(own.map(|resource| (version.clone(), resource["kind"].as_str().unwrap().to_owned())));
    }
    kinds
}

#[tokio::test]
async fn every_kind_that_kubernetes_serves_is_known() {
    let cluster = cluster().await;
    let mut unknown = Vec::new();
    let kinds = served(&cluster).await;
    assert!(kinds.len() > 60, "{kinds:?}");
    for (version, kind) in kinds {
        let text = format!("{{apiVersion: {version}, kind: {kind}, data: {{image: a}}}}");
        let answer = read(text.as_bytes(), &ReadOptions::default()).map(|_| ()).map_err(|error| error.reason);
        let asked = kind.ends_with("Review") || kind == "TokenRequest" || LEFT_OUT.contains(&kind.as_str());
        if answer.is_err_and(|reason| reason.contains("not known")) && !asked {
            unknown.push(format!("{version} {kind}"));
        }
    }
    assert_eq!(unknown, Vec::<String>::new());
}
