//! The statements that a validation leaves: each is a function of the image, of a report that passed, and of what the
//! second signature claims, so that the same validation states the same again.

use bytes::Bytes;
use serde_json::Value;

use super::grounds::{Ground, PassedReport, ReportTexts};
use crate::flow::FlowError;
use crate::model::attestation::{Attestation, Read};
use crate::model::predicate::summary;
use crate::model::predicate::vulnerability::{self, Scan};
use crate::model::{ATTESTATION_LIMIT, Digest, PinnedRef, VerifiedAttestation};
use crate::model::{bundle, statement};

/// Name of a subject that has no repository's, as in-toto has it where the name tells nothing.
const NO_NAME: &str = "_";
/// Members of an envelope or a bundle around a statement, with a signature of any algorithm, have fewer bytes.
const AROUND: u64 = 4 << 10;

/// A statement, ready to be signed.
pub(super) struct Statement {
    pub(super) predicate_type: &'static str,
    pub(super) report: Option<Digest>,
    pub(super) bytes: Vec<u8>,
    name: String,
    /// What a summary says, without its time.
    summary: Option<Value>,
}

/// All that is attached to an image: each of its reports, and the summary.
pub(super) fn statements(ground: &Ground, texts: &ReportTexts) -> Result<Vec<Statement>, FlowError> {
    let image = &ground.known.image;
    let mut statements = Vec::with_capacity(ground.reports.len() + 1);
    for report in &ground.reports {
        statements.push(vulnerability(image, report, texts.get(report)?)?);
    }
    let unstated = || FlowError::Input(format!("{image}: its signature claims no rules and no time"));
    let predicate = summary::to_json(image, &ground.claims).ok_or_else(unstated)?;
    statements.push(Statement::new(image, summary::TYPE, None, predicate)?);
    Ok(statements)
}

/// The statement that holds a report.
pub(super) fn vulnerability(
    image: &PinnedRef,
    report: &PassedReport,
    text: &Bytes,
) -> Result<Statement, FlowError> {
    let PassedReport { name, digest, scanner, time } = report;
    let (scanner, version) = (scanner.name, scanner.version.as_deref());
    let predicate = vulnerability::to_json(&Scan { scanner, version, report: text, time: *time })
        .map_err(|error| FlowError::Input(format!("{name}: {error}")))?;
    Statement::new(image, vulnerability::TYPE, Some(*digest), predicate)
}

impl Statement {
    fn new(
        image: &PinnedRef,
        predicate_type: &'static str,
        report: Option<Digest>,
        predicate: String,
    ) -> Result<Self, FlowError> {
        let name = Some(image.repository().docker_reference()).filter(|name| !name.is_empty());
        let name = name.unwrap_or_else(|| NO_NAME.to_owned());
        let bytes = statement::attestation(&name, &image.digest(), predicate_type, &predicate)
            .map_err(|error| FlowError::Input(format!("{image}: {error}")))?;
        let summary = (predicate_type == summary::TYPE).then(|| timeless(&predicate)).flatten();
        Ok(Self { predicate_type, report, bytes, name, summary })
    }

    /// Whether what holds it will be read again: by this program at least.
    ///
    /// # Errors
    /// Which limit it exceeds.
    pub(super) fn readable(&self) -> Result<(), String> {
        if self.encoded() + AROUND > ATTESTATION_LIMIT {
            let (own, most) = (self.bytes.len(), ATTESTATION_LIMIT >> 20);
            return Err(format!(
                "the attestation would state {own} bytes, and may have {most} MiB in base64"
            ));
        }
        match Attestation::read(&bundle::unsigned(&self.bytes)) {
            Read::Attestation(_) => Ok(()),
            Read::Other(reason) | Read::Invalid(reason) => Err(reason),
        }
    }

    /// Whether what holds it may have `size` bytes.
    pub(super) fn may_have(&self, size: u64) -> bool {
        let encoded = self.encoded();
        (encoded..=encoded + AROUND).contains(&size)
    }

    /// Its length in base64.
    fn encoded(&self) -> u64 {
        self.bytes.len().div_ceil(3) as u64 * 4
    }

    /// Whether `attestation` states this; a summary may have been made at another time.
    pub(super) fn is(&self, attestation: &VerifiedAttestation) -> bool {
        attestation.statement() == Digest::of(&self.bytes)
            || (self.summary.is_some()
                && attestation.predicate_type() == self.predicate_type
                && attestation.names() == [self.name.as_str()]
                && self.summary == timeless(attestation.predicate()))
    }
}

/// A summary without its time.
fn timeless(predicate: &str) -> Option<Value> {
    let mut stated: Value = serde_json::from_str(predicate).ok()?;
    stated.as_object_mut()?.remove("timeVerified");
    Some(stated)
}
