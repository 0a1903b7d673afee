//! What Trivy means by its CycloneDX. It joins a vulnerability of several packages into one, with the ratings of all
//! its sources, and does not say which of them its own severity is: that is told here by Trivy's rule (its
//! `pkg/vulnerability`), and where it cannot be told the worst is taken. The ratings are those of one package: what
//! another may have by itself is critical.

use super::document::{Component, Rating, Source, Vulnerability};
use super::{Dialect, Hit, worst};
use crate::model::json::Object;
use crate::scan::UNSTATED_FIX;
use crate::scan::finding::{FindingError, Severity};
use crate::scan::identity::Identity;
use crate::scan::purl::Purl;
use crate::scan::report::ReportError;

/// Trivy's own severity follows the source of the data, then GitHub for GitHub's own numbers, then NVD.
const NVD: &str = "nvd";
const GITHUB: &str = "ghsa";
/// Sources of data (trivy-db's `vulnsrc/vulnerability`) that stand on no other source. One that does is rated by the
/// other, which CycloneDX does not name.
const WITHOUT_BASE: [&str; 27] = [
    "alma",
    "alpine",
    "amazon",
    "arch-linux",
    "azure",
    "bitnami",
    "cbl-mariner",
    "chainguard",
    "debian",
    "fedora",
    "ghsa",
    "glad",
    "govulndb",
    "k8s",
    "nodejs-security-wg",
    "nvd",
    "oracle-oval",
    "osv",
    "photon",
    "php-security-advisories",
    "redhat",
    "redhat-oval",
    "rocky",
    "ruby-advisory-db",
    "suse-cvrf",
    "ubuntu",
    "wolfi",
];
/// Types of package URLs whose advisories rate a vulnerability, not a package.
const OF_LANGUAGES: [&str; 15] = [
    "cargo",
    "cocoapods",
    "composer",
    "conan",
    "conda",
    "cran",
    "gem",
    "golang",
    "hex",
    "julia",
    "maven",
    "npm",
    "nuget",
    "pub",
    "pypi",
];
/// Trivy computes NVD's rating of this method from the number alone.
const CVSS_V2: &str = "CVSSv2";
/// Longest recommendation that is taken apart, in bytes: it is looked through for each package.
const RECOMMENDATION_LIMIT: usize = 16 << 10;
const IMAGE_ID: &str = "aquasecurity:trivy:ImageID";
const REPOSITORY_DIGEST: &str = "aquasecurity:trivy:RepoDigest";
const LAYER: &str = "aquasecurity:trivy:DiffID";
const SOURCE_PACKAGE: &str = "aquasecurity:trivy:SrcName";

pub(super) const DIALECT: Dialect = Dialect {
    name: "trivy",
    // An SBOM that was made without looking for vulnerabilities has an empty list too.
    empty_is_scanned: false,
    identity,
    severity,
    package,
    installed,
    fixed_in,
};

fn identity(image: &Component) -> Result<Identity, ReportError> {
    let mut ids = image.properties(IMAGE_ID);
    let mut identity = Identity {
        image_id: Identity::image_id_of(ids.next(), IMAGE_ID)?,
        layers: Some(image.properties(LAYER).count()).filter(|count| *count > 0),
        ..Identity::default()
    };
    if ids.next().is_some() {
        return Err(ReportError::NotAsWritten(format!("`{IMAGE_ID}`, which stands twice")));
    }
    let digests: Vec<String> = image.properties(REPOSITORY_DIGEST).map(str::to_owned).collect();
    identity.add_repository_digests(&digests, REPOSITORY_DIGEST)?;
    Ok(identity)
}

/// Ratings and source are those of one of the packages; of another there may be no word.
fn severity(vulnerability: &Vulnerability, affected: &[&Component]) -> Result<Severity, FindingError> {
    let ratings = vulnerability.ratings()?;
    Ok(match Shared::of(affected) {
        Shared::All => own_severity(vulnerability, &ratings),
        Shared::Ratings => worst(&ratings),
        Shared::Nothing => Severity::Critical,
    })
}

