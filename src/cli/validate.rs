//! `countersign validate`: the second signature, after the scan.

use std::path::{Component, Path, PathBuf};

use clap::{ArgAction, Args, ValueHint};

use super::args::{PasswordArgs, PlaceArgs, RegistryArgs, Shared, StatedArgs, WrittenFormat, image};
use super::context::{Keys, key_reference, registries};
use super::error::{Exit, Failure};
use super::files::{canonical, option_file};
use super::output::{Output, warn};
use super::policies::policies;
use super::receipts::{Finish, Finished};
use super::results::SignedResults;
use super::rules::RulesFile;
use super::sign::tag_refused;
use super::validated::{Asked, print, refusal};
use super::verify::POLICY_NAME;
use crate::flow::policies::build_requirements;
use crate::flow::validate::{
    Attested, Countersigned, Examination, Inquiry, ReportFile, ReportTexts, Storage, ValidationSigner,
    VexFile, attest, countersign, examine,
};
use crate::flow::verify::resolve;
use crate::local::files::shown;
use crate::model::manifest::Platform;
use crate::model::{Digest, PinnedRef};
use crate::policy::{Early, NoMatch, Policy, PolicySet, Required, Role, SignerRule, Verdict};
use crate::sandbox::child::ChildSandbox;
use crate::scan::report::REPORT_LIMIT;
use crate::scan::{Report, openvex};
use crate::signer::Signer;

/// Name of the signer that --build-key is.
const BUILD_SIGNER: &str = "build";

/// Most OpenVEX documents: their digests stand in one claim.
const DOCUMENTS_LIMIT: usize = 32;

