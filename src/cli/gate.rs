//! `countersign gate`: decides on every image of a deployment under policies.

mod fixed_tags;
mod questions;
mod scans;

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use self::questions::{Objects, Questions};
use super::args::{PlaceArgs, RegistryArgs, Shared};
use super::context::{Keys, registries};
use super::error::{Exit, Failure};
use super::manifests::{ManifestFile, manifest_files, replace_all};
use super::output::{Output, warn};
use super::page::Page;
use super::policies::loaded_policies;
use super::report::{Detail, Report, exit};
use super::report_files::{ReportFiles, ReportTarget};
use super::results::{ResultFiles, remove_stale};
use crate::flow::gate::{Gate, Unpinned, gate};
use crate::policy::{Dialect, NoMatch, PolicySet, Verdict};
use crate::workload::{IgnoredKind, ReadOptions};

/// Longest text of a Tekton result, in bytes: all results of a step share the 4 KiB of its termination message.
const RESULT_LIMIT: usize = 3 << 10;
/// Where a list of references stands that is longer.
const LONG_LIST: &str = "PINNED_REFS.json";

/// Decide on every image of a deployment under policies
#[derive(Debug, Args)]
#[command(override_usage = "countersign gate [IMAGE]... [-f <MANIFEST>...] --policy <FILE>... [OPTIONS]")]
pub(super) struct GateArgs {
    /// Images: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    ///
    /// With --pin and --pin-in-place, a tag that is given with its digest is not resolved in the manifests either.
    #[arg(value_name = "IMAGE", value_hint = ValueHint::Other, num_args = 0..)]
    images: Vec<String>,
    /// Kubernetes manifests: files, folders, or - for standard input
    #[arg(short = 'f', long, num_args = 1.., value_name = "MANIFEST", value_hint = ValueHint::AnyPath)]
    manifest: Vec<PathBuf>,
    /// Policies: files and folders
    #[arg(long, required = true, num_args = 1.., value_name = "FILE", value_hint = ValueHint::AnyPath)]
    policy: Vec<PathBuf>,
    /// What an image gets that no policy speaks of
    ///
    /// Without it the strictest counts: for policies of policy-controller what its settings among them say, for those of the
    /// Tanzu webhook --allow-unmatched-images, and `deny` without these and for native ones.
    #[arg(long, value_enum, value_name = "SETTING")]
    no_match: Option<NoMatchArg>,
    /// Allow, with a warning, images that no policy speaks of, as a Tanzu webhook with allow_unmatched_images
    #[arg(long, conflicts_with = "no_match")]
    allow_unmatched_images: bool,
    /// Namespace of manifests that name none
    #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
    namespace: Option<String>,
    /// Custom kinds that run no images although they have a field `image`: KIND or KIND.GROUP
    #[arg(long, num_args = 1.., value_name = "KIND", value_hint = ValueHint::Other)]
    ignore_kind: Vec<IgnoredKind>,
    /// Print the manifests with the digests that were checked, if every image is allowed
    #[arg(long, requires = "manifest", conflicts_with = "pin_in_place")]
    pub(super) pin: bool,
    /// Write these digests into the manifests' files, all or none, if every image is allowed
    #[arg(long)]
    pin_in_place: bool,
    /// Accept tags, and check what they point at now: what runs later may be another image
    #[arg(long)]
    allow_tag: bool,
    /// Write a report into a file: json=PATH, junit=PATH, sarif=PATH, html=PATH
    #[arg(long, num_args = 1.., value_name = "FORMAT=PATH", value_hint = ValueHint::Other)]
    report: Vec<ReportTarget>,
    /// Accept a Kubernetes secret that also holds the private key
    #[arg(long)]
    allow_private_key_secret: bool,
    /// Write the results DECISION and PINNED_REFS as files into this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    results_dir: Option<PathBuf>,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// What an image gets that no policy speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum NoMatchArg {
    Deny,
    Warn,
    Allow,
}

impl From<NoMatchArg> for NoMatch {
    fn from(setting: NoMatchArg) -> Self {
        match setting {
            NoMatchArg::Deny => Self::Deny,
            NoMatchArg::Warn => Self::Warn,
            NoMatchArg::Allow => Self::Allow,
        }
    }
}

impl GateArgs {
    /// What the command works on, to be named in an error.
    pub(super) fn subject(&self) -> &str {
        self.images.first().map_or("the manifests' images", String::as_str)
    }

    /// Whether digests are written into manifests.
    fn pins(&self) -> bool {
        self.pin || self.pin_in_place
    }
}

