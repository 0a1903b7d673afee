//! One signature and one signer: whether it counts, and if not, what is amiss. Who signed is asked before.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::answer::{Reason, ReasonCode};
use super::model::SignedFor;
use super::signer::{MaxAge, OnExpiry, Role, SignerRule};
use crate::model::claims::{
    COUNTERSIGNS, REPOSITORY, ROLE, SCAN_PASS, SCAN_RESULT, SCANNED_AT, SIGNED_AT, VALIDATION_ROLE,
};
use crate::model::duration::CLOCK_DIFFERENCE;
use crate::model::{Claims, Digest, Fingerprint, Repository, escape_untrusted};

/// Longest value from a signature that is shown in a reason, in characters.
const SHOWN: usize = 128;

/// What makes a validation that states all it should.
const AGAIN: &str = "run `countersign validate` again";

/// What a signature is worth to a signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Worth {
    /// It counts, and until when.
    Counts { expires_at: Option<Timestamp> },
    /// It is too old, and that is let pass.
    LetPass { expired_at: Timestamp },
    /// It does not count.
    Nothing(Reason),
}

/// What the signature of one signer is held against.
pub(super) struct Bench<'a> {
    pub(super) signer: &'a SignerRule,
    pub(super) signed_for: &'a SignedFor,
    pub(super) image: &'a Repository,
    /// Keys whose signatures satisfy the earlier signer that this one countersigns.
    pub(super) countersigned: &'a BTreeSet<Fingerprint>,
    pub(super) now: Timestamp,
}

