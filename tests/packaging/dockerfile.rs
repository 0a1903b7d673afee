//! The Dockerfile against image/config.json, from which `make image` takes what it writes. No container engine builds
//! the Dockerfile here, so its text is compared.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::read;

const LABEL: &str = "org.opencontainers.image.";

/// One stage: its FROM line, and its instructions as `(WORD, rest)`.
struct Stage {
    from: String,
    instructions: Vec<(String, String)>,
}

impl Stage {
    fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.instructions.iter().filter(move |(own, _)| own == word).map(|(_, rest)| rest.as_str())
    }

    fn one<'a>(&'a self, word: &'a str) -> Option<&'a str> {
        let mut found = self.all(word);
        let first = found.next();
        assert_eq!(found.next(), None, "{} has {word} twice", self.from);
        first
    }

    /// The value of `ARG NAME=value`.
    fn argument(&self, name: &str) -> &str {
        let values = self.all("ARG").filter_map(|argument| argument.split_once('='));
        values.filter(|(own, _)| *own == name).map(|(_, value)| value).next().unwrap()
    }

    fn labels(&self) -> BTreeMap<String, String> {
        let pairs = self.one("LABEL").unwrap().split("\" ").filter_map(|pair| pair.split_once("=\""));
        pairs.map(|(key, value)| (key.trim().to_owned(), value.trim_end_matches('"').to_owned())).collect()
    }

    /// What the stage says of the image's configuration, as the image format has it; without labels.
    fn configuration(&self) -> Value {
        let mut said = json!({"User": self.one("USER").unwrap()});
        let variable = self.one("ENV").unwrap().replace('"', "");
        said["Env"] = json!([variable]);
        for (word, member) in [("ENTRYPOINT", "Entrypoint"), ("CMD", "Cmd")] {
            if let Some(words) = self.one(word) {
                said[member] = serde_json::from_str(words).unwrap();
            }
        }
        said
    }
}

/// The stages of a Dockerfile; lines that end in a backslash go on.
fn stages(text: &str) -> Vec<Stage> {
    let text = text.replace("\\\n", " ");
    let mut stages: Vec<Stage> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, rest) = line.split_once(' ').unwrap();
        if word == "FROM" {
            stages.push(Stage { from: rest.to_owned(), instructions: Vec::new() });
        } else {
            stages.last_mut().unwrap().instructions.push((word.to_owned(), rest.to_owned()));
        }
    }
    stages
}

/// A target's stage, and what image/config.json has for it.
fn target(name: &str) -> (Stage, Value) {
    let own = format!("scratch AS {name}");
    let stage = stages(&read("Dockerfile")).into_iter().find(|stage| stage.from == own).unwrap();
    let mut written: Value = serde_json::from_str(&read("image/config.json")).unwrap();
    (stage, written[name].take())
}

#[test]
fn both_targets_are_started_as_make_image_has_it() {
    for name in ["scratch", "shell"] {
        let (stage, mut written) = target(name);
        written.as_object_mut().unwrap().remove("Labels");
        assert_eq!(stage.configuration(), written, "{name}");
    }
}

#[test]
fn both_targets_have_the_labels_that_make_image_writes() {
    for name in ["scratch", "shell"] {
        let (stage, written) = target(name);
        let expected = [
            ("title", env!("CARGO_PKG_NAME")),
            ("description", env!("CARGO_PKG_DESCRIPTION")),
            ("licenses", written["Labels"][format!("{LABEL}licenses")].as_str().unwrap()),
            ("version", "$VERSION"),
            ("revision", "$REVISION"),
        ];
        let expected = expected.map(|(key, value)| (format!("{LABEL}{key}"), value.to_owned()));
        assert_eq!(stage.labels(), BTreeMap::from(expected), "{name}");
        assert_eq!(stage.argument("VERSION"), env!("CARGO_PKG_VERSION"), "{name}");
    }
}

#[test]
fn both_targets_take_the_files_that_make_image_lays_out() {
    for (name, from) in [("scratch", "build"), ("shell", "build-shell")] {
        let (stage, written) = target(name);
        let user = written["User"].as_str().unwrap();
        let copied: Vec<_> = stage.all("COPY").collect();
        let files = format!("--from={from} /image/files/ /");
        let home = format!("--from={from} --chown={user} /image/home/ /");
        assert_eq!(copied, [files, home], "{name}");
        let laid_out = format!("scripts/rootfs.sh \"linux/$TARGETARCH\" {name} /image");
        let runs = stages(&read("Dockerfile"))
            .into_iter()
            .find(|stage| stage.from.ends_with(&format!(" AS {from}")));
        assert!(runs.unwrap().all("RUN").any(|run| run == laid_out), "{name}");
    }
}

#[test]
fn a_job_without_an_entrypoint_gets_a_shell_and_the_tool_is_the_entrypoint_of_the_other() {
    let (shell, tool) = (target("shell").0, target("scratch").0);
    assert_eq!((shell.one("ENTRYPOINT"), tool.one("CMD")), (None, None));
    let last = stages(&read("Dockerfile")).pop().unwrap();
    assert_eq!(last.from, "scratch AS scratch", "the last stage is what is built without a target");
}

#[test]
fn the_build_runs_with_the_compiler_of_the_project() {
    let toolchain = read("rust-toolchain.toml");
    let channel =
        toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let first = stages(&read("Dockerfile")).swap_remove(0);
    assert!(first.from.contains(&format!("/rust:{channel}-")), "{}", first.from);
}

#[test]
fn the_user_of_the_image_is_the_one_in_its_passwd() {
    let user = target("scratch").1["User"].as_str().unwrap().to_owned();
    let accounts = read("image/passwd");
    let fields: Vec<_> =
        accounts.lines().find(|line| line.starts_with("countersign:")).unwrap().split(':').collect();
    assert_eq!(format!("{}:{}", fields[2], fields[3]), user);
    assert!(read("image/group").contains(&format!("countersign:x:{}:\n", fields[3])));
    assert!(read("scripts/rootfs.sh").contains(&format!("$home{}\"", fields[5])), "the home is made");
    assert!(read("scripts/image.sh").contains(&format!("\"$laid_out/home\" {user}")), "and it is the user's");
}

#[test]
fn instructions_are_read_with_the_lines_that_they_go_on_in() {
    let text = "# no\nFROM a AS b\nLABEL x=\"1 2\" \\\n      y=\"$Z\"\nUSER 1:1\n\nFROM c\n";
    let read = stages(text);
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].one("USER"), Some("1:1"));
    let expected = [("x", "1 2"), ("y", "$Z")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!(read[0].labels(), BTreeMap::from(expected));
}
