//! Keys by reference: from a file, a folder with a secret's entries, the environment, a secret or a ConfigMap
//! to something that signs, or to a public key. Whoever only verifies gets no private key by accident.

mod folder;

use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use super::file::{self, LocalSigner, PrivateKeyText};
use crate::model::PublicKey;
use crate::model::key::KeyError;
use crate::signer::cluster::{ClusterObjects, SecretEntries};
use crate::signer::{
    BoxFuture, KeyRef, KeySourceError, Keyring, ObjectName, Password, PasswordError, Passwords, Signer,
    Variables,
};

/// Entry of a secret, or file of a folder: the private key.
pub const PRIVATE_KEY_ENTRY: &str = "cosign.key";
/// The private key's password.
pub const PASSWORD_ENTRY: &str = "cosign.password";
/// The public key; a ConfigMap has only this.
pub const PUBLIC_KEY_ENTRY: &str = "cosign.pub";

/// Resolves key references.
#[derive(Clone)]
pub struct KeySource {
    passwords: Arc<dyn Passwords>,
    variables: Variables,
    cluster: Arc<dyn ClusterObjects>,
    allow_private_key_secret: bool,
}

/// A private key as text, and where its password comes from.
struct Material {
    place: String,
    pem: Zeroizing<Vec<u8>>,
    /// The store's own password, which then is the only one.
    password: Option<Password>,
}

impl KeySource {
    /// A source that reads nothing before it is asked.
    pub fn new(
        passwords: Arc<dyn Passwords>,
        variables: Variables,
        cluster: Arc<dyn ClusterObjects>,
    ) -> Self {
        Self { passwords, variables, cluster, allow_private_key_secret: false }
    }

    /// Accepts secrets and folders that hold a private key where a public one is needed
    /// (`--allow-private-key-secret`).
    pub fn allow_private_key_secret(mut self, allow: bool) -> Self {
        self.allow_private_key_secret = allow;
        self
    }

    /// The private key at `reference`, ready to sign.
    ///
    /// # Errors
    /// [`KeySourceError`].
    pub async fn signer(&self, reference: &KeyRef) -> Result<Box<dyn Signer>, KeySourceError> {
        Ok(Box::new(self.unlock(self.material(reference).await?).await?))
    }

    /// The public key at `reference`, for somebody who verifies: a private key is refused, and so is a secret or
    /// folder that holds one beside the public key (unless allowed).
    ///
    /// # Errors
    /// [`KeySourceError`].
    pub async fn public_key(&self, reference: &KeyRef) -> Result<PublicKey, KeySourceError> {
        let place = reference.to_string();
        match reference {
            KeyRef::Env(name) => public_from_pem(&place, &self.variable(&place, name)?),
            KeyRef::KubeConfigMap(name) => self.config_map_key(&place, name).await,
            KeyRef::KubeSecret(name) => {
                let entries = self.secret(&place, name).await?;
                let instead = || format!("k8s-configmap://{name}-pub");
                self.only_public(&place, entries.contains_key(PRIVATE_KEY_ENTRY), instead)?;
                self.public_of_secret(place, entries).await
            }
            KeyRef::Path(path) if folder::is_folder(path).await => {
                let private = folder::entry(path, &place, PRIVATE_KEY_ENTRY).await?;
                let instead = || format!("a folder or file with {PUBLIC_KEY_ENTRY} alone");
                self.only_public(&place, private.is_some(), instead)?;
                self.public_of_folder(place, path).await
            }
            KeyRef::Path(path) => public_from_pem(&place, &folder::file(path, &place).await?),
        }
    }

    /// The public key at `reference`, for its owner: of a private key too, which takes its password unless the
    /// public key lies beside it.
    ///
    /// # Errors
    /// [`KeySourceError`].
    pub async fn any_public_key(&self, reference: &KeyRef) -> Result<PublicKey, KeySourceError> {
        let place = reference.to_string();
        match reference {
            KeyRef::KubeConfigMap(name) => self.config_map_key(&place, name).await,
            KeyRef::KubeSecret(name) => {
                let entries = self.secret(&place, name).await?;
                self.public_of_secret(place, entries).await
            }
            KeyRef::Path(path) if folder::is_folder(path).await => self.public_of_folder(place, path).await,
            KeyRef::Path(_) | KeyRef::Env(_) => {
                let material = self.material(reference).await?;
                match public_from_pem(&place, &material.pem) {
                    Err(KeySourceError::Public { cause: KeyError::Private, .. }) => {
                        Ok(self.unlock(material).await?.public_key().clone())
                    }
                    other => other,
                }
            }
        }
    }

