//! A gate's report as SARIF 2.1.0 (OASIS), for services that show findings beside code. Of the standard it uses what
//! they read: GitHub's documented subset, in which every result has a place in a file.
//!
//! A result is a signer, policy or image that is not satisfied, once for every place in the manifests. Images that are
//! allowed have none: services show what is listed as an alert, whatever its `kind`.

mod place;
mod results;
mod rules;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::results::{Found, results};
use super::report::{Report, exit, word};
use crate::model::escape_untrusted;
use crate::policy::Verdict;

/// The schema that the document follows.
const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// Most results in a run; GitHub refuses a file with more.
const RESULTS_LIMIT: usize = 25_000;
/// Most notifications in a run: what could not be asked of a registry that is down is the same many times.
const NOTIFICATIONS_LIMIT: usize = 1_000;

/// The document.
pub(super) fn document(report: &Report<'_>, now: Timestamp) -> Value {
    let Found { results, left_out } = results(report, now, RESULTS_LIMIT);
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "countersign",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules::rules(),
            }},
            // Told apart from other tools' runs on the same commit. Whatever comes last is the category.
            "automationDetails": {"id": "countersign/gate/"},
            "invocations": [invocation(report, left_out)],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// How the run went. It was no success where something could not be asked: then what is listed may not be all.
fn invocation(report: &Report<'_>, left_out: usize) -> Value {
    let is_undecided = |row: &super::report::Row<'_>| row.decision.verdict() == Verdict::Undecided;
    let verdict = report.verdict();
    let mut notifications: Vec<Value> =
        unreachable(report).map(|text| notification("error", &text)).collect();
    if left_out > 0 {
        let text = format!("{left_out} results of lower level are left out: services take {RESULTS_LIMIT}");
        notifications.insert(0, notification("warning", &text));
    }
    json!({
        "executionSuccessful": !report.rows.iter().any(is_undecided),
        "exitCode": exit(verdict) as u8,
        "exitCodeDescription": word(verdict).0,
        "toolExecutionNotifications": notifications,
    })
}

/// What could not be asked, each once.
fn unreachable(report: &Report<'_>) -> impl Iterator<Item = String> {
    let remarks = report.rows.iter().flat_map(|row| row.evidence.unreachable());
    let texts: std::collections::BTreeSet<String> =
        remarks.map(|remark| format!("{}: {}", remark.place, remark.reason)).collect();
    texts.into_iter().take(NOTIFICATIONS_LIMIT)
}

fn notification(level: &str, text: &str) -> Value {
    json!({"level": level, "message": message(text)})
}

/// A message. Braces would be placeholders (SARIF 2.1.0, section 3.11.5), and `[text](target)` a link (3.11.6): what is
/// shown comes from outside, and is to be read and not followed.
fn message(text: &str) -> Value {
    let text = escape_untrusted(text).replace('{', "{{").replace('}', "}}");
    let text = match text.contains("](") {
        true => text.replace('[', r"\[").replace(']', r"\]"),
        false => text,
    };
    json!({ "text": text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_holds_no_placeholder_no_link_and_nothing_that_a_terminal_acts_on() {
        let shown = |text| message(text)["text"].as_str().unwrap_or_default().to_owned();
        assert_eq!(shown("a {0} b"), "a {{0}} b");
        assert_eq!(shown("see [this](https://evil.example)"), r"see \[this\](https://evil.example)");
        assert_eq!(shown("spec.containers[0]"), "spec.containers[0]");
        assert_eq!(shown("\u{1b}[31m"), r"\u{{1b}}[31m");
    }
}
