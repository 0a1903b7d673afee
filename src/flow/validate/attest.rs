//! What a validation leaves for others to read: its reports and a summary, attached as attestations to what there are
//! [`Grounds`] for.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;

use super::grounds::{Ground, Grounds, ReportTexts};
use super::statements::{Statement, statements};
use super::{Storage, ValidationSigner};
use crate::flow::FlowError;
use crate::flow::allowance::Allowance;
use crate::flow::aside::aside;
use crate::flow::attestations::OF_A_SCAN;
use crate::flow::findings::Findings;
use crate::flow::gather::{Fallback, Gathering};
use crate::flow::pointer::Pointer;
use crate::flow::sign::{FailedFormat, is_refusal, signature};
use crate::flow::store::{AttachedBundle, LegacyLayer, Shelf};
use crate::flow::survey::{Sought, Survey, Wanted};
use crate::model::attestation::{self, Checked};
use crate::model::verify::Remark;
use crate::model::{Digest, Fingerprint, Format, PublicKey};
use crate::model::{bundle, claims, envelope, payload};
use crate::registry::Registry;

/// What came of attaching one attestation.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestationReceipt {
    /// The image.
    pub reference: String,
    /// Its digest.
    pub digest: Digest,
    /// The type of the attestation's predicate.
    pub predicate_type: &'static str,
    /// SHA-256 of the report in it; a summary has none.
    pub report: Option<Digest>,
    /// The key that signed.
    pub key: Fingerprint,
    /// Whether anything was written; `false` where all was there already, and in a dry run.
    pub written: bool,
    /// The formats that a re-read showed; in a dry run, those that would be written.
    pub formats: Vec<Format>,
    /// The formats that could not be stored, and why.
    pub failed: Vec<FailedFormat>,
}

/// What was attached.
#[derive(Debug, Default)]
pub struct Attested {
    /// One for each attestation, children first.
    pub receipts: Vec<AttestationReceipt>,
    /// Why the others were not attached.
    pub stopped: Option<FlowError>,
}

/// Attaches the reports and a summary to every image in `grounds`; what is there already is not written again. Ends
/// with the first image at which anything could not be stored.
pub async fn attest<R: Registry>(
    registry: &R,
    signer: &ValidationSigner<'_>,
    grounds: Grounds,
    storage: &Storage<'_>,
    texts: &ReportTexts,
) -> Attested {
    let mut attested = Attested::default();
    for ground in grounds.images() {
        let attesting = Attesting { registry, signer, storage, ground, dry_run: grounds.is_dry_run() };
        if let Err(error) = attesting.run(texts, &mut attested.receipts).await {
            attested.stopped = Some(error);
        }
        let incomplete = attested.receipts.iter().any(|receipt| !receipt.failed.is_empty());
        if incomplete || attested.stopped.is_some() {
            break;
        }
    }
    attested
}

struct Attesting<'a, R> {
    registry: &'a R,
    signer: &'a ValidationSigner<'a>,
    storage: &'a Storage<'a>,
    ground: &'a Ground,
    dry_run: bool,
}

