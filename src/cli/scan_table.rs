//! Judged scan reports as people and programs read them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::output::{Output, Tone};
use crate::flow::validate::JudgedReport;
use crate::model::Digest;
use crate::scan::finding::Severity;
use crate::scan::judge::{Denied, Ignored, TooOld};
use crate::scan::rego::Answer;
use crate::scan::{Finding, Ignore};

/// A judged report (docs/json.md).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ScanJson {
    report: String,
    reference: String,
    digest: Digest,
    platform: String,
    passed: bool,
    denied: Vec<DeniedJson>,
    ignored: Vec<IgnoredJson>,
    /// Number of findings that no rule speaks of.
    others: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    too_old: Option<TooOldJson>,
    end_of_life: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nothing_scanned: Option<String>,
    /// What rules in Rego said.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more_messages: Option<usize>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeniedJson {
    #[serde(flatten)]
    finding: Finding,
    rule: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    ignore_expired: Option<String>,
}

#[derive(Serialize)]
struct IgnoredJson {
    #[serde(flatten)]
    finding: Finding,
    reason: String,
    /// The last day, of an entry of the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// Who says so, where a document does.
    #[serde(skip_serializing_if = "Option::is_none")]
    vex: Option<VexJson>,
}

#[derive(Serialize)]
struct VexJson {
    document: Digest,
    author: String,
}

#[derive(Serialize)]
struct TooOldJson {
    created: String,
    limit: String,
}

impl From<&JudgedReport> for ScanJson {
    fn from(judged: &JudgedReport) -> Self {
        let judgement = &judged.judgement;
        let denied = |Denied { finding, rule, ignore_expired }: &Denied| DeniedJson {
            finding: finding.clone(),
            rule: rule.clone(),
            ignore_expired: ignore_expired.map(|day| day.to_string()),
        };
        let ignored = |Ignored { finding, ignore }: &Ignored| IgnoredJson {
            finding: finding.clone(),
            reason: ignore.reason().to_owned(),
            expires: ignore.expires().map(|day| day.to_string()),
            vex: match ignore {
                Ignore::Vex(vex) => Some(VexJson { document: vex.document, author: vex.author.clone() }),
                Ignore::Rules(_) => None,
            },
        };
        Self {
            report: judged.name.clone(),
            reference: judged.image.to_string(),
            digest: judged.image.digest(),
            platform: judged.platform.to_string(),
            passed: judged.passed().is_some(),
            denied: judgement.denied.iter().map(denied).collect(),
            ignored: judgement.ignored.iter().map(ignored).collect(),
            others: judgement.others,
            too_old: judgement
                .too_old
                .map(|old| TooOldJson { created: old.created.to_string(), limit: shown_limit(&old) }),
            end_of_life: judgement.end_of_life,
            nothing_scanned: judgement.nothing_scanned.clone(),
            messages: judgement.answer.as_ref().map(|answer| answer.deny.clone()),
            more_messages: judgement.answer.as_ref().map(|answer| answer.more).filter(|more| *more > 0),
        }
    }
}

fn shown_limit(old: &TooOld) -> String {
    format!("{}s", old.limit.as_secs())
}

/// Most characters that a column is made wide for; a longer cell moves its own row alone.
const COLUMN_LIMIT: usize = 60;
/// Most findings of a kind that are shown to people.
const SHOWN_LIMIT: usize = 1_000;
const HEADER: [&str; 6] = ["ID", "SEVERITY", "PACKAGE", "INSTALLED", "FIXED IN", "RULE"];
const FOUND: [&str; 6] = ["ID", "SEVERITY", "PACKAGE", "INSTALLED", "FIXED IN", "NOTE"];

// Writing to a String cannot fail, so the results of `write!` below are dropped.

/// Every report with what denies it, and what does not count.
pub(super) fn scans_text(judged: &[JudgedReport], output: &Output) -> String {
    let mut text = String::new();
    for judged in judged {
        scan_text(&mut text, judged, output);
    }
    text
}

fn scan_text(text: &mut String, judged: &JudgedReport, output: &Output) {
    let judgement = &judged.judgement;
    let (word, tone) = match judged.passed() {
        Some(_) => ("scan passed", Tone::Good),
        None => ("scan failed", Tone::Bad),
    };
    let word = output.tone(tone, word);
    let _ = writeln!(text, "{word}  {}  {} {}", judged.name, judged.platform, judged.image.digest());
    if let Some(old @ TooOld { created, .. }) = judgement.too_old {
        let limit = shown_limit(&old);
        let _ = writeln!(text, "  the report is of {created}, and the rules allow no older one than {limit}");
    }
    if judgement.end_of_life {
        let _ = writeln!(text, "  the operating system is past its end of life");
    }
    if let Some(reason) = &judgement.nothing_scanned {
        let _ = writeln!(text, "  nothing was scanned, which the rules allow: {reason}");
    }
    let denied = judgement.denied.iter().take(SHOWN_LIMIT).map(denied_row);
    text.push_str(&table(HEADER, &denied.collect::<Vec<_>>(), output));
    more(text, judgement.denied.len(), output);
    if let Some(answer) = &judgement.answer {
        answer_text(text, answer, output);
    }
    // Always listed, all of them: rules hold as many ignores as somebody has written.
    for Ignored { finding, ignore } in &judgement.ignored {
        let Finding { id, severity, package, suppressed, .. } = finding;
        let by = match ignore {
            Ignore::Rules(ignore) => format!("until {}", ignore.expires),
            Ignore::Vex(vex) => format!("by {} in {}", named(&vex.author), vex.document),
        };
        let mut line = format!("  ignored {by}: {id} {severity} {package}: {}", ignore.reason());
        if let Some(why) = suppressed {
            let _ = write!(line, "; suppressed by the scanner: {why}");
        }
        let _ = writeln!(text, "{}", output.tone(Tone::Faint, &line));
    }
    if judgement.others > 0 {
        let findings = if judgement.others == 1 { "finding" } else { "findings" };
        let line = format!("  {} {findings} that no rule denies", judgement.others);
        let _ = writeln!(text, "{}", output.tone(Tone::Faint, &line));
    }
}

