//! The only place where a report passes or fails. Findings are judged one by one, whatever the scanner thought of
//! them; what a report does not say and the rules ask for is an error, not an answer.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::finding::Finding;
use super::identity::Bound;
use super::ignore::Ignore;
pub use super::ignore::Ignored;
use super::openvex::statements::Statements;
use super::rego::{Answer, RegoRules};
use super::report::{LeftOut, Scanner};
use super::rules::Rules;
use crate::model::Digest;
use crate::model::time::lies_ahead;

/// What became of a report under rules, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// Whether it passes.
    pub verdict: Verdict,
    /// The findings that deny, the worst first.
    pub denied: Vec<Denied>,
    /// The findings that the rules ignore, the worst first.
    pub ignored: Vec<Ignored>,
    /// How many findings no rule speaks of.
    pub others: usize,
    /// The report is older than the rules allow.
    pub too_old: Option<TooOld>,
    /// The rules deny an operating system past its end of life, and this is one.
    pub end_of_life: bool,
    /// Nothing was scanned, and the rules allow that for this reason.
    pub nothing_scanned: Option<String>,
    /// What rules in Rego said, where it was they that judged.
    pub answer: Option<Answer>,
}

/// Whether a report passes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It does, and here is the proof.
    Passed(Passed),
    /// It does not.
    Failed,
}

/// Proof that a report about one image passed rules. Only [`judge`] and [`judge_rego`] make one, so that nothing can be
/// countersigned without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passed {
    manifest: Digest,
    report: Digest,
    rules: Digest,
    scanner: Scanner,
    scanned_at: Option<Timestamp>,
    vex: BTreeSet<Digest>,
}

/// A finding that denies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Denied {
    /// The finding.
    pub finding: Finding,
    /// The rule that it breaks, such as `severity CRITICAL`.
    pub rule: String,
    /// The last day of an ignore that no longer applies.
    pub ignore_expired: Option<Date>,
}

/// A report that is older than rules allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooOld {
    /// When it was written, by its own word.
    pub created: Timestamp,
    /// The greatest age.
    pub limit: Duration,
}

/// Why rules cannot be applied to a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// `maxReportAge` is set, and the report has no valid time.
    #[error("the rules set `maxReportAge`, and the report has no valid time of its own")]
    NoTime,
    /// `maxReportAge` is set, and the report is from the future.
    #[error("the rules set `maxReportAge`, and the report's own time, {0}, lies in the future")]
    Future(Timestamp),
    /// `endOfLife` is set, and the report says nothing about it.
    #[error(
        "the rules set `endOfLife`, and the report does not say whether the operating system is past its end of life"
    )]
    EndOfLifeUnknown,
    /// Nothing was looked at.
    #[error(
        "nothing was scanned: the report has no target with packages; `allowNothingScanned` in the rules would let that pass"
    )]
    NothingScanned,
    /// Grype left out what has no fix.
    #[error("Grype ran with `only-fixed`, and the rules count findings without a fix")]
    OnlyFixed,
    /// Grype left out what has a fix.
    #[error("Grype ran with `only-notfixed`, and the rules count findings with a fix")]
    OnlyNotFixed,
}

impl Judgement {
    /// Whether the report passes.
    pub fn passed(&self) -> bool {
        matches!(self.verdict, Verdict::Passed(_))
    }
}

impl Passed {
    /// Digest of the platform manifest that the report is about.
    pub fn manifest(&self) -> Digest {
        self.manifest
    }

    /// SHA-256 of the report's bytes.
    pub fn report(&self) -> Digest {
        self.report
    }

    /// SHA-256 of the rules file's bytes.
    pub fn rules(&self) -> Digest {
        self.rules
    }

    /// Who scanned.
    pub fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// When, by the report's own word; a time of the future is none.
    pub fn scanned_at(&self) -> Option<Timestamp> {
        self.scanned_at
    }

    /// SHA-256 of each OpenVEX document that a finding was ignored by.
    pub fn vex(&self) -> &BTreeSet<Digest> {
        &self.vex
    }
}

/// Judges a report about an image under `rules` at the time `now`.
///
/// # Errors
/// [`JudgeError`] if the report does not say what the rules ask for.
pub fn judge(bound: &Bound<'_>, rules: &Rules, now: Timestamp) -> Result<Judgement, JudgeError> {
    judge_with(bound, rules, None, now)
}

/// [`judge`], with what documents that the rules trust state about this image.
///
/// # Errors
/// As [`judge`].
pub fn judge_with(
    bound: &Bound<'_>,
    rules: &Rules,
    vex: Option<&Statements<'_>>,
    now: Timestamp,
) -> Result<Judgement, JudgeError> {
    let report = bound.report();
    complete_enough(bound, rules)?;
    let too_old = too_old(report.created, rules.max_report_age, now)?;
    let end_of_life = past_end_of_life(report.end_of_life, rules)?;
    let nothing_scanned = match (report.nothing_scanned, &rules.allow_nothing_scanned) {
        (true, None) => return Err(JudgeError::NothingScanned),
        (scanned_nothing, reason) => reason.clone().filter(|_| scanned_nothing),
    };
    let Sorted { denied, ignored, others } = sort(&report.findings, rules, vex, now);
    let passes = denied.is_empty() && too_old.is_none() && !end_of_life;
    let verdict = verdict(passes, bound, rules.digest, &ignored, now);
    Ok(Judgement { verdict, denied, ignored, others, too_old, end_of_life, nothing_scanned, answer: None })
}

