//! What a conversion refuses, with its line, and what it says besides.

use std::time::{Duration, Instant};

use countersign::policy::convert::{ChangeKind, Signers};
use countersign::policy::{Draft, drafts};

use super::written::{entry, keys_text, with_authorities, with_entries};
use super::{conversion, converted, refusal};

/// An authority with a key and one more field of it, or beside it.
fn by(key: &str, more: &str) -> String {
    format!("    - name: {key}\n      key:\n{}{more}", keys_text("        ", "data", key))
}

fn any_image(authorities: &str) -> String {
    with_authorities("enforce", &["**"], authorities)
}

/// Where the text stands, as errors say it.
fn line_of(text: &str, part: &str) -> String {
    let line = text.lines().position(|line| line.contains(part)).unwrap() + 1;
    format!("line {line}, ")
}

fn kinds(policy: &str) -> Vec<ChangeKind> {
    conversion(policy, &Signers::Any).unwrap().changes.iter().map(|change| change.kind).collect()
}

#[test]
fn errors_name_the_line_of_what_has_no_native_form() {
    let globs = with_authorities("enforce", &["**", "*.example.org/**"], &by("build", ""));
    let globs = globs.replace("}, {", "},\n    {");
    let said = refusal(&globs);
    assert!(said.starts_with(&line_of(&globs, "*.example.org")), "{said}");
    assert!(said.contains("spec.images[1].glob: `*.example.org/**`"), "{said}");

    let objects = any_image(&by("build", "")) + "  match: [{resource: pods, version: v1}]\n";
    let said = refusal(&objects);
    assert!(said.starts_with(&line_of(&objects, "match:")) && said.contains("spec.match: "), "{said}");

    let sources = by("build", "      source: [{oci: registry.example.org/one}]\n")
        + &by("build-next", "      source: [{oci: registry.example.org/two}]\n");
    let said = refusal(&any_image(&sources));
    assert!(said.starts_with(&line_of(&any_image(&sources), "org/two")), "{said}");
    assert!(said.contains("spec.authorities[1].source: authorities look in different"), "{said}");

    let prefix = any_image(&by("build", "      source: [{tagPrefix: other}]\n"));
    assert!(refusal(&prefix).contains("spec.authorities[0].source: `tagPrefix`"), "{}", refusal(&prefix));
}

#[test]
fn a_hash_that_a_key_is_not_read_with_is_refused_and_one_of_a_key_to_be_fetched_is_announced() {
    let hashed = |key: &str, hash: &str| any_image(&by(key, &format!("        hashAlgorithm: {hash}\n")));
    let said = refusal(&hashed("build", "sha512"));
    assert!(said.contains("spec.authorities[0].key.hashAlgorithm: "), "{said}");
    assert!(said.starts_with(&line_of(&hashed("build", "sha512"), "hashAlgorithm")), "{said}");
    assert!(!kinds(&hashed("build", "sha256")).contains(&ChangeKind::HashAlgorithm));
    let fetched = |hash: &str| {
        any_image(&format!("    - key: {{secretRef: {{name: build}}, hashAlgorithm: {hash}}}\n"))
    };
    assert!(kinds(&fetched("sha512")).contains(&ChangeKind::HashAlgorithm));
    assert!(!kinds(&fetched("sha256")).contains(&ChangeKind::HashAlgorithm));
}

#[test]
fn what_is_said_of_images_without_a_digest_and_of_an_installation_is_announced() {
    assert!(kinds(&any_image("    - static: {action: pass}\n")).contains(&ChangeKind::Unpinned));
    assert!(kinds(&any_image("    - static: {action: fail}\n")).contains(&ChangeKind::Unpinned));
    assert!(!kinds(&any_image(&by("build", ""))).contains(&ChangeKind::Unpinned));
    let installed = any_image(&by("build", ""))
        + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: config-policy-controller}\n\
           data: {no-match-policy: allow}\n\
           ---\napiVersion: v1\nkind: Namespace\nmetadata: {name: kube-system}\n\
           ---\napiVersion: v1\nkind: Namespace\n\
           metadata: {name: shop, labels: {policy.sigstore.dev/include: \"true\"}}\n";
    let conversion = conversion(&installed, &Signers::Any).unwrap();
    assert!(conversion.policies.contains("excludeNamespaces: [\"kube-system\"]"), "{}", conversion.policies);
    let said = |kind| conversion.changes.iter().filter(move |change| change.kind == kind);
    let no_match: Vec<&str> = said(ChangeKind::NoMatch).map(|change| change.text.as_str()).collect();
    assert!(matches!(no_match.as_slice(), [text] if text.ends_with("--no-match allow")), "{no_match:?}");
    assert_eq!(said(ChangeKind::ExcludedWithoutPolicy).count(), 1);
}

#[test]
fn one_key_is_never_both_signers() {
    let two = |build: &[&str], validation: &[&str]| {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Signers::Two { build: owned(build), validation: owned(validation) }
    };
    let said = |policy: &str, signers: &Signers| conversion(policy, signers).unwrap_err()[0].to_string();
    let policy = with_entries(false, &entry("registry.example.org/*", &["build", "validation"]));
    let both = said(&policy, &two(&["build", "validation"], &["validation"]));
    assert!(both.contains("both as a build key and as a validation key"), "{both}");
    // The same key under two names.
    let same = any_image(&(by("build", "") + &by("build", "").replace("name: build", "name: other")));
    let shared = said(&same, &two(&["build"], &["other"]));
    assert!(
        shared.contains("spec.authorities[1].key.data: it is a build key and a validation key"),
        "{shared}"
    );
    let reference = |name: &str| format!("    - {{name: {name}, key: {{secretRef: {{name: build}}}}}}\n");
    let fetched = any_image(&(reference("one") + &reference("two")));
    assert!(said(&fetched, &two(&["one"], &["two"])).contains("two signatures would be one"));
}

#[test]
fn what_the_native_reader_would_refuse_is_refused() {
    for name in ["a/b", "p\\x7f", "a\\nb"] {
        let policy = any_image(&format!("    - key: {{secretRef: {{name: \"{name}\"}}}}\n"));
        match conversion(&policy, &Signers::Any) {
            // What is read again is the same name.
            Ok(conversion) => {
                let read = drafts(conversion.policies.as_bytes()).unwrap();
                let before = drafts(policy.as_bytes()).unwrap();
                let source = |drafts: &[Draft]| drafts[0].key_sources().next().unwrap().1.clone();
                assert_eq!(source(&read), source(&before), "{name}");
            }
            Err(errors) => {
                let said = errors[0].to_string();
                assert!(said.contains("what comes of it would not be read"), "{name}: {said}");
            }
        }
    }
    let slash = any_image("    - key: {secretRef: {name: a/b}}\n");
    assert!(
        refusal(&slash).contains("metadata.name: what comes of it would not be read"),
        "{}",
        refusal(&slash)
    );
}

#[test]
fn many_patterns_take_no_long_and_too_many_are_refused() {
    let policy = |count: usize| {
        let entries = (0..count).map(|number| {
            let keys: &[&str] = if number.is_multiple_of(2) { &["build"] } else { &["validation"] };
            entry(&format!("registry.example.org/team-{number}/*"), keys)
        });
        with_entries(false, &entries.collect::<String>())
    };
    let start = Instant::now();
    let (native, _) = converted(&policy(1000)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(native.matches("registry.example.org/team-").count(), 1000);
    assert!(refusal(&policy(2001)).contains("more than 2000 patterns"), "{}", refusal(&policy(2001)));
}
