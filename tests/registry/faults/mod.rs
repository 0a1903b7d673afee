//! What `sign`, `verify` and `inspect` answer when a registry misbehaves: a table of a row for each
//! misbehaviour. Absent, invalid and unreachable stay apart, no credential reaches another host, and no
//! signature is lost, replaced or half written.

mod blobs;
mod credentials;
mod images;
mod referrers;
mod tags;
mod tls;
mod world;
mod writes;

use std::thread;

use serde_json::Value;

use crate::support::cli::Run;
use crate::support::registry::{Act, Fault, Place, Times};
use world::{Setting, World};

/// What someone finds who looks for the signature of a key that never signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// Everything answered: denied.
    Absent,
    /// Something there is no signature though it stands in a signature's place: denied, and it is named.
    Invalid,
    /// Something could not be asked: undecided, and it is named.
    Unreachable,
}

/// Exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Codes {
    /// `verify` with the key that signed before.
    verify: i32,
    /// `sign` with a new key.
    sign: i32,
    /// `inspect`.
    inspect: i32,
}

/// Nothing is hurt: what was signed verifies, and can be signed and inspected.
const UNHURT: Codes = Codes { verify: 0, sign: 0, inspect: 0 };
/// Nothing can be said.
const UNDECIDED: Codes = Codes { verify: 3, sign: 3, inspect: 3 };
/// The signature counts, but not all is known.
const ENOUGH: Codes = Codes { verify: 0, sign: 3, inspect: 3 };

type Trouble = Box<dyn Fn(&World) + Send + Sync>;

/// A misbehaviour, and what must come of it.
struct Row {
    name: &'static str,
    setting: Setting,
    trouble: Trouble,
    found: Found,
    codes: Codes,
    /// Said by every command that the misbehaviour reaches.
    sentence: &'static str,
}

fn row(
    name: &'static str,
    setting: Setting,
    trouble: impl Fn(&World) + Send + Sync + 'static,
    found: Found,
    codes: Codes,
    sentence: &'static str,
) -> Row {
    Row { name, setting, trouble: Box::new(trouble), found, codes, sentence }
}

/// Every request there.
fn on(place: Place, act: Act) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| world.registry.misbehave(Fault::on(place, act.clone()))
}

/// The first requests there.
fn first(count: usize, place: Place, act: Act) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| world.registry.misbehave(Fault::on(place, act.clone()).times(Times::First(count)))
}

/// Every request there that reads.
fn on_reads(place: Place, act: Act) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| world.registry.misbehave(Fault::on_reads(place, act.clone()))
}

/// Every request there that writes.
fn on_writes(place: Place, act: Act) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| world.registry.misbehave(Fault::on_writes(place, act.clone()))
}

/// A manifest of that type at the tag of the signatures.
fn stored_at_sig_tag(media_type: &'static str, bytes: Vec<u8>) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| world.store(&world.image.sig_tag(), media_type, &bytes)
}

/// A manifest of that type at the fallback tag.
fn stored_at_fallback_tag(
    media_type: &'static str,
    bytes: Vec<u8>,
) -> impl Fn(&World) + Send + Sync + 'static {
    move |world| world.store(&world.image.fallback_tag(), media_type, &bytes)
}

/// JSON that nests deeper than anything is read.
fn deep_json() -> Vec<u8> {
    format!(
        "{{\"schemaVersion\":2,\"layers\":{0}{1},\"manifests\":{0}{1}}}",
        "[".repeat(100),
        "]".repeat(100)
    )
    .into_bytes()
}

/// Runs every row in a world of its own, all at the same time since most of it is waiting, and names all
/// that fail.
fn check(rows: Vec<Row>) {
    let wrong: Vec<String> = thread::scope(|scope| {
        let running: Vec<_> = rows.iter().map(|row| scope.spawn(|| row.wrong())).collect();
        running.into_iter().flat_map(|row| row.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

impl Row {
    /// What is not as the row says.
    fn wrong(&self) -> Vec<String> {
        let world = World::new(&self.setting);
        let mut wrong = Vec::new();
        self.verify(&world, &mut wrong);
        self.stranger(&world, &mut wrong);
        self.inspect(&world, &mut wrong);
        if world
            .registry
            .requests()
            .iter()
            .any(|request| request.method == "PUT" || request.method == "PATCH")
        {
            wrong.push("verify or inspect wrote something".to_owned());
        }
        self.sign(&world, &mut wrong);
        wrong.extend(world.leaks());
        wrong.into_iter().map(|text| format!("{}: {text}", self.name)).collect()
    }

    fn begin(&self, world: &World) {
        world.registry.behave();
        (self.trouble)(world);
    }

    fn verify(&self, world: &World, wrong: &mut Vec<String>) {
        self.begin(world);
        let run = world.verify(&world::keys().signer);
        expect("verify", &run, self.codes.verify, "", wrong);
    }

    fn stranger(&self, world: &World, wrong: &mut Vec<String>) {
        self.begin(world);
        let run = world.verify(&world::keys().stranger);
        let (code, sentence) = match self.found {
            Found::Absent => (1, ""),
            Found::Invalid => (1, self.sentence),
            Found::Unreachable => (3, self.sentence),
        };
        expect("verify by a stranger's key", &run, code, sentence, wrong);
        let Ok(answer) = serde_json::from_str::<Value>(&run.stdout) else {
            return wrong.push(format!("no JSON: {run:?}"));
        };
        if let Some(found) = found(&answer).filter(|found| *found != self.found) {
            wrong.push(format!("a stranger's key finds {found:?} and not {:?}: {answer}", self.found));
        }
    }

    fn inspect(&self, world: &World, wrong: &mut Vec<String>) {
        self.begin(world);
        let run = world.inspect();
        let said = self.codes.inspect != 0 || self.found == Found::Invalid;
        expect("inspect", &run, self.codes.inspect, if said { self.sentence } else { "" }, wrong);
    }

    fn sign(&self, world: &World, wrong: &mut Vec<String>) {
        self.begin(world);
        let before = world.attached();
        let run = world.sign(&world::keys().newcomer);
        let sentence = if self.codes.sign == 0 { "" } else { self.sentence };
        expect("sign", &run, self.codes.sign, sentence, wrong);
        world.registry.behave();
        let after = world.attached();
        wrong.extend(before.lost_in(&after));
        wrong.extend(world.half_written(&after));
        if run.code == 0 {
            wrong.extend(world.not_signed(&before, &after));
        }
    }
}

fn expect(command: &str, run: &Run, code: i32, sentence: &str, wrong: &mut Vec<String>) {
    if run.code != code || !run.all().contains(sentence) {
        wrong.push(format!("{command} should end with {code} and say `{sentence}`: {run:?}"));
    }
}

/// What a report says of the evidence; nothing for an error that is no report.
fn found(report: &Value) -> Option<Found> {
    let image = report["images"].get(0)?;
    let empty = |name: &str| image[name].as_array().is_some_and(Vec::is_empty);
    Some(match (empty("unreachable"), empty("invalid")) {
        (false, _) => Found::Unreachable,
        (true, false) => Found::Invalid,
        (true, true) => Found::Absent,
    })
}
