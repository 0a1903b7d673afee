//! The second signature: the build signature is verified and the reports are judged, and only if all of that
//! passes is there anything that can be signed.

mod attest;
mod claims;
mod grounds;
mod reports;
mod statements;
pub(super) mod subjects;
mod vex;

use std::collections::BTreeMap;

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;

use super::FlowError;
use super::prepare::{Known, prepare_known};
use super::sign::{Order, SIDE_BY_SIDE, Signed, Stated, StatedClaims, sign};
use super::verify::{Answer, Question, Until, verify};
use crate::model::json::JsonError;
use crate::model::manifest::Platform;
use crate::model::{Claims, Digest, Fingerprint, Format, PinnedRef, Repository};
use crate::policy::{Pending, Policy, Verdict};
use crate::registry::Registry;
use crate::sandbox::{Sandbox, SandboxError};
use crate::scan::rego::{Input, InputError};
use crate::scan::{BindingError, JudgeError, Passed, RegoRules, Report, Rules, VexError};
use crate::signer::Signer;

pub use attest::{AttestationReceipt, Attested, attest};
use grounds::PassedReport;
pub use grounds::{Grounds, ReportTexts};
pub use reports::JudgedReport;
use reports::{bind_all, judge_all};
use subjects::{Subjects, subjects};
pub use vex::VexFile;

/// A report and the file that it came from.
pub struct ReportFile {
    /// The file's name, to be shown.
    pub name: String,
    /// What it says.
    pub report: Report,
}

/// The rules that reports must pass.
pub enum RuleBook<'a> {
    /// Rules of our own form.
    Written(&'a Rules),
    /// Rules in Rego, and what evaluates them.
    Rego {
        /// The rules.
        rules: &'a RegoRules,
        /// What evaluates them.
        sandbox: &'a dyn Sandbox,
    },
}

impl RuleBook<'_> {
    /// Whoever signs an image may not say what in it does not count.
    fn does_not_trust(&self, signer: Fingerprint, role: &'static str) -> Result<(), ValidateError> {
        let trusted = match self {
            Self::Written(rules) => rules.vex_keys(),
            Self::Rego { .. } => &[],
        };
        match trusted.iter().any(|key| key.fingerprint() == signer) {
            true => Err(ValidateError::VexKey { key: signer, role }),
            false => Ok(()),
        }
    }

    /// Whether they read a report as it was written.
    pub fn reads_reports(&self) -> bool {
        match self {
            Self::Written(_) => false,
            Self::Rego { rules, .. } => rules.input() != Input::CycloneDx,
        }
    }
}

/// What is to be found out before anything is signed.
pub struct Inquiry<'a> {
    /// The image.
    pub image: &'a PinnedRef,
    /// The one platform of an index that is meant, if not all.
    pub platform: Option<&'a Platform>,
    /// Whether each runnable child of an index is signed too, before it.
    pub recursive: bool,
    /// What the build signature must be: policies with the build signer alone, all of which must be satisfied.
    pub build: &'a [Policy],
    /// The repository that signatures are looked for in first.
    pub home: &'a Repository,
    /// The reports.
    pub reports: &'a [ReportFile],
    /// The bytes of reports, where the rules read them.
    pub texts: &'a ReportTexts,
    /// The rules.
    pub rules: &'a RuleBook<'a>,
    /// Documents that say which findings do not count.
    pub vex: &'a [VexFile],
    /// The time.
    pub now: Timestamp,
}

/// What was found out.
pub struct Examination {
    /// The judgement of each report.
    pub judged: Vec<JudgedReport>,
    /// Whether the build signature is there, for each image that would be signed; the asked one last.
    pub builds: Vec<Answer>,
    /// What would be signed, in the order of `builds`.
    images: Vec<Known>,
}

