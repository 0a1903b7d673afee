//! Blobs that may hold a signature or an attestation, as manifests point at them.

use std::collections::BTreeMap;

use super::findings::Findings;
use super::survey::{Sought, foreign, shown_type};
use crate::model::candidate::Read;
use crate::model::manifest::Layer;
use crate::model::verify::Remark;
use crate::model::{Candidate, Digest, Format, attestation, envelope, json, payload};

/// A blob that may hold a signature, and what its layer says of it.
pub(super) struct Pointer {
    pub(super) blob: Digest,
    /// In bytes, as the manifest states it.
    pub(super) size: u64,
    pub(super) place: String,
    pub(super) form: Form,
}

pub(super) enum Form {
    /// A signed payload beside its signature.
    Legacy {
        signature: Option<String>,
        certificate: bool,
    },
    /// An attestation's envelope.
    Envelope,
    Bundle,
}

impl Form {
    fn format(&self) -> Format {
        match self {
            Self::Legacy { .. } | Self::Envelope => Format::Legacy,
            Self::Bundle => Format::Bundle,
        }
    }
}

impl Pointer {
    pub(super) fn format(&self) -> Format {
        self.form.format()
    }

    /// The signature in it, if it is one.
    pub(super) fn read(&self, bytes: &bytes::Bytes) -> Read {
        match &self.form {
            Form::Envelope => Read::Other("an attestation".to_owned()),
            Form::Bundle => Candidate::bundle(self.place.clone(), bytes),
            Form::Legacy { signature, certificate } => {
                Candidate::legacy(self.place.clone(), bytes.to_vec(), signature.as_deref(), *certificate)
            }
        }
    }
}

/// A layer with an attestation that may be one of those `sought`, or a remark that it is something else.
pub(super) fn envelope_pointer(
    layer: Layer,
    place: String,
    sought: Sought,
    findings: &mut impl Findings,
) -> Option<Pointer> {
    let Layer { descriptor, annotations: json::UniqueMap(annotations) } = layer;
    let hint =
        annotations.get(attestation::LAYER_ANNOTATION).map(String::as_str).filter(|hint| !hint.is_empty());
    // As with signatures, other writers have used Docker's media types.
    let is_envelope = descriptor.media_type == envelope::MEDIA_TYPE
        || annotations.contains_key(payload::SIGNATURE_ANNOTATION);
    if !is_envelope || !sought.may_be(hint) {
        let reason = match is_envelope {
            true => foreign(&descriptor.media_type, hint),
            false => format!("a layer of type `{}`", shown_type(&descriptor.media_type)),
        };
        findings.other(Remark { place, format: None, reason });
        return None;
    }
    Some(Pointer { blob: descriptor.digest, size: descriptor.size, place, form: Form::Envelope })
}

/// The pointers to each blob, in the order in which the blobs first appear.
pub(super) fn by_blob(pointers: impl Iterator<Item = Pointer>) -> Vec<(Digest, Vec<Pointer>)> {
    let mut groups: Vec<(Digest, Vec<Pointer>)> = Vec::new();
    let mut positions: BTreeMap<Digest, usize> = BTreeMap::new();
    for pointer in pointers {
        let position = *positions.entry(pointer.blob).or_insert(groups.len());
        match groups.get_mut(position) {
            Some((_, group)) => group.push(pointer),
            None => groups.push((pointer.blob, vec![pointer])),
        }
    }
    groups
}

/// A layer with a signature, or a remark that it is something else.
pub(super) fn legacy_pointer(layer: Layer, place: String, findings: &mut impl Findings) -> Option<Pointer> {
    let Layer { descriptor, annotations: json::UniqueMap(mut annotations) } = layer;
    let signature = annotations.remove(payload::SIGNATURE_ANNOTATION);
    // Media types are not demanded: other writers have used Docker's.
    if signature.is_none() && descriptor.media_type != payload::MEDIA_TYPE {
        let shown = shown_type(&descriptor.media_type);
        let reason = format!("a layer of type `{shown}` without a signature");
        findings.other(Remark { place, format: None, reason });
        return None;
    }
    let certificate = annotations.contains_key(payload::CERTIFICATE_ANNOTATION);
    let form = Form::Legacy { signature, certificate };
    Some(Pointer { blob: descriptor.digest, size: descriptor.size, place, form })
}
