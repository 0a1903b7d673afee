//! What policies decide: cases as files, each with policies, signatures, a time and the decision that must come;
//! README.md describes them. Every signature in a case is really made and really checked.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod advice;
mod case;
mod conversion;
mod exhaustive;
mod globs;
mod kit;
mod properties;
mod reference;
mod runner;
mod samples;
mod schema;
mod topics;

use case::cases;

#[test]
fn every_case_has_the_decision_that_its_file_expects() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|(name, case)| Some(format!("{name}: {}", runner::run(case).err()?)))
        .collect();
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_case_says_in_a_sentence_what_it_is_about() {
    for (name, case) in cases() {
        assert!(case.about.ends_with('.'), "{name}");
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
    }
}

#[test]
fn there_are_at_least_a_hundred_and_twenty_cases() {
    assert!(cases().len() >= 120, "{}", cases().len());
}

#[test]
fn a_case_without_an_expectation_with_an_unknown_member_or_an_unknown_key_is_no_case() {
    let text = std::fs::read_to_string(case::folder().join("cases/both_signed.yaml")).unwrap();
    assert!(case::read(&text).is_ok());
    let start = text.find("expect:").unwrap();
    assert!(case::read(&text[..start]).is_err(), "no expectation");
    assert!(case::read(&text.replace("decision: allowed", "")).is_err(), "an expectation without a decision");
    assert!(case::read(&text.replace("about:", "abuot:")).is_err());
    assert!(case::read(&text.replace("by: build", "by: nobody")).is_err());
    assert!(case::read(&text.replace("by: build", "by: build, wrong: 1")).is_err());
}
