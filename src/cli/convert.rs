//! `countersign policy convert`: policies of other tools in the native form, and what changes in meaning, line by line.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueHint};
use serde::Serialize;

use super::args::Shared;
use super::error::Failure;
use super::files::{ARGUMENT, waiting};
use super::output::Output;
use super::policies::policy_files;
use crate::flow::policies::{PoliciesError, PolicyFile, installation, names_differ};
use crate::model::escape_untrusted;
use crate::policy::convert::{Change, ChangeKind, Conversion, Signers, convert, of_installation};
use crate::policy::{Dialect, Documents, Draft, DraftError, Installation, SetError, documents};

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
    let asked = signers.clone();
    // Patterns are held against each other, which takes a while if there are many: on a thread that may wait.
    let converted = waiting(move || converted(files, &asked)).await?;
    output.result(&converted, || text(&converted, &signers))
}

fn converted(mut files: Vec<PolicyFile>, signers: &Signers) -> Result<ConvertJson, Failure> {
    names_differ(&files)?;
    let installation = installation(&files)?;
    for file in &mut files {
        file.drafts = file.drafts.drain(..).map(|draft| draft.under(&installation)).collect();
    }
    let drafts = || files.iter().flat_map(|file| &file.drafts);
    if drafts().next().is_none() {
        return Err(nothing(&installation));
    }
    are_foreign(&files)?;
    are_known(signers, &drafts().flat_map(Draft::key_names).collect())?;
    let has_sigstore = drafts().any(|draft| draft.dialect() == Dialect::Sigstore);
    let mut converted = ConvertJson { policies: String::new(), changes: Vec::new(), keys: Vec::new() };
    for file in &files {
        if has_sigstore {
            let beside = of_installation(&file.installation);
            converted.changes.extend(beside.iter().map(|change| ChangeJson::of(file, change)));
        }
        for draft in &file.drafts {
            converted.add(file, convert(draft, signers).map_err(|errors| refused(file, draft, &errors))?);
        }
    }
    is_read(&converted.policies)?;
    Ok(converted)
}

/// Nothing to convert, and what there is instead.
fn nothing(installation: &Installation) -> Failure {
    let failure = Failure::usage(SetError::Empty.to_string());
    match installation.is_empty() {
        true => failure.hint("name files with policies of other tools"),
        false => failure
            .because("the files speak of an installation and hold no policies")
            .hint("name the policies too: what the settings say is written for them"),
    }
}

/// Refuses policies that need no conversion: what is printed is to take the place of the files.
fn are_foreign(files: &[PolicyFile]) -> Result<(), Failure> {
    let native = |draft: &&Draft| draft.dialect() == Dialect::Native;
    match files.iter().find_map(|file| Some((file, file.drafts.iter().find(native)?))) {
        Some((file, draft)) => {
            let name = escape_untrusted(draft.name());
            let message = format!("{}: the policy `{name}` is in the native form already", file.name);
            Err(Failure::usage(message)
                .hint("name the policies of other tools alone; this one stays as it is"))
        }
        None => Ok(()),
    }
}

/// Refuses names of the options that no policy has: with a mistake in one, a signer would lack a key.
fn are_known(signers: &Signers, known: &BTreeSet<&str>) -> Result<(), Failure> {
    let Signers::Two { build, validation } = signers else { return Ok(()) };
    let named = build.iter().map(|name| ("--build-key", name));
    let mut named = named.chain(validation.iter().map(|name| ("--validation-key", name)));
    match named.find(|(_, name)| !known.contains(name.as_str())) {
        Some((option, name)) => {
            let all = known.iter().map(|name| escape_untrusted(name)).collect::<Vec<_>>().join(", ");
            let name = escape_untrusted(name);
            Err(Failure::usage(format!("{option}: no policy has a key `{name}`"))
                .hint(format!("their keys are {all}")))
        }
        None => Ok(()),
    }
}

/// Reads all that is written together, as the gate will: each policy alone was read before.
fn is_read(policies: &str) -> Result<(), Failure> {
    let name = "what is converted".to_owned();
    let written = match documents(policies.as_bytes()) {
        Ok(Documents { drafts, installation }) => {
            PolicyFile { name, folder: PathBuf::new(), drafts, installation }
        }
        Err(cause) => return Err(PoliciesError::Written { file: name, cause }.into()),
    };
    names_differ(&[written]).map_err(|error| Failure::usage(error.to_string()))
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
