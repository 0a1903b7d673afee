//! What gathering finds, and who takes it: the keys' judgement when verifying, a listing when inspecting.

use super::pointer::Pointer;
use crate::model::candidate::Read;
use crate::model::verify::{Evidence, Remark};
use crate::model::{Digest, PublicKey};

/// What takes the findings: the keys' judgement when verifying, a listing when inspecting.
pub(super) trait Findings {
    /// Bytes were read at a place where signatures stand.
    fn read(&mut self, read: Read, pointer: &Pointer);
    /// Something that is no signature.
    fn other(&mut self, remark: Remark);
    /// Junk where a signature should be.
    fn invalid(&mut self, remark: Remark);
    /// Something that could not be asked.
    fn unreachable(&mut self, remark: Remark);
    /// Whether what is known already gives the answer, so that more evidence cannot change it.
    fn settled(&self) -> bool {
        false
    }
}

/// The keys' judgement of what is found.
pub(super) struct Judgement<'a> {
    pub(super) image: &'a Digest,
    pub(super) keys: &'a [PublicKey],
    pub(super) evidence: Evidence,
    /// Whether the evidence gives the answer that more of it cannot change.
    pub(super) enough: &'a (dyn Fn(&Evidence) -> bool + Sync),
}

impl Findings for Judgement<'_> {
    fn read(&mut self, read: Read, pointer: &Pointer) {
        self.evidence.take(read, &pointer.place, pointer.format(), self.image, self.keys);
    }

    fn other(&mut self, remark: Remark) {
        self.evidence.other.push(remark);
    }

    fn invalid(&mut self, remark: Remark) {
        self.evidence.invalid.push(remark);
    }

    fn unreachable(&mut self, remark: Remark) {
        self.evidence.unreachable.push(remark);
    }

    fn settled(&self) -> bool {
        (self.enough)(&self.evidence)
    }
}