/// What rules in Rego said, one message a line.
fn answer_text(text: &mut String, Answer { deny, more: unkept }: &Answer, output: &Output) {
    for message in deny.iter().take(SHOWN_LIMIT) {
        let _ = writeln!(text, "  denied: {message}");
    }
    more(text, deny.len() + unkept, output);
}

/// Findings that nobody judges here, the worst first.
pub(super) fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    sorted
}

/// Findings as a table.
pub(super) fn findings_text(findings: &[&Finding], output: &Output) -> String {
    let row = |finding: &&Finding| {
        let Finding { severity, id, package, installed, fixed_in, suppressed, .. } = (*finding).clone();
        let note = suppressed.map_or(String::new(), |why| format!("suppressed by the scanner: {why}"));
        [id, severity.to_string(), package, installed, fixed_in.unwrap_or_else(|| "-".to_owned()), note]
    };
    let rows: Vec<_> = findings.iter().take(SHOWN_LIMIT).map(row).collect();
    let mut text = table(FOUND, &rows, output);
    more(&mut text, findings.len(), output);
    text
}

/// How many findings there are of each severity, the worst first.
pub(super) fn severities(counts: &BTreeMap<Severity, usize>) -> String {
    let counted = counts
        .iter()
        .rev()
        .filter(|(_, count)| **count > 0)
        .map(|(severity, count)| format!("{count} {severity}"));
    match counted.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "no findings".to_owned(),
        counted => counted,
    }
}

/// Who made a statement.
fn named(author: &str) -> &str {
    if author.is_empty() { "somebody" } else { author }
}

/// How many of `all` findings are not shown.
fn more(text: &mut String, all: usize, output: &Output) {
    if let Some(more) = all.checked_sub(SHOWN_LIMIT).filter(|more| *more > 0) {
        let line = format!("  and {more} more: --output json lists them all");
        let _ = writeln!(text, "{}", output.tone(Tone::Faint, &line));
    }
}

fn denied_row(Denied { finding, rule, ignore_expired }: &Denied) -> [String; 6] {
    let Finding { severity, id, package, installed, fixed_in, suppressed, .. } = finding.clone();
    let mut rule = rule.clone();
    if let Some(day) = ignore_expired {
        let _ = write!(rule, "; the rules ignored it until {day}");
    }
    if let Some(why) = suppressed {
        let _ = write!(rule, "; suppressed by the scanner: {why}");
    }
    [id, severity.to_string(), package, installed, fixed_in.unwrap_or_else(|| "-".to_owned()), rule]
}

/// Columns as wide as their widest cell, within a limit.
fn table(header: [&str; 6], rows: &[[String; 6]], output: &Output) -> String {
    let mut text = String::new();
    if rows.is_empty() {
        return text;
    }
    let header = header.map(str::to_owned);
    let width = |column: usize| {
        let cells = rows.iter().chain([&header]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default().min(COLUMN_LIMIT)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    for (number, row) in [&header].into_iter().chain(rows).enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        let line = format!("  {}", cells.collect::<Vec<_>>().join("  "));
        let line = line.trim_end();
        let _ =
            writeln!(text, "{}", if number == 0 { output.tone(Tone::Faint, line) } else { line.to_owned() });
    }
    text
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::cli::args::OutputFormat;

    fn row(id: &str) -> [String; 6] {
        [id, "HIGH", "libc", "1", "2", "rule"].map(str::to_owned)
    }

    #[test]
    fn one_long_cell_widens_no_other_row_past_the_limit() {
        let text = table(HEADER, &[row(&"x".repeat(5_000)), row("CVE-1")], &Output::new(OutputFormat::Text));
        let line = text.lines().last().unwrap();
        assert_eq!(line, format!("  {:60}  HIGH      libc     1          2         rule", "CVE-1"));
    }

    #[test]
    fn what_is_not_shown_is_counted() {
        let mut text = String::new();
        let output = Output::new(OutputFormat::Text);
        more(&mut text, SHOWN_LIMIT, &output);
        assert_eq!(text, "");
        more(&mut text, SHOWN_LIMIT + 2, &output);
        assert_eq!(text, "  and 2 more: --output json lists them all\n");
    }
}
