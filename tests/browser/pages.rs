//! Pages of real runs: the gate on images in a real registry, whose signatures state what nobody should have to read.

use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::support::cli::Countersign;
use crate::support::image::{self, Pushed};
use crate::support::keys::TestKey;
use crate::support::peers::docker_registry;
use crate::support::temp::TempFolder;

/// Claims that would be markup, code, commands to a terminal or a mess, and how the page shows them.
pub(crate) const HOSTILE: [(&str, &str, &str); 6] = [
    (
        "script",
        "</script><script>window.hostile = 1</script>",
        "</script><script>window.hostile = 1</script>",
    ),
    ("image", "<img src=x onerror=\"window.hostile = 2\">", "<img src=x onerror=\"window.hostile = 2\">"),
    ("quotes", "\"'><svg onload='window.hostile=3'>&amp;", "\"'><svg onload='window.hostile=3'>&amp;"),
    ("bidi", "abc\u{202e}gpj.exe\u{2066}", "abc\\u{202e}gpj.exe\\u{2066}"),
    ("terminal", "\u{1b}[31mred\u{1b}]0;title\u{7}", "\\u{1b}[31mred\\u{1b}]0;title\\u{7}"),
    ("</style><b onclick>", "\u{1b}", "\\u{1b}"),
];
/// A word that no line holds.
pub(crate) const LONG: usize = 600;

/// A finding each text of which is markup, and the name of a manifest's file.
fn hostile_finding() -> Value {
    let text = |number: u8| format!("<img src=x onerror='window.hostile={number}'>");
    json!([{
        "VulnerabilityID": text(5), "PkgName": text(6), "InstalledVersion": text(7), "FixedVersion": text(8),
        "Severity": "LOW",
    }])
}
pub(crate) const MANIFEST: &str = "<b onclick='window.hostile=9'>pod.yaml";

/// A page, and the images on it.
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) hostile: Pushed,
    pub(crate) unsigned: Pushed,
    pub(crate) missing: Pushed,
}

/// The page of a gate on three images: one whose signatures are hostile, which is allowed; one that its build has signed
/// and nobody else; one that the registry does not have.
pub(crate) fn page() -> &'static Page {
    static PAGE: LazyLock<Page> = LazyLock::new(make);
    &PAGE
}

fn make() -> Page {
    let (folder, registry) = (TempFolder::new(), docker_registry());
    let (build, validation) = (TestKey::new(), TestKey::new());
    let push = |name: &str| image::image(registry.host(), &format!("shop/{name}"), "1.4", name);
    let (hostile, unsigned) = (push("hostile"), push("unsigned"));
    let missing = Pushed { repository: "shop/missing".to_owned(), ..hostile.clone() };
    let claims = HOSTILE.iter().map(|(name, value, _)| format!("{name}={value}"));
    let claims = claims.chain([format!("long={}", "x".repeat(LONG))]);
    let claims: Vec<String> = claims.flat_map(|claim| ["--annotation".to_owned(), claim]).collect();
    sign(&hostile, &build, &claims);
    sign(&unsigned, &build, &[]);
    let finding = hostile_finding();
    validate(&folder, &hostile, [&build, &validation], &finding, &["--attest".to_owned()]);
    let policy = folder.write("policy.yaml", policy(registry.host(), [&build, &validation]));
    let manifest = folder.write(MANIFEST, manifest(&[&unsigned, &hostile, &missing]));
    let report = format!("html={}", folder.join("gate.html").display());
    let gate = Countersign::new().args(["gate", "--report", &report, "--policy"]).arg(policy);
    gate.arg("-f").arg(manifest).run().expect_code(1);
    let text = std::fs::read_to_string(folder.join("gate.html")).unwrap();
    Page { text, hostile, unsigned, missing }
}

pub(crate) fn sign(image: &Pushed, key: &TestKey, more: &[String]) {
    let command = Countersign::new().args(["sign", &image.pinned(), "--key", &key.private_arg()]);
    command.args(more).run().expect_code(0);
}

