//! What the recipes share: the image, the keys, signing, and a case under construction.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Digest as _, Sha512, Signer as _, SigningKey};

use crate::case::{Case, Expected, SignatureCase, Stored, Text};

/// The image that the keys are asked about.
pub(super) const IMAGE: &str = "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
/// Its hexadecimal digits.
pub(super) const HEX: &str = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
/// Those of another image.
pub(super) const OTHER_HEX: &str = "4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945";

/// A legacy payload for [`IMAGE`] with one claim.
pub(super) const PAYLOAD: &str = r#"{"critical":{"identity":{"docker-reference":"registry.example.org/shop/app"},"image":{"docker-manifest-digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"},"type":"cosign container image signature"},"optional":{"countersign.dev/role":"build"}}"#;
/// A statement that says the same.
pub(super) const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","predicate":{},"predicateType":"https://sigstore.dev/cosign/sign/v1","subject":[{"annotations":{"countersign.dev/role":"build"},"digest":{"sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}}]}"#;
/// The payload type of statements.
pub(super) const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Where the test kit is.
pub(crate) fn kit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testkit")
}

/// The text of `keys/NAME`.
pub(super) fn key_file(name: &str) -> String {
    std::fs::read_to_string(kit().join("keys").join(name)).unwrap()
}

/// The public key `keys/NAME.pub.pem`.
pub(super) fn public(name: &str) -> String {
    key_file(&format!("{name}.pub.pem"))
}

/// `text` with the one `from` replaced.
pub(super) fn swap(text: &str, from: &str, to: &str) -> String {
    assert_eq!(text.matches(from).count(), 1, "{from} in {text}");
    text.replace(from, to)
}

/// A signature as the key's owner makes it.
pub(super) fn sign(key: &str, message: &[u8]) -> Vec<u8> {
    match key {
        "ed25519" => ed25519_key().sign(message).to_bytes().to_vec(),
        "p384" => openssl_sign(key, "-sha384", &[], message),
        "p521" => openssl_sign(key, "-sha512", &[], message),
        _ => openssl_sign(key, "-sha256", &[], message),
    }
}

/// Ed25519ph (RFC 8032, 5.1).
pub(super) fn sign_prehashed(message: &[u8], context: &[u8]) -> Vec<u8> {
    let hash = Sha512::new_with_prefix(message);
    ed25519_key().sign_prehashed(hash, Some(context)).unwrap().to_bytes().to_vec()
}

fn ed25519_key() -> SigningKey {
    let text = key_file("ed25519.pem");
    let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let der = STANDARD.decode(body).unwrap();
    // PKCS#8 of Ed25519 ends in the seed (RFC 8410, 7).
    SigningKey::from_bytes(der.last_chunk().unwrap())
}

/// `openssl dgst HASH -sign KEY`, with signature options.
pub(super) fn openssl_sign(key: &str, hash: &str, options: &[&str], message: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    command.args(["dgst", hash, "-sign"]).arg(kit().join("keys").join(format!("{key}.pem")));
    for option in options {
        command.args(["-sigopt", option]);
    }
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(message).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl dgst {hash} -sign {key}");
    output.stdout
}

/// What a DSSE signature is made over (protocol.md, "PAE").
pub(super) fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(payload);
    message
}

/// The text of a bundle with one envelope that holds `payload` and `signature`.
pub(super) fn bundle_text(payload: &[u8], signature: &[u8]) -> String {
    let (payload, signature) = (STANDARD.encode(payload), STANDARD.encode(signature));
    format!(
        r#"{{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{{"publicKey":{{"hint":""}}}},"dsseEnvelope":{{"payload":"{payload}","payloadType":"{IN_TOTO}","signatures":[{{"sig":"{signature}"}}]}}}}"#
    )
}

/// The text of a bundle with `statement`, signed by `key`.
pub(super) fn signed_bundle(key: &str, statement: &str) -> String {
    bundle_text(statement.as_bytes(), &sign(key, &pae(IN_TOTO, statement.as_bytes())))
}

/// A signature case without its expectation.
pub(super) struct Draft {
    about: &'static str,
    keys: Vec<String>,
    stored: Stored,
    require: BTreeMap<String, String>,
}

/// A legacy layer with `payload`, signed by the key `p256` and asked about it.
pub(super) fn legacy(about: &'static str, payload: impl Into<Vec<u8>>) -> Draft {
    let payload = payload.into();
    let signature = sign("p256", &payload);
    legacy_with(about, payload, &signature)
}

/// A legacy layer with that signature.
pub(super) fn legacy_with(about: &'static str, payload: impl Into<Vec<u8>>, signature: &[u8]) -> Draft {
    let draft = unsigned_layer(about, payload);
    draft.annotation("dev.cosignproject.cosign/signature", &STANDARD.encode(signature))
}

/// A legacy layer without annotations.
pub(super) fn unsigned_layer(about: &'static str, payload: impl Into<Vec<u8>>) -> Draft {
    let payload = Text::from(payload.into());
    draft(about, Stored::Legacy { payload, annotations: BTreeMap::new() })
}

/// A bundle with `statement`, signed by the key `p256` and asked about it.
pub(super) fn bundle(about: &'static str, statement: impl AsRef<str>) -> Draft {
    stored_bundle(about, signed_bundle("p256", statement.as_ref()))
}

/// A bundle as it is.
pub(super) fn stored_bundle(about: &'static str, text: impl Into<Vec<u8>>) -> Draft {
    draft(about, Stored::Bundle { bundle: Text::from(text.into()) })
}

pub(super) fn draft(about: &'static str, stored: Stored) -> Draft {
    Draft { about, keys: vec![public("p256")], stored, require: BTreeMap::new() }
}

impl Draft {
    pub(super) fn keys(mut self, names: &[&str]) -> Self {
        self.keys = names.iter().map(|name| public(name)).collect();
        self
    }

    pub(super) fn annotation(mut self, name: &str, value: &str) -> Self {
        match &mut self.stored {
            Stored::Legacy { annotations, .. } => annotations.insert(name.to_owned(), value.to_owned()),
            Stored::Bundle { .. } => panic!("a bundle has no layer annotations"),
        };
        self
    }

    /// The verifier asks for that claim, which is not there.
    pub(super) fn mismatch(mut self, claim: &str, value: &str) -> Case {
        self.require.insert(claim.to_owned(), value.to_owned());
        self.expect(Expected::ClaimMismatch { claim: claim.to_owned() })
    }

    /// Verified, with the claim that [`PAYLOAD`] and [`STATEMENT`] state.
    pub(super) fn verified(self) -> Case {
        self.states(&[("countersign.dev/role", "build")])
    }

    pub(super) fn states(self, claims: &[(&str, &str)]) -> Case {
        self.expect(Expected::Verified { by: vec![0], claims: owned(claims), shown: BTreeMap::new() })
    }

    pub(super) fn unmatched(self) -> Case {
        self.expect(Expected::Unmatched {})
    }

    pub(super) fn invalid(self, reason: &str) -> Case {
        self.expect(Expected::Invalid { reason: reason.to_owned() })
    }

    pub(super) fn other(self, reason: &str) -> Case {
        self.expect(Expected::Other { reason: reason.to_owned() })
    }

    pub(super) fn expect(self, expect: Expected) -> Case {
        Case::Signature(SignatureCase {
            about: self.about.to_owned(),
            image: IMAGE.to_owned(),
            keys: self.keys,
            stored: self.stored,
            require: self.require,
            expect,
        })
    }
}

pub(super) fn owned(members: &[(&str, &str)]) -> BTreeMap<String, String> {
    members.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}
