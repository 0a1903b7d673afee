//! `countersign sign`.

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::args::{PasswordArgs, PlaceArgs, RegistryArgs, Shared, StatedArgs, WrittenFormat, image};
use super::context::{Keys, key_reference, registries};
use super::error::{Exit, Failure};
use super::output::{Output, warn};
use super::receipts::Finish;
use super::results::SignedResults;
use crate::flow::FlowError;
use crate::flow::prepare::prepare;
use crate::flow::sign::{Order, Stated, StatedClaims, sign};
use crate::flow::verify::resolve;
use crate::model::claims::ROLE;
use crate::model::{Claims, ImageRef, PinnedRef};
use crate::registry::Registry;

/// The role that only `validate` may state.
const VALIDATION: &str = "validation";

/// Sign an image by its digest
#[derive(Debug, Args)]
#[command(override_usage = "countersign sign <IMAGE@DIGEST> --key <REF> [OPTIONS]")]
pub(super) struct SignArgs {
    /// Image: [registry/]repository[:tag]@digest, or oci:PATH[:tag]@digest
    #[arg(value_name = "IMAGE@DIGEST", value_hint = ValueHint::Other)]
    pub(super) image: String,
    /// Private key: a file, env://NAME, or k8s://NAMESPACE/SECRET
    #[arg(long, value_name = "REF", value_hint = ValueHint::FilePath)]
    key: String,
    /// Role to state in the signature
    #[arg(long, default_value = "build", value_parser = role, value_name = "NAME")]
    role: String,
    #[command(flatten)]
    stated: StatedArgs,
    /// Formats to write
    #[arg(long, value_enum, default_value_t = WrittenFormat::Both, value_name = "FORMAT")]
    format: WrittenFormat,
    /// Sign every manifest of an index too, before the index
    #[arg(long)]
    recursive: bool,
    /// Accept a tag, and sign what it points at now: whoever can push may have moved it since the build
    #[arg(long)]
    allow_tag: bool,
    /// Write the results SIGNED_REF and SIGNED_DIGEST as files into this folder
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    results_dir: Option<PathBuf>,
    /// Say what would be signed, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(flatten)]
    registry: RegistryArgs,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    pub(super) shared: Shared,
}

/// `[a-z0-9-]{1,63}`, and not the role that means a passed scan.
fn role(text: &str) -> Result<String, String> {
    let legal = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    match text {
        VALIDATION => {
            Err("the role `validation` is given by `countersign validate`, after a scan".to_owned())
        }
        _ if (1..=63).contains(&text.len()) && text.bytes().all(legal) => Ok(text.to_owned()),
        _ => Err("a role is 1 to 63 of a-z, 0-9 and -".to_owned()),
    }
}

pub(super) async fn run(args: &SignArgs, output: &Output) -> Result<Exit, Failure> {
    let image = image(&args.image)?;
    let key = key_reference(&args.key)?;
    let claims = claims(args)?;
    let place = args.place.place(image.repository())?;
    let registry = registries(&args.registry)?;
    let results = args.results_dir.as_deref().filter(|_| !args.dry_run);
    let results = results.map(SignedResults::open).transpose()?;
    let pinned = pinned(args, &registry, &image).await?;
    let order = Order {
        image: &pinned,
        place: &place,
        formats: args.format.formats(),
        recursive: args.recursive,
        dry_run: args.dry_run,
    };
    let keys = Keys::new(args.passwords.password_file.clone()).source();
    let (signer, prepared) = tokio::join!(keys.signer(&key), prepare(&registry, &order));
    let stated = Stated { claims: StatedClaims::Same(&claims), now: jiff::Timestamp::now() };
    let signed = sign(&registry, &*signer?, &order, &stated, &prepared?).await;
    Finish { dry_run: args.dry_run, results }.signed(signed, output)
}

/// Claims that the person states.
fn claims(args: &SignArgs) -> Result<Claims, Failure> {
    let mut claims = args.stated.claims()?;
    claims.set(ROLE, args.role.as_str());
    Ok(claims)
}

/// The digest to sign. A tag is refused unless allowed; the refusal says what it points at.
async fn pinned(args: &SignArgs, registry: &impl Registry, image: &ImageRef) -> Result<PinnedRef, Failure> {
    if let Some(pinned) = image.pinned() {
        return Ok(pinned);
    }
    let resolved = resolve(registry, image).await;
    if !args.allow_tag {
        return Err(tag_refused(image, resolved.map(|(pinned, _)| pinned)));
    }
    let (pinned, _) = resolved?;
    warn(&format!("signing what the tag points at now: {}", pinned.digest()));
    Ok(pinned)
}

/// A tag where a digest is needed.
pub(super) fn tag_refused(image: &ImageRef, resolved: Result<PinnedRef, FlowError>) -> Failure {
    let refusal = Failure::usage(format!("{image} has no digest, and only a digest is signed"))
        .because("whoever can push to the repository could move the tag between the build and the signature");
    match resolved {
        Ok(pinned) => refusal.hint(format!("the tag points at {pinned} now; is that the image you built?")),
        Err(FlowError::Missing { .. }) => refusal.hint("there is no such tag in the registry"),
        Err(error) => refusal.hint(format!("what the tag points at could not be asked: {error}")),
    }
}
