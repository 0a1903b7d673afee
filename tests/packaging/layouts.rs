//! scripts/oci.sh: what it writes is read by the program, is the same for the same files, and is checked.

use std::process::{Command, Output};

use serde_json::Value;

use crate::support::cli::Countersign;
use crate::support::temp::TempFolder;

/// Makes the image `1.0` of one layer from the folder `files`, and shows the layer.
const IMAGE: &str = r#"
oci_start layout
layer=$(oci_layer layout files 65532:65532 | oci_annotated dev.tekton.image.kind=task dev.tekton.image.name=build-sign)
manifest=$(oci_image layout linux/amd64 "[$layer]" '{"User":"65532:65532","Entrypoint":["/app"]}')
index=$(oci_index layout "[$manifest]")
oci_tag layout 1.0 "$index"
"#;

/// Runs a script with the functions, in a folder that has `files/`.
fn run(folder: &TempFolder, script: &str) -> Output {
    let common = format!("{}/scripts", env!("CARGO_MANIFEST_DIR"));
    let whole = format!(". {common}/common.sh\n. {common}/oci.sh\ncd \"$1\"\n{script}");
    let path = folder.path().to_str().unwrap();
    Command::new("bash")
        .args(["-c", &whole, "bash", path])
        .env("SOURCE_DATE_EPOCH", "1700000000")
        .output()
        .unwrap()
}

fn succeeds(folder: &TempFolder, script: &str) -> String {
    let output = run(folder, script);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn files() -> TempFolder {
    let folder = TempFolder::new();
    folder.write("files/b", "second");
    folder.write("files/a/deep", "first");
    folder
}

fn blob(folder: &TempFolder, descriptor: &Value) -> Value {
    let hex = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    serde_json::from_slice(&std::fs::read(folder.join(format!("layout/blobs/sha256/{hex}"))).unwrap())
        .unwrap()
}

/// The manifest of the only platform of the only image.
fn manifest(folder: &TempFolder) -> Value {
    let index: Value =
        serde_json::from_slice(&std::fs::read(folder.join("layout/index.json")).unwrap()).unwrap();
    blob(folder, &blob(folder, &index["manifests"][0])["manifests"][0])
}

#[test]
fn a_layout_is_read_by_the_program_and_signed() {
    let folder = files();
    let digest = succeeds(&folder, &format!("{IMAGE}\noci_digest layout 1.0"));
    let image = format!("oci:{}", folder.join("layout").display());
    let found = Countersign::new().args(["inspect", &format!("{image}:1.0"), "--output", "json"]).run();
    assert_eq!(found.code, 0, "{}", found.stderr);
    assert!(found.stdout.contains(digest.trim()), "{}", found.stdout);
    assert!(found.stdout.contains("linux/amd64"), "{}", found.stdout);
    let keys = Countersign::new().args(["keys", "generate", "--output-prefix"]).arg(folder.join("key"));
    assert_eq!(keys.env("COUNTERSIGN_PASSWORD", "x").run().code, 0);
    let signed =
        Countersign::new().args(["sign", "--recursive", &format!("{image}@{}", digest.trim()), "--key"]);
    let signed = signed.arg(folder.join("key.key")).env("COUNTERSIGN_PASSWORD", "x").run();
    assert_eq!(signed.code, 0, "{}", signed.stderr);
}

#[test]
fn the_same_files_give_the_same_digest_whoever_wrote_them_and_when() {
    let (one, other) = (files(), files());
    let digest = succeeds(&one, &format!("{IMAGE}\noci_digest layout 1.0"));
    let late = format!("touch --date 2001-01-01 files/b files/a\n{IMAGE}\noci_digest layout 1.0");
    assert_eq!(digest, succeeds(&other, &late));
    other.write("files/b", "changed");
    assert_ne!(digest, succeeds(&other, &late));
}

#[test]
fn a_layer_holds_what_is_below_the_folder_and_nothing_for_the_folder_itself() {
    let folder = files();
    succeeds(&folder, IMAGE);
    let layer = manifest(&folder)["layers"][0].clone();
    let hex = layer["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap().to_owned();
    let names = succeeds(&folder, &format!("tar --list --numeric-owner -vzf layout/blobs/sha256/{hex}"));
    let entries: Vec<_> = names.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let named: Vec<_> = entries.iter().map(|entry| (entry[1], *entry.last().unwrap())).collect();
    assert_eq!(named, [("65532/65532", "a/"), ("65532/65532", "a/deep"), ("65532/65532", "b")]);
}

#[test]
fn the_configuration_names_the_layers_before_compression_and_the_manifest_does_not() {
    let folder = files();
    succeeds(&folder, IMAGE);
    let manifest = manifest(&folder);
    let layer = &manifest["layers"][0];
    assert_eq!(layer["diff_id"], Value::Null);
    assert_eq!(layer["annotations"]["dev.tekton.image.name"], "build-sign");
    let hex = layer["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let sum = succeeds(&folder, &format!("gzip -dc layout/blobs/sha256/{hex} | sha256sum | cut -d' ' -f1"));
    let config = blob(&folder, &manifest["config"]);
    assert_eq!(config["rootfs"]["diff_ids"], serde_json::json!([format!("sha256:{}", sum.trim())]));
    assert_eq!(config["created"], "2023-11-14T22:13:20Z");
    assert_eq!(config["config"]["User"], "65532:65532");
}

#[test]
fn a_name_that_is_given_again_leaves_what_had_it() {
    let folder = files();
    let again =
        format!("{IMAGE}\noci_tag layout 1.0 \"$manifest\"\noci_digest layout 1.0\necho \"$manifest\"");
    let printed = succeeds(&folder, &again);
    let (digest, descriptor) = printed.split_once('\n').unwrap();
    let descriptor: Value = serde_json::from_str(descriptor).unwrap();
    assert_eq!(descriptor["digest"], digest);
}

#[test]
fn the_check_passes_what_is_whole_and_stops_at_what_is_not() {
    let broken = [
        ("", None),
        ("printf x >>layout/blobs/sha256/$(oci_digest layout 1.0 | cut -d: -f2)", Some("has another digest")),
        ("oci_blob layout text/plain <<<stray >/dev/null", Some("that nothing names")),
        ("rm layout/blobs/sha256/$(jq -r '.digest[7:]' <<<\"$layer\")", Some("No such file")),
        ("sed -i 's/\"size\":[0-9]*/\"size\":1/' layout/index.json", Some("is named with 1 bytes")),
    ];
    for (change, complaint) in broken {
        let output = run(&files(), &format!("{IMAGE}\n{change}\noci_check layout"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.success(), complaint.is_none(), "{change}: {said}");
        assert!(said.contains(complaint.unwrap_or_default()), "{change}: {said}");
    }
}

#[test]
fn a_step_that_fails_inside_another_ends_the_script() {
    for inside in ["oci_layer layout absent", "oci_config layout linux/amd64 '[]' broken; echo hidden"] {
        let output = run(&files(), &format!("oci_start layout\nanswer=$({inside})\necho reached"));
        assert!(!output.status.success(), "{inside}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{inside}");
    }
}
