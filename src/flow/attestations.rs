//! The scans that are attached to an image as attestations by known keys, and the verifications that they belong to.
//! Nothing here is a signature, and no policy asks for any of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use tokio::time::{Instant, timeout_at};

pub use super::allowance::Allowance;
use super::aside::aside;
use super::findings::Findings;
use super::gather::{Fallback, Gathering};
use super::pointer::Pointer;
use super::survey::Sought;
use crate::model::attestation::{self, Checked};
use crate::model::predicate::summary::{self, Summary};
use crate::model::predicate::vulnerability::{self, Vulnerability};
use crate::model::time::lies_ahead;
use crate::model::verify::Remark;
use crate::model::{Digest, Fingerprint, Format, PinnedRef, PublicKey, Repository, VerifiedAttestation};
use crate::registry::Registry;
use crate::scan::Report;

/// The types of predicate that say something of a scan.
pub(super) const OF_A_SCAN: &[&str] = &[vulnerability::TYPE, summary::TYPE];

/// A scan that a key vouches for.
#[derive(Debug, Clone)]
pub struct ScanAttestation {
    /// The key that accepted the attestation.
    pub key: Fingerprint,
    /// How it is stored; where it is stored in several ways, the first that was found.
    pub format: Format,
    /// Where it was found.
    pub place: String,
    /// SHA-256 of the statement's bytes.
    pub statement: Digest,
    /// The report in it, which may be about any image: whether it is about this one is told by `Report::binds_to`.
    pub report: Report,
    /// SHA-256 of the report as a file, where it is stated: that of the claim `countersign.dev/scan-report`.
    pub report_file: Option<Digest>,
    /// When the scan finished, as the attestation states it; a time of the future is none.
    pub finished: Option<Timestamp>,
    /// The newest verification by the same key that rests on this report, and passed.
    pub summary: Option<Summary>,
}

/// What is attached to an image.
#[derive(Debug, Default)]
pub struct Attested {
    /// The scans that the keys vouch for, newest first; the same statement once, however often it is stored.
    pub scans: Vec<ScanAttestation>,
    /// What the keys vouch for, and whose report cannot be read; and why.
    pub unreadable: Vec<Remark>,
    /// Junk, and what a key accepts although it states something else.
    pub invalid: Vec<Remark>,
    /// What could not be asked or read.
    pub unreachable: Vec<Remark>,
}

/// How much is read, and until when.
#[derive(Debug, Clone)]
pub struct Bounds {
    /// What is stated to be later counts as not stated.
    pub now: Timestamp,
    /// When reading ends, with what was read until then.
    pub deadline: Instant,
    /// How many bytes are read.
    pub allowance: Allowance,
}

/// Reads the attestations of scans that one of `keys` made about `image`, in `places`. What could not be read within the
/// bounds is unreachable; what was read counts.
pub async fn scans<R: Registry>(
    registry: &R,
    image: &PinnedRef,
    places: &[Repository],
    keys: &[PublicKey],
    bounds: &Bounds,
) -> Attested {
    let digest = image.digest();
    let (keys, attested) = (keys.into(), Attested::default());
    let mut reading = Reading { image: digest, keys, now: bounds.now, attested, seen: BTreeMap::new() };
    let (sought, fallback, allowance) =
        (Sought::Attestations(OF_A_SCAN), Fallback::Always, Some(&bounds.allowance));
    for place in places {
        let gathering = Gathering { registry, place, image: &digest, sought, fallback, allowance };
        if timeout_at(bounds.deadline, gathering.run(&mut reading)).await.is_err() {
            let reason = "not all attestations could be had within the time limit (--timeout)".to_owned();
            reading.unreachable(Remark { place: format!("{place}@{digest}"), format: None, reason });
        }
    }
    reading.finished()
}

/// What was read, with no more kept of it than is told: an attestation may have 32 MiB.
struct Reading {
    image: Digest,
    keys: Arc<[PublicKey]>,
    now: Timestamp,
    attested: Attested,
    /// The statements that were read, and the summary in each that is one.
    seen: BTreeMap<Identity, Option<Summary>>,
}

impl Findings for Reading {
    async fn read(&mut self, bytes: &Bytes, pointer: &Pointer) {
        let (bytes, keys, image) = (bytes.clone(), Arc::clone(&self.keys), self.image);
        match aside(move || Stated::of(&bytes, &keys, &image)).await {
            Ok(Stated::Known(identity, what)) => self.take(identity, what, pointer),
            Ok(Stated::Invalid(reason)) => self.attested.invalid.push(remark(pointer, reason)),
            Ok(Stated::Foreign) => {}
            Err(reason) => self.attested.unreachable.push(remark(pointer, reason)),
        }
    }