    /// The private key at `reference` if it is not encrypted; `None` if it is.
    ///
    /// # Errors
    /// [`KeySourceError`].
    pub async fn unencrypted(&self, reference: &KeyRef) -> Result<Option<LocalSigner>, KeySourceError> {
        let material = self.material(reference).await?;
        match parse_private(&material)? {
            PrivateKeyText::Plain(signer) => Ok(Some(signer)),
            PrivateKeyText::Encrypted(_) => Ok(None),
        }
    }

    fn only_public(
        &self,
        place: &str,
        holds_private: bool,
        instead: impl Fn() -> String,
    ) -> Result<(), KeySourceError> {
        if holds_private && !self.allow_private_key_secret {
            return Err(KeySourceError::HoldsPrivateKey { place: place.to_owned(), instead: instead() });
        }
        Ok(())
    }

    async fn public_of_secret(
        &self,
        place: String,
        entries: SecretEntries,
    ) -> Result<PublicKey, KeySourceError> {
        match public_entry(&entries) {
            Some(pem) => public_from_pem(&place, pem.expose_secret()),
            None if !entries.contains_key(PRIVATE_KEY_ENTRY) => {
                Err(missing(&place, &format!("the entry {PUBLIC_KEY_ENTRY}")))
            }
            None => Ok(self.unlock(secret_material(place, entries)?).await?.public_key().clone()),
        }
    }

    async fn public_of_folder(&self, place: String, path: &Path) -> Result<PublicKey, KeySourceError> {
        if let Some(pem) = folder::entry(path, &place, PUBLIC_KEY_ENTRY).await? {
            return public_from_pem(&place, &pem);
        }
        match folder::entry(path, &place, PRIVATE_KEY_ENTRY).await? {
            Some(_) => Ok(self.unlock(folder_material(place, path).await?).await?.public_key().clone()),
            None => Err(missing(&place, &format!("{PUBLIC_KEY_ENTRY} in the folder"))),
        }
    }

    async fn material(&self, reference: &KeyRef) -> Result<Material, KeySourceError> {
        let place = reference.to_string();
        match reference {
            KeyRef::Path(path) if folder::is_folder(path).await => folder_material(place, path).await,
            KeyRef::Path(path) => {
                let pem = folder::file(path, &place).await?;
                Ok(Material { place, pem, password: None })
            }
            KeyRef::Env(name) => {
                let pem = self.variable(&place, name)?;
                Ok(Material { place, pem, password: None })
            }
            KeyRef::KubeSecret(name) => {
                let entries = self.secret(&place, name).await?;
                secret_material(place, entries)
            }
            KeyRef::KubeConfigMap(_) => Err(KeySourceError::PublicOnly(place)),
        }
    }

    async fn unlock(&self, material: Material) -> Result<LocalSigner, KeySourceError> {
        let key = match parse_private(&material)? {
            PrivateKeyText::Plain(signer) => return Ok(signer),
            PrivateKeyText::Encrypted(key) => key,
        };
        let Material { place, password, .. } = material;
        let password = match password {
            Some(own) => own,
            None => self.ask_password(&place).await?,
        };
        file::open(key, password).await.map_err(|cause| KeySourceError::Private { place, cause })
    }

    async fn ask_password(&self, place: &str) -> Result<Password, KeySourceError> {
        let (passwords, asked) = (Arc::clone(&self.passwords), place.to_owned());
        let answer = tokio::task::spawn_blocking(move || passwords.existing(&asked));
        let answer = answer.await.map_err(|error| PasswordError::Terminal(error.to_string()))?;
        answer?.ok_or_else(|| KeySourceError::NoPassword(place.to_owned()))
    }

