//! `countersign inspect`.

use std::fmt::Write as _;

use clap::{Args, ValueHint};

use super::args::{PlaceArgs, RegistryArgs, Shared, image};
use super::context::registries;
use super::error::{Exit, Failure};
use super::output::{Output, Tone};
use super::report::claim_lines;
use super::scan_table::severities;
use crate::flow::inspect::{Attached, Inspection, Kind, Stated, inspect};
use crate::flow::verify::resolve;
use crate::model::escape_untrusted;

/// Show what is attached to an image; verifies nothing
#[derive(Debug, Args)]
#[command(override_usage = "countersign inspect <IMAGE> [OPTIONS]")]
pub(super) struct InspectArgs {
    /// Image: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    #[arg(value_name = "IMAGE", value_hint = ValueHint::Other)]
    pub(super) image: String,
    /// Fetch attestations too, up to 32 MiB each, and show what they say
    #[arg(long)]
    attestations: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

pub(super) async fn run(args: &InspectArgs, output: &Output) -> Result<Exit, Failure> {
    let image = image(&args.image)?;
    let registry = registries(&args.registry)?;
    let place = args.place.place(image.repository())?;
    let (pinned, _) = resolve(&registry, &image).await?;
    let inspection = inspect(&registry, &pinned, &[place], args.attestations).await?;
    output.result(&inspection, || tree(&inspection, output))?;
    Ok(if inspection.unreachable.is_empty() { Exit::Done } else { Exit::Undecided })
}

/// A branch of the tree: what it is, and the lines below it.
struct Branch {
    head: String,
    below: Vec<String>,
}

impl Branch {
    fn leaf(head: String) -> Self {
        Self { head, below: Vec::new() }
    }
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.
fn tree(inspection: &Inspection, output: &Output) -> String {
    let mut text = format!("{}\n", output.tone(Tone::Strong, &inspection.reference));
    let _ = writeln!(text, "{}, {} bytes; {}", inspection.media_type, inspection.size, inspection.note);
    let branches = branches(inspection, output);
    let last = branches.len() - 1;
    for (number, Branch { head, below }) in branches.into_iter().enumerate() {
        let (fork, trunk) = if number == last { ("└─", "  ") } else { ("├─", "│ ") };
        let _ = writeln!(text, "{fork} {head}");
        for line in below {
            let _ = writeln!(text, "{trunk}   {line}");
        }
    }
    text
}

/// At least one: that nothing is attached is said too.
fn branches(inspection: &Inspection, output: &Output) -> Vec<Branch> {
    let mut branches: Vec<Branch> = Vec::new();
    for child in &inspection.children {
        let platform = child.platform.as_deref().map_or("no platform".to_owned(), escape_untrusted);
        let platform = output.tone(Tone::Faint, &platform);
        branches.push(Branch::leaf(format!("manifest {} {platform}", child.digest)));
    }
    branches.extend(inspection.attached.iter().map(|attached| branch(attached, output)));
    if inspection.attached.is_empty() && inspection.unreachable.is_empty() {
        branches.push(Branch::leaf("nothing is attached".to_owned()));
    }
    for remark in &inspection.unreachable {
        let label = output.tone(Tone::Unsure, "unreachable");
        branches.push(Branch::leaf(format!("{label} {}: {}", remark.place, remark.reason)));
    }
    branches
}

fn branch(attached: &Attached, output: &Output) -> Branch {
    let (word, tone) = match attached.kind {
        Kind::Signature => ("signature", Tone::Strong),
        Kind::Attestation => ("attestation", Tone::Strong),
        Kind::Other => ("other", Tone::Faint),
        Kind::Invalid => ("invalid", Tone::Bad),
    };
    let mut facts: Vec<String> = Vec::new();
    facts.extend(attached.format.map(|format| format.to_string()));
    facts.extend(attached.size.map(|size| format!("{size} bytes")));
    facts.extend(attached.key_hint.as_ref().map(|hint| format!("key hint {}", escape_untrusted(hint))));
    facts.extend(attached.reason.clone());
    let head = format!("{} {}: {}", output.tone(tone, word), attached.place, facts.join(", "));
    let mut below = attached.claims.as_ref().map(claim_lines).unwrap_or_default();
    below.extend(attached.states.iter().flat_map(stated_lines));
    Branch { head, below }
}

/// What an attestation says, a line for each part of it.
fn stated_lines(stated: &Stated) -> Vec<String> {
    let mut lines = vec![stated.predicate_type.clone()];
    if let Some(scanner) = &stated.scanner {
        let when = stated.scanned_at.as_ref().map_or(String::new(), |time| format!("{time} "));
        lines.push(format!("scanned {when}by {scanner}"));
    }
    lines.extend(stated.severities.as_ref().map(severities));
    if let Some(passed) = stated.passed {
        let word = if passed { "passed" } else { "failed" };
        let when = stated.verified_at.as_ref().map_or(String::new(), |time| format!(" {time}"));
        let rules = stated.rules.map_or(String::new(), |rules| format!(" under the rules {rules}"));
        lines.push(format!("{word}{when}{rules}"));
    }
    lines
}