pub(super) async fn run(args: &GateArgs, output: &Output) -> Result<Exit, Failure> {
    let deadline = args.shared.deadline();
    let results = results(args)?;
    let reports = ReportFiles::open(&args.report, &[&args.manifest, &args.policy]).await?;
    let options = ReadOptions { ignored_kinds: args.ignore_kind.clone() };
    let files = manifest_files(&args.manifest, options).await?;
    if args.pin_in_place && files.iter().any(|file| !file.is_a_file()) {
        return Err(Failure::usage("--pin-in-place writes files back, not standard input or a pipe")
            .hint("--pin prints the manifests with their digests"));
    }
    let questions = Questions::of(args, &files, Objects::LeftOut)?;
    let signature_repository = args.place.named()?;
    let keys = Keys::new(None).source().allow_private_key_secret(args.allow_private_key_secret);
    let (policies, loaded) = loaded_policies(&args.policy, &keys).await?;
    let no_match = no_match(args, &policies)?;
    // Only where a policy asks for objects an image is asked about for each of them.
    let questions = match policies.look_at_objects() {
        true => Questions::of(args, &files, Objects::Named)?,
        false => questions,
    };
    let registry = registries(&args.registry)?;
    let unpinned = match args.pins() || args.allow_tag {
        true => Unpinned::Resolve,
        false => Unpinned::Deny,
    };
    let now = jiff::Timestamp::now();
    let question = Gate {
        policies: &policies,
        no_match,
        unpinned,
        signature_repository: signature_repository.as_ref(),
        now,
        deadline,
    };
    let answers = gate(&registry, &question, &questions.asked).await;
    let report = questions.report(&answers);
    // What cannot be pinned is known before anything is told or written.
    let pinned = match report.verdict() == Verdict::Allowed && args.pins() {
        true => Some(questions.pinned(&files, args.namespace.as_deref(), &answers)?),
        false => None,
    };
    let scans = match reports.have_a_page() {
        true => scans::scans(&registry, &policies, &answers, deadline, now).await,
        false => Vec::new(),
    };
    reports.write(&Page { report: &report, now, policies: &loaded, scans: &scans })?;
    deliver(args, results, &report, pinned.as_deref())?;
    report.all_warnings().iter().for_each(|warning| warn(warning));
    output.result(&report.json(), || report.text(Detail::Keys, output) + &summary(&report, output))?;
    if let (Some(pinned), true) = (&pinned, args.pin) {
        output.manifests(&pinned.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>())?;
    }
    Ok(exit(report.verdict()))
}

/// What an image gets that no policy speaks of. The webhook's own setting counts only for a policy of its own.
fn no_match(args: &GateArgs, policies: &PolicySet) -> Result<NoMatch, Failure> {
    let webhook = match (args.allow_unmatched_images, policies.has(Dialect::Tanzu)) {
        (false, _) => NoMatch::Deny,
        (true, true) => NoMatch::AllowUnmatched,
        (true, false) => {
            return Err(Failure::usage(
                "--allow-unmatched-images is a setting of the Tanzu webhook, and no policy of it is given",
            )
            .hint("--no-match warn does the same for every policy"));
        }
    };
    Ok(args.no_match.map_or_else(|| policies.no_match(webhook), NoMatch::from))
}

/// The results that Tekton reads: open, and empty until there is a decision, which is written last.
fn results(args: &GateArgs) -> Result<Option<ResultFiles<2>>, Failure> {
    let Some(folder) = &args.results_dir else { return Ok(None) };
    remove_stale(folder, LONG_LIST)?;
    ResultFiles::open(folder, ["PINNED_REFS", "DECISION"]).map(Some)
}

/// Writes the results and then the manifests in place. It comes before anything is printed: what fails here is the
/// whole answer, and then no decision stands in the results.
fn deliver(
    args: &GateArgs,
    mut results: Option<ResultFiles<2>>,
    report: &Report<'_>,
    pinned: Option<&[(&ManifestFile, String)]>,
) -> Result<(), Failure> {
    if let Some(results) = &mut results {
        results.write([&pinned_refs(args, report)?, decision_word(report.verdict())])?;
    }
    let (Some(pinned), true) = (pinned, args.pin_in_place) else { return Ok(()) };
    let replaced = replace_all(pinned);
    if let (Some(results), Some(folder), Err(_)) = (&mut results, &args.results_dir, &replaced) {
        // Why the files were not replaced is what is told, whatever becomes of this.
        let _ = results.write(["", ""]).and_then(|()| remove_stale(folder, LONG_LIST));
    }
    replaced
}

fn decision_word(verdict: Verdict) -> &'static str {
    super::report::word(verdict).0
}

/// Of several images, how many may not run: the line that is read first.
fn summary(report: &Report<'_>, output: &Output) -> String {
    let count = |verdict| report.rows.iter().filter(|row| row.decision.verdict() == verdict).count();
    let (denied, undecided) = (count(Verdict::Denied), count(Verdict::Undecided));
    let (word, tone) = super::report::word(report.verdict());
    match report.rows.len() {
        1 => String::new(),
        all => {
            let word = output.tone(tone, word);
            format!("\n{word}  {all} images: {denied} denied, {undecided} undecided\n")
        }
    }
}

/// The images with their digests as a JSON array, if all are allowed: nothing else is to be deployed. If it would be
/// too long for a result it is empty, and the list stands in a file beside it.
fn pinned_refs(args: &GateArgs, report: &Report<'_>) -> Result<String, Failure> {
    let allowed = report.rows.iter().filter(|_| report.verdict() == Verdict::Allowed);
    // A reference without a digest stands for an image that nothing was asked about.
    let mut references: Vec<&str> =
        allowed.filter(|row| row.digest.is_some()).map(|row| row.reference.as_str()).collect();
    references.sort_unstable();
    references.dedup();
    let text = serde_json::to_string(&references);
    let text = text.map_err(|error| Failure::undecided("no JSON could be made").because(error))?;
    match (&args.results_dir, text.len() > RESULT_LIMIT) {
        (Some(folder), true) => {
            ResultFiles::open(folder, [LONG_LIST])?.write([&text])?;
            // Nothing, and no empty list: whoever reads it is to fail, and not to deploy nothing.
            Ok(String::new())
        }
        _ => Ok(text),
    }
}
