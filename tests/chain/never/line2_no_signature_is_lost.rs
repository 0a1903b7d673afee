//! Two signers at once never lose a signature, as long as each put lands within the settling time after its read.
//! The group `registry` shows it with two dozen signers in every format.

use std::time::Duration;

use crate::policies::production;
use crate::reports::trivy;
use crate::support::cli::{Countersign, run_together};
use crate::support::keys::TestKey;
use crate::support::registry::Config;
use crate::world::{LENIENT, World, keys, verify};

#[test]
fn builders_that_sign_while_validate_writes_lose_nothing_and_take_nothing_away() {
    let delay = (Duration::from_millis(4), Duration::from_millis(12));
    for config in [Config::default(), Config::without_referrers()] {
        let world = World::with(Config { delay, ..config });
        let image = world.built("at once");
        let builders: Vec<TestKey> = (0..4).map(|_| TestKey::new()).collect();
        let sign =
            |key: &TestKey| Countersign::new().args(["sign", &image.pinned(), "--key", &key.private_arg()]);
        let mut commands: Vec<Countersign> = builders.iter().map(sign).collect();
        commands.push(world.validate(&image, &[trivy(&image)], LENIENT));
        for run in run_together(&commands) {
            run.expect_code(0);
        }
        for key in builders.iter().chain([&keys().build, &keys().validation]) {
            verify(&image.pinned(), key, &[]).expect_code(0);
        }
        world.gate(&production(&world.registry)).arg(image.pinned()).run().expect_code(0);
    }
}
