//! What the gate reads: bounded in time and number, and each file once.

use std::os::unix::fs::symlink;

use super::{report, says};
use crate::policies::{pod, policy, production};
use crate::support::cli::Countersign;
use crate::world::{World, shown};

#[test]
fn waiting_for_standard_input_ends_with_the_time_limit() {
    let world = World::new();
    let policy = world.file("policy.yaml", production(&world.registry));
    let line = format!(
        "sleep 4 | '{}' gate -f - --policy '{policy}' --timeout 1s",
        env!("CARGO_BIN_EXE_countersign")
    );
    let run = Countersign::program("sh").args(["-c", &line]).run().expect_code(3);
    says(&run, "not finished after 1 s");
}

#[test]
fn a_folder_that_many_links_lead_to_is_read_once() {
    let world = World::new();
    let image = world.image("links");
    let text = pod("app", &[&image.pinned()]);
    world.file("n29/pod.yaml", text);
    for number in 0..29 {
        let folder = world.folder.join(format!("n{number}"));
        std::fs::create_dir(&folder).unwrap();
        for name in ["a", "b"] {
            symlink(format!("../n{}", number + 1), folder.join(name)).unwrap();
        }
    }
    let gate = world.gate(&policy("free", "**", "  action: Allow\n"));
    let report = report(&gate.args(["-f", &shown(&world.folder.join("n0"))]), 0);
    assert_eq!(report["images"][0]["uses"].as_array().unwrap().len(), 1, "{report:#}");
}

#[test]
fn a_file_that_is_named_several_times_is_read_once() {
    let world = World::new();
    let image = world.image("twice");
    let path = world.file("app/pod.yaml", pod("app", &[&image.tagged("1.4")]));
    symlink("pod.yaml", world.folder.join("app/link.yaml")).unwrap();
    let folder = shown(&world.folder.join("app"));
    let gate = world.gate(&policy("free", "**", "  action: Allow\n"));
    let run = gate.args(["--pin", "-f", &path, &path, &folder]).run().expect_code(0);
    assert_eq!(run.stdout.matches("kind: Pod").count(), 1, "{run:#?}");
}

#[test]
fn manifests_without_an_image_are_bad_input_beside_images_too() {
    let world = World::new();
    let image = world.countersigned("beside");
    let empty = world.file("empty.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let gate = world.gate(&production(&world.registry)).args([&image.pinned(), "-f", &empty]);
    says(&gate.run().expect_code(2), "no image is found in the manifests");
    assert_eq!(world.registry.requests().len(), 0);
}
