//! OpenVEX documents: whatever they hold, nobody's is trusted that is not named; a named one ignores a finding only
//! with a reason that could not move a cursor, and its digest is then in the proof.
#![no_main]

use std::sync::LazyLock;

use countersign::model::Digest;
use countersign::scan::openvex::statements::{Image, Statements};
use countersign::scan::{Ignore, Report, Rules, Subject, Verdict, judge_with};
use libfuzzer_sys::fuzz_target;

const REPORT: &[u8] = include_bytes!("../corpus/scan_report/trivy-debian-buster.json");
/// The manifest that the documents in the corpus speak of.
const MANIFEST: &str = "sha256:b75d2c78a42eae6eaa44e99638ba5fa36900538fa0b7a4feba19d18dd588552d";
const KEY: &str = include_str!("../corpus/public_key/p256.pem");

static SCANNED: LazyLock<Report> = LazyLock::new(|| Report::parse(REPORT).expect("a report"));

/// Rules that deny what the report holds, and trust documents as `vex` says.
fn rules(vex: &str) -> Rules {
    let text = format!(
        "apiVersion: scan.countersign.dev/v1alpha1\nkind: ScanRules\nspec: {{deny: {{severities: [CRITICAL]}}, vex: {vex}}}\n"
    );
    Rules::parse(text.as_bytes()).expect("rules")
}

fn shown(text: &str) {
    assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
}

fuzz_target!(|bytes: &[u8]| {
    let manifest: Digest = MANIFEST.parse().expect("a digest");
    let images = [manifest, Digest::of(b"index")];
    let signed_only = rules(&format!("{{keys: [{{pem: {:?}}}]}}", KEY));
    let untrusted = signed_only.trust(bytes, &images).expect_err("nobody signed it");
    shown(&untrusted.to_string());

    let digest = Digest::of(bytes);
    let named = rules(&format!("{{documents: ['{digest}']}}"));
    let document = match named.trust(bytes, &images) {
        Ok(document) => document,
        Err(error) => return shown(&error.to_string()),
    };
    let documents = [document];
    let image = Image { manifest, asked: images[1], repository: Some("a.example/shop/app".to_owned()) };
    let statements = Statements::new(&documents, image);
    let identity = &SCANNED.identity;
    let config = identity.image_id.expect("an image ID");
    let subject = Subject { manifest, config, layers: identity.layers.expect("layers") };
    let bound = SCANNED.binds_to(&subject).expect("the image that it names");
    let now = "2026-01-02T03:04:05Z".parse().expect("a time");
    let judgement = judge_with(&bound, &named, Some(&statements), now).expect("a judgement");
    for ignored in &judgement.ignored {
        let Ignore::Vex(vex) = &ignored.ignore else { panic!("the rules ignore nothing") };
        assert!(!vex.reason.is_empty() && vex.document == digest);
        shown(&vex.reason);
        shown(&vex.author);
    }
    match judgement.verdict {
        Verdict::Passed(passed) => assert!(passed.vex().contains(&digest)),
        Verdict::Failed => assert!(!judgement.denied.is_empty()),
    }
});
