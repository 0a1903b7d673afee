//! Arguments that commands share, and how their values are read.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum, ValueHint};

use super::error::Failure;
use crate::model::{Claims, Format, ImageRef, Repository, claims, parse_duration};
use crate::registry::routes::Mirror;

/// Whole-command limit where none is given.
pub(super) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// What is kept of the limit for telling what was found.
const TELLING: Duration = Duration::from_secs(2);

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
#[command(next_help_heading = "Every command")]
pub(super) struct Shared {
    /// Form of the result on standard output
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORM")]
    pub(super) output: OutputFormat,
    /// Form of the log on standard error
    #[arg(long, value_enum, default_value_t = OutputFormat::Text, value_name = "FORM")]
    pub(super) log_format: OutputFormat,
    /// Log every request; twice for more
    #[arg(short, long, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
    /// Limit for the whole command: 60s, 5m (default 60s; none for copy)
    #[arg(long, value_parser = duration, value_name = "DURATION")]
    pub(super) timeout: Option<Duration>,
    /// From here on only these options, each with any number of values, then -- and images: for lists that others fill
    #[arg(long = super::given::LISTS, value_name = "NAME,...", require_equals = true)]
    #[allow(dead_code, reason = "read before, where arguments are still words; here for the help")]
    lists: Option<String>,
}

impl Shared {
    /// When a command that begins now must know its answer, so that the rest of the time limit is enough to tell it.
    pub(super) fn deadline(&self) -> tokio::time::Instant {
        let limit = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        tokio::time::Instant::now() + limit - TELLING.min(limit / 10)
    }
}

/// What a signature states beside what the command knows.
#[derive(Debug, Args)]
pub(super) struct StatedArgs {
    /// Source repository to state in the signature
    #[arg(long, value_name = "URL")]
    source: Option<String>,
    /// Commit to state in the signature
    #[arg(long, value_name = "COMMIT")]
    revision: Option<String>,
    /// Claims to state in the signature
    #[arg(short, long, num_args = 1.., value_name = "KEY=VALUE", value_hint = ValueHint::Other)]
    annotation: Vec<String>,
}

impl StatedArgs {
    /// These as claims.
    pub(super) fn claims(&self) -> Result<Claims, Failure> {
        let mut claims = Claims::from_annotations(&self.annotation).map_err(|error| {
            Failure::usage("--annotation cannot be used").because(error).hint(
                "--annotation takes KEY=VALUE; --role, --source and --revision state countersign's own claims",
            )
        })?;
        if self.source.as_deref().is_some_and(holds_credentials) {
            return Err(Failure::usage(
                "--source holds a user or password or a query, which everybody could read in the signature",
            )
            .hint("give the URL without what stands before @ and behind ?"));
        }
        for (name, value) in [(claims::SOURCE, &self.source), (claims::REVISION, &self.revision)] {
            if let Some(value) = value.as_ref().filter(|value| !value.is_empty()) {
                claims.set(name, value.as_str());
            }
        }
        Ok(claims)
    }
}

/// Whether a URL has a password, a query, or over other ways than SSH a user: tokens are given as any of these. An
/// address as SSH takes it, `git@host:path`, has none.
fn holds_credentials(url: &str) -> bool {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let authority = rest.trim_start_matches('/').split(['/', '?', '#']).next().unwrap_or_default();
    let by_ssh = ["", "ssh", "git+ssh", "ssh+git"].contains(&scheme.to_ascii_lowercase().as_str());
    let user = authority.rsplit_once('@').map(|(user, _)| user);
    rest.contains('?') || user.is_some_and(|user| user.contains(':') || !by_ssh)
}

/// How registries are reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Registries")]
pub(super) struct RegistryArgs {
    /// Send every request for PREFIX to TARGET, a repository prefix or oci:PATH
    #[arg(long, num_args = 1.., value_name = "PREFIX=TARGET", value_hint = ValueHint::Other)]
    pub(super) mirror: Vec<String>,
    /// Speak plain HTTP to this registry
    #[arg(long, num_args = 1.., value_name = "HOST[:PORT]", value_hint = ValueHint::Hostname)]
    pub(super) plain_http: Vec<String>,
    /// Trust the certificate authorities in this PEM file, or in the files of this folder, too
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) ca_file: Option<PathBuf>,
    /// Registry credentials (a Docker config.json or containers auth.json, or the folder it is in)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) registry_config: Option<PathBuf>,
}

/// Where passwords come from.
#[derive(Debug, Args)]
#[command(next_help_heading = "Keys")]
pub(super) struct PasswordArgs {
    /// Password of an encrypted key (else COUNTERSIGN_PASSWORD, COSIGN_PASSWORD, or a prompt)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub(super) password_file: Option<PathBuf>,
}

/// Where signatures are kept.
#[derive(Debug, Args)]
pub(super) struct PlaceArgs {
    /// Repository that holds the signatures, where it is not the image's own
    #[arg(long, value_name = "REPOSITORY", env = "COSIGN_REPOSITORY", hide_env_values = true)]
    pub(super) signature_repository: Option<String>,
}

impl PlaceArgs {
    /// The repository to look in or write to for `image`.
    pub(super) fn place(&self, image: &Repository) -> Result<Repository, Failure> {
        Ok(self.named()?.unwrap_or_else(|| image.clone()))
    }

    /// The repository that was named, if one was.
    pub(super) fn named(&self) -> Result<Option<Repository>, Failure> {
        let named = self.signature_repository.as_deref().filter(|text| !text.is_empty());
        named.map(str::parse).transpose().map_err(|error: crate::model::reference::ReferenceError| {
            Failure::usage("--signature-repository (or COSIGN_REPOSITORY) cannot be used").because(error)
        })
    }
}

/// Reads an image. An empty one counts as not given.
pub(super) fn image(text: &str) -> Result<ImageRef, Failure> {
    if text.is_empty() {
        return Err(Failure::usage("no image is given").because("the argument is empty"));
    }
    text.parse().map_err(|error| {
        Failure::usage("the image cannot be read")
            .because(error)
            .hint("an image is [registry/]repository[:tag][@digest], or oci:PATH[:tag][@digest]")
    })
}

/// The mirrors in order.
pub(super) fn mirrors(values: &[String]) -> Result<Vec<Mirror>, Failure> {
    let parse = |text: &String| {
        text.parse().map_err(|error| Failure::usage("--mirror cannot be used").because(error))
    };
    values.iter().map(parse).collect()
}

/// One whole number and `s`, `m`, `h` or `d`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_url_are_seen() {
        for with in [
            "https://bob:s3cret@git.example/x.git",
            "https://token@git.example/x.git",
            "HTTPS://a@b@git.example",
            "ssh://git:password@git.example/x",
            "git+https://x@git.example/x",
            "https://git.example/x?private_token=abc",
            "//bob:s3cret@git.example/x",
            "bob:s3cret@git.example/x",
            "sshhttps://token@git.example/x",
        ] {
            assert!(holds_credentials(with), "{with}");
        }
        for without in [
            "https://git.example/x.git",
            "https://git.example:8443/@scope/x",
            "ssh://git@git.example:22/x.git",
            "git@git.example:shop/x.git",
            "git+ssh://git@git.example/x",
            "",
        ] {
            assert!(!holds_credentials(without), "{without}");
        }
    }

    #[test]
    fn a_duration_is_one_whole_number_and_a_unit() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2d"), Ok(Duration::from_secs(172_800)));
        for wrong in ["", "s", "0s", "1", "-1s", "+1s", "1.5h", "1h30m", "99999999999999999999s", "1ä"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
