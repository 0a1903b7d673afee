//! The attestations on a digest as they are found. No key is asked: what they say is what their writers say.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use super::{Attached, HINT_LIMIT, Kind};
use crate::flow::allowance::Allowance;
use crate::flow::aside::aside;
use crate::flow::findings::Findings;
use crate::flow::gather::{Fallback, Gathering};
use crate::flow::pointer::Pointer;
use crate::flow::survey::{Sought, shown_type};
use crate::model::attestation::{Attestation, Read};
use crate::model::predicate::summary::{self, Summary};
use crate::model::predicate::vulnerability::{self, Vulnerability};
use crate::model::verify::Remark;
use crate::model::{Digest, Repository};
use crate::registry::Registry;
use crate::scan::Report;
use crate::scan::finding::Severity;

/// What an attestation says, as far as its predicate is known here.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stated {
    /// The predicate's type, cut and escaped.
    pub predicate_type: String,
    /// Who scanned.
    pub scanner: Option<String>,
    /// When the scan finished.
    pub scanned_at: Option<String>,
    /// How many findings there are of each severity.
    pub severities: Option<BTreeMap<Severity, usize>>,
    /// When the image was verified.
    pub verified_at: Option<String>,
    /// Whether it passed then.
    pub passed: Option<bool>,
    /// SHA-256 of the rules that it was verified under.
    pub rules: Option<Digest>,
}

impl Stated {
    /// What it says, and why not all of it can be told.
    fn of(attestation: &Attestation) -> (Self, Option<String>) {
        let (kind, predicate) = (attestation.predicate_type(), attestation.unverified_predicate());
        let stated = match kind {
            vulnerability::TYPE => Self::scan(predicate),
            summary::TYPE => Summary::parse(predicate).map(Self::summary).map_err(|error| error.to_string()),
            _ => Ok(Self::default()),
        };
        let (stated, reason) = match stated {
            Ok(stated) => (stated, None),
            Err(reason) => (Self::default(), Some(reason)),
        };
        (Self { predicate_type: shown_type(kind), ..stated }, reason)
    }

    fn scan(predicate: &str) -> Result<Self, String> {
        let scan = Vulnerability::parse(predicate).map_err(|error| error.to_string())?;
        let report = Report::parse(scan.result.as_bytes());
        let report = report.map_err(|error| format!("its report: {error}"))?;
        Ok(Self {
            scanner: Some(report.scanner.to_string()),
            scanned_at: scan.finished.map(|time| time.to_string()),
            severities: Some(report.severities()),
            ..Self::default()
        })
    }

    fn summary(summary: Summary) -> Self {
        Self {
            verified_at: summary.verified_at.map(|time| time.to_string()),
            passed: Some(summary.passed),
            rules: summary.policy_digest,
            ..Self::default()
        }
    }
}

/// Adds the attestations on `image` in `place` to what is attached, each in place of the remark that it is none of
/// the signatures.
pub(super) async fn add<R: Registry>(
    registry: &R,
    place: &Repository,
    image: &Digest,
    allowance: &Allowance,
    attached: &mut Vec<Attached>,
    unreachable: &mut Vec<Remark>,
) {
    let sought = Sought::Attestations(&[]);
    let (fallback, allowance) = (Fallback::Always, Some(allowance));
    let gathering = Gathering { registry, place, image, sought, fallback, allowance };
    let mut reading = Reading { image, found: Vec::new(), unreachable: Vec::new() };
    gathering.run(&mut reading).await;
    let Reading { found, unreachable: unread, .. } = reading;
    attached.retain(|known| !found.iter().any(|found| found.place == known.place));
    attached.extend(found);
    let new = unread.into_iter().filter(|remark| !unreachable.contains(remark)).collect::<Vec<_>>();
    unreachable.extend(new);
}

struct Reading<'a> {
    image: &'a Digest,
    found: Vec<Attached>,
    unreachable: Vec<Remark>,
}

impl Findings for Reading<'_> {
    async fn read(&mut self, bytes: &Bytes, pointer: &Pointer) {
        let (bytes, image) = (bytes.clone(), *self.image);
        match aside(move || Seen::of(&bytes, &image)).await {
            Ok(seen) => self.found.extend(seen.map(|seen| seen.attached(pointer))),
            Err(reason) => self.unreachable.push(Remark {
                place: pointer.place.clone(),
                format: Some(pointer.format()),
                reason,
            }),
        }
    }

    fn other(&mut self, _: Remark) {}
    fn invalid(&mut self, _: Remark) {}

    fn unreachable(&mut self, remark: Remark) {
        self.unreachable.push(remark);
    }
}

/// What bytes say, wherever they stand.
struct Seen {
    kind: Kind,
    hint: Option<String>,
    states: Option<Stated>,
    reason: Option<String>,
}

impl Seen {
    /// Nothing for what is no attestation: the listing of signatures says what that is.
    fn of(bytes: &[u8], image: &Digest) -> Option<Self> {
        let invalid = |hint, reason| Self { kind: Kind::Invalid, hint, states: None, reason: Some(reason) };
        let attestation = match Attestation::read(bytes) {
            Read::Attestation(attestation) => attestation,
            Read::Other(_) => return None,
            Read::Invalid(reason) => return Some(invalid(None, reason)),
        };
        let hint = attestation.hint().map(|hint| hint.chars().take(HINT_LIMIT).collect());
        Some(match attestation.speaks_of(image) {
            Ok(()) => {
                let (stated, reason) = Stated::of(&attestation);
                Self { kind: Kind::Attestation, hint, states: Some(stated), reason }
            }
            Err(reason) => invalid(hint, reason),
        })
    }

    fn attached(self, pointer: &Pointer) -> Attached {
        Attached {
            kind: self.kind,
            format: Some(pointer.format()),
            place: pointer.place.clone(),
            size: Some(pointer.size),
            key_hint: self.hint,
            claims: None,
            states: self.states,
            reason: self.reason,
        }
    }
}
