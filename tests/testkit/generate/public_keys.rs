//! Public keys: the spellings that are one key, and the keys that are none.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::workshop::{key_file, public};
use super::{Recipe, recipe};
use crate::case::{Case, ExpectedKey, ExpectedSigners, PublicKeyCase, SignersCase};

pub(super) fn recipes() -> Vec<Recipe> {
    [accepted(), refused_kinds(), refused_spellings(), texts(), signers()].into_iter().flatten().collect()
}

/// The DER of a PEM text.
fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    STANDARD.decode(body).unwrap()
}

fn pem(der: &[u8]) -> String {
    let encoded = STANDARD.encode(der);
    let lines: Vec<&str> =
        encoded.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"))
}

/// What a bundle's hint for the key `name` is: base64 of the SHA-256 of its SPKI DER.
pub(super) fn fingerprint_of(name: &str) -> String {
    STANDARD.encode(digest(&SHA256, &der(&public(name))))
}

/// `key` is a spelling of the key `name`.
fn spelling(about: &str, key: String, algorithm: &str, name: &str) -> Case {
    let digits: String =
        digest(&SHA256, &der(&public(name))).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let expect =
        ExpectedKey::Accepted { algorithm: algorithm.to_owned(), fingerprint: format!("sha256:{digits}") };
    Case::PublicKey(PublicKeyCase { about: about.to_owned(), key, expect })
}

fn refused(about: &str, key: String, reason: &str) -> Case {
    let expect = ExpectedKey::RefusedKey { reason: reason.to_owned() };
    Case::PublicKey(PublicKeyCase { about: about.to_owned(), key, expect })
}

fn accepted() -> Vec<Recipe> {
    let plain = [
        ("p256", "ECDSA P-256"),
        ("p384", "ECDSA P-384"),
        ("p521", "ECDSA P-521"),
        ("ed25519", "Ed25519"),
        ("rsa2048", "RSA 2048"),
        ("rsa3072", "RSA 3072"),
        ("rsa4096", "RSA 4096"),
    ];
    let compressed = [("p256", "ECDSA P-256"), ("p384", "ECDSA P-384"), ("p521", "ECDSA P-521")];
    let plain = plain.into_iter().map(|(name, algorithm)| {
        recipe(format!("{name}_key"), move || {
            spelling("SPKI in PEM, the canonical spelling.", public(name), algorithm, name)
        })
    });
    let compressed = compressed.into_iter().map(|(name, algorithm)| {
        recipe(format!("{name}_compressed_key"), move || {
            let key = public(&format!("{name}-compressed"));
            spelling("A compressed point is the same key.", key, algorithm, name)
        })
    });
    plain.chain(compressed).chain(other_spellings()).collect()
}

fn other_spellings() -> Vec<Recipe> {
    vec![
        recipe("rsa_pkcs1_key", || {
            let about = "`RSA PUBLIC KEY` (PKCS#1) is the same key as its SPKI.";
            spelling(about, public("rsa2048-pkcs1"), "RSA 2048", "rsa2048")
        }),
        recipe("rsa_key_without_null", || {
            let about = "rsaEncryption without its NULL is the same key.";
            spelling(about, pem(&without_null()), "RSA 2048", "rsa2048")
        }),
        recipe("key_with_carriage_returns", || {
            spelling("Lines end in CR LF.", public("p256").replace('\n', "\r\n"), "ECDSA P-256", "p256")
        }),
        recipe("key_after_a_comment", || {
            spelling(
                "Text before the block.",
                format!("our key\n\n{}", public("p256")),
                "ECDSA P-256",
                "p256",
            )
        }),
        recipe("first_key_of_two", || {
            let about = "The first block counts.";
            spelling(about, public("p256") + &public("p384"), "ECDSA P-256", "p256")
        }),
    ]
}

/// The key rsa2048 with algorithm parameters absent instead of NULL.
fn without_null() -> Vec<u8> {
    let spki = der(&public("rsa2048"));
    let at = spki.windows(4).position(|bytes| bytes == [0x01, 0x01, 0x05, 0x00]).unwrap() + 2;
    let mut short = spki.clone();
    short.drain(at..at + 2);
    short[5] -= 2;
    let length = u16::from_be_bytes([short[2], short[3]]) - 2;
    short[2..4].copy_from_slice(&length.to_be_bytes());
    short
}

fn refused_kinds() -> Vec<Recipe> {
    let file = |name: &str, about: &'static str, file: &'static str, reason: &'static str| {
        recipe(name, move || refused(about, key_file(&format!("refused/{file}.pub.pem")), reason))
    };
    let unknown = "is not supported";
    vec![
        file("rsa_1024_key_fail", "RSA with 1024 bits.", "rsa1024", "RSA with 1024 bits"),
        file("rsa_2047_key_fail", "RSA with 2047 bits.", "rsa2047", "RSA with 2047 bits"),
        file("rsa_8192_key_fail", "RSA with 8192 bits.", "rsa8192", "RSA with 8192 bits"),
        file("rsa_exponent_3_key_fail", "RSA with the exponent 3.", "rsa-exponent-3", "exponent under 65537"),
        file("rsa_pss_key_fail", "A key that is for PSS only.", "rsa-pss", unknown),
        file(
            "explicit_curve_key_fail",
            "P-256 with its parameters spelled out.",
            "explicit-curve",
            "only named",
        ),
        file("secp256k1_key_fail", "A curve that is not NIST's.", "secp256k1", unknown),
        file("p224_key_fail", "A curve that is too small.", "p224", unknown),
        file("brainpool_key_fail", "A curve that is not NIST's.", "brainpool", unknown),
        file("ed448_key_fail", "Ed448.", "ed448", unknown),
        file("x25519_key_fail", "A key that cannot sign.", "x25519", unknown),
        file("dsa_key_fail", "DSA.", "dsa", unknown),
    ]
}

