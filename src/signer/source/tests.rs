//! Claims about keys in files, folders, variables, and in a cluster of a table.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::model::key::{Algorithm, KeyError};
use crate::signer::cluster::{ClusterError, ConfigMapEntries, Created};
use crate::signer::file::encrypt;
use crate::signer::passwords::PasswordSources;

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name =
            format!("countersign-source-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
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
    fn secret<'a>(&'a self, _: &'a ObjectName) -> BoxFuture<'a, Result<Option<SecretEntries>, ClusterError>> {
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
    let lookup: Variables =
        Arc::new(move |name| table.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()));
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
    assert!(matches!(wrong, KeySourceError::Private { cause: file::PrivateKeyError::WrongPassword, .. }));
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
    assert!(matches!(source.signer(&folder.reference()).await.err(), Some(KeySourceError::Missing { .. })));
    let large = folder.write("large", vec![b'a'; (64 << 10) + 1]);
    assert!(matches!(source.signer(&large).await.err(), Some(KeySourceError::Unreadable { .. })));
    let binary = folder.write("binary", [0xff, 0xfe]);
    assert!(matches!(source.signer(&binary).await.err(), Some(KeySourceError::Unreadable { .. })));
    let junk = KeyRef::Env("JUNK".to_owned());
    assert!(matches!(source.signer(&junk).await.err(), Some(KeySourceError::Private { .. })));
}
