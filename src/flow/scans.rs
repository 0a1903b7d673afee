//! The newest scan of everything that an image runs, as known keys attest it.

use super::attestations::{Attested, Bounds, ScanAttestation, scans};
use super::validate::ValidateError;
use super::validate::subjects::{Runnable, Subjects, subjects};
use crate::model::manifest::Platform;
use crate::model::verify::Remark;
use crate::model::{PinnedRef, PublicKey, Repository};
use crate::registry::Registry;
use crate::scan::{AmongError, Subject};

/// What keys attest of the scans of an image.
#[derive(Debug)]
pub struct ScanReport {
    /// One for everything that runs and was scanned.
    pub scanned: Vec<Scanned>,
    /// What runs, and was not scanned by anybody's word that counts.
    pub unscanned: Vec<(PinnedRef, Platform)>,
    /// What a key attests and cannot be used; and why.
    pub unusable: Vec<Remark>,
    /// Junk, and what a key accepts although it states something else.
    pub invalid: Vec<Remark>,
    /// What could not be asked or read: a newer scan may be among it.
    pub unreachable: Vec<Remark>,
}

/// A platform manifest, and its newest scan.
#[derive(Debug)]
pub struct Scanned {
    /// The platform manifest.
    pub image: PinnedRef,
    /// Its platform.
    pub platform: Platform,
    /// The scan.
    pub scan: ScanAttestation,
}

/// Reads the attestations on `image` in `places`, and finds the newest within `bounds` for each platform that it
/// runs on: that which was verified last.
///
/// # Errors
/// The image is not there, could not be read, or is none.
pub async fn report<R: Registry>(
    registry: &R,
    image: &PinnedRef,
    places: &[Repository],
    keys: &[PublicKey],
    bounds: &Bounds,
) -> Result<ScanReport, ValidateError> {
    let (subjects, attested) =
        tokio::join!(subjects(registry, image, None), scans(registry, image, places, keys, bounds));
    let Subjects { runnable, .. } = subjects?;
    let Attested { scans, unreadable, invalid, unreachable } = attested;
    let mut report =
        ScanReport { scanned: Vec::new(), unscanned: Vec::new(), unusable: unreadable, invalid, unreachable };
    let about: Vec<Option<usize>> = scans.iter().map(|scan| report.subject_of(scan, &runnable)).collect();
    // Newest first: of each platform's scans the first that was taken stays.
    let mut newest: Vec<Option<ScanAttestation>> = runnable.iter().map(|_| None).collect();
    for (scan, at) in scans.into_iter().zip(about) {
        if let Some(place) = at.and_then(|at| newest.get_mut(at)).filter(|place| place.is_none()) {
            *place = Some(scan);
        }
    }
    for (Runnable { known, platform, .. }, scan) in runnable.into_iter().zip(newest) {
        match scan {
            Some(scan) => report.scanned.push(Scanned { image: known.image, platform, scan }),
            None => report.unscanned.push((known.image, platform)),
        }
    }
    Ok(report)
}

impl ScanReport {
    /// Which of the platforms a scan is about. A report that is bound to none of them says nothing of this image,
    /// whoever attests it.
    fn subject_of(&mut self, scan: &ScanAttestation, runnable: &[Runnable]) -> Option<usize> {
        let subjects: Vec<Subject> = runnable.iter().map(|one| one.subject).collect();
        let reason = match scan.report.binds_among(&subjects) {
            Ok((at, _)) => return Some(at),
            Err(AmongError::Several(_)) => "its report speaks of several platforms at once".to_owned(),
            Err(AmongError::None) => "its report is about another image".to_owned(),
            Err(AmongError::Binding(error)) => format!("its report: {error}"),
        };
        self.unusable.push(Remark { place: scan.place.clone(), format: Some(scan.format), reason });
        None
    }
}
