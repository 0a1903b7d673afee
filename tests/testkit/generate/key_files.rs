//! Private key files, encrypted as cosign does it (scrypt, then NaCl secretbox), and what must not be opened.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{Aead as _, KeyInit as _};
use crypto_secretbox::{Key, Nonce, XSalsa20Poly1305};
use scrypt::{Params, scrypt};

use super::workshop::{key_file, public, swap};
use super::{Recipe, recipe};
use crate::case::{Case, ExpectedKeyFile, KeyFileCase};

const SALT: [u8; 32] = [7; 32];
const NONCE: [u8; 24] = [9; 24];
const PASSWORD: &str = "correct horse";

pub(super) fn recipes() -> Vec<Recipe> {
    [opened(), parameters(), envelopes(), passwords(), plain()].into_iter().flatten().collect()
}

/// The JSON of the key p256, encrypted with those scrypt parameters.
fn encrypted(log_n: u8, r: u32, p: u32, password: &str) -> String {
    let body: String = key_file("p256.pem").lines().filter(|line| !line.starts_with('-')).collect();
    let mut key = [0; 32];
    scrypt(password.as_bytes(), &SALT, &Params::new(log_n, r, p).unwrap(), &mut key).unwrap();
    let cipher = XSalsa20Poly1305::new(Key::from_slice(&key));
    let sealed =
        cipher.encrypt(Nonce::from_slice(&NONCE), STANDARD.decode(body).unwrap().as_slice()).unwrap();
    let (salt, nonce, sealed) = (STANDARD.encode(SALT), STANDARD.encode(NONCE), STANDARD.encode(sealed));
    format!(
        r#"{{"kdf":{{"name":"scrypt","params":{{"N":{},"r":{r},"p":{p}}},"salt":"{salt}"}},"cipher":{{"name":"nacl/secretbox","nonce":"{nonce}"}},"ciphertext":"{sealed}"}}"#,
        1u64 << log_n
    )
}

