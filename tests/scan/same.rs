//! One image, one decision: the same findings as Trivy's JSON, as its SARIF and as its CycloneDX.

use countersign::model::Digest;
use countersign::scan::{Judgement, Subject, judge};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::forms::{cyclonedx, sarif};
use crate::written::{ALPINE, BUSTER, CREATED, GRYPE, GRYPE_CYCLONEDX, TRIVY_SARIF, at, parse, rules, with};

const ALL: &str = "CRITICAL, HIGH, MEDIUM, LOW, UNKNOWN";

/// What a judgement says that people see; the time and the end of life stand in the JSON alone.
type Said = (bool, Vec<[String; 6]>, usize);

fn said(judgement: &Judgement) -> Said {
    let denied = judgement.denied.iter().map(|denied| {
        let found = &denied.finding;
        let fix = found.fixed_in.clone().unwrap_or_default();
        let texts =
            [&found.id, &found.package, &found.installed, &fix, &denied.rule, &found.severity.to_string()];
        texts.map(ToString::to_string)
    });
    (judgement.passed(), denied.collect(), judgement.others)
}

/// `report`, scanned in a registry: it names the manifest.
fn pulled(report: &str) -> String {
    with(report, "/Metadata/RepoDigests", json!([format!("a.example/b@{}", Digest::of(b"manifest"))]))
}

/// What becomes of `report` about the image of `pulled(json)`.
fn judged(json: &str, report: &str, spec: &str) -> Said {
    let identity = parse(json).identity;
    let subject = Subject {
        manifest: identity.manifests[0],
        config: identity.image_id.unwrap(),
        layers: identity.layers.unwrap(),
    };
    let report = parse(report);
    said(&judge(&report.binds_to(&subject).unwrap(), &rules(spec), at(CREATED)).unwrap())
}

fn each_rule() -> Vec<String> {
    let words = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN", "CRITICAL, HIGH", ALL];
    let spec = |word| {
        [
            format!("deny: {{severities: [{word}]}}"),
            format!("deny: {{severities: [{word}], onlyFixable: true}}"),
        ]
    };
    words.into_iter().flat_map(spec).collect()
}

#[test]
fn sarif_and_cyclonedx_of_the_samples_give_the_decision_of_their_json() {
    for json in [ALPINE, BUSTER].map(pulled) {
        for spec in each_rule() {
            let expected = judged(&json, &json, &spec);
            assert_eq!(judged(&json, &sarif(&json), &spec), expected, "SARIF, {spec}");
            assert_eq!(judged(&json, &cyclonedx(&json), &spec), expected, "CycloneDX, {spec}");
        }
    }
}

#[test]
fn the_sarif_that_trivy_wrote_gives_the_decision_of_the_json_that_it_wrote() {
    let json = pulled(ALPINE);
    let named = with(
        TRIVY_SARIF,
        "/runs/0/properties/repoDigests",
        json!([format!("a@{}", Digest::of(b"manifest"))]),
    );
    for spec in each_rule() {
        assert_eq!(judged(&json, &named, &spec), judged(&json, &json, &spec), "{spec}");
    }
}

#[test]
fn the_cyclonedx_that_grype_wrote_gives_the_decision_of_the_json_that_it_wrote() {
    for spec in each_rule() {
        assert_eq!(judged(GRYPE, GRYPE_CYCLONEDX, &spec), judged(GRYPE, GRYPE, &spec), "{spec}");
    }
}

