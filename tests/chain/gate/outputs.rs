//! What the gate leaves behind: reports in files, and results for Tekton.

use quick_xml::events::{BytesStart, Event};
use serde_json::Value;

use super::{report, says};
use crate::policies::{both, pod, policy, production};
use crate::support::image::image;
use crate::world::{World, entries, shown};

/// An element's name and attributes, and the text in it.
#[derive(Debug, Default, Clone)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
}

impl Element {
    fn of(start: &BytesStart<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let attributes = start.attributes().map(Result::unwrap).map(|attribute| {
            let value = quick_xml::escape::unescape(&text(&attribute.value)).unwrap().into_owned();
            (text(attribute.key.as_ref()), value)
        });
        Self { name: text(start.name().as_ref()), attributes: attributes.collect(), text: String::new() }
    }

    fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no `{name}`: {self:?}"))
    }
}

/// The elements of an XML document, in the order in which they begin.
fn elements(text: &str) -> Vec<Element> {
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut elements, mut open): (Vec<Element>, Vec<usize>) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                open.push(elements.len());
                elements.push(Element::of(&start));
            }
            Event::Empty(start) => elements.push(Element::of(&start)),
            Event::End(_) => drop(open.pop()),
            Event::Text(bytes) => {
                if let Some(inner) = open.last() {
                    elements[*inner].text.push_str(&bytes.decode().unwrap());
                }
            }
            Event::Eof => return elements,
            _ => {}
        }
    }
}

#[test]
fn a_junit_report_has_a_case_for_each_image_a_failure_for_denied_and_an_error_for_undecided() {
    let world = World::new();
    let (good, bad, gone) = (world.countersigned("good"), world.image("bad"), world.image("gone"));
    world.registry.remove(&gone.repository, &gone.digest.to_string());
    let manifest = world.file("pod.yaml", pod("app", &[&good.pinned(), &bad.pinned(), &gone.pinned()]));
    let path = world.folder.join("junit.xml");
    let gate = world.gate(&production(&world.registry)).args(["-f", &manifest]);
    gate.arg("--report").arg(format!("junit={}", path.display())).run().expect_code(1);
    let elements = elements(&std::fs::read_to_string(path).unwrap());
    let names: Vec<&str> = elements.iter().map(|element| element.name.as_str()).collect();
    assert_eq!(names, ["testsuites", "testsuite", "testcase", "testcase", "failure", "testcase", "error"]);
    for suites in &elements[..2] {
        let counts = ["tests", "failures", "errors"].map(|name| suites.attribute(name));
        assert_eq!(counts, ["3", "1", "1"]);
    }
    elements[1].attribute("timestamp").parse::<jiff::civil::DateTime>().unwrap();
    assert_eq!(elements[2].attribute("name"), good.pinned());
    assert_eq!(elements[2].attribute("classname"), "Pod app");
    assert_eq!(elements[3].attribute("name"), bad.pinned());
    assert!(elements[4].attribute("message").contains("policy production: build: "), "{:?}", elements[4]);
    assert!(
        elements[4].text.contains(&format!("{manifest}:10 spec.containers[1].image")),
        "{:?}",
        elements[4]
    );
    assert!(elements[6].attribute("message").contains("not in the registry"), "{:?}", elements[6]);
}

#[test]
fn a_junit_report_tells_warnings_and_what_an_audit_found() {
    let world = World::new();
    let image = world.image("audited");
    let path = world.folder.join("junit.xml");
    let audit = production(&world.registry).replace("spec:\n", "spec:\n  mode: Audit\n");
    let gate = world.gate(&audit).args([image.pinned(), "--report".to_owned()]);
    gate.arg(format!("junit={}", path.display())).run().expect_code(0);
    let elements = elements(&std::fs::read_to_string(path).unwrap());
    let told = elements.iter().find(|element| element.name == "system-out").unwrap();
    assert!(told.text.contains("audit: "), "{told:?}");
}

