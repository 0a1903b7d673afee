//! Reads the blobs that may hold signatures or attestations, within the limits on their size and number, and hands each over.

use futures_util::{StreamExt as _, stream};

use super::allowance::Allowance;
use super::findings::Findings;
use super::gather::Gathering;
use super::pointer::{Pointer, by_blob};
use super::survey::remark;
use crate::model::verify::Remark;
use crate::model::{Digest, Format};
use crate::registry::{Kind, Registry, RegistryError};

/// Most candidates that are read for one digest; beyond, without an answer of allowed, it is undecided.
pub(super) const CANDIDATES_LIMIT: usize = 1_000;

/// What may still be read for one digest.
pub(super) struct Left<'a> {
    pub(super) candidates: usize,
    /// `None`: as much as the candidates have.
    bytes: Option<u64>,
    /// What others read too.
    shared: Option<&'a Allowance>,
}

impl<'a> Left<'a> {
    pub(super) fn of(shared: Option<&'a Allowance>) -> Self {
        Self { candidates: CANDIDATES_LIMIT, bytes: shared.map(Allowance::each), shared }
    }

    /// Takes out half of it, where bytes are counted: for bundles, which are read after the legacy layers. Otherwise
    /// whoever may write the one tag would hide them.
    pub(super) fn set_aside(&mut self) -> Self {
        let Some(bytes) = self.bytes else { return Self { candidates: 0, ..*self } };
        let aside = Self { candidates: self.candidates / 2, bytes: Some(bytes / 2), ..*self };
        self.candidates -= aside.candidates;
        self.bytes = Some(bytes - bytes / 2);
        aside
    }

    pub(super) fn put_back(&mut self, aside: &Self) {
        self.candidates += aside.candidates;
        self.bytes = self.bytes.zip(aside.bytes).map(|(own, more)| own + more);
    }

    /// Counts a blob that was read, for each place where it stands.
    fn count(&mut self, bytes: usize) {
        self.bytes = self.bytes.map(|left| left.saturating_sub(bytes as u64));
        self.shared.iter().for_each(|shared| shared.count(bytes as u64));
    }

    /// Why no more bytes may be read.
    fn used_up(&self) -> Option<String> {
        let shared = self.shared?;
        let mib = |bytes: u64| bytes >> 20;
        if shared.is_used_up() {
            return Some(format!("{} MiB of attestations were read, and no more is", mib(shared.all())));
        }
        let reason = || {
            let limit = mib(shared.each());
            format!("the candidates have more than {limit} MiB together, and no more is read")
        };
        (self.bytes == Some(0)).then(reason)
    }

    /// The candidates that are read: no more than are left, and the small ones first where not all would fit.
    fn take(&mut self, pointers: Vec<Pointer>) -> Vec<(Digest, Vec<Pointer>)> {
        let taken = pointers.len().min(self.candidates);
        self.candidates -= taken;
        let mut groups = by_blob(pointers.into_iter().take(taken));
        let sizes = groups.iter().flat_map(|(_, pointers)| pointers.first()).map(|pointer| pointer.size);
        let stated = sizes.fold(0, u64::saturating_add);
        if self.bytes.is_some_and(|left| left < stated) {
            groups.sort_by_key(|(_, pointers)| pointers.iter().map(|pointer| pointer.size).min());
        }
        groups
    }
}

impl<R: Registry> Gathering<'_, R> {
    /// Reads the candidates in parts, until the answer is settled; blobs that several share are read once.
    pub(super) async fn read_all(
        &self,
        pointers: Vec<Pointer>,
        left: &mut Left<'_>,
        findings: &mut impl Findings,
    ) -> bool {
        let mut pointers = pointers;
        pointers.retain(|pointer| findings.wants(pointer));
        let beyond = pointers.len() > left.candidates;
        let groups = left.take(pointers);
        let side_by_side = self.sought.side_by_side();
        for some in groups.chunks(2 * side_by_side) {
            if let Some(reason) = left.used_up() {
                self.note_bytes(reason, findings);
                return false;
            }
            let mut blobs = stream::iter(some)
                .map(|(digest, pointers)| async move { (pointers, self.read_blob(digest, pointers).await) })
                .buffered(side_by_side);
            while let Some((pointers, blob)) = blobs.next().await {
                if let Err(reason) = self.take(pointers, blob, left, findings).await {
                    self.note_bytes(reason, findings);
                    return false;
                }
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

    /// Hands a blob over for each place where it stands.
    ///
    /// # Errors
    /// Why no more bytes may be read.
    async fn take(
        &self,
        pointers: &[Pointer],
        blob: Result<Option<bytes::Bytes>, RegistryError>,
        left: &mut Left<'_>,
        findings: &mut impl Findings,
    ) -> Result<(), String> {
        for pointer in pointers {
            let (place, format) = (pointer.place.clone(), pointer.format());
            match &blob {
                Ok(Some(bytes)) => {
                    // The same bytes are read for each place where they stand, which may be a thousand.
                    left.used_up().map_or(Ok(()), Err)?;
                    left.count(bytes.len());
                    findings.read(bytes, pointer).await;
                }
                Ok(None) => {
                    let reason = format!("its blob {} is not in the registry", pointer.blob);
                    findings.unreachable(Remark { place, format: Some(format), reason });
                }
                Err(error) => note_failure(findings, place, Some(format), error),
            }
        }
        Ok(())
    }

    fn note_bytes(&self, reason: String, findings: &mut impl Findings) {
        let place = format!("{}@{}", self.place, self.image);
        findings.unreachable(Remark { place, format: None, reason });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::pointer::Form;

    fn pointers(sizes: &[u64]) -> Vec<Pointer> {
        let pointer = |size: &u64| Pointer {
            blob: Digest::of(&size.to_le_bytes()),
            size: *size,
            place: String::new(),
            form: Form::Bundle,
        };
        sizes.iter().map(pointer).collect()
    }

    fn taken(left: &mut Left<'_>, sizes: &[u64]) -> Vec<u64> {
        left.take(pointers(sizes))
            .iter()
            .flat_map(|(_, pointers)| pointers)
            .map(|pointer| pointer.size)
            .collect()
    }

    #[test]
    fn attestations_have_a_bound_in_bytes_and_half_of_it_is_kept_for_bundles() {
        let allowance = Allowance::of_one();
        let mut left = Left::of(Some(&allowance));
        let all = (left.candidates, left.bytes);
        let aside = left.set_aside();
        assert_eq!((left.candidates, left.bytes), (all.0 / 2, all.1.map(|bytes| bytes / 2)));
        left.count(usize::MAX);
        assert_eq!(left.bytes, Some(0));
        assert!(allowance.is_used_up() && left.used_up().is_some());
        left.put_back(&aside);
        assert_eq!((left.candidates, left.bytes), (all.0, all.1.map(|bytes| bytes / 2)));
    }

    #[test]
    fn small_attestations_are_read_first_where_not_all_fit_and_signatures_as_they_stand() {
        assert_eq!(taken(&mut Left::of(Some(&Allowance::of_one())), &[3, 1, 2]), [3, 1, 2]);
        let too_many = [3 << 30, 1, 2 << 30];
        assert_eq!(taken(&mut Left::of(Some(&Allowance::of_one())), &too_many), [1, 2 << 30, 3 << 30]);
        let mut signatures = Left::of(None);
        assert_eq!(signatures.set_aside().candidates, 0);
        assert_eq!(taken(&mut signatures, &[3, 1, 2]), [3, 1, 2]);
        signatures.candidates = 2;
        assert_eq!(taken(&mut signatures, &[3, 1, 2]), [3, 1]);
    }
}
