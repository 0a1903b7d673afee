//! A key pair made by either is used by the other, in each algorithm.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::model::PublicKey;
use countersign::model::key::pem;

use crate::support::cli::Countersign;
use crate::support::keys::{ALGORITHMS, TestKey};
use crate::support::peers;
use crate::support::temp::TempFolder;

const PASSWORD: &str = "pässwort";

fn cosign() -> Countersign {
    peers::cosign().env("COSIGN_PASSWORD", PASSWORD)
}

fn countersign() -> Countersign {
    Countersign::new().env("COSIGN_PASSWORD", PASSWORD)
}

/// Signs a file with cosign, and gives the signature out of the bundle.
fn cosign_signature(folder: &TempFolder, key: &str) -> Vec<u8> {
    let message = folder.write("message", "message");
    let bundle = folder.join("bundle.json");
    let signed = cosign()
        .args(["sign-blob", "--use-signing-config=false", "--tlog-upload=false", "--key", key, "--bundle"])
        .arg(&bundle)
        .arg(message)
        .run();
    signed.expect_code(0);
    let bundle: serde_json::Value = serde_json::from_slice(&std::fs::read(bundle).unwrap()).unwrap();
    STANDARD.decode(bundle["messageSignature"]["signature"].as_str().unwrap()).unwrap()
}

#[test]
fn cosign_opens_our_keys_and_signs_for_our_public_key() {
    for algorithm in ["ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519", "rsa-2048", "rsa-3072", "rsa-4096"]
    {
        let folder = TempFolder::new();
        let prefix = folder.join("ours");
        let made =
            countersign().args(["keys", "generate", "--algorithm", algorithm, "--output-prefix"]).arg(prefix);
        made.run().expect_code(0);
        let (key, public) =
            (folder.join("ours.key"), std::fs::read_to_string(folder.join("ours.pub")).unwrap());
        let shown = cosign().args(["public-key", "--key"]).arg(&key).run().expect_code(0);
        assert_eq!(shown.stdout.trim(), public.trim(), "{algorithm}");
        let signature = cosign_signature(&folder, key.to_str().unwrap());
        assert!(PublicKey::from_pem(&public).unwrap().accepts(b"message", &signature), "{algorithm}");
    }
}

#[test]
fn we_open_keys_that_cosign_imported() {
    for algorithm in ALGORITHMS {
        let (folder, plain) = (TempFolder::new(), TestKey::of(algorithm));
        let import = cosign().args(["import-key-pair", "--key"]).arg(plain.private());
        import.arg("--output-key-prefix").arg(folder.join("theirs")).run().expect_code(0);
        let shown = countersign().args(["keys", "public", "--key"]).arg(folder.join("theirs.key")).run();
        assert_eq!(shown.expect_code(0).stdout.trim(), plain.public.to_pem().trim(), "{algorithm}");
    }
}

#[test]
fn we_open_keys_that_cosign_generated() {
    let folder = TempFolder::new();
    cosign()
        .args(["generate-key-pair", "--output-key-prefix"])
        .arg(folder.join("theirs"))
        .run()
        .expect_code(0);
    let shown = countersign().args(["keys", "public", "--key"]).arg(folder.join("theirs.key")).run();
    let public = std::fs::read_to_string(folder.join("theirs.pub")).unwrap();
    assert_eq!(shown.expect_code(0).stdout.trim(), public.trim());
}

#[test]
fn cosign_opens_what_we_imported_and_we_take_the_parameters_block_that_stops_it() {
    let folder = TempFolder::new();
    let origin = folder
        .write("origin.pem", include_str!("../../src/signer/keyring/file/fixtures/openssl-ecparam.pem"));
    let refused = cosign().args(["import-key-pair", "--key"]).arg(&origin);
    assert_ne!(refused.arg("--output-key-prefix").arg(folder.join("theirs")).run().code, 0);
    let import = countersign().args(["keys", "import", "--key"]).arg(&origin).arg("--output-prefix");
    import.arg(folder.join("ours")).run().expect_code(0);
    let shown = cosign().args(["public-key", "--key"]).arg(folder.join("ours.key")).run().expect_code(0);
    assert_eq!(pem::first_block(&shown.stdout).unwrap().0.label, "PUBLIC KEY");
    assert_eq!(shown.stdout.trim(), std::fs::read_to_string(folder.join("ours.pub")).unwrap().trim());
}
