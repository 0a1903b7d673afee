//! OpenVEX: a statement that the rules trust, about this image and this package, ignores a finding, and nothing else
//! does. What cannot be told never ignores.

use std::collections::BTreeSet;

use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::model::{Digest, PublicKey, envelope};
use countersign::scan::openvex::statements::{Image, Statements};
use countersign::scan::{Ignore, Judgement, Rules, TrustedDocument, Verdict, VexError, judge_with};
use serde_json::{Value, json};

use crate::forms::{cyclonedx, sarif};
use crate::written::{BUSTER, CREATED, at, changed, parse, rules, subject, with};

/// The critical finding of the sample.
const CRITICAL: &str = "CVE-2019-18224";
const DENY: &str = "deny: {severities: [CRITICAL]}";
const REASON: &str = "vulnerable_code_not_in_execute_path: idn is never called";

/// The image of the sample: nothing in its report names its manifest.
fn image() -> Image {
    let manifest = subject(&parse(BUSTER)).manifest;
    Image { manifest, asked: manifest, repository: Some("a.example/shop/app".to_owned()) }
}

fn product(digest: Digest) -> Value {
    json!({"@id": format!("pkg:oci/app@{digest}?repository_url=a.example/shop/app")})
}

/// A statement that ignores the critical finding in the image.
fn statement() -> Value {
    json!({"vulnerability": {"name": CRITICAL}, "products": [product(image().manifest)], "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path", "impact_statement": "idn is never called"})
}

fn document(statements: &[Value]) -> Value {
    json!({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://a.example/vex-1", "author": "Security",
        "timestamp": "2021-08-20T00:00:00Z", "version": 1, "statements": statements})
}

/// The statement with a member changed.
fn stating(pointer: &str, value: Value) -> Value {
    serde_json::from_str(&with(&statement().to_string(), pointer, value)).unwrap()
}

fn stating_without(member: &str) -> Value {
    let mut statement = statement();
    statement.as_object_mut().unwrap().remove(member).unwrap();
    statement
}

/// Rules that name these documents.
fn naming(documents: &[&Value]) -> Rules {
    let digests: BTreeSet<String> = documents
        .iter()
        .map(|document| format!("'{}'", Digest::of(document.to_string().as_bytes())))
        .collect();
    rules(&format!("{DENY}, vex: {{documents: [{}]}}", digests.into_iter().collect::<Vec<_>>().join(", ")))
}

fn judged_by(report: &str, image: Image, rules: &Rules, trusted: &[TrustedDocument]) -> Judgement {
    let report = parse(report);
    let bound = report.binds_to(&subject(&report)).unwrap();
    judge_with(&bound, rules, Some(&Statements::new(trusted, image)), at(CREATED)).unwrap()
}

/// What becomes of the sample with these documents, which the rules name.
fn judged_with(documents: &[&Value]) -> Judgement {
    judged_about(image(), documents)
}

fn judged_about(image: Image, documents: &[&Value]) -> Judgement {
    let rules = naming(documents);
    let trusted: Vec<_> =
        documents.iter().map(|document| rules.trust(document.to_string().as_bytes(), &[]).unwrap()).collect();
    judged_by(BUSTER, image, &rules, &trusted)
}

/// Whether the critical finding is ignored by these statements.
fn ignored(statements: &[Value]) -> bool {
    judged_with(&[&document(statements)]).passed()
}

#[test]
fn a_statement_with_a_justification_ignores_the_finding_and_says_why() {
    let document = document(&[statement()]);
    let judgement = judged_with(&[&document]);
    let Verdict::Passed(passed) = &judgement.verdict else { panic!("{:?}", judgement.denied) };
    let digest = Digest::of(document.to_string().as_bytes());
    assert_eq!(passed.vex(), &BTreeSet::from([digest]));
    let [found] = judgement.ignored.as_slice() else { panic!("{:?}", judgement.ignored) };
    assert_eq!(found.finding.id, CRITICAL);
    assert_eq!((found.ignore.reason(), found.ignore.expires()), (REASON, None));
    let Ignore::Vex(vex) = &found.ignore else { panic!("{:?}", found.ignore) };
    assert_eq!((&*vex.author, vex.document), ("Security", digest));
}

