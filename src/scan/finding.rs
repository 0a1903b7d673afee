//! One vulnerability in one package, in words that all scanners share. What is to be done about it is the rules'
//! affair.

use std::fmt;

use serde::Serialize;

use super::purl::Purl;
use crate::model::escape_untrusted;

/// How bad a vulnerability is, as the scanner judged it. The order is that of the table: the worst is greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Severity {
    /// The scanner does not know.
    Unknown,
    /// Low; Grype's `Negligible` too.
    Low,
    /// Medium.
    Medium,
    /// High.
    High,
    /// Critical.
    Critical,
}

impl Severity {
    /// All of them, the least first.
    pub const ALL: [Self; 5] = [Self::Unknown, Self::Low, Self::Medium, Self::High, Self::Critical];

    /// The severity that a scanner's word names, whatever its case; no word at all is what a scanner writes about
    /// a vulnerability that its database does not describe. `None` for a word that no scanner has.
    pub(super) fn of_scanner(word: &str) -> Option<Self> {
        match word.to_ascii_lowercase().as_str() {
            "critical" => Some(Self::Critical),
            "high" => Some(Self::High),
            "medium" => Some(Self::Medium),
            "low" | "negligible" => Some(Self::Low),
            "unknown" | "" => Some(Self::Unknown),
            _ => None,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unknown => "UNKNOWN",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        })
    }
}

/// Longest text of a finding that is shown, in characters: each row of a table is as wide as its widest cell.
const TEXT_LIMIT: usize = 512;

/// A vulnerability that a scanner found in a package. Texts are escaped, and those beyond 512 characters are cut.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The scanner's own name for it: a CVE number, a GHSA number or a vendor's; never empty.
    pub id: String,
    /// The package's name; never empty.
    pub package: String,
    /// The version that is installed; empty if the report does not say.
    pub installed: String,
    /// The versions that fix it, as the report writes them; `None` if there is no fix.
    pub fixed_in: Option<String>,
    /// Why the scanner itself would not count it; such a finding is judged like any other.
    pub suppressed: Option<String>,
    /// The package as a package URL, where the report gives one: for statements about packages, never shown.
    #[serde(skip)]
    pub purl: Option<Purl>,
}

/// What of a finding is missing or not understood; escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FindingError {
    /// It has no ID.
    #[error("a finding has no `{0}`")]
    NoId(&'static str),
    /// Its ID is too long to be one.
    #[error("a finding's `{0}` is longer than {TEXT_LIMIT} characters")]
    LongId(&'static str),
    /// It names no package.
    #[error("{id} has no `{member}`")]
    Missing {
        /// The finding.
        id: String,
        /// The member that is absent or empty.
        member: &'static str,
    },
    /// Its severity is no word that a scanner has.
    #[error("{id} has the unknown severity `{word}`")]
    Severity {
        /// The finding.
        id: String,
        /// The word.
        word: String,
    },
}

/// A finding as a report writes it: the texts, not yet looked at.
pub(super) struct Written<'a> {
    pub(super) id: &'a str,
    pub(super) severity: &'a str,
    pub(super) package: &'a str,
    pub(super) installed: &'a str,
    pub(super) fixed_in: Option<String>,
    pub(super) suppressed: Option<String>,
    pub(super) purl: Option<&'a str>,
}

/// What a report calls the members that a finding cannot be without.
pub(super) struct Members {
    pub(super) id: &'static str,
    pub(super) package: &'static str,
}

impl Written<'_> {
    /// The finding; `members` are the report's names for what might be missing.
    pub(super) fn read(self, members: &Members) -> Result<Finding, FindingError> {
        let id = escape_untrusted(self.id);
        if id.trim().is_empty() {
            return Err(FindingError::NoId(members.id));
        }
        // Never cut: rules name findings by it.
        if id.chars().nth(TEXT_LIMIT).is_some() {
            return Err(FindingError::LongId(members.id));
        }
        if self.package.trim().is_empty() {
            return Err(FindingError::Missing { id, member: members.package });
        }
        let Some(severity) = Severity::of_scanner(self.severity) else {
            return Err(FindingError::Severity { id, word: shown(self.severity) });
        };
        Ok(Finding {
            severity,
            id,
            package: shown(self.package),
            installed: shown(self.installed),
            fixed_in: self.fixed_in.as_deref().map(shown),
            suppressed: self.suppressed.as_deref().map(shown),
            purl: self.purl.and_then(Purl::parse),
        })
    }
}

/// The start of `text`, which [`shown`] shows as it would show the whole: for texts that many findings share.
pub(super) fn cut(text: &str) -> String {
    text.chars().take(TEXT_LIMIT + 1).collect()
}

/// `text`, escaped, and cut where it is longer than anybody would read.
pub(super) fn shown(text: &str) -> String {
    match text.char_indices().nth(TEXT_LIMIT) {
        Some((end, _)) => escape_untrusted(text.get(..end).unwrap_or_default()) + "…",
        None => escape_untrusted(text),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    const MEMBERS: Members = Members { id: "id", package: "name" };

    fn written<'a>(id: &'a str, severity: &'a str, package: &'a str) -> Written<'a> {
        Written { id, severity, package, installed: "1", fixed_in: None, suppressed: None, purl: None }
    }

    #[test]
    fn negligible_is_low_and_no_word_is_unknown() {
        assert_eq!(Severity::of_scanner("Negligible"), Some(Severity::Low));
        assert_eq!(Severity::of_scanner(""), Some(Severity::Unknown));
        assert_eq!(Severity::of_scanner("CRITICAL"), Some(Severity::Critical));
    }

    #[test]
    fn a_severity_that_no_scanner_has_is_an_error_and_not_a_low_one() {
        let error = written("CVE-1", "Important\u{1b}", "a").read(&MEMBERS).unwrap_err();
        assert_eq!(error.to_string(), "CVE-1 has the unknown severity `Important\\u{1b}`");
    }

    #[test]
    fn a_finding_without_id_or_package_is_an_error() {
        assert!(matches!(written(" ", "Low", "a").read(&MEMBERS), Err(FindingError::NoId("id"))));
        let error = written("CVE-1", "Low", "").read(&MEMBERS).unwrap_err();
        assert_eq!(error.to_string(), "CVE-1 has no `name`");
    }

    #[test]
    fn long_texts_are_cut_and_a_long_id_is_an_error() {
        let long = "ä".repeat(1 << 20);
        let finding = written("CVE-1", "Low", &long).read(&MEMBERS).unwrap();
        assert_eq!(finding.package.chars().count(), TEXT_LIMIT + 1);
        assert_eq!(written(&long, "Low", "a").read(&MEMBERS), Err(FindingError::LongId("id")));
        let error = written("CVE-1", &long, "a").read(&MEMBERS).unwrap_err();
        assert!(error.to_string().len() < 2_000);
    }

    #[test]
    fn every_text_of_a_finding_is_escaped() {
        let finding = Written {
            id: "CVE\u{202e}",
            severity: "Low",
            package: "a\u{1b}[2J",
            installed: "1\n",
            fixed_in: Some("2\r".to_owned()),
            suppressed: Some("ok\u{7}".to_owned()),
            purl: None,
        };
        let shown = format!("{:?}", finding.read(&MEMBERS).unwrap());
        assert!(!shown.contains("\\n") && !shown.contains("\\r"), "{shown}");
        assert!(shown.contains("\\\\u{202e}") && shown.contains("\\\\u{1b}") && shown.contains("\\\\u{7}"));
    }
}
