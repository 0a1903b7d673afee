//! Where a result stands. Services need a file and a line; an image that was named as an argument stands in no file, and
//! its name takes the file's place, as scanners of images have it.

use std::path::{Component, Path, PathBuf};

use serde_json::{Value, json};

use crate::cli::files::{STANDARD_INPUT, canonical};
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
        Self::of(file_uri(&place.on_disk), region, &place.object, &place.path)
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
    encoded(repository.unwrap_or_else(|_| reference.to_owned()).as_bytes())
}

/// A file below the working folder as a relative reference, which services take for a path in the repository; another
/// one as an absolute URI.
fn file_uri(file: &Path) -> String {
    uri_below(&std::env::current_dir().unwrap_or_default(), file)
}

/// Either side may be named through a link, so folders are compared as they are; a folder in the repository that is a
/// link to elsewhere is one of the repository by its name. The file's own name stays, link or not.
fn uri_below(working: &Path, file: &Path) -> String {
    let absolute = working.join(file);
    let plain = without_dots(&absolute);
    let real = match (absolute.parent().map(Path::canonicalize), absolute.file_name()) {
        (Some(Ok(folder)), Some(name)) => folder.join(name),
        _ => plain.clone(),
    };
    let root = canonical(working);
    match real.strip_prefix(&root).or_else(|_| plain.strip_prefix(working)) {
        Ok(relative) => encoded(relative.as_os_str().as_encoded_bytes()),
        Err(_) => format!("file://{}", encoded(plain.as_os_str().as_encoded_bytes())),
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

/// A path in a URI: all but unreserved characters and slashes percent-encoded (RFC 3986, section 2.3). A colon too, so
/// that a port does not make a scheme of the host.
fn encoded(path: &[u8]) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.iter().copied() {
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
            assert_eq!(file_uri(file.as_ref()), "a%20b/pod.yaml");
        }
        assert_eq!(file_uri("/somewhere/else.yaml".as_ref()), "file:///somewhere/else.yaml");
        assert!(file_uri("../pod.yaml".as_ref()).starts_with("file:///"));
    }

    #[test]
    #[cfg(unix)]
    #[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
    fn a_working_folder_that_is_reached_by_a_link_is_the_same_folder() {
        use std::os::unix::ffi::OsStrExt as _;

        let folder = std::env::temp_dir().join(format!("countersign-links-{}", std::process::id()));
        let (real, link) = (folder.join("real"), folder.join("link"));
        std::fs::create_dir_all(real.join("k8s")).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let by_link = uri_below(&real, &link.join("k8s/pod.yaml"));
        let by_name = uri_below(&link, &real.join("k8s/pod.yaml"));
        std::fs::remove_dir_all(folder).unwrap();
        assert_eq!((by_link.as_str(), by_name.as_str()), ("k8s/pod.yaml", "k8s/pod.yaml"));
        // A name in no encoding, and one that is shown otherwise.
        let odd = std::ffi::OsStr::from_bytes(b"a\xff\x1b.yaml");
        assert_eq!(file_uri(odd.as_ref()), "a%FF%1B.yaml");
    }

    #[test]
    fn an_image_without_a_file_stands_under_its_name_and_a_port_makes_no_scheme() {
        assert_eq!(image_uri("127.0.0.1:5000/shop/app:1.4"), "127.0.0.1%3A5000/shop/app");
        assert_eq!(image_uri("alpine"), "docker.io/library/alpine");
    }
}