#[test]
fn a_document_that_ignores_nothing_is_not_named_in_the_proof() {
    let first = document(&[statement()]);
    let second = document(&[stating("/vulnerability/name", json!("CVE-1-1"))]);
    let Verdict::Passed(passed) = judged_with(&[&first, &second]).verdict else { panic!("denied") };
    assert_eq!(passed.vex(), &BTreeSet::from([Digest::of(first.to_string().as_bytes())]));
}

#[test]
fn only_not_affected_with_one_of_the_five_words_ignores() {
    for word in [
        "component_not_present",
        "vulnerable_code_not_present",
        "vulnerable_code_not_in_execute_path",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "inline_mitigations_already_exist",
    ] {
        assert!(ignored(&[stating("/justification", json!(word))]), "{word}");
    }
    for status in ["affected", "fixed", "under_investigation"] {
        assert!(!ignored(&[stating("/status", json!(status))]), "{status}");
    }
    assert!(!ignored(&[stating_without("justification")]));
    assert!(!ignored(&[stating("/justification", json!(""))]));
}

#[test]
fn a_finding_is_known_by_the_vulnerabilitys_name_and_its_aliases() {
    let named = |name: &str, aliases: Value| {
        ignored(&[stating("/vulnerability", json!({"name": name, "aliases": aliases}))])
    };
    assert!(named("GHSA-1", json!(["CVE-1-1", CRITICAL])));
    assert!(!named("GHSA-1", json!([])));
    assert!(!named("cve-2019-18224", json!(["CVE-2019-1822"])));
    assert!(!ignored(&[stating("/vulnerability", json!({"@id": CRITICAL, "name": "GHSA-1"}))]));
}

#[test]
fn a_product_is_the_image_by_its_digest_alone() {
    let manifest = image().manifest;
    let ways = [
        json!({"@id": format!("pkg:oci/app@{manifest}")}),
        json!({"@id": format!("pkg:oci/app@sha256%3A{}?arch=amd64", manifest.hex())}),
        json!({"@id": "https://a.example/app", "identifiers": {"purl": format!("pkg:oci/other@{manifest}")}}),
    ];
    for way in ways {
        assert!(ignored(&[stating("/products", json!([{"@id": "pkg:oci/x@sha256:00"}, way]))]), "{way}");
    }
    let other = Digest::of(b"another");
    let wrong = [
        json!([]),
        json!([{"@id": "pkg:oci/app"}]),
        json!([{"@id": "pkg:oci/app@1.4?repository_url=a.example/shop/app"}]),
        json!([{"@id": format!("pkg:oci/app@{other}")}]),
        json!([{"@id": format!("pkg:docker/app@{manifest}")}]),
        json!([{"@id": format!("https://a.example/app@{manifest}")}]),
        json!([{"@id": format!("pkg:oci/app@{manifest}"), "identifiers": {"purl": format!("pkg:oci/app@{other}")}}]),
        json!([{"identifiers": {}}]),
    ];
    for products in wrong {
        assert!(!ignored(&[stating("/products", products.clone())]), "{products}");
    }
    assert!(!ignored(&[stating_without("products")]));
}

#[test]
fn an_index_stands_for_its_platforms_unless_one_of_them_is_named() {
    let index = Digest::of(b"index");
    let asked = || Image { asked: index, ..image() };
    let of = |product: String| {
        let document = document(&[stating("/products", json!([{"@id": product}]))]);
        judged_about(asked(), &[&document]).passed()
    };
    assert!(of(format!("pkg:oci/app@{index}")));
    assert!(of(format!("pkg:oci/app@{index}?repository_url=a.example/shop/app&tag=1")));
    assert!(of(format!("pkg:oci/app@{}", image().manifest)));
    assert!(!of(format!("pkg:oci/app@{index}?arch=arm64")));
    assert!(!of(format!("pkg:oci/app@{}", Digest::of(b"a sibling"))));
}