/// Sign an image a second time, if it has its build signature and its scan passes
#[derive(Debug, Args)]
#[command(
    override_usage = "countersign validate <IMAGE@DIGEST> --build-key <REF>... --scan <REPORT>... --rules <FILE> --key <REF> [OPTIONS]"
)]
pub(super) struct ValidateArgs {
    /// Image: [registry/]repository[:tag]@digest, or oci:PATH[:tag]@digest
    #[arg(value_name = "IMAGE@DIGEST", value_hint = ValueHint::Other)]
    pub(super) image: String,
    /// Scan reports: JSON or CycloneDX of Trivy or Grype, or SARIF of Trivy; one or more for each platform
    #[arg(long, required = true, num_args = 1.., value_name = "REPORT", value_hint = ValueHint::FilePath)]
    scan: Vec<PathBuf>,
    /// Folder that the reports' names start from, and that none of them may leave: where others choose the names
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    scan_folder: Option<PathBuf>,
    /// SHA-256 of the reports that may be judged; any other is refused
    #[arg(long, num_args = 1.., value_name = "DIGEST", value_hint = ValueHint::Other)]
    scan_digest: Vec<String>,
    /// Judge no report unless --scan-digest names it: for pipelines, where an empty value counts as not given
    #[arg(long, requires = "scan_digest")]
    require_scan_digest: bool,
    /// Rules that the reports must pass
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    rules: PathBuf,
    /// OpenVEX documents whose statements ignore findings; the rules must trust them
    #[arg(long, num_args = 1.., value_name = "FILE", value_hint = ValueHint::FilePath)]
    vex: Vec<PathBuf>,
    /// Private key of the second signature: a file, env://NAME, or k8s://NAMESPACE/SECRET
    #[arg(long, value_name = "REF", value_hint = ValueHint::FilePath)]
    key: String,
    /// The one platform of an index that is meant: OS/ARCHITECTURE[/VARIANT]
    #[arg(long, value_name = "PLATFORM", value_hint = ValueHint::Other)]
    platform: Option<Platform>,
    #[command(flatten)]
    stated: StatedArgs,
    /// Formats to write
    #[arg(long, value_enum, default_value_t = WrittenFormat::Both, value_name = "FORMAT")]
    format: WrittenFormat,
    /// Sign the runnable manifests of an index too; each needs its own build signature
    #[arg(long, conflicts_with = "platform")]
    recursive: bool,
    /// Write the results SIGNED_REF and SIGNED_DIGEST as files into this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    results_dir: Option<PathBuf>,
    /// Attach the reports and a verification summary as attestations, once everything is signed
    #[arg(long, value_name = "BOOL", action = ArgAction::Set, num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", default_value_t = false, hide_default_value = true)]
    attest: bool,
    /// Say what would be signed, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
    // After the options without a heading: what stands below a heading belongs to it.
    #[command(flatten)]
    build: BuildArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// What the build signature must be.
#[derive(Debug, Args)]
#[command(next_help_heading = "Build signature")]
pub(super) struct BuildArgs {
    /// Public keys of which any may have made the build signature
    #[arg(long, num_args = 1.., value_name = "REF", value_hint = ValueHint::FilePath, required_unless_present = "policy")]
    build_key: Vec<String>,
    /// Policies that say what the build signature must be, in place of --build-key
    #[arg(long, num_args = 1.., value_name = "FILE", value_hint = ValueHint::AnyPath, requires = "build_signer", conflicts_with = "build_key")]
    policy: Vec<PathBuf>,
    /// The signer of these policies that makes the build signature
    #[arg(long, value_name = "NAME", requires = "policy")]
    build_signer: Option<String>,
    /// Accept a Kubernetes secret that also holds the private key
    #[arg(long)]
    allow_private_key_secret: bool,
}

pub(super) async fn run(args: &ValidateArgs, output: &Output) -> Result<Exit, Failure> {
    let image = image(&args.image)?;
    let key = key_reference(&args.key)?;
    let annotations = args.stated.claims()?;
    let rules = RulesFile::read(&args.rules).await?;
    let sandbox = ChildSandbox::of_this_program();
    let rules = rules.book(&sandbox);
    let keep = args.attest || rules.reads_reports();
    let Reports { reports, texts } = reports(args, keep).await?;
    let vex = documents(&args.vex).await?;
    let home = args.place.place(image.repository())?;
    let registry = registries(&args.registry)?;
    let results = args.results_dir.as_deref().filter(|_| !args.dry_run);
    let results = results.map(SignedResults::open).transpose()?;
    let Some(pinned) = image.pinned() else {
        let resolved = resolve(&registry, &image).await;
        return Err(tag_refused(&image, resolved.map(|(pinned, _)| pinned)));
    };
    let BuildRules { build, all } = build(&args.build, &pinned).await?;
    let now = jiff::Timestamp::now();
    let inquiry = Inquiry {
        image: &pinned,
        platform: args.platform.as_ref(),
        recursive: args.recursive,
        build: &build,
        home: &home,
        reports: &reports,
        texts: &texts,
        rules: &rules,
        vex: &vex,
        now,
    };
    let keys = Keys::new(args.passwords.password_file.clone()).source();
    let (signer, examination) = tokio::join!(keys.signer(&key), examine(&registry, &inquiry));
    let (signer, examination) = both(signer.map_err(Failure::from), examination.map_err(Failure::from))?;
    for (policies, signed) in
        all.iter().flat_map(|all| examination.builds.iter().map(move |build| (all, build)))
    {
        not_refused(policies, &signed.image)?;
    }
    let storage = Storage { place: &home, formats: args.format.formats(), dry_run: args.dry_run };
    let finished = match (examination.approve(&annotations), signer) {
        (Some(approval), Some(signer)) => {
            let signer = ValidationSigner::new(&*signer, &build, &rules)?;
            if args.attest {
                texts.fit(&approval)?;
            }
            let Countersigned { signed, grounds } =
                countersign(&registry, &signer, approval, &storage, now).await?;
            let attested = match grounds.filter(|_| args.attest) {
                Some(grounds) => attest(&registry, &signer, grounds, &storage, &texts).await,
                None => Attested::default(),
            };
            Finish { dry_run: args.dry_run, results }.attested(signed, attested)
        }
        (_, signer) => {
            signer.map(|signer| ValidationSigner::new(&*signer, &build, &rules).map(|_| ())).transpose()?;
            Finished { failure: Some(refusal(&examination)), ..Finished::default() }
        }
    };
    let warnings = examination.builds.iter().flat_map(|build| build.decision.warnings());
    warnings.for_each(|warning| warn(&warning));
    let asked = Asked { attest: args.attest, dry_run: args.dry_run };
    print(&examination, &finished, asked, output)?;
    Ok(finished.failure.map_or(Exit::Done, |failure| output.beside(&failure)))
}

/// The key and what was found out. Bad input comes before a denial, and a denial before what could not be asked: it
/// needs no key.
fn both(
    signer: Result<Box<dyn Signer>, Failure>,
    examination: Result<Examination, Failure>,
) -> Result<(Option<Box<dyn Signer>>, Examination), Failure> {
    match (signer, examination) {
        (Ok(signer), Ok(examination)) => Ok((Some(signer), examination)),
        (Ok(_), Err(failure)) => Err(failure),
        (Err(key), Ok(examination)) => match (key.exit, examination.verdict()) {
            (Exit::Undecided, Verdict::Denied) => Ok((None, examination)),
            _ => Err(key),
        },
        (Err(key), Err(failure)) => Err(if key.exit == Exit::Usage { key } else { failure }),
    }
}

/// The reports, and their bytes where they are read again.
struct Reports {
    reports: Vec<ReportFile>,
    texts: ReportTexts,
}

/// The reports; where digests were given, these and no others, and none of them missing.
async fn reports(args: &ValidateArgs, keep: bool) -> Result<Reports, Failure> {
    let expected = args.scan_digest.iter().map(|text| {
        text.parse::<Digest>().map_err(|error| Failure::usage("--scan-digest cannot be used").because(error))
    });
    let expected: Vec<Digest> = expected.collect::<Result<_, _>>()?;
    let (mut reports, mut texts) = (Vec::new(), Vec::new());
    for name in &args.scan {
        let file = option_file("--scan", &place(args, name)?, REPORT_LIMIT).await?;
        let digest = Digest::of(&file.bytes);
        if !expected.is_empty() && !expected.contains(&digest) {
            return Err(Failure::usage(format!("{} is not the report that was asked for", file.name))
                .because(format!("its digest is {digest}, and --scan-digest names another"))
                .hint("take the report as the scan step wrote it; whoever can change it can ask for a signature"));
        }
        let report = Report::parse(&file.bytes).map_err(|error| {
            Failure::usage(format!("{} cannot be judged", file.name))
                .because(error)
                .hint("give a report of Trivy or Grype, whole; docs/scan-rules.md says what it must hold")
        })?;
        reports.push(ReportFile { name: file.name, report });
        texts.extend(keep.then(|| file.bytes.into()));
    }
    match expected.iter().find(|digest| !reports.iter().any(|file| file.report.digest == **digest)) {
        Some(digest) => Err(Failure::usage(format!("no report has the digest {digest}"))
            .because("--scan-digest names it, and --scan does not")),
        None => Ok(Reports { reports, texts: texts.into_iter().collect() }),
    }
}

/// The OpenVEX documents; whether the rules trust them is asked once the images are known.
async fn documents(names: &[PathBuf]) -> Result<Vec<VexFile>, Failure> {
    let mut documents: Vec<VexFile> = Vec::new();
    for name in names {
        let file = option_file("--vex", name, openvex::SIZE_LIMIT).await?;
        // Named twice, it says what it says.
        if !documents.iter().any(|known| known.bytes == file.bytes) {
            documents.push(VexFile { name: file.name, bytes: file.bytes });
        }
    }
    match documents.len() > DOCUMENTS_LIMIT {
        true => Err(Failure::usage(format!("--vex names more than {DOCUMENTS_LIMIT} documents"))),
        false => Ok(documents),
    }
}

/// Where a report is: with `--scan-folder`, in it.
fn place(args: &ValidateArgs, name: &Path) -> Result<PathBuf, Failure> {
    let Some(folder) = &args.scan_folder else { return Ok(name.to_path_buf()) };
    let below = name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let path = folder.join(name);
    // A link could lead to a key, whose digest an error would then show. What is not there is said later.
    match below && canonical(&path).starts_with(canonical(folder)) {
        true => Ok(path),
        false => Err(Failure::usage(format!("--scan {} leads out of --scan-folder", shown(name)))
            .hint("give the report's name in that folder")),
    }
}

/// What the build signature must be, and the policies that say so, where they do.
struct BuildRules {
    build: Vec<Policy>,
    all: Option<PolicySet>,
}

/// What the build signature must be.
async fn build(args: &BuildArgs, image: &PinnedRef) -> Result<BuildRules, Failure> {
    let source = Keys::new(None).source().allow_private_key_secret(args.allow_private_key_secret);
    if let Some(signer) = &args.build_signer {
        let policies = policies(&args.policy, &source).await?;
        not_refused(&policies, image)?;
        let build = build_requirements(&policies, signer, &image.clone().into())?;
        return Ok(BuildRules { build, all: Some(policies) });
    }
    let mut keys = Vec::new();
    for name in &args.build_key {
        keys.push(source.public_key(&key_reference(name)?).await?);
    }
    let (name, claims) = (BUILD_SIGNER.to_owned(), Required::default());
    let signer = SignerRule { name, keys, role: Role::NotValidation, claims, max_age: None };
    let policy = Policy::new(POLICY_NAME, vec![signer]);
    let policy = policy.map_err(|error| Failure::usage("--build-key cannot be used").because(error))?;
    Ok(BuildRules { build: vec![policy], all: None })
}

/// What a policy denies as it is, or lists as revoked, gets no second signature.
fn not_refused(policies: &PolicySet, image: &PinnedRef) -> Result<(), Failure> {
    let early = policies.before_evidence(&image.clone().into(), None, NoMatch::Allow);
    let Early::Decided(decision) = early else { return Ok(()) };
    match decision.verdict() {
        Verdict::Denied => {
            let reason = decision.reason().map(ToString::to_string).unwrap_or_default();
            Err(Failure::denied(format!("not signed: {image} is denied by its policy")).because(reason))
        }
        Verdict::Allowed | Verdict::Undecided => Ok(()),
    }
}
