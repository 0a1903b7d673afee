//! A signer's proof: the signatures that satisfy it, their keys and what they state; or why there are none.

use jiff::Timestamp;

use super::html::Html;
use super::room::{Room, TEXT_LIMIT};
use super::{glance, words};
use crate::model::{Claims, Fingerprint, VerifiedSignature, claims};
use crate::policy::{Outcome, PolicyDecision, Satisfaction, SignerDecision};

/// One signature in all formats and places that hold it.
struct Signature<'a> {
    key: Fingerprint,
    claims: &'a Claims,
    stored: Vec<&'a VerifiedSignature>,
}

/// Signatures by one key that state the same are shown once.
fn together<'a>(by: &'a [VerifiedSignature]) -> Vec<Signature<'a>> {
    let mut signatures: Vec<Signature<'a>> = Vec::new();
    for one in by {
        let same = signatures.iter_mut().find(|other| other.key == one.key() && other.claims == one.claims());
        match same {
            Some(same) => same.stored.push(one),
            None => signatures.push(Signature { key: one.key(), claims: one.claims(), stored: vec![one] }),
        }
    }
    signatures
}

/// How much of it there is room for, and when the run was.
type Frame = (Room, Timestamp);

pub(super) fn signer(html: &mut Html, policy: &PolicyDecision, signer: &SignerDecision, frame: Frame) {
    let sign = glance::sign_of(policy, &signer.outcome);
    html.open("li", &[("class", sign.class)]).raw("<h5><i aria-hidden=\"true\">").raw(sign.mark).raw("</i> ");
    html.text(&signer.name).raw(" <span>");
    html.text(sign.word).raw("</span></h5>");
    match &signer.outcome {
        Outcome::Unsatisfied(reason) => drop(html.why(&reason.text)),
        Outcome::Satisfied(satisfied) => {
            if let Some(warning) = &satisfied.warning {
                html.why(warning);
            }
            let signatures = together(&satisfied.by);
            for signature in signatures.iter().take(frame.0.signatures) {
                proof(html, signature, satisfied, frame);
            }
            if let Some(more @ 1..) = signatures.len().checked_sub(frame.0.signatures) {
                html.why(&format!(
                    "And {} that count, see the JSON.",
                    words::count(more, "signature", "signatures")
                ));
            }
        }
    }
    html.raw("</li>");
}

fn proof(html: &mut Html, signature: &Signature<'_>, satisfied: &Satisfaction, (room, now): Frame) {
    html.raw("<dl class=\"facts\"><dt>Key</dt><dd><code>").text(&signature.key.to_string());
    html.raw("</code></dd><dt>Format</dt><dd>");
    let mut formats: Vec<String> = signature.stored.iter().map(|one| one.format().to_string()).collect();
    formats.dedup();
    html.text(&formats.join(", ")).raw("</dd>");
    for (name, label) in [(claims::SIGNED_AT, "Signed"), (claims::SCANNED_AT, "Scanned")] {
        let stated = signature.claims.get(name).and_then(|text| text.parse::<Timestamp>().ok());
        if let Some(time) = stated {
            super::moment(html, label, time, now);
        }
    }
    if let Some(time) = satisfied.expires_at {
        super::moment(html, if time < now { "Counted until" } else { "Counts until" }, time, now);
    }
    html.raw("</dl>");
    stated(html, signature.claims, room.claims);
}

/// The claims as they were signed, until `most` characters of them are told.
fn stated(html: &mut Html, claims: &Claims, most: usize) {
    if claims.is_empty() {
        html.raw("<p class=\"why\">It states nothing beside the digest.</p>");
        return;
    }
    html.raw("<dl class=\"claims\">");
    let mut told = 0;
    let mut left = claims.iter();
    for (name, value) in left.by_ref() {
        html.raw("<dt>").cut(name).raw("<dd>").cut(value);
        told += name.len().min(TEXT_LIMIT) + value.len().min(TEXT_LIMIT);
        if told >= most {
            break;
        }
    }
    html.raw("</dl>");
    if let more @ 1.. = left.count() {
        html.why(&format!("And {}, see the JSON.", words::count(more, "more claim", "more claims")));
    }
}