    fn other(&mut self, _: Remark) {}

    fn invalid(&mut self, remark: Remark) {
        self.attested.invalid.push(remark);
    }

    fn unreachable(&mut self, remark: Remark) {
        self.attested.unreachable.push(remark);
    }
}

impl Reading {
    fn take(&mut self, identity: Identity, what: Result<What, String>, pointer: &Pointer) {
        if self.seen.contains_key(&identity) {
            return;
        }
        self.seen.insert(identity, None);
        match what {
            Ok(What::Scan(report, report_file, finished)) => {
                let (key, statement) = identity;
                let (format, place) = (pointer.format(), pointer.place.clone());
                let (finished, summary) = (self.not_ahead(finished), None);
                self.attested.scans.push(ScanAttestation {
                    key,
                    format,
                    place,
                    statement,
                    report: *report,
                    report_file,
                    finished,
                    summary,
                });
            }
            Ok(What::Summary(summary)) => {
                let verified_at = self.not_ahead(summary.verified_at);
                self.seen.insert(identity, Some(Summary { verified_at, ..*summary }));
            }
            Ok(What::Other) => {}
            Err(reason) => self.attested.unreadable.push(remark(pointer, reason)),
        }
    }

    fn not_ahead(&self, stated: Option<Timestamp>) -> Option<Timestamp> {
        stated.filter(|time| !lies_ahead(*time, self.now))
    }

    fn finished(self) -> Attested {
        let Self { mut attested, seen, .. } = self;
        for scan in &mut attested.scans {
            let of_this_key = seen.iter().filter(|((key, _), _)| *key == scan.key);
            let passed =
                of_this_key.filter_map(|(_, summary)| summary.as_ref()).filter(|summary| summary.passed);
            let rests_on_it =
                |summary: &&Summary| scan.report_file.is_some_and(|report| summary.reports.contains(&report));
            scan.summary = passed.filter(rests_on_it).max_by_key(|summary| summary.verified_at).cloned();
        }
        attested.scans.sort_by_key(|scan| {
            let verified_at = scan.summary.as_ref().and_then(|summary| summary.verified_at);
            // The report's own time is its writer's word, and some have none; the verification's is that of the key.
            std::cmp::Reverse((verified_at.or(scan.finished), scan.finished, scan.statement))
        });
        attested
    }
}

/// A key, and the digest of a statement that it signed.
type Identity = (Fingerprint, Digest);

/// What bytes state, wherever they stand.
enum Stated {
    /// A key vouches for it; or why it cannot be read.
    Known(Identity, Result<What, String>),
    /// No key vouches for it.
    Foreign,
    Invalid(String),
}

/// What a key attests.
enum What {
    /// A report, its digest as a file, and when the scan finished.
    Scan(Box<Report>, Option<Digest>, Option<Timestamp>),
    Summary(Box<Summary>),
    Other,
}

impl Stated {
    fn of(bytes: &[u8], keys: &[PublicKey], image: &Digest) -> Self {
        match attestation::check(bytes, keys, image) {
            Checked::Verified(verified) => {
                Self::Known((verified.key(), verified.statement()), What::of(&verified))
            }
            Checked::Invalid(reason) => Self::Invalid(reason),
            Checked::Unmatched | Checked::Other(_) => Self::Foreign,
        }
    }
}

impl What {
    fn of(verified: &VerifiedAttestation) -> Result<Self, String> {
        match verified.predicate_type() {
            vulnerability::TYPE => {
                let Vulnerability { result, finished, report } =
                    Vulnerability::of(verified).map_err(|error| error.to_string())?;
                let parsed =
                    Report::parse(result.as_bytes()).map_err(|error| format!("its report: {error}"))?;
                Ok(Self::Scan(Box::new(parsed), report, finished))
            }
            summary::TYPE => {
                Summary::of(verified).map(Box::new).map(Self::Summary).map_err(|error| error.to_string())
            }
            _ => Ok(Self::Other),
        }
    }
}

fn remark(pointer: &Pointer, reason: String) -> Remark {
    Remark { place: pointer.place.clone(), format: Some(pointer.format()), reason }
}