/// Why there is nothing to judge. All but [`ValidateError::Flow`] are bad input.
#[derive(Debug, thiserror::Error)]
pub enum ValidateError {
    /// A request failed, or what was fetched cannot be used.
    #[error(transparent)]
    Flow(#[from] FlowError),
    /// An index without anything that runs.
    #[error("{0}: nothing in this index runs, so nothing was scanned")]
    NothingRuns(PinnedRef),
    /// No child of that platform, or several.
    #[error("{image}: not exactly one manifest for {asked}; there are {there}")]
    Platform {
        /// The image.
        image: String,
        /// What was asked for.
        asked: String,
        /// What is there.
        there: String,
    },
    /// A configuration that is not an image's.
    #[error("{image}: its configuration is not an image's: {cause}")]
    NoConfiguration {
        /// The image.
        image: String,
        /// Why.
        cause: JsonError,
    },
    /// A report about something else.
    #[error("{name}: {cause}")]
    AnotherImage {
        /// The report.
        name: String,
        /// Why it does not bind.
        cause: BindingError,
    },
    /// A report about none of an index's children.
    #[error("{name}: the report speaks of none of the {runnable} platforms of {image}")]
    NoChild {
        /// The report.
        name: String,
        /// The index.
        image: String,
        /// Number of runnable children.
        runnable: usize,
    },
    /// A report about several of an index's children.
    #[error("{name}: the report speaks of {} at once, and must speak of one", .images.join(" and "))]
    SeveralChildren {
        /// The report.
        name: String,
        /// The platforms.
        images: Vec<String>,
    },
    /// A platform that was not scanned.
    #[error("{image} ({platform}) has no scan report")]
    Unscanned {
        /// The platform manifest.
        image: String,
        /// Its platform.
        platform: String,
    },
    /// A report that cannot be judged by the rules.
    #[error("{name}: {cause}")]
    Unjudged {
        /// The report.
        name: String,
        /// Why.
        cause: JudgeError,
    },
    /// A document that the rules do not trust, or that is not understood.
    #[error("{name}: {cause}")]
    Vex {
        /// The document's file.
        name: String,
        /// Why it cannot be used.
        cause: VexError,
    },
    /// A document about something else.
    #[error("{name}: no statement in it is about {image}")]
    UnusedVex {
        /// The document's file.
        name: String,
        /// The image.
        image: String,
    },
    /// Documents beside rules that cannot trust any.
    #[error("rules in Rego trust no OpenVEX document")]
    VexForRego,
    /// A report that rules in Rego do not read.
    #[error("{name}: {cause}")]
    NoInput {
        /// The report.
        name: String,
        /// Why.
        cause: InputError,
    },
    /// Rules in Rego that gave no answer.
    #[error("{name}: {cause}")]
    Rego {
        /// The report that they were asked about.
        name: String,
        /// Why.
        cause: SandboxError,
    },
    /// A report that cannot be attached.
    #[error("{name} cannot be attached to {image}: {reason}")]
    Unattachable {
        /// The report.
        name: String,
        /// The image.
        image: String,
        /// Which limit it exceeds.
        reason: String,
    },
    /// The rules trust the statements of a key that signs images.
    #[error(
        "`spec.vex.keys` in the rules names the {role} key {key}: its owner would say which findings do not count"
    )]
    VexKey {
        /// The key.
        key: Fingerprint,
        /// `build` or `validation`.
        role: &'static str,
    },
    /// One key would give both signatures.
    #[error("the validation key is the build key {0}: one key cannot give both signatures")]
    OneKey(Fingerprint),
}

/// A signer whose key is none of those that the build signature is accepted from.
pub struct ValidationSigner<'a>(&'a dyn Signer);

impl<'a> ValidationSigner<'a> {
    /// `signer`, unless it is one of the build keys, or one whose statements the rules trust.
    ///
    /// # Errors
    /// [`ValidateError::OneKey`], [`ValidateError::VexKey`].
    pub fn new(
        signer: &'a dyn Signer,
        build: &[Policy],
        rules: &RuleBook<'_>,
    ) -> Result<Self, ValidateError> {
        let own = signer.public_key().fingerprint();
        rules.does_not_trust(own, "validation")?;
        match build.iter().flat_map(Policy::keys).any(|key| key.fingerprint() == own) {
            true => Err(ValidateError::OneKey(own)),
            false => Ok(Self(signer)),
        }
    }
}

/// Finds out all that a validation rests on. Nothing is written.
///
/// # Errors
/// [`ValidateError`]. That a report fails or a signature is missing is no error here.
pub async fn examine<R: Registry>(registry: &R, inquiry: &Inquiry<'_>) -> Result<Examination, ValidateError> {
    for key in inquiry.build.iter().flat_map(Policy::keys) {
        inquiry.rules.does_not_trust(key.fingerprint(), "build")?;
    }
    // Which child is asked about is known only once the index was read.
    let early = async {
        match inquiry.platform {
            None => Some(build_signature(registry, inquiry, inquiry.image).await),
            Some(_) => None,
        }
    };
    let (subjects, early) = tokio::join!(subjects(registry, inquiry.image, inquiry.platform), early);
    let Subjects { top, runnable, is_index } = subjects?;
    let bound = bind_all(inquiry.reports, &runnable, inquiry.image)?;
    let documents = vex::trusted(inquiry, &runnable)?;
    let judged = judge_all(bound, inquiry, &documents).await?;
    let mut images: Vec<Known> = match is_index && inquiry.recursive {
        true => runnable.into_iter().map(|runnable| runnable.known).collect(),
        false => Vec::new(),
    };
    let mut builds: Vec<Answer> = stream::iter(&images)
        .map(|known| build_signature(registry, inquiry, &known.image))
        .buffered(SIDE_BY_SIDE)
        .collect()
        .await;
    builds.push(match early {
        Some(answer) => answer,
        None => build_signature(registry, inquiry, &top.image).await,
    });
    images.push(top);
    Ok(Examination { judged, builds, images })
}

