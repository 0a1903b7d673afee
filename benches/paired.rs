//! countersign and cosign side by side, in turn, on the same images: requests, time, CPU time and memory, with and
//! without 20 ms added to every answer of the registry. Writes the table of docs/benchmarks.md.
//!
//! Run by scripts/bench-paired.sh, which builds what is compared.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a benchmark fails by panicking")]
#![allow(missing_docs, unreachable_pub, reason = "nobody uses this but its own main")]

#[path = "../tests/support/mod.rs"]
mod support;

#[path = "paired/bed.rs"]
mod bed;
#[path = "paired/gate.rs"]
mod gate;
#[path = "paired/machine.rs"]
mod machine;
#[path = "paired/measure.rs"]
mod measure;
#[path = "paired/rates.rs"]
mod rates;
#[path = "paired/table.rs"]
mod table;

use std::path::PathBuf;

use bed::{Bed, BenchKey, DELAYS, Programs};
use measure::{Cost, alternate};
use table::{Row, Table, Target, write_part};

/// Runs that the medians are of, unless `COUNTERSIGN_BENCH_RUNS` gives another number.
const RUNS: usize = 11;
/// Runs of what takes milliseconds.
const SHORT_RUNS: usize = 41;

/// What is to be reached in one comparison.
struct Targets {
    requests: Target,
    wall: Target,
    cpu: Target,
    memory: Target,
}

struct Bench {
    runs: usize,
    programs: Programs,
    keys: [BenchKey; 2],
    table: Table,
}

fn main() {
    // Another runner of benchmarks, or of tests, only wants to know that this builds.
    let Some(folder) = std::env::var_os("COUNTERSIGN_BENCH_TOOLS").map(PathBuf::from) else {
        println!("run by scripts/bench-paired.sh");
        return;
    };
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let binary = folder.join("countersign");
    let runs = std::env::var("COUNTERSIGN_BENCH_RUNS").map_or(RUNS, |text| text.parse().unwrap());
    let machine = machine::describe();
    let keys = [BenchKey::new(&binary), BenchKey::new(&binary)];
    let programs = Programs::new(&folder.join("measure"), &binary);
    let mut bench = Bench { runs, programs, keys, table: Table::default() };
    bench.program();
    let document = root.join("docs/benchmarks.md");
    let [mut registry, _] = Bed::both();
    let gate = gate::table(&mut registry, &bench.programs, &bench.keys, runs);
    write_part(
        &document,
        "gate",
        &format!("On docker-registry 2.8; medians of {runs} runs. {machine}.\n\n{gate}"),
    );
    if std::env::var_os("COUNTERSIGN_BENCH_GATE_ONLY").is_some() {
        return;
    }
    for mut bed in Bed::both() {
        bench.verify(&mut bed);
        bench.sign(&mut bed);
    }
    let preface = format!("Medians of {runs} runs each, in turn. {machine}.");
    write_part(&document, "paired runs", &format!("{preface}\n\n{}", bench.table.markdown()));
    if let Some(rates) = rates::table(&root.join("target/criterion")) {
        write_part(&document, "rates", &rates);
    }
}

impl Bench {
    /// The programs themselves.
    fn program(&mut self) {
        let Programs { countersign, cosign } = &self.programs;
        let runs = self.runs.max(SHORT_RUNS);
        let [ours, theirs] = alternate(runs, || countersign.run(&["--version"]), || cosign.run(&["version"]));
        let row = |figure: &str, ours, theirs, target| Row {
            figure: figure.to_owned(),
            digits: 1,
            ours,
            theirs,
            target,
        };
        let start = row("ms", ours.wall, theirs.wall, Target::AtMost(3.0));
        let memory = row("peak MiB", ours.memory, theirs.memory, Target::None);
        let [ours, theirs] = [countersign, cosign].map(|program| program.size() as f64);
        let size = Row { digits: 0, ..row("bytes", ours, theirs, Target::AtMost(8e6)) };
        self.table.add("binary", vec![size]);
        self.table.add("start (`--version`)", vec![start, memory]);
    }

