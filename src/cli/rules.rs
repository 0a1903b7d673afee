//! The rules of `--rules`: our own form, or Rego, told apart by the file's ending.

use std::path::Path;

use super::error::Failure;
use super::files::option_file;
use crate::flow::validate::RuleBook;
use crate::model::yaml::SIZE_LIMIT;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scan::{RegoRules, Rules};

/// Ending of files in Rego.
const REGO: &str = "rego";

/// Rules as a file holds them.
pub(super) enum RulesFile {
    Written(Rules),
    Rego(RegoRules),
}

impl RulesFile {
    /// Reads the file.
    pub(super) async fn read(path: &Path) -> Result<Self, Failure> {
        let is_rego = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case(REGO));
        if is_rego && cfg!(not(feature = "rego")) {
            return Err(Failure::usage(format!("--rules: {}", SandboxError::NotBuilt))
                .hint("docs/rego.md says how to build one that does; rules in YAML need none"));
        }
        let file = option_file("--rules", path, SIZE_LIMIT).await?;
        let unreadable = |cause: String, hint| Failure::usage(format!("{}: {cause}", file.name)).hint(hint);
        match is_rego {
            true => RegoRules::parse(&file.bytes).map(Self::Rego).map_err(|error| {
                unreadable(
                    error.to_string(),
                    "a line `# countersign:input trivy`, `grype` or `cyclonedx` says what `input` is: docs/rego.md",
                )
            }),
            false => Rules::parse(&file.bytes).map(Self::Written).map_err(|error| {
                unreadable(error.to_string(), "docs/scan-rules.md lists every field; a file in Rego ends in .rego")
            }),
        }
    }

    /// The rules, with what evaluates them.
    pub(super) fn book<'a>(&'a self, sandbox: &'a dyn Sandbox) -> RuleBook<'a> {
        match self {
            Self::Written(rules) => RuleBook::Written(rules),
            Self::Rego(rules) => RuleBook::Rego { rules, sandbox },
        }
    }
}
