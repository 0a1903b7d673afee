//! Policies in files and folders, and what is wrong with them.

use super::{decides, says};
use crate::policies::{both, line, policy, production, signer, signers};
use crate::support::cli::Countersign;
use crate::world::{World, keys, shown};

/// `gate` with these policy files and folders.
fn gate(paths: &[&str]) -> Countersign {
    paths.iter().fold(Countersign::new().arg("gate"), |gate, path| gate.args(["--policy", path]))
}

#[test]
fn policies_of_several_files_folders_and_documents_are_taken_together() {
    let world = World::new();
    let image = world.countersigned("many policies");
    let allow = |name: &str| policy(name, "**", &line("action", "Allow"));
    world.folder.write("all/a.yaml", production(&world.registry));
    world.folder.write("all/below/b.yml", [allow("b"), allow("c")].join("---\n"));
    world.folder.write("all/notes.txt", "not: [a policy");
    let file = world.file("d.yaml", allow("d"));
    let report =
        decides(&gate(&[&shown(&world.folder.join("all")), &file]).arg(image.pinned()), 0, "allowed", "");
    let policies = report["images"][0]["policies"].as_array().unwrap();
    let names: Vec<&str> = policies.iter().map(|policy| policy["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["b", "c", "d", "production"]);
}

#[test]
fn one_name_for_two_policies_is_refused_with_both_places() {
    let world = World::new();
    let image = world.image("same name");
    let files = ["a.yaml", "b.yaml"].map(|name| world.file(name, policy("same", "**", &both())));
    let run = gate(&[&files[0], &files[1]]).arg(image.pinned()).run().expect_code(2);
    says(&run, "two policies have the name `same`");
    files.iter().for_each(|file| says(&run, file));
    // In one file, too.
    let twice = [policy("same", "**", &both()), policy("same", "a.example/**", &both())].join("---\n");
    gate(&[&world.file("twice.yaml", twice)]).arg(image.pinned()).run().expect_code(2);
}

#[test]
fn no_policy_is_refused() {
    let world = World::new();
    let image = world.image("no policy");
    std::fs::create_dir(world.folder.join("none")).unwrap();
    let none = shown(&world.folder.join("none"));
    let missing = shown(&world.folder.join("missing"));
    for path in [none, missing, world.file("empty.yaml", ""), world.file("comment.yaml", "# nothing\n---\n")]
    {
        gate(&[&path]).arg(image.pinned()).run().expect_code(2);
    }
    gate(&[]).arg(image.pinned()).run().expect_code(2);
    gate(&[""]).arg(image.pinned()).run().expect_code(2);
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn a_path_of_a_key_starts_from_the_policys_own_folder() {
    let world = World::new();
    let image = world.built("relative key");
    world.folder.write("policies/keys/build.pub", std::fs::read(keys().build.public()).unwrap());
    let signer = "{name: build, keys: [{ref: keys/build.pub}]}".to_owned();
    let text = policy("p", "**", &signers(&[signer]));
    let inside = world.file("policies/p.yaml", &text);
    decides(&gate(&[&inside]).arg(image.pinned()), 0, "allowed", "");
    let outside = world.file("p.yaml", &text);
    let run = gate(&[&outside]).arg(image.pinned()).run().expect_code(2);
    says(&run, "spec.signers[0].keys[0].ref");
}

#[test]
fn an_error_names_file_line_column_and_field() {
    let world = World::new();
    let image = world.image("wrong policy");
    let build = |more: &str| signers(&[signer("build", &keys().build, more)]);
    let wrong = [
        (policy("p", "**", &(line("mode", "Maybe") + &build(""))), "spec.mode", 7),
        (policy("p", "**", &line("signers", "[]")), "spec.signers", 6),
        (policy("p", "**", &build(", maxAge: soon")), "maxAge", 7),
        (policy("p", "**", &build(", countersigns: build")), "countersigns", 7),
        (policy("p", "a.example/b:1.4", &build("")), "spec.images.include[0]", 6),
        (policy("p", "**", &(line("signedfor", "same") + &build(""))), "signedfor", 7),
        (
            policy("p", "**", &(line("revoked", "{digests: [sha256:1]}") + &build(""))),
            "spec.revoked.digests[0]",
            7,
        ),
        (policy("P", "**", &build("")), "metadata.name", 4),
    ];
    for (text, field, number) in wrong {
        let path = world.file("wrong.yaml", text);
        let run = gate(&[&path]).arg(image.pinned()).run().expect_code(2);
        says(&run, field);
        let place = run.stderr.split_once("wrong.yaml: ").map(|(_, rest)| rest).unwrap_or_default();
        assert!(place.starts_with(&format!("line {number}, column ")), "{}", run.stderr);
    }
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn one_key_in_two_signers_of_a_policy_is_refused() {
    let world = World::new();
    let image = world.countersigned("one key");
    let both =
        [signer("build", &keys().build, ""), signer("validation", &keys().build, ", countersigns: build")];
    let path = world.file("p.yaml", policy("p", "**", &signers(&both)));
    let run = gate(&[&path]).arg(image.pinned()).run().expect_code(2);
    says(&run, "build");
    // In another spelling: as a reference here, as text there.
    let pem = std::fs::read_to_string(keys().build.public()).unwrap();
    let indented: String = pem.lines().map(|text| format!("          {text}\n")).collect();
    let text = format!(
        "  signers:\n  - {}\n  - name: validation\n    countersigns: build\n    keys:\n    - pem: |\n{indented}",
        signer("build", &keys().build, "")
    );
    let path = world.file("p.yaml", policy("p", "**", &text));
    gate(&[&path]).arg(image.pinned()).run().expect_code(2);
}

#[test]
fn a_private_key_where_a_public_one_is_needed_is_refused_and_not_printed() {
    let world = World::new();
    let image = world.image("private");
    let text = policy(
        "p",
        "**",
        &signers(&[format!("{{name: build, keys: [{{ref: '{}'}}]}}", keys().build.private_arg())]),
    );
    let run = world.gate(&text).arg(image.pinned()).run().expect_code(2);
    assert!(!run.all().contains("PRIVATE KEY"), "{run:#?}");
}
