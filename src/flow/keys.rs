//! Key pairs: made, imported, shown. Where they are kept and how they are encrypted is behind the ports of
//! [`crate::signer`].

use serde::Serialize;

use super::FlowError;
use crate::model::key::Algorithm;
use crate::model::{Fingerprint, PublicKey};
use crate::signer::cluster::Created;
use crate::signer::pair::{EncryptedPair, PairError, PairMaker, PairStore, RetirablePair, Standing};
use crate::signer::{KeyRef, Keyring, Password};

/// What to do if the place has a key pair already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfPresent {
    /// Nothing is changed, and that is an error.
    Refuse,
    /// It is kept, and its public half made available if it is not (`--if-absent`).
    Keep,
    /// It is replaced and lost (`--force`, files only).
    Replace,
}

/// Where a new pair comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// It is generated.
    New(Algorithm),
    /// An unencrypted private key in PKCS#8, PKCS#1 or SEC1.
    Import(KeyRef),
}

/// An order for a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairOrder {
    /// Where it comes from.
    pub origin: Origin,
    /// What to do if the place is taken.
    pub if_present: IfPresent,
    /// Says what would be done, and writes nothing.
    pub dry_run: bool,
}

/// What became of an order.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PairReport {
    /// Whether a pair was written; `false` also if one was there and kept.
    pub written: bool,
    /// Whether only the public half was written, beside a pair that was there.
    pub published: bool,
    /// Where the private key is.
    pub private_key: String,
    /// Where the public key is.
    pub public_key: String,
    /// The key; absent where a dry run would make a new one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<ShownKey>,
}

/// A public key as it is shown.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownKey {
    /// SHA-256 of the SPKI DER.
    pub fingerprint: Fingerprint,
    /// `ECDSA P-256` and so on.
    pub algorithm: String,
    /// PEM with the label `PUBLIC KEY`.
    pub pem: String,
}

impl From<&PublicKey> for ShownKey {
    fn from(key: &PublicKey) -> Self {
        Self { fingerprint: key.fingerprint(), algorithm: key.algorithm().to_string(), pem: key.to_pem() }
    }
}

/// The public key of any reference, for its owner: a private key is opened for it.
///
/// # Errors
/// [`FlowError::Key`].
pub async fn public(keyring: &dyn Keyring, reference: &KeyRef) -> Result<ShownKey, FlowError> {
    Ok(ShownKey::from(&keyring.any_public_key(reference).await?))
}

/// Makes or imports a key pair and stores it. Of several who do so at one place at once, one stores its pair, and
/// the others keep or refuse it as they were told.
///
/// # Errors
/// [`FlowError::Pair`].
pub async fn make(
    maker: &dyn PairMaker,
    store: &dyn PairStore,
    order: &PairOrder,
) -> Result<PairReport, FlowError> {
    let imported = match &order.origin {
        Origin::New(_) => None,
        Origin::Import(origin) => Some(maker.importable(origin).await?),
    };
    if order.if_present != IfPresent::Replace
        && let Some(present) = store.find().await?
    {
        return keep_or_refuse(store, order, &present).await;
    }
    if order.dry_run {
        return Ok(report(store, imported.as_ref()));
    }
    let pair = make_pair(maker, store, &order.origin).await?;
    match store.create(&pair, order.if_present == IfPresent::Replace).await? {
        Created::Now => Ok(PairReport { written: true, ..report(store, Some(&pair.public)) }),
        Created::AlreadyThere => match store.find().await? {
            Some(present) => keep_or_refuse(store, order, &present).await,
            None => Err(PairError::Exists(store.private_place()).into()),
        },
    }
}

async fn make_pair(
    maker: &dyn PairMaker,
    store: &dyn PairStore,
    origin: &Origin,
) -> Result<EncryptedPair, PairError> {
    let password = new_password(maker, store).await?;
    match origin {
        Origin::New(algorithm) => maker.generate(*algorithm, &password).await,
        Origin::Import(origin) => maker.import(origin, &password).await,
    }
}

async fn new_password(maker: &dyn PairMaker, store: &dyn PairStore) -> Result<Password, PairError> {
    let place = store.private_place();
    match maker.chosen_password(&place).await? {
        Some(password) => Ok(password),
        None if store.keeps_password() => maker.random_password(),
        None => Err(PairError::NoPassword(place)),
    }
}

async fn keep_or_refuse(
    store: &dyn PairStore,
    order: &PairOrder,
    present: &PublicKey,
) -> Result<PairReport, FlowError> {
    if order.if_present != IfPresent::Keep {
        return Err(PairError::Exists(store.private_place()).into());
    }
    let published = !order.dry_run && store.publish(present).await? == Created::Now;
    Ok(PairReport { published, ..report(store, Some(present)) })
}

/// What became of a pair that was to be retired.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RetireReport {
    /// Whether a private key was removed; `false` also if it was removed before.
    pub removed: bool,
    /// Whether the public key had to be stored first.
    pub published: bool,
    /// Where the private key was.
    pub private_key: String,
    /// Where the public key stays.
    pub public_key: String,
    /// The key.
    pub key: ShownKey,
}

/// Removes the private key of a pair for good, and sees to it first that its public key stays, so that what it signed
/// can still be verified. One that is removed already stays so.
///
/// # Errors
/// [`FlowError::Pair`].
pub async fn retire(store: &dyn RetirablePair, dry_run: bool) -> Result<RetireReport, FlowError> {
    let (private_key, public_key) = (store.private_place(), store.public_place());
    let (key, id) = match store.standing().await? {
        Standing::Pair(key, id) => (key, Some(id)),
        Standing::Retired(key) => (key, None),
        Standing::Absent => {
            return Err(PairError::Absent { private: private_key, public: public_key }.into());
        }
    };
    let mut report =
        RetireReport { removed: false, published: false, private_key, public_key, key: (&key).into() };
    if let (Some(id), false) = (id, dry_run) {
        report.published = store.publish(&key).await? == Created::Now;
        store.remove(&id).await?;
        report.removed = true;
    }
    Ok(report)
}

fn report(store: &dyn PairStore, key: Option<&PublicKey>) -> PairReport {
    PairReport {
        written: false,
        published: false,
        private_key: store.private_place(),
        public_key: store.public_place(),
        key: key.map(ShownKey::from),
    }
}
