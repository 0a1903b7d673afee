//! The figures as a table, and the table's place in a document.

use std::fmt::Write as _;
use std::path::Path;

/// Lines of the document between which the table stands.
const BEGIN: &str = "<!-- paired runs: written by `make bench` -->";
const END: &str = "<!-- end of the paired runs -->";

/// What is to be reached.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// No target.
    None,
    /// Ours at most this.
    AtMost(f64),
    /// Theirs at least this many times ours.
    Times(f64),
}

/// A figure of both programs.
#[derive(Debug, Clone)]
pub struct Row {
    /// What was measured.
    pub figure: String,
    /// How many digits it has after the point.
    pub digits: usize,
    /// Ours.
    pub ours: f64,
    /// Theirs.
    pub theirs: f64,
    /// What is to be reached.
    pub target: Target,
}

impl Row {
    fn markdown(&self, subject: &str) -> String {
        let Self { figure, digits, ours, theirs, target } = self;
        let ratio = theirs / ours;
        let (wanted, met) = match target {
            Target::None => (String::new(), ""),
            Target::AtMost(most) => (format!("≤ {most}"), verdict(ours <= most)),
            Target::Times(times) => (format!("≥ {times} ×"), verdict(ratio >= *times)),
        };
        format!(
            "| {subject} | {figure} | {ours:.digits$} | {theirs:.digits$} | {ratio:.1} × | {wanted} | {met} |"
        )
    }
}

fn verdict(met: bool) -> &'static str {
    if met { "met" } else { "**short**" }
}

/// All rows, by subject.
#[derive(Debug, Default)]
pub struct Table(Vec<(String, Vec<Row>)>);

impl Table {
    /// Adds the rows of one subject.
    pub fn add(&mut self, subject: impl Into<String>, rows: Vec<Row>) {
        let subject = subject.into();
        for row in &rows {
            println!("{}", row.markdown(&subject));
        }
        self.0.push((subject, rows));
    }

    fn markdown(&self) -> String {
        let mut text =
            String::from("| | | countersign | cosign | ratio | target | |\n|---|---|--:|--:|--:|--:|---|\n");
        for (subject, rows) in &self.0 {
            for (number, row) in rows.iter().enumerate() {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{}", row.markdown(if number == 0 { subject } else { "" }));
            }
        }
        text
    }

    /// Puts the table, with `preface` above it, between the two lines of `document`.
    pub fn write_into(&self, document: &Path, preface: &str) {
        let text = std::fs::read_to_string(document).unwrap();
        let (before, rest) = text.split_once(BEGIN).expect("the line before the table");
        let (_, after) = rest.split_once(END).expect("the line after the table");
        let table = self.markdown();
        let text = format!("{before}{BEGIN}\n{preface}\n\n{table}{END}{after}");
        std::fs::write(document, text).unwrap();
    }
}
