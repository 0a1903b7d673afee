//! Reads the blobs that may hold signatures or attestations, within the limits on their size and number, and hands each over.

use futures_util::{StreamExt as _, stream};

use super::findings::Findings;
use super::gather::Gathering;
use super::pointer::{Pointer, by_blob};
use super::survey::remark;
use crate::model::verify::Remark;
use crate::model::{Digest, Format};
use crate::registry::{Kind, Registry, RegistryError};

/// Most candidates that are read for one digest; beyond, without an answer of allowed, it is undecided.
pub(super) const CANDIDATES_LIMIT: usize = 1_000;

impl<R: Registry> Gathering<'_, R> {
    /// Reads the candidates in parts, until the answer is settled; blobs that several share are read once.
    pub(super) async fn read_all(
        &self,
        pointers: Vec<Pointer>,
        left: &mut usize,
        findings: &mut impl Findings,
    ) -> bool {
        let mut pointers = pointers;
        pointers.retain(|pointer| findings.wants(pointer));
        let beyond = pointers.len() > *left;
        let taken = pointers.len().min(*left);
        *left -= taken;
        let groups = by_blob(pointers.into_iter().take(taken));
        let side_by_side = self.sought.side_by_side();
        for some in groups.chunks(2 * side_by_side) {
            let mut blobs = stream::iter(some)
                .map(|(digest, pointers)| async move { (pointers, self.read_blob(digest, pointers).await) })
                .buffered(side_by_side);
            while let Some((pointers, blob)) = blobs.next().await {
                self.take(pointers, blob, findings);
            }
            if findings.settled() {
                return true;
            }
        }
        if beyond {
            self.note_limit(findings);
        }
        false
    }

    async fn read_blob(
        &self,
        digest: &Digest,
        pointers: &[Pointer],
    ) -> Result<Option<bytes::Bytes>, RegistryError> {
        // A size beyond the limit saves the request, but only where all agree on it: the pointers may come
        // from different people, and what one states wrongly must not hide the signature of another.
        let smallest = pointers.iter().map(|pointer| pointer.size).min().unwrap_or_default();
        let limit = self.sought.limit();
        if smallest > limit {
            return Err(RegistryError {
                kind: Kind::Limit,
                request: format!("blob {digest}"),
                reason: format!("{smallest} bytes, {limit} are read"),
            });
        }
        self.registry.blob(self.place, digest, limit).await
    }

    fn take(
        &self,
        pointers: &[Pointer],
        blob: Result<Option<bytes::Bytes>, RegistryError>,
        findings: &mut impl Findings,
    ) {
        for pointer in pointers {
            let (place, format) = (pointer.place.clone(), pointer.format());
            match &blob {
                Ok(Some(bytes)) => {
                    findings.read(bytes, pointer);
                }
                Ok(None) => {
                    let reason = format!("its blob {} is not in the registry", pointer.blob);
                    findings.unreachable(Remark { place, format: Some(format), reason });
                }
                Err(error) => note_failure(findings, place, Some(format), error),
            }
        }
    }

    pub(super) fn note_limit(&self, findings: &mut impl Findings) {
        let place = format!("{}@{}", self.place, self.image);
        let reason = format!("there are more than {CANDIDATES_LIMIT} candidates, and no more are read");
        findings.unreachable(Remark { place, format: None, reason });
    }
}

/// Bytes beyond a size limit are invalid: reading them again changes nothing. Every other failure says
/// nothing about what is stored.
pub(super) fn note_failure(
    findings: &mut impl Findings,
    place: String,
    format: Option<Format>,
    error: &RegistryError,
) {
    let noted = remark(place, format, error);
    match error.kind {
        Kind::Limit => findings.invalid(noted),
        _ => findings.unreachable(noted),
    }
}
