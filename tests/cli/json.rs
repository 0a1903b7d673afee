//! docs/json.md: its examples are what is printed, and its tables name exactly the members that are printed.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::cli::Run;
use crate::support::image;
use crate::support::registry::{Act, Config, Fault, Place, TestRegistry};
use crate::world::{APP, World};
use crate::{in_project, writing};

const DOCUMENT: &str = "docs/json.md";
/// Before a block with an example: `<!-- example: NAME -->`.
const MARK: &str = "<!-- example: ";

/// What a command prints, and its exit code.
fn example(name: &str) -> Run {
    match name {
        "sign" => after("", "sign APP --key build.key --revision 4f2a91c"),
        "sign-incomplete" => sign_incomplete(),
        "verify-allowed" => after("sign APP --key build.key", "verify oci:app:1.0 --key build.pub"),
        "verify-denied" => {
            after("sign APP --key build.key --format legacy", "verify APP --key build.pub release.pub")
        }
        "verify-undecided" => verify_undecided(),
        "inspect" => after("sign APP --key build.key", "inspect oci:app:1.0"),
        "inspect-incomplete" => inspect_incomplete(),
        "copy" => after("sign APP --key build.key", "copy oci:app:1.0 oci:elsewhere:1.0"),
        "copy-incomplete" => copy_incomplete(),
        "keys-generate" => after("", "keys generate --output-prefix new --password-file password"),
        "keys-public" => after("", "keys public --key build.pub"),
        "error" => after("", "sign oci:app:1.0 --key build.key"),
        other => panic!("no command prints the example {other}"),
    }
}

fn after(first: &str, line: &str) -> Run {
    let world = World::new();
    if !first.is_empty() {
        world.run(first).expect_code(0);
    }
    printed(&world, line)
}

fn printed(world: &World, line: &str) -> Run {
    world.run(&format!("{line} --output json"))
}

/// A registry behind a name that does not change.
fn registry() -> (TestRegistry, String, image::Pushed) {
    let registry = TestRegistry::start(Config::default());
    let pushed = image::image(&registry, "shop/app", "1.0", "hello");
    let mirror = format!("--mirror registry.example.org={}", registry.host());
    (registry, mirror, pushed)
}

fn sign_incomplete() -> Run {
    let (registry, mirror, pushed) = registry();
    registry.misbehave(Fault::on_writes(Place::SigTag, Act::Status(403)));
    let line = format!("sign registry.example.org/shop/app@{} --key build.key {mirror}", pushed.digest);
    let mut run = printed(&World::new(), &line);
    // The words of a registry that people know, at an address that stays.
    run.stdout = run.stdout.replace(&registry.url(), "https://registry.example.org");
    run.stdout = run.stdout.replace("the test registry misbehaves", "the tag is immutable");
    run
}

/// One signature's payload cannot be had, and another's is none.
fn broken_signatures() -> (World, TestRegistry, String) {
    let (registry, mirror, pushed) = registry();
    let world = World::new();
    let name = format!("registry.example.org/shop/app@{}", pushed.digest);
    for signer in ["build", "release"] {
        let line = format!("sign {name} --key {signer}.key --role {signer} --format legacy {mirror}");
        world.run(&line).expect_code(0);
    }
    let list = registry.manifest("shop/app", &pushed.sig_tag()).unwrap();
    let mut list: Value = serde_json::from_slice(&list).unwrap();
    let lost = list["layers"][1]["digest"].as_str().unwrap().to_owned();
    registry.remove("shop/app", &lost);
    let mut junk = list["layers"][0].clone();
    junk["digest"] = Value::from(registry.put_blob("shop/app", b"{}"));
    junk["size"] = Value::from(2);
    list["layers"].as_array_mut().unwrap().push(junk);
    let media_type = list["mediaType"].as_str().unwrap().to_owned();
    registry.put_manifest("shop/app", &pushed.sig_tag(), &media_type, list.to_string().as_bytes());
    (world, registry, format!("{name} {mirror}"))
}

fn verify_undecided() -> Run {
    let (world, _registry, image) = broken_signatures();
    printed(&world, &format!("verify {image} --key build.pub release.pub"))
}

