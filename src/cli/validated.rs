//! What came of `validate`, as people and programs read it, and why nothing was signed.

use serde::Serialize;

use super::error::{ErrorJson, Failure};
use super::output::Output;
use super::receipts::{Finished, attestations_text, receipts_text};
use super::report::{Detail, Row};
use super::report_json::ImageJson;
use super::scan_table::{ScanJson, scans_text};
use crate::flow::sign::Receipt;
use crate::flow::validate::{AttestationReceipt, Examination, ValidateError};
use crate::policy::Verdict;
use crate::sandbox::SandboxError;
use crate::scan::VexError;
use crate::scan::rego::InputError;

/// The result in JSON (docs/json.md).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ValidateJson<'a> {
    decision: Verdict,
    build: Vec<ImageJson<'a>>,
    scans: Vec<ScanJson>,
    results: &'a [Receipt],
    /// What was attached, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    attestations: Option<&'a [AttestationReceipt]>,
    dry_run: bool,
    /// Why it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson<'a>>,
}

/// What was asked for beside the second signature.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    pub(super) attest: bool,
    pub(super) dry_run: bool,
}

/// Prints what was found out, and what was signed.
pub(super) fn print(
    examination: &Examination,
    finished: &Finished,
    asked: Asked,
    output: &Output,
) -> Result<(), Failure> {
    let Asked { attest, dry_run } = asked;
    let Finished { receipts, attestations, failure } = finished;
    let rows: Vec<Row> = examination.builds.iter().map(Row::from).collect();
    let value = ValidateJson {
        decision: examination.verdict(),
        build: rows.iter().map(Row::json).collect(),
        scans: examination.judged.iter().map(ScanJson::from).collect(),
        results: receipts,
        attestations: attest.then_some(attestations.as_slice()),
        dry_run,
        error: failure.as_ref().map(ErrorJson::from),
    };
    output.result(&value, || {
        let mut text = scans_text(&examination.judged, output);
        let missing = rows.iter().filter(|row| row.decision.verdict() != Verdict::Allowed);
        missing.for_each(|row| row.text(&mut text, Detail::Keys, output));
        text + &receipts_text(receipts, dry_run, output) + &attestations_text(attestations, dry_run, output)
    })
}

/// Why nothing is signed.
pub(super) fn refusal(examination: &Examination) -> Failure {
    let unsigned = examination.builds.iter().find(|build| build.decision.verdict() != Verdict::Allowed);
    let failed = examination.judged.iter().find(|judged| judged.passed().is_none());
    match (unsigned, failed) {
        (Some(build), _) if build.decision.verdict() == Verdict::Denied => {
            Failure::denied(format!("not signed: {} has no build signature that counts", build.image))
                .hint("the build signs with `countersign sign`, right after the push; see the reason above")
        }
        (_, Some(judged)) => {
            Failure::denied(format!("not signed: {} does not pass the rules", judged.name)).hint(
                "mend what was found and build again, or let the owners of the rules ignore it with a reason and \
                 a last day",
            )
        }
        (Some(build), None) => {
            Failure::undecided(format!("not signed: the build signature of {} is not known", build.image))
                .hint("something could not be asked; the reason stands above, and the same command may be run again")
        }
        (None, None) => Failure::undecided("not signed: nothing was approved"),
    }
}

/// Bad input, with what to try.
impl From<ValidateError> for Failure {
    fn from(error: ValidateError) -> Self {
        let message = error.to_string();
        match error {
            ValidateError::Flow(error) => Self::from(error),
            ValidateError::AnotherImage { .. } | ValidateError::NoChild { .. } => Self::usage(message)
                .hint("scan the image by its digest, after the push, and hand over that report"),
            ValidateError::Unscanned { .. } => Self::usage(message).hint(
                "give a report for every platform of the index (--scan takes several), or name one with --platform",
            ),
            ValidateError::OneKey(_) => Self::usage(message)
                .hint("make a second key pair with `countersign keys generate`, which the build cannot use"),
            ValidateError::NoInput { cause: InputError::Suppressed(_), .. } => Self::usage(message)
                .hint("let the rules read `# countersign:input cyclonedx`, where they are among the findings; or scan without suppressing"),
            ValidateError::VexKey { .. } => Self::usage(message)
                .hint("let others sign such statements, with a key pair of their own, and name that key in the rules"),
            ValidateError::NoInput { .. } => Self::usage(message)
                .hint("give the report that the rules' `# countersign:input` names, or let them read cyclonedx"),
            ValidateError::Rego { cause: SandboxError::Failed(_), .. } => Self::undecided(message)
                .hint("the program starts itself for that: it must be allowed to run, and to set limits"),
            ValidateError::Rego { .. } => Self::usage(message).hint("docs/rego.md says what rules in Rego may do"),
            ValidateError::Unjudged { .. } => Self::usage(message).hint("docs/scan-rules.md says what each rule needs"),
            ValidateError::Unattachable { .. } => Self::usage(message)
                .hint("nothing was signed; leave --attest out, or let the scanner write less into its report"),
            ValidateError::Vex { cause: VexError::Unnamed(digest), .. } => Self::usage(message).hint(format!(
                "let the owners of the rules add {digest} to `spec.vex.documents`, or sign it for this image and add \
                 the key to `spec.vex.keys`; docs/scan-rules.md says how",
            )),
            ValidateError::Vex { .. } | ValidateError::VexForRego => {
                Self::usage(message).hint("docs/scan-rules.md says which OpenVEX documents count")
            }
            ValidateError::UnusedVex { .. } => Self::usage(message).hint(
                "its products must name the image by digest, as `pkg:oci/NAME@sha256:…`; or leave the document out",
            ),
            ValidateError::NothingRuns(_)
            | ValidateError::Platform { .. }
            | ValidateError::NoConfiguration { .. }
            | ValidateError::SeveralChildren { .. } => Self::usage(message),
        }
    }
}
