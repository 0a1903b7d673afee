//! Key pairs in files: whole or not at all, and never over another.

use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;

use countersign::flow::FlowError;
use countersign::flow::keys::{IfPresent, Origin, PairOrder, PairReport, make, public};
use countersign::kube::Cluster;
use countersign::model::key::Algorithm;
use countersign::model::{Fingerprint, PublicKey};
use countersign::signer::keyring::FilePair;
use countersign::signer::keyring::KeySource;
use countersign::signer::keyring::LocalPairs;
use countersign::signer::keyring::PasswordSources;
use countersign::signer::pair::{PairError, PairMaker as _, PairStore as _};
use countersign::signer::{KeyRef, Password, Variables};

use crate::support::temp::TempFolder;

/// A folder for one pair, gone with the test.
struct Place {
    folder: TempFolder,
    store: FilePair,
    maker: LocalPairs,
    keys: KeySource,
}

impl Place {
    fn new(password: Option<&'static str>) -> Self {
        let folder = TempFolder::new();
        let variables: Variables =
            Arc::new(move |name| if name == "COSIGN_PASSWORD" { password.map(Into::into) } else { None });
        let passwords = Arc::new(PasswordSources::without_terminal(None, variables.clone()));
        let cluster = Arc::new(Cluster::new(variables.clone()));
        let keys = KeySource::new(passwords.clone(), variables, cluster);
        let maker = LocalPairs::new(passwords, keys.clone());
        Self { store: FilePair::new(&folder.join("build")), folder, maker, keys }
    }

    async fn make(&self, if_present: IfPresent) -> Result<PairReport, FlowError> {
        let order = PairOrder { origin: Origin::New(Algorithm::EcdsaP256), if_present, dry_run: false };
        make(&self.maker, &self.store, &order).await
    }

    async fn import(&self, pem: &str) -> Result<PairReport, FlowError> {
        let origin = Origin::Import(KeyRef::Path(self.folder.write("origin", pem)));
        make(&self.maker, &self.store, &PairOrder { origin, if_present: IfPresent::Refuse, dry_run: false })
            .await
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    async fn signing_key(&self) -> PublicKey {
        self.keys.signer(&KeyRef::Path(self.folder.join("build.key"))).await.unwrap().public_key().clone()
    }
}

fn fingerprint(report: &PairReport) -> Fingerprint {
    report.key.as_ref().unwrap().fingerprint
}

#[tokio::test]
async fn a_new_pair_is_two_files_and_only_its_owner_reads_the_private_one() {
    let place = Place::new(Some("p"));
    let report = place.make(IfPresent::Refuse).await.unwrap();
    assert_eq!(place.names(), ["build.key", "build.pub"]);
    let mode = |name| std::fs::metadata(place.folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("build.key"), mode("build.pub") & 0o600), (0o600, 0o600));
    assert_eq!(place.signing_key().await.fingerprint(), fingerprint(&report));
    let public = public(&place.keys, &KeyRef::Path(place.folder.join("build.pub"))).await.unwrap();
    assert_eq!(public.fingerprint, fingerprint(&report));
}

#[tokio::test]
async fn a_pair_that_is_there_is_refused_kept_or_replaced_as_told() {
    let place = Place::new(Some(""));
    let first = fingerprint(&place.make(IfPresent::Refuse).await.unwrap());
    let refused = place.make(IfPresent::Refuse).await;
    assert!(matches!(refused, Err(FlowError::Pair(PairError::Exists(_)))));
    let kept = place.make(IfPresent::Keep).await.unwrap();
    assert!(!kept.written && fingerprint(&kept) == first);
    assert_eq!(place.signing_key().await.fingerprint(), first);
    let second = fingerprint(&place.make(IfPresent::Replace).await.unwrap());
    assert!(second != first && place.signing_key().await.fingerprint() == second);
    assert_eq!(place.names(), ["build.key", "build.pub"]);
}

#[tokio::test]
async fn no_half_pair_is_completed_or_left() {
    let place = Place::new(Some(""));
    place.folder.write("build.pub", "somebody's");
    for if_present in [IfPresent::Refuse, IfPresent::Keep] {
        let refused = place.make(if_present).await;
        assert!(matches!(refused, Err(FlowError::Pair(PairError::Half { .. }))));
    }
    assert_eq!(place.names(), ["build.pub"]);
    // Between looking and writing, somebody else takes the public key's name.
    let pair = place.maker.generate(Algorithm::Ed25519, &Password::default()).await.unwrap();
    assert!(matches!(place.store.create(&pair, false).await, Err(PairError::Exists(_))));
    assert_eq!(place.names(), ["build.pub"]);
    assert_eq!(std::fs::read(place.folder.join("build.pub")).unwrap(), b"somebody's");
}

#[tokio::test]
async fn a_replacement_that_fails_half_way_leaves_the_old_private_key() {
    let place = Place::new(Some(""));
    place.folder.write("build.key", "old");
    std::fs::create_dir_all(place.folder.join("build.pub/full")).unwrap();
    assert!(matches!(place.make(IfPresent::Replace).await, Err(FlowError::Pair(PairError::File { .. }))));
    assert_eq!(std::fs::read(place.folder.join("build.key")).unwrap(), b"old");
    assert_eq!(place.names(), ["build.key", "build.pub"]);
}

#[tokio::test]
async fn of_makers_at_the_same_time_one_writes_and_the_others_are_refused() {
    let place = Place::new(Some(""));
    let all = (0..4).map(|_| place.make(IfPresent::Refuse));
    let made = futures_util::future::join_all(all).await;
    assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
    let written = made.iter().find_map(|made| made.as_ref().ok()).unwrap();
    assert_eq!(place.signing_key().await.fingerprint(), fingerprint(written));
    assert_eq!(place.names(), ["build.key", "build.pub"]);
}

#[tokio::test]
async fn files_without_a_password_and_a_dry_run_write_nothing() {
    let place = Place::new(None);
    let refused = place.make(IfPresent::Refuse).await;
    assert!(matches!(refused, Err(FlowError::Pair(PairError::NoPassword(_)))));
    let order =
        PairOrder { origin: Origin::New(Algorithm::Ed25519), if_present: IfPresent::Refuse, dry_run: true };
    let planned = make(&place.maker, &place.store, &order).await.unwrap();
    assert!(!planned.written && planned.key.is_none());
    assert!(place.names().is_empty());
}

#[tokio::test]
async fn plain_keys_are_imported_and_encrypted_ones_and_odd_sizes_are_refused() {
    let place = Place::new(Some("new"));
    let report =
        place.import(include_str!("../../src/signer/keyring/file/fixtures/rsa2048.pkcs1.pem")).await.unwrap();
    assert_eq!(place.signing_key().await.fingerprint(), fingerprint(&report));
    let text = std::fs::read_to_string(place.folder.join("build.key")).unwrap();
    assert!(text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----"));
    let encrypted = place.import(include_str!("../../src/signer/keyring/file/fixtures/cosign.key")).await;
    assert!(matches!(encrypted, Err(FlowError::Pair(PairError::AlreadyEncrypted(_)))));
    let odd = place.import(include_str!("../../src/signer/keyring/file/fixtures/rsa2560.pem")).await;
    assert!(matches!(odd, Err(FlowError::Pair(PairError::Key { .. }))));
}
