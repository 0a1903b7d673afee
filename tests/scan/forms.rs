//! Trivy's JSON report in Trivy's other forms, written by Trivy's rules (its `pkg/report/sarif.go`,
//! `pkg/sbom/cyclonedx/marshal.go`, `pkg/sbom/io/encode.go`): the same findings, said differently.

use serde_json::{Value, json};

/// The source package that a package of the samples was built of; else the package itself.
fn source_package(name: &str) -> &str {
    match name {
        "libcrypto1.1" | "libssl1.1" => "openssl",
        name => name.split('_').next().unwrap_or(name),
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

/// The vulnerabilities of all targets.
fn found(report: &Value) -> impl Iterator<Item = &Value> {
    let targets = report["Results"].as_array().unwrap().iter();
    targets.filter_map(|target| target["Vulnerabilities"].as_array()).flatten()
}

/// `report` as SARIF.
pub(crate) fn sarif(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap();
    let mut rules: Vec<Value> = Vec::new();
    let mut results = Vec::new();
    for found in found(&report) {
        let (id, severity, link) =
            (text(found, "VulnerabilityID"), text(found, "Severity"), text(found, "PrimaryURL"));
        let (package, installed, fixed) =
            (text(found, "PkgName"), text(found, "InstalledVersion"), text(found, "FixedVersion"));
        let rule = json!({"id": id, "name": "OsPackageVulnerability",
            "properties": {"precision": "very-high", "security-severity": "0.1", "tags": ["vulnerability", "security", severity]}});
        let index = rules.iter().position(|rule| rule["id"] == id).unwrap_or(rules.len());
        if let Some(same) = rules.get_mut(index) {
            *same = rule;
        } else {
            rules.push(rule);
        }
        let message = format!(
            "Package: {package}\nInstalled Version: {installed}\nVulnerability {id}\nSeverity: {severity}\n\
             Fixed Version: {fixed}\nLink: [{id}]({link})"
        );
        results.push(json!({"ruleId": id, "ruleIndex": index, "message": {"text": message}}));
    }
    let image = &report["Metadata"];
    let properties = json!({"imageName": report["ArtifactName"], "imageID": image["ImageID"],
        "repoDigests": image["RepoDigests"], "repoTags": image["RepoTags"]});
    let driver = json!({"name": "Trivy", "version": report["Trivy"]["Version"], "rules": rules});
    json!({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results,
        "columnKind": "utf16CodeUnits", "properties": properties}]})
    .to_string()
}

/// `report` as CycloneDX.
pub(crate) fn cyclonedx(report: &str) -> String {
    let report: Value = serde_json::from_str(report).unwrap();
    let mut components: Vec<Value> = Vec::new();
    let mut vulnerabilities: Vec<Value> = Vec::new();
    for found in found(&report) {
        let (package, installed) = (text(found, "PkgName"), text(found, "InstalledVersion"));
        let purl = text(&found["PkgIdentifier"], "PURL");
        if !components.iter().any(|component| component["bom-ref"] == purl) {
            components.push(component(package, installed, purl));
        }
        let affects = json!({"ref": purl, "versions": [{"version": installed, "status": "affected"}]});
        let fix = text(found, "FixedVersion");
        let upgrade = format!("Upgrade {package} to version {fix}");
        match vulnerabilities.iter_mut().find(|known| known["id"] == found["VulnerabilityID"]) {
            Some(known) => {
                known["affects"].as_array_mut().unwrap().push(affects);
                if !fix.is_empty() {
                    // As Trivy does it: an empty one before is joined too.
                    known["recommendation"] = json!(format!("{}; {upgrade}", text(known, "recommendation")));
                }
            }
            None => {
                let mut one = json!({"id": found["VulnerabilityID"], "source": {"name": found["DataSource"]["ID"]},
                    "ratings": ratings(found), "affects": [affects]});
                if !fix.is_empty() {
                    one["recommendation"] = json!(upgrade);
                }
                vulnerabilities.push(one);
            }
        }
    }
    let tool = json!({"type": "application", "group": "aquasecurity", "name": "trivy", "version": report["Trivy"]["Version"]});
    json!({"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": {"timestamp": "2021-08-25T12:20:30+00:00", "tools": {"components": [tool]}, "component": image(&report)},
        "components": components, "vulnerabilities": vulnerabilities})
    .to_string()
}

/// Packages of a distribution have a source package, those of npm a scope.
fn component(package: &str, installed: &str, purl: &str) -> Value {
    let mut component =
        json!({"bom-ref": purl, "type": "library", "name": package, "version": installed, "purl": purl});
    match package.split_once('/').filter(|_| purl.starts_with("pkg:npm/")) {
        Some((scope, name)) => (component["group"], component["name"]) = (json!(scope), json!(name)),
        None => {
            let source = json!({"name": "aquasecurity:trivy:SrcName", "value": source_package(package)});
            component["properties"] = json!([source]);
        }
    }
    component
}

fn image(report: &Value) -> Value {
    let image = &report["Metadata"];
    let property =
        |name: &str, value: &Value| json!({"name": format!("aquasecurity:trivy:{name}"), "value": value});
    let list = |name: &'static str, member: &str| -> Vec<Value> {
        image[member].as_array().into_iter().flatten().map(|value| property(name, value)).collect()
    };
    let mut properties = list("DiffID", "DiffIDs");
    properties.push(property("ImageID", &image["ImageID"]));
    properties.extend(list("RepoDigest", "RepoDigests"));
    properties.extend(list("RepoTag", "RepoTags"));
    json!({"bom-ref": "image", "type": "container", "name": report["ArtifactName"], "properties": properties})
}

/// A rating for each source, two where NVD has both numbers; the older one is computed from the number.
fn ratings(found: &Value) -> Vec<Value> {
    let mut ratings = Vec::new();
    for (source, severity) in found["VendorSeverity"].as_object().into_iter().flatten() {
        let word = ["unknown", "low", "medium", "high", "critical"][severity.as_u64().unwrap() as usize];
        let score = &found["CVSS"][source.as_str()];
        let name = json!({"name": source});
        if let Some(number) = score["V2Score"].as_f64() {
            let own = ["info", "medium", "high"][usize::from(number >= 4.0) + usize::from(number >= 7.0)];
            let word = if source == "nvd" { own } else { word };
            ratings.push(json!({"source": name, "score": number, "severity": word, "method": "CVSSv2"}));
        }
        if let Some(number) = score["V3Score"].as_f64() {
            ratings.push(json!({"source": name, "score": number, "severity": word, "method": "CVSSv31"}));
        }
        if score.is_null() {
            ratings.push(json!({"source": name, "severity": word}));
        }
    }
    ratings
}
