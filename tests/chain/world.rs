//! A registry, the keys of the chain, and the commands of the chain with what they always need.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use countersign::model::Digest;
use serde_json::Value;

use crate::support::cli::{Countersign, Run};
use crate::support::image::{self, Pushed};
use crate::support::keys::TestKey;
use crate::support::registry::{Config, TestRegistry};
use crate::support::temp::TempFolder;

/// The repository of most images.
pub(crate) const REPOSITORY: &str = "shop/app";
/// Rules that both scanners' reports break: each has a critical finding.
pub(crate) const STRICT: &str = "deny: {severities: [CRITICAL, HIGH]}";
/// Rules that both scanners' reports pass.
pub(crate) const LENIENT: &str = "deny: {severities: [HIGH]}";

/// The keys of all worlds.
pub(crate) struct Keys {
    pub(crate) build: TestKey,
    pub(crate) validation: TestKey,
    /// Trusted by nobody.
    pub(crate) stranger: TestKey,
}

pub(crate) fn keys() -> &'static Keys {
    static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys {
        build: TestKey::new(),
        validation: TestKey::new(),
        stranger: TestKey::new(),
    });
    &KEYS
}

/// A registry of our own, and a folder for reports, rules, policies and manifests.
pub(crate) struct World {
    pub(crate) registry: TestRegistry,
    pub(crate) folder: TempFolder,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { registry: TestRegistry::start(Config::default()), folder: TempFolder::new() }
    }

    /// An image without signatures.
    pub(crate) fn image(&self, content: &str) -> Pushed {
        image::image(&self.registry, REPOSITORY, "1.4", content)
    }

    /// An image with its build signature; the requests for that are forgotten.
    pub(crate) fn built(&self, content: &str) -> Pushed {
        let image = self.image(content);
        self.sign(&image, &keys().build, &[]);
        image
    }

    /// An image with both signatures; the requests for that are forgotten.
    pub(crate) fn countersigned(&self, content: &str) -> Pushed {
        let image = self.built(content);
        self.countersign(&image);
        image
    }

    /// Validates with a report that passes.
    pub(crate) fn countersign(&self, image: &Pushed) {
        self.validate(image, &[super::reports::trivy(image)], LENIENT).run().expect_code(0);
        self.registry.forget_requests();
    }

    pub(crate) fn sign(&self, image: &Pushed, key: &TestKey, more: &[&str]) {
        sign(&image.pinned(), key, more).expect_code(0);
        self.registry.forget_requests();
    }

    /// Writes a file.
    pub(crate) fn file(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        shown(&self.folder.write(name, text))
    }

    /// Writes a report.
    pub(crate) fn report(&self, report: &Value) -> String {
        let text = report.to_string();
        self.file(&format!("report-{}.json", Digest::of(text.as_bytes()).hex()), text)
    }

    /// Writes rules.
    pub(crate) fn rules(&self, spec: &str) -> String {
        let text = rules_text(spec);
        self.file(&format!("rules-{}.yaml", Digest::of(text.as_bytes()).hex()), text)
    }

    /// `validate` with these reports and rules, and the keys of the chain.
    pub(crate) fn validate(&self, image: &Pushed, reports: &[Value], rules: &str) -> Countersign {
        self.validate_named(&image.pinned(), reports, rules)
    }

    /// The same of an image by its name.
    pub(crate) fn validate_named(&self, image: &str, reports: &[Value], rules: &str) -> Countersign {
        let keys = keys();
        self.validate_with(image, reports, rules, &keys.validation)
            .args(["--build-key", &keys.build.public_arg()])
    }

    /// The same with another validation key, and without saying what the build signature must be.
    pub(crate) fn validate_with(
        &self,
        image: &str,
        reports: &[Value],
        rules: &str,
        key: &TestKey,
    ) -> Countersign {
        let reports = reports.iter().flat_map(|report| ["--scan".to_owned(), self.report(report)]);
        let command = Countersign::new().args(["validate", image, "--rules", &self.rules(rules)]);
        command.args(reports).args(["--key", &key.private_arg()])
    }

    /// `gate` under a policy.
    pub(crate) fn gate(&self, policy: &str) -> Countersign {
        let path = self.file(&format!("policy-{}.yaml", Digest::of(policy.as_bytes()).hex()), policy);
        Countersign::new().args(["gate", "--policy", &path])
    }

    /// The paths of the requests that read so far.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.registry.requests().into_iter().map(|request| request.path).collect()
    }
}

/// `countersign sign`.
pub(crate) fn sign(image: &str, key: &TestKey, more: &[&str]) -> Run {
    Countersign::new().args(["sign", image, "--key", &key.private_arg()]).args(more).run()
}

/// `countersign verify --output json`.
pub(crate) fn verify(image: &str, key: &TestKey, more: &[&str]) -> Run {
    let command = Countersign::new().args(["verify", image, "--output", "json", "--key", &key.public_arg()]);
    command.args(more).run()
}

/// The file of rules with that specification.
pub(crate) fn rules_text(spec: &str) -> String {
    format!("apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec: {{{spec}}}\n")
}

pub(crate) fn shown(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A folder's entries, by name.
pub(crate) fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    entries
}
