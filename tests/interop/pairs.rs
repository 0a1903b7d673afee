//! Key files: what one tool makes the other reads.

use std::path::PathBuf;

use countersign::model::key::Algorithm;

use super::bed::{
    Bed, Keys, PASSWORD, PLACES, Pair, cosign, cosign_signs, cosign_verifies, countersign, image, we_sign,
    we_verify,
};
use super::support::cli::Countersign;
use super::support::keys::ALGORITHMS;
use super::support::temp::TempFolder;

/// A folder for key pairs and the prefix of one in it.
fn folder() -> (TempFolder, String) {
    let folder = TempFolder::new();
    let prefix = folder.join("pair").to_str().unwrap().to_owned();
    (folder, prefix)
}

fn pair(prefix: &str) -> Pair {
    let [private, public] = ["key", "pub"].map(|suffix| format!("{prefix}.{suffix}"));
    Pair { private, public, algorithm: Algorithm::EcdsaP256 }
}

fn public_by_us(private: &str) -> String {
    countersign().args(["keys", "public", "--key", private]).run().expect_code(0).stdout
}

fn public_by_cosign(private: &str) -> String {
    cosign().args(["public-key", "--key", private]).run().expect_code(0).stdout
}

#[test]
fn both_read_the_same_public_key_from_every_private_key() {
    let bed = Bed::share();
    for algorithm in ALGORITHMS {
        let Keys { cosigns, ours, .. } = bed.keys(algorithm);
        for key in [cosigns, ours] {
            let stored = std::fs::read_to_string(&key.public).unwrap();
            assert_eq!(public_by_us(&key.private).trim(), stored.trim(), "{algorithm}");
            assert_eq!(public_by_cosign(&key.private).trim(), stored.trim(), "{algorithm}");
        }
    }
}

#[test]
fn a_key_that_we_imported_is_used_by_cosign() {
    let bed = Bed::share();
    for (number, file) in ["p256.pem", "p384.pem", "ed25519.pem", "rsa3072.pem"].into_iter().enumerate() {
        let key = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/testkit/keys").join(file);
        let (_folder, prefix) = folder();
        let importing = countersign().args(["keys", "import", "--output-prefix", &prefix, "--key"]).arg(key);
        importing.run().expect_code(0);
        let imported = pair(&prefix);
        let image = image(&bed, PLACES[number % 2], &format!("pairs/imported/{number}"));
        cosign_signs(&imported, &image.pinned(), "bundle", &[]);
        we_verify(&[&imported], &image.pinned(), &[]).expect_code(0);
    }
}

#[test]
fn pairs_with_an_empty_password_are_used_by_the_other() {
    let bed = Bed::share();
    let empty = |command: Countersign| {
        command.env("COSIGN_PASSWORD", "").env("COUNTERSIGN_PASSWORD", "").run().expect_code(0)
    };
    let (_cosigns, prefix) = folder();
    empty(cosign().args(["generate-key-pair", "--output-key-prefix", &prefix]));
    let at = image(&bed, PLACES[0], "pairs/empty/cosigns").pinned();
    empty(countersign().args(["sign", "--key", &pair(&prefix).private, &at]));
    cosign_verifies(&pair(&prefix), &at, &[]).expect_code(0);

    let (_ours, prefix) = folder();
    empty(countersign().args(["keys", "generate", "--output-prefix", &prefix]));
    let at = image(&bed, PLACES[1], "pairs/empty/ours").pinned();
    let signing = cosign().args(["sign", "--tlog-upload=false", "--use-signing-config=false"]);
    empty(signing.args(["--key", &pair(&prefix).private, &at]));
    we_verify(&[&pair(&prefix)], &at, &[]).expect_code(0);
}

#[test]
fn a_wrong_password_opens_neither_key_for_neither() {
    let bed = Bed::share();
    let keys = bed.p256();
    let at = image(&bed, PLACES[0], "pairs/wrong").pinned();
    for key in [&keys.ours, &keys.cosigns] {
        let wrong = |command: Countersign| {
            command.env("COSIGN_PASSWORD", "other").env("COUNTERSIGN_PASSWORD", "other").run()
        };
        let ours = wrong(countersign().args(["sign", "--key", &key.private, &at])).expect_code(2);
        assert!(!ours.all().contains(PASSWORD), "{ours:?}");
        assert_ne!(wrong(cosign().args(["public-key", "--key", &key.private])).code, 0);
    }
    we_verify(&[&keys.ours], &at, &[]).expect_code(1);
}

#[test]
fn the_older_label_of_encrypted_keys_is_read_by_both() {
    let bed = Bed::share();
    let keys = bed.p256();
    let key = std::fs::read_to_string(&keys.ours.private).unwrap();
    assert!(key.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
    let folder = TempFolder::new();
    let older = folder.write("older.key", key.replace("ENCRYPTED SIGSTORE", "ENCRYPTED COSIGN"));
    let older = older.to_str().unwrap();
    assert_eq!(public_by_us(older).trim(), public_by_cosign(older).trim());
}

#[test]
fn what_openssl_ecparam_writes_is_imported_by_us_and_not_by_cosign() {
    let bed = Bed::share();
    let key = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/interop/keys/openssl-ecparam.pem");
    assert!(std::fs::read_to_string(&key).unwrap().starts_with("-----BEGIN EC PARAMETERS-----\n"));
    let (_folder, prefix) = folder();
    let refused = cosign().args(["import-key-pair", "--output-key-prefix", &prefix, "--key"]).arg(&key).run();
    assert_ne!(refused.code, 0, "{refused:?}");
    let importing = countersign().args(["keys", "import", "--output-prefix", &prefix, "--key"]).arg(&key);
    importing.run().expect_code(0);
    let imported = pair(&prefix);
    let at = image(&bed, PLACES[0], "pairs/ecparam").pinned();
    we_sign(&imported, &at, &[]);
    cosign_verifies(&imported, &at, &[]).expect_code(0);
}
