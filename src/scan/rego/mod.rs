//! Scan rules in Rego, for those who have them: `package main` with `deny[msg]`, as the scan policies of the Tanzu
//! supply chain and Conftest's are written (docs/rego.md). Read here, and held against a report by [`super::judge_rego`];
//! evaluated elsewhere, because a language that can loop needs bounds that only an operating system gives.

mod input;
pub mod lexer;

use serde::{Deserialize, Serialize};

use super::report::Form;
use crate::model::{Digest, escape_untrusted};
use lexer::Kind;

/// Largest file of rules, in bytes.
pub const SIZE_LIMIT: usize = 1 << 20;
/// Largest answer of an evaluation, in bytes.
pub const ANSWER_LIMIT: usize = 4 << 20;
/// Most messages of an evaluation that are kept; the others are counted.
pub const MESSAGES_LIMIT: usize = 10_000;
/// Most bytes of all messages that are kept: as JSON they fit into an answer.
const TEXT_LIMIT: usize = ANSWER_LIMIT / 4;
/// Longest message that is kept, in characters.
const MESSAGE_LIMIT: usize = 512;
/// The comment that says what `input` is.
const DECLARATION: &str = "countersign:input";

/// What rules read as `input`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// Trivy's JSON report, as it was written.
    Trivy,
    /// Grype's JSON report, as it was written.
    Grype,
    /// The findings of any report in the members that CycloneDX's XML has: `input.bom.components.component`.
    CycloneDx,
}

/// Rules in Rego.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegoRules {
    digest: Digest,
    input: Input,
    text: String,
}

/// Why a text is no rules in Rego; escaped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegoError {
    /// More bytes than [`SIZE_LIMIT`].
    #[error("larger than {} KiB", SIZE_LIMIT >> 10)]
    TooLarge,
    /// Not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// Nothing says what `input` is: rules that look in the wrong place would deny nothing.
    #[error("no line says what `input` is")]
    Undeclared,
    /// A word that names no input.
    #[error("line {line}: `{word}` is no input: trivy, grype or cyclonedx is expected")]
    Input {
        /// The line, from 1.
        line: usize,
        /// The word.
        word: String,
    },
    /// Two lines say what `input` is.
    #[error("line {line}: `input` is declared a second time")]
    Twice {
        /// The line, from 1.
        line: usize,
    },
}

/// Why rules cannot be given a report.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The rules read another scanner's report.
    #[error("the rules read a report of {expected}, and this is one of {found}")]
    Another {
        /// What the rules read.
        expected: Form,
        /// What was given.
        found: Form,
    },
    /// The scanner suppressed findings, which rules over its own report would not see among the others.
    #[error("the scanner suppressed findings ({0} first), which rules over its own report would miss")]
    Suppressed(String),
    /// The input could not be written.
    #[error("the input of the rules could not be made: {0}")]
    Json(String),
}

/// What rules said of a report: the messages of `deny`. Made of what an evaluation wrote, and of nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The messages; none if nothing is denied.
    pub deny: Vec<String>,
    /// How many more there were than are kept.
    pub more: usize,
}

impl RegoRules {
    /// Reads rules. Whether they are Rego shows when they are evaluated.
    ///
    /// # Errors
    /// [`RegoError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, RegoError> {
        if bytes.len() > SIZE_LIMIT {
            return Err(RegoError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RegoError::Encoding)?;
        let input = declared(text)?;
        Ok(Self { digest: Digest::of(bytes), input, text: text.to_owned() })
    }

    /// SHA-256 of the file's bytes: the claim `countersign.dev/scan-rules`.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// What they read.
    pub fn input(&self) -> Input {
        self.input
    }

