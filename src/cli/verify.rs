//! `countersign verify`: a policy written on the spot, decided on the one verify path.

use clap::{Args, ValueHint};

use super::args::{PlaceArgs, RegistryArgs, Shared, image};
use super::context::{Keys, key_reference, registries};
use super::error::{Exit, Failure};
use super::output::{Output, warn};
use super::report::{Detail, Report, Row, exit};
use crate::flow::verify::{Question, Until, resolve, verify};
use crate::model::{Claims, ImageRef, PinnedRef};
use crate::policy::{Pending, Policy, PolicyError, Required, SignerRule};

/// Name of the policy that the command line is.
pub(super) const POLICY_NAME: &str = "command line";

/// Verify that every key given has signed an image
#[derive(Debug, Args)]
#[command(override_usage = "countersign verify <IMAGE> --key <REF>... [OPTIONS]")]
pub(super) struct VerifyArgs {
    /// Image: [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]
    #[arg(value_name = "IMAGE", value_hint = ValueHint::Other)]
    pub(super) image: String,
    /// Public keys that must all have signed: files, env://NAME, or k8s-configmap://NAMESPACE/NAME
    #[arg(long, required = true, num_args = 1.., value_name = "REF", value_hint = ValueHint::FilePath)]
    key: Vec<String>,
    /// Claims that a signature by every key must state
    #[arg(short, long, num_args = 1.., value_name = "KEY=VALUE", value_hint = ValueHint::Other)]
    annotation: Vec<String>,
    /// Accept a Kubernetes secret that also holds the private key
    #[arg(long)]
    allow_private_key_secret: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

pub(super) async fn run(args: &VerifyArgs, output: &Output) -> Result<Exit, Failure> {
    let image = image(&args.image)?;
    let registry = registries(&args.registry)?;
    let place = args.place.place(image.repository())?;
    let policy = policy(args).await?;
    let (pinned, fetched) = resolve(&registry, &image).await?;
    let warnings = resolved(&image, &pinned);
    warnings.iter().for_each(|warning| warn(warning));
    let pending = Pending::of(std::slice::from_ref(&policy));
    let question = Question {
        image: &pinned,
        seen: fetched.is_some(),
        home: &place,
        pending: &pending,
        until: Until::Settled,
        now: jiff::Timestamp::now(),
    };
    let answer = verify(&registry, &question).await;
    let report = Report { rows: vec![Row::from(&answer)], warnings };
    output.result(&report.json(), || report.text(Detail::Claims, output))?;
    Ok(exit(answer.decision.verdict()))
}

/// A tag may point elsewhere by the time the image is used.
fn resolved(image: &ImageRef, pinned: &PinnedRef) -> Vec<String> {
    match image.digest() {
        Some(_) => Vec::new(),
        None => {
            vec![format!("the tag was resolved once, to {}: use that digest from here on", pinned.digest())]
        }
    }
}

/// Every key is a signer of its own, so all of them must have signed.
async fn policy(args: &VerifyArgs) -> Result<Policy, Failure> {
    let claims = Claims::from_expectations(&args.annotation)
        .map_err(|error| Failure::usage("--annotation cannot be used").because(error))?;
    let source = Keys::new(None).source().allow_private_key_secret(args.allow_private_key_secret);
    let mut signers = Vec::new();
    for name in &args.key {
        let key = source.public_key(&key_reference(name)?).await?;
        let claims = Required::from(claims.clone());
        signers.push(SignerRule::of_any_role(crate::model::escape_untrusted(name), vec![key], claims));
    }
    Policy::new(POLICY_NAME, signers).map_err(|error| match error {
        PolicyError::NoSigners => Failure::usage("no --key is given: nothing would be verified"),
        PolicyError::SharedKey { first, second, key, .. } => {
            Failure::usage(format!("`{first}` and `{second}` are one and the same key"))
                .because(format!("both are {key}, so one signature would count twice"))
                .hint("give each key once")
        }
        other => Failure::usage(other.to_string()),
    })
}
