//! A gate's report as JUnit XML, which CI systems show as tests: an image that is denied is a failure, one that is
//! undecided an error. The form is the one that Jenkins and GitLab read; there is no standard.

use std::io;

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::report::{Report, Row, Use};
use crate::model::escape_untrusted;
use crate::policy::{Outcome, PolicyDecision, Reason, Verdict};

/// The document.
///
/// # Errors
/// The writer's; none is known that writing into memory has.
pub(super) fn document(report: &Report<'_>, now: Timestamp) -> io::Result<String> {
    let count =
        |verdict| report.rows.iter().filter(|row| row.decision.verdict() == verdict).count().to_string();
    let (tests, failures, errors) =
        (report.rows.len().to_string(), count(Verdict::Denied), count(Verdict::Undecided));
    let counts = [("tests", tests.as_str()), ("failures", failures.as_str()), ("errors", errors.as_str())];
    let time = now.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let suites = writer.create_element("testsuites").with_attributes(counts);
    suites.write_inner_content(|writer| {
        let suite = writer.create_element("testsuite").with_attributes(counts);
        let suite = suite.with_attributes([("name", "countersign gate"), ("timestamp", time.as_str())]);
        suite.write_inner_content(|writer| report.rows.iter().try_for_each(|row| case(writer, row)))?;
        Ok(())
    })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    String::from_utf8(bytes).map_err(io::Error::other)
}

fn case(writer: &mut Writer<Vec<u8>>, row: &Row<'_>) -> io::Result<()> {
    let place = row.uses.first().map_or_else(|| "images".to_owned(), |place| place.object.clone());
    let (place, reference) = (escape_untrusted(&place), escape_untrusted(&row.reference));
    let attributes = [("classname", place.as_str()), ("name", reference.as_str())];
    let case = writer.create_element("testcase").with_attributes(attributes);
    let kind = match row.decision.verdict() {
        Verdict::Allowed => None,
        Verdict::Denied => Some("failure"),
        Verdict::Undecided => Some("error"),
    };
    let remarks = remarks(row);
    if kind.is_none() && remarks.is_empty() {
        return case.write_empty().map(|_| ());
    }
    case.write_inner_content(|writer| {
        if let Some(kind) = kind {
            blame(writer, row, kind)?;
        }
        if !remarks.is_empty() {
            let element = writer.create_element("system-out");
            element.write_text_content(BytesText::new(&remarks.join("\n")))?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Why the image may not run, and where it stands.
fn blame(writer: &mut Writer<Vec<u8>>, row: &Row<'_>, kind: &str) -> io::Result<()> {
    let reasons = reasons(row);
    let message = reasons.join("; ");
    let place = |place: &Use| escape_untrusted(&format!("{}:{} {}", place.file, place.line, place.path));
    let text = reasons.into_iter().chain(row.uses.iter().map(place)).collect::<Vec<_>>().join("\n");
    let element = writer.create_element(kind).with_attribute(("message", message.as_str()));
    element.write_text_content(BytesText::new(&text))?;
    Ok(())
}

/// What is to be known of an image whatever was decided: warnings, and what audits found.
fn remarks(row: &Row<'_>) -> Vec<String> {
    let warnings = row.decision.warnings().into_iter().map(|warning| format!("warning: {warning}"));
    let notes = row.decision.notes().into_iter().map(|note| format!("audit: {note}"));
    warnings.chain(notes).map(|line| escape_untrusted(&line)).collect()
}

/// Why the image is not allowed, a line for each signer that is to blame.
fn reasons(row: &Row<'_>) -> Vec<String> {
    let own = row.decision.reason().map(Reason::to_string);
    let blocking = row.decision.policies().iter().filter(|policy| policy.effect() != Verdict::Allowed);
    own.into_iter().chain(blocking.flat_map(of_policy)).map(|line| escape_untrusted(&line)).collect()
}

fn of_policy(policy: &PolicyDecision) -> Vec<String> {
    let signers = policy.signers().iter().filter_map(|signer| match &signer.outcome {
        Outcome::Unsatisfied(reason) => Some(format!("policy {}: {}: {reason}", policy.name, signer.name)),
        Outcome::Satisfied(_) => None,
    });
    signers.collect()
}
