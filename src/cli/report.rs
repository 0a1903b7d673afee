//! Decisions on images, and how people read them.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::Serialize;

use super::error::Exit;
use super::output::{Output, Tone};
use crate::flow::gate::GateAnswer;
use crate::flow::verify::{Answer, Gathered};
use crate::model::verify::Remark;
use crate::model::{Claims, Digest, Fingerprint, VerifiedSignature, escape_untrusted};
use crate::policy::{Decision, Mode, Outcome, PolicyDecision, Reason, ReasonCode, SignerDecision, Verdict};

/// The exit code of a verdict.
pub(super) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Allowed => Exit::Done,
        Verdict::Denied => Exit::Denied,
        Verdict::Undecided => Exit::Undecided,
    }
}

/// The word of a verdict, and its colour.
pub(super) fn word(verdict: Verdict) -> (&'static str, Tone) {
    match verdict {
        Verdict::Allowed => ("allowed", Tone::Good),
        Verdict::Denied => ("denied", Tone::Bad),
        Verdict::Undecided => ("undecided", Tone::Unsure),
    }
}

/// One image, the decision on it, and what that rests on.
pub(super) struct Row<'a> {
    pub(super) reference: String,
    /// The image as it was asked about: a tag may have led to the reference.
    pub(super) asked: String,
    pub(super) digest: Option<Digest>,
    pub(super) decision: &'a Decision,
    pub(super) evidence: &'a Gathered,
    /// Where in which manifests it stands.
    pub(super) uses: Vec<Use>,
}

/// An image's place in a manifest; escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Use {
    /// The file, `-` for standard input.
    pub(super) file: String,
    /// Its path as it is; what is shown is escaped, and leads nowhere.
    #[serde(skip)]
    pub(super) on_disk: PathBuf,
    /// The line, from 1.
    pub(super) line: u64,
    /// Kind, namespace and name.
    pub(super) object: String,
    /// The field.
    pub(super) path: String,
    /// The columns in which the image stands, from 1, the last one excluded; none where it is written over several
    /// lines.
    #[serde(skip)]
    pub(super) columns: Option<(u64, u64)>,
}

impl<'a> From<&'a Answer> for Row<'a> {
    fn from(answer: &'a Answer) -> Self {
        let Answer { image, decision, evidence } = answer;
        let digest = Some(image.digest());
        let (reference, asked) = (image.to_string(), image.to_string());
        Self { reference, asked, digest, decision, evidence, uses: Vec::new() }
    }
}

impl<'a> From<&'a GateAnswer> for Row<'a> {
    fn from(answer: &'a GateAnswer) -> Self {
        let GateAnswer { asked, pinned, decision, evidence, .. } = answer;
        let asked = asked.image.to_string();
        let reference = pinned.as_ref().map_or_else(|| asked.clone(), ToString::to_string);
        let digest = pinned.as_ref().map(|pinned| pinned.digest());
        Self { reference, asked, digest, decision, evidence, uses: Vec::new() }
    }
}

/// How much is told of the signatures that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Their keys.
    Keys,
    /// Formats and claims too.
    Claims,
}

/// Decisions on several images.
pub(super) struct Report<'a> {
    pub(super) rows: Vec<Row<'a>>,
    /// What is to be known beside what the decisions say.
    pub(super) warnings: Vec<String>,
}

impl<'a> Report<'a> {
    /// The answer over all images: denied before undecided before allowed, and denied about none.
    pub(super) fn verdict(&self) -> Verdict {
        self.rows.iter().map(|row| row.decision.verdict()).max().unwrap_or(Verdict::Denied)
    }

    /// Warnings of the run, then those of the decisions, each with its image.
    pub(super) fn all_warnings(&self) -> Vec<String> {
        let of_row = |row: &Row| {
            let reference = row.reference.clone();
            row.decision.warnings().into_iter().map(move |warning| format!("{reference}: {warning}"))
        };
        self.warnings.iter().cloned().chain(self.rows.iter().flat_map(of_row)).collect()
    }

    pub(super) fn text(&self, detail: Detail, output: &Output) -> String {
        let mut text = String::new();
        for row in &self.rows {
            row.text(&mut text, detail, output);
        }
        text
    }
}

