//! The log on standard error: quiet unless asked for.

use std::io::stderr;

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use super::args::{OutputFormat, Shared};

/// Starts logging at the level that `-v` asks for. What other libraries log is shown from warnings on: their
/// finer logs hold headers, and with them credentials.
pub(super) fn start(shared: &Shared) {
    let level = match shared.verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let filter = Targets::new().with_default(LevelFilter::WARN).with_target("countersign", level);
    let layer = fmt::layer().with_writer(stderr).with_target(false);
    let layer = match shared.log_format {
        OutputFormat::Text => layer.with_ansi(super::output::coloured(&stderr())).boxed(),
        OutputFormat::Json => layer.json().boxed(),
    };
    // A second start in one process (tests) keeps the first logger.
    let _ = tracing_subscriber::registry().with(layer.with_filter(filter)).try_init();
}
