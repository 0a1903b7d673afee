//! Many signers of one image at the same time, each a process with a key of its own: nobody's signature is
//! lost. `COUNTERSIGN_SOAK_ROUNDS` says how often.

use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Duration;

use countersign::model::manifest::{OCI_INDEX, OCI_MANIFEST};
use serde_json::Value;

use super::support::cli::{Countersign, Run, run_together};
use super::support::http;
use super::support::image::{self, Pushed};
use super::support::keys::TestKey;
use super::support::peers;
use super::support::registry::{Config, IfMatch, TestRegistry};

const SIGNERS: usize = 24;
/// Inside the bound that holds for writers: a put lands within three of the slowest round trips after its read.
const DELAYS: (Duration, Duration) = (Duration::from_millis(4), Duration::from_millis(12));

/// What is written in one round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Formats {
    Legacy,
    Bundle,
    Both,
}

impl Formats {
    const ALL: [Self; 3] = [Self::Legacy, Self::Bundle, Self::Both];

    fn argument(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Bundle => "bundle",
            Self::Both => "both",
        }
    }
}

fn rounds() -> usize {
    std::env::var("COUNTERSIGN_SOAK_ROUNDS").map_or(3, |rounds| rounds.parse().unwrap())
}

fn keys() -> &'static [TestKey] {
    static KEYS: LazyLock<Vec<TestKey>> = LazyLock::new(|| (0..SIGNERS).map(|_| TestKey::new()).collect());
    &KEYS
}

/// All sign at once, in every format and as often as asked for; then all are found.
fn many_sign(host: &str, has_referrers: bool) {
    // Two dozen processes at once are load enough: two such tests together would measure the scheduler, and
    // stretch the time between a writer's read and its put beyond what is promised.
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    for round in 0..rounds() {
        for formats in Formats::ALL {
            let name = format!("shop/{}-{round}", formats.argument());
            let image = image::image(host, &name, "1.4", &name);
            for run in run_together(&signers(&image, formats)) {
                run.expect_code(0);
            }
            all_are_there(&image, formats, has_referrers);
        }
    }
}

fn signers(image: &Pushed, formats: Formats) -> Vec<Countersign> {
    let sign = |key: &TestKey| {
        let command = Countersign::new().args(["sign", &image.pinned(), "--format", formats.argument()]);
        command.args(["--timeout", "150s", "--key"]).arg(key.private())
    };
    keys().iter().map(sign).collect()
}

fn all_are_there(image: &Pushed, formats: Formats, has_referrers: bool) {
    if formats != Formats::Bundle {
        assert_eq!(listed(image, "manifests", &image.sig_tag(), "layers"), SIGNERS, "{formats:?}");
    }
    if formats != Formats::Legacy {
        let bundles = match has_referrers {
            true => listed(image, "referrers", &image.digest.to_string(), "manifests"),
            false => listed(image, "manifests", &image.fallback_tag(), "manifests"),
        };
        assert_eq!(bundles, SIGNERS, "{formats:?}");
    }
    verify_all(image).expect_code(0);
}

/// One command that demands every key.
fn verify_all(image: &Pushed) -> Run {
    let keys = keys().iter().flat_map(|key| ["--key".to_owned(), key.public_arg()]);
    Countersign::new().args(["verify", &image.pinned()]).args(keys).run()
}

/// How many entries the registry lists.
fn listed(image: &Pushed, endpoint: &str, name: &str, list: &str) -> usize {
    let target = format!("/v2/{}/{endpoint}/{name}", image.repository);
    let accept = format!("{OCI_MANIFEST}, {OCI_INDEX}");
    let reply = http::request(&image.host, "GET", &target, &[("Accept", &accept)], &[]);
    assert_eq!(reply.status, 200, "{target}: {reply:?}");
    let entries: Value = reply.json();
    entries[list].as_array().unwrap().len()
}

#[test]
fn nobody_is_lost_with_the_referrers_api() {
    let registry = TestRegistry::start(Config { delay: DELAYS, ..Config::default() });
    many_sign(registry.host(), true);
}

#[test]
fn nobody_is_lost_without_the_referrers_api() {
    let registry = TestRegistry::start(Config { delay: DELAYS, ..Config::without_referrers() });
    many_sign(registry.host(), false);
}

#[test]
fn nobody_is_lost_where_conditional_puts_are_honoured() {
    let config = Config { delay: DELAYS, if_match: IfMatch::Honoured, ..Config::without_referrers() };
    let registry = TestRegistry::start(config);
    many_sign(registry.host(), false);
    let conflicts = registry.requests().into_iter().filter(|request| request.status == 412).count();
    assert!(conflicts > 0, "24 writers at once never met");
}

#[test]
fn nobody_is_lost_on_docker_registry() {
    let docker = peers::docker_registry();
    many_sign(docker.host(), false);
}

#[test]
fn the_same_key_many_times_at_once_is_there_at_least_once() {
    let registry = TestRegistry::start(Config { delay: DELAYS, ..Config::without_referrers() });
    let image = image::image(&registry, "shop/app", "1.4", "one");
    let command = Countersign::new().args(["sign", &image.pinned(), "--key"]).arg(keys()[0].private());
    for run in run_together(&vec![command; 8]) {
        run.expect_code(0);
    }
    let verify = Countersign::new().args(["verify", &image.pinned(), "--key"]).arg(keys()[0].public());
    verify.run().expect_code(0);
}
