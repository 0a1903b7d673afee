//! Reports and the images that they speak of: each report speaks of exactly one, and every image has one.

use jiff::Timestamp;

use super::subjects::Runnable;
use super::{ReportFile, ValidateError};
use crate::model::PinnedRef;
use crate::model::manifest::Platform;
use crate::policy::Verdict;
use crate::scan::{self, Bound, Judgement, Passed, Rules, judge};

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

    pub(super) fn verdict(&self) -> Verdict {
        if self.passed().is_some() { Verdict::Allowed } else { Verdict::Denied }
    }
}

/// A report and the image that it speaks of.
pub(super) struct BoundReport<'a> {
    name: &'a str,
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
            Err(ValidateError::Unscanned { image: known.image.clone(), platform: platform.clone() })
        }
        None => Ok(bound),
    }
}

fn bind<'a>(
    file: &'a ReportFile,
    runnable: &'a [Runnable],
    image: &PinnedRef,
) -> Result<BoundReport<'a>, ValidateError> {
    let name = file.name.clone();
    let mut fitting = Vec::new();
    for one in runnable {
        match (file.report.binds_to(&one.subject), runnable) {
            (Ok(bound), _) => fitting.push(BoundReport { name: &file.name, bound, runnable: one }),
            (Err(cause), [_]) => return Err(ValidateError::AnotherImage { name, cause }),
            (Err(_), _) => {}
        }
    }
    match (fitting.pop(), &fitting[..]) {
        (Some(bound), []) => Ok(bound),
        (Some(last), others) => {
            let named = |bound: &BoundReport| {
                format!("{} ({})", bound.runnable.known.image.digest(), bound.runnable.platform)
            };
            let images = others.iter().chain([&last]).map(named).collect();
            Err(ValidateError::SeveralChildren { name, images })
        }
        (None, _) => Err(ValidateError::NoChild { name, image: image.clone(), runnable: runnable.len() }),
    }
}

/// Judges every report.
///
/// # Errors
/// A report that does not say what the rules ask about.
pub(super) fn judge_all(
    bound: Vec<BoundReport<'_>>,
    rules: &Rules,
    now: Timestamp,
) -> Result<Vec<JudgedReport>, ValidateError> {
    let judged = bound.into_iter().map(|BoundReport { name, bound, runnable }| {
        let judgement = judge(&bound, rules, now)
            .map_err(|cause| ValidateError::Unjudged { name: name.to_owned(), cause })?;
        let (image, platform) = (runnable.known.image.clone(), runnable.platform.clone());
        Ok(JudgedReport { name: name.to_owned(), image, platform, judgement })
    });
    judged.collect()
}