#[test]
fn subcomponents_restrict_a_statement_to_packages() {
    let within = |subcomponents: Value| ignored(&[stating("/products/0/subcomponents", subcomponents)]);
    for purl in [
        "pkg:deb/debian/libidn2-0",
        "pkg:deb/debian/libidn2-0@2.0.5-1",
        "pkg:deb/debian/libidn2-0?arch=amd64",
    ] {
        assert!(within(json!([{"@id": "pkg:deb/debian/bash"}, {"@id": purl}])), "{purl}");
        assert!(within(json!([{"@id": "a", "identifiers": {"purl": purl}}])), "{purl}");
    }
    assert!(within(json!([])));
    let wrong = [
        "pkg:deb/debian/bash",
        "pkg:rpm/debian/libidn2-0",
        "pkg:deb/debian/libidn2-0@2.0.6",
        "libidn2-0",
        "pkg:deb/libidn2-0",
    ];
    for purl in wrong {
        assert!(!within(json!([{"@id": purl}])), "{purl}");
    }
    let two = json!([{"@id": "pkg:deb/debian/libidn2-0", "identifiers": {"purl": "pkg:deb/debian/bash"}}]);
    assert!(!within(two));
    assert!(!within(
        json!([{"@id": "pkg:deb/debian/libidn2-0", "identifiers": {"purl": "pkg:deb/debian/x"}}])
    ));
}

#[test]
fn a_report_that_does_not_name_packages_in_full_is_ignored_for_all_of_them_or_none() {
    let whole = document(&[statement()]);
    let part =
        document(&[stating("/products/0/subcomponents", json!([{"@id": "pkg:deb/debian/libidn2-0"}]))]);
    let pulled = with(BUSTER, "/Metadata/RepoDigests", json!([format!("a@{}", image().manifest)]));
    for (report, in_part) in [(pulled.clone(), true), (cyclonedx(&pulled), true), (sarif(&pulled), false)] {
        for (document, passes) in [(&whole, true), (&part, in_part)] {
            let rules = naming(&[document]);
            let trusted = rules.trust(document.to_string().as_bytes(), &[]).unwrap();
            assert_eq!(judged_by(&report, image(), &rules, &[trusted]).passed(), passes, "{report}");
        }
    }
}

/// The statement at another time and of another status.
fn later(time: &str, status: &str) -> Value {
    let mut statement = statement();
    statement["timestamp"] = json!(time);
    statement["status"] = json!(status);
    statement
}

#[test]
fn the_latest_statement_rules_wherever_it_stands() {
    let (early, late) = ("2021-08-21T00:00:00Z", "2021-08-22T02:00:00+02:00");
    assert!(!ignored(&[later(early, "not_affected"), later(late, "affected")]));
    assert!(!ignored(&[later(late, "affected"), later(early, "not_affected")]));
    assert!(ignored(&[later(early, "affected"), later(late, "not_affected")]));
    assert!(ignored(&[later(late, "not_affected"), later(early, "under_investigation")]));
    // The document's own time is that of a statement without one.
    assert!(!ignored(&[statement(), later(early, "under_investigation")]));
    assert!(ignored(&[later("2021-08-19T00:00:00Z", "affected"), statement()]));
    assert!(!ignored(&[later(early, "not_affected"), later(early, "affected")]));
    let other = document(&[later(late, "affected")]);
    assert!(!judged_with(&[&document(&[later(early, "not_affected")]), &other]).passed());
}

