//! `gate`: every image of a deployment is decided on under policies.

mod deciding;
mod input;
mod manifests;
mod outputs;
mod page;
mod pinning;
mod places;
mod policies;
mod requests;
mod safe_outputs;
mod sarif;
mod sigstore;
mod tanzu;

use serde_json::Value;

use crate::support::cli::{Countersign, Run};

/// Runs it for its JSON, and demands an exit code.
#[track_caller]
fn report(command: &Countersign, code: i32) -> Value {
    command.clone().args(["--output", "json"]).run().expect_code(code).json()
}

/// The one decision of a report, and its reason code or that of the signer that is to blame.
fn decision(report: &Value) -> (String, String) {
    let [image] = &report["images"].as_array().unwrap()[..] else { panic!("not one image: {report:#}") };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let policies = image["policies"].as_array().unwrap();
    let signers = policies.iter().flat_map(|policy| policy["signers"].as_array().unwrap());
    let code = text(&image["reasonCode"])
        .or_else(|| policies.iter().find_map(|policy| text(&policy["reasonCode"])))
        .or_else(|| signers.into_iter().find_map(|signer| text(&signer["reasonCode"])));
    (text(&image["decision"]).unwrap(), code.unwrap_or_default())
}

/// Demands a decision with its exit code, and a reason code.
#[track_caller]
fn decides(command: &Countersign, code: i32, word: &str, reason: &str) -> Value {
    let report = report(command, code);
    assert_eq!(decision(&report), (word.to_owned(), reason.to_owned()), "{report:#}");
    report
}

/// A sentence on standard error.
#[track_caller]
fn says(run: &Run, sentence: &str) {
    assert!(run.stderr.contains(sentence), "`{sentence}` is not said: {run:#?}");
}
