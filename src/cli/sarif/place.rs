//! Where a result stands. Services need a file and a line; an image that was named as an argument stands in no file, and
//! its name takes the file's place, as scanners of images have it.

use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::files::STANDARD_INPUT;
use crate::cli::report::{Row, Use};
use crate::model::ImageRef;

/// The root of the source, which relative paths start from; the name is a convention between tools.
const ROOT: &str = "%SRCROOT%";

/// Every place of an image, at least one.
pub(super) fn places(row: &Row<'_>) -> Vec<Place> {
    let in_manifests = row.uses.iter().map(|place| Place::in_manifest(row, place));
    match row.uses.is_empty() {
        true => vec![Place::named(row)],
        false => in_manifests.collect(),
    }
}

/// A place, and what it is known by across runs: not its line, which moves.
pub(super) struct Place {
    pub(super) location: Value,
    pub(super) identity: String,
}

impl Place {
    fn in_manifest(row: &Row<'_>, place: &Use) -> Self {
        if place.file == STANDARD_INPUT {
            return Self::of(image_uri(&row.reference), json!({"startLine": 1}), &place.object, &place.path);
        }
        let mut region = json!({"startLine": place.line});
        if let Some((from, until)) = place.columns {
            region = json!({
                "startLine": place.line, "startColumn": from, "endLine": place.line, "endColumn": until,
            });
        }
        Self::of(file_uri(&place.file), region, &place.object, &place.path)
    }

    fn named(row: &Row<'_>) -> Self {
        Self::of(image_uri(&row.reference), json!({"startLine": 1}), &row.reference, "")
    }

    fn of(uri: String, region: Value, object: &str, path: &str) -> Self {
        let mut artifact = json!({ "uri": uri });
        if !uri.starts_with("file:") {
            artifact["uriBaseId"] = json!(ROOT);
        }
        let name = format!("{object} {path}");
        Self {
            identity: format!("{uri}\n{object}\n{path}"),
            location: json!({
                "physicalLocation": {"artifactLocation": artifact, "region": region},
                "logicalLocations": [{"fullyQualifiedName": name.trim_end(), "kind": "resource"}],
            }),
        }
    }
}

/// The repository of an image as a relative reference. Its tag and digest change, so that they make no path.
fn image_uri(reference: &str) -> String {
    let repository = reference.parse::<ImageRef>().map(|image| image.repository().to_string());
    relative_uri(&repository.unwrap_or_else(|_| reference.to_owned()))
}

/// A file below the working folder as a relative reference, which services take for a path in the repository; another
/// one as an absolute URI.
fn file_uri(file: &str) -> String {
    let working = std::env::current_dir().unwrap_or_default();
    let absolute = without_dots(&working.join(file));
    match absolute.strip_prefix(&working) {
        Ok(relative) => relative_uri(&relative.to_string_lossy()),
        Err(_) => format!("file://{}", encoded(&absolute.to_string_lossy())),
    }
}

/// The path without `.` and `..`, which a URI must not begin with. Links are not followed: a name is wanted.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

fn relative_uri(path: &str) -> String {
    encoded(path)
}

/// A path in a URI: all but unreserved characters and slashes percent-encoded (RFC 3986, section 2.3). A colon too, so
/// that a port does not make a scheme of the host.
fn encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(byte))
            }
            other => uri.push_str(&format!("%{other:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_below_the_working_folder_is_relative_and_another_one_is_not() {
        let working = std::env::current_dir().unwrap_or_default();
        let below = working.join("a b/pod.yaml");
        for file in ["a b/pod.yaml", "./a b/pod.yaml", "x/../a b/pod.yaml", &below.to_string_lossy()] {
            assert_eq!(file_uri(file), "a%20b/pod.yaml");
        }
        assert_eq!(file_uri("/somewhere/else.yaml"), "file:///somewhere/else.yaml");
        assert!(file_uri("../pod.yaml").starts_with("file:///"));
    }

    #[test]
    fn an_image_without_a_file_stands_under_its_name_and_a_port_makes_no_scheme() {
        assert_eq!(image_uri("127.0.0.1:5000/shop/app:1.4"), "127.0.0.1%3A5000/shop/app");
        assert_eq!(image_uri("alpine"), "docker.io/library/alpine");
    }
}
