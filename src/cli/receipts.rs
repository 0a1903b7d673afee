//! What came of signing, as people and programs read it: for `sign` and for `validate`.

use std::fmt::Write as _;

use serde::Serialize;

use super::error::{ErrorJson, Exit, Failure};
use super::output::{Output, Tone};
use super::report::claims_text;
use super::results::SignedResults;
use crate::flow::sign::{FailedFormat, Receipt, Signed};
use crate::flow::validate::{AttestationReceipt, Attested};
use crate::model::Format;

/// What a signing command ends with.
pub(super) struct Finish {
    pub(super) dry_run: bool,
    pub(super) results: Option<SignedResults>,
}

/// What was signed and attached, and why not all of it.
#[derive(Default)]
pub(super) struct Finished {
    pub(super) receipts: Vec<Receipt>,
    pub(super) attestations: Vec<AttestationReceipt>,
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
        self.attested(signed, Attested::default())
    }

    /// As [`Self::finished`], where what was signed was attested too.
    pub(super) fn attested(self, signed: Signed, attested: Attested) -> Finished {
        let Signed { receipts, stopped } = signed;
        let Attested { receipts: attestations, stopped: unattested } = attested;
        let mut failure = stopped.or(unattested).map(Failure::from);
        failure = failure.or_else(|| incomplete(&receipts)).or_else(|| unattached(&attestations));
        if let (None, Some(last)) = (&failure, receipts.last()) {
            failure = self.results.and_then(|files| files.write(last).err());
        }
        Finished { receipts, attestations, failure }
    }

    /// Says what came of it. What was signed is said even if not all of it was.
    pub(super) fn signed(self, signed: Signed, output: &Output) -> Result<Exit, Failure> {
        let dry_run = self.dry_run;
        let Finished { receipts, failure, .. } = self.finished(signed);
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
    Some(failure.hint(what_to_try(&receipt.failed)))
}

/// An attestation that is not stored in every format asked for.
fn unattached(receipts: &[AttestationReceipt]) -> Option<Failure> {
    let receipt = receipts.iter().find(|receipt| !receipt.failed.is_empty())?;
    let failed = joined(receipt.failed.iter().map(|f| &f.format));
    let failure = Failure::undecided(format!(
        "{} is signed, and not attested in every format asked for",
        receipt.reference
    ));
    let failure = failure.because(format!("{}: not stored: {failed}", receipt.predicate_type));
    Some(failure.hint(what_to_try(&receipt.failed)))
}

fn what_to_try(failed: &[FailedFormat]) -> &'static str {
    match failed.iter().any(|failed| failed.format == Format::Legacy && failed.refused) {
        true => "if tags are immutable here, use --format bundle",
        false => "run it again: what is stored already is kept, and only the rest is written",
    }
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

/// What was attached to the images.
pub(super) fn attestations_text(receipts: &[AttestationReceipt], dry_run: bool, output: &Output) -> String {
    let mut text = String::new();
    for receipt in receipts {
        let (word, tone) = match (dry_run, receipt.written, receipt.failed.is_empty()) {
            (true, ..) if receipt.formats.is_empty() => ("already attached", Tone::Good),
            (true, ..) => ("would attach", Tone::Unsure),
            (false, _, false) => ("incomplete", Tone::Bad),
            (false, true, true) => ("attached", Tone::Good),
            (false, false, true) => ("already attached", Tone::Good),
        };
        let _ = writeln!(text, "{}  {}", output.tone(tone, word), receipt.predicate_type);
        let mut facts: Vec<String> = vec![format!("to {}", receipt.digest)];
        facts.extend(receipt.report.map(|report| format!("with the report {report}")));
        facts.extend(Some(joined(receipt.formats.iter())).filter(|formats| !formats.is_empty()));
        let _ = writeln!(text, "{}", output.tone(Tone::Faint, &format!("  {}", facts.join(", "))));
        for failed in &receipt.failed {
            let _ = writeln!(text, "  {} {}: {}", output.tone(Tone::Bad, "✗"), failed.format, failed.reason);
        }
    }
    text
}
