//! OpenVEX from the command line: what the rules trust ignores a finding and stands in the signature, anything else
//! stops the run.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::model::Digest;
use serde_json::{Value, json};

use crate::reports::{grype, trivy};
#[cfg(feature = "rego")]
use crate::support::cli::Countersign;
use crate::support::cli::Run;
use crate::support::image::{self, Pushed};
use crate::support::keys::TestKey;
use crate::support::peers::{cosign, cosign_pair, docker_registry};
use crate::world::{LENIENT, STRICT, World, keys, sign, verify};

/// The critical finding of Trivy's sample.
const CRITICAL: &str = "CVE-2019-18224";

/// A document that says of `digest` that the finding does not count.
fn document(digest: Digest, name: &str) -> Value {
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://a.example/vex-1", "author": "Security",
        "timestamp": "2021-08-20T00:00:00Z", "version": 1, "statements": [{
            "vulnerability": {"name": name}, "products": [{"@id": format!("pkg:oci/app@{digest}")}],
            "status": "not_affected", "justification": "vulnerable_code_not_present",
            "impact_statement": "built without idn"}]})
}

/// Rules that deny what is critical, and trust these documents.
fn naming(text: &str) -> String {
    format!("{STRICT}, vex: {{documents: ['{}']}}", Digest::of(text.as_bytes()))
}

fn claim(image: &Pushed) -> Value {
    let report = verify(&image.pinned(), &keys().validation, &[]).expect_code(0).json();
    report["images"][0]["policies"][0]["signers"][0]["by"][0]["claims"]["countersign.dev/scan-vex"].clone()
}

#[test]
fn a_document_that_the_rules_name_ignores_a_finding_and_stands_in_the_signature() {
    let world = World::new();
    let image = world.built("vex");
    let text = document(image.digest, CRITICAL).to_string();
    let file = world.file("vex.json", &text);
    let command = || world.validate(&image, &[trivy(&image)], &naming(&text));
    command().run().expect_code(1);
    let run = command().args(["--vex", &file, "--output", "json"]).run().expect_code(0);
    let digest = Digest::of(text.as_bytes()).to_string();
    let ignored = &run.json()["scans"][0]["ignored"][0];
    assert_eq!(ignored["reason"], "vulnerable_code_not_present: built without idn");
    assert_eq!(ignored["vex"], json!({"document": digest, "author": "Security"}));
    assert_eq!((ignored["id"].as_str(), ignored.get("expires")), (Some(CRITICAL), None));
    assert_eq!(claim(&image), digest);
    let run = command().args(["--vex", &file]).run().expect_code(0);
    let line = format!(
        "ignored by Security in {digest}: {CRITICAL} CRITICAL libidn2-0: vulnerable_code_not_present"
    );
    assert!(run.stdout.contains(&line), "{}", run.stdout);
    assert!(run.stdout.contains("already"), "the same documents, the same claims: {}", run.stdout);
}

#[test]
fn another_document_is_another_claim() {
    let world = World::new();
    let image = world.built("another");
    let texts = ["", " "].map(|end| document(image.digest, CRITICAL).to_string() + end);
    for text in &texts {
        let command = world.validate(&image, &[trivy(&image)], &naming(text));
        let run =
            command.args(["--vex", &world.file("vex.json", text), "--output", "json"]).run().expect_code(0);
        let result = &run.json()["results"][0];
        assert_eq!(result["written"], true);
        assert_eq!(result["claims"]["countersign.dev/scan-vex"], json!(Digest::of(text.as_bytes())));
    }
}

#[test]
fn a_document_that_ignored_nothing_is_no_claim() {
    let world = World::new();
    let image = world.built("nothing");
    let text = document(image.digest, "CVE-2019-1").to_string();
    let rules = naming(&text).replace("CRITICAL, ", "");
    let command =
        world.validate(&image, &[trivy(&image)], &rules).args(["--vex", &world.file("vex.json", &text)]);
    command.run().expect_code(0);
    assert_eq!(claim(&image), Value::Null);
}

/// `validate` with the document in a file, refused as bad input; nothing is written.
fn refused(world: &World, image: &Pushed, rules: &str, text: &str) -> Run {
    world.registry.forget_requests();
    let command =
        world.validate(image, &[trivy(image)], rules).args(["--vex", &world.file("vex.json", text)]);
    let run = command.run().expect_code(2);
    assert_eq!(world.registry.writes().len(), 0, "{:#?}", world.registry.writes());
    run
}

#[test]
fn a_document_that_is_not_trusted_or_about_something_else_stops_the_run() {
    let world = World::new();
    let image = world.built("untrusted");
    let text = document(image.digest, CRITICAL).to_string();
    let run = refused(&world, &image, STRICT, &text);
    let digest = Digest::of(text.as_bytes()).to_string();
    assert!(run.stderr.contains(&format!("add {digest} to `spec.vex.documents`")), "{}", run.stderr);
    let other = document(Digest::of(b"another"), CRITICAL).to_string();
    let run = refused(&world, &image, &naming(&other), &other);
    assert!(run.stderr.contains("no statement in it is about"), "{}", run.stderr);
    assert!(run.stderr.contains("pkg:oci/NAME@sha256:"), "{}", run.stderr);
    for text in ["{}", "", "[]", "{\"payload\":\"\"}"] {
        let run = refused(&world, &image, &naming(text), text);
        assert!(run.stderr.contains("vex.json: "), "{}", run.stderr);
    }
    let missing = world.validate(&image, &[trivy(&image)], STRICT).args(["--vex", "none.json"]).run();
    missing.expect_code(2);
}

