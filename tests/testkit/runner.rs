//! Runs a case through the library's public interface. Every level has its runner: the compiler asks for it.

use std::collections::BTreeMap;

use countersign::model::candidate::Read;
use countersign::model::key::pem;
use countersign::model::payload::{CERTIFICATE_ANNOTATION, SIGNATURE_ANNOTATION};
use countersign::model::verify::{Evidence, check};
use countersign::model::{
    Candidate, Checked, Claims, Digest, Fingerprint, Format, PublicKey, Repository, VerifiedSignature,
    escape_untrusted,
};
use countersign::policy::{
    Outcome as Became, Place, Policy, PolicyError, ReasonCode, Required, SignerRule, Verdict, decide,
};
use countersign::signer::keyring::file::{self, PrivateKeyText};
use countersign::signer::{Password, Signer as _};

use jiff::Timestamp;

use crate::case::{
    Case, Expected, ExpectedKey, ExpectedKeyFile, ExpectedSigners, KeyFileCase, PublicKeyCase, SignatureCase,
    SignersCase, Stored,
};

/// Nothing when the case passes, else what came in the place of its expectation.
pub(crate) type Outcome = Result<(), String>;

/// Runs the case.
pub(crate) fn run(case: &Case) -> Outcome {
    match case {
        Case::Signature(case) => signature(case),
        Case::PublicKey(case) => public_key(case),
        Case::Signers(case) => signers(case),
        Case::KeyFile(case) => key_file(case),
    }
}

pub(crate) fn keys(texts: &[String]) -> Vec<PublicKey> {
    texts.iter().map(|text| PublicKey::from_pem(text).unwrap()).collect()
}

/// Reads what is stored, with other bytes in the place of the blob's.
pub(crate) fn read(stored: &Stored, blob: Vec<u8>) -> Read {
    match stored {
        Stored::Legacy { annotations, .. } => {
            let signature = annotations.get(SIGNATURE_ANNOTATION).map(String::as_str);
            let certificate = annotations.contains_key(CERTIFICATE_ANNOTATION);
            Candidate::legacy("test".to_owned(), blob, signature, certificate)
        }
        Stored::Bundle { .. } => Candidate::bundle("test".to_owned(), &blob),
    }
}

fn signature(case: &SignatureCase) -> Outcome {
    let image: Digest = case.image.parse().unwrap();
    let keys = keys(&case.keys);
    let read = read(&case.stored, case.stored.blob().bytes());
    counted_alike(&read, &image, &keys)?;
    decided(case, &read, &image, &keys)?;
    let checked = match read {
        Read::Candidate(candidate) => check(&candidate, &image, &keys),
        Read::Other(what) => Checked::Other(what),
        Read::Invalid(why) => Checked::Invalid(why),
    };
    match (&case.expect, &checked) {
        (Expected::Verified { by, claims, shown }, Checked::Verified(signatures)) => {
            let expected: Vec<Fingerprint> = by.iter().map(|at| keys[*at].fingerprint()).collect();
            verified(signatures, &expected, &image, claims)?;
            shown_escaped(claims, shown)
        }
        (Expected::ClaimMismatch { claim }, Checked::Verified(signatures)) => {
            let required = case.require.get(claim).ok_or("the claim is not required")?;
            match signatures.iter().any(|one| one.claims().get(claim) == Some(required)) {
                true => Err(format!("`{claim}` is `{required}`")),
                false => Ok(()),
            }
        }
        (Expected::Unmatched {}, Checked::Unmatched) => Ok(()),
        (Expected::Invalid { reason }, Checked::Invalid(why)) => reasoned(reason, why),
        (Expected::Other { reason }, Checked::Other(what)) => reasoned(reason, what),
        (expected, checked) => Err(format!("{checked:?}, not {expected:?}")),
    }
}

fn verified(
    signatures: &[VerifiedSignature],
    expected: &[Fingerprint],
    image: &Digest,
    claims: &BTreeMap<String, String>,
) -> Outcome {
    let by: Vec<Fingerprint> = signatures.iter().map(VerifiedSignature::key).collect();
    if by != expected {
        return Err(format!("verified by {by:?}, not by {expected:?}"));
    }
    for signature in signatures {
        let found: BTreeMap<String, String> =
            signature.claims().iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        if signature.image() != *image || found != *claims {
            return Err(format!("states {found:?} for {}, not {claims:?}", signature.image()));
        }
    }
    Ok(())
}

fn shown_escaped(claims: &BTreeMap<String, String>, shown: &BTreeMap<String, String>) -> Outcome {
    for (name, expected) in shown {
        let found = claims.get(name).map(|value| escape_untrusted(value));
        if found.as_ref() != Some(expected) {
            return Err(format!("`{name}` is shown as {found:?}, not {expected:?}"));
        }
    }
    Ok(())
}

/// The reason holds the fragment, is of bounded length, and can be shown as it is.
fn reasoned(fragment: &str, reason: &str) -> Outcome {
    if fragment.is_empty() || !reason.contains(fragment) {
        return Err(format!("the reason is `{reason}`, not `…{fragment}…`"));
    }
    if reason.len() > 2048 || escape_untrusted(reason) != reason {
        return Err(format!("the reason cannot be shown: {reason:?}"));
    }
    Ok(())
}

