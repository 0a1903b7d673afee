//! Policies: what is read becomes a policy or an error that can be shown, and never one that asks for nothing.
#![no_main]

use std::collections::BTreeMap;

use countersign::model::escape_untrusted;
use countersign::policy::{Action, KeySource, native};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let drafts = match native::drafts(text) {
        Ok(drafts) => drafts,
        Err(error) => {
            let shown = error.to_string();
            assert_eq!(escape_untrusted(&shown), shown);
            return;
        }
    };
    for draft in drafts {
        let fetched: BTreeMap<KeySource, _> = BTreeMap::new();
        let all_spelled = draft.key_sources().next().is_none();
        match draft.into_policy(&fetched) {
            Ok(policy) => {
                assert!(all_spelled && !policy.images.include().is_empty());
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