fn labelled(label: &str, json: &str) -> String {
    let encoded = STANDARD.encode(json);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn sigstore(json: &str) -> String {
    labelled("ENCRYPTED SIGSTORE PRIVATE KEY", json)
}

fn case(about: &str, file: String, password: &str, expect: ExpectedKeyFile) -> Case {
    Case::KeyFile(KeyFileCase { about: about.to_owned(), file, password: password.to_owned(), expect })
}

fn opens(about: &str, file: String, password: &str) -> Case {
    case(about, file, password, ExpectedKeyFile::Opened { public_key: public("p256") })
}

fn refused(about: &str, file: String, reason: &str) -> Case {
    case(about, file, PASSWORD, ExpectedKeyFile::RefusedKeyFile { reason: reason.to_owned() })
}

fn opened() -> Vec<Recipe> {
    let accepted = |name: &str, log_n| {
        recipe(name, move || {
            opens("Accepted scrypt parameters.", sigstore(&encrypted(log_n, 8, 1, PASSWORD)), PASSWORD)
        })
    };
    vec![
        accepted("key_file_scrypt_32768", 15),
        accepted("key_file_scrypt_65536", 16),
        accepted("key_file_scrypt_131072", 17),
        recipe("key_file_of_the_old_label", || {
            let file = labelled("ENCRYPTED COSIGN PRIVATE KEY", &encrypted(16, 8, 1, PASSWORD));
            opens("The label that cosign wrote before.", file, PASSWORD)
        }),
        recipe("key_file_with_an_empty_password", || {
            opens("An empty password is legal.", sigstore(&encrypted(16, 8, 1, "")), "")
        }),
        recipe("key_file_plain", || opens("Plain PKCS#8.", key_file("p256.pem"), "")),
        recipe("key_file_with_unknown_members", || {
            let json = encrypted(16, 8, 1, PASSWORD).replacen('{', r#"{"x":1,"#, 1);
            opens("Members that nobody knows.", sigstore(&json), PASSWORD)
        }),
    ]
}

fn parameters() -> Vec<Recipe> {
    const REASON: &str = "scrypt parameters";
    let truly = |name: &str, log_n, r, p| {
        recipe(name, move || {
            let file = sigstore(&encrypted(log_n, r, p, PASSWORD));
            refused("Truly encrypted so, and not one of the three settings.", file, REASON)
        })
    };
    let stated = |name: &str, from: &'static str, to: &'static str, reason: &'static str| {
        recipe(name, move || {
            let json = swap(&encrypted(16, 8, 1, PASSWORD), from, to);
            refused("A setting that would eat memory or time, or is none.", sigstore(&json), reason)
        })
    };
    vec![
        truly("scrypt_n_16384_fail", 14, 8, 1),
        truly("scrypt_n_262144_fail", 18, 8, 1),
        truly("scrypt_r_16_fail", 16, 16, 1),
        truly("scrypt_p_2_fail", 15, 8, 2),
        stated("scrypt_n_of_a_terabyte_fail", "\"N\":65536", "\"N\":1073741824", REASON),
        stated("scrypt_n_of_64_bits_fail", "\"N\":65536", "\"N\":18446744073709551615", REASON),
        stated("scrypt_n_no_power_of_two_fail", "\"N\":65536", "\"N\":65537", REASON),
        stated("scrypt_n_zero_fail", "\"N\":65536", "\"N\":0", REASON),
        stated("scrypt_n_negative_fail", "\"N\":65536", "\"N\":-65536", "its encryption cannot be read"),
        stated("scrypt_n_a_text_fail", "\"N\":65536", "\"N\":\"65536\"", "its encryption cannot be read"),
        stated("scrypt_n_a_fraction_fail", "\"N\":65536", "\"N\":65536.0", "its encryption cannot be read"),
        stated("scrypt_r_of_32_bits_fail", "\"r\":8", "\"r\":4294967295", REASON),
        stated("scrypt_p_of_32_bits_fail", "\"p\":1", "\"p\":4294967295", REASON),
        stated("scrypt_n_twice_fail", "\"N\":65536", "\"N\":32768,\"N\":65536", "duplicate"),
    ]
}

fn envelopes() -> Vec<Recipe> {
    const REASON: &str = "its encryption cannot be read";
    let stated = |name: &str, about: &'static str, from: &'static str, to: &'static str| {
        recipe(name, move || {
            refused(about, sigstore(&swap(&encrypted(16, 8, 1, PASSWORD), from, to)), REASON)
        })
    };
    vec![
        stated("key_file_of_another_kdf_fail", "Another key derivation.", "scrypt", "argon2id"),
        stated("key_file_of_another_cipher_fail", "Another cipher.", "nacl/secretbox", "aes-256-gcm"),
        stated(
            "key_file_with_a_short_salt_fail",
            "A salt of three bytes.",
            "\"salt\":\"BwcH",
            "\"salt\":\"BwcH\",\"x\":\"",
        ),
        stated(
            "key_file_with_a_short_nonce_fail",
            "A nonce of three bytes.",
            "\"nonce\":\"CQkJ",
            "\"nonce\":\"CQkJ\",\"x\":\"",
        ),
        stated("key_file_without_ciphertext_fail", "No ciphertext.", "\"ciphertext\"", "\"text\""),
        recipe("key_file_no_json_fail", || refused("Not JSON.", sigstore("key"), REASON)),
        recipe("key_file_deep_fail", || refused("100,000 brackets.", sigstore(&"[".repeat(100_000)), REASON)),
        recipe("key_file_of_large_ciphertext_fail", || {
            let json = encrypted(16, 8, 1, PASSWORD);
            let json =
                swap(&json, "\"ciphertext\":\"", &format!("\"ciphertext\":\"{}", "AAAA".repeat(10_000)));
            refused("A ciphertext of 30,000 bytes: no key has that.", sigstore(&json), REASON)
        }),
    ]
}

fn passwords() -> Vec<Recipe> {
    const REASON: &str = "the password is wrong";
    vec![
        recipe("key_file_wrong_password_fail", || {
            refused("Encrypted with another password.", sigstore(&encrypted(15, 8, 1, "other")), REASON)
        }),
        recipe("key_file_ciphertext_changed_fail", || {
            let json = encrypted(15, 8, 1, PASSWORD);
            let from = json.find("\"ciphertext\":\"").unwrap() + 14;
            let changed = if json.as_bytes()[from] == b'A' { "B" } else { "A" };
            let json = format!("{}{changed}{}", &json[..from], &json[from + 1..]);
            refused("A bit of the ciphertext is another.", sigstore(&json), REASON)
        }),
        recipe("key_file_empty_ciphertext_fail", || {
            let json = encrypted(15, 8, 1, PASSWORD);
            let from = json.find("\"ciphertext\":\"").unwrap() + 14;
            refused("The ciphertext is empty.", sigstore(&format!("{}\"}}", &json[..from])), REASON)
        }),
    ]
}

fn plain() -> Vec<Recipe> {
    vec![
        recipe("public_key_as_private_fail", || {
            refused("A public key where a private one is needed.", public("p256"), "it is a public key")
        }),
        recipe("encrypted_pkcs8_fail", || {
            let file = labelled("ENCRYPTED PRIVATE KEY", "x");
            refused("PKCS#8 encryption, which cosign's keys do not use.", file, "encrypted as PKCS#8")
        }),
        recipe("key_file_with_junk_inside_fail", || {
            refused("Not DER.", labelled("PRIVATE KEY", "junk"), "not a private key in DER")
        }),
        recipe("key_file_cut_fail", || {
            let file = sigstore(&encrypted(15, 8, 1, PASSWORD));
            refused("The file is cut.", file[..200].to_owned(), "has no end")
        }),
    ]
}