#[test]
fn a_later_statement_that_may_be_about_the_image_overrules() {
    let doubt = |pointer: &str, value: Value| {
        let mut later = later("2021-08-21T00:00:00Z", "affected");
        later = serde_json::from_str(&with(&later.to_string(), pointer, value)).unwrap();
        !ignored(&[statement(), later])
    };
    assert!(doubt("/products", json!([{"@id": "pkg:oci/app"}])));
    assert!(doubt("/products/0/subcomponents", json!([{"@id": "libidn2"}])));
    assert!(!doubt("/products", json!([{"@id": "pkg:oci/other"}])));
    assert!(!doubt("/products/0/subcomponents", json!([{"@id": "pkg:deb/debian/bash"}])));
    assert!(!doubt("/products", json!([{"@id": format!("pkg:oci/app@{}", Digest::of(b"x"))}])));
}

#[test]
fn a_later_statement_overrules_under_any_name_of_the_vulnerability() {
    let named = |name: &str, aliases: Value, status: &str, time: &str| {
        let mut statement = later(time, status);
        statement["vulnerability"] = json!({"name": name, "aliases": aliases});
        statement
    };
    let (early, late) = ("2021-08-20T00:00:00Z", "2021-08-21T00:00:00Z");
    let not_affected = || named("GHSA-1", json!([CRITICAL]), "not_affected", early);
    let affected = |name: &str, aliases: Value| named(name, aliases, "affected", late);
    assert!(ignored(&[not_affected()]));
    assert!(!ignored(&[not_affected(), affected("GHSA-1", json!([]))]));
    assert!(!ignored(&[not_affected(), affected("ghsa-1", json!([]))]));
    assert!(!ignored(&[not_affected(), affected("GHSA-2", json!(["GHSA-3", "GHSA-1"]))]));
    assert!(ignored(&[not_affected(), affected("GHSA-2", json!([]))]));
    // What only another document calls alike is alike.
    let about = json!([product(Digest::of(b"another"))]);
    let mut joining = named("GHSA-2", json!(["GHSA-1"]), "fixed", early);
    joining["products"] = about;
    let documents = [document(&[not_affected(), affected("GHSA-2", json!([]))]), document(&[joining])];
    assert!(!judged_with(&[&documents[0], &documents[1]]).passed());
    // Only the letter ignores.
    assert!(!ignored(&[
        named("GHSA-1", json!([CRITICAL]), "affected", early),
        named("GHSA-1", json!([]), "not_affected", late)
    ]));
}

#[test]
fn a_later_statement_overrules_however_it_writes_the_package_or_the_image() {
    let overruled = |pointer: &str, value: Value| {
        let mut later = later("2021-08-21T00:00:00Z", "affected");
        later = serde_json::from_str(&with(&later.to_string(), pointer, value)).unwrap();
        !ignored(&[statement(), later])
    };
    let package = |purl: &str| overruled("/products/0/subcomponents", json!([{"@id": purl}]));
    for purl in [
        "pkg:deb/debian/libidn2-0@2.0.5-1?arch=s390x&distro=debian-10.11",
        "pkg:deb/debian/libidn2-0?vendor=x",
        "pkg:deb/libidn2_0",
        "pkg:deb/Debian/LibIDN2-0#part",
    ] {
        assert!(package(purl), "{purl}");
    }
    for purl in ["pkg:deb/debian/libidn2-0@2.0.6", "pkg:deb/ubuntu/libidn2-0", "pkg:rpm/debian/libidn2-0"] {
        assert!(!package(purl), "{purl}");
    }
    let called = |purl: &str| overruled("/products", json!([{"@id": purl}]));
    for purl in [
        "pkg:oci/App",
        "pkg:oci/app?repository_url=https://A.example/shop/app/",
        "pkg:oci/app?repository_url=a.example/shop",
        "pkg:oci/app?repository_url=a.example:443/shop/app&arch=arm64",
    ] {
        assert!(called(purl), "{purl}");
    }
    assert!(!called("pkg:oci/app?repository_url=b.example/shop/app"));
    let hub = |repository: &str| {
        let affected = json!([{"@id": format!("pkg:oci/app?repository_url={repository}")}]);
        let mut later = later("2021-08-21T00:00:00Z", "affected");
        later["products"] = affected;
        let own = Image { repository: Some("docker.io/shop/app".to_owned()), ..image() };
        !judged_about(own, &[&document(&[statement(), later])]).passed()
    };
    assert!(hub("docker.io/shop/app") && hub("index.docker.io/shop/app") && hub("shop/app"));
    assert!(!hub("quay.io/shop/app"));
}

