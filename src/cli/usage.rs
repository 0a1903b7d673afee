//! Arguments that the definition does not accept: what clap says of them, as an error like every other.

use std::ffi::OsString;

use clap::error::ErrorKind;

use super::args::OutputFormat;
use super::error::{Exit, Failure};
use super::output::Output;

/// Answers a command line that names no work to do: help and version are results, all else is wrong usage.
pub(super) fn answer(error: &clap::Error, arguments: &[OsString]) -> Exit {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // There is nobody left to tell if the stream is gone.
            let _ = error.print();
            Exit::Done
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            // As above.
            let _ = error.print();
            Exit::Usage
        }
        _ => output(arguments).failure(&failure(&error.render().to_string())),
    }
}

/// Where the error goes: with `--pin` standard output is for manifests alone.
pub(super) fn output(arguments: &[OsString]) -> Output {
    let output = Output::new(asked_for(arguments));
    match arguments.iter().any(|argument| argument == "--pin") {
        true => output.aside(),
        false => output,
    }
}

/// The form of output that was asked for, as far as arguments that cannot be read tell it.
fn asked_for(arguments: &[OsString]) -> OutputFormat {
    let json =
        arguments.windows(2).any(|pair| matches!(pair, [name, form] if name == "--output" && form == "json"))
            || arguments.iter().any(|argument| argument == "--output=json");
    if json { OutputFormat::Json } else { OutputFormat::Text }
}

/// Reads clap's text: the sentence, then `tip:` and `Usage:`, apart by empty lines.
fn failure(text: &str) -> Failure {
    let joined = |part: &str| part.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let mut parts = text.split("\n\n").map(joined);
    let sentence = parts.next().unwrap_or_default();
    let failure = Failure::usage(sentence.strip_prefix("error: ").unwrap_or(&sentence));
    let mut hints = Vec::new();
    for part in parts {
        if let Some(tip) = part.strip_prefix("tip: ") {
            hints.push(tip.to_owned());
        } else if let Some(usage) = part.strip_prefix("Usage: ") {
            hints.push(format!("usage: {usage}"));
        }
    }
    match hints.is_empty() {
        true => failure.hint("--help shows what can be given"),
        false => failure.hint(hints.join("; ")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod tests {
    use super::*;

    fn failure_of(line: &str) -> Failure {
        let error = crate::cli::definition().try_get_matches_from(line.split(' ')).unwrap_err();
        failure(&error.render().to_string())
    }

    #[test]
    fn the_sentence_is_the_message_and_the_usage_a_hint() {
        let missing = failure_of("countersign sign oci:app");
        assert_eq!(missing.message, "the following required arguments were not provided: --key <REF>");
        assert!(missing.hint.unwrap().starts_with("usage: countersign sign"));
        let similar = failure_of("countersign sign oci:app --keyy k");
        assert_eq!(similar.message, "unexpected argument '--keyy' found");
        assert!(similar.hint.unwrap().contains("a similar argument exists: '--key'"));
        let value = failure_of("countersign sign oci:app --key k --format tar");
        assert_eq!(
            value.message,
            "invalid value 'tar' for '--format <FORMAT>' [possible values: both, bundle, legacy]"
        );
        assert_eq!(value.hint.as_deref(), Some("--help shows what can be given"));
    }
}
