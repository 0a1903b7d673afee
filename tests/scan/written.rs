//! Reports as scanners wrote them, with members changed, and the images that they are about.

use countersign::model::Digest;
use countersign::scan::{Bound, Judgement, Report, ReportError, Rules, Subject, judge};
use jiff::Timestamp;
use serde_json::Value;

pub(crate) const ALPINE: &str = include_str!("reports/trivy-alpine-310.json");
pub(crate) const BUSTER: &str = include_str!("reports/trivy-debian-buster.json");
pub(crate) const GRYPE: &str = include_str!("reports/grype-image.json");
pub(crate) const TRIVY_SARIF: &str = include_str!("reports/trivy-alpine-310.sarif");
pub(crate) const GRYPE_SARIF: &str = include_str!("reports/grype-image.sarif");
pub(crate) const GRYPE_CYCLONEDX: &str = include_str!("reports/grype-image.cdx.json");

/// When the Trivy reports were written.
pub(crate) const CREATED: &str = "2021-08-25T12:20:30.000000005Z";

pub(crate) fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

pub(crate) fn digest(text: &str) -> Digest {
    text.parse().unwrap()
}

/// `report` with changes made to its members.
pub(crate) fn changed(report: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_str(report).unwrap();
    change(&mut value);
    value.to_string()
}

/// `report` with the member at `pointer` (RFC 6901) set to `value`; a last step that is not there is added.
pub(crate) fn with(report: &str, pointer: &str, value: Value) -> String {
    changed(report, |root| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        root.pointer_mut(parent).unwrap()[name] = value;
    })
}

/// `report` without the member at `pointer`.
pub(crate) fn without(report: &str, pointer: &str) -> String {
    changed(report, |root| {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        root.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    })
}

pub(crate) fn parse(report: &str) -> Report {
    Report::parse(report.as_bytes()).unwrap()
}

pub(crate) fn refused(report: &str) -> ReportError {
    Report::parse(report.as_bytes()).unwrap_err()
}

/// The image that `report` is about.
pub(crate) fn subject(report: &Report) -> Subject {
    let config = report.identity.image_id.unwrap_or(Digest::of(b"config"));
    let manifest = report.identity.manifests.first().copied().unwrap_or(Digest::of(b"manifest"));
    Subject { manifest, config, layers: report.identity.layers.unwrap_or(1) }
}

/// `report`, bound to the image that it is about.
pub(crate) fn bound(report: &Report) -> Bound<'_> {
    report.binds_to(&subject(report)).unwrap()
}

/// Rules with `spec` in flow style, such as `deny: {severities: [HIGH]}`.
pub(crate) fn rules(spec: &str) -> Rules {
    let text = format!("apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec: {{{spec}}}\n");
    Rules::parse(text.as_bytes()).unwrap()
}

/// What becomes of `report` under rules of `spec` on the day it was written.
pub(crate) fn judged(report: &str, spec: &str) -> Judgement {
    let report = parse(report);
    judge(&bound(&report), &rules(spec), at(CREATED)).unwrap()
}

/// Why rules of `spec` cannot be applied to `report`.
pub(crate) fn not_judged(report: &str, spec: &str) -> String {
    let report = parse(report);
    judge(&bound(&report), &rules(spec), at(CREATED)).unwrap_err().to_string()
}
