//! `countersign keys`: generate, public, import, retire.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum, ValueHint};
use serde::Serialize;

use super::args::{PasswordArgs, Shared};
use super::context::{Keys, key_reference};
use super::error::{Exit, Failure};
use super::output::{Output, Tone};
use crate::flow::keys::{IfPresent, Origin, PairOrder, PairReport, RetireReport, make, public, retire};
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
    /// Remove a private key from a Kubernetes secret for good, and keep its public key
    Retire(RetireArgs),
}

impl KeysArgs {
    pub(super) fn shared(&self) -> &Shared {
        match &self.command {
            KeysCommand::Generate(args) => &args.shared,
            KeysCommand::Public(args) => &args.shared,
            KeysCommand::Import(args) => &args.shared,
            KeysCommand::Retire(args) => &args.shared,
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
    #[arg(long, value_hint = ValueHint::AnyPath, default_value = "countersign", value_name = "PREFIX", conflicts_with = "secret")]
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
    #[command(flatten)]
    passwords: PasswordArgs,
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
    #[arg(value_name = "SECRET", value_hint = ValueHint::Other)]
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
    #[arg(long, value_name = "REF", value_hint = ValueHint::FilePath)]
    key: String,
    #[command(flatten)]
    passwords: PasswordArgs,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
struct ImportArgs {
    /// Kubernetes secret to make, k8s://NAMESPACE/NAME, with the public key in the ConfigMap NAME-pub
    #[arg(value_name = "SECRET", value_hint = ValueHint::Other)]
    secret: Option<String>,
    /// Unencrypted private key: a file or env://NAME
    #[arg(long, value_name = "REF", value_hint = ValueHint::FilePath)]
    key: String,
    #[command(flatten)]
    store: StoreArgs,
    #[command(flatten)]
    shared: Shared,
}

#[derive(Debug, Args)]
struct RetireArgs {
    /// Kubernetes secret of the pair, k8s://NAMESPACE/NAME; its public key stays in the ConfigMap NAME-pub
    #[arg(value_name = "SECRET", value_hint = ValueHint::Other)]
    secret: String,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    shared: Shared,
}

pub(super) async fn run(args: &KeysArgs, output: &Output) -> Result<Exit, Failure> {
    match &args.command {
        KeysCommand::Generate(GenerateArgs { secret, algorithm, store, .. }) => {
            make_pair(secret.as_deref(), store, Origin::New((*algorithm).into()), output).await
        }
        KeysCommand::Import(ImportArgs { secret, key, store, .. }) => {
            make_pair(secret.as_deref(), store, Origin::Import(key_reference(key)?), output).await
        }
        KeysCommand::Public(args) => {
            let keys = Keys::new(args.passwords.password_file.clone());
            let key = public(&keys.source(), &key_reference(&args.key)?).await?;
            output.result(&key, || key.pem.clone())?;
            Ok(Exit::Done)
        }
        KeysCommand::Retire(args) => {
            let report = retire(&secret_pair(&args.secret, &Keys::new(None))?, args.dry_run).await?;
            let shown = Shown { report: &report, dry_run: args.dry_run };
            output.result(&shown, || retired_text(&shown, output))?;
            Ok(Exit::Done)
        }
    }
}

async fn make_pair(
    secret: Option<&str>,
    args: &StoreArgs,
    origin: Origin,
    output: &Output,
) -> Result<Exit, Failure> {
    let keys = Keys::new(args.passwords.password_file.clone());
    let store = place(secret, args, &keys)?;
    let maker = LocalPairs::new(keys.passwords.clone(), keys.source());
    let order = PairOrder { origin, if_present: args.if_present(), dry_run: args.dry_run };
    let report = make(&maker, &*store, &order).await?;
    let shown = Shown { report: &report, dry_run: args.dry_run };
    output.result(&shown, || text(&shown, output))?;
    Ok(Exit::Done)
}

/// Where the pair goes.
fn place(secret: Option<&str>, args: &StoreArgs, keys: &Keys) -> Result<Box<dyn PairStore>, Failure> {
    let Some(secret) = secret else {
        return Ok(Box::new(FilePair::new(&args.output_prefix)));
    };
    match key_reference(secret)? {
        KeyRef::KubeSecret(_) => Ok(Box::new(secret_pair(secret, keys)?)),
        _ => Err(Failure::usage(format!("`{secret}` is no place for a new key pair"))
            .hint("name a secret as k8s://NAMESPACE/NAME, or files with --output-prefix")),
    }
}

/// The pair of the secret that is named.
fn secret_pair(secret: &str, keys: &Keys) -> Result<SecretPair, Failure> {
    let KeyRef::KubeSecret(name) = key_reference(secret)? else {
        return Err(
            Failure::usage(format!("`{secret}` is no secret")).hint("name it as k8s://NAMESPACE/NAME")
        );
    };
    SecretPair::new(keys.cluster.clone(), keys.source(), name)
        .map_err(|error| Failure::usage("the secret cannot be used").because(error))
}

/// What became of the order, and whether it was one to write.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a, R> {
    #[serde(flatten)]
    report: &'a R,
    dry_run: bool,
}

fn retired_text(shown: &Shown<'_, RetireReport>, output: &Output) -> String {
    let report = shown.report;
    let (word, tone) = match (shown.dry_run, report.removed) {
        (true, _) => ("would remove", Tone::Unsure),
        (false, true) => ("removed", Tone::Good),
        (false, false) => ("removed before", Tone::Good),
    };
    format!(
        "{}  private key: {}\n{:width$}  public key:  {} stays\n{}\n",
        output.tone(tone, word),
        report.private_key,
        "",
        report.public_key,
        output.tone(Tone::Faint, &format!("  {}, {}", report.key.algorithm, report.key.fingerprint)),
        width = word.len()
    )
}

fn text(shown: &Shown<'_, PairReport>, output: &Output) -> String {
    let report = shown.report;
    let (word, tone) = match (shown.dry_run, report.written, report.published) {
        (true, ..) => ("would write", Tone::Unsure),
        (false, true, _) => ("written", Tone::Good),
        (false, false, true) => ("public key written", Tone::Good),
        (false, false, false) => ("kept", Tone::Good),
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
