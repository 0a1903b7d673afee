//! What may be attested, and with which reports. cosign takes any bundle by a key for a signature by that key, so
//! nothing may be attested but what was signed: [`Grounds`] are made by [`super::countersign`] alone, once every
//! signature of an approval is stored.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::statements::vulnerability;
use super::{Approval, Storage, ValidateError};
use crate::flow::FlowError;
use crate::flow::prepare::Known;
use crate::flow::sign::Receipt;
use crate::model::{Claims, Digest};
use crate::scan::report::Scanner;

/// A report that passed.
#[derive(Debug, Clone)]
pub(super) struct PassedReport {
    pub(super) name: String,
    pub(super) digest: Digest,
    pub(super) scanner: Scanner,
    pub(super) time: Option<jiff::Timestamp>,
}

/// The bytes of reports, by their digests.
#[derive(Default)]
pub struct ReportTexts(BTreeMap<Digest, Bytes>);

impl FromIterator<Bytes> for ReportTexts {
    fn from_iter<I: IntoIterator<Item = Bytes>>(texts: I) -> Self {
        Self(texts.into_iter().map(|text| (Digest::of(&text), text)).collect())
    }
}

impl ReportTexts {
    /// The report with that digest, if it was kept.
    pub(super) fn of(&self, report: Digest) -> Option<&[u8]> {
        self.0.get(&report).map(|text| text.as_ref())
    }

    pub(super) fn get(&self, report: &PassedReport) -> Result<&Bytes, FlowError> {
        let missing = || FlowError::Input(format!("{}: its bytes are not at hand", report.name));
        self.0.get(&report.digest).ok_or_else(missing)
    }

    /// Whether every report of `approval` can be attached: to be asked before anything is signed.
    ///
    /// # Errors
    /// [`ValidateError::Unattachable`]: one is too large, or nested too deep.
    pub fn fit(&self, approval: &Approval) -> Result<(), ValidateError> {
        for known in &approval.images {
            for report in approval.passed.get(&known.image.digest()).into_iter().flatten() {
                let statement = vulnerability(&known.image, report, self.get(report)?)?;
                statement.readable().map_err(|reason| ValidateError::Unattachable {
                    name: report.name.clone(),
                    image: known.image.to_string(),
                    reason,
                })?;
            }
        }
        Ok(())
    }
}

/// Images whose second signatures this run has stored, or found stored, in every format asked for: nothing else is
/// ever attested. In a dry run they are none, and only say what would be attached.
pub struct Grounds {
    images: Vec<Ground>,
    dry_run: bool,
}

/// One of them.
pub(super) struct Ground {
    pub(super) known: Known,
    pub(super) claims: Claims,
    pub(super) reports: Vec<PassedReport>,
}

impl Grounds {
    /// The images, in the order in which they were signed.
    pub(super) fn images(&self) -> &[Ground] {
        &self.images
    }

    /// Whether nothing is to be written.
    pub(super) fn is_dry_run(&self) -> bool {
        self.dry_run
    }

    /// What may be attested after an approval was signed, if all of it was.
    pub(super) fn of(
        images: Vec<Known>,
        mut passed: BTreeMap<Digest, Vec<PassedReport>>,
        receipts: &[Receipt],
        storage: &Storage<'_>,
    ) -> Option<Self> {
        let stored = |receipt: &Receipt| {
            receipt.failed.is_empty()
                && (storage.dry_run || storage.formats.iter().all(|format| receipt.formats.contains(format)))
        };
        let ground = |known: Known| {
            let digest = known.image.digest();
            let receipt = receipts.iter().find(|receipt| receipt.digest == digest && stored(receipt))?;
            let reports = passed.remove(&digest).filter(|reports| !reports.is_empty())?;
            Some(Ground { known, claims: receipt.claims.clone(), reports })
        };
        let images = images.into_iter().map(ground).collect::<Option<Vec<_>>>()?;
        Some(Self { images, dry_run: storage.dry_run })
    }
}
