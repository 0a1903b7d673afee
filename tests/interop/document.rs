//! docs/interop.md: its commands run as they stand there.

use std::path::{Path, PathBuf};

use super::bed::{Bed, PASSWORD, PLACES, image};
use super::support::cli::Countersign;
use super::support::peers;

fn from_the_root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The blocks between ```` ```sh ```` and ```` ``` ````.
fn commands(document: &str) -> Vec<&str> {
    let blocks = document.split("```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap()).collect()
}

#[test]
fn the_commands_in_the_document_work() {
    let bed = Bed::share();
    let document = std::fs::read_to_string(from_the_root("docs/interop.md")).unwrap();
    let blocks = commands(&document);
    assert!(blocks.len() >= 6, "{blocks:#?}");
    let programs = [Path::new(env!("CARGO_BIN_EXE_countersign")), &peers::tool("cosign")]
        .map(|program| program.parent().unwrap().display().to_string());
    let path = format!("{}:{}", programs.join(":"), std::env::var("PATH").unwrap());
    for place in PLACES {
        let image = image(&bed, place, "document/app");
        let script = format!("set -eux\n{}", blocks.join("\n"));
        let shell = Countersign::program("/bin/sh").args(["-c", &script]).env("PATH", &path);
        shell.home().write("plain.pem", std::fs::read(from_the_root("tests/testkit/keys/p256.pem")).unwrap());
        let shell = shell.env("COSIGN_PASSWORD", PASSWORD).env("IMAGE", image.pinned());
        let shell = shell.env("DIGEST", image.digest.to_string());
        let shell = shell.env("SIGNATURES", format!("{}/document/signatures", image.host));
        shell.env("ELSEWHERE", format!("{}/document/elsewhere", image.host)).run().expect_code(0);
    }
}