/// The second signature, on a report with these findings.
pub(crate) fn validate(
    folder: &TempFolder,
    image: &Pushed,
    [build, validation]: [&TestKey; 2],
    findings: &Value,
    more: &[String],
) {
    let report = json!({
        "SchemaVersion": 2, "CreatedAt": "2026-01-31T12:00:00Z", "ArtifactName": "app",
        "ArtifactType": "container_image",
        "Metadata": {"ImageID": image.config(), "DiffIDs": image.layers()},
        "Results": [{"Target": "app", "Class": "os-pkgs", "Type": "debian", "Vulnerabilities": findings}],
    });
    let report = folder.write("report.json", report.to_string());
    let rules =
        "apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec: {deny: {severities: [HIGH]}}\n";
    let rules = folder.write("rules.yaml", rules);
    let command = Countersign::new().args(["validate", &image.pinned(), "--key", &validation.private_arg()]);
    let command = command.args(["--build-key", &build.public_arg(), "--scan"]).arg(report);
    command.arg("--rules").arg(rules).args(more).run().expect_code(0);
}

/// The page of a gate under four policies whose signers have six columns together: two are enforced, one warns, one
/// denies, one has two alternatives; and an image that none speaks of.
pub(crate) fn mixed() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(make_mixed);
    &PAGE
}

fn make_mixed() -> String {
    let (folder, registry) = (TempFolder::new(), docker_registry());
    let keys = [&TestKey::new(), &TestKey::new()];
    let host = registry.host();
    let push = |name: &str| image::image(host, name, "1.4", name);
    let images = ["shop/app-with-a-long-name", "shop/forbidden", "partner/tool", "stray/app"].map(push);
    [&images[0], &images[2]].into_iter().for_each(|image| sign(image, keys[0], &[]));
    let watch =
        policy(host, [keys[1]; 2]).replace("production", "watch").replace("spec:\n", "spec:\n  mode: Warn\n");
    let (watch, _) = watch.split_once("    - {name: validation").unwrap();
    let forbidden = format!(
        "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\nmetadata: {{name: forbidden}}\nspec:\n  \
         images: {{include: ['{host}/shop/forbidden']}}\n  action: Deny\n"
    );
    let texts = [policy(host, keys), watch.to_owned(), forbidden, alternatives(host, keys)];
    for (number, text) in texts.iter().enumerate() {
        folder.write(format!("policies/{number}.yaml"), text);
    }
    let manifest = folder.write("pod.yaml", manifest(&images.iter().collect::<Vec<_>>()));
    let report = format!("html={}", folder.join("gate.html").display());
    let gate =
        Countersign::new().args(["gate", "--report", &report, "--policy"]).arg(folder.join("policies"));
    gate.arg("-f").arg(manifest).run().expect_code(1);
    std::fs::read_to_string(folder.join("gate.html")).unwrap()
}

/// A policy in the form of the Tanzu webhook: either key is enough.
fn alternatives(host: &str, keys: [&TestKey; 2]) -> String {
    let pem =
        |key: &TestKey| std::fs::read_to_string(key.public_arg()).unwrap().replace('\n', "\n          ");
    format!(
        "apiVersion: signing.apps.tanzu.vmware.com/v1beta1\nkind: ClusterImagePolicy\nmetadata: {{name: \
         image-policy}}\nspec:\n  verification:\n    exclude: {{resources: {{namespaces: [kube-system]}}}}\n    keys:\n      \
         - name: first\n        publicKey: |\n          {}\n      - name: second\n        publicKey: |\n          {}\n    \
         images:\n      - namePattern: '{host}/partner/*'\n        keys: [{{name: first}}, {{name: second}}]\n",
        pem(keys[0]),
        pem(keys[1]),
    )
}

/// Both signatures are required.
pub(crate) fn policy(host: &str, [build, validation]: [&TestKey; 2]) -> String {
    format!(
        "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\nmetadata: {{name: production}}\nspec:\n  \
         images: {{include: ['{host}/shop/**']}}\n  signers:\n    - {{name: build, keys: [{{ref: '{}'}}]}}\n    - \
         {{name: validation, keys: [{{ref: '{}'}}], countersigns: build}}\n",
        build.public_arg(),
        validation.public_arg(),
    )
}

/// A pod whose name says what the others' claims say.
fn manifest(images: &[&Pushed]) -> String {
    let containers: Vec<String> =
        images.iter().map(|image| format!("    - {{name: app, image: '{}'}}\n", image.pinned())).collect();
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: \"<script>window.hostile=4</script>\"}}\nspec:\n  containers:\n{}",
        containers.concat()
    )
}
