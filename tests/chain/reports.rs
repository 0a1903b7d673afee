//! Real scanner output (tests/scan/reports says whose), made to speak of an image that a test built: only the
//! members that identify the image are rewritten.

use serde_json::{Value, json};

use crate::support::image::Pushed;

/// Trivy's report with one CRITICAL finding that has a fix, and one LOW finding that has none.
const TRIVY: &str = include_str!("../scan/reports/trivy-debian-buster.json");
/// Trivy's with four MEDIUM findings, all of which have a fix.
const TRIVY_ALPINE: &str = include_str!("../scan/reports/trivy-alpine-310.json");
/// Grype's with one Critical and one Low finding, and without a time.
const GRYPE: &str = include_str!("../scan/reports/grype-image.json");
/// SARIF, as Trivy and Grype write it.
pub(crate) const TRIVY_SARIF: &str = include_str!("../scan/reports/trivy-alpine-310.sarif");
pub(crate) const GRYPE_SARIF: &str = include_str!("../scan/reports/grype-image.sarif");
/// When Trivy made its report, as a claim states it.
pub(crate) const TRIVY_TIME: &str = "2021-08-25T12:20:30Z";

/// Trivy's report about `image`, which it names by its image ID.
pub(crate) fn trivy(image: &Pushed) -> Value {
    by_image_id(TRIVY, image)
}

/// Trivy's other report about `image`.
pub(crate) fn trivy_alpine(image: &Pushed) -> Value {
    by_image_id(TRIVY_ALPINE, image)
}

fn by_image_id(report: &str, image: &Pushed) -> Value {
    let mut report: Value = serde_json::from_str(report).unwrap();
    report["Metadata"]["ImageID"] = json!(image.config());
    report["Metadata"]["DiffIDs"] = json!(image.layers());
    report
}

/// Grype's report about `image`, which it names by its manifest's digest.
pub(crate) fn grype(image: &Pushed) -> Value {
    let mut report: Value = serde_json::from_str(GRYPE).unwrap();
    let target = &mut report["source"]["target"];
    target["imageID"] = json!(image.config());
    target["manifestDigest"] = json!(image.digest);
    target["layers"] = image.layers().iter().map(|digest| json!({"digest": digest})).collect();
    report
}

/// The reports of `image` in Trivy's other forms: SARIF and CycloneDX.
pub(crate) fn trivy_otherwise(image: &Pushed) -> [Value; 2] {
    let named = with(trivy(image), "/Metadata/RepoDigests", json!([image.pinned()])).to_string();
    [crate::forms::sarif(&named), crate::forms::cyclonedx(&named)].map(|text| text.parse().unwrap())
}

/// The report with another value at a JSON pointer.
pub(crate) fn with(mut report: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    report.pointer_mut(parent).unwrap()[name] = value;
    report
}

/// Trivy's report, made at another time.
pub(crate) fn made_at(report: Value, time: jiff::Timestamp) -> Value {
    with(report, "/CreatedAt", json!(time.to_string()))
}

/// Trivy's report without a finding.
pub(crate) fn clean(image: &Pushed) -> Value {
    with(trivy(image), "/Results/0/Vulnerabilities", json!([]))
}
