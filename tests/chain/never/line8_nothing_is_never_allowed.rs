//! The gate never says "allowed" about nothing.

use crate::policies::{both, line, pod, policy, production, signers};
use crate::support::cli::Countersign;
use crate::world::{World, shown};

/// Refused: bad input, no decision, no request.
#[track_caller]
fn is_nothing(world: &World, gate: &Countersign) {
    for command in [gate.clone(), gate.clone().args(["--no-match", "allow"])] {
        let run = command.args(["--output", "json"]).run().expect_code(2);
        assert_eq!(run.json().get("decision"), None, "{run:#?}");
        assert!(run.json()["error"]["message"].is_string());
    }
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn no_image_is_no_permission() {
    let world = World::new();
    let gate = || world.gate(&production(&world.registry));
    is_nothing(&world, &gate());
    is_nothing(&world, &gate().arg(""));
    std::fs::create_dir(world.folder.join("empty")).unwrap();
    is_nothing(&world, &gate().args(["-f", &shown(&world.folder.join("empty"))]));
    for text in [
        "",
        "# nothing\n",
        "---\n---\n",
        "null\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {image: a.example/b}\n",
        "apiVersion: v1\nkind: List\nitems: []\n",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: []}\n",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\n",
    ] {
        is_nothing(&world, &gate().args(["-f", &world.file("nothing.yaml", text)]));
        is_nothing(&world, &gate().args(["-f", "-"]).input(text));
    }
    let widget = "apiVersion: example.org/v1\nkind: Widget\nspec: {image: a.example/b}\n";
    let ignored = ["--ignore-kind", "Widget"];
    is_nothing(&world, &gate().args(["-f", &world.file("widget.yaml", widget)]).args(ignored));
}

#[test]
fn no_policy_is_no_permission() {
    let world = World::new();
    let image = world.countersigned("no policy");
    let signerless = [
        policy("p", "**", &signers(&[])),
        policy("p", "**", ""),
        policy("p", "**", &line("action", "Maybe")),
    ];
    let no_images = policy("p", "**", &both()).replace("include: [\"**\"]", "include: []");
    for text in ["", "# nothing\n", "---\n", "null\n", "kind: List\nitems: []\n", &no_images]
        .into_iter()
        .chain(signerless.iter().map(String::as_str))
    {
        is_nothing(&world, &world.gate(text).arg(image.pinned()));
    }
}

#[test]
fn pinning_nothing_prints_nothing() {
    let world = World::new();
    let text = pod("app", &[]);
    let run =
        world.gate(&production(&world.registry)).args(["--pin", "-f", "-"]).input(text).run().expect_code(2);
    assert_eq!(run.stdout, "");
}