/// All evidence is gathered, also where less would do: the second signature names every build key that signed.
async fn build_signature<R: Registry>(registry: &R, inquiry: &Inquiry<'_>, image: &PinnedRef) -> Answer {
    let Inquiry { build, home, now, .. } = *inquiry;
    let pending = Pending::of(build);
    let until = Until::Complete;
    verify(registry, &Question { image, seen: true, home, pending: &pending, until, now }).await
}

impl Examination {
    /// The answer over reports and build signatures.
    pub fn verdict(&self) -> Verdict {
        let judged = self.judged.iter().map(JudgedReport::verdict);
        let builds = self.builds.iter().map(|build| build.decision.verdict());
        judged.chain(builds).max().unwrap_or(Verdict::Denied)
    }

    /// What may be signed, if every report passes and every build signature is there; with `annotations` beside
    /// what the validation itself states.
    pub fn approve(&self, annotations: &Claims) -> Option<Approval> {
        if self.verdict() != Verdict::Allowed {
            return None;
        }
        let (mut claims, mut passed_reports) = (BTreeMap::new(), BTreeMap::new());
        for (known, build) in self.images.iter().zip(&self.builds) {
            let digest = known.image.digest();
            let own: Vec<&JudgedReport> =
                self.judged.iter().filter(|judged| judged.image == known.image).collect();
            // An index rests on all reports, a platform manifest on its own.
            let reports = if own.is_empty() { self.judged.iter().collect() } else { own };
            let passed: Option<Vec<&Passed>> = reports.iter().map(|judged| judged.passed()).collect();
            claims.insert(digest, claims::validation(annotations, build, &passed?)?);
            let passed = reports.iter().map(|judged| judged.passed_report()).collect::<Option<_>>()?;
            passed_reports.insert(digest, passed);
        }
        Some(Approval { images: self.images.clone(), claims, passed: passed_reports })
    }
}

/// What may be signed, and what is stated: nothing but [`Examination::approve`] makes one.
pub struct Approval {
    images: Vec<Known>,
    claims: BTreeMap<Digest, Claims>,
    /// The reports that each rests on.
    passed: BTreeMap<Digest, Vec<PassedReport>>,
}

/// What came of an approval.
pub struct Countersigned {
    /// The signatures.
    pub signed: Signed,
    /// What may be attested now: nothing unless every signature is stored in every format asked for.
    pub grounds: Option<Grounds>,
}

/// Where and how the second signature is stored.
pub struct Storage<'a> {
    /// The repository that holds the signatures.
    pub place: &'a Repository,
    /// The formats to write.
    pub formats: &'a [Format],
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

/// Signs what was approved: children first, the image asked about last.
///
/// # Errors
/// What is stored beside the images could not be read: nothing was written.
pub async fn countersign<R: Registry>(
    registry: &R,
    signer: &ValidationSigner<'_>,
    approval: Approval,
    storage: &Storage<'_>,
    now: Timestamp,
) -> Result<Countersigned, FlowError> {
    let Approval { images, claims, passed } = approval;
    let Some(image) = images.last().map(|known| known.image.clone()) else {
        return Err(FlowError::Input("nothing was approved".to_owned()));
    };
    // Before the first is signed: an index's reports may be more than a claim can name.
    for claims in claims.values() {
        claims.within_limits().map_err(|error| {
            FlowError::Input(format!("{image}: {error}; name fewer reports, one platform at a time"))
        })?;
    }
    let Storage { place, formats, dry_run } = *storage;
    let order = Order { image: &image, place, formats, recursive: false, dry_run };
    let prepared = prepare_known(registry, &order, images.clone()).await?;
    let stated = Stated { claims: StatedClaims::Each(&claims), now };
    let signed = sign(registry, signer.0, &order, &stated, &prepared).await;
    let all = signed.stopped.is_none();
    let grounds = all.then(|| Grounds::of(images, passed, &signed.receipts, storage)).flatten();
    Ok(Countersigned { signed, grounds })
}
