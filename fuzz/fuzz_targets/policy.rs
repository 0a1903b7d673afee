//! Policies: what is read becomes a policy or an error that can be shown, and never one that asks for nothing.
#![no_main]

use std::collections::BTreeMap;

use countersign::model::escape_untrusted;
use countersign::policy::{Action, Grant, KeySource, documents};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let read = match documents(text) {
        Ok(read) => read,
        Err(error) => {
            let shown = error.to_string();
            assert_eq!(escape_untrusted(&shown), shown);
            return;
        }
    };
    for draft in read.drafts {
        let fetched: BTreeMap<KeySource, _> = BTreeMap::new();
        let all_spelled = draft.key_sources().next().is_none();
        match draft.under(&read.installation).into_policy(&fetched) {
            Ok(policy) => {
                let patterns = policy.images.include().len() + policy.images.names().len();
                assert!(all_spelled && patterns > 0);
                for alternative in policy.alternatives() {
                    let signed = matches!(alternative.grant(), Grant::Signature(_));
                    assert_eq!(signed, alternative.keys().next().is_some());
                }
                if let Action::AnyOf(any_of) = &policy.action {
                    assert!(!any_of.alternatives().is_empty());
                }
                if let Action::Require(required) = &policy.action {
                    assert!(!required.signers().is_empty());
                    assert!(required.signers().iter().all(|signer| !signer.keys.is_empty()));
                }
            }
            Err(error) => {
                let shown = error.to_string();
                assert_eq!(escape_untrusted(&shown), shown);
            }
        }
    }
});
