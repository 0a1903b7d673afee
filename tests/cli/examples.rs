//! The commands whose output stands in docs/json.md, each in a world where it prints what the example shows.

use serde_json::Value;

use crate::support::cli::Run;
use crate::support::image;
use crate::support::registry::{Act, Config, Fault, Place, TestRegistry};
use crate::world::{APP, World};

/// What a command prints, and its exit code.
pub(crate) fn example(name: &str) -> Run {
    match name {
        "sign" => after("", "sign APP --key build.key --revision 4f2a91c"),
        "sign-incomplete" => sign_incomplete(),
        "validate-signed" => validate_signed(),
        "validate-attested" => printed(&scanned(), &format!("{VALIDATE} report.json --attest")),
        "validate-failed" => validate_failed(),
        "verify-allowed" => after("sign APP --key build.key", "verify oci:app:1.0 --key build.pub"),
        "verify-denied" => {
            after("sign APP --key build.key --format legacy", "verify APP --key build.pub release.pub")
        }
        "verify-undecided" => verify_undecided(),
        "gate-allowed" => gate_allowed(),
        "gate-denied" => gate_denied(),
        "gate-undecided" => gate_undecided(),
        "gate-any-of" => gate_any_of(),
        "inspect" => after("sign APP --key build.key", "inspect oci:app:1.0"),
        "inspect-attestations" => printed(&attested(), "inspect oci:app:1.0 --attestations"),
        "inspect-incomplete" => inspect_incomplete(),
        "report" => printed(&attested(), "report oci:app:1.0 --key validation.pub"),
        "report-none" => after("sign APP --key build.key", "report oci:app:1.0 --key validation.pub"),
        "copy" => after("sign APP --key build.key", "copy oci:app:1.0 oci:elsewhere:1.0"),
        "copy-incomplete" => copy_incomplete(),
        "policy-check" => policy_check(),
        "policy-check-notes" => with_tanzu("policy check tanzu.yaml"),
        "policy-convert" => with_tanzu("policy convert tanzu.yaml"),
        "policy-explain" => policy_explain(),
        "policy-explain-any-of" => {
            with_tanzu("policy explain registry.example.org/shop/app:1.0 --policy tanzu.yaml")
        }
        "policy-explain-objects" => policy_explain_objects(),
        "keys-generate" => after("", "keys generate --output-prefix new --password-file password"),
        "keys-public" => after("", "keys public --key build.pub"),
        "error" => after("", "sign oci:app:1.0 --key build.key"),
        other => panic!("no command prints the example {other}"),
    }
}

fn after(first: &str, line: &str) -> Run {
    let world = World::new();
    if !first.is_empty() {
        world.run(first).expect_code(0);
    }
    printed(&world, line)
}

fn printed(world: &World, line: &str) -> Run {
    world.run(&format!("{line} --output json"))
}

/// A registry behind a name that does not change.
fn registry() -> (TestRegistry, String, image::Pushed) {
    let registry = TestRegistry::start(Config::default());
    let pushed = image::image(&registry, "shop/app", "1.0", "hello");
    let mirror = format!("--mirror registry.example.org={}", registry.host());
    (registry, mirror, pushed)
}

fn sign_incomplete() -> Run {
    let (registry, mirror, pushed) = registry();
    registry.misbehave(Fault::on_writes(Place::SigTag, Act::Status(403)));
    let line = format!("sign registry.example.org/shop/app@{} --key build.key {mirror}", pushed.digest);
    let mut run = printed(&World::new(), &line);
    // The words of a registry that people know, at an address that stays.
    run.stdout = run.stdout.replace(&registry.url(), "https://registry.example.org");
    run.stdout = run.stdout.replace("the test registry misbehaves", "the tag is immutable");
    run
}

/// One signature's payload cannot be had, and another's is none.
fn broken_signatures() -> (World, TestRegistry, String) {
    let (registry, mirror, pushed) = registry();
    let world = World::new();
    let name = format!("registry.example.org/shop/app@{}", pushed.digest);
    for signer in ["build", "release"] {
        let line = format!("sign {name} --key {signer}.key --role {signer} --format legacy {mirror}");
        world.run(&line).expect_code(0);
    }
    let list = registry.manifest("shop/app", &pushed.sig_tag()).unwrap();
    let mut list: Value = serde_json::from_slice(&list).unwrap();
    let lost = list["layers"][1]["digest"].as_str().unwrap().to_owned();
    registry.remove("shop/app", &lost);
    let mut junk = list["layers"][0].clone();
    junk["digest"] = Value::from(registry.put_blob("shop/app", b"{}"));
    junk["size"] = Value::from(2);
    list["layers"].as_array_mut().unwrap().push(junk);
    let media_type = list["mediaType"].as_str().unwrap().to_owned();
    registry.put_manifest("shop/app", &pushed.sig_tag(), &media_type, list.to_string().as_bytes());
    (world, registry, format!("{name} {mirror}"))
}

const VALIDATE: &str = "validate APP --build-key build.pub --rules rules.yaml --key validation.key --scan";
/// The registry's name for the folder that the images of the fixture are in.
const MIRROR: &str = "--mirror registry.example.org/shop=oci:.";

