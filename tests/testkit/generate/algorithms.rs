//! Every algorithm in both formats, and hashes and paddings that are not accepted.

use super::workshop::{
    IN_TOTO, PAYLOAD, STATEMENT, bundle, bundle_text, legacy, legacy_with, openssl_sign, pae, sign,
    sign_prehashed, signed_bundle, stored_bundle,
};
use super::{Recipe, recipe};

const KEYS: [&str; 7] = ["p256", "p384", "p521", "ed25519", "rsa2048", "rsa3072", "rsa4096"];

pub(super) fn recipes() -> Vec<Recipe> {
    let plain = KEYS.into_iter().flat_map(|key| {
        [
            recipe(format!("{key}_legacy"), move || {
                let about = "A legacy signature with the hash that its key's kind signs with.";
                legacy_with(about, PAYLOAD, &sign(key, PAYLOAD.as_bytes())).keys(&[key]).verified()
            }),
            recipe(format!("{key}_bundle"), move || {
                let about = "A bundle with the hash that its key's kind signs with.";
                stored_bundle(about, signed_bundle(key, STATEMENT)).keys(&[key]).verified()
            }),
        ]
    });
    plain.chain(hashes()).chain(ed25519()).chain(rsa()).chain(keys_asked()).collect()
}

/// A legacy signature over [`PAYLOAD`] with another hash.
fn hashed(name: &str, key: &'static str, hash: &'static str, accepted: bool) -> Recipe {
    recipe(name, move || {
        let signature = openssl_sign(key, hash, &[], PAYLOAD.as_bytes());
        match accepted {
            true => legacy_with("P-384 and P-521 are accepted with SHA-256 too.", PAYLOAD, &signature)
                .keys(&[key])
                .verified(),
            false => legacy_with("This key's kind is not accepted with this hash.", PAYLOAD, &signature)
                .keys(&[key])
                .unmatched(),
        }
    })
}

fn hashes() -> Vec<Recipe> {
    vec![
        hashed("p384_with_sha256", "p384", "-sha256", true),
        hashed("p521_with_sha256", "p521", "-sha256", true),
        hashed("p256_with_sha384_fail", "p256", "-sha384", false),
        hashed("p256_with_sha1_fail", "p256", "-sha1", false),
        hashed("p384_with_sha512_fail", "p384", "-sha512", false),
        hashed("p521_with_sha384_fail", "p521", "-sha384", false),
        hashed("rsa2048_with_sha1_fail", "rsa2048", "-sha1", false),
        hashed("rsa2048_with_sha512_fail", "rsa2048", "-sha512", false),
    ]
}

fn ed25519() -> Vec<Recipe> {
    vec![
        recipe("ed25519ph_legacy", || {
            let about = "Ed25519ph with an empty context, as cosign 3 signs.";
            legacy_with(about, PAYLOAD, &sign_prehashed(PAYLOAD.as_bytes(), b""))
                .keys(&["ed25519"])
                .verified()
        }),
        recipe("ed25519ph_bundle", || {
            let signature = sign_prehashed(&pae(IN_TOTO, STATEMENT.as_bytes()), b"");
            let about = "Ed25519ph with an empty context, as cosign 3 signs.";
            stored_bundle(about, bundle_text(STATEMENT.as_bytes(), &signature)).keys(&["ed25519"]).verified()
        }),
        recipe("ed25519ph_with_a_context_fail", || {
            let about = "Ed25519ph with a context: made for something else.";
            legacy_with(about, PAYLOAD, &sign_prehashed(PAYLOAD.as_bytes(), b"other"))
                .keys(&["ed25519"])
                .unmatched()
        }),
        recipe("ed25519_with_s_beyond_the_order_fail", || {
            let mut signature = sign("ed25519", PAYLOAD.as_bytes());
            add_order(&mut signature[32..]);
            let about = "S is written with the group's order added: a second spelling of one signature.";
            legacy_with(about, PAYLOAD, &signature).keys(&["ed25519"]).unmatched()
        }),
        recipe("ed25519_of_63_bytes_fail", || {
            let signature = sign("ed25519", PAYLOAD.as_bytes());
            let about = "The signature's last byte is missing.";
            legacy_with(about, PAYLOAD, &signature[..63]).keys(&["ed25519"]).unmatched()
        }),
        recipe("ed25519_all_zero_fail", || {
            let about = "64 zero bytes.";
            legacy_with(about, PAYLOAD, &[0; 64]).keys(&["ed25519"]).unmatched()
        }),
    ]
}

/// Adds the order of Ed25519's group (RFC 8032, 5.1) to a little-endian number.
fn add_order(number: &mut [u8]) {
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0u16;
    for (digit, order) in number.iter_mut().zip(ORDER) {
        carry += u16::from(*digit) + u16::from(order);
        *digit = carry as u8;
        carry >>= 8;
    }
}

fn rsa() -> Vec<Recipe> {
    vec![
        recipe("rsa_pss_legacy_fail", || {
            let options = ["rsa_padding_mode:pss", "rsa_pss_saltlen:32"];
            let signature = openssl_sign("rsa2048", "-sha256", &options, PAYLOAD.as_bytes());
            legacy_with("RSA with PSS padding.", PAYLOAD, &signature).keys(&["rsa2048"]).unmatched()
        }),
        recipe("rsa_pss_bundle_fail", || {
            let options = ["rsa_padding_mode:pss", "rsa_pss_saltlen:32"];
            let message = pae(IN_TOTO, STATEMENT.as_bytes());
            let signature = openssl_sign("rsa2048", "-sha256", &options, &message);
            let about = "RSA with PSS padding.";
            stored_bundle(about, bundle_text(STATEMENT.as_bytes(), &signature)).keys(&["rsa2048"]).unmatched()
        }),
        recipe("rsa_with_a_leading_zero_fail", || {
            let mut signature = vec![0];
            signature.extend(sign("rsa2048", PAYLOAD.as_bytes()));
            let about = "The signature is one zero byte longer than the modulus.";
            legacy_with(about, PAYLOAD, &signature).keys(&["rsa2048"]).unmatched()
        }),
        recipe("rsa_all_zero_fail", || {
            legacy_with("256 zero bytes.", PAYLOAD, &[0; 256]).keys(&["rsa2048"]).unmatched()
        }),
    ]
}

fn keys_asked() -> Vec<Recipe> {
    vec![
        recipe("second_key_of_two", || {
            let case = legacy("Two keys are asked; the second one made it.", PAYLOAD);
            case.keys(&["p256-other", "p256"]).expect(crate::case::Expected::Verified {
                by: vec![1],
                claims: super::workshop::owned(&[("countersign.dev/role", "build")]),
                shown: Default::default(),
            })
        }),
        recipe("strangers_signature_legacy_fail", || {
            legacy("A well-formed signature by a key that is not asked about.", PAYLOAD)
                .keys(&["p256-other"])
                .unmatched()
        }),
        recipe("strangers_signature_bundle_fail", || {
            bundle("A well-formed signature by a key that is not asked about.", STATEMENT)
                .keys(&["p256-other", "ed25519"])
                .unmatched()
        }),
        recipe("valid_signature_by_a_key_of_another_kind_fail", || {
            legacy("A valid P-256 signature, and only keys of other kinds are asked.", PAYLOAD)
                .keys(&["ed25519", "rsa2048", "p384", "p521"])
                .unmatched()
        }),
        recipe("no_keys_fail", || legacy("No key is asked.", PAYLOAD).keys(&[]).unmatched()),
    ]
}
