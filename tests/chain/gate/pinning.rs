//! `--pin` and `--pin-in-place`: what runs is what was checked.

use super::{report, says};
use crate::policies::{both, line, pod, pod_in, policy, production, signer, signers};
use crate::support::cli::Countersign;
use crate::support::image::{Pushed, image};
use crate::support::registry::{Act, Fault, Place};
use crate::world::{REPOSITORY, World, entries, keys, shown};

/// `HOST/REPOSITORY:1.4@DIGEST`.
fn pinned(image: &Pushed) -> String {
    format!("{}@{}", image.tagged("1.4"), image.digest)
}

/// The gate under both signatures on a file with that text.
fn gate(world: &World, text: &str) -> Countersign {
    world.gate(&production(&world.registry)).args(["-f", &world.file("pod.yaml", text)])
}

#[test]
fn the_manifests_come_out_with_the_digests_that_were_checked_and_else_to_the_byte() {
    let world = World::new();
    let image = world.countersigned("pinned");
    let text = pod("app", &[&image.tagged("1.4")]);
    let run = gate(&world, &text).arg("--pin").run().expect_code(0);
    assert_eq!(run.stdout, text.replace(&image.tagged("1.4"), &pinned(&image)));
    says(&run, "allowed");
}

#[test]
fn standard_output_is_for_manifests_alone_in_json_too() {
    let world = World::new();
    let image = world.countersigned("aside");
    let text = pod("app", &[&image.tagged("1.4")]);
    let run = gate(&world, &text).args(["--pin", "--output", "json"]).run().expect_code(0);
    assert_eq!(run.stdout, text.replace(&image.tagged("1.4"), &pinned(&image)));
    let report: serde_json::Value = serde_json::from_str(&run.stderr).unwrap();
    assert_eq!(report["decision"], "allowed");
}

#[test]
fn nothing_comes_out_unless_every_image_is_allowed() {
    let world = World::new();
    let good = world.countersigned("good");
    let bad = image(&world.registry, "shop/bad", "1.4", "unsigned");
    let text = pod("app", &[&good.tagged("1.4"), &bad.tagged("1.4")]);
    for output in ["text", "json"] {
        let denied = gate(&world, &text).args(["--pin", "--output", output]).run().expect_code(1);
        assert_eq!(denied.stdout, "");
        says(&denied, "denied");
    }
    world.registry.misbehave(Fault::on_reads(Place::Any, Act::Status(403)));
    let undecided = gate(&world, &text).arg("--pin").run().expect_code(3);
    assert_eq!(undecided.stdout, "");
    for wrong in ["kind: Pod\n", "", "kind: ["] {
        for output in ["text", "json"] {
            let refused = gate(&world, wrong).args(["--pin", "--output", output]).run().expect_code(2);
            assert_eq!(refused.stdout, "");
            says(&refused, "error");
        }
    }
}

#[test]
fn several_manifests_come_out_as_documents_of_one_stream() {
    let world = World::new();
    let image = world.countersigned("stream");
    let texts = ["a", "b"].map(|name| pod(name, &[&image.tagged("1.4")]));
    world.folder.write("app/a.yaml", &texts[0]);
    let folder = shown(&world.folder.join("app"));
    let gate =
        world.gate(&production(&world.registry)).args(["--pin", "-f", &folder, "-"]).input(texts[1].clone());
    let expected = texts.join("---\n").replace(&image.tagged("1.4"), &pinned(&image));
    let first = gate.run().expect_code(0).stdout;
    assert_eq!(first, expected);
    // What came out is pinned: the gate takes it as it is, without resolving anything.
    let again = world.gate(&production(&world.registry)).args(["-f", "-"]).input(first);
    again.run().expect_code(0);
}

#[test]
fn a_tag_is_resolved_once() {
    let world = World::new();
    let image = world.countersigned("once");
    let text = [
        pod("a", &[&image.tagged("1.4"), &image.tagged("1.4")]),
        pod_in("shop", "b", &[&image.tagged("1.4")]),
    ];
    gate(&world, &text.join("---\n")).arg("--pin").run().expect_code(0);
    let tag = format!("/v2/{REPOSITORY}/manifests/1.4");
    assert_eq!(world.paths().iter().filter(|path| **path == tag).count(), 1, "{:#?}", world.paths());
}

#[test]
fn a_tag_that_is_moved_after_the_check_moves_nothing_that_runs() {
    let world = World::new();
    let checked = world.countersigned("checked");
    let out = gate(&world, &pod("app", &[&checked.tagged("1.4")])).arg("--pin").run().expect_code(0).stdout;
    let moved = world.image("moved to");
    assert_ne!(moved.digest, checked.digest);
    assert!(out.contains(&pinned(&checked)), "{out}");
    // The next check sees what the tag points at by then.
    gate(&world, &pod("app", &[&checked.tagged("1.4")])).arg("--pin").run().expect_code(1);
    world.gate(&production(&world.registry)).args(["-f", "-"]).input(out).run().expect_code(0);
}

