//! The figures as a table, and its place in a document.

use std::fmt::Write as _;
use std::path::Path;

/// The part of a document that is written anew: between two comments that name it.
pub fn write_part(document: &Path, part: &str, content: &str) {
    let text = std::fs::read_to_string(document).unwrap();
    let (begin, end) = (format!("<!-- begin {part} -->\n"), format!("<!-- end {part} -->"));
    let (before, rest) = text.split_once(&begin).expect("the comment before the part");
    let (_, after) = rest.split_once(&end).expect("the comment after the part");
    std::fs::write(document, format!("{before}{begin}\n{}\n\n{end}{after}", content.trim())).unwrap();
}

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

/// As the table says it.
pub fn verdict(met: bool) -> &'static str {
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

    /// The table in Markdown.
    pub fn markdown(&self) -> String {
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
}
