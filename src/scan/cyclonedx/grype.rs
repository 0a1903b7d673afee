//! What Grype means by its CycloneDX: one vulnerability for each match, and every rating with Grype's own severity.
//! What it was told to ignore is not there, and nothing says what it was told to leave out.

use super::document::{Component, Vulnerability};
use super::{Dialect, Hit, worst};
use crate::model::json::Object;
use crate::scan::UNSTATED_FIX;
use crate::scan::finding::{FindingError, Severity};
use crate::scan::identity::Identity;
use crate::scan::report::ReportError;

/// The status of versions that fix a vulnerability.
const UNAFFECTED: &str = "unaffected";
/// What the range of such versions begins with.
const FROM: &str = "vers:generic/>=";

pub(super) const DIALECT: Dialect = Dialect {
    name: "grype",
    // Grype always looks for vulnerabilities; an SBOM without them names Syft as its tool.
    empty_is_scanned: true,
    identity,
    severity,
    package,
    installed,
    fixed_in,
};

/// The version of the image is the digest of its manifest, unless Grype was told to call it otherwise.
fn identity(image: &Component) -> Result<Identity, ReportError> {
    let version = image.version.as_deref().filter(|version| version.starts_with("sha256:"));
    let mut identity = Identity::default();
    identity.add_manifest(version, "metadata.component.version")?;
    Ok(identity)
}

fn severity(vulnerability: &Vulnerability, _: &[&Component]) -> Result<Severity, FindingError> {
    Ok(worst(&vulnerability.ratings()?))
}

fn package(component: &Component) -> String {
    component.name.clone().unwrap_or_default()
}

fn installed(hit: &Hit<'_>) -> String {
    hit.component.version.clone().unwrap_or_default()
}

/// Newer versions of Grype list the versions that fix it; older ones say nothing, which is not "no fix".
fn fixed_in(hit: &Hit<'_>) -> Option<String> {
    let Some(versions) = hit.affected.versions.as_deref().filter(|versions| !versions.is_empty()) else {
        return Some(UNSTATED_FIX.to_owned());
    };
    let fixes = versions.iter().filter(|Object(version)| version.status.as_deref() == Some(UNAFFECTED));
    let named = fixes.map(|Object(version)| {
        let range = version.range.as_deref().map(|range| range.strip_prefix(FROM).unwrap_or(range));
        range.or(version.version.as_deref()).unwrap_or(crate::scan::UNNAMED_FIX)
    });
    let named: Vec<_> = named.collect();
    (!named.is_empty()).then(|| named.join(", "))
}
