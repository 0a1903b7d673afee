//! Signing: read what is there, sign what is missing, store it, and see it where readers look.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use serde::Serialize;

use super::FlowError;
use super::findings::Judgement;
use super::gather::{Fallback, Gathering};
use super::prepare::{Prepared, Target};
use super::store::{AttachedBundle, LegacyLayer, Shelf};
use super::survey::Sought;
use crate::model::verify::Evidence;
use crate::model::{Claims, Digest, Fingerprint, Format, PinnedRef, Repository, VerifiedSignature};
use crate::model::{bundle, claims, envelope, payload, statement};
use crate::registry::{Kind, Registry};
use crate::signer::{SignError, Signer};

/// Manifests that are read, and images that are signed, at once.
pub(super) const SIDE_BY_SIDE: usize = 4;

/// What is to be signed, in which formats, and where the signatures go.
pub struct Order<'a> {
    /// The image.
    pub image: &'a PinnedRef,
    /// The repository that signatures are stored in; the image's own unless another is named.
    pub place: &'a Repository,
    /// The formats to write, at least one.
    pub formats: &'a [Format],
    /// Whether the manifests of an index are signed too, before it.
    pub recursive: bool,
    /// Whether nothing is to be written.
    pub dry_run: bool,
}

/// What the signatures state.
pub struct Stated<'a> {
    /// Claims, without repository and time.
    pub claims: StatedClaims<'a>,
    /// The time to state.
    pub now: Timestamp,
}

/// Claims of the images that are signed in one go.
pub enum StatedClaims<'a> {
    /// The same for each.
    Same(&'a Claims),
    /// Every image has its own; one without is not signed.
    Each(&'a BTreeMap<Digest, Claims>),
}

impl StatedClaims<'_> {
    fn of(&self, image: &Digest) -> Option<&Claims> {
        match self {
            Self::Same(claims) => Some(claims),
            Self::Each(claims) => claims.get(image),
        }
    }
}

/// What came of signing one digest.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The image.
    pub reference: String,
    /// Its digest.
    pub digest: Digest,
    /// The key that signed.
    pub key: Fingerprint,
    /// Whether anything was written; `false` where all was there already, and in a dry run.
    pub written: bool,
    /// The formats that a re-read showed; in a dry run, those that would be written.
    pub formats: Vec<Format>,
    /// The formats that could not be stored, and why.
    pub failed: Vec<FailedFormat>,
    /// What is stated.
    pub claims: Claims,
}

/// A format that could not be stored.
#[derive(Debug, Serialize)]
pub struct FailedFormat {
    /// The format.
    pub format: Format,
    /// Why.
    pub reason: String,
    /// Whether the registry answered no, as it does where tags are immutable.
    #[serde(skip)]
    pub refused: bool,
}

/// What came of an order.
#[derive(Debug)]
pub struct Signed {
    /// One for each digest that was signed, or found signed.
    pub receipts: Vec<Receipt>,
    /// Why the others were not signed.
    pub stopped: Option<FlowError>,
}

/// Signs what `prepare` found: manifests of one height side by side, an index only after all below it. Ends
/// with the first height at which anything could not be stored.
pub async fn sign<R: Registry>(
    registry: &R,
    signer: &dyn Signer,
    order: &Order<'_>,
    stated: &Stated<'_>,
    prepared: &Prepared,
) -> Signed {
    let mut signed = Signed { receipts: Vec::with_capacity(prepared.targets.len()), stopped: None };
    let highest = prepared.targets.iter().map(|target| target.height).max().unwrap_or(0);
    for height in 0..=highest {
        let level = prepared.targets.iter().filter(|target| target.height == height);
        let outcomes: Vec<Result<Receipt, FlowError>> = stream::iter(level)
            .map(|target| Signing { registry, signer, order, stated, target }.run())
            .buffered(SIDE_BY_SIDE)
            .collect()
            .await;
        for outcome in outcomes {
            match outcome {
                Ok(receipt) => signed.receipts.push(receipt),
                Err(error) => signed.stopped = signed.stopped.or(Some(error)),
            }
        }
        let incomplete = signed.receipts.iter().any(|receipt| !receipt.failed.is_empty());
        if incomplete || signed.stopped.is_some() {
            break;
        }
    }
    signed
}

/// Registries answer a put at an immutable tag with 403 as well as with other refusals.
pub(super) fn is_refusal(error: &FlowError) -> bool {
    matches!(error, FlowError::Registry(error) if matches!(error.kind, Kind::Refused | Kind::Forbidden))
}

struct Signing<'a, R> {
    registry: &'a R,
    signer: &'a dyn Signer,
    order: &'a Order<'a>,
    stated: &'a Stated<'a>,
    target: &'a Target,
}

