//! How long the page of a gate on 200 images takes to open in headless Chromium, and its size. Writes its part of
//! docs/benchmarks.md.
//!
//! Run by scripts/bench.sh. The page is the same whatever profile the program was built with.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by panicking")]
#![allow(missing_docs, unreachable_pub, dead_code, reason = "nobody uses this but its own main")]

#[path = "../tests/browser/driver.rs"]
mod driver;
#[path = "../tests/browser/pages.rs"]
mod pages;
#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::path::PathBuf;

use driver::Browser;
use pages::{policy, sign, validate};
use serde_json::{Value, json};
use support::cli::Countersign;
use support::image;
use support::keys::TestKey;
use support::peers::docker_registry;
use support::temp::TempFolder;

const IMAGES: usize = 200;
const RUNS: usize = 21;
/// Where the figures stand.
const DOCUMENT: &str = "docs/benchmarks.md";
const BEGIN: &str = "<!-- begin page -->";
const END: &str = "<!-- end page -->";

/// What is measured in the page, in milliseconds since the navigation began.
const MEASURED: &str = "
  const [navigation] = performance.getEntriesByType('navigation');
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const before = performance.now();
  const find = document.getElementById('find');
  find.value = 'app-117';
  find.dispatchEvent(new Event('input', { bubbles: true }));
  document.body.offsetHeight;
  return [paint.startTime, navigation.domInteractive, navigation.loadEventEnd, performance.now() - before];";
const NAMES: [&str; 4] = ["first paint", "interactive", "loaded", "a search after that"];

fn main() {
    // Another runner of benchmarks, or of tests, only wants to know that this builds.
    if std::env::var_os("COUNTERSIGN_BENCH_PAGE").is_none() {
        println!("run by scripts/bench.sh");
        return;
    }
    let folder = TempFolder::new();
    let size = write_page(&folder);
    let url = format!("file://{}", folder.join("gate.html").display());
    let mut runs: [Vec<f64>; NAMES.len()] = Default::default();
    for _ in 0..RUNS {
        // A browser of its own each time, so that nothing is kept.
        let browser = Browser::start();
        browser.open(&url);
        let measured: Vec<f64> = serde_json::from_value(browser.run(MEASURED)).unwrap();
        measured.into_iter().zip(&mut runs).for_each(|(time, times)| times.push(time));
    }
    let table = table(size, runs);
    println!("{table}");
    write_part(&table);
}

/// The page of a gate on images with both signatures, all claims and an attested scan with 20 findings; its size in bytes.
fn write_page(folder: &TempFolder) -> usize {
    let registry = docker_registry();
    let keys = [&TestKey::new(), &TestKey::new()];
    let claims = ["--source", "https://git.example.org/shop/app", "--revision", &"4f2a91c8".repeat(5)];
    let claims = claims.map(str::to_owned);
    let mut manifest =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: app, namespace: shop}\nspec:\n  containers:\n"
            .to_owned();
    for number in 0..IMAGES {
        let name = format!("app-{number}");
        let image = image::image(registry.host(), &format!("shop/{name}"), "1.4", &name);
        sign(&image, keys[0], &claims);
        validate(folder, &image, keys, &findings(), &["--attest".to_owned()]);
        writeln!(manifest, "    - {{name: {name}, image: '{}'}}", image.pinned()).unwrap();
    }
    let policy = folder.write("policy.yaml", policy(registry.host(), keys));
    let manifest = folder.write("pod.yaml", manifest);
    let report = format!("html={}", folder.join("gate.html").display());
    let gate = Countersign::new().args(["gate", "--report", &report, "--policy"]).arg(policy);
    gate.arg("-f").arg(manifest).run().expect_code(0);
    std::fs::read(folder.join("gate.html")).unwrap().len()
}

/// Twenty, as scanners find them in a system's packages.
fn findings() -> Value {
    let finding = |number: usize| {
        json!({
            "VulnerabilityID": format!("CVE-2019-{}", 18_200 + number), "PkgName": format!("libidn2-{number}"),
            "InstalledVersion": "2.0.5-1", "FixedVersion": "2.0.5-1+deb10u1", "Severity": "MEDIUM",
        })
    };
    (0..20).map(finding).collect()
}

fn table(size: usize, runs: [Vec<f64>; NAMES.len()]) -> String {
    let version = std::process::Command::new(support::peers::tool("chromium")).arg("--version").output();
    let version = String::from_utf8(version.unwrap().stdout).unwrap();
    let version = version.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap();
    let load = load.split(' ').next().unwrap();
    let mut text = format!(
        "{IMAGES} images, each with two signatures, all claims and an attested scan with 20 findings: {size} bytes. {version}, headless, a \
         new profile for each of {RUNS} runs; load average at the end {load}.\n\n| since the navigation began | median \
         ms | slowest ms |\n|---|--:|--:|\n"
    );
    for (name, mut times) in NAMES.into_iter().zip(runs) {
        times.sort_by(f64::total_cmp);
        writeln!(text, "| {name} | {:.0} | {:.0} |", times[times.len() / 2], times[times.len() - 1]).unwrap();
    }
    text
}

/// Replaces what stands between the two marks.
fn write_part(table: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    std::fs::write(path, format!("{before}{BEGIN}\n\n{table}\n{END}{after}")).unwrap();
}
