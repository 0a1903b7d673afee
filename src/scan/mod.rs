//! What a scan report says about an image, and whether rules let it pass: reports of Trivy and Grype, the rules,
//! the image that a report is bound to, the decision. Pure; where files come from, which images are asked about
//! and what is signed in the end is the flow's affair.

pub mod finding;
mod grype;
pub mod identity;
pub mod judge;
pub mod rego;
pub mod report;
pub mod rules;
mod trivy;

pub use finding::{Finding, Severity};
pub use identity::{AmongError, Binding, BindingError, Bound, Subject};
pub use judge::{JudgeError, Judgement, Passed, Verdict, judge, judge_rego};
pub use rego::RegoRules;
pub use report::{Report, ReportError, Scanner};
pub use rules::Rules;

/// Shown for a fix that a report speaks of without naming its version.
const UNNAMED_FIX: &str = "(not named)";
