//! What gathering finds, and who takes it: the keys' judgement when verifying, a listing when inspecting.

use bytes::Bytes;

use super::pointer::Pointer;
use crate::model::verify::{Evidence, Remark};
use crate::model::{Digest, PublicKey};

/// What takes the findings: the keys' judgement when verifying, a listing when inspecting.
pub(super) trait Findings {
    /// Whether the bytes that a pointer leads to are worth reading.
    fn wants(&self, _: &Pointer) -> bool {
        true
    }
    /// Bytes were read at a place where what is looked for stands. What takes long is done
    /// [aside](super::aside::aside).
    fn read(&mut self, bytes: &Bytes, pointer: &Pointer) -> impl Future<Output = ()> + Send;
    /// Something that is not looked for.
    fn other(&mut self, remark: Remark);
    /// Junk where what is looked for should be.
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
    async fn read(&mut self, bytes: &Bytes, pointer: &Pointer) {
        self.evidence.take(pointer.read(bytes), &pointer.place, pointer.format(), self.image, self.keys);
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
