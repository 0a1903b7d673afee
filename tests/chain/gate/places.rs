//! Where signatures and images are: folders, mirrors, repositories of their own, real registries.

use super::decides;
use crate::policies::{both, line, pod, policy, production};
use crate::reports::trivy;
use crate::support::cli::Countersign;
use crate::support::image;
use crate::support::peers;
use crate::world::{LENIENT, World, keys, shown, sign, verify};

#[test]
fn the_chain_runs_on_a_folder_without_any_registry() {
    let world = World::new();
    let image = world.image("folder");
    let folder = format!("oci:{}", shown(&world.folder.join("layout")));
    Countersign::new().args(["copy", &image.pinned(), &format!("{folder}:1.4")]).run().expect_code(0);
    world.registry.forget_requests();
    let pinned = format!("{folder}@{}", image.digest);
    let gate = world.gate(&policy("all", "**", &both())).arg(&pinned);
    decides(&gate, 1, "denied", "missing");
    sign(&pinned, &keys().build, &[]).expect_code(0);
    world.validate_named(&pinned, &[trivy(&image)], LENIENT).run().expect_code(0);
    decides(&gate, 0, "allowed", "");
    // Only the pattern `**` speaks of a folder.
    let gate = world.gate(&policy("some", "*/**", &both()));
    assert!([1, 2].contains(&gate.arg(&pinned).run().code));
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn behind_a_mirror_claims_and_policies_keep_the_names_that_are_written() {
    let world = World::new();
    let image = world.image("mirrored");
    let name = format!("registry.example.org/shop/app@{}", image.digest);
    let mirror = ["--mirror".to_owned(), format!("registry.example.org/shop={}/shop", image.host)];
    let mirror: Vec<&str> = mirror.iter().map(String::as_str).collect();
    sign(&name, &keys().build, &mirror).expect_code(0);
    world.validate_named(&name, &[trivy(&image)], LENIENT).args(&mirror).run().expect_code(0);
    let claim = ["--annotation", "countersign.dev/repository=registry.example.org/shop/app"];
    verify(&name, &keys().validation, &[&mirror[..], &claim].concat()).expect_code(0);
    let text = policy("p", "registry.example.org/shop/**", &(line("signedFor", "same") + &both()));
    decides(&world.gate(&text).args(&mirror).arg(&name), 0, "allowed", "");
    // The mirror's own name is another repository, which no policy speaks of.
    decides(&world.gate(&text).arg(image.pinned()), 1, "denied", "no-match");
    // Pinned manifests keep the name, too.
    let manifest = pod("app", &["registry.example.org/shop/app:1.4"]);
    let pin = world.gate(&text).args(&mirror).args(["--pin", "-f", "-"]).input(manifest.clone());
    let pinned = format!("registry.example.org/shop/app:1.4@{}", image.digest);
    assert_eq!(
        pin.run().expect_code(0).stdout,
        manifest.replace("registry.example.org/shop/app:1.4", &pinned)
    );
}

#[test]
fn a_mirror_may_be_a_folder() {
    let world = World::new();
    let image = world.countersigned("mirrored into a folder");
    let root = shown(&world.folder.join("mirror"));
    let target = format!("oci:{root}/app@{}", image.digest);
    Countersign::new().args(["copy", &image.pinned(), &target]).run().expect_code(0);
    world.registry.forget_requests();
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    let gate = gate.args(["--mirror", &format!("{}/shop=oci:{root}", image.host)]);
    decides(&gate, 0, "allowed", "");
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn a_repository_of_signatures_is_looked_in_where_it_is_named() {
    let world = World::new();
    let image = world.image("elsewhere");
    let elsewhere = format!("{}/signatures", image.host);
    let named = ["--signature-repository", elsewhere.as_str()];
    world.sign(&image, &keys().build, &named);
    world.validate(&image, &[trivy(&image)], LENIENT).args(named).run().expect_code(0);
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    decides(&gate, 1, "denied", "missing");
    decides(&gate.clone().args(named), 0, "allowed", "");
    decides(&gate.env("COSIGN_REPOSITORY", &elsewhere), 0, "allowed", "");
    // Or where the policy says so.
    let more = line("signatureRepositories", &format!("['{elsewhere}']")) + &both();
    decides(&world.gate(&policy("p", "**", &more)).arg(image.pinned()), 0, "allowed", "");
}

#[test]
fn a_signature_for_another_repository_does_not_count_where_the_policy_says_same() {
    let world = World::new();
    let image = world.countersigned("promoted");
    let promoted = format!("{}/shop/promoted@{}", image.host, image.digest);
    Countersign::new().args(["copy", &image.pinned(), &promoted]).run().expect_code(0);
    let under = |signed_for: &str| world.gate(&policy("p", "**", &(line("signedFor", signed_for) + &both())));
    decides(&under("any").arg(&promoted), 0, "allowed", "");
    decides(&under("same").arg(&promoted), 1, "denied", "claim-mismatch");
    decides(&under("same").arg(image.pinned()), 0, "allowed", "");
    decides(&under(&format!("['{}/shop/*']", image.host)).arg(&promoted), 0, "allowed", "");
}

#[test]
fn the_chain_runs_on_real_registries() {
    for peer in [peers::docker_registry(), peers::referrers_registry()] {
        let world = World::new();
        let image = image::image(peer.host(), "shop/app", "1.4", "real");
        let gate = world.gate(&policy("p", &format!("{}/shop/*", peer.host()), &both()));
        let manifest = pod("app", &[&image.tagged("1.4")]);
        sign(&image.pinned(), &keys().build, &[]).expect_code(0);
        let pin = gate.args(["--pin", "-f", "-"]).input(manifest.clone());
        assert_eq!(pin.run().expect_code(1).stdout, "");
        world.validate(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
        let pinned = format!("{}@{}", image.tagged("1.4"), image.digest);
        assert_eq!(pin.run().expect_code(0).stdout, manifest.replace(&image.tagged("1.4"), &pinned));
    }
}