impl<R: Registry> Signing<'_, R> {
    async fn run(self) -> Result<Receipt, FlowError> {
        let claims = self.claims()?;
        let there = self.already_there(&claims).await;
        let missing: Vec<Format> = self
            .order
            .formats
            .iter()
            .copied()
            .filter(|format| !there.iter().any(|s| s.format() == *format))
            .collect();
        let mut receipt = self.receipt(claims);
        receipt.formats = there.iter().map(VerifiedSignature::format).collect();
        receipt.formats.sort_unstable();
        receipt.formats.dedup();
        if let (true, Some(signature)) = (missing.is_empty(), there.first()) {
            receipt.claims = signature.claims().clone();
            if self.order.dry_run {
                receipt.formats.clear();
            }
            return Ok(receipt);
        }
        if self.order.dry_run {
            receipt.formats = missing;
            return Ok(receipt);
        }
        let outcomes = self.store(&missing, &receipt.claims).await?;
        let mut first_error = None;
        for (format, outcome) in outcomes {
            match outcome {
                Ok(()) => receipt.formats.push(format),
                Err(error) => {
                    let refused = is_refusal(&error);
                    receipt.failed.push(FailedFormat { format, reason: error.to_string(), refused });
                    first_error = first_error.or(Some(error));
                }
            }
        }
        receipt.formats.sort_unstable();
        receipt.written = receipt.failed.len() < missing.len();
        match first_error {
            Some(error) if receipt.formats.is_empty() => Err(error),
            _ => Ok(receipt),
        }
    }

    /// What is stated: what was asked for, the repository, and the time.
    fn claims(&self) -> Result<Claims, FlowError> {
        let image = &self.target.image;
        let claims = self.stated.claims.of(&self.target.subject.digest);
        let mut stated = claims.cloned().ok_or_else(|| FlowError::Input(format!("{image} has no claims")))?;
        if let Some(repository) = self.order.image.repository().claim() {
            stated.set(claims::REPOSITORY, repository);
        }
        stated.set(claims::SIGNED_AT, self.stated.now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        stated.within_limits().map_err(|error| FlowError::Input(error.to_string()))?;
        Ok(stated)
    }

    fn receipt(&self, claims: Claims) -> Receipt {
        Receipt {
            reference: self.target.image.to_string(),
            digest: self.target.subject.digest,
            key: self.signer.public_key().fingerprint(),
            written: false,
            formats: Vec::new(),
            failed: Vec::new(),
            claims,
        }
    }

    /// Signatures by this key on the same claims, the time aside, in the formats asked for.
    async fn already_there(&self, wanted: &Claims) -> Vec<VerifiedSignature> {
        let gathering = Gathering {
            registry: self.registry,
            place: self.order.place,
            image: &self.target.subject.digest,
            sought: Sought::Signatures,
            fallback: Fallback::WithoutApi,
            allowance: None,
        };
        let mut judgement = Judgement {
            image: gathering.image,
            keys: &[self.signer.public_key().clone()],
            evidence: Evidence::default(),
            enough: &|_| false,
        };
        gathering.read(&self.target.survey, &mut judgement).await;
        let wanted = wanted.without(claims::SIGNED_AT);
        let mut there = judgement.evidence.verified;
        there.retain(|signature| {
            self.order.formats.contains(&signature.format())
                && signature.claims().without(claims::SIGNED_AT) == wanted
        });
        there
    }

    /// Stores the signature in every one of `formats`; each succeeds or fails for itself.
    async fn store(
        &self,
        formats: &[Format],
        claims: &Claims,
    ) -> Result<Vec<(Format, Result<(), FlowError>)>, FlowError> {
        let legacy = match formats.contains(&Format::Legacy) {
            true => Some(self.legacy(claims).await?),
            false => None,
        };
        let attached = match formats.contains(&Format::Bundle) {
            true => Some(self.bundle(claims).await?),
            false => None,
        };
        let shelf = Shelf {
            registry: self.registry,
            repository: self.order.place,
            subject: self.target.subject.clone(),
            survey: &self.target.survey,
        };
        shelf.upload(legacy.as_ref(), attached.as_ref()).await?;
        let (layer, bundle) =
            tokio::join!(async { Some((Format::Legacy, shelf.add_layer(legacy.as_ref()?).await)) }, async {
                Some((Format::Bundle, shelf.attach(attached.as_ref()?).await))
            },);
        Ok(layer.into_iter().chain(bundle).collect())
    }

    async fn legacy(&self, claims: &Claims) -> Result<LegacyLayer, FlowError> {
        let docker_reference = self.order.image.repository().docker_reference();
        let payload = payload::to_bytes(&docker_reference, &self.target.subject.digest, claims);
        let signature = self.signature(&payload).await?;
        let annotations = BTreeMap::from([(payload::SIGNATURE_ANNOTATION, STANDARD.encode(signature))]);
        Ok(LegacyLayer { media_type: payload::MEDIA_TYPE, blob: Bytes::from(payload), annotations })
    }

    async fn bundle(&self, claims: &Claims) -> Result<AttachedBundle, FlowError> {
        let statement = statement::to_bytes(&self.target.subject.digest, claims);
        let signature = self.signature(&envelope::pae(envelope::IN_TOTO, &statement)).await?;
        let bundle = Bytes::from(bundle::to_bytes(&statement, &signature, self.signer.public_key()));
        let created = claims.get(claims::SIGNED_AT).unwrap_or_default().to_owned();
        Ok(AttachedBundle { bundle, predicate_type: statement::SIGNATURE_PREDICATE, created })
    }

    async fn signature(&self, message: &[u8]) -> Result<Vec<u8>, FlowError> {
        signature(self.signer, message).await
    }
}

/// A signature that the public key accepts: what a key store returns is not taken on trust.
pub(super) async fn signature(signer: &dyn Signer, message: &[u8]) -> Result<Vec<u8>, FlowError> {
    let signature = signer.sign(message).await?;
    match signer.public_key().accepts(message, &signature) {
        true => Ok(signature),
        false => Err(FlowError::Signer(SignError::Failed)),
    }
}