/// A vulnerability in packages of one source package, or each of its own.
#[derive(Debug, Clone)]
struct Made {
    source: &'static str,
    vendors: Vec<(&'static str, u64)>,
    older_number: f64,
    packages: Vec<bool>,
    one_source: bool,
}

fn made() -> impl Strategy<Value = Made> {
    let sources = prop::sample::select(vec!["debian", "alpine", "ghsa", "redhat"]);
    let vendor = (prop::sample::select(vec!["debian", "nvd", "redhat", "ghsa", "ubuntu"]), 0..=4u64);
    let vendors = prop::collection::vec(vendor, 0..4).prop_map(|mut vendors| {
        vendors.sort_unstable();
        vendors.dedup_by_key(|(name, _)| *name);
        vendors
    });
    (sources, vendors, 0.0..10.0f64, prop::collection::vec(any::<bool>(), 1..4), any::<bool>()).prop_map(
        |(source, vendors, older_number, packages, one_source)| Made {
            source,
            vendors,
            older_number,
            packages,
            one_source,
        },
    )
}

impl Made {
    fn severity(&self) -> &'static str {
        let of = |name: &str| {
            self.vendors.iter().find(|(vendor, _)| *vendor == name).map(|(_, severity)| *severity)
        };
        let worst = || self.vendors.iter().map(|(_, severity)| *severity).max();
        let severity = of(self.source).or_else(|| of("nvd")).or_else(worst).unwrap_or(0);
        ["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"][severity as usize]
    }

    fn write(&self, number: usize) -> Vec<Value> {
        let vendors: serde_json::Map<_, _> =
            self.vendors.iter().map(|(name, severity)| ((*name).to_owned(), json!(severity))).collect();
        let package = |(at, fixed): (usize, &bool)| {
            let name = if self.one_source { format!("p{number}_{at}") } else { format!("p{number}-{at}_x") };
            json!({"VulnerabilityID": format!("CVE-1-{number}"), "PkgName": name, "InstalledVersion": format!("1.{at}"),
                "FixedVersion": if *fixed { format!("2.{at}") } else { String::new() },
                "PkgIdentifier": {"PURL": format!("pkg:deb/debian/{name}@1.{at}")}, "Severity": self.severity(),
                "VendorSeverity": vendors, "CVSS": {"nvd": {"V2Score": self.older_number, "V3Score": 1.0}},
                "DataSource": {"ID": self.source}})
        };
        self.packages.iter().enumerate().map(package).collect()
    }
}

fn report(made: &[Made]) -> String {
    let found: Vec<Value> = made.iter().enumerate().flat_map(|(number, made)| made.write(number)).collect();
    pulled(&with(BUSTER, "/Results/0/Vulnerabilities", json!(found)))
}

fn spec() -> impl Strategy<Value = String> {
    let words = prop::sample::subsequence(vec!["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"], 1..=5);
    (words, any::<bool>()).prop_map(|(words, fixable)| {
        format!("deny: {{severities: [{}], onlyFixable: {fixable}}}", words.join(", "))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_same_findings_give_one_decision_in_every_form(
        mut made in prop::collection::vec(made(), 1..6), spec in spec(),
    ) {
        made.iter_mut().for_each(|made| made.one_source = true);
        let json = report(&made);
        let expected = judged(&json, &json, &spec);
        prop_assert_eq!(&judged(&json, &sarif(&json), &spec), &expected, "SARIF");
        prop_assert_eq!(&judged(&json, &cyclonedx(&json), &spec), &expected, "CycloneDX");
    }

    #[test]
    fn where_the_severity_cannot_be_told_cyclonedx_is_never_milder(made in prop::collection::vec(made(), 1..6)) {
        let json = report(&made);
        for words in ["CRITICAL", "CRITICAL, HIGH", "CRITICAL, HIGH, MEDIUM", "CRITICAL, HIGH, MEDIUM, LOW"] {
            let spec = format!("deny: {{severities: [{words}]}}");
            let denied = |report: &str| -> Vec<_> {
                let found = judged(&json, report, &spec).1.into_iter();
                found.map(|[id, package, ..]| (id, package)).collect()
            };
            let there = denied(&cyclonedx(&json));
            for found in denied(&json) {
                prop_assert!(there.contains(&found), "{:?} is denied in JSON alone", found);
            }
        }
    }
}