#[test]
fn a_part_of_a_package_or_of_an_image_is_not_the_whole() {
    let within = |purl: &str| ignored(&[stating("/products/0/subcomponents", json!([{"@id": purl}]))]);
    assert!(within("pkg:deb/debian/libidn2-0#"));
    assert!(!within("pkg:deb/debian/libidn2-0#usr/bin/idn"));
    let part = format!("pkg:oci/app@{}#usr/bin", image().manifest);
    assert!(!ignored(&[stating("/products", json!([{"@id": part}]))]));
}

#[test]
fn a_statement_of_the_future_ignores_nothing() {
    assert!(ignored(&[later("2021-08-25T12:25:30Z", "not_affected")]));
    assert!(!ignored(&[later("2021-08-25T12:25:31Z", "not_affected")]));
}

#[test]
fn an_entry_of_the_rules_comes_first_and_an_expired_one_does_not_hinder() {
    let document = document(&[statement()]);
    let with_entry = |expires: &str| {
        let named = Digest::of(document.to_string().as_bytes());
        let rules = rules(&format!(
            "{DENY}, vex: {{documents: ['{named}']}}, ignore: [{{id: {CRITICAL}, reason: why, expires: {expires}}}]"
        ));
        let trusted = rules.trust(document.to_string().as_bytes(), &[]).unwrap();
        let judgement = judged_by(BUSTER, image(), &rules, &[trusted]);
        judgement.ignored[0].ignore.reason().to_owned()
    };
    assert_eq!(with_entry("2021-12-31"), "why");
    assert_eq!(with_entry("2021-01-01"), REASON);
}

#[test]
fn what_the_scanner_suppressed_is_ignored_by_a_statement_too() {
    let suppressed = changed(BUSTER, |root| {
        let finding = root["Results"][0]["Vulnerabilities"].as_array_mut().unwrap().pop().unwrap();
        root["Results"][0]["ExperimentalModifiedFindings"] =
            json!([{"Type": "vulnerability", "Status": "ignored", "Finding": finding}]);
    });
    let document = document(&[statement()]);
    let rules = naming(&[&document]);
    let trusted = rules.trust(document.to_string().as_bytes(), &[]).unwrap();
    assert!(judged_by(&suppressed, image(), &rules, &[trusted]).ignored[0].finding.suppressed.is_some());
}

#[test]
fn documents_from_before_versions_were_written_are_read() {
    let mut older = document(&[
        json!({"vulnerability": CRITICAL, "products": [format!("pkg:oci/app@{}", image().manifest)],
        "subcomponents": ["pkg:deb/debian/libidn2-0"], "status": "not_affected", "justification": "component_not_present"}),
    ]);
    older["@context"] = json!("https://openvex.dev/ns");
    assert!(judged_with(&[&older]).passed());
    older["statements"][0]["subcomponents"] = json!(["pkg:deb/debian/bash"]);
    assert!(!judged_with(&[&older]).passed());
}

/// Why a document is refused, although the rules name it.
fn refused(document: &Value) -> VexError {
    naming(&[document]).trust(document.to_string().as_bytes(), &[]).unwrap_err()
}

