//! Decisions as people and programs read them (the JSON form is stable: docs/json.md).

use std::fmt::Write as _;

use serde::Serialize;

use super::error::Exit;
use super::output::{Output, Tone};
use crate::flow::verify::Answer;
use crate::model::verify::Remark;
use crate::model::{Claims, Digest, Fingerprint, Format, VerifiedSignature, escape_untrusted};
use crate::policy::{Mode, Outcome, PolicyDecision, ReasonCode, SignerDecision, Verdict};

/// The exit code of a verdict.
pub(super) fn exit(verdict: Verdict) -> Exit {
    match verdict {
        Verdict::Allowed => Exit::Done,
        Verdict::Denied => Exit::Denied,
        Verdict::Undecided => Exit::Undecided,
    }
}

/// Answers for several images.
pub(super) struct Report<'a> {
    answers: &'a [Answer],
    warnings: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct ReportJson<'a> {
    decision: Verdict,
    images: Vec<ImageJson<'a>>,
    warnings: &'a [String],
}

#[derive(Serialize)]
struct ImageJson<'a> {
    reference: String,
    digest: Digest,
    decision: Verdict,
    complete: bool,
    policies: Vec<PolicyJson<'a>>,
    invalid: &'a [Remark],
    unreachable: &'a [Remark],
}

#[derive(Serialize)]
struct PolicyJson<'a> {
    name: &'a str,
    mode: Mode,
    decision: Verdict,
    signers: Vec<SignerJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignerJson<'a> {
    name: &'a str,
    satisfied: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    by: Vec<SignatureJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<ReasonCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
struct SignatureJson<'a> {
    key: Fingerprint,
    format: Format,
    claims: &'a Claims,
}

impl<'a> Report<'a> {
    pub(super) fn new(answers: &'a [Answer], warnings: Vec<String>) -> Self {
        Self { answers, warnings }
    }

    pub(super) fn json(&self) -> ReportJson<'_> {
        let decision = self.answers.iter().map(Answer::verdict).max().unwrap_or(Verdict::Denied);
        let images = self.answers.iter().map(image_json).collect();
        ReportJson { decision, images, warnings: &self.warnings }
    }

    pub(super) fn text(&self, output: &Output) -> String {
        let mut text = String::new();
        for answer in self.answers {
            image_text(&mut text, answer, output);
        }
        text
    }
}

fn image_json(answer: &Answer) -> ImageJson<'_> {
    ImageJson {
        reference: answer.image.to_string(),
        digest: answer.image.digest(),
        decision: answer.verdict(),
        complete: answer.evidence.complete,
        policies: answer.policies.iter().map(policy_json).collect(),
        invalid: &answer.evidence.invalid,
        unreachable: &answer.evidence.unreachable,
    }
}

fn policy_json(policy: &PolicyDecision) -> PolicyJson<'_> {
    PolicyJson {
        name: &policy.name,
        mode: policy.mode,
        decision: policy.verdict(),
        signers: policy.signers().iter().map(signer_json).collect(),
    }
}

fn signer_json(signer: &SignerDecision) -> SignerJson<'_> {
    let (by, reason_code, reason) = match &signer.outcome {
        Outcome::Satisfied(satisfied) => (satisfied.by.iter().map(signature_json).collect(), None, None),
        Outcome::Unsatisfied(reason) => (Vec::new(), Some(reason.code), Some(reason.text.as_str())),
    };
    SignerJson { name: &signer.name, satisfied: reason_code.is_none(), by, reason_code, reason }
}

fn signature_json(signature: &VerifiedSignature) -> SignatureJson<'_> {
    SignatureJson { key: signature.key(), format: signature.format(), claims: signature.claims() }
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.
fn image_text(text: &mut String, answer: &Answer, output: &Output) {
    let (word, tone) = match answer.verdict() {
        Verdict::Allowed => ("allowed", Tone::Good),
        Verdict::Denied => ("denied", Tone::Bad),
        Verdict::Undecided => ("undecided", Tone::Unsure),
    };
    let _ = writeln!(
        text,
        "{}  {}",
        output.tone(tone, word),
        output.tone(Tone::Strong, &answer.image.to_string())
    );
    for signer in answer.policies.iter().flat_map(PolicyDecision::signers) {
        signer_text(text, signer, output);
    }
    for (label, remarks) in
        [("invalid", &answer.evidence.invalid), ("unreachable", &answer.evidence.unreachable)]
    {
        for Remark { place, reason, .. } in remarks {
            let _ = writeln!(text, "  {}  {place}: {reason}", output.tone(Tone::Unsure, label));
        }
    }
}

fn signer_text(text: &mut String, signer: &SignerDecision, output: &Output) {
    match &signer.outcome {
        Outcome::Satisfied(satisfied) => {
            let _ = writeln!(text, "  {} {}", output.tone(Tone::Good, "✓"), signer.name);
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
            let _ = writeln!(text, "  {mark} {}: {reason}", signer.name);
        }
    }
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
