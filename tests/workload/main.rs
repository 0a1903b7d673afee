//! Pinning as a property: whatever a manifest looks like, before and after it differs in image fields only.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../support/mod.rs"]
mod support;

use countersign::model::Digest;
use countersign::workload::{Manifests, ReadOptions, read};
use proptest::prelude::*;
use serde_json::{Value, json};

use support::spelling::{Dice, spelt};

const KINDS: [(&str, &str, &[&str]); 5] = [
    ("v1", "Pod", &["spec"]),
    ("apps/v1", "Deployment", &["spec", "template", "spec"]),
    ("batch/v1", "CronJob", &["spec", "jobTemplate", "spec", "template", "spec"]),
    ("v1", "PodTemplate", &["template", "spec"]),
    ("argoproj.io/v1alpha1", "Rollout", &["spec", "template", "spec"]),
];

fn image() -> impl Strategy<Value = String> {
    prop_oneof![
        // Few enough that one is used twice, and then now and then by an alias.
        Just("r.example/shop/app:1".to_owned()),
        Just("a/b".to_owned()),
        "[a-z][a-z0-9]{0,9}(-[a-z0-9]{1,4})?(:[A-Za-z0-9_][A-Za-z0-9._-]{0,9})?"
            .prop_filter("no text for YAML 1.1", |text| read_as_text(text)),
        "[a-z]{1,9}\\.example(:[1-9][0-9]{1,3})?/[a-z]{1,9}(/[a-z0-9]{1,9}){0,2}(:v[0-9]{1,3})?",
        "\\[::[1-9]\\]:5000/[a-z]{1,9}",
    ]
}

/// Words such as `yes`, and Docker Hub's image `oci`, are refused, which other tests are about.
fn read_as_text(text: &str) -> bool {
    !["y", "n", "yes", "no", "on", "off", "true", "false", "null"].contains(&text)
        && !text.starts_with("oci:")
}

fn containers() -> impl Strategy<Value = Value> {
    let container = (image(), "[a-z]{1,5}", any::<Option<bool>>());
    proptest::collection::vec(container, 1..4).prop_map(|all| {
        all.into_iter().map(|(image, name, tty)| json!({"image": image, "name": name, "tty": tty})).collect()
    })
}

/// An object with notes that look like its images.
fn object() -> impl Strategy<Value = Value> {
    let spec = (containers(), proptest::option::of(containers()), proptest::option::of(image()));
    (0..KINDS.len(), spec, image(), "[ -~é✓]{0,30}").prop_map(|(kind, (main, init, volume), note, text)| {
        let (version, kind, path) = KINDS[kind];
        let mut whole = json!({"containers": main});
        if let Some(init) = init {
            whole["initContainers"] = init;
        }
        if let Some(reference) = volume {
            whole["volumes"] = json!([{"name": "v", "image": {"reference": reference}}]);
        }
        for name in path.iter().rev() {
            whole = json!({*name: whole});
        }
        let text = text.replace(['\'', '"', '\\'], "");
        whole["metadata"] =
            json!({"name": "a", "annotations": {"note": note, "text": text, "other": [1, -2.5, true]}});
        whole["apiVersion"] = json!(version);
        whole["kind"] = json!(kind);
        whole
    })
}

fn read_text(text: &str) -> Manifests {
    read(text.as_bytes(), &ReadOptions::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// The documents as another reader sees them.
fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text.trim_start_matches('\u{feff}'))
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// `spec.containers[0].image` as a JSON pointer.
fn pointer(path: &str) -> String {
    format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn documents_differ_in_the_pinned_images_only(
        objects in proptest::collection::vec(object(), 1..3),
        seed in any::<u64>(),
        unpinned in image(),
    ) {
        let mut dice = Dice::new(seed);
        let texts: Vec<_> = objects.iter().map(|object| (object, spelt(object, &mut dice))).collect();
        for (object, text) in texts {
            let manifests = read_text(&text);
            let digest = |image: &str| (image != unpinned).then(|| Digest::of(image.as_bytes()));
            let output = match manifests.pin(|image| digest(&image.text)) {
                Ok(output) => output,
                Err(error) => {
                    // The note stands for an image by an alias; nothing else is refused.
                    prop_assert!(error.reason.contains("used elsewhere") && text.contains('*'), "{}", error);
                    continue;
                }
            };
            let mut expected = documents(&text);
            prop_assert_eq!(&expected, std::slice::from_ref(object), "{}", &text);
            for image in manifests.images() {
                let at = expected[0].pointer_mut(&pointer(&image.path)).unwrap();
                prop_assert_eq!(at.as_str(), Some(image.text.as_str()));
                if let Some(digest) = digest(&image.text) {
                    // Without a tag `latest` is meant, and written.
                    let tag = if image.image.tag().is_none() { ":latest" } else { "" };
                    *at = json!(format!("{}{tag}@{digest}", image.text));
                }
            }
            prop_assert_eq!(documents(&output), expected, "{}", &output);
            // Comments, order and quotes are there to the byte, unless an alias had to give way.
            if !text.contains('*') {
                let mut without = output.clone();
                for digest in manifests.images().iter().filter_map(|image| digest(&image.text)) {
                    without = without.replace(&format!(":latest@{digest}"), "");
                    without = without.replace(&format!("@{digest}"), "");
                }
                prop_assert_eq!(without, text);
            }
        }
    }

    #[test]
    fn whatever_the_bytes_are_the_answer_is_an_answer(text in "[-a:#&*!|>'\"%@?,{}\\[\\] \n\t~<kindapiVersoPmgtc]{0,60}") {
        let _ = read(text.as_bytes(), &ReadOptions::default());
    }
}