    fn variable(&self, place: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, KeySourceError> {
        let value = (self.variables)(name).ok_or_else(|| missing(place, "the environment variable"))?;
        let value = Zeroizing::new(value.into_encoded_bytes());
        if value.len() as u64 > folder::KEY_LIMIT {
            return Err(unreadable(place, &format!("it exceeds {} bytes", folder::KEY_LIMIT)));
        }
        Ok(value)
    }

    async fn secret(&self, place: &str, name: &ObjectName) -> Result<SecretEntries, KeySourceError> {
        let unanswered = |cause| KeySourceError::Cluster { place: place.to_owned(), cause };
        self.cluster.secret(name).await.map_err(unanswered)?.ok_or_else(|| missing(place, "the secret"))
    }

    async fn config_map_key(&self, place: &str, name: &ObjectName) -> Result<PublicKey, KeySourceError> {
        let unanswered = |cause| KeySourceError::Cluster { place: place.to_owned(), cause };
        let entries = self.cluster.config_map(name).await.map_err(unanswered)?;
        let entries = entries.ok_or_else(|| missing(place, "the ConfigMap"))?;
        let pem = entries.get(PUBLIC_KEY_ENTRY);
        let pem = pem.ok_or_else(|| missing(place, &format!("the entry {PUBLIC_KEY_ENTRY}")))?;
        public_from_pem(place, pem.as_bytes())
    }
}

impl Keyring for KeySource {
    fn signer<'a>(&'a self, reference: &'a KeyRef) -> BoxFuture<'a, Result<Box<dyn Signer>, KeySourceError>> {
        Box::pin(self.signer(reference))
    }

    fn public_key<'a>(&'a self, reference: &'a KeyRef) -> BoxFuture<'a, Result<PublicKey, KeySourceError>> {
        Box::pin(self.public_key(reference))
    }

    fn any_public_key<'a>(
        &'a self,
        reference: &'a KeyRef,
    ) -> BoxFuture<'a, Result<PublicKey, KeySourceError>> {
        Box::pin(self.any_public_key(reference))
    }
}

/// The entry with the public key: `cosign.pub`; else the only one there is, whatever its name, as policy-controller
/// takes it.
fn public_entry(entries: &SecretEntries) -> Option<&Password> {
    let only = entries.iter().find(|(name, _)| entries.len() == 1 && *name != PRIVATE_KEY_ENTRY);
    entries.get(PUBLIC_KEY_ENTRY).or(only.map(|(_, pem)| pem))
}

/// A secret without `cosign.password` has the empty password; no other is asked for.
fn secret_material(place: String, mut entries: SecretEntries) -> Result<Material, KeySourceError> {
    let password = entries.remove(PASSWORD_ENTRY).unwrap_or_default();
    match entries.remove(PRIVATE_KEY_ENTRY) {
        Some(pem) => {
            let pem = Zeroizing::new(pem.expose_secret().to_vec());
            Ok(Material { place, pem, password: Some(password) })
        }
        None => Err(missing(&place, &format!("the entry {PRIVATE_KEY_ENTRY}"))),
    }
}

/// A folder's `cosign.password` counts if it is there; else a password is looked for as for any file.
async fn folder_material(place: String, path: &Path) -> Result<Material, KeySourceError> {
    let Some(pem) = folder::entry(path, &place, PRIVATE_KEY_ENTRY).await? else {
        return Err(missing(&place, &format!("{PRIVATE_KEY_ENTRY} in the folder")));
    };
    let password = folder::entry(path, &place, PASSWORD_ENTRY).await?;
    Ok(Material { place, pem, password: password.map(|bytes| Password::from(bytes.to_vec())) })
}

fn parse_private(material: &Material) -> Result<PrivateKeyText, KeySourceError> {
    let place = &material.place;
    let text = std::str::from_utf8(&material.pem).map_err(|_| unreadable(place, "it is not text"))?;
    file::parse(text).map_err(|cause| KeySourceError::Private { place: place.clone(), cause })
}