impl Row<'_> {
    // Writing to a String cannot fail, so the results of `write!` below are dropped.
    pub(super) fn text(&self, text: &mut String, detail: Detail, output: &Output) {
        let (word, tone) = word(self.decision.verdict());
        let reference = output.tone(Tone::Strong, &self.reference);
        let _ = writeln!(text, "{}  {reference}", output.tone(tone, word));
        for Use { file, line, object, .. } in &self.uses {
            let _ = writeln!(text, "  {}", output.tone(Tone::Faint, &format!("{object}, {file}:{line}")));
        }
        // The reason of a policy that decides it stands beside that policy.
        let policies = self.decision.policies();
        let own = |reason: &&Reason| policies.iter().all(|policy| policy.reason() != Some(*reason));
        if let Some(reason) = self.decision.reason().filter(own) {
            let _ = writeln!(text, "  {reason}");
        }
        for policy in policies {
            policy_text(text, policy, detail, output);
        }
        for (label, remarks) in
            [("invalid", self.evidence.invalid()), ("unreachable", self.evidence.unreachable())]
        {
            for Remark { place, reason, .. } in remarks {
                let _ = writeln!(text, "  {}  {place}: {reason}", output.tone(Tone::Unsure, label));
            }
        }
        for note in self.decision.notes() {
            let _ = writeln!(text, "  {}  {note}", output.tone(Tone::Faint, "audit"));
        }
    }
}

/// The signers of a policy; its name only where it was written down, with a mode and perhaps others beside it. Where any
/// one of them is enough and one is there, the others are of no interest.
fn policy_text(text: &mut String, policy: &PolicyDecision, detail: Detail, output: &Output) {
    if policy.name != super::verify::POLICY_NAME {
        let mode = if policy.mode == Mode::Enforce { String::new() } else { format!(" ({:?})", policy.mode) };
        let why = policy.reason().map(|reason| format!(": {reason}")).unwrap_or_default();
        let name = escape_untrusted(&policy.name);
        let _ = writeln!(text, "  {}", output.tone(Tone::Faint, &format!("policy {name}{mode}{why}")));
    }
    let enough = policy.any_is_enough() && policy.verdict() == Verdict::Allowed;
    let lacking = |signer: &&SignerDecision| matches!(signer.outcome, Outcome::Unsatisfied(_));
    let signers = policy.signers().iter().filter(|signer| !(enough && lacking(signer)));
    if policy.any_is_enough() && !enough && policy.signers().len() > 1 {
        let _ = writeln!(text, "  {}", output.tone(Tone::Faint, "any one of these is enough:"));
    }
    signers.for_each(|signer| signer_text(text, signer, detail, output));
}

fn signer_text(text: &mut String, signer: &SignerDecision, detail: Detail, output: &Output) {
    let name = escape_untrusted(&signer.name);
    match &signer.outcome {
        Outcome::Satisfied(satisfied) if detail == Detail::Keys => {
            let keys: BTreeSet<Fingerprint> = satisfied.by.iter().map(VerifiedSignature::key).collect();
            let keys: Vec<String> = keys.iter().map(Fingerprint::to_string).collect();
            let now = Timestamp::now();
            let until = satisfied.expires_at.map(|time| validity(time, now)).unwrap_or_default();
            let by = output.tone(Tone::Faint, &format!("by {}{until}", keys.join(" and ")));
            let _ = writeln!(text, "  {} {}  {by}", output.tone(Tone::Good, "✓"), name);
        }
        Outcome::Satisfied(satisfied) => {
            let _ = writeln!(text, "  {} {}", output.tone(Tone::Good, "✓"), name);
            for signature in &satisfied.by {
                let shown = format!("    {}, by {}", signature.format(), signature.key());
                let _ = writeln!(text, "{}", output.tone(Tone::Faint, &shown));
                claims_text(text, signature.claims());
            }
        }
        Outcome::Unsatisfied(reason) => {
            let mark = match reason.code {
                ReasonCode::Unreachable => output.tone(Tone::Unsure, "?"),
                _ => output.tone(Tone::Bad, "✗"),
            };
            let _ = writeln!(text, "  {mark} {name}: {reason}");
        }
    }
}

/// Until when signatures count, or that they were let pass although they no longer do.
fn validity(expires_at: Timestamp, now: Timestamp) -> String {
    let word = if expires_at < now { "expired" } else { "until" };
    format!(", {word} {expires_at}")
}

/// Claims below what states them.
pub(super) fn claims_text(text: &mut String, claims: &Claims) {
    for line in claim_lines(claims) {
        let _ = writeln!(text, "      {line}");
    }
}

/// Claims, one a line, with nothing in them that a terminal would act on.
pub(super) fn claim_lines(claims: &Claims) -> Vec<String> {
    let line = |(name, value)| format!("{} = {}", escape_untrusted(name), escape_untrusted(value));
    claims.iter().map(line).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_signature_that_was_let_pass_is_said_to_have_expired() {
        let [early, late] =
            ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"].map(|time| time.parse().unwrap());
        assert_eq!(validity(late, early), ", until 2026-01-02T00:00:00Z");
        assert_eq!(validity(early, late), ", expired 2026-01-01T00:00:00Z");
    }
}