    /// `verify` with two keys against two `cosign verify`, on an image that both keys have signed.
    fn verify(&mut self, bed: &mut Bed) {
        for (format, requests) in [("both", [6.0, 5.0]), ("bundle", [8.0, 6.0])] {
            let image = bed.unsigned();
            for key in &self.keys {
                let image = bed.through(&image, 0);
                self.programs.countersign.run(&["sign", &image, "--key", &key.plain(), "--format", format]);
            }
            let [first, second] = self.keys.each_ref().map(BenchKey::public);
            let costs = [0, 1].map(|delay| {
                let image = bed.through(&image, delay);
                let ours = ["verify", "--key", &first, "--key", &second, "--", &image];
                let ours = || bed.counted(delay, || self.programs.countersign.run(&ours));
                let theirs = || {
                    let verify = |key| self.programs.cosign_verify(key, &image);
                    bed.counted(delay, || verify(&first).then(verify(&second)))
                };
                alternate(self.runs, ours, theirs)
            });
            let both = format == "both";
            let when = |stated: bool, target| if stated { target } else { Target::None };
            let targets = Targets {
                requests: Target::AtMost(requests[usize::from(bed.has_api)]),
                wall: when(both, Target::Times(6.0)),
                cpu: when(both, Target::Times(10.0)),
                memory: Target::AtMost(15.0),
            };
            let what = if both { "two keys, both formats" } else { "two keys, bundles only" };
            self.table.add(format!("`verify`, {what}, {}", bed.name), rows(costs, &targets));
        }
    }

    /// `sign` against one `cosign sign` for each format, on images that nobody has signed.
    fn sign(&mut self, bed: &mut Bed) {
        let speed = Target::Times;
        for (format, encrypted, requests, wall) in [
            ("both", false, [Target::AtMost(17.0), Target::AtMost(12.0)], speed(2.5)),
            ("both", true, [Target::AtMost(17.0), Target::AtMost(12.0)], speed(1.8)),
            ("bundle", false, [Target::None, Target::AtMost(9.0)], Target::None),
        ] {
            let costs = [0, 1].map(|delay| self.sign_at(bed, delay, format, encrypted));
            let memory = Target::AtMost(if encrypted { 80.0 } else { 15.0 });
            let requests = requests[usize::from(bed.has_api)];
            let targets = Targets { requests, wall, cpu: Target::None, memory };
            let formats = if format == "both" { "both formats" } else { "bundle only" };
            let key = if encrypted { "encrypted key" } else { "unencrypted key" };
            self.table.add(format!("`sign`, {formats}, {key}, {}", bed.name), rows(costs, &targets));
        }
    }

    fn sign_at(&self, bed: &mut Bed, delay: usize, format: &str, encrypted: bool) -> [Cost; 2] {
        let key = &self.keys[0];
        let ours_key = if encrypted { key.encrypted() } else { key.plain() };
        let bed = std::cell::RefCell::new(bed);
        let fresh = || {
            let image = bed.borrow_mut().unsigned();
            bed.borrow().through(&image, delay)
        };
        let ours = || {
            let image = fresh();
            let sign = ["sign", &image, "--key", &ours_key, "--format", format];
            bed.borrow().counted(delay, || self.programs.countersign.run(&sign))
        };
        let theirs = || {
            let image = fresh();
            let sign = |legacy| self.programs.cosign_sign(&key.encrypted(), &image, legacy);
            bed.borrow().counted(delay, || match format {
                "both" => sign(true).then(sign(false)),
                _ => sign(false),
            })
        };
        alternate(self.runs, ours, theirs)
    }
}

/// The rows of one comparison, from its costs at each delay.
fn rows(costs: [[Cost; 2]; 2], targets: &Targets) -> Vec<Row> {
    let [prompt, delayed] = costs;
    let row = |figure: String, digits, pair: [Cost; 2], part: fn(&Cost) -> f64, target| {
        let [ours, theirs] = pair.map(|cost| part(&cost));
        Row { figure, digits, ours, theirs, target }
    };
    let wall = |delay: u64| match delay {
        0 => "ms".to_owned(),
        _ => format!("ms, {delay} ms added to every answer"),
    };
    vec![
        row("requests".to_owned(), 0, prompt, |cost| cost.requests, targets.requests),
        row(wall(DELAYS[0]), 1, prompt, |cost| cost.wall, Target::None),
        row(wall(DELAYS[1]), 1, delayed, |cost| cost.wall, targets.wall),
        row("ms of CPU".to_owned(), 1, prompt, |cost| cost.cpu, targets.cpu),
        row("peak MiB".to_owned(), 1, prompt, |cost| cost.memory, targets.memory),
    ]
}
