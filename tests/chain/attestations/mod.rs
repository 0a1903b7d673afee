//! `validate --attest`, and who reads what it attached: the reports and a summary, by the validation key, for what was
//! signed and for nothing else.

mod carried;
mod checked;
mod cosign;
mod cost;
mod read;
mod strangers;
mod written;

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::model::Digest;
use serde_json::{Value, json};

use crate::support::cli::{Countersign, Run};
use crate::support::image::Pushed;
use crate::world::{World, keys};

const VULNERABILITY: &str = "https://cosign.sigstore.dev/attestation/vuln/v1";
const SUMMARY: &str = "https://slsa.dev/verification_summary/v1";

/// `countersign report` with the validation key.
fn report(image: &str) -> Countersign {
    Countersign::new().args(["report", image, "--key", &keys().validation.public_arg(), "--output", "json"])
}

/// What `inspect --attestations` lists as attestations: format, predicate type, and the whole entry.
fn listed(image: &Pushed) -> Vec<(String, String, Value)> {
    let inspect = Countersign::new().args(["inspect", &image.pinned(), "--attestations", "--output", "json"]);
    let attached = inspect.run().expect_code(0).json()["attached"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let attestations = attached.into_iter().filter(|one| one["kind"] == "attestation");
    attestations.map(|one| (text(&one["format"]), text(&one["states"]["predicateType"]), one)).collect()
}

/// How many attestations there are of each format and predicate type.
fn counted(image: &Pushed) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for (format, kind, _) in listed(image) {
        *counts.entry((format, kind)).or_default() += 1;
    }
    counts
}

/// So many vulnerability attestations and summaries in each of these formats.
fn counts(formats: &[&str], scans: usize, summaries: usize) -> BTreeMap<(String, String), usize> {
    let each = |format: &&str| {
        [(VULNERABILITY, scans), (SUMMARY, summaries)]
            .map(|(kind, count)| (((*format).to_owned(), kind.to_owned()), count))
    };
    formats.iter().flat_map(each).filter(|(_, count)| *count > 0).collect()
}

impl World {
    /// `validate --attest --output json`.
    fn attest(&self, image: &Pushed, reports: &[Value], rules: &str) -> Countersign {
        self.validate(image, reports, rules).args(["--attest", "--output", "json"])
    }

    /// The statements in the layers of the `.att` manifest, as they stand in the registry.
    fn legacy_statements(&self, image: &Pushed) -> Vec<Value> {
        let tag = format!("sha256-{}.att", image.digest.hex());
        let manifest = self.registry.manifest(&image.repository, &tag).unwrap();
        let manifest: Value = serde_json::from_slice(&manifest).unwrap();
        let statement = |layer: &Value| {
            let blob = self.registry.blob(&image.repository, layer["digest"].as_str().unwrap()).unwrap();
            let envelope: Value = serde_json::from_slice(&blob).unwrap();
            serde_json::from_slice(&STANDARD.decode(envelope["payload"].as_str().unwrap()).unwrap()).unwrap()
        };
        manifest["layers"].as_array().unwrap().iter().map(statement).collect()
    }
}

/// How a command counts findings.
fn severities(critical: usize, medium: usize, low: usize) -> Value {
    json!({"CRITICAL": critical, "HIGH": 0, "MEDIUM": medium, "LOW": low, "UNKNOWN": 0})
}

/// The report in a command's JSON about `image`.
fn scan_of<'a>(run: &'a Value, image: &Digest) -> &'a Value {
    let scans = run["scans"].as_array().unwrap();
    scans.iter().find(|scan| scan["digest"] == image.to_string()).unwrap()
}

/// The receipts of attestations in a command's JSON: digest, predicate type, whether written, formats.
fn attested(run: &Run) -> Vec<(String, String, bool, usize)> {
    let json = run.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let receipts = json["attestations"].as_array().unwrap().iter();
    receipts
        .map(|one| {
            let formats = one["formats"].as_array().unwrap().len();
            (text(&one["digest"]), text(&one["predicateType"]), one["written"].as_bool().unwrap(), formats)
        })
        .collect()
}
