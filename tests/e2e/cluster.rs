//! The cluster of the bed, spoken to with the real kubectl, and the bed's addresses.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::cli::{Countersign, Run};
use crate::support::peers::tool;
use crate::support::temp::TempFolder;

/// Where pipelines run, and the signers' keys are.
pub(crate) const CI: &str = "shop-ci";
/// What they deploy to.
pub(crate) const SHOP: &str = "shop";

/// A variable that tests/e2e/bed/common.sh sets.
pub(crate) fn bed(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: these tests run by `make e2e`"))
}

/// The file of the authority that the shop's registry has its certificate from.
pub(crate) fn authority() -> PathBuf {
    PathBuf::from(bed("BED")).join("pki/ca.crt")
}

/// A repository of the shop's registry.
pub(crate) fn repository(name: &str) -> String {
    format!("{}/shop/{name}", bed("SHOP"))
}

/// `kubectl` as the cluster's administrator.
pub(crate) fn kubectl<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Countersign {
    Countersign::program(tool("kubectl")).env("KUBECONFIG", bed("KUBECONFIG")).args(arguments)
}

/// `kubectl` with a default namespace, as its configuration has it: other than with `--namespace`, manifests may name
/// another one.
pub(crate) fn kubectl_in<'a>(namespace: &str, arguments: impl IntoIterator<Item = &'a str>) -> Countersign {
    let configuration = std::fs::read_to_string(bed("KUBECONFIG")).expect("the bed's configuration");
    let configuration =
        configuration.replace("user: admin}", &format!("user: admin, namespace: {namespace}}}"));
    let command = kubectl(arguments);
    let path = command.home().write("kubeconfig", configuration);
    command.env("KUBECONFIG", path)
}

/// Applies manifests; those without a namespace go to `namespace`.
pub(crate) fn apply(namespace: &str, manifests: &str) {
    let command = kubectl_in(namespace, ["apply", "--server-side", "--force-conflicts", "-f", "-"]);
    command.input(manifests).run().expect_code(0);
}

/// An object, or nothing where there is none or the API server has no answer: for who asks again.
pub(crate) fn seen(namespace: &str, kind: &str, name: &str) -> Option<Value> {
    let run = kubectl(["get", kind, name, "--namespace", namespace, "--output=json"]).run();
    (run.code == 0).then(|| run.json())
}

/// An object, or nothing where there is none.
pub(crate) fn find(namespace: &str, kind: &str, name: &str) -> Option<Value> {
    let arguments = ["get", kind, name, "--namespace", namespace, "--output=json", "--ignore-not-found"];
    let run = kubectl(arguments).run().expect_code(0);
    (!run.stdout.is_empty()).then(|| run.json())
}

/// An object that is there.
pub(crate) fn get(namespace: &str, kind: &str, name: &str) -> Value {
    find(namespace, kind, name).unwrap_or_else(|| panic!("no {kind} {name} in {namespace}"))
}

/// Asks until there is an answer; stops with `what` after `patience`.
pub(crate) fn eventually<T>(what: &str, patience: Duration, ask: impl Fn() -> Option<T>) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}: not within {patience:?}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

/// A program with the login and the authority of the shop's registry.
fn with_login(program: Countersign) -> Countersign {
    program.login(&bed("SHOP"), &bed("SHOP_USER"), &bed("SHOP_PASSWORD"))
}

/// The countersign of this build, from outside the cluster.
pub(crate) fn countersign<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Run {
    with_login(Countersign::new())
        .env("KUBECONFIG", bed("KUBECONFIG"))
        .args(arguments)
        .arg("--ca-file")
        .arg(authority())
        .run()
}

/// Whether the real cosign accepts a signature on `image` by the public key, with a role.
pub(crate) fn cosign_accepts(public: &str, role: &str, image: &str) -> Run {
    let folder = TempFolder::new();
    let key = folder.write("cosign.pub", public);
    let claim = format!("countersign.dev/role={role}");
    with_login(Countersign::program(tool("cosign")))
        .env("SSL_CERT_FILE", authority())
        .args(["verify", "--insecure-ignore-tlog=true", "--annotations", &claim, "--key"])
        .arg(key)
        .arg(image)
        .run()
}