#[test]
fn whoever_signs_images_says_nothing_about_findings() {
    let world = World::new();
    let image = world.built("own word");
    let named =
        |key: &TestKey| format!("{LENIENT}, vex: {{keys: [{{pem: {}}}]}}", json!(key.public.to_pem()));
    for (key, role) in [(&keys().build, "build"), (&keys().validation, "validation")] {
        world.registry.forget_requests();
        // Also where no document is given: the rules are wrong.
        let run = world.validate(&image, &[trivy(&image)], &named(key)).run().expect_code(2);
        assert!(
            run.stderr.contains(&format!("names the {role} key {}", key.public.fingerprint())),
            "{}",
            run.stderr
        );
        assert_eq!(world.registry.writes().len(), 0);
    }
    world.validate(&image, &[trivy(&image)], &named(&keys().stranger)).run().expect_code(0);
}

#[test]
fn an_index_is_ignored_for_by_its_own_digest() {
    let world = World::new();
    let index = image::index(&world.registry, "shop/index", "1", "vex");
    sign(&index.index.pinned(), &keys().build, &[]).expect_code(0);
    let (_, nested) = index.nested.as_ref().unwrap();
    let reports: Vec<Value> = index.platforms.iter().chain([nested]).map(trivy).collect();
    let text = document(index.index.digest, CRITICAL).to_string();
    let command = world.validate(&index.index, &reports, &naming(&text));
    command.args(["--vex", &world.file("vex.json", &text)]).run().expect_code(0);
    let child = document(index.platforms[0].digest, CRITICAL).to_string();
    let command = world.validate(&index.index, &reports, &naming(&child));
    command.args(["--vex", &world.file("vex.json", &child)]).run().expect_code(1);
}

#[test]
fn what_grype_reports_is_ignored_in_the_same_way() {
    let world = World::new();
    let image = world.built("grype");
    let text = document(image.digest, "CVE-1999-0002").to_string();
    let command = world.validate(&image, &[grype(&image)], &naming(&text));
    command.args(["--vex", &world.file("vex.json", &text)]).run().expect_code(0);
}

/// The line that is an OpenVEX attestation, among the signatures that cosign lists too.
fn attestation(listed: &str) -> &str {
    let is_vex = |line: &&str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let envelope = line.get("dsseEnvelope").unwrap_or(&line);
        let payload = STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap();
        serde_json::from_slice::<Value>(&payload).unwrap()["predicateType"] == "https://openvex.dev/ns"
    };
    listed.lines().find(is_vex).unwrap_or_else(|| panic!("{listed}"))
}

#[test]
fn a_document_that_cosign_attested_is_trusted_by_its_key() {
    let world = World::new();
    let peer = docker_registry();
    let image = image::image(peer.host(), "shop/vex", "1", "cosign");
    sign(&image.pinned(), &keys().build, &[]).expect_code(0);
    let mut document = document(image.digest, CRITICAL);
    document["statements"][0]["products"] = json!([{"@id": "pkg:oci/vex"}]);
    let predicate = world.file("predicate.json", document.to_string());
    let [private, public] = cosign_pair(&world.folder);
    let pem = json!(std::fs::read_to_string(public).unwrap());
    let rules = format!("{STRICT}, vex: {{keys: [{{pem: {pem}}}]}}");
    for legacy in [true, false] {
        let format = format!("--new-bundle-format={}", !legacy);
        let attest = ["attest", "--type", "openvex", "--predicate", &predicate, "--key", &private, "--yes"];
        let unlogged = ["--tlog-upload=false", "--use-signing-config=false", &format];
        cosign()
            .args(attest)
            .args(unlogged)
            .args(["--allow-insecure-registry", &image.pinned()])
            .run()
            .expect_code(0);
        let run = cosign().args(["download", "attestation", &image.pinned()]).run().expect_code(0);
        let downloaded = world.file("attestation.json", attestation(&run.stdout));
        let command =
            |rules: &str| world.validate(&image, &[trivy(&image)], rules).args(["--vex", &downloaded]);
        command(&rules).run().expect_code(0);
        command(STRICT).run().expect_code(2);
    }
}

#[test]
#[cfg(feature = "rego")]
fn rules_in_rego_trust_no_document() {
    let world = World::new();
    let image = world.built("rego");
    let text = document(image.digest, CRITICAL).to_string();
    let rules =
        world.file("rules.rego", "# countersign:input trivy\npackage main\ndeny[msg] { msg := \"no\" }\n");
    let command = Countersign::new().args(["validate", &image.pinned(), "--rules", &rules]);
    let command =
        command.args(["--scan", &world.report(&trivy(&image)), "--build-key", &keys().build.public_arg()]);
    let command =
        command.args(["--key", &keys().validation.private_arg(), "--vex", &world.file("vex.json", &text)]);
    let run = command.run().expect_code(2);
    assert!(run.stderr.contains("rules in Rego trust no OpenVEX document"), "{}", run.stderr);
}
