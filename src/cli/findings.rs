//! `countersign report`: what the scan of an image found, as a key attests it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use clap::{Args, ValueHint};
use jiff::Timestamp;
use serde::Serialize;

use super::args::{PlaceArgs, RegistryArgs, Shared, image};
use super::context::{Keys, key_reference, registries};
use super::error::{ErrorJson, Exit, Failure};
use super::output::{Output, Tone};
use super::scan_table::{findings_text, severities, worst_first};
use crate::flow::attestations::{Allowance, Bounds};
use crate::flow::scans::{ScanReport, Scanned, report};
use crate::flow::verify::resolve;
use crate::model::verify::Remark;
use crate::model::{Digest, Fingerprint, Format, PinnedRef};
use crate::scan::Finding;
use crate::scan::finding::Severity;

/// Show what the newest scan of an image found, as `validate --attest` attached it
#[derive(Debug, Args)]
#[command(override_usage = "countersign report <IMAGE> --key <REF>... [OPTIONS]")]
pub(super) struct ReportArgs {
    /// Image: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    #[arg(value_name = "IMAGE", value_hint = ValueHint::Other)]
    pub(super) image: String,
    /// Public keys of which any may have attested the scan: files, env://NAME, or k8s-configmap://NAMESPACE/NAME
    #[arg(long, required = true, num_args = 1.., value_name = "REF", value_hint = ValueHint::FilePath)]
    key: Vec<String>,
    /// Accept a Kubernetes secret that also holds the private key
    #[arg(long)]
    allow_private_key_secret: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// The result in JSON (docs/json.md).
#[derive(Serialize)]
struct ReportJson<'a> {
    reference: String,
    digest: Digest,
    scans: Vec<ScannedJson<'a>>,
    unscanned: Vec<UnscannedJson>,
    unusable: &'a [Remark],
    invalid: &'a [Remark],
    unreachable: &'a [Remark],
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorJson<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ScannedJson<'a> {
    reference: String,
    digest: Digest,
    platform: String,
    key: Fingerprint,
    format: Format,
    #[serde(rename = "where")]
    place: &'a str,
    scanner: String,
    scanned_at: Option<String>,
    report: Option<Digest>,
    verified_at: Option<String>,
    rules: Option<Digest>,
    severities: BTreeMap<Severity, usize>,
    findings: Vec<&'a Finding>,
}

#[derive(Serialize)]
struct UnscannedJson {
    reference: String,
    digest: Digest,
    platform: String,
}

impl<'a> From<&'a Scanned> for ScannedJson<'a> {
    fn from(scanned: &'a Scanned) -> Self {
        let Scanned { image, platform, scan } = scanned;
        let summary = scan.summary.as_ref();
        Self {
            reference: image.to_string(),
            digest: image.digest(),
            platform: platform.to_string(),
            key: scan.key,
            format: scan.format,
            place: &scan.place,
            scanner: scan.report.scanner.to_string(),
            scanned_at: scan.finished.map(|time| time.to_string()),
            report: scan.report_file,
            verified_at: summary.and_then(|summary| summary.verified_at).map(|time| time.to_string()),
            rules: summary.and_then(|summary| summary.policy_digest),
            severities: scan.report.severities(),
            findings: worst_first(&scan.report.findings),
        }
    }
}

pub(super) async fn run(args: &ReportArgs, output: &Output) -> Result<Exit, Failure> {
    let deadline = args.shared.deadline();
    let image = image(&args.image)?;
    let registry = registries(&args.registry)?;
    let place = args.place.place(image.repository())?;
    let source = Keys::new(None).source().allow_private_key_secret(args.allow_private_key_secret);
    let mut keys = Vec::new();
    for name in &args.key {
        keys.push(source.public_key(&key_reference(name)?).await?);
    }
    if keys.is_empty() {
        return Err(Failure::usage("no --key is given: anybody could have attested a scan"));
    }
    let (pinned, _) = resolve(&registry, &image).await?;
    let bounds = Bounds { now: Timestamp::now(), deadline, allowance: Allowance::of_one() };
    let found = report(&registry, &pinned, &[place], &keys, &bounds).await?;
    let failure = failure(&pinned, &found);
    let value = json(&pinned, &found, failure.as_ref());
    output.result(&value, || text(&found, output))?;
    Ok(failure.map_or(Exit::Done, |failure| output.beside(&failure)))
}

fn json<'a>(image: &PinnedRef, found: &'a ScanReport, failure: Option<&'a Failure>) -> ReportJson<'a> {
    let unscanned = found.unscanned.iter().map(|(image, platform)| UnscannedJson {
        reference: image.to_string(),
        digest: image.digest(),
        platform: platform.to_string(),
    });
    ReportJson {
        reference: image.to_string(),
        digest: image.digest(),
        scans: found.scanned.iter().map(ScannedJson::from).collect(),
        unscanned: unscanned.collect(),
        unusable: &found.unusable,
        invalid: &found.invalid,
        unreachable: &found.unreachable,
        error: failure.map(ErrorJson::from),
    }
}

/// Why there is not the newest scan of everything: something could not be asked, or there is none.
fn failure(image: &PinnedRef, found: &ScanReport) -> Option<Failure> {
    if !found.unreachable.is_empty() {
        return Some(
            Failure::undecided(format!("not everything that is attached to {image} could be read"))
                .because("a newer scan may be among it")
                .hint(
                    "the reasons stand above; run it again when the registry answers, or with more time (--timeout)",
                ),
        );
    }
    let (unscanned, platform) = found.unscanned.first()?;
    Some(
        Failure::denied(format!("{unscanned} ({platform}) has no scan that one of these keys attests")).hint(
            "`validate --attest` attaches one; `inspect --attestations` shows what is there, by whomever",
        ),
    )
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.
fn text(found: &ScanReport, output: &Output) -> String {
    let mut text = String::new();
    for scanned in &found.scanned {
        scanned_text(&mut text, scanned, output);
    }
    let remarks =
        [("unusable", &found.unusable), ("invalid", &found.invalid), ("unreachable", &found.unreachable)];
    for (word, remarks) in remarks {
        for Remark { place, reason, .. } in remarks {
            let _ = writeln!(text, "{} {place}: {reason}", output.tone(Tone::Unsure, word));
        }
    }
    text
}

fn scanned_text(text: &mut String, scanned: &Scanned, output: &Output) {
    let Scanned { image, platform, scan } = scanned;
    let reference = output.tone(Tone::Strong, &image.to_string());
    let _ = writeln!(text, "{reference}  {platform}");
    let time = |time: Option<Timestamp>| time.map_or("at no stated time".to_owned(), |time| time.to_string());
    let mut lines = vec![format!("scanned {} by {}", time(scan.finished), scan.report.scanner)];
    lines.push(match &scan.summary {
        Some(summary) => {
            let rules = summary
                .policy_digest
                .map_or("unnamed rules".to_owned(), |rules| format!("the rules {rules}"));
            format!("passed {} under {rules}", time(summary.verified_at))
        }
        None => "no verification summary rests on this report".to_owned(),
    });
    lines.push(format!("attested by {}, {} {}", scan.key, scan.format, scan.place));
    lines.push(severities(&scan.report.severities()));
    for line in lines {
        let _ = writeln!(text, "  {}", output.tone(Tone::Faint, &line));
    }
    text.push_str(&findings_text(&worst_first(&scan.report.findings), output));
}
