//! Rules in Rego before they are evaluated: nothing panics, an error says what is wrong in text that could not move a
//! cursor, and moving declarations keeps every line where it is.
#![no_main]

use countersign::sandbox::RegoRules;
use countersign::sandbox::child::declarations;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Err(error) = RegoRules::parse(bytes) {
        let text = error.to_string();
        assert!(!text.is_empty() && !text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
    }
    let Ok(rules) = std::str::from_utf8(bytes) else { return };
    if let Ok(moved) = declarations::first(rules) {
        assert_eq!(moved.matches('\n').count(), rules.matches('\n').count());
        assert!(moved.len() <= 16 * rules.len() + 16);
    }
});