impl<R: Registry> Attesting<'_, R> {
    async fn run(
        &self,
        texts: &ReportTexts,
        receipts: &mut Vec<AttestationReceipt>,
    ) -> Result<(), FlowError> {
        let statements = statements(self.ground, texts)?;
        let survey = self.survey().await?;
        let there = self.already_there(&survey, &statements).await?;
        for (number, statement) in statements.iter().enumerate() {
            let is_there = |format: &&Format| there.contains(&(number, **format));
            let (mut stored, missing): (Vec<Format>, Vec<Format>) =
                self.storage.formats.iter().partition(is_there);
            let mut receipt = self.receipt(statement);
            if self.dry_run {
                receipt.formats = missing;
            } else {
                let failed = self.store(statement, &missing, &survey).await?;
                stored.extend(missing.iter().filter(|format| failed.iter().all(|f| f.format != **format)));
                stored.sort_unstable();
                receipt.written = failed.len() < missing.len();
                (receipt.formats, receipt.failed) = (stored, failed);
            }
            receipts.push(receipt);
        }
        Ok(())
    }

    fn receipt(&self, statement: &Statement) -> AttestationReceipt {
        AttestationReceipt {
            reference: self.ground.known.image.to_string(),
            digest: self.ground.known.image.digest(),
            predicate_type: statement.predicate_type,
            report: statement.report,
            key: self.signer.0.public_key().fingerprint(),
            written: false,
            formats: Vec::new(),
            failed: Vec::new(),
        }
    }

    /// The lists of what is attached, which can be read and added to. They are read after the signatures were
    /// stored: those stand in the same fallback index.
    async fn survey(&self) -> Result<Survey, FlowError> {
        let Storage { place, formats, .. } = *self.storage;
        let digest = self.ground.known.image.digest();
        let bundles = formats.contains(&Format::Bundle);
        let wanted = Wanted { legacy: formats.contains(&Format::Legacy), bundles };
        let sought = Sought::Attestations(OF_A_SCAN);
        let survey = Survey::of(self.registry, place, &digest, sought, wanted).await;
        let survey = match bundles && survey.lacks_referrers_api() {
            true => survey.with_fallback(self.registry).await,
            false => survey,
        };
        survey.usable()?;
        Ok(survey)
    }

    /// Which of `statements` this key has attached already, and in which formats.
    async fn already_there(
        &self,
        survey: &Survey,
        statements: &[Statement],
    ) -> Result<Vec<(usize, Format)>, FlowError> {
        let image = self.ground.known.image.digest();
        let allowance = Allowance::of_one();
        let gathering = Gathering {
            registry: self.registry,
            place: self.storage.place,
            image: &image,
            sought: survey.sought,
            fallback: Fallback::WithoutApi,
            allowance: Some(&allowance),
        };
        let key = self.signer.0.public_key();
        let mut comparing = Comparing { image: &image, key, statements, there: Vec::new() };
        gathering.read(survey, &mut comparing).await;
        Ok(comparing.there)
    }

    /// Signs a statement and stores it in `formats`; those that failed.
    async fn store(
        &self,
        statement: &Statement,
        formats: &[Format],
        survey: &Survey,
    ) -> Result<Vec<FailedFormat>, FlowError> {
        if formats.is_empty() {
            return Ok(Vec::new());
        }
        let signature = signature(self.signer.0, &envelope::pae(envelope::IN_TOTO, &statement.bytes)).await?;
        let layer = formats.contains(&Format::Legacy).then(|| layer(statement, &signature));
        let attached = formats.contains(&Format::Bundle).then(|| self.bundle(statement, &signature));
        let subject = self.ground.known.subject.clone();
        let shelf = Shelf { registry: self.registry, repository: self.storage.place, subject, survey };
        shelf.upload(layer.as_ref(), attached.as_ref()).await?;
        let (layer, bundle) =
            tokio::join!(async { Some((Format::Legacy, shelf.add_layer(layer.as_ref()?).await)) }, async {
                Some((Format::Bundle, shelf.attach(attached.as_ref()?).await))
            },);
        let failed = |(format, outcome): (Format, Result<(), FlowError>)| {
            let error = outcome.err()?;
            Some(FailedFormat { format, reason: error.to_string(), refused: is_refusal(&error) })
        };
        Ok(layer.into_iter().chain(bundle).filter_map(failed).collect())
    }

    fn bundle(&self, statement: &Statement, signature: &[u8]) -> AttachedBundle {
        let key = self.signer.0.public_key();
        AttachedBundle {
            bundle: Bytes::from(bundle::to_bytes(&statement.bytes, signature, key)),
            predicate_type: statement.predicate_type,
            created: self.ground.claims.get(claims::SIGNED_AT).unwrap_or_default().to_owned(),
        }
    }
}

fn layer(statement: &Statement, signature: &[u8]) -> LegacyLayer {
    LegacyLayer {
        media_type: envelope::MEDIA_TYPE,
        blob: Bytes::from(envelope::to_bytes(&statement.bytes, signature)),
        annotations: BTreeMap::from([
            // The signature is in the envelope; cosign demands the annotation.
            (payload::SIGNATURE_ANNOTATION, String::new()),
            (attestation::LAYER_ANNOTATION, statement.predicate_type.to_owned()),
        ]),
    }
}

/// Finds statements among what is attached. What cannot be read is written again, at worst.
struct Comparing<'a> {
    image: &'a Digest,
    key: &'a PublicKey,
    statements: &'a [Statement],
    there: Vec<(usize, Format)>,
}

impl Findings for Comparing<'_> {
    /// An image that is validated every day has hundreds of them, and all but its own are of another size.
    fn wants(&self, pointer: &Pointer) -> bool {
        self.statements.iter().any(|statement| statement.may_have(pointer.size))
    }

    async fn read(&mut self, bytes: &Bytes, pointer: &Pointer) {
        let (bytes, key, image) = (bytes.clone(), self.key.clone(), *self.image);
        let checked = aside(move || attestation::check(&bytes, &[key], &image)).await;
        let Ok(Checked::Verified(verified)) = checked else { return };
        if let Some(number) = self.statements.iter().position(|statement| statement.is(&verified)) {
            self.there.push((number, pointer.format()));
        }
    }

    fn other(&mut self, _: Remark) {}
    fn invalid(&mut self, _: Remark) {}
    fn unreachable(&mut self, _: Remark) {}
}
