//! One image, one decision: the same findings as Trivy's JSON, as its SARIF and as its CycloneDX.

use std::collections::BTreeMap;

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
    vendors: Vec<(&'static str, u64)>,
    older_number: f64,
    packages: Vec<Package>,
}

/// A package as Trivy sees it.
#[derive(Debug, Clone)]
struct Package {
    /// The source of the data, and the one that it stands on.
    source: (&'static str, Option<&'static str>),
    /// How bad the source says that it is in this very package; npm's have no such word.
    own: Option<u64>,
    fixed: bool,
    npm: bool,
    source_package: usize,
}

impl Made {
    /// The same with all packages of one source package, and nothing that CycloneDX has no word for.
    fn told_by_every_form(mut self) -> Self {
        let (first, fixed): (_, Vec<bool>) =
            (self.packages[0].clone(), self.packages.iter().map(|package| package.fixed).collect());
        let source = if first.source.1.is_some() { ("debian", None) } else { first.source };
        let alike = |fixed| Package { source, fixed, npm: false, source_package: 0, ..first.clone() };
        self.packages = fixed.into_iter().map(alike).collect();
        self
    }
}

fn package() -> impl Strategy<Value = Package> {
    let sources = vec![
        ("debian", None),
        ("alpine", None),
        ("ghsa", None),
        ("redhat", None),
        ("rootio", Some("debian")),
        ("rootio", Some("alpine")),
    ];
    let own = prop::option::of(1..=4u64);
    (prop::sample::select(sources), own, any::<bool>(), any::<bool>(), 0..2usize).prop_map(
        |(source, own, fixed, npm, source_package)| Package {
            source,
            own: own.filter(|_| !npm),
            fixed,
            npm,
            source_package,
        },
    )
}

fn made() -> impl Strategy<Value = Made> {
    let vendor = (prop::sample::select(vec!["debian", "nvd", "redhat", "ghsa", "ubuntu"]), 0..=4u64);
    let vendors = prop::collection::vec(vendor, 0..4).prop_map(|mut vendors| {
        vendors.sort_unstable();
        vendors.dedup_by_key(|(name, _)| *name);
        vendors
    });
    (vendors, 0.0..10.0f64, prop::collection::vec(package(), 1..4)).prop_map(
        |(vendors, older_number, packages)| Made { vendors, older_number, packages: advised(packages) },
    )
}

/// The packages with one advisory for all of one source package.
fn advised(packages: Vec<Package>) -> Vec<Package> {
    let of = |one: &Package| packages.iter().find(|other| other.origin() == one.origin()).cloned();
    let alike = |one: &Package| of(one).map(|first| Package { fixed: one.fixed, ..first });
    packages.iter().filter_map(alike).collect()
}

impl Package {
    fn origin(&self) -> (bool, usize) {
        (self.npm, self.source_package)
    }

    /// All ratings and the severity, by Trivy's rule: the word about this package, or that of the source that the
    /// data stand on, or NVD's, or the worst.
    fn rated(&self, vendors: &[(&'static str, u64)]) -> (serde_json::Map<String, Value>, &'static str) {
        let mut vendors: BTreeMap<&str, u64> = vendors.iter().copied().collect();
        let by = self.source.1.unwrap_or(self.source.0);
        vendors.extend(self.own.map(|own| (by, own)));
        let severity = [by, "nvd"].iter().find_map(|name| vendors.get(name)).or(vendors.values().max());
        let word = ["UNKNOWN", "LOW", "MEDIUM", "HIGH", "CRITICAL"][severity.map_or(0, |one| *one as usize)];
        (vendors.into_iter().map(|(name, severity)| (name.to_owned(), json!(severity))).collect(), word)
    }

    fn write(&self, made: &Made, number: usize, at: usize) -> Value {
        let (name, purl) = match self.npm {
            true => {
                let scope = ["a", "b"][self.source_package];
                (format!("@{scope}/p{number}"), format!("pkg:npm/%40{scope}/p{number}@1.{at}"))
            }
            false => {
                let name = format!("p{number}-{}_{at}", self.source_package);
                (name.clone(), format!("pkg:deb/debian/{name}@1.{at}"))
            }
        };
        let (vendors, severity) = self.rated(&made.vendors);
        json!({"VulnerabilityID": format!("CVE-1-{number}"), "PkgName": name, "InstalledVersion": format!("1.{at}"),
            "FixedVersion": if self.fixed { format!("2.{at}") } else { String::new() },
            "PkgIdentifier": {"PURL": purl}, "Severity": severity, "VendorSeverity": vendors,
            "CVSS": {"nvd": {"V2Score": made.older_number, "V3Score": 1.0}}, "DataSource": {"ID": self.source.0}})
    }
}

impl Made {
    fn write(&self, number: usize) -> Vec<Value> {
        self.packages.iter().enumerate().map(|(at, package)| package.write(self, number, at)).collect()
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
        made in prop::collection::vec(made().prop_map(Made::told_by_every_form), 1..6), spec in spec(),
    ) {
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