/// A policy as people would write it; `more` are lines of its specification.
fn policy(name: &str, pattern: &str, more: &str) -> String {
    format!(
        "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\nmetadata: {{name: {name}}}\n\
         spec:\n  images: {{include: [\"{pattern}\"]}}\n{more}\n---\n"
    )
}

/// Both signatures, the second on a scan of the last 30 days.
fn production() -> String {
    let signers = "  signers:\n    - {name: build, keys: [{ref: build.pub}]}\n    \
                   - {name: validation, keys: [{ref: validation.pub}], countersigns: build, maxAge: 30d}";
    policy("production", "registry.example.org/shop/**", signers)
}

/// The image with its build signature, and a report of now that passes.
fn scanned() -> World {
    let world = World::new();
    world.run("sign APP --key build.key").expect_code(0);
    let report = std::fs::read_to_string(world.home().join("reports/app.json")).unwrap();
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    world.home().write("report.json", report.replace("2024-05-02T08:00:00Z", &now));
    world.home().write("policy.yaml", production());
    world
}

/// The same with the report attached, in one format.
fn attested() -> World {
    let world = scanned();
    world.run(&format!("{VALIDATE} report.json --attest --format bundle")).expect_code(0);
    world
}

fn validate_signed() -> Run {
    printed(&scanned(), &format!("{VALIDATE} report.json"))
}

/// An index with one platform that fails, by age and by findings, and one that holds nothing to scan.
fn validate_failed() -> Run {
    let world = World::new();
    let index = "oci:multi@sha256:3266a749f4feca177f7535b394f5ab68df5cb917b4c12397ec01a1c01505d190";
    world.run(&format!("sign {index} --key build.key")).expect_code(0);
    let report = std::fs::read_to_string(world.home().join("reports/failing.json")).unwrap();
    let amd64 = std::fs::read_to_string(world.home().join("reports/amd64.json")).unwrap();
    let (amd64, mut arm64): (Value, Value) = (
        serde_json::from_str(&amd64).unwrap(),
        serde_json::from_slice(&std::fs::read(world.home().join("reports/arm64.json")).unwrap()).unwrap(),
    );
    let mut failing: Value = serde_json::from_str(&report).unwrap();
    failing["Metadata"] = amd64["Metadata"].clone();
    world.home().write("amd64.json", failing.to_string());
    arm64["Results"] = Value::Null;
    arm64["CreatedAt"] = Value::from(jiff::Timestamp::now().to_string());
    world.home().write("arm64.json", arm64.to_string());
    let digest = index.rsplit_once('@').map(|(_, digest)| digest).unwrap_or_default();
    let vex = serde_json::json!({"@context": "https://openvex.dev/ns/v0.2.0", "author": "Product Security",
        "timestamp": "2024-05-01T08:00:00Z", "statements": [{"vulnerability": {"name": "CVE-2019-3843"},
            "products": [{"@id": format!("pkg:oci/multi@{digest}")}], "status": "not_affected",
            "justification": "vulnerable_code_cannot_be_controlled_by_adversary"}]});
    world.home().write("vex.json", vex.to_string());
    let trusted = countersign::model::Digest::of(vex.to_string().as_bytes());
    let rules = "apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec:\n  \
                 deny: {severities: [CRITICAL, HIGH], onlyFixable: true}\n  maxReportAge: 24h\n  \
                 allowNothingScanned: {reason: a single static binary}\n  ignore:\n    \
                 - {id: CVE-2019-12290, reason: not reachable, expires: 2099-12-31}\n    \
                 - {id: CVE-2019-18224, reason: no fix yet, expires: 2020-06-30}\n";
    world.home().write("rules.yaml", format!("{rules}  vex: {{documents: [\"{trusted}\"]}}\n"));
    let line = format!("{VALIDATE} amd64.json arm64.json --vex vex.json").replace("APP", index);
    printed(&world, &line)
}

fn gate_allowed() -> Run {
    let world = scanned();
    world.run(&format!("{VALIDATE} report.json")).expect_code(0);
    printed(&world, &format!("gate -f deploy.yaml --policy policy.yaml --pin-in-place {MIRROR}"))
}

/// One image lacks a signature, one a digest, and one is not wanted at all; a policy that is on trial says so.
fn gate_denied() -> Run {
    let world = scanned();
    let trial = "  mode: Audit\n  signers:\n    - {name: release, keys: [{ref: release.pub}]}";
    let policies = production()
        + &policy("trial", "**", trial)
        + &policy("attic", "registry.example.org/attic/**", "  action: Deny");
    world.home().write("policy.yaml", policies);
    let images = APP.replace("oci:", "registry.example.org/shop/")
        + " registry.example.org/shop/app:1.0 registry.example.org/attic/app:1.0";
    printed(&world, &format!("gate {images} --policy policy.yaml {MIRROR}"))
}