fn inspect_incomplete() -> Run {
    let world = World::new();
    let index = "oci:multi@sha256:3266a749f4feca177f7535b394f5ab68df5cb917b4c12397ec01a1c01505d190";
    world.run(&format!("sign {index} --key build.key --format legacy")).expect_code(0);
    let layout: Value =
        serde_json::from_slice(&std::fs::read(world.home().join("multi/index.json")).unwrap()).unwrap();
    let tagged = layout["manifests"].as_array().unwrap().iter().find(|manifest| {
        manifest["annotations"]["org.opencontainers.image.ref.name"]
            .as_str()
            .is_some_and(|tag| tag.ends_with(".sig"))
    });
    let blob = |digest: &Value| {
        world.home().join("multi/blobs/sha256").join(digest.as_str().unwrap().trim_start_matches("sha256:"))
    };
    let list: Value =
        serde_json::from_slice(&std::fs::read(blob(&tagged.unwrap()["digest"])).unwrap()).unwrap();
    std::fs::remove_file(blob(&list["layers"][0]["digest"])).unwrap();
    printed(&world, &format!("inspect {index}"))
}

fn copy_incomplete() -> Run {
    let world = World::new();
    let manifest = world.home().join("app/blobs/sha256").join(APP.rsplit(':').next().unwrap());
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    std::fs::remove_file(world.home().join("app/blobs/sha256").join(layer)).unwrap();
    printed(&world, "copy oci:app:1.0 oci:elsewhere:1.0")
}

/// What differs from run to run made the same: digests of signed things, times, sizes.
fn masked(value: &Value) -> Value {
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), masked(value))).collect(),
        Value::Array(elements) => elements.iter().map(masked).collect(),
        Value::Number(_) => Value::from(0),
        Value::String(text) => Value::from(masked_text(text)),
        other => other.clone(),
    }
}

fn masked_text(text: &str) -> String {
    if text.parse::<jiff::Timestamp>().is_ok() {
        return "a time".to_owned();
    }
    if text.starts_with("-----BEGIN") {
        return "a key".to_owned();
    }
    let mut parts = text.split("sha256:");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |before, part| {
        let digits = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        format!("{before}sha256:…{}", &part[digits..])
    })
}

/// The examples of a text: their names and what stands there.
fn examples(text: &str) -> Vec<(&str, &str)> {
    let marked = text.split(MARK).skip(1);
    marked
        .map(|rest| {
            let (name, rest) = rest.split_once(" -->").unwrap();
            let block = rest.split("```json\n").nth(1).and_then(|rest| rest.split("\n```").next());
            (name, block.unwrap_or_else(|| panic!("no block of JSON after {name}")))
        })
        .collect()
}

#[test]
fn the_examples_are_what_is_printed() {
    let document = std::fs::read_to_string(in_project(DOCUMENT)).unwrap();
    let mut current = document.clone();
    for (name, shown) in examples(&document) {
        let run = example(name);
        let (value, code) = (run.json(), run.code);
        let parsed: Value = serde_json::from_str(shown).unwrap_or_default();
        let stated = format!("{MARK}{name} -->\n\nExit code {code}:");
        assert!(document.contains(&stated), "{name} ends with exit code {code}");
        if masked(&value) == masked(&parsed) {
            continue;
        }
        assert!(writing(), "{DOCUMENT}: {name} is\n{value:#}");
        let at = current.find(&format!("{MARK}{name} -->")).unwrap();
        let (before, after) = current.split_at(at);
        current = format!("{before}{}", after.replacen(shown, run.stdout.trim_end(), 1));
    }
    if current != document {
        std::fs::write(in_project(DOCUMENT), current).unwrap();
    }
}

/// Every member of a value by its path, `a.b[].c`. What claims are named is the signer's business.
fn members(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                if name != "claims" {
                    members(value, &path, found);
                }
                found.insert(path);
            }
        }
        Value::Array(elements) => {
            elements.iter().for_each(|element| members(element, &format!("{path}[]"), found))
        }
        _ => {}
    }
}

/// The first cells of the tables in a section: "| `member` | …".
fn documented(section: &str) -> BTreeSet<String> {
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned()).collect()
}

#[test]
fn the_tables_name_the_members_that_are_printed_and_no_others() {
    let document = std::fs::read_to_string(in_project(DOCUMENT)).unwrap();
    let sections: Vec<_> = document.split("\n## ").skip(1).filter(|section| section.contains(MARK)).collect();
    assert_eq!(sections.len(), 7);
    for section in sections {
        let mut printed = BTreeSet::new();
        for (_, shown) in examples(section) {
            members(&serde_json::from_str(shown).unwrap(), "", &mut printed);
        }
        assert_eq!(documented(section), printed, "{}", section.lines().next().unwrap());
    }
}
