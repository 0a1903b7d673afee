//! `policy convert` as it is called: names in options, settings without policies, policies that cannot stand together.

use crate::examples::tanzu;
use crate::world::World;

const SETTINGS: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\n\
                        data: {no-match-policy: warn}\n";

fn sigstore(name: &str) -> String {
    format!(
        "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {{name: {name}}}\nspec:\n  \
         images: [{{glob: registry.example.org/**}}]\n  authorities: [{{key: {{secretRef: {{name: a}}}}}}]\n"
    )
}

fn refused(world: &World, line: &str) -> String {
    let run = world.run(line).expect_code(2);
    assert!(run.stdout.is_empty(), "{}", run.stdout);
    run.stderr
}

#[test]
fn a_name_that_no_policy_has_is_refused() {
    let world = World::new();
    world.home().write("tanzu.yaml", tanzu(&world));
    let said = refused(&world, "policy convert tanzu.yaml --build-key build biuld --validation-key release");
    assert!(said.contains("--build-key: no policy has a key `biuld`"), "{said}");
    assert!(said.contains("their keys are build, release"), "{said}");
    world.run("policy convert tanzu.yaml --build-key build --validation-key release").expect_code(0);
}

#[test]
fn settings_without_policies_are_told_from_nothing_and_beside_policies_they_are_announced() {
    let world = World::new();
    world.home().write("settings.yaml", SETTINGS);
    world.home().write("namespace.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    for alone in ["settings.yaml", "namespace.yaml"] {
        let said = refused(&world, &format!("policy convert {alone}"));
        assert!(said.contains("the files speak of an installation and hold no policies"), "{said}");
    }
    world.home().write("policy.yaml", sigstore("keys"));
    let run = world.run("policy convert policy.yaml settings.yaml").expect_code(0);
    assert!(run.stdout.contains("#   settings.yaml:3: metadata.name: "), "{}", run.stdout);
    assert!(run.stdout.contains("call the gate with --no-match warn"), "{}", run.stdout);
}

#[test]
fn two_policies_of_one_name_are_refused() {
    let world = World::new();
    world.home().write("one.yaml", sigstore("keys"));
    world.home().write("two.yaml", sigstore("keys"));
    let said = refused(&world, "policy convert one.yaml two.yaml");
    assert!(said.contains("two policies have the name `keys`: in one.yaml and in two.yaml"), "{said}");
}

/// One policy becomes two with numbers behind its name, and another has such a name already.
#[test]
fn two_policies_that_would_get_one_name_are_refused() {
    let world = World::new();
    let two = tanzu(&world) + "      - namePattern: ghcr.io/*\n        keys:\n          - name: release\n";
    world.home().write("tanzu.yaml", two);
    world.home().write("other.yaml", sigstore("image-policy-2"));
    world.run("policy convert tanzu.yaml").expect_code(0);
    let said = refused(&world, "policy convert tanzu.yaml other.yaml");
    assert!(said.contains("two policies have the name `image-policy-2`"), "{said}");
}