impl Bench<'_> {
    /// What a signature with `claims` is worth.
    pub(super) fn worth(&self, claims: &Claims) -> Worth {
        let checked = self.role(claims).and_then(|()| self.stated(claims));
        let checked = checked.and_then(|()| self.repository(claims));
        let checked = checked.and_then(|()| self.not_in_the_future(claims));
        match checked.and_then(|()| self.countersigned(claims)) {
            Ok(()) => self.age(claims),
            Err(reason) => Worth::Nothing(reason),
        }
    }

    fn role(&self, claims: &Claims) -> Result<(), Reason> {
        let role = claims.get(ROLE);
        match &self.signer.role {
            Role::Any => Ok(()),
            Role::NotValidation if role == Some(VALIDATION_ROLE) => Err(mismatch(format!(
                "signed, but in the role `{VALIDATION_ROLE}`, which only a signer with `countersigns` accepts; use \
                 `countersign sign` with this key"
            ))),
            Role::NotValidation => Ok(()),
            Role::Countersigns(_) if role != Some(VALIDATION_ROLE) => Err(mismatch(format!(
                "signed, but in {}, not in the role `{VALIDATION_ROLE}`; run `countersign validate` with this key \
                 after the scan",
                role.map_or("no role".to_owned(), |role| format!("the role `{}`", shown(role))),
            ))),
            Role::Countersigns(_) if claims.get(SCAN_RESULT) != Some(SCAN_PASS) => {
                Err(mismatch(format!("signed, but not with {SCAN_RESULT}={SCAN_PASS}; {AGAIN}")))
            }
            Role::Countersigns(_) => Ok(()),
        }
    }

    fn stated(&self, claims: &Claims) -> Result<(), Reason> {
        match self.signer.claims.hold_in(claims) {
            true => Ok(()),
            false => Err(mismatch(format!(
                "signed, but not with {}; sign again, stating that",
                self.signer.claims.shown()
            ))),
        }
    }

    fn repository(&self, claims: &Claims) -> Result<(), Reason> {
        if *self.signed_for == SignedFor::Any {
            return Ok(());
        }
        let Some(claim) = claims.get(REPOSITORY) else {
            return Err(mismatch(
                "signed, but without saying for which repository; countersign says it when it signs"
                    .to_owned(),
            ));
        };
        // An image in a folder has no name that a claim could state.
        let named = claim.parse::<Repository>().ok().filter(|named| named.host().is_some());
        let fits = named.is_some_and(|named| match self.signed_for {
            SignedFor::Any => true,
            SignedFor::Same => named == *self.image,
            SignedFor::Patterns(patterns) => patterns.iter().any(|pattern| pattern.matches(&named)),
        });
        match fits {
            true => Ok(()),
            false => Err(mismatch(format!(
                "signed, but for another repository: `{}`; sign it for this one, or let `signedFor` name that one",
                shown(claim)
            ))),
        }
    }

    /// Whatever the policy says of ages: who states a time to come is wrong about something.
    fn not_in_the_future(&self, claims: &Claims) -> Result<(), Reason> {
        let latest = self.now.saturating_add(CLOCK_DIFFERENCE).unwrap_or(Timestamp::MAX);
        for name in self.times() {
            let Some(written) = claims.get(name) else { continue };
            match time(written) {
                Some(time) if time > latest => {
                    return Err(mismatch(format!(
                        "signed, but {name} is {time}, which is still to come (is a clock wrong?)"
                    )));
                }
                Some(_) => {}
                // A time to come must not hide behind its spelling.
                None => {
                    return Err(mismatch(format!(
                        "signed, but {name} is no time: `{}`; sign again",
                        shown(written)
                    )));
                }
            }
        }
        Ok(())
    }

    /// The claims whose times count for this signer.
    fn times(&self) -> &'static [&'static str] {
        match self.signer.role {
            Role::Any => &[],
            Role::NotValidation => &[SIGNED_AT],
            Role::Countersigns(_) => &[SIGNED_AT, SCANNED_AT],
        }
    }

    fn countersigned(&self, claims: &Claims) -> Result<(), Reason> {
        let Role::Countersigns(earlier) = &self.signer.role else { return Ok(()) };
        let Some(named) = claims.get(COUNTERSIGNS) else {
            return Err(mismatch(format!("signed, but without {COUNTERSIGNS}; {AGAIN}")));
        };
        let keys: Result<BTreeSet<Fingerprint>, _> =
            named.split(',').map(|key| key.parse::<Digest>().map(Fingerprint::from)).collect();
        match keys {
            Err(_) => Err(mismatch(format!("signed, but {COUNTERSIGNS} is no list of keys; {AGAIN}"))),
            Ok(keys) if keys.is_disjoint(self.countersigned) => Err(Reason::new(
                ReasonCode::CountersignedKeyNotTrusted,
                format!(
                    "signed, but it countersigns {}, which has no signature here that counts for `{}`; run \
                     `countersign validate` again",
                    shown(named),
                    escape_untrusted(earlier)
                ),
            )),
            Ok(_) => Ok(()),
        }
    }

    fn age(&self, claims: &Claims) -> Worth {
        let Some(MaxAge { age, on_expiry }) = self.signer.max_age else {
            return Worth::Counts { expires_at: None };
        };
        let mut oldest = Timestamp::MAX;
        for name in self.times() {
            match claims.get(name).and_then(time) {
                Some(time) => oldest = oldest.min(time),
                None => {
                    return Worth::Nothing(mismatch(format!(
                        "signed, but without {name}, and the policy says how old it may be; countersign states it"
                    )));
                }
            }
        }
        let expires_at = oldest.saturating_add(age).unwrap_or(Timestamp::MAX);
        match (self.now > expires_at, on_expiry) {
            (false, _) => Worth::Counts { expires_at: Some(expires_at) },
            (true, OnExpiry::Warn) => Worth::LetPass { expired_at: expires_at },
            (true, OnExpiry::Deny) => Worth::Nothing(Reason::new(
                ReasonCode::Expired,
                format!("signed, but it expired at {expires_at}; {}", self.renewal()),
            )),
        }
    }

    /// What makes a fresh signature of this signer.
    fn renewal(&self) -> &'static str {
        renewal(&self.signer.role)
    }
}

/// What makes a fresh signature in that role.
pub(super) fn renewal(role: &Role) -> &'static str {
    match role {
        Role::Countersigns(_) => "scan it again and run `countersign validate` with a key of this signer",
        Role::Any | Role::NotValidation => {
            "build it again and run `countersign sign` with a key of this signer"
        }
    }
}

fn mismatch(text: String) -> Reason {
    Reason::new(ReasonCode::ClaimMismatch, text)
}

/// A value from a signature, cut and escaped.
fn shown(text: &str) -> String {
    let start: String = text.chars().take(SHOWN).collect();
    let cut = if start.len() < text.len() { "…" } else { "" };
    format!("{}{cut}", escape_untrusted(&start))
}

/// Reads a time in RFC 3339, with `T` and an offset; nothing if it is none.
fn time(text: &str) -> Option<Timestamp> {
    let shape = text.len() >= "2026-01-01T00:00:00Z".len()
        && text.as_bytes().get(10) == Some(&b'T')
        && text.bytes().all(|byte| byte.is_ascii_digit() || b"-+:.TZ".contains(&byte));
    shape.then(|| text.parse().ok()).flatten()
}