#[test]
fn what_is_not_understood_is_an_error() {
    for context in [json!("https://openvex.dev/ns/v0.3.0"), json!("https://openvex.dev/ns/"), json!(null)] {
        let mut other = document(&[statement()]);
        other["@context"] = context;
        assert!(matches!(refused(&other), VexError::Context(_)));
    }
    let cases = [
        (
            stating("/status", json!("unknown")),
            VexError::Word { member: "status", word: "unknown".to_owned() },
        ),
        (
            stating("/justification", json!("because")),
            VexError::Word { member: "justification", word: "because".to_owned() },
        ),
        (stating("/timestamp", json!("yesterday")), VexError::Time("yesterday".to_owned())),
        (stating_without("status"), VexError::Missing("status")),
        (stating_without("vulnerability"), VexError::Missing("vulnerability")),
        (stating("/vulnerability", json!({"aliases": []})), VexError::Missing("vulnerability.name")),
        (stating("/vulnerability", json!("")), VexError::Missing("vulnerability.name")),
    ];
    for (statement, error) in cases {
        assert_eq!(refused(&document(&[statement])), error);
    }
    for wrong in [
        stating("/products", json!({})),
        stating("/products", json!([1])),
        stating("/vulnerability", json!(1)),
    ] {
        assert!(matches!(refused(&document(&[wrong])), VexError::Json(_)));
    }
    let mut untimed = document(&[statement()]);
    untimed.as_object_mut().unwrap().remove("timestamp");
    assert_eq!(refused(&untimed), VexError::Missing("timestamp"));
    untimed.as_object_mut().unwrap().remove("statements");
    assert_eq!(refused(&untimed), VexError::Missing("statements"));
}

#[test]
fn documents_that_are_cut_too_large_or_too_deep_are_refused() {
    let text = document(&[statement()]).to_string();
    let rules = naming(&[&document(&[statement()])]);
    for cut in 0..text.len() {
        assert!(rules.trust(&text.as_bytes()[..cut], &[]).is_err(), "cut at byte {cut}");
    }
    assert_eq!(rules.trust(&vec![b' '; (8 << 20) + 1], &[]), Err(VexError::TooLarge));
    assert_eq!(
        refused(&document(&vec![json!({"vulnerability": "a", "status": "fixed"}); 10_001])),
        VexError::TooMany
    );
    let twice = text.replacen("\"status\":", "\"status\":\"affected\",\"status\":", 1);
    assert!(matches!(rules.trust(twice.as_bytes(), &[]), Err(VexError::Json(_))));
}

#[test]
fn a_document_that_the_rules_do_not_name_is_not_trusted() {
    let document = document(&[statement()]);
    let digest = Digest::of(document.to_string().as_bytes());
    for rules in [rules(DENY), naming(&[&json!({})])] {
        let error = rules.trust(document.to_string().as_bytes(), &[]).unwrap_err();
        assert_eq!(error, VexError::Unnamed(digest));
        assert!(error.to_string().contains(&digest.to_string()));
    }
    // The same statements in other bytes are another document.
    let spaced = format!("{document} ");
    assert!(naming(&[&document]).trust(spaced.as_bytes(), &[]).is_err());
}

#[test]
fn hostile_text_is_escaped_and_cut() {
    let hostile = format!("\u{1b}[2J\u{202e}{}", "x".repeat(10_000));
    let mut document = document(&[stating("/impact_statement", json!(hostile))]);
    document["author"] = json!(hostile);
    let judgement = judged_with(&[&document]);
    let Ignore::Vex(vex) = &judgement.ignored[0].ignore else { panic!("{:?}", judgement.ignored) };
    let mut shown = vec![vex.reason.clone(), vex.author.clone()];
    for pointer in
        ["/@context", "/statements/0/status", "/statements/0/justification", "/statements/0/timestamp"]
    {
        let wrong: Value =
            serde_json::from_str(&with(&document.to_string(), pointer, json!(hostile))).unwrap();
        shown.push(refused(&wrong).to_string());
    }
    for text in shown {
        assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}') && text.len() < 1_000, "{text:?}");
    }
}

struct Key(EcdsaKeyPair);