#[test]
fn what_needs_no_evidence_stays_as_it_is_written() {
    let world = World::new();
    let image = world.countersigned("checked");
    let (allowed, unmatched, excluded) =
        (format!("{}/free/tool:1", image.host), "other.example/x:2", format!("{}/shop/system:3", image.host));
    let allow = policy("free", &format!("{}/free/**", image.host), &line("action", "Allow"));
    let allow = world.file("allow.yaml", allow);
    let shop = format!("{}/shop/**", image.host);
    let text = policy("production", &shop, &(line("excludeNamespaces", "[kube-system]") + &both()));
    let manifests = [
        pod("app", &[&image.tagged("1.4"), &allowed, unmatched, &pinned(&image)]),
        pod_in("kube-system", "system", &[&excluded]),
    ]
    .join("---\n");
    let gate = world.gate(&text).args(["--policy", &allow, "--no-match", "allow", "--pin", "-f", "-"]);
    let run = gate.input(manifests.clone()).run().expect_code(0);
    assert_eq!(
        run.stdout,
        manifests.replace(&format!("{} #", image.tagged("1.4")), &format!("{} #", pinned(&image)))
    );
}

#[test]
fn one_image_is_pinned_where_it_is_checked_and_left_where_its_namespace_is_left_out() {
    let world = World::new();
    let image = world.countersigned("two namespaces");
    let text = policy("p", "**", &(line("excludeNamespaces", "[kube-system]") + &both()));
    let (shop, system) =
        (pod_in("shop", "a", &[&image.tagged("1.4")]), pod_in("kube-system", "b", &[&image.tagged("1.4")]));
    let run = world.gate(&text).args(["--pin", "-f", "-"]).input(format!("{shop}---\n{system}")).run();
    let expected = format!("{}---\n{system}", shop.replace(&image.tagged("1.4"), &pinned(&image)));
    assert_eq!(run.expect_code(0).stdout, expected);
}

#[test]
fn warnings_stand_beside_the_manifests_and_not_among_them() {
    let world = World::new();
    let image = world.image("warned");
    let text = policy("p", "**", &(line("mode", "Warn") + &signers(&[signer("build", &keys().build, "")])));
    let manifest = pod("app", &[&image.tagged("1.4")]);
    let run = world.gate(&text).args(["--pin", "-f", "-"]).input(manifest.clone()).run().expect_code(0);
    assert_eq!(run.stdout, manifest.replace(&image.tagged("1.4"), &pinned(&image)));
    says(&run, "warning: ");
}