/// P-256's SPKI with `change` made to its bytes.
fn changed(about: &str, name: &str, reason: &str, change: impl Fn(&mut Vec<u8>)) -> Case {
    let mut spki = der(&public(name));
    change(&mut spki);
    refused(about, pem(&spki), reason)
}

fn refused_spellings() -> Vec<Recipe> {
    const POINT: usize = 26;
    let ed25519 = |name: &str, about: &'static str, point: fn(&mut [u8])| {
        recipe(name, move || {
            changed(about, "ed25519", "not a valid Ed25519 key", |spki| point(&mut spki[12..]))
        })
    };
    vec![
        recipe("point_beside_the_curve_fail", || {
            changed("A point that is not on the curve.", "p256", "not a valid", |spki| spki[90] ^= 1)
        }),
        recipe("hybrid_point_fail", || {
            changed("The hybrid spelling of a point.", "p256", "not a valid", |spki| {
                spki[POINT] = 6 | spki.last().unwrap() & 1;
            })
        }),
        recipe("point_at_infinity_fail", || {
            changed("The point at infinity.", "p256", "not a valid", |spki| {
                spki.truncate(POINT + 1);
                spki[POINT] = 0;
                spki[POINT - 2] = 2;
                spki[1] = 25;
            })
        }),
        recipe("bytes_after_the_key_fail", || {
            changed("A byte follows the DER.", "p256", "not a public key in SPKI DER", |spki| spki.push(0))
        }),
        recipe("key_cut_fail", || {
            changed("The DER is cut.", "p256", "not a public key in SPKI DER", |spki| spki.truncate(80))
        }),
        recipe("implicit_curve_fail", || {
            changed("NULL instead of a curve.", "p256", "only named", |spki| {
                spki.splice(13..23, [5, 0]);
                spki[1] -= 8;
                spki[3] -= 8;
            })
        }),
        ed25519(
            "ed25519_identity_key_fail",
            "The identity: one signature would fit every message.",
            |point| {
                point.fill(0);
                point[0] = 1;
            },
        ),
        ed25519("ed25519_small_order_key_fail", "A point of order 4.", |point| point.fill(0)),
        ed25519("ed25519_key_beside_the_curve_fail", "No point of the curve.", |point| {
            point.fill(0);
            point[0] = 2;
        }),
        ed25519(
            "ed25519_key_not_reduced_fail",
            "A coordinate beyond the field: a second spelling.",
            |point| {
                point.fill(0xff);
                point[0] = 0xf0;
                point[31] = 0x7f;
            },
        ),
    ]
}

fn texts() -> Vec<Recipe> {
    vec![
        recipe("private_key_as_public_fail", || {
            refused(
                "A private key where a public one is asked for.",
                key_file("p256.pem"),
                "is a private key",
            )
        }),
        recipe("certificate_as_key_fail", || {
            let text = public("p256").replace("PUBLIC KEY", "CERTIFICATE");
            refused("A block with another label.", text, "`CERTIFICATE`")
        }),
        recipe("label_with_ansi_fail", || {
            let text = public("p256").replace("PUBLIC KEY", "\u{1b}[31mKEY");
            refused("A label with terminal codes is shown escaped.", text, r"`\u{1b}[31mKEY`")
        }),
        recipe("no_pem_fail", || refused("Not PEM.", "ssh-ed25519 AAAA".to_owned(), "no PEM block")),
        recipe("empty_key_fail", || refused("No bytes.", String::new(), "no PEM block")),
        recipe("pem_cut_fail", || {
            let text = public("p256").replace("-----END PUBLIC KEY-----\n", "");
            refused("The block has no end.", text, "has no end")
        }),
        recipe("pem_of_no_base64_fail", || {
            refused("The body is not base64.", public("p256").replace("MFk", "M*k"), "not base64")
        }),
        recipe("spki_under_the_label_of_pkcs1_fail", || {
            let text = public("rsa2048").replace("PUBLIC KEY", "RSA PUBLIC KEY");
            refused("SPKI under the label of PKCS#1.", text, "not a public key")
        }),
    ]
}

fn signers() -> Vec<Recipe> {
    let case = |about: &'static str, keys: fn() -> Vec<String>, expect: ExpectedSigners| {
        move || Case::Signers(SignersCase { about: about.to_owned(), keys: keys(), expect: expect.clone() })
    };
    let same = ExpectedSigners::SameKey {};
    vec![
        recipe(
            "one_key_in_two_spellings_fail",
            case(
                "One key, its point written out and compressed, given as two.",
                || vec![public("p256"), public("p256-compressed")],
                same.clone(),
            ),
        ),
        recipe(
            "one_rsa_key_in_two_spellings_fail",
            case(
                "One RSA key as SPKI and as PKCS#1, given as two.",
                || vec![public("rsa2048"), public("rsa2048-pkcs1")],
                same.clone(),
            ),
        ),
        recipe(
            "one_rsa_key_without_null_fail",
            case(
                "One RSA key with and without NULL, given as two.",
                || vec![public("rsa2048"), pem(&without_null())],
                same.clone(),
            ),
        ),
        recipe(
            "one_key_twice_fail",
            case(
                "One key twice among three.",
                || vec![public("p256"), public("p384"), format!("a comment\r\n{}", public("p256"))],
                same,
            ),
        ),
        recipe(
            "two_keys",
            case("Two keys.", || vec![public("p256"), public("p256-other")], ExpectedSigners::Distinct {}),
        ),
    ]
}
