//! Images in manifests: files, folders, standard input.

use serde_json::Value;

use super::{report, says};
use crate::policies::{both, pod, policy, production};
use crate::world::World;

/// The references that were decided on.
fn references(report: &Value) -> Vec<String> {
    let images = report["images"].as_array().unwrap();
    images.iter().map(|image| image["reference"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_container_of_every_document_is_decided_on() {
    let world = World::new();
    let images: Vec<String> =
        ["init", "main", "ephemeral", "volume", "job"].map(|name| world.image(name).pinned()).into();
    let [init, main, ephemeral, volume, job] = &images[..] else { unreachable!() };
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app, namespace: shop}}\nspec:\n  template:\n    spec:\n      \
         initContainers: [{{name: i, image: \"{init}\"}}]\n      containers: [{{name: m, image: \"{main}\"}}]\n      \
         ephemeralContainers: [{{name: e, image: \"{ephemeral}\"}}]\n      \
         volumes: [{{name: v, image: {{reference: \"{volume}\"}}}}]\n\
         ---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  metadata: {{name: night}}\n  \
         spec: {{jobTemplate: {{spec: {{template: {{spec: {{containers: [{{name: j, image: \"{job}\"}}]}}}}}}}}}}\n"
    );
    let gate = world.gate(&production(&world.registry)).args(["-f", &world.file("all.yaml", text)]);
    let report = report(&gate, 1);
    let mut found = references(&report);
    found.sort();
    let mut expected = images.clone();
    expected.sort();
    assert_eq!(found, expected);
    let uses: Vec<&Value> =
        report["images"].as_array().unwrap().iter().map(|image| &image["uses"][0]).collect();
    assert!(uses.iter().any(|place| place["object"] == "Deployment shop/app"), "{uses:#?}");
    assert!(uses.iter().any(|place| place["object"] == "CronJob night"), "{uses:#?}");
}

#[test]
fn a_report_says_where_in_which_file_an_image_stands() {
    let world = World::new();
    let image = world.image("where");
    let path = world.file("pod.yaml", pod("app", &[&image.pinned()]));
    let gate = world.gate(&production(&world.registry)).args(["-f", &path]);
    let place = &report(&gate, 1)["images"][0]["uses"][0];
    assert_eq!(place["file"], path);
    assert_eq!((place["line"].as_u64(), &place["object"]), (Some(8), &Value::from("Pod app")));
    assert_eq!(place["path"], "spec.containers[0].image");
    assert!(gate.run().stdout.contains(&format!("Pod app, {path}:8")));
}

#[test]
fn files_folders_standard_input_and_arguments_are_taken_together() {
    let world = World::new();
    let images: Vec<String> = (0..5).map(|n| world.countersigned(&n.to_string()).pinned()).collect();
    world.folder.write("app/a.yaml", pod("a", &[&images[0]]));
    world.folder.write("app/below/b.yml", pod("b", &[&images[1]]));
    world.folder.write("app/README.md", "not: [a manifest");
    let file = world.file("c.json", json_pod(&images[2]));
    let gate = world.gate(&production(&world.registry)).arg(&images[4]).input(pod("d", &[&images[3]]));
    let folder = world.folder.join("app");
    let gate = gate.arg("-f").arg(folder).args([file.as_str(), "-"]);
    let mut found = references(&report(&gate, 0));
    found.sort();
    let mut expected = images.clone();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn no_file_of_a_folder_that_kubectl_would_apply_is_left_out() {
    let world = World::new();
    let (good, bad) = (world.countersigned("seen"), world.image("unseen"));
    for name in [".yaml", ".json", "..evil.yaml", "..below/a.yml", ".hidden/b.yaml", "below/.yml"] {
        let folder = crate::support::temp::TempFolder::new();
        folder.write("app.yaml", pod("a", &[&good.pinned()]));
        folder.write(name, pod("b", &[&bad.pinned()]));
        let gate = world.gate(&production(&world.registry)).arg("-f").arg(folder.path());
        assert_eq!(references(&report(&gate, 1)).len(), 2, "{name}");
    }
}

#[test]
fn a_mounted_folder_is_read_once_and_by_its_plain_names() {
    let world = World::new();
    let image = world.countersigned("mounted");
    world.folder.write("app/..2026/app.yaml", pod("a", &[&image.pinned()]));
    let path = |name: &str| world.folder.join("app").join(name);
    std::os::unix::fs::symlink("..2026", path("..data")).unwrap();
    std::os::unix::fs::symlink("..data/app.yaml", path("app.yaml")).unwrap();
    let gate = world.gate(&production(&world.registry)).arg("-f").arg(world.folder.join("app"));
    let report = report(&gate, 0);
    let uses = report["images"][0]["uses"].to_string();
    assert!(uses.contains("app/app.yaml") && !uses.contains(".."), "{uses}");
}

fn json_pod(image: &str) -> String {
    let containers = serde_json::json!([{"name": "a", "image": image}]);
    serde_json::json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "c"}, "spec": {"containers": containers}})
        .to_string()
}

#[test]
fn manifests_without_an_image_are_refused() {
    let world = World::new();
    let gate = || world.gate(&production(&world.registry));
    let map = world.file("map.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    says(&gate().args(["-f", &map]).run().expect_code(2), "no image is found in the manifests");
    says(&gate().run().expect_code(2), "no image is given");
    says(&gate().args(["-f", "-"]).run().expect_code(2), "no image is found in the manifests");
    std::fs::create_dir(world.folder.join("empty")).unwrap();
    gate().arg("-f").arg(world.folder.join("empty")).run().expect_code(2);
    gate().args(["", "-f", ""]).run().expect_code(2);
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn an_object_of_unknown_kind_that_holds_an_image_is_refused_unless_it_is_ignored() {
    let world = World::new();
    let known = world.countersigned("known");
    let unknown = "apiVersion: example.org/v1\nkind: Widget\nmetadata: {name: w}\nspec: {engine: {image: a.example/b}}\n";
    let text = format!("{}---\n{unknown}", pod("app", &[&known.pinned()]));
    let gate = world.gate(&production(&world.registry)).args(["-f", &world.file("all.yaml", text)]);
    let run = gate.run().expect_code(2);
    says(&run, "Widget");
    assert_eq!(world.registry.requests().len(), 0);
    for kind in ["Widget", "Widget.example.org"] {
        assert_eq!(references(&report(&gate.clone().args(["--ignore-kind", kind]), 0)), [known.pinned()]);
    }
    gate.clone().args(["--ignore-kind", "Widget.other.org"]).run().expect_code(2);
    // A kind that runs pods cannot be ignored.
    gate.args(["--ignore-kind", "Pod"]).run().expect_code(2);
}

#[test]
fn what_readers_of_yaml_could_take_differently_is_refused() {
    let world = World::new();
    let image = world.countersigned("two readings");
    let twice = pod("app", &[&image.pinned()])
        .replace("      name: c0\n", "      name: c0\n      image: evil.example/x\n");
    let gate = |text: &str| {
        world.gate(&production(&world.registry)).args(["-f", &world.file("pod.yaml", text)]).run()
    };
    says(&gate(&twice).expect_code(2), "pod.yaml");
    gate("kind: Pod\napiVersion: v1\nspec: {containers: [{name: a, image: 1.4}]}\n").expect_code(2);
    gate("kind: Pod\napiVersion: v1\nspec: {containers: [{name: a, image: [").expect_code(2);
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn a_hostile_name_cannot_move_a_terminals_cursor() {
    let world = World::new();
    let image = world.image("hostile");
    let text = pod("app", &[&image.pinned()])
        .replace("  name: app\n", "  name: \"a\\e[2K\\u202eallowed\\nallowed\"\n");
    let gate = world.gate(&policy("p", "**", &both())).args(["-f", &world.file("pod.yaml", text)]);
    let junit = world.folder.join("junit.xml");
    let gate = gate.arg("--report").arg(format!("junit={}", junit.display()));
    for output in ["text", "json"] {
        let run = gate.clone().args(["--output", output]).run().expect_code(1);
        let harmless = |c: char| c == '\n' || !(c.is_control() || c == '\u{202e}');
        assert!(run.all().chars().all(harmless), "{run:?}");
    }
    let text = std::fs::read_to_string(junit).unwrap();
    assert!(text.contains("\\u{1b}") && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
}
