//! Reports and the images that they speak of: each report speaks of exactly one, and every image has one.

use super::grounds::PassedReport;
use super::subjects::Runnable;
use super::{Inquiry, ReportFile, RuleBook, ValidateError, vex};
use crate::model::PinnedRef;
use crate::model::manifest::Platform;
use crate::policy::Verdict;
use crate::scan::openvex::statements::Statements;
use crate::scan::{
    self, AmongError, Bound, Judgement, Passed, Subject, TrustedDocument, judge_rego, judge_with,
};

/// A report, the platform manifest that it speaks of, and what the rules say.
pub struct JudgedReport {
    /// The report's file.
    pub name: String,
    /// The platform manifest.
    pub image: PinnedRef,
    /// Its platform.
    pub platform: Platform,
    /// What the rules say.
    pub judgement: Judgement,
}

impl JudgedReport {
    /// The proof that it passes, if it does.
    pub fn passed(&self) -> Option<&Passed> {
        match &self.judgement.verdict {
            scan::Verdict::Passed(passed) => Some(passed),
            scan::Verdict::Failed => None,
        }
    }

    /// What is attached where it passes.
    pub(super) fn passed_report(&self) -> Option<PassedReport> {
        let passed = self.passed()?;
        Some(PassedReport {
            name: self.name.clone(),
            digest: passed.report(),
            scanner: passed.scanner().clone(),
            time: passed.scanned_at(),
        })
    }

    pub(super) fn verdict(&self) -> Verdict {
        if self.passed().is_some() { Verdict::Allowed } else { Verdict::Denied }
    }
}

/// A report and the image that it speaks of.
pub(super) struct BoundReport<'a> {
    file: &'a ReportFile,
    bound: Bound<'a>,
    runnable: &'a Runnable,
}

/// Binds every report to the one image that it speaks of.
///
/// # Errors
/// A report that speaks of none or of several, and an image without a report.
pub(super) fn bind_all<'a>(
    reports: &'a [ReportFile],
    runnable: &'a [Runnable],
    image: &PinnedRef,
) -> Result<Vec<BoundReport<'a>>, ValidateError> {
    let bound: Vec<BoundReport<'a>> =
        reports.iter().map(|file| bind(file, runnable, image)).collect::<Result<_, _>>()?;
    let unscanned = runnable.iter().find(|one| {
        let digest = one.subject.manifest;
        !bound.iter().any(|bound| bound.runnable.subject.manifest == digest)
    });
    match unscanned {
        Some(Runnable { known, platform, .. }) => {
            Err(ValidateError::Unscanned { image: known.image.to_string(), platform: platform.to_string() })
        }
        None => Ok(bound),
    }
}

fn bind<'a>(
    file: &'a ReportFile,
    runnable: &'a [Runnable],
    image: &PinnedRef,
) -> Result<BoundReport<'a>, ValidateError> {
    let name = || file.name.clone();
    let found = |(at, bound)| runnable.get::<usize>(at).map(|runnable| BoundReport { file, bound, runnable });
    let nothing =
        || ValidateError::NoChild { name: name(), image: image.to_string(), runnable: runnable.len() };
    if let [one] = runnable {
        // One image alone: what tells it from the report's is worth showing.
        let bound = file.report.binds_to(&one.subject);
        let bound = bound.map_err(|cause| ValidateError::AnotherImage { name: name(), cause })?;
        return found((0, bound)).ok_or_else(nothing);
    }
    let subjects: Vec<Subject> = runnable.iter().map(|one| one.subject).collect();
    match file.report.binds_among(&subjects) {
        Ok(one) => found(one).ok_or_else(nothing),
        Err(AmongError::None) => Err(nothing()),
        Err(AmongError::Binding(cause)) => Err(ValidateError::AnotherImage { name: name(), cause }),
        Err(AmongError::Several(places)) => {
            let children = places.into_iter().filter_map(|at| runnable.get(at));
            let images =
                children.map(|one| format!("{} ({})", one.known.image.digest(), one.platform)).collect();
            Err(ValidateError::SeveralChildren { name: name(), images })
        }
    }
}

/// Judges every report, one after the other: rules in Rego may take memory.
///
/// # Errors
/// A report that does not say what the rules ask about; rules that give no answer.
pub(super) async fn judge_all(
    bound: Vec<BoundReport<'_>>,
    inquiry: &Inquiry<'_>,
    documents: &[TrustedDocument],
) -> Result<Vec<JudgedReport>, ValidateError> {
    let mut judged = Vec::new();
    for BoundReport { file, bound, runnable } in bound {
        let judgement = judgement(file, &bound, inquiry, documents).await?;
        let (image, platform) = (runnable.known.image.clone(), runnable.platform.clone());
        judged.push(JudgedReport { name: file.name.clone(), image, platform, judgement });
    }
    Ok(judged)
}

async fn judgement(
    file: &ReportFile,
    bound: &Bound<'_>,
    inquiry: &Inquiry<'_>,
    documents: &[TrustedDocument],
) -> Result<Judgement, ValidateError> {
    let name = || file.name.clone();
    let judged = match inquiry.rules {
        RuleBook::Written(rules) => {
            let statements = Statements::new(documents, vex::image(inquiry.image, bound.manifest()));
            judge_with(bound, rules, Some(&statements), inquiry.now)
        }
        RuleBook::Rego { rules, sandbox } => {
            let input = rules.input_of(bound.report(), inquiry.texts.of(bound.report().digest));
            let input = input.map_err(|cause| ValidateError::NoInput { name: name(), cause })?;
            let answer = sandbox.evaluate(rules, &input).await;
            let answer = answer.map_err(|cause| ValidateError::Rego { name: name(), cause })?;
            judge_rego(bound, rules, answer, inquiry.now)
        }
    };
    judged.map_err(|cause| ValidateError::Unjudged { name: name(), cause })
}
