//! The log on standard error: quiet unless asked for.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;

use super::args::{OutputFormat, Shared};

/// Starts logging at the level that `-v` asks for, or as `COUNTERSIGN_LOG` says.
pub(super) fn start(shared: &Shared) {
    let level = match shared.verbose {
        0 => "warn",
        1 => "countersign=info,warn",
        _ => "countersign=debug,warn",
    };
    let filter = std::env::var("COUNTERSIGN_LOG").ok().and_then(|text| EnvFilter::try_new(text).ok());
    let filter = filter.unwrap_or_else(|| EnvFilter::new(level));
    let builder = fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    // A second start in one process (tests) keeps the first logger.
    let _ = match shared.log_format {
        OutputFormat::Text => {
            builder.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).try_init()
        }
        OutputFormat::Json => builder.json().try_init(),
    };
}