    /// The Rego.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The input that a comment `# countersign:input NAME` declares.
fn declared(text: &str) -> Result<Input, RegoError> {
    let mut found = None;
    for token in lexer::tokens(text).iter().filter(|token| token.kind == Kind::Comment) {
        let comment = text.get(token.span.clone()).unwrap_or_default().trim_start_matches('#').trim();
        let Some(word) = comment.strip_prefix(DECLARATION) else { continue };
        // Another word that begins alike declares nothing.
        if word.starts_with(|c: char| !c.is_whitespace()) {
            continue;
        }
        let line = text.get(..token.span.start).unwrap_or_default().matches('\n').count() + 1;
        let input = input(word.trim(), line)?;
        if found.replace(input).is_some() {
            return Err(RegoError::Twice { line });
        }
    }
    found.ok_or(RegoError::Undeclared)
}

fn input(word: &str, line: usize) -> Result<Input, RegoError> {
    match word {
        "trivy" => Ok(Input::Trivy),
        "grype" => Ok(Input::Grype),
        "cyclonedx" => Ok(Input::CycloneDx),
        other => {
            let word = escape_untrusted(&other.chars().take(MESSAGE_LIMIT).collect::<String>());
            Err(RegoError::Input { line, word })
        }
    }
}

impl Answer {
    /// The answer that denies with these messages.
    pub fn new(messages: impl Iterator<Item = String>) -> Self {
        let (mut deny, mut more, mut left) = (Vec::new(), 0, TEXT_LIMIT);
        for message in messages {
            let shown = super::finding::shown(&message);
            match left.checked_sub(shown.len()) {
                Some(rest) if deny.len() < MESSAGES_LIMIT => {
                    left = rest;
                    deny.push(shown);
                }
                _ => more += 1,
            }
        }
        Self { deny, more }
    }

    /// The same within the bounds of [`Self::new`], for an answer that was read.
    pub fn again(self) -> Self {
        let again = Self::new(self.deny.into_iter());
        Self { more: self.more.saturating_add(again.more), ..again }
    }

    /// Whether anything is denied.
    pub fn denies(&self) -> bool {
        !self.deny.is_empty() || self.more > 0
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Input, RegoError> {
        RegoRules::parse(text.as_bytes()).map(|rules| rules.input())
    }

    #[test]
    fn rules_say_what_their_input_is() {
        assert_eq!(read("package main\n# countersign:input trivy\n"), Ok(Input::Trivy));
        assert_eq!(read("  #countersign:input   cyclonedx  \r\npackage main"), Ok(Input::CycloneDx));
        assert_eq!(
            read("package main\ndeny[m] { m := \"# countersign:input trivy\" }"),
            Err(RegoError::Undeclared)
        );
        assert_eq!(read(""), Err(RegoError::Undeclared));
        assert_eq!(read("x := `\n# countersign:input trivy\n`"), Err(RegoError::Undeclared));
        assert_eq!(read("# countersign:inputtrivy"), Err(RegoError::Undeclared));
    }

    #[test]
    fn two_inputs_or_an_unknown_one_are_an_error() {
        let twice = "# countersign:input trivy\n\n# countersign:input trivy";
        assert_eq!(read(twice), Err(RegoError::Twice { line: 3 }));
        let unknown = read("# countersign:input snyk\u{1b}").unwrap_err();
        assert_eq!(
            unknown.to_string(),
            "line 1: `snyk\\u{1b}` is no input: trivy, grype or cyclonedx is expected"
        );
        assert!(read("# countersign:input").is_err());
    }

    #[test]
    fn messages_beyond_the_limit_are_counted_and_deny() {
        let many = (0..MESSAGES_LIMIT + 3).map(|number| number.to_string());
        let answer = Answer::new(many);
        assert_eq!((answer.deny.len(), answer.more), (MESSAGES_LIMIT, 3));
        let long = Answer::new((0..MESSAGES_LIMIT).map(|_| "\u{202e}".repeat(MESSAGE_LIMIT)));
        assert!(serde_json::to_vec(&long).unwrap().len() < ANSWER_LIMIT && long.more > 0);
    }
}