#[test]
fn pinning_takes_manifests_and_one_way() {
    let world = World::new();
    let image = world.countersigned("usage");
    let gate = world.gate(&production(&world.registry));
    let file = world.file("pod.yaml", pod("app", &[&image.tagged("1.4")]));
    gate.clone().args(["--pin", &image.pinned()]).run().expect_code(2);
    gate.clone().args([&image.tagged("1.4"), "--pin", "-f", &file]).run().expect_code(2);
    gate.clone().args(["--pin", "--pin-in-place", "-f", &file]).run().expect_code(2);
    let from_stdin = gate.args(["--pin-in-place", "-f", "-"]).input(pod("app", &[&image.tagged("1.4")]));
    says(&from_stdin.run().expect_code(2), "standard input");
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn in_place_may_have_nothing_to_pin_and_takes_no_tag_that_it_cannot_pin() {
    let world = World::new();
    let image = world.countersigned("no manifests");
    let gate = world.gate(&production(&world.registry)).args(["--pin-in-place", "-f", ""]);
    gate.clone().arg(image.pinned()).run().expect_code(0);
    let requests = world.registry.requests().len();
    says(&gate.clone().arg(image.tagged("1.4")).run().expect_code(2), "has no digest");
    assert_eq!(world.registry.requests().len(), requests);
    gate.args(["--allow-tag", &image.tagged("1.4")]).run().expect_code(0);
}

#[test]
fn a_tag_that_is_given_with_its_digest_is_pinned_to_it_wherever_it_points_by_now() {
    let world = World::new();
    let built = world.countersigned("built");
    let later = world.countersigned("pushed over the tag");
    assert_ne!(built.digest, later.digest);
    let text = pod("app", &[&built.tagged("1.4")]);
    let file = world.file("pod.yaml", &text);
    let gate = || world.gate(&production(&world.registry)).args(["--pin-in-place", "-f", &file]);
    let requests = world.registry.requests().len();
    gate().arg(pinned(&built)).run().expect_code(0);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text.replace(&built.tagged("1.4"), &pinned(&built)));
    let asked: Vec<_> = world.paths().split_off(requests);
    assert!(!asked.iter().any(|path| path.ends_with("/manifests/1.4")), "{asked:?}");
    std::fs::write(&file, &text).unwrap();
    let printed = world.gate(&production(&world.registry)).args(["--pin", "-f", &file]).arg(pinned(&built));
    assert_eq!(printed.run().expect_code(0).stdout, text.replace(&built.tagged("1.4"), &pinned(&built)));
    gate().args([pinned(&built), pinned(&later)]).run().expect_code(2);
    let unsigned = image(&world.registry, REPOSITORY, "1.4", "without signatures");
    gate().arg(pinned(&unsigned)).run().expect_code(1);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn in_place_rewrites_the_files_and_leaves_nothing_else() {
    let world = World::new();
    let image = world.countersigned("in place");
    let texts = ["a", "b"].map(|name| pod(name, &[&image.tagged("1.4")]));
    let other = pod("c", &[&image.pinned()]);
    let paths = [("a", &texts[0]), ("b", &texts[1]), ("c", &other)]
        .map(|(name, text)| world.folder.write(format!("app/{name}.yaml"), text));
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(&paths[0], std::fs::Permissions::from_mode(0o640)).unwrap();
    let folder = shown(&world.folder.join("app"));
    let gate = world.gate(&production(&world.registry)).args(["--pin-in-place", "-f", &folder]);
    assert_eq!(report(&gate, 0)["decision"], "allowed");
    let read = |path| std::fs::read_to_string(path).unwrap();
    for (path, text) in paths.iter().zip(&texts) {
        assert_eq!(read(path), text.replace(&image.tagged("1.4"), &pinned(&image)));
    }
    assert_eq!(read(&paths[2]), other);
    assert_eq!(std::fs::metadata(&paths[0]).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(entries(&world.folder.join("app")), paths);
}

#[test]
fn in_place_changes_no_file_unless_every_image_is_allowed() {
    let world = World::new();
    let good = world.countersigned("good");
    let bad = image(&world.registry, "shop/bad", "1.4", "unsigned");
    let texts = [pod("good", &[&good.tagged("1.4")]), pod("bad", &[&bad.tagged("1.4")])];
    let paths = [("a", &texts[0]), ("b", &texts[1])]
        .map(|(name, text)| shown(&world.folder.write(format!("app/{name}.yaml"), text)));
    let gate = world.gate(&production(&world.registry)).args(["--pin-in-place", "-f"]).args(&paths);
    gate.run().expect_code(1);
    for (path, text) in paths.iter().zip(&texts) {
        assert_eq!(std::fs::read_to_string(path).unwrap(), *text);
    }
}

#[test]
fn in_place_changes_no_file_if_one_cannot_be_written() {
    let world = World::new();
    let image = world.countersigned("unwritable");
    let text = pod("app", &[&image.tagged("1.4")]);
    let good = world.file("app/good.yaml", &text);
    // A name that is as long as a name may be leaves no room for a new file beside it, whoever asks.
    let unwritable = world.file(&format!("app/{}.yaml", "x".repeat(250)), &text);
    for order in [[&good, &unwritable], [&unwritable, &good]] {
        let gate = world.gate(&production(&world.registry)).args(["--pin-in-place", "-f"]).args(order);
        says(&gate.run().expect_code(2), "no file was changed");
        for path in order {
            assert_eq!(std::fs::read_to_string(path).unwrap(), text);
        }
        assert_eq!(entries(&world.folder.join("app")).len(), 2);
    }
}

#[test]
fn in_place_leaves_a_link_a_link() {
    let world = World::new();
    let image = world.countersigned("link");
    let text = pod("app", &[&image.tagged("1.4")]);
    let real = world.folder.write("real/pod.yaml", &text);
    let link = world.folder.join("link.yaml");
    std::os::unix::fs::symlink(&real, &link).unwrap();
    world
        .gate(&production(&world.registry))
        .args(["--pin-in-place", "-f", &shown(&link)])
        .run()
        .expect_code(0);
    assert!(link.is_symlink());
    assert!(std::fs::read_to_string(&real).unwrap().contains(&pinned(&image)));
}

#[test]
fn a_file_that_is_named_twice_is_rewritten_once() {
    let world = World::new();
    let image = world.countersigned("twice");
    let text = pod("app", &[&image.tagged("1.4")]);
    let path = world.file("app/pod.yaml", &text);
    std::os::unix::fs::symlink("pod.yaml", world.folder.join("app/link.yaml")).unwrap();
    let folder = shown(&world.folder.join("app"));
    let gate = world.gate(&production(&world.registry)).args(["--pin-in-place", "-f", &folder, &path]);
    gate.run().expect_code(0);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text.replace(&image.tagged("1.4"), &pinned(&image)));
    assert_eq!(entries(&world.folder.join("app")).len(), 2);
}

#[test]
fn a_tag_that_is_not_there_is_undecided() {
    let world = World::new();
    let image = world.countersigned("no such tag");
    let run = gate(&world, &pod("app", &[&image.tagged("1.5")])).arg("--pin").run().expect_code(3);
    assert_eq!(run.stdout, "");
    says(&run, "what the tag points at is not known");
}
