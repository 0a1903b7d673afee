//! `countersign keys`: generate, public, import.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::args::Shared;
use super::context::{Context, key_reference};
use super::error::{Exit, Failure};
use super::output::{Output, Tone};
use crate::flow::keys::{IfPresent, Origin, PairOrder, PairReport, make, public};
use crate::model::key::Algorithm;
use crate::signer::KeyRef;
use crate::signer::keyring::{FilePair, LocalPairs, SecretPair};
use crate::signer::pair::PairStore;

/// Make, show and import keys
#[derive(Debug, Args)]
pub(super) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make an encrypted key pair, in files or in a Kubernetes secret
    Generate(GenerateArgs),
    /// Print the public key of any key reference
    Public(PublicArgs),
    /// Encrypt a private key in PKCS#8, PKCS#1 or SEC1 and store it as a key pair
    Import(ImportArgs),
}

impl KeysArgs {
    pub(super) fn shared(&self) -> &Shared {
        match &self.command {
            KeysCommand::Generate(args) => &args.shared,
            KeysCommand::Public(args) => &args.shared,
            KeysCommand::Import(args) => &args.shared,
        }
    }
}

/// Algorithms that pairs are generated for.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum NewAlgorithm {
    EcdsaP256,
    EcdsaP384,
    EcdsaP521,
    Ed25519,
    #[value(name = "rsa-2048")]
    Rsa2048,
    #[value(name = "rsa-3072")]
    Rsa3072,
    #[value(name = "rsa-4096")]
    Rsa4096,
}

impl From<NewAlgorithm> for Algorithm {
    fn from(algorithm: NewAlgorithm) -> Self {
        match algorithm {
            NewAlgorithm::EcdsaP256 => Self::EcdsaP256,
            NewAlgorithm::EcdsaP384 => Self::EcdsaP384,
            NewAlgorithm::EcdsaP521 => Self::EcdsaP521,
            NewAlgorithm::Ed25519 => Self::Ed25519,
            NewAlgorithm::Rsa2048 => Self::Rsa(2048),
            NewAlgorithm::Rsa3072 => Self::Rsa(3072),
            NewAlgorithm::Rsa4096 => Self::Rsa(4096),
        }
    }
}

/// Where a pair goes, and what is done if one is there.
#[derive(Debug, Args)]
struct StoreArgs {
    /// Write PREFIX.key and PREFIX.pub
    #[arg(long, default_value = "countersign", value_name = "PREFIX", conflicts_with = "secret")]
    output_prefix: PathBuf,
    /// Keep the pair that is there already
    #[arg(long, conflicts_with = "force")]
    if_absent: bool,
    /// Replace the files that are there: the old key is lost
    #[arg(long, conflicts_with = "secret")]
    force: bool,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
}

impl StoreArgs {
    fn if_present(&self) -> IfPresent {
        match (self.if_absent, self.force) {
            (true, _) => IfPresent::Keep,
            (_, true) => IfPresent::Replace,
            (false, false) => IfPresent::Refuse,
        }
    }
}

#[derive(Debug, Args)]
struct GenerateArgs {
    /// Kubernetes secret to make, k8s://NAMESPACE/NAME, with the public key in the ConfigMap NAME-pub
    #[arg(value_name = "SECRET")]
    secret: Option<String>,
    /// Kind of key
    #[arg(long, value_enum, default_value = "ecdsa-p256", value_name = "NAME")]
    algorithm: NewAlgorithm,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
struct PublicArgs {
    /// Key: a file, env://NAME, k8s://NAMESPACE/SECRET or k8s-configmap://NAMESPACE/NAME
    #[arg(long, value_name = "REF")]
    key: String,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// Kubernetes secret to make, k8s://NAMESPACE/NAME, with the public key in the ConfigMap NAME-pub
    #[arg(value_name = "SECRET")]
    secret: Option<String>,
    /// Unencrypted private key: a file or env://NAME
    #[arg(long, value_name = "REF")]
    key: String,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    shared: Shared,
}

pub(super) async fn run(args: &KeysArgs, context: &Context, output: &Output) -> Result<Exit, Failure> {
    match &args.command {
        KeysCommand::Generate(args) => {
            let origin = Origin::New(args.algorithm.into());
            store(args.secret.as_deref(), &args.store, origin, context, output).await
        }
        KeysCommand::Import(args) => {
            let origin = Origin::Import(key_reference(&args.key)?);
            store(args.secret.as_deref(), &args.store, origin, context, output).await
        }
        KeysCommand::Public(args) => {
            let key = public(&context.keys(), &key_reference(&args.key)?).await?;
            output.result(&key, || key.pem.clone())?;
            Ok(Exit::Done)
        }
    }
}

async fn store(
    secret: Option<&str>,
    args: &StoreArgs,
    origin: Origin,
    context: &Context,
    output: &Output,
) -> Result<Exit, Failure> {
    let store: Box<dyn PairStore> = match secret.filter(|text| !text.is_empty()) {
        Some(text) => match key_reference(text)? {
            KeyRef::KubeSecret(name) => Box::new(
                SecretPair::new(context.cluster.clone(), context.keys(), name)
                    .map_err(|error| Failure::usage("the secret cannot be used").because(error))?,
            ),
            _ => {
                return Err(Failure::usage(format!("`{text}` is no place for a new key pair"))
                    .hint("name a secret as k8s://NAMESPACE/NAME, or files with --output-prefix"));
            }
        },
        None => Box::new(FilePair::new(&args.output_prefix)),
    };
    let maker = LocalPairs::new(context.passwords.clone(), context.keys());
    let order = PairOrder { origin, if_present: args.if_present(), dry_run: args.dry_run };
    let report = make(&maker, &*store, &order).await?;
    output.result(&report, || text(&report, args.dry_run, output))?;
    Ok(Exit::Done)
}

fn text(report: &PairReport, dry_run: bool, output: &Output) -> String {
    let (word, tone) = match (dry_run, report.written) {
        (true, _) => ("would write", Tone::Unsure),
        (false, true) => ("written", Tone::Good),
        (false, false) => ("kept", Tone::Good),
    };
    let mut text = format!(
        "{}  private key: {}\n{:width$}  public key:  {}\n",
        output.tone(tone, word),
        report.private_key,
        "",
        report.public_key,
        width = word.len()
    );
    if let Some(key) = &report.key {
        text.push_str(&output.tone(Tone::Faint, &format!("  {}, {}", key.algorithm, key.fingerprint)));
        text.push('\n');
    }
    text
}