/// What Trivy's own severity is, of the ratings for a package; the worst where that cannot be told.
fn own_severity(vulnerability: &Vulnerability, ratings: &[(&Rating, Severity)]) -> Severity {
    let source =
        vulnerability.source.as_ref().and_then(|Object(source): &Object<Source>| source.name.as_deref());
    let source = source.filter(|source| !source.is_empty());
    let github = vulnerability.id.as_ref().is_some_and(|id| id.starts_with("GHSA-"));
    let by = |name: &str| {
        let of = |rating: &Rating| {
            rating.source() == Some(name) && (name != NVD || rating.method.as_deref() != Some(CVSS_V2))
        };
        let rated: Vec<_> = ratings.iter().copied().filter(|(rating, _)| of(rating)).collect();
        (!rated.is_empty()).then(|| worst(&rated))
    };
    let without_base = source.is_none_or(|source| WITHOUT_BASE.contains(&source));
    let others = || by(GITHUB).filter(|_| github).or_else(|| by(NVD)).filter(|_| without_base);
    source.and_then(by).or_else(others).unwrap_or_else(|| worst(ratings))
}

/// What the packages of one vulnerability have in common.
enum Shared {
    /// One source package, so one advisory.
    All,
    /// The ratings: nobody rates packages of these types one by one.
    Ratings,
    /// Nothing: some sources (Debian, Red Hat) rate each package by itself.
    Nothing,
}

impl Shared {
    fn of(affected: &[&Component]) -> Self {
        let purls: Option<Vec<Purl>> =
            affected.iter().map(|component| Purl::parse(component.purl.as_deref()?)).collect();
        let Some(purls) = purls.filter(|_| affected.len() > 1) else {
            return if affected.len() == 1 { Self::All } else { Self::Nothing };
        };
        let mut origins = affected.iter().zip(&purls).map(|(component, purl)| {
            let source = component.properties(SOURCE_PACKAGE).next().unwrap_or(&purl.name);
            (&purl.kind, &purl.namespace, source)
        });
        let first = origins.next();
        if origins.all(|other| Some(other) == first) {
            Self::All
        } else if purls.iter().all(|purl| OF_LANGUAGES.contains(&purl.kind.as_str())) {
            Self::Ratings
        } else {
            Self::Nothing
        }
    }
}

/// The name as Trivy's JSON has it: group and artifact of Maven, scope and name of npm.
fn package(component: &Component) -> String {
    let name = component.name.clone().unwrap_or_default();
    let maven = component.purl.as_deref().is_some_and(|purl| purl.starts_with("pkg:maven/"));
    match component.group.as_deref().filter(|group| !group.is_empty()) {
        Some(group) if maven => format!("{group}:{name}"),
        Some(group) => format!("{group}/{name}"),
        None => name,
    }
}

fn installed(hit: &Hit<'_>) -> String {
    let versions = hit.affected.versions.iter().flatten();
    let stated = versions.filter_map(|Object(version)| version.version.clone()).next();
    stated.or_else(|| hit.component.version.clone()).unwrap_or_default()
}

/// The recommendation names a version for each package that has a fix. One that is not understood or too long still
/// says that there is a fix. Trivys that wrote version 1.4 named one package alone, which says nothing of others.
fn fixed_in(hit: &Hit<'_>) -> Option<String> {
    let recommendation = hit.vulnerability.recommendation.as_deref().unwrap_or_default();
    if recommendation.len() > RECOMMENDATION_LIMIT {
        return Some(crate::scan::UNNAMED_FIX.to_owned());
    }
    let start = format!("Upgrade {} to version ", package(hit.component));
    let parts = || recommendation.split("; ").filter(|part| !part.is_empty());
    let versions: Vec<&str> = parts().filter_map(|part| part.strip_prefix(&start)).collect();
    if !versions.is_empty() {
        return Some(versions.join(", "));
    }
    let others = hit.vulnerability.affects.as_ref().is_some_and(|affects| affects.len() > 1);
    let understood = |part: &str| part.starts_with("Upgrade ") && part.contains(" to version ");
    let about_others = others && hit.specification != "1.4" && parts().all(understood);
    match (recommendation, others) {
        _ if about_others => None,
        ("", false) => None,
        ("", true) => Some(UNSTATED_FIX.to_owned()),
        (text, _) => Some(text.to_owned()),
    }
}
