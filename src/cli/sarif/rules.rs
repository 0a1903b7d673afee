//! The rules: one for each reason that an image, a policy or a signer is not satisfied for, always all of them. What
//! they say never depends on a run, so that services know them again.

use serde_json::{Value, json};

use crate::policy::ReasonCode;

/// A rule: its name, what it means, and what helps.
struct Rule {
    id: &'static str,
    name: &'static str,
    short: &'static str,
    full: &'static str,
    help: &'static str,
}

/// The signatures count, and will soon be too old: no reason of the gate's, which allows the image.
pub(super) const EXPIRES_SOON: &str = "expires-soon";

const RULES: [Rule; 12] = [
    Rule {
        id: "missing",
        name: "SignatureMissing",
        short: "A required signature is missing",
        full: "None of the signer's keys has signed this image. Every signer of a policy must have.",
        help: "Sign the image by its digest: `countersign sign` after the build, `countersign validate` after the \
               scan. A platform's manifest needs a signature of its own: `sign --recursive`.",
    },
    Rule {
        id: "invalid",
        name: "SignatureInvalid",
        short: "A signature states something else",
        full: "A key of the signer signed something that does not state what it should, such as another image.",
        help: "Look at what is attached with `countersign inspect IMAGE`, and sign the image again.",
    },
    Rule {
        id: "claim-mismatch",
        name: "ClaimMismatch",
        short: "A signature does not state what the policy requires",
        full: "A key of the signer signed the image, but a claim that the policy requires is not there or differs.",
        help: "`countersign verify IMAGE --key KEY` shows the claims. Sign the image again with those that the policy \
               requires.",
    },
    Rule {
        id: "countersigned-key-not-trusted",
        name: "CountersignedKeyNotTrusted",
        short: "What the signature countersigns does not count",
        full: "The signer's key signed the image after another signature that is no longer there, or whose key the \
               policy does not trust.",
        help: "Sign the image with a key that the policy trusts for the build, and validate it again.",
    },
    Rule {
        id: "expired",
        name: "SignatureExpired",
        short: "A signature is older than the policy allows",
        full: "The signature or the scan that it rests on is older than the policy's maxAge.",
        help: "Scan the image again, and run `countersign validate` with the new report.",
    },
    Rule {
        id: "revoked",
        name: "Revoked",
        short: "The image or the key is revoked",
        full: "The policy lists the image's digest, or the key that would have satisfied the signer, as revoked.",
        help: "Deploy another image, or sign it with a key that is not revoked.",
    },
    Rule {
        id: "denied-by-policy",
        name: "DeniedByPolicy",
        short: "A policy denies the image, signed or not",
        full: "The policy's action is Deny for images of this repository.",
        help: "Deploy an image of a repository that the policy does not deny.",
    },
    Rule {
        id: "excluded",
        name: "Excluded",
        short: "The policy leaves out the namespace",
        full: "The policy matches the image and does not speak of the namespace that it would run in.",
        help: "Nothing is to be done where that is meant.",
    },
    Rule {
        id: "not-pinned",
        name: "NotPinned",
        short: "The image has no digest",
        full: "The image is written by a tag alone, so that what is checked need not be what runs.",
        help: "Write it as `repository:tag@sha256:...`. `countersign gate --pin` does so.",
    },
    Rule {
        id: "no-match",
        name: "NoPolicyMatches",
        short: "No policy speaks of the image",
        full: "No policy's pattern matches the image's repository, so nothing says who must have signed it.",
        help: "Write a policy for the repository. `countersign policy explain IMAGE` says which policies match.",
    },
    Rule {
        id: "unreachable",
        name: "Undecided",
        short: "Something that decides could not be asked",
        full: "The registry did not answer, refused, or has no such image. This is neither a signature nor the lack of \
               one, and the image is not allowed.",
        help: "See why in the message, and run the gate again once the registry answers.",
    },
    Rule {
        id: EXPIRES_SOON,
        name: "SignatureExpiresSoon",
        short: "A signature is about to be older than the policy allows",
        full: "The image is allowed now, and will not be once its signature or scan is older than the policy's maxAge.",
        help: "Scan the image again, and run `countersign validate` with the new report.",
    },
];

/// Every rule as a `reportingDescriptor`. There is no `security-severity`: it would stand in place of the level, which
/// tells denied from undecided from not enforced.
pub(super) fn rules() -> Vec<Value> {
    RULES.iter().map(descriptor).collect()
}

fn descriptor(rule: &Rule) -> Value {
    let level = match rule.id {
        "unreachable" => "warning",
        "excluded" | EXPIRES_SOON => "note",
        _ => "error",
    };
    json!({
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.short},
        "fullDescription": {"text": rule.full},
        "help": {"text": rule.help, "markdown": rule.help},
        "defaultConfiguration": {"level": level},
        "properties": {"tags": ["security", "supply-chain"], "precision": "very-high"},
    })
}

/// Where the rule stands in the list.
pub(super) fn index(id: &str) -> Option<usize> {
    RULES.iter().position(|rule| rule.id == id)
}

/// The rule of a reason.
pub(super) fn id(code: ReasonCode) -> &'static str {
    match code {
        ReasonCode::Missing => "missing",
        ReasonCode::Invalid => "invalid",
        ReasonCode::ClaimMismatch => "claim-mismatch",
        ReasonCode::CountersignedKeyNotTrusted => "countersigned-key-not-trusted",
        ReasonCode::Expired => "expired",
        ReasonCode::Revoked => "revoked",
        ReasonCode::DeniedByPolicy => "denied-by-policy",
        ReasonCode::Excluded => "excluded",
        ReasonCode::NotPinned => "not-pinned",
        ReasonCode::NoMatch => "no-match",
        ReasonCode::Unreachable => "unreachable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_rule_of_the_same_name_as_in_json() {
        let codes = [
            ReasonCode::Missing,
            ReasonCode::Invalid,
            ReasonCode::ClaimMismatch,
            ReasonCode::CountersignedKeyNotTrusted,
            ReasonCode::Expired,
            ReasonCode::Revoked,
            ReasonCode::DeniedByPolicy,
            ReasonCode::Excluded,
            ReasonCode::NotPinned,
            ReasonCode::NoMatch,
            ReasonCode::Unreachable,
        ];
        for code in codes {
            assert_eq!(json!(code), json!(id(code)));
            assert!(index(id(code)).is_some(), "{code:?}");
        }
        assert!(index(EXPIRES_SOON).is_some());
        assert_eq!(RULES.len(), codes.len() + 1);
    }

    #[test]
    fn no_text_of_a_rule_is_longer_than_services_show() {
        for rule in RULES {
            assert!(rule.name.len() <= 255 && rule.short.len() <= 1_024 && rule.full.len() <= 1_024);
        }
    }
}