#[test]
fn a_junit_report_holds_no_character_that_xml_lacks() {
    let world = World::new();
    let path = world.folder.join("junit.xml");
    let text = pod("app", &[&world.image("name").pinned()]).replace("name: app", r#"name: "a\uFFFEb\uFFFF""#);
    let manifest = world.file("pod.yaml", text);
    let gate = world.gate(&production(&world.registry)).args(["-f", &manifest, "--report"]);
    gate.arg(format!("junit={}", path.display())).run().expect_code(1);
    let text = std::fs::read_to_string(path).unwrap();
    assert!(!text.contains(['\u{fffe}', '\u{ffff}']), "{text}");
    assert_eq!(elements(&text)[2].attribute("classname"), r"Pod a\u{fffe}b\u{ffff}");
}

#[test]
fn a_json_report_is_what_standard_output_would_hold() {
    let world = World::new();
    let image = world.countersigned("json");
    let path = world.folder.join("report.json");
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    let gate = gate.arg("--report").arg(format!("json={}", path.display()));
    let printed = report(&gate, 0);
    let written: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(written, printed);
    // In text and with --pin, too; and of a denial.
    let manifest = world.file("pod.yaml", pod("app", &[&world.image("denied").tagged("1.4")]));
    let junit = world.folder.join("junit.xml");
    let gate = world.gate(&production(&world.registry)).args(["--pin", "-f", &manifest, "--report"]);
    let run = gate.args([format!("json={}", path.display()), format!("junit={}", junit.display())]).run();
    assert_eq!(run.expect_code(1).stdout, "");
    let written: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(written["decision"], "denied");
    assert!(!elements(&std::fs::read_to_string(junit).unwrap()).is_empty());
}

#[test]
fn paths_that_cannot_be_written_are_found_before_the_first_request() {
    let world = World::new();
    let image = world.countersigned("paths");
    let nowhere = shown(&world.folder.join("nowhere"));
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    let run = gate.clone().args(["--report", &format!("json={nowhere}/report.json")]).run().expect_code(2);
    says(&run, "cannot be written");
    let run = gate.clone().args(["--results-dir", &nowhere]).run().expect_code(2);
    says(&run, "cannot be written");
    gate.args(["--report", "pdf=report"]).run().expect_code(2);
    assert_eq!(world.registry.requests().len(), 0);
}

#[test]
fn the_results_hold_the_decision_and_what_was_checked() {
    let world = World::new();
    let (good, bad) = (world.countersigned("good"), world.image("bad"));
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let read = |name: &str| std::fs::read_to_string(results.join(name)).unwrap();
    let gate = |more: &[&str]| {
        world.gate(&production(&world.registry)).arg("--results-dir").arg(&results).args(more).run()
    };
    gate(&[&good.pinned(), &good.pinned()]).expect_code(0);
    assert_eq!(read("DECISION"), "allowed");
    assert_eq!(serde_json::from_str::<Vec<String>>(&read("PINNED_REFS")).unwrap(), [good.pinned()]);
    // A tag with the digest that was checked.
    world.registry.put_manifest(&good.repository, "good", &good.media_type, &good.bytes);
    gate(&["--allow-tag", &good.tagged("good")]).expect_code(0);
    let pinned = format!("{}@{}", good.tagged("good"), good.digest);
    assert_eq!(serde_json::from_str::<Vec<String>>(&read("PINNED_REFS")).unwrap(), [pinned]);
    gate(&[&bad.pinned()]).expect_code(1);
    assert_eq!(read("DECISION"), "denied");
    world.registry.remove(&bad.repository, &bad.digest.to_string());
    gate(&[&bad.pinned()]).expect_code(3);
    assert_eq!(read("DECISION"), "undecided");
    assert_eq!(entries(&results).len(), 2);
}

#[test]
fn results_without_a_decision_are_empty() {
    let world = World::new();
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let gate = world.gate(&production(&world.registry)).arg("--results-dir").arg(&results);
    gate.args(["-f", "-"]).run().expect_code(2);
    for name in ["DECISION", "PINNED_REFS"] {
        assert_eq!(std::fs::read_to_string(results.join(name)).unwrap(), "");
    }
}

#[test]
fn a_list_beyond_a_results_size_stands_in_a_file() {
    let world = World::new();
    let results = world.folder.join("results");
    std::fs::create_dir(&results).unwrap();
    let images: Vec<String> = (0..40)
        .map(|number| image(&world.registry, &format!("free/{number:02}"), "1", &number.to_string()).pinned())
        .collect();
    let allow = policy("free", "**", "  action: Allow\n");
    let gate = |images: &[String]| {
        world.gate(&allow).arg("--results-dir").arg(&results).args(images).run().expect_code(0);
        let read = |name: &str| std::fs::read_to_string(results.join(name)).unwrap_or_default();
        (read("PINNED_REFS"), read("PINNED_REFS.json"))
    };
    let (result, file) = gate(&images[..10]);
    assert_eq!(serde_json::from_str::<Vec<String>>(&result).unwrap(), images[..10]);
    assert_eq!(file, "");
    let (result, file) = gate(&images);
    assert_eq!(result, "");
    assert_eq!(serde_json::from_str::<Vec<String>>(&file).unwrap(), images);
}

#[test]
fn an_error_in_json_stands_on_standard_output() {
    let world = World::new();
    let image = world.image("error");
    let gate = world.gate(&policy("p", "**", &both()).replace("kind:", "kid:")).arg(image.pinned());
    let report = report(&gate, 2);
    assert_eq!(report["error"]["kind"], "usage");
    assert!(report["error"]["hint"].as_str().unwrap().contains("docs/policy.md"), "{report:#}");
}
