//! The command line: arguments, rendering, exit codes. What the commands do is in [`crate::flow`].

mod args;
mod context;
mod convert;
mod copy;
pub mod error;
mod files;
mod findings;
mod gate;
mod given;
mod inspect;
mod junit;
mod keys;
mod logging;
mod manifests;
mod output;
mod page;
mod policies;
mod policy;
mod progress;
mod receipts;
mod report;
mod report_files;
mod report_json;
mod results;
mod rules;
mod sarif;
mod scan_table;
mod sign;
mod usage;
mod validate;
mod validated;
mod verify;

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use args::Shared;
use error::{Exit, Failure};
use output::Output;

/// Signs container images twice, and stops them wherever a signature is missing.
#[derive(Debug, Parser)]
#[command(name = "countersign", version, propagate_version = true, subcommand_required = true)]
#[command(arg_required_else_help = true, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done or allowed · 1 denied · 2 wrong usage or bad input · \
3 undecided (something could not be asked)";

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign an image by its digest
    Sign(Box<sign::SignArgs>),
    /// Sign an image a second time, if it has its build signature and its scan passes
    Validate(Box<validate::ValidateArgs>),
    /// Decide on every image of a deployment under policies
    Gate(Box<gate::GateArgs>),
    /// Verify that every key given has signed an image
    Verify(Box<verify::VerifyArgs>),
    /// Show what is attached to an image; verifies nothing
    Inspect(Box<inspect::InspectArgs>),
    /// Show what the newest scan of an image found, as `validate --attest` attached it
    Report(Box<findings::ReportArgs>),
    /// Carry an image with its signatures elsewhere; digests stay as they are
    Copy(Box<copy::CopyArgs>),
    /// Check, explain and convert policies
    Policy(Box<policy::PolicyArgs>),
    /// Make, show and import keys
    Keys(Box<keys::KeysArgs>),
}

impl Command {
    fn shared(&self) -> &Shared {
        match self {
            Self::Sign(args) => &args.shared,
            Self::Validate(args) => &args.shared,
            Self::Gate(args) => &args.shared,
            Self::Verify(args) => &args.shared,
            Self::Inspect(args) => &args.shared,
            Self::Report(args) => &args.shared,
            Self::Copy(args) => &args.shared,
            Self::Policy(args) => args.shared(),
            Self::Keys(args) => args.shared(),
        }
    }
}

impl Command {
    /// Whether standard output is for manifests.
    fn prints_manifests(&self) -> bool {
        matches!(self, Self::Gate(args) if args.pin)
    }

    /// What the command works on, as it was written.
    fn subject(&self) -> &str {
        match self {
            Self::Sign(args) => &args.image,
            Self::Validate(args) => &args.image,
            Self::Gate(args) => args.subject(),
            Self::Verify(args) => &args.image,
            Self::Inspect(args) => &args.image,
            Self::Report(args) => &args.image,
            Self::Copy(args) => &args.source,
            Self::Policy(_) => "policies",
            Self::Keys(_) => "keys",
        }
    }
}

/// The definition of the command line, for manual pages and completions.
pub fn definition() -> clap::Command {
    Cli::command()
}

/// Reads the arguments and runs the command; the exit code.
pub fn main(arguments: Vec<std::ffi::OsString>) -> Exit {
    // Before anything else: an evaluation sees neither the environment nor the other arguments.
    #[cfg(feature = "rego")]
    if let [_, argument] = arguments.as_slice()
        && argument == crate::sandbox::child::ARGUMENT
    {
        return if crate::sandbox::child::worker::run() { Exit::Done } else { Exit::Undecided };
    }
    let mut definition = definition();
    let arguments = match given::plain(&mut definition, arguments.clone()) {
        Ok(plain) => plain,
        Err(failure) => return usage::output(&arguments).failure(&failure),
    };
    let matches = definition.try_get_matches_from(&arguments);
    let Cli { command } = match matches.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage::answer(&error, &arguments),
    };
    let output = Output::new(command.shared().output);
    let output = if command.prints_manifests() { output.aside() } else { output };
    logging::start(command.shared());
    match run(&command, &output) {
        Ok(exit) => exit,
        Err(failure) => output.failure(&failure),
    }
}

fn run(command: &Command, output: &Output) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::undecided("the program could not start").because(error))?;
    let deadline = match command {
        // A copy may carry gigabytes: only silence ends it, unless a time is given.
        Command::Copy(args) => args.shared.timeout,
        other => Some(other.shared().timeout.unwrap_or(args::DEFAULT_TIMEOUT)),
    };
    let outcome = runtime.block_on(async {
        let work = dispatch(command, output);
        match deadline {
            Some(limit) => tokio::time::timeout(limit, work)
                .await
                .unwrap_or_else(|_| Err(timed_out(command.subject(), limit))),
            None => work.await,
        }
    });
    // A password prompt or a key derivation may still be under way on another thread.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(command: &Command, output: &Output) -> Result<Exit, Failure> {
    match command {
        Command::Sign(args) => sign::run(args, output).await,
        Command::Validate(args) => validate::run(args, output).await,
        Command::Gate(args) => gate::run(args, output).await,
        Command::Verify(args) => verify::run(args, output).await,
        Command::Inspect(args) => inspect::run(args, output).await,
        Command::Report(args) => findings::run(args, output).await,
        Command::Copy(args) => copy::run(args, output).await,
        Command::Policy(args) => policy::run(args, output).await,
        Command::Keys(args) => keys::run(args, output).await,
    }
}

fn timed_out(subject: &str, limit: std::time::Duration) -> Failure {
    Failure::undecided(format!("{subject}: not finished after {} s", limit.as_secs())).hint(
        "the registry or the key store is slow or does not answer; --timeout gives more time, and what was \
             written already is found and kept by the next run",
    )
}
