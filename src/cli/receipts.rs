//! What came of signing, as people and programs read it: for `sign` and for `validate`.

use std::fmt::Write as _;

use serde::Serialize;

use super::error::{ErrorJson, Exit, Failure};
use super::output::{Output, Tone};
use super::report::claims_text;
use super::results::SignedResults;
use crate::flow::sign::{Receipt, Signed};
use crate::model::Format;

/// What a signing command ends with.
pub(super) struct Finish {
    pub(super) dry_run: bool,
    pub(super) results: Option<SignedResults>,
}

/// What was signed, and why not all of it.
pub(super) struct Finished {
    pub(super) receipts: Vec<Receipt>,
    pub(super) failure: Option<Failure>,
}

/// The result in JSON (docs/json.md).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Results<'a> {
    results: &'a [Receipt],
    dry_run: bool,
    /// Why it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson<'a>>,
}

impl Finish {
    /// Writes the results that Tekton reads, if all was signed.
    pub(super) fn finished(self, signed: Signed) -> Finished {
        let Signed { receipts, stopped } = signed;
        let mut failure = stopped.map(Failure::from).or_else(|| incomplete(&receipts));
        if let (None, Some(last)) = (&failure, receipts.last()) {
            failure = self.results.and_then(|files| files.write(last).err());
        }
        Finished { receipts, failure }
    }

    /// Says what came of it. What was signed is said even if not all of it was.
    pub(super) fn signed(self, signed: Signed, output: &Output) -> Result<Exit, Failure> {
        let dry_run = self.dry_run;
        let Finished { receipts, failure } = self.finished(signed);
        if receipts.is_empty()
            && let Some(failure) = failure
        {
            return Err(failure);
        }
        let error = failure.as_ref().map(ErrorJson::from);
        let value = Results { results: &receipts, dry_run, error };
        output.result(&value, || receipts_text(&receipts, dry_run, output))?;
        Ok(failure.map_or(Exit::Done, |failure| output.beside(&failure)))
    }
}

/// A signature that is not stored in every format asked for.
fn incomplete(receipts: &[Receipt]) -> Option<Failure> {
    let receipt = receipts.iter().find(|receipt| !receipt.failed.is_empty())?;
    let (stored, failed) = (joined(receipt.formats.iter()), joined(receipt.failed.iter().map(|f| &f.format)));
    let failure =
        Failure::undecided(format!("{} is not signed in every format asked for", receipt.reference))
            .because(format!("stored: {stored}; not stored: {failed}"));
    let immutable = receipt.failed.iter().any(|failed| failed.format == Format::Legacy && failed.refused);
    Some(match immutable {
        true => failure.hint("if tags are immutable here, use --format bundle"),
        false => failure.hint("run it again: what is stored already is kept, and only the rest is written"),
    })
}

fn joined<'a>(formats: impl Iterator<Item = &'a Format>) -> String {
    formats.map(ToString::to_string).collect::<Vec<_>>().join(" and ")
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.
pub(super) fn receipts_text(receipts: &[Receipt], dry_run: bool, output: &Output) -> String {
    let mut text = String::new();
    for receipt in receipts {
        let (word, tone) = match (dry_run, receipt.written, receipt.failed.is_empty()) {
            (true, ..) if receipt.formats.is_empty() => ("already signed", Tone::Good),
            (true, ..) => ("would sign", Tone::Unsure),
            (false, _, false) => ("incomplete", Tone::Bad),
            (false, true, true) => ("signed", Tone::Good),
            (false, false, true) => ("already signed", Tone::Good),
        };
        let reference = output.tone(Tone::Strong, &receipt.reference);
        let _ = writeln!(text, "{}  {reference}", output.tone(tone, word));
        let stored = match receipt.formats.is_empty() {
            true => format!("  by {}", receipt.key),
            false => format!("  {}, by {}", joined(receipt.formats.iter()), receipt.key),
        };
        let _ = writeln!(text, "{}", output.tone(Tone::Faint, &stored));
        claims_text(&mut text, &receipt.claims);
        for failed in &receipt.failed {
            let _ = writeln!(text, "  {} {}: {}", output.tone(Tone::Bad, "✗"), failed.format, failed.reason);
        }
    }
    text
}