fn public_from_pem(place: &str, pem: &[u8]) -> Result<PublicKey, KeySourceError> {
    let text = std::str::from_utf8(pem).map_err(|_| unreadable(place, "it is not text"))?;
    PublicKey::from_pem(text).map_err(|cause| KeySourceError::Public { place: place.to_owned(), cause })
}

fn missing(place: &str, what: &str) -> KeySourceError {
    KeySourceError::Missing { place: place.to_owned(), what: what.to_owned() }
}

fn unreadable(place: &str, reason: &str) -> KeySourceError {
    KeySourceError::Unreadable { place: place.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;
    use crate::model::key::{Algorithm, KeyError};
    use crate::signer::cluster::{ClusterError, ConfigMapEntries, Created, ObjectId};
    use crate::signer::keyring::PasswordSources;
    use crate::signer::keyring::file::encrypt;

    /// A folder that is gone with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static COUNT: AtomicUsize = AtomicUsize::new(0);
            let name = format!(
                "countersign-source-{}-{}",
                std::process::id(),
                COUNT.fetch_add(1, Ordering::Relaxed)
            );
            let path = std::env::temp_dir().join(name);
            let _ = std::fs::remove_dir_all(&path);
            std::fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> KeyRef {
            std::fs::write(self.0.join(name), bytes).unwrap();
            KeyRef::Path(self.0.join(name))
        }

        fn reference(&self) -> KeyRef {
            KeyRef::Path(self.0.clone())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    /// A cluster that nobody may ask: what needs none must not look for one.
    struct NoCluster;

    impl ClusterObjects for NoCluster {
        fn secret<'a>(
            &'a self,
            _: &'a ObjectName,
        ) -> BoxFuture<'a, Result<Option<SecretEntries>, ClusterError>> {
            unreachable!("the cluster was asked")
        }

        fn config_map<'a>(
            &'a self,
            _: &'a ObjectName,
        ) -> BoxFuture<'a, Result<Option<ConfigMapEntries>, ClusterError>> {
            unreachable!("the cluster was asked")
        }

        fn create_secret<'a>(
            &'a self,
            _: &'a ObjectName,
            _: &'a SecretEntries,
        ) -> BoxFuture<'a, Result<Created, ClusterError>> {
            unreachable!("the cluster was asked")
        }

        fn secret_id<'a>(
            &'a self,
            _: &'a ObjectName,
        ) -> BoxFuture<'a, Result<Option<ObjectId>, ClusterError>> {
            unreachable!("the cluster was asked")
        }

        fn delete_secret<'a>(
            &'a self,
            _: &'a ObjectName,
            _: &'a ObjectId,
        ) -> BoxFuture<'a, Result<(), ClusterError>> {
            unreachable!("the cluster was asked")
        }

        fn create_config_map<'a>(
            &'a self,
            _: &'a ObjectName,
            _: &'a ConfigMapEntries,
        ) -> BoxFuture<'a, Result<Created, ClusterError>> {
            unreachable!("the cluster was asked")
        }
    }

    fn source(variables: &[(&str, &str)], password_file: Option<PathBuf>) -> KeySource {
        let table: Vec<(String, OsString)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
        let lookup: Variables = Arc::new(move |name| {
            table.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        });
        let passwords = PasswordSources::without_terminal(password_file, lookup.clone());
        KeySource::new(Arc::new(passwords), lookup, Arc::new(NoCluster))
    }

    struct Pair {
        plain: String,
        public: PublicKey,
        pkcs8: Zeroizing<Vec<u8>>,
    }

    impl Pair {
        fn new() -> Self {
            let signer = LocalSigner::generate(Algorithm::EcdsaP256).unwrap();
            let pkcs8 = signer.to_pkcs8().unwrap();
            let plain = crate::model::key::pem::write("PRIVATE KEY", &pkcs8).to_string();
            Self { plain, public: signer.public_key().clone(), pkcs8 }
        }

        fn encrypted(&self, password: &str) -> String {
            encrypt(&self.pkcs8, &Password::from(password.as_bytes().to_vec())).unwrap().to_string()
        }
    }

    async fn signing_key(source: &KeySource, reference: &KeyRef) -> Result<PublicKey, KeySourceError> {
        source.signer(reference).await.map(|signer| signer.public_key().clone())
    }

    #[tokio::test]
    async fn plain_keys_in_files_and_variables_need_no_password() {
        let (folder, pair) = (Folder::new(), Pair::new());
        let file = folder.write("any.key", &pair.plain);
        let source = source(&[("KEY", &pair.plain)], None);
        assert_eq!(signing_key(&source, &file).await.unwrap(), pair.public);
        assert_eq!(signing_key(&source, &KeyRef::Env("KEY".to_owned())).await.unwrap(), pair.public);
    }

    #[tokio::test]
    async fn a_folder_without_keys_lacks_the_one_that_was_needed() {
        let folder = Folder::new();
        let lacks = |error: KeySourceError, entry: &str| {
            let told = error.to_string();
            assert!(told.contains(entry) && told.contains("is not there"), "{told}");
        };
        let source = source(&[], None);
        lacks(source.public_key(&folder.reference()).await.unwrap_err(), PUBLIC_KEY_ENTRY);
        lacks(source.any_public_key(&folder.reference()).await.unwrap_err(), PUBLIC_KEY_ENTRY);
        lacks(signing_key(&source, &folder.reference()).await.unwrap_err(), PRIVATE_KEY_ENTRY);
    }

    #[tokio::test]
    async fn the_password_file_comes_before_countersign_s_variable_and_that_before_cosign_s() {
        let (folder, pair) = (Folder::new(), Pair::new());
        let file = folder.write("any.key", pair.encrypted("right"));
        let KeyRef::Path(right) = folder.write("password", "right\n") else { unreachable!("a path") };
        let (ours, theirs) = ("COUNTERSIGN_PASSWORD", "COSIGN_PASSWORD");
        let by_file = source(&[(ours, "wrong"), (theirs, "wrong")], Some(right));
        assert_eq!(signing_key(&by_file, &file).await.unwrap(), pair.public);
        let by_ours = source(&[(ours, "right"), (theirs, "wrong")], None);
        assert_eq!(signing_key(&by_ours, &file).await.unwrap(), pair.public);
        let by_theirs = source(&[(theirs, "right")], None);
        assert_eq!(signing_key(&by_theirs, &file).await.unwrap(), pair.public);
    }

    #[tokio::test]
    async fn a_wrong_password_no_password_and_an_empty_one_are_different_answers() {
        let (folder, pair) = (Folder::new(), Pair::new());
        let file = folder.write("any.key", pair.encrypted(""));
        let wrong = signing_key(&source(&[("COSIGN_PASSWORD", "hidden")], None), &file).await.unwrap_err();
        assert!(matches!(
            wrong,
            KeySourceError::Private { cause: crate::signer::PrivateKeyError::WrongPassword, .. }
        ));
        assert!(!wrong.to_string().contains("hidden") && !wrong.is_undecided());
        let none = signing_key(&source(&[], None), &file).await.unwrap_err();
        assert!(matches!(none, KeySourceError::NoPassword(_)));
        let empty = signing_key(&source(&[("COSIGN_PASSWORD", "")], None), &file).await;
        assert_eq!(empty.unwrap(), pair.public);
    }

    #[tokio::test]
    async fn a_mounted_secret_is_read_by_the_names_of_its_entries() {
        let (folder, pair) = (Folder::new(), Pair::new());
        folder.write("cosign.key", pair.encrypted("own\n"));
        folder.write("cosign.password", "own\n");
        std::fs::create_dir(folder.0.join("..data")).unwrap();
        let source = source(&[("COSIGN_PASSWORD", "another")], None);
        assert_eq!(signing_key(&source, &folder.reference()).await.unwrap(), pair.public);
        assert_eq!(source.any_public_key(&folder.reference()).await.unwrap(), pair.public);
    }

    #[tokio::test]
    async fn a_folder_without_its_password_takes_the_usual_one() {
        let (folder, pair) = (Folder::new(), Pair::new());
        folder.write("cosign.key", pair.encrypted("usual"));
        let source = source(&[("COSIGN_PASSWORD", "usual")], None);
        assert_eq!(signing_key(&source, &folder.reference()).await.unwrap(), pair.public);
    }

    #[tokio::test]
    async fn whoever_verifies_gets_no_private_key_by_accident() {
        let (folder, pair) = (Folder::new(), Pair::new());
        let private = folder.write("cosign.key", &pair.plain);
        let public = folder.write("cosign.pub", pair.public.to_pem());
        let source = source(&[("KEY", &pair.plain)], None);
        for reference in [&private, &KeyRef::Env("KEY".to_owned())] {
            let refused = source.public_key(reference).await.unwrap_err();
            assert!(matches!(refused, KeySourceError::Public { cause: KeyError::Private, .. }));
        }
        let refused = source.public_key(&folder.reference()).await.unwrap_err();
        assert!(matches!(refused, KeySourceError::HoldsPrivateKey { .. }));
        assert_eq!(source.public_key(&public).await.unwrap(), pair.public);
        let allowed = source.clone().allow_private_key_secret(true);
        assert_eq!(allowed.public_key(&folder.reference()).await.unwrap(), pair.public);
        std::fs::remove_file(folder.0.join("cosign.key")).unwrap();
        assert_eq!(source.public_key(&folder.reference()).await.unwrap(), pair.public);
    }

    #[tokio::test]
    async fn the_only_entry_of_a_secret_is_read_whatever_its_name_if_it_is_a_public_key() {
        let pair = Pair::new();
        let public = pair.public.to_pem();
        let read = async |entries: &[(&str, &str)]| {
            let entries = entries
                .iter()
                .map(|(name, text)| ((*name).to_owned(), Password::from(text.as_bytes().to_vec())));
            source(&[], None).public_of_secret("k8s://ns/key".to_owned(), entries.collect()).await
        };
        assert_eq!(read(&[("any", &public)]).await.unwrap(), pair.public);
        assert_eq!(read(&[("any", "junk"), (PUBLIC_KEY_ENTRY, &public)]).await.unwrap(), pair.public);
        let of_two = read(&[("any", &public), ("other", &public)]).await.unwrap_err();
        assert!(matches!(of_two, KeySourceError::Missing { .. }), "{of_two}");
        let private = read(&[("any", &pair.plain)]).await.unwrap_err();
        assert!(matches!(private, KeySourceError::Public { cause: KeyError::Private, .. }), "{private}");
        assert!(matches!(read(&[("any", "junk")]).await, Err(KeySourceError::Public { .. })));
        assert!(matches!(read(&[]).await, Err(KeySourceError::Missing { .. })));
    }

    #[tokio::test]
    async fn the_owner_gets_the_public_key_of_a_private_one() {
        let (folder, pair) = (Folder::new(), Pair::new());
        let private = folder.write("any.key", pair.encrypted("p"));
        let source = source(&[("COSIGN_PASSWORD", "p")], None);
        assert_eq!(source.any_public_key(&private).await.unwrap(), pair.public);
    }

    #[tokio::test]
    async fn what_is_absent_too_large_or_no_key_is_told_apart() {
        let folder = Folder::new();
        let source = source(&[("JUNK", "junk")], None);
        let absent = KeyRef::Path(folder.0.join("absent"));
        assert!(matches!(source.signer(&absent).await.err(), Some(KeySourceError::Missing { .. })));
        assert!(matches!(source.public_key(&absent).await, Err(KeySourceError::Missing { .. })));
        let unset = KeyRef::Env("UNSET".to_owned());
        assert!(matches!(source.signer(&unset).await.err(), Some(KeySourceError::Missing { .. })));
        assert!(matches!(
            source.signer(&folder.reference()).await.err(),
            Some(KeySourceError::Missing { .. })
        ));
        let large = folder.write("large", vec![b'a'; (64 << 10) + 1]);
        assert!(matches!(source.signer(&large).await.err(), Some(KeySourceError::Unreadable { .. })));
        let binary = folder.write("binary", [0xff, 0xfe]);
        assert!(matches!(source.signer(&binary).await.err(), Some(KeySourceError::Unreadable { .. })));
        let junk = KeyRef::Env("JUNK".to_owned());
        assert!(matches!(source.signer(&junk).await.err(), Some(KeySourceError::Private { .. })));
    }
}
