//! Words on standard error, with levels.

use crate::config::Log;
use std::io::IsTerminal;
use tracing_subscriber::filter::LevelFilter;

/// Starts logging as configured. A second start changes nothing.
pub(super) fn start(log: &Log) {
    let level: LevelFilter = log.level.parse().unwrap_or(LevelFilter::INFO);
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let _ = if log.format == "json" { builder.json().try_init() } else { builder.try_init() };
}
