//! What a scan report says about an image, and whether rules let it pass: reports of Trivy and Grype, the rules,
//! statements about vulnerabilities, the image that a report is bound to, the decision. Pure; where files come from,
//! which images are asked about and what is signed in the end is the flow's affair.

mod cyclonedx;
pub mod finding;
mod grype;
pub mod identity;
mod ignore;
pub mod judge;
pub mod openvex;
pub mod purl;
pub mod rego;
pub mod report;
pub mod rules;
mod sarif;
mod trivy;

pub use finding::{Finding, Severity};
pub use identity::{AmongError, Binding, BindingError, Bound, Subject};
pub use ignore::Ignore;
pub use judge::{JudgeError, Judgement, Passed, Verdict, judge, judge_rego, judge_with};
pub use openvex::{TrustedDocument, VexError};
pub use rego::RegoRules;
pub use report::{Report, ReportError, Scanner};
pub use rules::Rules;

/// Shown for a fix of which a report does not say whether there is one: it counts as one.
const UNSTATED_FIX: &str = "(not said)";
/// Shown for a fix that a report speaks of without naming its version.
const UNNAMED_FIX: &str = "(not named)";
