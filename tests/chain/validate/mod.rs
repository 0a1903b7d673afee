//! `validate`: the build signature is verified and the reports are judged; only what passes is signed, and whatever
//! does not leaves no trace in the registry.

mod build;
mod indexes;
mod judging;
mod reports;
mod stated;
mod writing;

use serde_json::Value;

use crate::support::cli::{Countersign, Run};
use crate::support::image::Pushed;
use crate::world::{World, keys, verify};

/// Runs it, demands an exit code, and that not one request could have written.
#[track_caller]
fn refused(world: &World, command: &Countersign, code: i32) -> Run {
    world.registry.forget_requests();
    let run = command.run().expect_code(code);
    assert_eq!(world.registry.writes().len(), 0, "{:#?}", world.registry.writes());
    run
}

/// The validation signatures on an image as `inspect` lists them, once `verify` accepts one.
#[track_caller]
fn listed(image: &Pushed) -> Vec<Value> {
    let role = ["--annotation", "countersign.dev/role=validation"];
    verify(&image.pinned(), &keys().validation, &role).expect_code(0);
    let inspect = Countersign::new().args(["inspect", &image.pinned(), "--output", "json"]);
    let attached = inspect.run().expect_code(0).json()["attached"].as_array().unwrap().clone();
    let role = |signature: &Value| signature["claims"]["countersign.dev/role"] == "validation";
    attached.into_iter().filter(role).collect()
}

/// The claims of each of them.
#[track_caller]
fn validated(image: &Pushed) -> Vec<Value> {
    listed(image).iter().map(|signature| signature["claims"].clone()).collect()
}

/// Whether the image has no validation signature.
#[track_caller]
fn not_validated(image: &Pushed) {
    verify(&image.pinned(), &keys().validation, &[]).expect_code(1);
}
