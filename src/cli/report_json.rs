//! Decisions as programs read them. The form is stable: docs/json.md.

use serde::Serialize;

use super::report::{Report, Row, Use};
use crate::model::verify::Remark;
use crate::model::{Claims, Digest, Fingerprint, Format, VerifiedSignature};
use crate::policy::{
    Mode, Outcome, PolicyDecision, Reason, ReasonCode, Satisfaction, SignerDecision, Verdict,
};

#[derive(Serialize)]
pub(super) struct ReportJson<'a> {
    decision: Verdict,
    images: Vec<ImageJson<'a>>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImageJson<'a> {
    reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
    decision: Verdict,
    #[serde(flatten)]
    reason: ReasonJson<'a>,
    complete: bool,
    policies: Vec<PolicyJson<'a>>,
    invalid: Vec<&'a Remark>,
    unreachable: Vec<&'a Remark>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
    #[serde(skip_serializing_if = "<[Use]>::is_empty")]
    uses: &'a [Use],
}

/// A reason, where there is one.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReasonJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<ReasonCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyJson<'a> {
    name: &'a str,
    mode: Mode,
    decision: Verdict,
    #[serde(flatten)]
    reason: ReasonJson<'a>,
    /// Whether any one of the signers is enough.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    any_is_enough: bool,
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
    expires_at: Option<String>,
    #[serde(flatten)]
    reason: ReasonJson<'a>,
}

#[derive(Serialize)]
struct SignatureJson<'a> {
    key: Fingerprint,
    format: Format,
    claims: &'a Claims,
}

impl<'a> From<Option<&'a Reason>> for ReasonJson<'a> {
    fn from(reason: Option<&'a Reason>) -> Self {
        Self {
            reason_code: reason.map(|reason| reason.code),
            reason: reason.map(|reason| reason.text.as_str()),
        }
    }
}

impl Report<'_> {
    pub(super) fn json(&self) -> ReportJson<'_> {
        let images = self.rows.iter().map(Row::json).collect();
        ReportJson { decision: self.verdict(), images, warnings: self.all_warnings() }
    }
}

impl Row<'_> {
    pub(super) fn json(&self) -> ImageJson<'_> {
        ImageJson {
            reference: &self.reference,
            digest: self.digest,
            decision: self.decision.verdict(),
            reason: self.decision.reason().into(),
            complete: self.evidence.is_complete(),
            policies: self.decision.policies().iter().map(policy_json).collect(),
            invalid: self.evidence.invalid(),
            unreachable: self.evidence.unreachable(),
            notes: self.decision.notes(),
            uses: &self.uses,
        }
    }
}

fn policy_json(policy: &PolicyDecision) -> PolicyJson<'_> {
    PolicyJson {
        name: &policy.name,
        mode: policy.mode,
        decision: policy.verdict(),
        reason: policy.reason().into(),
        any_is_enough: policy.any_is_enough(),
        signers: policy.signers().iter().map(signer_json).collect(),
    }
}

fn signer_json(signer: &SignerDecision) -> SignerJson<'_> {
    let name = signer.name.as_str();
    match &signer.outcome {
        Outcome::Satisfied(Satisfaction { by, expires_at, .. }) => {
            let by = by.iter().map(signature_json).collect();
            let expires_at = expires_at.map(|time| time.to_string());
            SignerJson { name, satisfied: true, by, expires_at, reason: None.into() }
        }
        Outcome::Unsatisfied(reason) => {
            let reason = Some(reason).into();
            SignerJson { name, satisfied: false, by: Vec::new(), expires_at: None, reason }
        }
    }
}

fn signature_json(signature: &VerifiedSignature) -> SignatureJson<'_> {
    SignatureJson { key: signature.key(), format: signature.format(), claims: signature.claims() }
}
