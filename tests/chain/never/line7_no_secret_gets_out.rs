//! A secret is never printed, no temporary file holds one, and a key file is never readable by others.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::policies::{policy, signers};
use crate::reports::trivy;
use crate::support::cli::{Countersign, Run};
use crate::support::temp::TempFolder;
use crate::world::{LENIENT, World, rules_text};

const PASSWORD: &str = "the password of the build key";

/// Every file below a folder.
fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[track_caller]
fn harmless(place: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{place} holds `{secret}`: {text}");
    }
}

/// Runs a command with the password in its environment, as talkative as it can be, and looks at all that it says and
/// leaves behind in its home, which is where its temporary files would be, too.
#[track_caller]
fn runs(command: &Countersign, code: i32, secrets: &[String]) -> Run {
    let command = command.clone().args(["-v", "-v"]).env("COUNTERSIGN_PASSWORD", PASSWORD);
    let run = command.run().expect_code(code);
    harmless("the output", &run.all(), secrets);
    for path in files(command.home().path()) {
        harmless(
            &path.display().to_string(),
            &String::from_utf8_lossy(&std::fs::read(&path).unwrap()),
            secrets,
        );
    }
    run
}

#[test]
fn the_whole_chain_with_encrypted_keys_says_and_leaves_nothing() {
    let world = World::new();
    let image = world.image("secrets");
    let keys = TempFolder::new();
    let mut secrets = vec![PASSWORD.to_owned(), "PRIVATE KEY".to_owned()];
    for name in ["build", "validation"] {
        let generate = Countersign::new().args(["keys", "generate", "--output-prefix"]).arg(keys.join(name));
        runs(&generate, 0, &secrets[..1]);
        let path = keys.join(format!("{name}.key"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o077, 0, "readable by others");
        let pem = std::fs::read_to_string(path).unwrap();
        secrets.extend(pem.lines().filter(|line| line.len() > 40).map(str::to_owned));
    }
    assert!(secrets.len() > 4, "the lines of two keys");
    let path = |name: &str| keys.join(name).to_str().unwrap().to_owned();
    let sign = Countersign::new().args(["sign", &image.pinned(), "--key", &path("build.key")]);
    runs(&sign, 0, &secrets);
    let validate = Countersign::new()
        .args([
            "validate",
            &image.pinned(),
            "--key",
            &path("validation.key"),
            "--build-key",
            &path("build.pub"),
        ])
        .args([
            "--scan",
            &world.report(&trivy(&image)),
            "--rules",
            &world.file("rules.yaml", rules_text(LENIENT)),
        ]);
    runs(&validate, 0, &secrets);
    let build = format!("{{name: build, keys: [{{ref: '{}'}}]}}", path("build.pub"));
    let second =
        format!("{{name: validation, keys: [{{ref: '{}'}}], countersigns: build}}", path("validation.pub"));
    let gate = world.gate(&policy("p", "**", &signers(&[build, second]))).arg(image.pinned());
    runs(&gate, 0, &secrets);
    // Errors are where secrets slip out: the wrong password, and a private key where a public one belongs.
    let wrong = keys.write("wrong", "another password");
    runs(&sign.arg("--password-file").arg(wrong), 2, &secrets);
    let build = format!("{{name: build, keys: [{{ref: '{}'}}]}}", path("build.key"));
    runs(&world.gate(&policy("p", "**", &signers(&[build]))).arg(image.pinned()), 2, &secrets);
    let validate = validate.args(["--build-key", &path("validation.key")]);
    runs(&validate, 2, &secrets);
}

#[test]
fn a_registrys_password_is_not_printed_when_the_registry_refuses_it() {
    use crate::support::registry::{Act, Fault, Place};
    let world = World::new();
    let image = world.image("login");
    world.registry.misbehave(Fault::on(Place::Any, Act::Challenge("Basic realm=\"here\"".to_owned())));
    let secrets = ["s3cret-of-the-registry".to_owned(), "czNjcmV0LW9mLXRoZS1yZWdpc3RyeQ".to_owned()];
    for command in [
        world.gate(&crate::policies::production(&world.registry)).arg(image.pinned()),
        world.validate(&image, &[trivy(&image)], LENIENT),
    ] {
        let run = command.args(["-v", "-v"]).login(&image.host, "robot", &secrets[0]).run().expect_code(3);
        harmless("the output", &run.all(), &secrets);
    }
}