/// A policy of the Tanzu webhook, as a cluster has it.
pub(crate) fn tanzu(world: &World) -> String {
    let pem = |file: &str| {
        let text = std::fs::read_to_string(world.home().join(file)).unwrap();
        text.lines().map(|line| format!("          {line}\n")).collect::<String>()
    };
    let key = |name: &str, file: &str| format!("      - name: {name}\n        publicKey: |\n{}", pem(file));
    format!(
        "apiVersion: signing.apps.tanzu.vmware.com/v1beta1\nkind: ClusterImagePolicy\nmetadata:\n  name: \
         image-policy\nspec:\n  verification:\n    keys:\n{}{}    images:\n      - namePattern: \
         registry.example.org/shop/*\n        keys:\n          - name: build\n          - name: release\n        \
         secretRef: {{name: pull-secret, namespace: image-policy-system}}\n",
        key("build", "build.pub"),
        key("release", "release.pub")
    )
}

fn with_tanzu(line: &str) -> Run {
    let world = World::new();
    world.home().write("tanzu.yaml", tanzu(&world));
    printed(&world, line)
}

fn gate_any_of() -> Run {
    let world = scanned();
    world.home().write("tanzu.yaml", tanzu(&world));
    let image = APP.replace("oci:", "registry.example.org/shop/");
    printed(&world, &format!("gate {image} registry.example.org/bank/app:1.0 --policy tanzu.yaml {MIRROR}"))
}

fn gate_undecided() -> Run {
    let world = scanned();
    let image = APP.replace("oci:", "registry.example.org/shop/");
    printed(
        &world,
        &format!("gate {image} --policy policy.yaml --mirror registry.example.org/shop=oci:nowhere"),
    )
}

/// A key with two meanings, and a scan that counts forever.
fn policy_check() -> Run {
    let world = World::new();
    let signers = "  signers:\n    - {name: vendor, keys: [{ref: build.pub}]}";
    let policy = std::fs::read_to_string(world.home().join("policy.yaml")).unwrap()
        + "---\n"
        + &policy("vendors", "registry.example.org/vendors/**", signers);
    world.home().write("policy.yaml", policy);
    printed(&world, "policy check policy.yaml")
}

fn policy_explain() -> Run {
    let world = World::new();
    let signers = "  signedFor: same\n  signers:\n    - {name: build, keys: [{ref: build.pub}]}\n    \
                   - {name: validation, keys: [{ref: validation.pub}, {ref: release.pub}], countersigns: build, \
                   maxAge: 30d, onExpiry: Warn, claims: {ticket: [SHOP-7, SHOP-8]}}";
    world.home().write("policy.yaml", policy("production", "registry.example.org/shop/**", signers));
    printed(&world, "policy explain registry.example.org/shop/app:1.0 --policy policy.yaml --namespace shop")
}

/// A policy of policy-controller, with all that only such policies have.
fn policy_explain_objects() -> Run {
    let world = World::new();
    let text = "apiVersion: policy.sigstore.dev/v1beta1\nkind: ClusterImagePolicy\nmetadata: {name: shop}\nspec:\n  \
                images: [{glob: \"registry.example.org/shop/**\"}]\n  match: [{group: apps, version: v1, resource: \
                deployments}]\n  authorities:\n    - name: build\n      key: {kms: \"k8s://ci/build\"}\n      source: \
                [{oci: registry.example.org/signatures}]\n    - static: {action: fail, message: not signed}\n";
    world.home().write("shop.yaml", text);
    printed(&world, "policy explain registry.example.org/shop/app:1.0 --policy shop.yaml")
}

fn verify_undecided() -> Run {
    let (world, _registry, image) = broken_signatures();
    printed(&world, &format!("verify {image} --key build.pub release.pub"))
}

fn inspect_incomplete() -> Run {
    let world = World::new();
    let index = "oci:multi@sha256:3266a749f4feca177f7535b394f5ab68df5cb917b4c12397ec01a1c01505d190";
    world.run(&format!("sign {index} --key build.key --format legacy")).expect_code(0);
    let layout: Value =
        serde_json::from_slice(&std::fs::read(world.home().join("multi/index.json")).unwrap()).unwrap();
    let tagged = layout["manifests"].as_array().unwrap().iter().find(|manifest| {
        manifest["annotations"]["org.opencontainers.image.ref.name"]
            .as_str()
            .is_some_and(|tag| tag.ends_with(".sig"))
    });
    let blob = |digest: &Value| {
        world.home().join("multi/blobs/sha256").join(digest.as_str().unwrap().trim_start_matches("sha256:"))
    };
    let list: Value =
        serde_json::from_slice(&std::fs::read(blob(&tagged.unwrap()["digest"])).unwrap()).unwrap();
    std::fs::remove_file(blob(&list["layers"][0]["digest"])).unwrap();
    printed(&world, &format!("inspect {index}"))
}

fn copy_incomplete() -> Run {
    let world = World::new();
    let manifest = world.home().join("app/blobs/sha256").join(APP.rsplit(':').next().unwrap());
    let manifest: Value = serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
    let layer = manifest["layers"][0]["digest"].as_str().unwrap().trim_start_matches("sha256:").to_owned();
    std::fs::remove_file(world.home().join("app/blobs/sha256").join(layer)).unwrap();
    printed(&world, "copy oci:app:1.0 oci:elsewhere:1.0")
}
