//! Private keys that are at hand as PEM text, plain or encrypted: read, decrypted, made, written to files.
//! Where the text comes from is for [`super::source`].

mod der;
mod encrypted;
mod local;
pub mod store;

use crate::model::escape_untrusted;
use crate::model::key::{Algorithm, pem};
use crate::signer::{Password, PrivateKeyError};

pub use encrypted::{EncryptedKey, encrypt};
pub use local::LocalSigner;

/// A private key as found in a PEM text.
#[derive(Debug)]
pub enum PrivateKeyText {
    /// It can sign.
    Plain(LocalSigner),
    /// It needs its password first.
    Encrypted(EncryptedKey),
}

/// Reads the first private key of `text`; an `EC PARAMETERS` block before it, as OpenSSL writes one, is skipped.
///
/// # Errors
/// [`PrivateKeyError`].
pub fn parse(text: &str) -> Result<PrivateKeyText, PrivateKeyError> {
    // The headers of OpenSSL's own encryption (RFC 1421) would only show as a body that is not base64.
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(PrivateKeyError::ForeignEncryption);
    }
    let (mut block, after) = pem::first_block(text)?;
    if block.label == "EC PARAMETERS" {
        block = pem::first_block(after)?.0;
    }
    match block.label.as_str() {
        encrypted::LABEL | encrypted::OLD_LABEL => {
            EncryptedKey::from_json(&block.body).map(PrivateKeyText::Encrypted)
        }
        "PRIVATE KEY" => LocalSigner::from_pkcs8(&block.body).map(PrivateKeyText::Plain),
        "EC PRIVATE KEY" => LocalSigner::from_sec1(&block.body).map(PrivateKeyText::Plain),
        "RSA PRIVATE KEY" => LocalSigner::from_pkcs1(&block.body).map(PrivateKeyText::Plain),
        "ENCRYPTED PRIVATE KEY" => Err(PrivateKeyError::ForeignEncryption),
        label if label.ends_with("PUBLIC KEY") => Err(PrivateKeyError::Public),
        label => Err(PrivateKeyError::Label(escape_untrusted(&label.chars().take(64).collect::<String>()))),
    }
}

/// Refuses RSA sizes that cosign does not import: such a key could sign here only.
///
/// # Errors
/// [`PrivateKeyError::RsaSize`].
pub fn require_common_size(algorithm: Algorithm) -> Result<(), PrivateKeyError> {
    match algorithm {
        Algorithm::Rsa(bits) => local::rsa_size(bits).map(|_| ()),
        _ => Ok(()),
    }
}

