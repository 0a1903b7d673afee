//! `countersign policy`: check, explain, convert, schema. None of them asks a registry.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};
use serde::Serialize;

use super::args::{Shared, image};
use super::context::Keys;
use super::convert::{self, ConvertArgs};
use super::error::{Exit, Failure};
use super::files::{ARGUMENT, POLICIES};
use super::output::{Output, Tone};
use super::policies::policy_files;
use crate::flow::policies::{PoliciesError, PolicyFile, installation, names_differ, policy_set};
use crate::model::ImageRef;
use crate::policy::check::{Warning, check};
use crate::policy::explain::{Need, SignerNeed, explain};
use crate::policy::schema::SCHEMA;
use crate::policy::{Draft, NoMatch, Note, SetError};

/// Check, explain and convert policies
#[derive(Debug, Args)]
pub(super) struct PolicyArgs {
    #[command(subcommand)]
    command: PolicyCommand,
}

#[derive(Debug, Subcommand)]
enum PolicyCommand {
    /// Read policies with their keys, and say what is wrong or likely not meant
    Check(CheckArgs),
    /// Say which policies speak of an image and what it would need; asks nobody
    Explain(ExplainArgs),
    /// Write policies of other tools in the native form, and say what changes in meaning
    Convert(ConvertArgs),
    /// Print the JSON schema of policies
    Schema(SchemaArgs),
}

