//! `countersign verify`: a policy written on the spot, decided on the one verify path.

use clap::Args;

use super::args::{PlaceArgs, Shared, given, image};
use super::context::{Context, key_reference};
use super::error::{Exit, Failure};
use super::output::{Output, warn};
use super::report::{Report, exit};
use crate::flow::verify::{Question, resolve, verify};
use crate::model::Claims;
use crate::policy::{Policy, PolicyError, Required, SignerRule};

/// Name of the policy that the command line is.
const POLICY_NAME: &str = "command line";

/// Verify that every key given has signed an image
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// Image: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    #[arg(value_name = "IMAGE")]
    image: Option<String>,
    /// Public key that must have signed; give it once for each key
    #[arg(long, required = true, num_args = 0.., value_name = "REF")]
    key: Vec<String>,
    /// Claim that every signature must state
    #[arg(short, long, num_args = 0.., value_name = "KEY=VALUE")]
    annotation: Vec<String>,
    /// Accept a Kubernetes secret that also holds the private key
    #[arg(long)]
    allow_private_key_secret: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

pub(super) async fn run(args: &mut VerifyArgs, context: &Context, output: &Output) -> Result<Exit, Failure> {
    let registries = &mut args.shared.registry;
    let greedy =
        &mut [&mut args.key, &mut args.annotation, &mut registries.plain_http, &mut registries.mirror];
    let image = image(args.image.as_ref(), greedy)?;
    let policy = policy(args, context).await?;
    let place = args.place.place(image.repository())?;
    let (pinned, fetched) = resolve(&context.registry, &image).await?;
    if image.digest().is_none() {
        warn(&format!("the tag was resolved once, to {}", pinned.digest()));
    }
    let places = [place];
    let question = Question { image: &pinned, seen: fetched.is_some(), places: &places, policy: &policy };
    let answer = verify(&context.registry, &question).await;
    let report = Report::new(std::slice::from_ref(&answer));
    output.result(&report.json(), || report.text(output))?;
    Ok(exit(answer.verdict()))
}

/// Every key is a signer of its own, so all of them must have signed.
async fn policy(args: &VerifyArgs, context: &Context) -> Result<Policy, Failure> {
    let claims = Claims::from_expectations(&args.annotation)
        .map_err(|error| Failure::usage("--annotation cannot be used").because(error))?;
    let source = context.keys().allow_private_key_secret(args.allow_private_key_secret);
    let mut signers = Vec::new();
    for name in given(&args.key) {
        let key = source.public_key(&key_reference(name)?).await?;
        let claims = Required::from(claims.clone());
        signers.push(SignerRule { name: crate::model::escape_untrusted(name), keys: vec![key], claims });
    }
    Policy::new(POLICY_NAME, signers).map_err(|error| match error {
        PolicyError::NoSigners => Failure::usage("no --key is given: nothing would be verified"),
        PolicyError::SharedKey { first, second, key } => {
            Failure::usage(format!("`{first}` and `{second}` are one and the same key"))
                .because(format!("both are {key}, so one signature would count twice"))
                .hint("give each key once")
        }
        other @ PolicyError::NoKeys(_) => Failure::usage(other.to_string()),
    })
}
