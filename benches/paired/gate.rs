//! The gate: a deployment of many manifests; one image, beside `verify`; and an image that no policy speaks of.

use std::fmt::Write as _;

use super::bed::{Bed, BenchKey, DELAYS, Programs};
use super::measure::{Cost, alternate};
use super::support::image::Pushed;
use super::support::temp::TempFolder;
use super::table::verdict;

const IMAGES: usize = 200;
const MANIFESTS: usize = 500;
/// Most milliseconds for all manifests, with the delay; most MiB.
const WALL: f64 = 2_000.0;
const MEMORY: f64 = 60.0;
/// Most that the gate may take of what `verify` takes, on one image.
const BESIDE_VERIFY: f64 = 1.05;

/// A deployment whose images two keys have signed.
struct Deployment<'a> {
    bed: &'a mut Bed,
    programs: &'a Programs,
    keys: &'a [BenchKey; 2],
    images: Vec<Pushed>,
    folder: TempFolder,
}

/// Measures on `bed`; the table in Markdown.
pub fn table(bed: &mut Bed, programs: &Programs, keys: &[BenchKey; 2], runs: usize) -> String {
    let deployment = Deployment::new(bed, programs, keys);
    let mut text = String::from("| | | | target | |\n|---|---|--:|--:|---|\n");
    let mut row = |subject: &str, figure: String, value: f64, digits: usize, most: Option<f64>| {
        let target = most.map(|most| format!("≤ {most}")).unwrap_or_default();
        let met = most.map_or("", |most| verdict(value <= most));
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| {subject} | {figure} | {value:.digits$} | {target} | {met} |");
    };
    let [prompt, delayed] = [0, 1].map(|delay| deployment.all(delay, runs));
    row(&format!("{MANIFESTS} manifests, {IMAGES} images"), "requests".into(), prompt.requests, 0, None);
    row("", "requests for each image".into(), prompt.requests / IMAGES as f64, 1, None);
    row("", "ms".into(), prompt.wall, 1, None);
    row("", format!("ms, {} ms added to every answer", DELAYS[1]), delayed.wall, 1, Some(WALL));
    row("", "ms of CPU".into(), prompt.cpu, 1, None);
    row("", "peak MiB".into(), delayed.memory.max(prompt.memory), 1, Some(MEMORY));
    for (index, delay) in DELAYS.into_iter().enumerate() {
        let [gate, verify] = deployment.beside_verify(index, runs);
        let figure = format!("ms beside {:.1} ms of `verify`, {delay} ms added", verify.wall);
        row("one image, two signatures", figure, gate.wall, 1, None);
        row("", "share of `verify`'s time".into(), gate.wall / verify.wall, 2, Some(BESIDE_VERIFY));
        row("", "requests more than `verify`".into(), gate.requests - verify.requests, 0, Some(0.0));
    }
    row("an image that no policy speaks of", "requests".into(), deployment.no_match().requests, 0, Some(0.0));
    text
}

impl<'a> Deployment<'a> {
    fn new(bed: &'a mut Bed, programs: &'a Programs, keys: &'a [BenchKey; 2]) -> Self {
        let images: Vec<Pushed> = (0..IMAGES).map(|_| bed.unsigned()).collect();
        for image in &images {
            for (key, role) in keys.iter().zip(["build", "release"]) {
                let image = bed.through(image, 0);
                programs.countersign.run(&["sign", &image, "--key", &key.plain(), "--role", role]);
            }
        }
        let deployment = Self { bed, programs, keys, images, folder: TempFolder::new() };
        (0..DELAYS.len()).for_each(|delay| deployment.write(delay));
        deployment
    }

    /// The manifests and the policy of one delay.
    fn write(&self, delay: usize) {
        let manifests = self.folder.join(format!("manifests-{delay}"));
        std::fs::create_dir(&manifests).unwrap();
        for number in 0..MANIFESTS {
            let image = self.bed.through(&self.images[number % IMAGES], delay);
            let manifest = format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: app-{number}, namespace: shop}}\nspec:\n  \
                 selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a}}}}\n    spec:\n      \
                 containers:\n        - name: app\n          image: {image}\n"
            );
            std::fs::write(manifests.join(format!("{number}.yaml")), manifest).unwrap();
        }
        let [build, release] = self.keys.each_ref().map(BenchKey::public);
        for (name, pattern) in [("policy", "**"), ("elsewhere", "registry.example.org/**")] {
            let policy = format!(
                "apiVersion: policy.countersign.dev/v1alpha1\nkind: SignaturePolicy\nmetadata: {{name: bench}}\nspec:\n  \
                 images: {{include: ['{pattern}']}}\n  signers:\n    - {{name: build, keys: [{{ref: '{build}'}}]}}\n    - \
                 {{name: release, keys: [{{ref: '{release}'}}]}}\n"
            );
            std::fs::write(self.path(name), policy).unwrap();
        }
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn gate(&self, delay: usize, what: &[&str], policy: &str) -> Cost {
        let policy = self.path(policy);
        let arguments = [&["gate", "--policy", &policy], what].concat();
        self.bed.counted(delay, || self.programs.countersign.run(&arguments))
    }

    fn all(&self, delay: usize, runs: usize) -> Cost {
        let manifests = self.path(&format!("manifests-{delay}"));
        let run = || self.gate(delay, &["-f", &manifests], "policy");
        run();
        Cost::median(&(0..runs).map(|_| run()).collect::<Vec<_>>())
    }

    fn beside_verify(&self, delay: usize, runs: usize) -> [Cost; 2] {
        let image = self.bed.through(&self.images[0], delay);
        let [build, release] = self.keys.each_ref().map(BenchKey::public);
        let gate = || self.gate(delay, &["--", &image], "policy");
        let verify = ["verify", "--key", &build, "--key", &release, "--", &image];
        let verify = || self.bed.counted(delay, || self.programs.countersign.run(&verify));
        alternate(12 * runs, gate, verify)
    }

    fn no_match(&self) -> Cost {
        let image = self.bed.through(&self.images[0], 0);
        self.gate(0, &["--no-match", "allow", "--", &image], "elsewhere")
    }
}
