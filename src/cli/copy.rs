//! `countersign copy`.

use std::fmt::Write as _;

use clap::{Args, ValueHint};

use super::args::{RegistryArgs, Shared, image};
use super::context::registries;
use super::error::{Exit, Failure};
use super::output::{Output, Tone, warn};
use super::progress::Progress;
use crate::flow::FlowError;
use crate::flow::copy::{Amount, CopyOptions, CopyReport, copy};
use crate::flow::verify::resolve;
use crate::registry::Kind;

/// Carry an image with its signatures elsewhere; digests stay as they are
#[derive(Debug, Args)]
#[command(override_usage = "countersign copy <SRC> <DST> [OPTIONS]")]
pub(super) struct CopyArgs {
    /// Image to read: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    #[arg(value_name = "SRC", value_hint = ValueHint::Other)]
    pub(super) source: String,
    /// Where to write it: a repository with or without a tag (else that of SRC), or oci:PATH[:tag]
    #[arg(value_name = "DST", value_hint = ValueHint::Other)]
    target: String,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

pub(super) async fn run(args: &CopyArgs, output: &Output) -> Result<Exit, Failure> {
    let source = image(&args.source)?;
    let target = image(&args.target)?;
    let registry = registries(&args.registry)?;
    warn_of_another_repository();
    let (pinned, _) = resolve(&registry, &source).await?;
    if target.digest().is_some_and(|digest| digest != pinned.digest()) {
        return Err(Failure::usage(format!("the copy of {pinned} cannot be {target}"))
            .because("a copy has the digest of its source")
            .hint("leave the digest out of DST"));
    }
    let tag = target.tag().or(source.tag());
    let progress = Progress::start("copying");
    let options = CopyOptions { dry_run: args.dry_run, progress: progress.as_ref().map(Progress::listener) };
    let report = copy(&registry, &pinned, target.repository(), tag, &options).await;
    drop(progress);
    let report = report.map_err(refused_tags)?;
    output.result(&report, || text(&report, output))?;
    Ok(if report.missing.is_empty() { Exit::Done } else { Exit::Undecided })
}

/// A copy needs its tags: there is no format that does without.
fn refused_tags(error: FlowError) -> Failure {
    let refused = matches!(&error, FlowError::Registry(error) if error.kind == Kind::Refused);
    let failure = Failure::from(error);
    match refused {
        true => {
            failure.hint("if tags are immutable there, DST must not have other ones under the same names")
        }
        false => failure,
    }
}

/// Signatures that are kept elsewhere stay there: whoever verifies the copy has to look there too.
fn warn_of_another_repository() {
    let kept = std::env::var("COSIGN_REPOSITORY").ok().filter(|repository| !repository.is_empty());
    if let Some(repository) = kept {
        let shown = crate::model::escape_untrusted(&repository);
        warn(&format!(
            "COSIGN_REPOSITORY is set: what is kept in {shown} is not copied; copy what is attached in the \
             image's own repository, and verify with the variable set"
        ));
    }
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.
fn text(report: &CopyReport, output: &Output) -> String {
    let (word, tone) = match (report.dry_run, report.missing.is_empty(), report.written == Amount::default())
    {
        (_, false, _) => ("incomplete", Tone::Bad),
        (true, true, _) => ("would copy", Tone::Unsure),
        (false, true, true) => ("already there", Tone::Good),
        (false, true, false) => ("copied", Tone::Good),
    };
    let mut text = String::new();
    let _ = writeln!(text, "{}  {}", output.tone(tone, word), output.tone(Tone::Strong, &report.target));
    let _ = writeln!(text, "  from {}", report.source);
    let verb = if report.dry_run { "to write" } else { "written" };
    let _ = writeln!(text, "  {verb}: {}; there already: {}", amount(report.written), amount(report.skipped));
    for remark in &report.missing {
        let label = output.tone(Tone::Bad, "missing");
        let _ = writeln!(text, "  {label} {}: {}", remark.place, remark.reason);
    }
    text
}

fn amount(amount: Amount) -> String {
    let Amount { manifests, blobs, bytes } = amount;
    format!("{manifests} manifests, {blobs} blobs, {bytes} bytes")
}
