//! The scans that are attached to an image as attestations by known keys, and the verifications that they belong to.
//! Nothing here is a signature, and no policy asks for any of it.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

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

/// Reads the attestations of scans that one of `keys` made about `image`, in `places`, at the time `now`: what is
/// stated to be later counts as not stated.
pub async fn scans<R: Registry>(
    registry: &R,
    image: &PinnedRef,
    places: &[Repository],
    keys: &[PublicKey],
    now: Timestamp,
) -> Attested {
    let digest = image.digest();
    let mut reading =
        Reading { image: &digest, keys, now, attested: Attested::default(), seen: BTreeMap::new() };
    let (sought, fallback) = (Sought::Attestations(OF_A_SCAN), Fallback::Always);
    for place in places {
        Gathering { registry, place, image: &digest, sought, fallback }.run(&mut reading).await;
    }
    reading.finished()
}

/// What was read, with no more kept of it than is told: an attestation may have 32 MiB.
struct Reading<'a> {
    image: &'a Digest,
    keys: &'a [PublicKey],
    now: Timestamp,
    attested: Attested,
    /// The statements that were read, and the summary in each that is one.
    seen: BTreeMap<(Fingerprint, Digest), Option<Summary>>,
}

impl Findings for Reading<'_> {
    fn read(&mut self, bytes: &Bytes, pointer: &Pointer) {
        match attestation::check(bytes, self.keys, self.image) {
            Checked::Verified(verified) => self.take(&verified, pointer),
            Checked::Invalid(reason) => self.attested.invalid.push(remark(pointer, reason)),
            Checked::Unmatched | Checked::Other(_) => {}
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

impl Reading<'_> {
    fn take(&mut self, verified: &VerifiedAttestation, pointer: &Pointer) {
        let identity = (verified.key(), verified.statement());
        if self.seen.contains_key(&identity) {
            return;
        }
        self.seen.insert(identity, None);
        match verified.predicate_type() {
            vulnerability::TYPE => match scan(verified, pointer) {
                Ok(scan) => {
                    let finished = self.not_ahead(scan.finished);
                    self.attested.scans.push(ScanAttestation { finished, ..scan });
                }
                Err(reason) => self.attested.unreadable.push(remark(pointer, reason)),
            },
            summary::TYPE => match Summary::of(verified) {
                Ok(summary) => {
                    let verified_at = self.not_ahead(summary.verified_at);
                    self.seen.insert(identity, Some(Summary { verified_at, ..summary }));
                }
                Err(error) => self.attested.unreadable.push(remark(pointer, error.to_string())),
            },
            _ => {}
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

fn scan(verified: &VerifiedAttestation, pointer: &Pointer) -> Result<ScanAttestation, String> {
    let Vulnerability { result, finished, report: report_file } =
        Vulnerability::of(verified).map_err(|error| error.to_string())?;
    let report = Report::parse(result.as_bytes()).map_err(|error| format!("its report: {error}"))?;
    Ok(ScanAttestation {
        key: verified.key(),
        format: pointer.format(),
        place: pointer.place.clone(),
        statement: verified.statement(),
        report,
        report_file,
        finished,
        summary: None,
    })
}

fn remark(pointer: &Pointer, reason: String) -> Remark {
    Remark { place: pointer.place.clone(), format: Some(pointer.format()), reason }
}
