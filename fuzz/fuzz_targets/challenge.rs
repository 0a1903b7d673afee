//! `WWW-Authenticate` headers: names are lower case, and a challenge that is written out plainly is read as the
//! same again.
#![no_main]

use countersign::registry::oci::challenge::{Challenge, parse_challenges};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &str| {
    let Ok(challenges) = parse_challenges(header) else { return };
    for challenge in challenges {
        assert_eq!(challenge.scheme, challenge.scheme.to_ascii_lowercase());
        let written = written(&challenge);
        assert_eq!(parse_challenges(&written), Ok(vec![challenge]), "{written}");
    }
});

/// The challenge as a header's value, with every parameter quoted.
fn written(challenge: &Challenge) -> String {
    let parameters = challenge.parameters.iter().map(|(name, value)| {
        let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
        format!("{name}=\"{escaped}\"")
    });
    format!("{} {}", challenge.scheme, parameters.collect::<Vec<_>>().join(", "))
}
