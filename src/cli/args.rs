//! Arguments that commands share, and how their values are read.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::Failure;
use crate::model::{Format, ImageRef, Repository};
use crate::registry::routes::Mirror;

/// Whole-command limit where none is given.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// Text for people or JSON for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    Text,
    Json,
}

/// Which formats are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum WrittenFormat {
    Both,
    Bundle,
    Legacy,
}

impl WrittenFormat {
    pub(super) fn formats(self) -> &'static [Format] {
        match self {
            Self::Both => &[Format::Bundle, Format::Legacy],
            Self::Bundle => &[Format::Bundle],
            Self::Legacy => &[Format::Legacy],
        }
    }
}

/// Flags of every command.
#[derive(Debug, Args)]
pub(super) struct Shared {
    /// Form of the result on standard output
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORM")]
    pub(super) output: OutputFormat,
    /// Form of the log on standard error
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORM", hide_short_help = true)]
    pub(super) log_format: OutputFormat,
    /// Log more; twice for every request
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Limit for the whole command: 60s, 5m (default 60s; none for copy)
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    pub(super) timeout: Option<Duration>,
    #[command(flatten)]
    pub(super) registry: RegistryArgs,
    #[command(flatten)]
    pub(super) passwords: PasswordArgs,
}

/// How registries are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registries")]
pub(super) struct RegistryArgs {
    /// Send every request for PREFIX to TARGET, a repository prefix or oci:PATH
    #[arg(long, num_args = 0.., value_name = "PREFIX=TARGET")]
    pub(super) mirror: Vec<String>,
    /// Speak plain HTTP to this registry
    #[arg(long, num_args = 0.., value_name = "HOST[:PORT]")]
    pub(super) plain_http: Vec<String>,
    /// Trust the certificate authorities in this PEM file too
    #[arg(long, value_name = "FILE")]
    pub(super) ca_file: Option<PathBuf>,
    /// Registry credentials (a Docker config.json or containers auth.json)
    #[arg(long, value_name = "FILE")]
    pub(super) registry_config: Option<PathBuf>,
}

/// Where passwords come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
pub(super) struct PasswordArgs {
    /// Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)
    #[arg(long, value_name = "FILE")]
    pub(super) password_file: Option<PathBuf>,
}

/// Where signatures are kept.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// Repository that holds the signatures, where it is not the image's own
    #[arg(long, value_name = "REPOSITORY", env = "COSIGN_REPOSITORY")]
    pub(super) signature_repository: Option<String>,
}

impl PlaceArgs {
    /// The repository to look in or write to for `image`.
    pub(super) fn place(&self, image: &Repository) -> Result<Repository, Failure> {
        match self.signature_repository.as_deref().filter(|text| !text.is_empty()) {
            Some(text) => text.parse().map_err(|error: crate::model::reference::ReferenceError| {
                Failure::usage("--signature-repository (or COSIGN_REPOSITORY) cannot be used").because(error)
            }),
            None => Ok(image.clone()),
        }
    }
}

/// Drops empty values: an optional parameter of a pipeline that was not given.
pub(super) fn given(values: &[String]) -> Vec<&str> {
    values.iter().map(String::as_str).filter(|value| !value.is_empty()).collect()
}

/// The mirrors in order.
pub(super) fn mirrors(values: &[String]) -> Result<Vec<Mirror>, Failure> {
    let parse =
        |text: &str| text.parse().map_err(|error| Failure::usage("--mirror cannot be used").because(error));
    given(values).into_iter().map(parse).collect()
}

/// Reads the image. Repeatable options take any number of values, so an image written after one is the last
/// value that it took: it is taken back from there.
pub(super) fn image(written: Option<&String>, greedy: &mut [&mut Vec<String>]) -> Result<ImageRef, Failure> {
    let text = match written {
        Some(text) => text.clone(),
        None => take_back(greedy).ok_or_else(|| {
            Failure::usage("no image is given")
                .hint("write the image right after the command: countersign COMMAND IMAGE …")
        })?,
    };
    text.parse().map_err(|error| Failure::usage("the image cannot be read").because(error))
}

/// The last argument of the command line, if one of the lists ends with it and it is no file.
fn take_back(greedy: &mut [&mut Vec<String>]) -> Option<String> {
    let last = std::env::args().next_back()?;
    if last.contains('=') || std::path::Path::new(&last).exists() {
        return None;
    }
    greedy.iter_mut().find(|list| list.last() == Some(&last))?.pop()
}

/// One integer and `s`, `m`, `h` or `d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a duration: one whole number and s, m, h or d, such as 90s");
    let unit = text.chars().next_back().ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(wrong()),
    };
    let number = &text[..text.len() - unit.len_utf8()];
    if number.is_empty() || !number.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match number.checked_mul(seconds) {
        Some(0) | None => Err(wrong()),
        Some(total) => Ok(Duration::from_secs(total)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_one_whole_number_and_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "s", "0s", "1", "-1s", "+1s", "1.5h", "1h30m", "99999999999999999999s", "1ä"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