/// Judges a report about an image by the `answer` that `rules` gave to it at the time `now`.
///
/// # Errors
/// [`JudgeError`] if the report leaves out what rules would have seen.
pub fn judge_rego(
    bound: &Bound<'_>,
    rules: &RegoRules,
    answer: Answer,
    now: Timestamp,
) -> Result<Judgement, JudgeError> {
    let LeftOut { unfixed, fixed } = bound.report().left_out;
    match (unfixed, fixed, bound.report().nothing_scanned) {
        (true, ..) => return Err(JudgeError::OnlyFixed),
        (_, true, _) => return Err(JudgeError::OnlyNotFixed),
        (.., true) => return Err(JudgeError::NothingScanned),
        (false, false, false) => {}
    }
    Ok(Judgement {
        verdict: verdict(!answer.denies(), bound, rules.digest(), &[], now),
        denied: Vec::new(),
        ignored: Vec::new(),
        others: 0,
        too_old: None,
        end_of_life: false,
        nothing_scanned: None,
        answer: Some(answer),
    })
}

fn verdict(passes: bool, bound: &Bound<'_>, rules: Digest, ignored: &[Ignored], now: Timestamp) -> Verdict {
    let report = bound.report();
    match passes {
        false => Verdict::Failed,
        true => Verdict::Passed(Passed {
            manifest: bound.manifest(),
            report: report.digest,
            rules,
            scanner: report.scanner.clone(),
            scanned_at: report.created.filter(|created| !lies_ahead(*created, now)),
            vex: ignored.iter().filter_map(Ignored::document).collect(),
        }),
    }
}

/// Whether the scanner was told to leave out what the rules count.
fn complete_enough(bound: &Bound<'_>, rules: &Rules) -> Result<(), JudgeError> {
    let left_out = bound.report().left_out;
    match rules.severities.is_empty() {
        false if left_out.fixed => Err(JudgeError::OnlyNotFixed),
        false if left_out.unfixed && !rules.only_fixable => Err(JudgeError::OnlyFixed),
        _ => Ok(()),
    }
}

fn too_old(
    created: Option<Timestamp>,
    limit: Option<Duration>,
    now: Timestamp,
) -> Result<Option<TooOld>, JudgeError> {
    let Some(limit) = limit else { return Ok(None) };
    let created = created.ok_or(JudgeError::NoTime)?;
    if lies_ahead(created, now) {
        return Err(JudgeError::Future(created));
    }
    let age = now.duration_since(created);
    let old = age.is_positive() && age.unsigned_abs() > limit;
    Ok(old.then_some(TooOld { created, limit }))
}

fn past_end_of_life(stated: Option<bool>, rules: &Rules) -> Result<bool, JudgeError> {
    if rules.end_of_life { stated.ok_or(JudgeError::EndOfLifeUnknown) } else { Ok(false) }
}

/// Findings by what the rules say of them.
#[derive(Default)]
struct Sorted {
    denied: Vec<Denied>,
    ignored: Vec<Ignored>,
    others: usize,
}

fn sort(findings: &[Finding], rules: &Rules, vex: Option<&Statements<'_>>, now: Timestamp) -> Sorted {
    let today = now.to_zoned(TimeZone::UTC).date();
    let mut findings: Vec<_> = findings.iter().collect();
    // The worst first; the same package in several places of an image is one row.
    findings.sort_by(|a, b| b.severity.cmp(&a.severity).then_with(|| a.cmp(b)));
    findings.dedup();
    let mut sorted = Sorted::default();
    for finding in findings {
        let own = rules.ignore.get(&finding.id);
        let in_time = own.filter(|ignore| today <= ignore.expires);
        let stated = || Some(Ignore::Vex(vex?.ignore(finding, now)?));
        match in_time.cloned().map(Ignore::Rules).or_else(stated) {
            Some(ignore) => sorted.ignored.push(Ignored { finding: finding.clone(), ignore }),
            None => match rule_against(finding, rules) {
                Some(rule) => sorted.denied.push(Denied {
                    finding: finding.clone(),
                    rule,
                    ignore_expired: own.map(|ignore| ignore.expires),
                }),
                None => sorted.others += 1,
            },
        }
    }
    sorted
}

/// The rule that `finding` breaks.
fn rule_against(finding: &Finding, rules: &Rules) -> Option<String> {
    let severity = finding.severity;
    match (rules.severities.contains(&severity), rules.only_fixable) {
        (true, false) => Some(format!("severity {severity}")),
        (true, true) if finding.fixed_in.is_some() => Some(format!("severity {severity}, fixable")),
        _ => None,
    }
}
