//! Encrypted private keys as cosign writes them (wire formats, "Keys"): scrypt, then NaCl secretbox, in JSON,
//! in PEM. Only the three scrypt settings in use are accepted, so that a hostile file cannot eat memory.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{AeadInPlace as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use scrypt::{Params, scrypt};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::LocalSigner;
use crate::model::{escape_untrusted, json, key::pem};
use crate::signer::{Password, PrivateKeyError};

/// The label that is written.
pub(super) const LABEL: &str = "ENCRYPTED SIGSTORE PRIVATE KEY";
/// The label of cosign before 2.0, which is read too.
pub(super) const OLD_LABEL: &str = "ENCRYPTED COSIGN PRIVATE KEY";

/// log₂ of N: as written, and all that are read.
const WRITTEN_LOG_N: u8 = 16;
const READ_LOG_N: [u8; 3] = [15, 16, 17];
const R: u32 = 8;
const P: u32 = 1;
const SALT_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
const KEY_BYTES: usize = 32;
/// Largest ciphertext, in bytes; RSA 4096 in PKCS#8 has 2.4 KiB.
const CIPHERTEXT_LIMIT: usize = 16 << 10;

/// An encrypted private key, its envelope checked.
#[derive(Debug)]
pub struct EncryptedKey {
    log_n: u8,
    salt: Vec<u8>,
    nonce: Vec<u8>,
    ciphertext: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Envelope {
    kdf: Kdf,
    cipher: Cipher,
    ciphertext: String,
}

#[derive(Serialize, Deserialize)]
struct Kdf {
    name: String,
    params: KdfParams,
    salt: String,
}

#[derive(Serialize, Deserialize)]
struct KdfParams {
    #[serde(rename = "N")]
    n: u64,
    r: u32,
    p: u32,
}

#[derive(Serialize, Deserialize)]
struct Cipher {
    name: String,
    nonce: String,
}

impl EncryptedKey {
    /// Reads the JSON inside the PEM block.
    ///
    /// # Errors
    /// [`PrivateKeyError::Envelope`] for another form, other algorithms or parameters than the accepted ones.
    pub fn from_json(body: &[u8]) -> Result<Self, PrivateKeyError> {
        let envelope: Envelope =
            json::from_slice(body).map_err(|error| PrivateKeyError::Envelope(error.to_string()))?;
        let log_n = accepted_log_n(&envelope.kdf)?;
        if envelope.cipher.name != "nacl/secretbox" {
            return Err(unexpected("cipher", &envelope.cipher.name, "nacl/secretbox"));
        }
        let ciphertext = bytes("ciphertext", &envelope.ciphertext)?;
        if ciphertext.len() > CIPHERTEXT_LIMIT {
            return Err(PrivateKeyError::Envelope(format!(
                "its ciphertext exceeds {CIPHERTEXT_LIMIT} bytes"
            )));
        }
        let salt = bytes_exactly("salt", &envelope.kdf.salt, SALT_BYTES)?;
        let nonce = bytes_exactly("nonce", &envelope.cipher.nonce, NONCE_BYTES)?;
        Ok(Self { log_n, salt, nonce, ciphertext })
    }

    /// Decrypts with `password` and reads the key. Takes 0.1 to 0.3 s of CPU and up to 128 MiB, so it runs
    /// beside the network and never on an async thread: see [`super::open`].
    ///
    /// # Errors
    /// [`PrivateKeyError::WrongPassword`], or what is wrong with the key inside.
    pub fn decrypt(&self, password: &Password) -> Result<LocalSigner, PrivateKeyError> {
        let cipher = cipher(self.log_n, &self.salt, password)?;
        // Poly1305 comes first, then the ciphertext; the library moves the plaintext to the front.
        let mut buffer = Zeroizing::new(self.ciphertext.clone());
        cipher
            .decrypt_in_place(Nonce::from_slice(&self.nonce), b"", &mut *buffer)
            .map_err(|_| PrivateKeyError::WrongPassword)?;
        LocalSigner::from_pkcs8(&buffer)
    }
}

/// Encrypts a key in PKCS#8 DER with `password` (which may be empty), and gives PEM with the label `ENCRYPTED SIGSTORE PRIVATE KEY`.
///
/// # Errors
/// [`PrivateKeyError::Failed`] if the system gave no random bytes.
pub fn encrypt(pkcs8: &[u8], password: &Password) -> Result<Zeroizing<String>, PrivateKeyError> {
    let (mut salt, mut nonce) = ([0; SALT_BYTES], [0; NONCE_BYTES]);
    rand::fill(&mut salt).map_err(|_| PrivateKeyError::Failed)?;
    rand::fill(&mut nonce).map_err(|_| PrivateKeyError::Failed)?;
    let cipher = cipher(WRITTEN_LOG_N, &salt, password)?;
    let mut buffer = Zeroizing::new(Vec::with_capacity(pkcs8.len() + XSalsa20Poly1305::TAG_SIZE));
    buffer.extend_from_slice(pkcs8);
    cipher
        .encrypt_in_place(Nonce::from_slice(&nonce), b"", &mut *buffer)
        .map_err(|_| PrivateKeyError::Failed)?;
    let envelope = Envelope {
        kdf: Kdf {
            name: "scrypt".to_owned(),
            params: KdfParams { n: 1 << WRITTEN_LOG_N, r: R, p: P },
            salt: STANDARD.encode(salt),
        },
        cipher: Cipher { name: "nacl/secretbox".to_owned(), nonce: STANDARD.encode(nonce) },
        ciphertext: STANDARD.encode(&*buffer),
    };
    let json = serde_json::to_vec(&envelope).map_err(|_| PrivateKeyError::Failed)?;
    Ok(pem::write(LABEL, &json))
}

fn cipher(log_n: u8, salt: &[u8], password: &Password) -> Result<XSalsa20Poly1305, PrivateKeyError> {
    let params = Params::new(log_n, R, P).map_err(|_| PrivateKeyError::Failed)?;
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    scrypt(password.expose_secret(), salt, &params, &mut *key).map_err(|_| PrivateKeyError::Failed)?;
    Ok(XSalsa20Poly1305::new(Key::from_slice(&*key)))
}

fn accepted_log_n(kdf: &Kdf) -> Result<u8, PrivateKeyError> {
    if kdf.name != "scrypt" {
        return Err(unexpected("key derivation", &kdf.name, "scrypt"));
    }
    let KdfParams { n, r, p } = kdf.params;
    let log_n = READ_LOG_N.into_iter().find(|log_n| 1 << log_n == n);
    log_n.filter(|_| r == R && p == P).ok_or_else(|| {
        PrivateKeyError::Envelope(format!(
            "its scrypt parameters are N {n}, r {r}, p {p}; only N 32768, 65536 or 131072, r 8, p 1 are accepted"
        ))
    })
}

fn unexpected(what: &str, found: &str, expected: &str) -> PrivateKeyError {
    let found = escape_untrusted(&found.chars().take(64).collect::<String>());
    PrivateKeyError::Envelope(format!("its {what} is `{found}`, `{expected}` is expected"))
}

fn bytes(what: &str, text: &str) -> Result<Vec<u8>, PrivateKeyError> {
    STANDARD.decode(text).map_err(|_| PrivateKeyError::Envelope(format!("its {what} is not base64")))
}

fn bytes_exactly(what: &str, text: &str, length: usize) -> Result<Vec<u8>, PrivateKeyError> {
    let decoded = bytes(what, text)?;
    if decoded.len() == length {
        return Ok(decoded);
    }
    Err(PrivateKeyError::Envelope(format!("its {what} has {} bytes, {length} are expected", decoded.len())))
}