/// The evidence counts the candidate once, and as [`check`] answers whatever the order of the keys.
fn counted_alike(read: &Read, image: &Digest, keys: &[PublicKey]) -> Outcome {
    let counts = |keys: &[PublicKey]| {
        let mut evidence = Evidence::default();
        evidence.take(read.clone(), "test", Format::Bundle, image, keys);
        assert!(evidence.unreachable.is_empty());
        let verified = usize::from(!evidence.verified.is_empty());
        [verified, evidence.unmatched, evidence.other.len(), evidence.invalid.len()]
    };
    let reversed: Vec<PublicKey> = keys.iter().rev().cloned().collect();
    let (found, reversed) = (counts(keys), counts(&reversed));
    match found == reversed && found.iter().sum::<usize>() == 1 {
        true => Ok(()),
        false => Err(format!("counted {found:?}, and with the keys reversed {reversed:?}")),
    }
}

/// A policy with one signer allows the image if and only if the case is to be verified.
fn decided(case: &SignatureCase, read: &Read, image: &Digest, keys: &[PublicKey]) -> Outcome {
    let claims: Claims = case.require.clone().into_iter().collect();
    let policy = match Policy::new("case", vec![signer("only", keys, claims)]) {
        Err(PolicyError::NoKeys { .. }) if keys.is_empty() => return Ok(()),
        policy => policy.map_err(|error| error.to_string())?,
    };
    let mut evidence = Evidence { complete: true, ..Evidence::default() };
    evidence.take(read.clone(), "test", Format::Bundle, image, keys);
    let repository: Repository = "registry.example.org/app".parse().unwrap();
    let found = [(&Place::from(repository.clone()), &evidence)];
    let image = repository.pinned(None, *image);
    let decision = decide(&policy, &image, &repository, &found, Timestamp::UNIX_EPOCH);
    let expected = match &case.expect {
        Expected::Verified { .. } => None,
        Expected::Unmatched {} | Expected::Other { .. } => Some(ReasonCode::Missing),
        // Nobody can be held to junk: it is named, and the signature is missing.
        Expected::Invalid { .. } if evidence.misstating.is_empty() => Some(ReasonCode::Missing),
        Expected::Invalid { .. } => Some(ReasonCode::Invalid),
        Expected::ClaimMismatch { .. } => Some(ReasonCode::ClaimMismatch),
    };
    let found = match &decision.signers()[0].outcome {
        Became::Satisfied(_) => None,
        Became::Unsatisfied(reason) => Some(reason.code),
    };
    let allowed = decision.verdict() == Verdict::Allowed;
    match found == expected && allowed == expected.is_none() {
        true => Ok(()),
        false => Err(format!("a policy says {:?}, {found:?}", decision.verdict())),
    }
}

fn signer(name: &str, keys: &[PublicKey], claims: Claims) -> SignerRule {
    SignerRule::of_any_role(name, keys.to_vec(), Required::from(claims))
}

fn public_key(case: &PublicKeyCase) -> Outcome {
    match (&case.expect, PublicKey::from_pem(&case.key)) {
        (ExpectedKey::Accepted { algorithm, fingerprint }, Ok(key)) => {
            let found = (key.algorithm().to_string(), key.fingerprint().to_string());
            match found == (algorithm.clone(), fingerprint.clone()) {
                true => Ok(()),
                false => Err(format!("{found:?}, not {algorithm} {fingerprint}")),
            }
        }
        (ExpectedKey::RefusedKey { reason }, Err(error)) => reasoned(reason, &error.to_string()),
        (expected, found) => Err(format!("{found:?}, not {expected:?}")),
    }
}

fn signers(case: &SignersCase) -> Outcome {
    let keys = keys(&case.keys);
    let signers = keys.iter().enumerate();
    let signers =
        signers.map(|(at, key)| signer(&format!("signer {at}"), std::slice::from_ref(key), Claims::new()));
    let found = match Policy::new("case", signers.collect()) {
        Ok(_) => ExpectedSigners::Distinct {},
        Err(PolicyError::SharedKey { .. }) => ExpectedSigners::SameKey {},
        Err(error) => return Err(error.to_string()),
    };
    if found == case.expect { Ok(()) } else { Err(format!("{found:?}, not {:?}", case.expect)) }
}

fn key_file(case: &KeyFileCase) -> Outcome {
    let opened = file::parse(&case.file).and_then(|text| match text {
        PrivateKeyText::Plain(signer) => Ok(signer),
        PrivateKeyText::Encrypted(key) => key.decrypt(&Password::from(case.password.clone().into_bytes())),
    });
    match (&case.expect, opened) {
        (ExpectedKeyFile::Opened { public_key }, Ok(signer)) => {
            let expected = PublicKey::from_pem(public_key).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let signature = runtime.block_on(signer.sign(b"message")).unwrap();
            match *signer.public_key() == expected && expected.accepts(b"message", &signature) {
                true => Ok(()),
                false => Err(format!("opened {}", signer.public_key().to_pem())),
            }
        }
        (ExpectedKeyFile::RefusedKeyFile { reason }, Err(error)) => {
            let shown = error.to_string();
            let secret = pem::first_block(&case.file).is_ok_and(|(block, _)| {
                block.body.len() > 64 && shown.contains(&*String::from_utf8_lossy(&block.body))
            });
            if secret || (!case.password.is_empty() && shown.contains(&case.password)) {
                return Err("the reason holds what is in the file".to_owned());
            }
            reasoned(reason, &shown)
        }
        (expected, found) => Err(format!("{found:?}, not {expected:?}")),
    }
}