impl Key {
    fn new() -> Self {
        Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap())
    }

    fn pem(&self) -> String {
        let spki: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        PublicKey::from_spki(spki.as_ref()).unwrap().to_pem()
    }

    /// Rules that trust this key.
    fn rules(&self) -> Rules {
        rules(&format!("{DENY}, vex: {{keys: [{{pem: {}}}]}}", json!(self.pem())))
    }

    /// `predicate` as an attestation about `image`.
    fn attested(&self, kind: &str, image: Digest, predicate: &Value) -> String {
        let subject = json!([{"name": "a.example/shop/app", "digest": {"sha256": image.hex()}}]);
        let statement =
            json!({"_type": "https://in-toto.io/Statement/v0.1", "predicateType": kind, "subject": subject,
            "predicate": predicate})
            .to_string();
        let message = envelope::pae(envelope::IN_TOTO, statement.as_bytes());
        let signature = self.0.sign(&aws_lc_rs::rand::SystemRandom::new(), &message).unwrap();
        json!({"payloadType": envelope::IN_TOTO, "payload": STANDARD.encode(statement),
            "signatures": [{"keyid": "", "sig": STANDARD.encode(signature)}]})
        .to_string()
    }
}

const KINDS: [&str; 2] = ["https://openvex.dev/ns", "https://openvex.dev/ns/v0.2.0"];

/// Whether the attestation, which the rules trust, ignores the critical finding.
fn ignored_by(rules: &Rules, attestation: &str, image: Image) -> bool {
    let trusted = rules.trust(attestation.as_bytes(), &[image.manifest, image.asked]).unwrap();
    judged_by(BUSTER, image, rules, &[trusted]).passed()
}

#[test]
fn a_signed_document_about_the_image_is_trusted() {
    let key = Key::new();
    for kind in KINDS {
        let attested = key.attested(kind, image().manifest, &document(&[statement()]));
        assert!(ignored_by(&key.rules(), &attested, image()));
        let Verdict::Passed(passed) = ({
            let rules = key.rules();
            let trusted = rules.trust(attested.as_bytes(), &[image().manifest]).unwrap();
            judged_by(BUSTER, image(), &rules, &[trusted]).verdict
        }) else {
            panic!("denied")
        };
        assert_eq!(passed.vex(), &BTreeSet::from([Digest::of(attested.as_bytes())]));
    }
}

#[test]
fn what_is_signed_for_the_image_may_leave_its_products_out_or_call_it_by_name() {
    let key = Key::new();
    let of = |statement: Value| {
        ignored_by(&key.rules(), &key.attested(KINDS[0], image().manifest, &document(&[statement])), image())
    };
    assert!(of(stating_without("products")));
    assert!(of(stating("/products", json!([{"@id": "pkg:oci/app"}]))));
    assert!(of(stating("/products", json!([{"@id": "pkg:oci/app?repository_url=a.example%2Fshop%2Fapp"}]))));
    assert!(!of(stating("/products", json!([{"@id": "pkg:oci/other"}]))));
    assert!(!of(stating("/products", json!([{"@id": "pkg:oci/app?repository_url=b.example/app"}]))));
    assert!(!of(stating("/products", json!([{"@id": "pkg:oci/app@1.4"}]))));
    assert!(!of(stating("/products", json!([{"@id": "pkg:oci/app?tag=1.4"}]))));
    assert!(of(stating("/products", json!([{"@id": "pkg:oci/app?arch=amd64"}]))), "signed for this manifest");
    assert!(!of(stating("/products", json!([product(Digest::of(b"another"))]))));
}

#[test]
fn what_is_signed_for_the_index_is_about_its_platforms() {
    let (key, index) = (Key::new(), Digest::of(b"index"));
    let attested = key.attested(KINDS[0], index, &document(&[stating_without("products")]));
    assert!(ignored_by(&key.rules(), &attested, Image { asked: index, ..image() }));
    // A name with more than the repository may mean one of the platforms.
    for (named, all) in [
        ("pkg:oci/app", true),
        ("pkg:oci/app?repository_url=a.example/shop/app", true),
        ("pkg:oci/app?arch=arm64", false),
        ("pkg:oci/app?os=linux&arch=amd64", false),
        ("pkg:oci/app?variant=v8", false),
        ("pkg:oci/app?tag=9", false),
    ] {
        let document = document(&[stating("/products", json!([{"@id": named}]))]);
        let attested = key.attested(KINDS[0], index, &document);
        assert_eq!(ignored_by(&key.rules(), &attested, Image { asked: index, ..image() }), all, "{named}");
    }
}

