//! A key pair in a cluster: the immutable secret NAME with `cosign.key`, `cosign.password`, `cosign.pub`, and
//! for those who only verify the ConfigMap NAME-pub with `cosign.pub`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::source::{KeySource, PASSWORD_ENTRY, PRIVATE_KEY_ENTRY, PUBLIC_KEY_ENTRY};
use crate::model::PublicKey;
use crate::signer::cluster::{ClusterError, ClusterObjects, Created, ObjectId, SecretEntries};
use crate::signer::pair::{EncryptedPair, PairError, PairStore, RetirablePair, Standing};
use crate::signer::{BoxFuture, KeyRef, KeyRefError, KeySourceError, ObjectName, Password};

/// What the ConfigMap's name ends with.
const PUBLIC_SUFFIX: &str = "-pub";

/// The pair in secret NAME and ConfigMap NAME-pub.
pub struct SecretPair {
    cluster: Arc<dyn ClusterObjects>,
    source: KeySource,
    private: ObjectName,
    public: ObjectName,
}

impl SecretPair {
    /// The pair of the secret `name`; `source` reads what is there.
    ///
    /// # Errors
    /// [`KeyRefError::Name`] if the ConfigMap's name would be too long.
    pub fn new(
        cluster: Arc<dyn ClusterObjects>,
        source: KeySource,
        name: ObjectName,
    ) -> Result<Self, KeyRefError> {
        let public = name.with_suffix(PUBLIC_SUFFIX)?;
        Ok(Self { cluster, source, private: name, public })
    }

    fn on_secret(&self) -> impl Fn(ClusterError) -> PairError + '_ {
        |cause| PairError::Cluster { place: self.private_place(), cause }
    }

    fn on_config_map(&self) -> impl Fn(ClusterError) -> PairError + '_ {
        |cause| PairError::Cluster { place: self.public_place(), cause }
    }

    /// The public key in the ConfigMap; `None` if there is no ConfigMap.
    async fn published(&self) -> Result<Option<PublicKey>, PairError> {
        let Some(entries) = self.cluster.config_map(&self.public).await.map_err(self.on_config_map())? else {
            return Ok(None);
        };
        // A ConfigMap of that name with anything but a public key is somebody else's.
        let key = entries.get(PUBLIC_KEY_ENTRY).and_then(|pem| PublicKey::from_pem(pem).ok());
        key.map(Some).ok_or_else(|| PairError::AnotherPublicKey(self.public_place()))
    }

    async fn found(&self) -> Result<Option<PublicKey>, PairError> {
        // The ConfigMap is read first: whoever makes a pair makes it last, so that one without a secret is old.
        let published = self.published().await?;
        let secret = self.cluster.secret(&self.private).await.map_err(self.on_secret())?;
        let Some(entries) = secret else {
            return match published {
                None => Ok(None),
                Some(_) => {
                    Err(PairError::Half { present: self.public_place(), absent: self.private_place() })
                }
            };
        };
        if !entries.contains_key(PRIVATE_KEY_ENTRY) {
            let absent = format!("its entry {PRIVATE_KEY_ENTRY}");
            return Err(PairError::Half { present: self.private_place(), absent });
        }
        let public = self.source.any_public_key(&KeyRef::KubeSecret(self.private.clone())).await?;
        if published.is_some_and(|published| published != public) {
            return Err(PairError::AnotherPublicKey(self.public_place()));
        }
        Ok(Some(public))
    }

    /// The id is read before the key, so that it is never that of a secret which came after the key that is told of.
    async fn told(&self) -> Result<Standing, PairError> {
        let Some(id) = self.id().await? else { return self.without_private().await };
        // What removes the private key must not rest on the public key that somebody put beside it.
        let signer = self.source.signer(&KeyRef::KubeSecret(self.private.clone())).await;
        let public = match signer {
            Ok(signer) => signer.public_key().clone(),
            // Somebody else has just removed it.
            Err(KeySourceError::Missing { .. }) if self.id().await?.is_none() => {
                return self.without_private().await;
            }
            Err(error) => return Err(error.into()),
        };
        match self.published().await?.is_none_or(|published| published == public) {
            true => Ok(Standing::Pair(public, id)),
            false => Err(PairError::AnotherPublicKey(self.public_place())),
        }
    }

    async fn id(&self) -> Result<Option<ObjectId>, PairError> {
        self.cluster.secret_id(&self.private).await.map_err(self.on_secret())
    }

    async fn without_private(&self) -> Result<Standing, PairError> {
        Ok(self.published().await?.map_or(Standing::Absent, Standing::Retired))
    }

    async fn published_as(&self, public: &PublicKey) -> Result<Created, PairError> {
        let entries = BTreeMap::from([(PUBLIC_KEY_ENTRY.to_owned(), public.to_pem())]);
        let created = self.cluster.create_config_map(&self.public, &entries).await;
        let created = created.map_err(self.on_config_map())?;
        if created == Created::AlreadyThere && self.published().await?.as_ref() != Some(public) {
            return Err(PairError::AnotherPublicKey(self.public_place()));
        }
        Ok(created)
    }
}

impl PairStore for SecretPair {
    fn private_place(&self) -> String {
        format!("secret {}", self.private)
    }

    fn public_place(&self) -> String {
        format!("ConfigMap {}", self.public)
    }

    fn keeps_password(&self) -> bool {
        true
    }

    fn find(&self) -> BoxFuture<'_, Result<Option<PublicKey>, PairError>> {
        Box::pin(self.found())
    }

    fn create<'a>(
        &'a self,
        pair: &'a EncryptedPair,
        replace: bool,
    ) -> BoxFuture<'a, Result<Created, PairError>> {
        Box::pin(async move {
            if replace {
                return Err(PairError::NeverReplaced(self.private_place()));
            }
            let entries = SecretEntries::from([
                (PRIVATE_KEY_ENTRY.to_owned(), Password::from(pair.private_pem.as_bytes().to_vec())),
                (PASSWORD_ENTRY.to_owned(), pair.password.clone()),
                (PUBLIC_KEY_ENTRY.to_owned(), Password::from(pair.public.to_pem().into_bytes())),
            ]);
            let created = self.cluster.create_secret(&self.private, &entries).await;
            match created.map_err(self.on_secret())? {
                Created::AlreadyThere => Ok(Created::AlreadyThere),
                Created::Now => self.published_as(&pair.public).await.map(|_| Created::Now),
            }
        })
    }

    fn publish<'a>(&'a self, public: &'a PublicKey) -> BoxFuture<'a, Result<Created, PairError>> {
        Box::pin(self.published_as(public))
    }
}

impl RetirablePair for SecretPair {
    fn standing(&self) -> BoxFuture<'_, Result<Standing, PairError>> {
        Box::pin(self.told())
    }

    fn remove<'a>(&'a self, id: &'a ObjectId) -> BoxFuture<'a, Result<(), PairError>> {
        Box::pin(async move { self.cluster.delete_secret(&self.private, id).await.map_err(self.on_secret()) })
    }
}
