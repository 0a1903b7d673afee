//! `countersign policy convert`: policies of other tools in the native form, and what changes in meaning, line by line.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde::Serialize;

use super::args::Shared;
use super::error::Failure;
use super::files::ARGUMENT;
use super::output::Output;
use super::policies::policy_files;
use crate::flow::policies::PolicyFile;
use crate::model::escape_untrusted;
use crate::policy::convert::{Change, ChangeKind, Conversion, Signers, convert};
use crate::policy::{Draft, DraftError, SetError};

#[derive(Debug, Args)]
#[command(override_usage = "countersign policy convert <FILE>... [OPTIONS]")]
pub(super) struct ConvertArgs {
    /// Policies of other tools: files and folders
    #[arg(required = true, num_args = 1.., value_name = "FILE", value_hint = ValueHint::AnyPath)]
    policy: Vec<PathBuf>,
    /// Keys of the build signature, by their names in the policy: for policies that demand both signatures
    #[arg(long, num_args = 1.., value_name = "NAME", requires = "validation_key", value_hint = ValueHint::Other)]
    build_key: Vec<String>,
    /// Keys of the validation signature, by their names in the policy
    #[arg(long, num_args = 1.., value_name = "NAME", requires = "build_key", value_hint = ValueHint::Other)]
    validation_key: Vec<String>,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// The result in JSON (docs/json.md).
#[derive(Serialize)]
struct ConvertJson {
    policies: String,
    changes: Vec<ChangeJson>,
    /// Names that --build-key and --validation-key could take.
    keys: Vec<String>,
}

#[derive(Serialize)]
struct ChangeJson {
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    field: String,
    kind: ChangeKind,
    text: String,
}

impl ChangeJson {
    fn of(file: &PolicyFile, change: &Change) -> Self {
        let Change { spot, kind, text } = change;
        Self {
            file: file.name.clone(),
            line: spot.place.map(|place| place.line),
            column: spot.place.map(|place| place.column),
            field: escape_untrusted(&spot.field),
            kind: *kind,
            text: text.clone(),
        }
    }
}

pub(super) async fn run(args: &ConvertArgs, output: &Output) -> Result<(), Failure> {
    let signers = match args.build_key.is_empty() {
        true => Signers::Any,
        false => Signers::Two { build: args.build_key.clone(), validation: args.validation_key.clone() },
    };
    let files = policy_files(ARGUMENT, &args.policy).await?;
    let mut converted = ConvertJson { policies: String::new(), changes: Vec::new(), keys: Vec::new() };
    for file in &files {
        for draft in &file.drafts {
            converted.add(file, convert(draft, &signers).map_err(|errors| refused(file, draft, &errors))?);
        }
    }
    if converted.policies.is_empty() {
        return Err(
            Failure::usage(SetError::Empty.to_string()).hint("name files with policies of other tools")
        );
    }
    output.result(&converted, || text(&converted, &signers))
}

impl ConvertJson {
    fn add(&mut self, file: &PolicyFile, conversion: Conversion) {
        let Conversion { policies, changes, keys } = conversion;
        if !self.policies.is_empty() {
            self.policies.push_str("---\n");
        }
        self.policies.push_str(&policies);
        self.changes.extend(changes.iter().map(|change| ChangeJson::of(file, change)));
        self.keys.extend(keys.iter().map(|name| escape_untrusted(name)));
    }
}

/// Everything that has no native form, in one error: whoever mends it wants to see all of it.
fn refused(file: &PolicyFile, draft: &Draft, errors: &[DraftError]) -> Failure {
    let all: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let name = escape_untrusted(draft.name());
    Failure::usage(format!("{}: the policy `{name}` has no native form that decides alike", file.name))
        .because(all.join("; "))
        .hint("write what is meant by hand (docs/policy.md); the gate reads the policy as it is, too")
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.

/// The policies behind comments that say what changes.
fn text(converted: &ConvertJson, signers: &Signers) -> String {
    let mut text = String::from("# What changes in meaning, by lines of the policies that were converted:\n");
    for ChangeJson { file, line, field, text: change, .. } in &converted.changes {
        let line = line.map(|line| format!(":{line}")).unwrap_or_default();
        let _ = writeln!(text, "#   {file}{line}: {field}: {change}");
    }
    if *signers == Signers::Any && converted.keys.len() > 1 {
        let _ = writeln!(
            text,
            "# Any one key is enough, as before. To demand both signatures, tell the keys apart: --build-key NAME \
             --validation-key NAME, of {}",
            converted.keys.join(", ")
        );
    }
    text + &converted.policies
}
