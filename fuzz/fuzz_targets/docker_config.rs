//! Docker's configuration file: whatever it holds, a credential helper is a plain name, and no error shows what
//! stands in the file.
#![no_main]

use countersign::registry::oci::docker_config::{ConfigError, parse};
use libfuzzer_sys::fuzz_target;

/// Hosts and repositories that the seeds speak of.
const PLACES: [(&str, &str); 4] = [
    ("registry.example.org", "shop/app"),
    ("docker.io", "library/alpine"),
    ("localhost:5000", "a"),
    ("gcr.io", "b"),
];

fuzz_target!(|bytes: &[u8]| {
    let config = match parse(bytes) {
        Ok(config) => config,
        Err(error) => {
            let place: String = error.to_string().chars().filter(|c| !c.is_ascii_digit()).collect();
            let known = ["not a Docker configuration", "not a Docker configuration, line , column "];
            assert!(known.contains(&place.as_str()), "{error}");
            return;
        }
    };
    for (host, path) in PLACES {
        for program in [config.program(host), config.store(host)] {
            match program {
                Ok(Some(name)) => {
                    assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)))
                }
                Ok(None) | Err(ConfigError::HelperName(_)) => {}
                Err(error) => panic!("{error}"),
            }
        }
        match config.entry(host, path) {
            Ok(_) | Err(ConfigError::Auth(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
});