/// Decrypts `key` on a thread of its own, since scrypt would hold up everything else.
///
/// # Errors
/// [`PrivateKeyError`].
pub async fn open(key: EncryptedKey, password: Password) -> Result<LocalSigner, PrivateKeyError> {
    let opened = tokio::task::spawn_blocking(move || key.decrypt(&password));
    opened.await.map_err(|_| PrivateKeyError::Failed)?
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;
    use crate::model::PublicKey;
    use crate::model::key::KeyError;
    use crate::signer::Signer as _;

    const COSIGN_KEY: &str = include_str!("fixtures/cosign.key");
    const COSIGN_PUB: &str = include_str!("fixtures/cosign.pub");

    const ALGORITHMS: [Algorithm; 5] = [
        Algorithm::EcdsaP256,
        Algorithm::EcdsaP384,
        Algorithm::EcdsaP521,
        Algorithm::Ed25519,
        Algorithm::Rsa(2048),
    ];

    fn password(text: &str) -> Password {
        Password::from(text.as_bytes().to_vec())
    }

    fn plain(text: &str) -> LocalSigner {
        match parse(text).unwrap() {
            PrivateKeyText::Plain(signer) => signer,
            PrivateKeyText::Encrypted(_) => unreachable!("a plain key"),
        }
    }

    fn encrypted(text: &str) -> EncryptedKey {
        match parse(text).unwrap() {
            PrivateKeyText::Encrypted(key) => key,
            PrivateKeyText::Plain(_) => unreachable!("an encrypted key"),
        }
    }

    async fn assert_signs_for(signer: &LocalSigner, public: &PublicKey) {
        let signature = signer.sign(b"message").await.unwrap();
        assert!(public.accepts(b"message", &signature));
        assert!(!public.accepts(b"another", &signature));
    }

    #[tokio::test]
    async fn a_new_key_of_each_algorithm_signs_and_comes_back_from_pkcs8() {
        for algorithm in ALGORITHMS {
            let made = LocalSigner::generate(algorithm).unwrap();
            assert_eq!(made.public_key().algorithm(), algorithm);
            let text = pem::write("PRIVATE KEY", &made.to_pkcs8().unwrap());
            assert_signs_for(&plain(&text), made.public_key()).await;
        }
    }

    #[tokio::test]
    async fn an_encrypted_key_opens_with_its_password_only() {
        let made = LocalSigner::generate(Algorithm::Ed25519).unwrap();
        for secret in ["", "correct"] {
            let text = encrypt(&made.to_pkcs8().unwrap(), &password(secret)).unwrap();
            assert!(text.starts_with("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n"));
            assert_signs_for(&open(encrypted(&text), password(secret)).await.unwrap(), made.public_key())
                .await;
            let wrong = open(encrypted(&text), password("wrong")).await;
            assert!(matches!(wrong, Err(PrivateKeyError::WrongPassword)));
        }
    }

    #[tokio::test]
    async fn a_key_that_cosign_made_opens_under_both_labels() {
        let public = PublicKey::from_pem(COSIGN_PUB).unwrap();
        for text in [COSIGN_KEY.to_owned(), COSIGN_KEY.replace("SIGSTORE", "COSIGN")] {
            let signer = open(encrypted(&text), password("pässwort")).await.unwrap();
            assert_signs_for(&signer, &public).await;
        }
    }

    #[test]
    fn scrypt_settings_beyond_the_three_in_use_are_refused_before_any_memory_is_taken() {
        let body = pem::first_block(COSIGN_KEY).unwrap().0.body;
        let json = std::str::from_utf8(&body).unwrap();
        for (from, to) in [
            (r#""N":65536"#, r#""N":1073741824"#),
            (r#""N":65536"#, r#""N":65537"#),
            (r#""N":65536"#, r#""N":0"#),
            (r#""r":8"#, r#""r":1024"#),
            (r#""p":1"#, r#""p":1024"#),
            ("scrypt", "argon2"),
            ("nacl/secretbox", "none"),
            (r#""salt":""#, r#""salt":"AAAA"#),
            (r#""nonce":""#, r#""nonce":"!"#),
            (r#"{"kdf""#, r#"{"kdf":{},"kdf""#),
            (r#""p":1}"#, r#""p":1"#),
        ] {
            assert!(json.contains(from));
            let refused = EncryptedKey::from_json(json.replace(from, to).as_bytes());
            assert!(matches!(refused, Err(PrivateKeyError::Envelope(_))), "{to}");
        }
        for n in [32768, 131_072] {
            assert!(EncryptedKey::from_json(json.replace("65536", &n.to_string()).as_bytes()).is_ok());
        }
    }

    #[test]
    fn a_changed_ciphertext_is_never_a_key() {
        let body = pem::first_block(COSIGN_KEY).unwrap().0.body;
        let mut envelope: serde_json::Value = serde_json::from_slice(&body).unwrap();
        for cut in ["", "AAAA"] {
            envelope["ciphertext"] = cut.into();
            let key = EncryptedKey::from_json(&serde_json::to_vec(&envelope).unwrap()).unwrap();
            assert!(matches!(key.decrypt(&password("pässwort")), Err(PrivateKeyError::WrongPassword)));
        }
        envelope["ciphertext"] = STANDARD.encode(vec![0; (16 << 10) + 1]).into();
        assert!(EncryptedKey::from_json(&serde_json::to_vec(&envelope).unwrap()).is_err());
    }

    #[tokio::test]
    async fn sec1_with_and_without_a_parameters_block_and_pkcs1_are_read() {
        let with_block = include_str!("fixtures/openssl-ecparam.pem");
        let signer = plain(with_block);
        assert_signs_for(&signer, signer.public_key()).await;
        let alone = &with_block[with_block.find("-----BEGIN EC PRIVATE KEY").unwrap()..];
        assert_eq!(plain(alone).public_key(), signer.public_key());
        let rsa = plain(include_str!("fixtures/rsa2048.pkcs1.pem"));
        assert_eq!(rsa.public_key().algorithm(), Algorithm::Rsa(2048));
        assert_signs_for(&rsa, rsa.public_key()).await;
    }

    #[test]
    fn explicit_curve_parameters_and_small_rsa_keys_are_refused_in_every_container() {
        for text in [
            include_str!("fixtures/explicit-curve.sec1.pem"),
            include_str!("fixtures/explicit-curve.pkcs8.pem"),
        ] {
            assert!(matches!(parse(text), Err(PrivateKeyError::Key(KeyError::ExplicitCurve))));
        }
        let small = parse(include_str!("fixtures/rsa1024.pem"));
        assert!(matches!(small, Err(PrivateKeyError::Key(KeyError::RsaSize(1024)))));
        assert!(matches!(LocalSigner::generate(Algorithm::Rsa(2560)), Err(PrivateKeyError::RsaSize(2560))));
    }

    #[test]
    fn what_is_no_private_key_is_told_by_what_it_is() {
        assert!(matches!(parse(COSIGN_PUB), Err(PrivateKeyError::Public)));
        assert!(matches!(parse("no key"), Err(PrivateKeyError::Pem(_))));
        let foreign = pem::write("ENCRYPTED PRIVATE KEY", b"x");
        assert!(matches!(parse(&foreign), Err(PrivateKeyError::ForeignEncryption)));
        let traditional =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n";
        assert!(matches!(parse(traditional), Err(PrivateKeyError::ForeignEncryption)));
        assert!(matches!(parse(&pem::write("CERTIFICATE", b"x")), Err(PrivateKeyError::Label(_))));
        assert!(matches!(parse(&pem::write("PRIVATE KEY", b"x")), Err(PrivateKeyError::Der)));
        assert!(matches!(parse(&pem::write("EC PRIVATE KEY", b"\x30\x00")), Err(PrivateKeyError::Der)));
    }

    #[test]
    fn a_key_with_trailing_bytes_is_refused() {
        let mut der = LocalSigner::generate(Algorithm::EcdsaP256).unwrap().to_pkcs8().unwrap().to_vec();
        der.push(0);
        assert!(matches!(LocalSigner::from_pkcs8(&der), Err(PrivateKeyError::Der)));
    }

    #[test]
    fn nothing_secret_is_in_the_debug_form() {
        let signer = LocalSigner::generate(Algorithm::EcdsaP256).unwrap();
        assert!(!format!("{signer:?} {:?}", encrypted(COSIGN_KEY)).contains("pair"));
    }
}