#[derive(Debug, Args)]
#[command(override_usage = "countersign policy check <FILE>... [OPTIONS]")]
struct CheckArgs {
    /// Policies: files and folders
    #[arg(required = true, num_args = 1.., value_name = "FILE", value_hint = ValueHint::AnyPath)]
    policy: Vec<PathBuf>,
    /// Accept a Kubernetes secret that also holds the private key
    #[arg(long)]
    allow_private_key_secret: bool,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
#[command(override_usage = "countersign policy explain <IMAGE> --policy <FILE>... [OPTIONS]")]
struct ExplainArgs {
    /// Image: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    #[arg(value_name = "IMAGE", value_hint = ValueHint::Other)]
    image: String,
    /// Policies: files and folders
    #[arg(long, required = true, num_args = 1.., value_name = "FILE", value_hint = ValueHint::AnyPath)]
    policy: Vec<PathBuf>,
    /// Namespace that the image would run in
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    namespace: Option<String>,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
struct SchemaArgs {
    #[command(flatten)]
    shared: Shared,
}

impl PolicyArgs {
    pub(super) fn shared(&self) -> &Shared {
        match &self.command {
            PolicyCommand::Check(args) => &args.shared,
            PolicyCommand::Explain(args) => &args.shared,
            PolicyCommand::Convert(args) => &args.shared,
            PolicyCommand::Schema(args) => &args.shared,
        }
    }
}

pub(super) async fn run(args: &PolicyArgs, output: &Output) -> Result<Exit, Failure> {
    match &args.command {
        PolicyCommand::Check(args) => check_policies(args, output).await?,
        PolicyCommand::Explain(args) => explain_image(args, output).await?,
        PolicyCommand::Convert(args) => convert::run(args, output).await?,
        PolicyCommand::Schema(_) => output.document(SCHEMA)?,
    }
    Ok(Exit::Done)
}

/// The result in JSON (docs/json.md).
#[derive(Serialize)]
struct CheckJson {
    policies: Vec<String>,
    warnings: Vec<Warning>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<NoteJson>,
}

/// What whoever wrote a policy is to know, and where it stands.
#[derive(Serialize)]
struct NoteJson {
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<String>,
    file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    field: String,
    text: String,
}

impl NoteJson {
    /// A note of `policy`, or of an object beside the policies.
    fn of(file: &PolicyFile, policy: Option<&Draft>, note: &Note) -> Self {
        let Note { spot, text } = note;
        Self {
            policy: policy.map(|policy| policy.name().to_owned()),
            file: file.name.clone(),
            line: spot.place.map(|place| place.line),
            column: spot.place.map(|place| place.column),
            field: crate::model::escape_untrusted(&spot.field),
            text: text.clone(),
        }
    }
}

/// The notes of all policies, in their order, and of what lies beside them.
fn notes(files: &[PolicyFile]) -> Vec<NoteJson> {
    let mut notes = Vec::new();
    for file in files {
        for policy in &file.drafts {
            notes.extend(policy.notes().iter().map(|note| NoteJson::of(file, Some(policy), note)));
        }
        notes.extend(file.installation.notes().iter().map(|note| NoteJson::of(file, None, note)));
    }
    notes
}

async fn check_policies(args: &CheckArgs, output: &Output) -> Result<(), Failure> {
    let source = Keys::new(None).source().allow_private_key_secret(args.allow_private_key_secret);
    let files = policy_files(ARGUMENT, &args.policy).await?;
    let notes = notes(&files);
    let set = policy_set(&source, files).await?;
    let policies = set.policies().iter().map(|policy| policy.name.clone()).collect();
    let checked = CheckJson { policies, warnings: check(set.policies()), notes };
    output.result(&checked, || check_text(&checked, output))
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.
fn check_text(checked: &CheckJson, output: &Output) -> String {
    let mut text = String::new();
    for policy in &checked.policies {
        let policy = crate::model::escape_untrusted(policy);
        let _ = writeln!(text, "{}  {policy}", output.tone(Tone::Good, "ok"));
    }
    for Warning { policy, signer, text: warning } in &checked.warnings {
        let signer = signer.as_ref().map(|signer| format!(", signer {signer}")).unwrap_or_default();
        let place = crate::model::escape_untrusted(&format!("{policy}{signer}"));
        let _ = writeln!(text, "{}  {place}: {warning}", output.tone(Tone::Unsure, "warning"));
    }
    for NoteJson { file, line, column, field, text: note, .. } in &checked.notes {
        let place = line.zip(*column).map(|(line, column)| format!("line {line}, column {column}: "));
        let place = format!("{file}: {}{field}", place.unwrap_or_default());
        let _ = writeln!(text, "{}  {place}: {note}", output.tone(Tone::Faint, "note"));
    }
    text
}

/// The result in JSON (docs/json.md).
#[derive(Serialize)]
struct ExplainJson {
    reference: String,
    policies: Vec<Need>,
}

async fn explain_image(args: &ExplainArgs, output: &Output) -> Result<(), Failure> {
    let image = image(&args.image)?;
    let files = policy_files(POLICIES, &args.policy).await?;
    // What `gate` would refuse is not explained: nothing would be decided by it.
    names_differ(&files)?;
    let installation = installation(&files)?;
    let drafts = files.into_iter().flat_map(|file| file.drafts);
    let drafts: Vec<_> = drafts.map(|draft| draft.under(&installation)).collect();
    if drafts.is_empty() {
        return Err(PoliciesError::from(SetError::Empty).into());
    }
    let policies = explain(&drafts, &image, args.namespace.as_deref());
    let unmatched = installation.unmatched(&drafts);
    let explained = ExplainJson { reference: image.to_string(), policies };
    output.result(&explained, || explain_text(&image, &explained.policies, unmatched, output))
}

/// What the gate does with an image that no policy speaks of.
fn unmatched_text(no_match: NoMatch) -> &'static str {
    match no_match {
        NoMatch::Deny => "the gate denies it, unless --no-match says otherwise",
        NoMatch::Warn | NoMatch::AllowUnmatched => {
            "`no-match-policy: warn` lets it pass with a warning, unless --no-match says otherwise"
        }
        NoMatch::Allow => "`no-match-policy: allow` lets it pass, unless --no-match says otherwise",
    }
}

fn explain_text(image: &ImageRef, needs: &[Need], unmatched: NoMatch, output: &Output) -> String {
    let mut text = format!("{}\n", output.tone(Tone::Strong, &image.to_string()));
    let said = unmatched_text(unmatched);
    if needs.is_empty() {
        let _ = writeln!(text, "  no policy speaks of it: {said}");
    } else if needs.iter().all(|need| !need.excluded && !need.objects.is_empty()) {
        let _ =
            writeln!(text, "  where it stands in none of the objects below no policy speaks of it: {said}");
    }
    for need in needs {
        need_text(&mut text, need);
    }
    text
}

fn need_text(text: &mut String, need: &Need) {
    let Need { policy, mode, action, excluded, revoked, signed_for, .. } = need;
    let policy = crate::model::escape_untrusted(policy);
    let _ = writeln!(text, "  policy {policy} ({mode:?}): {action}");
    if *excluded {
        let _ = writeln!(text, "    leaves out this namespace: satisfied as it is");
    }
    if *revoked {
        let _ = writeln!(text, "    lists this digest as revoked: denied at once");
    }
    if !signed_for.is_empty() && signed_for.as_slice() != ["any"] {
        let _ = writeln!(text, "    signed for: {}", signed_for.join(", "));
    }
    if !need.signature_repositories.is_empty() {
        let _ = writeln!(text, "    signatures also in: {}", need.signature_repositories.join(", "));
    }
    if !need.objects.is_empty() {
        let _ = writeln!(text, "    where it stands in: {}", need.objects.join(", "));
    }
    if need.any_is_enough && need.signers.len() > 1 {
        let _ = writeln!(text, "    any one of these is enough:");
    }
    for signer in &need.signers {
        signer_text(text, signer);
    }
}

fn signer_text(text: &mut String, signer: &SignerNeed) {
    let escaped = crate::model::escape_untrusted;
    let SignerNeed { name, keys, countersigns, claims, max_age, on_expiry, places, format, unsigned } =
        signer;
    if let Some(said) = unsigned {
        let _ = writeln!(text, "    {}: {}", escaped(name), escaped(said));
        return;
    }
    let _ = writeln!(text, "    {}: a signature by {}", escaped(name), escaped(&keys.join(" or ")));
    if let Some(earlier) = countersigns {
        let _ = writeln!(text, "      that countersigns {}, after a passing scan", escaped(earlier));
    }
    for (claim, values) in claims {
        let _ = writeln!(text, "      stating {} = {}", escaped(claim), escaped(&values.join(" or ")));
    }
    if let (Some(age), on_expiry) = (max_age, on_expiry) {
        let older = if *on_expiry == Some("Warn") { "; an older one with a warning" } else { "" };
        let _ = writeln!(text, "      no older than {age}{older}");
    }
    if let Some(format) = format {
        let _ = writeln!(text, "      in the format `{format}`");
    }
    if !places.is_empty() {
        let _ = writeln!(text, "      in {}", places.join(" or "));
    }
}