#[test]
fn a_document_that_nobody_whom_the_rules_trust_has_signed_is_refused() {
    let (key, document) = (Key::new(), document(&[statement()]));
    let attested = key.attested(KINDS[0], image().manifest, &document);
    for rules in [Key::new().rules(), rules(DENY), naming(&[&document])] {
        assert_eq!(rules.trust(attested.as_bytes(), &[image().manifest]), Err(VexError::Untrusted));
    }
    let changed = changed(&attested, |root| {
        let payload = STANDARD.decode(root["payload"].as_str().unwrap()).unwrap();
        let payload = String::from_utf8(payload).unwrap().replace("idn is never", "idn is seldom");
        root["payload"] = json!(STANDARD.encode(payload));
    });
    assert_eq!(key.rules().trust(changed.as_bytes(), &[image().manifest]), Err(VexError::Untrusted));
}

#[test]
fn a_document_that_is_signed_for_another_image_or_is_something_else_is_refused() {
    let (key, document) = (Key::new(), document(&[stating_without("products")]));
    let elsewhere = key.attested(KINDS[0], Digest::of(b"another"), &document);
    let refused = |text: &str| key.rules().trust(text.as_bytes(), &[image().manifest]).unwrap_err();
    assert!(matches!(refused(&elsewhere), VexError::AnotherImage(_)));
    for kind in [
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        "https://openvex.dev/ns/v9",
        "https://sigstore.dev/cosign/sign/v1",
    ] {
        assert!(
            matches!(refused(&key.attested(kind, image().manifest, &document)), VexError::NotOpenVex(_)),
            "{kind}"
        );
    }
    let empty = key.attested(KINDS[0], image().manifest, &json!(null));
    assert!(matches!(refused(&empty), VexError::Json(_)));
}

#[test]
fn statements_signed_for_one_platform_say_nothing_of_another() {
    let key = Key::new();
    let attested = key.attested(KINDS[0], image().manifest, &document(&[stating_without("products")]));
    let rules = key.rules();
    let trusted = rules.trust(attested.as_bytes(), &[image().manifest, Digest::of(b"sibling")]).unwrap();
    let sibling = Image { manifest: Digest::of(b"sibling"), asked: Digest::of(b"index"), repository: None };
    assert!(trusted.is_about(&image()) && !trusted.is_about(&sibling));
}

#[test]
fn a_document_about_other_images_is_about_none_of_these() {
    let document = document(&[stating("/products", json!([product(Digest::of(b"another"))]))]);
    let trusted = naming(&[&document]).trust(document.to_string().as_bytes(), &[]).unwrap();
    assert!(!trusted.is_about(&image()));
}

#[test]
fn rules_that_trust_nobody_or_twice_are_an_error() {
    let error = |vex: &str| {
        let text = format!(
            "apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec: {{{DENY}, vex: {vex}}}\n"
        );
        Rules::parse(text.as_bytes()).unwrap_err().to_string()
    };
    let digest = Digest::of(b"a");
    let pem = json!(Key::new().pem());
    assert!(error("{}").contains("`vex` trusts nobody"));
    assert!(error("{documents: []}").contains("`vex` trusts nobody"));
    assert!(error("{documents: [abc]}").contains("vex.documents"));
    assert!(error(&format!("{{documents: ['{digest}', '{digest}']}}")).contains("stands twice"));
    assert!(error("{keys: [{pem: abc}]}").contains("vex.keys"));
    assert!(error(&format!("{{keys: [{{pem: {pem}}}, {{pem: {pem}}}]}}")).contains("stands twice"));
    assert!(error("{keys: [{ref: a.pub}]}").contains("ref"));
    assert!(error("").starts_with("line "));
}
