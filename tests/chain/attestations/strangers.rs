//! What strangers attach takes no more time than the limit gives, however much of it there is.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use countersign::model::bundle;
use serde_json::{Value, json};

use super::{VULNERABILITY, report};
use crate::policies::production;
use crate::reports::trivy;
use crate::support::cli::Countersign;
use crate::support::forge;
use crate::support::image::Pushed;
use crate::world::{LENIENT, World};

/// The limit of each command, and long before what reading all of it took while nothing ended that.
const LIMIT: &str = "3s";
const BOUND: Duration = Duration::from_secs(20);

/// Attaches bundles of 30 MiB that are slow to read and that no key signed.
fn crowd(world: &World, image: &Pushed) {
    let mut junk = String::with_capacity(31 << 20);
    for number in 0.. {
        if junk.len() > 30 << 20 {
            break;
        }
        write!(junk, "\"{number}\":[],").unwrap();
    }
    for number in 0..8 {
        let bytes = format!(
            r#"{{"mediaType":"{}","junk":{{{junk}"number":{number}}},"verificationMaterial":{{"publicKey":{{"hint":"x"}}}},
            "dsseEnvelope":{{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{{"sig":"MDAw"}}]}}}}"#,
            bundle::MEDIA_TYPE
        );
        let annotations = json!({bundle::PREDICATE_ANNOTATION: VULNERABILITY});
        forge::put_bundle_of(&world.registry, image, bytes.as_bytes(), annotations);
    }
}

fn told_of_the_limit(remarks: &Value) -> bool {
    let mut remarks = remarks.as_array().unwrap().iter();
    remarks.any(|remark| remark["reason"].as_str().unwrap().contains("within the time limit"))
}

#[test]
fn the_time_limit_ends_the_reading_of_what_strangers_attach() {
    let world = World::new();
    let image = world.built("crowded by strangers");
    world.attest(&image, &[trivy(&image)], LENIENT).run().expect_code(0);
    crowd(&world, &image);
    let timed = |command: &Countersign, code: i32| {
        let start = Instant::now();
        let run = command.clone().args(["--timeout", LIMIT]).run().expect_code(code);
        assert!(start.elapsed() < BOUND, "{:?}", start.elapsed());
        run
    };
    // What was read before, the small ones, is told all the same.
    let run = timed(&report(&image.pinned()), 3);
    let found = run.json();
    assert_eq!(found["scans"].as_array().unwrap().len(), 1, "{found:#}");
    assert!(told_of_the_limit(&found["unreachable"]), "{found:#}");
    assert!(run.stderr.contains("--timeout"), "{}", run.stderr);
    // The decision stands, and the page says what is missing on it.
    let gate = world.gate(&production(&world.registry)).arg(image.pinned());
    timed(&gate.clone().args(["--report", "html=gate.html"]), 0);
    let page = std::fs::read_to_string(gate.home().join("gate.html")).unwrap();
    assert!(page.contains("CVE-2019-18224"), "the scan that was read is not shown");
    assert!(page.contains("could be had within the time limit"), "no word of what was not read");
}
