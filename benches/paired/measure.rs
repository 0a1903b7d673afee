//! One run of a program under `measure`, and the medians of many.

use std::path::PathBuf;

use super::support::cli::Countersign;

/// A program, to be run under measurement in a clean environment that all its runs share.
pub struct Program {
    path: PathBuf,
    runner: Countersign,
}

/// What one run took, or the median of many.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// Milliseconds from start to end.
    pub wall: f64,
    /// Milliseconds of user and system time.
    pub cpu: f64,
    /// Peak resident memory in MiB.
    pub memory: f64,
    /// Requests that came through the proxy.
    pub requests: f64,
}

impl Program {
    /// The program at `path`, started by the measuring program `measure`.
    pub fn new(measure: impl Into<PathBuf>, path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        assert!(path.is_file(), "{} is not there: `make bench` builds it", path.display());
        let runner = Countersign::program(measure).env("SSL_CERT_DIR", "/var/empty");
        let bundle = std::env::var("SSL_CERT_FILE");
        let runner = match bundle {
            Ok(bundle) => runner.env("SSL_CERT_FILE", bundle),
            Err(_) => runner,
        };
        Self { path, runner }
    }

    /// With a variable more.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.runner = self.runner.env(name, value);
        self
    }

    /// Size of the program in bytes.
    pub fn size(&self) -> u64 {
        std::fs::metadata(&self.path).unwrap().len()
    }

    /// Runs it once; it must succeed.
    pub fn run(&self, arguments: &[&str]) -> Cost {
        let report = self.runner.home().join("report");
        self.runner.clone().arg(&report).arg(&self.path).args(arguments).run().expect_code(0);
        let text = std::fs::read_to_string(&report).unwrap();
        let numbers: Vec<f64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let [wall, cpu, memory] = numbers[..] else { panic!("no report: {text}") };
        Cost { wall: wall / 1e3, cpu: cpu / 1e3, memory: memory / 1024.0, requests: 0.0 }
    }
}

impl Cost {
    /// This run and then another one: times add up, memory does not.
    pub fn then(self, next: Self) -> Self {
        Self {
            wall: self.wall + next.wall,
            cpu: self.cpu + next.cpu,
            memory: self.memory.max(next.memory),
            requests: self.requests + next.requests,
        }
    }

    /// The median of each figure.
    pub fn median(runs: &[Self]) -> Self {
        Self {
            wall: median(runs, |run| run.wall),
            cpu: median(runs, |run| run.cpu),
            memory: median(runs, |run| run.memory),
            requests: median(runs, |run| run.requests),
        }
    }
}

fn median(runs: &[Cost], figure: impl Fn(&Cost) -> f64) -> f64 {
    let mut figures: Vec<f64> = runs.iter().map(figure).collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

/// Runs both in turn, `runs` times after one that does not count, and swaps who begins; the medians.
pub fn alternate(runs: usize, mut ours: impl FnMut() -> Cost, mut theirs: impl FnMut() -> Cost) -> [Cost; 2] {
    ours();
    theirs();
    let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
    for run in 0..runs {
        if run % 2 == 0 {
            our_runs.push(ours());
            their_runs.push(theirs());
        } else {
            their_runs.push(theirs());
            our_runs.push(ours());
        }
    }
    [Cost::median(&our_runs), Cost::median(&their_runs)]
}
