//! What both programs tell of themselves: entries of the journal with fields where systemd reads standard error, lines elsewhere.
//!
//! An entry has `MESSAGE`, `PRIORITY` (syslog(3)), `TARGET`, where in the program it came from, and each field of the event under
//! its name in capitals behind `PICKET_`, so that `journalctl PICKET_INTERFACE=eth1` finds it. It travels as one datagram to the
//! journal's socket (systemd.io/JOURNAL_NATIVE_PROTOCOL); no file is opened for it, so a confined program can go on telling.
//!
//! ```
//! picket_log::start("info", false);
//! ```
#![forbid(unsafe_code)]
#![allow(clippy::disallowed_methods, reason = "a shell: what systemd says of standard error stands in the environment")]

use std::io::{self, IsTerminal as _};
use std::os::fd::AsFd as _;
use tracing_journald::{Layer, Priority, PriorityMappings};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What stands before the names of fields, so that they cannot be taken for the journal's own.
const PREFIX: &str = "PICKET";

/// Starts telling, from this level on (or by targets, as `EnvFilter` reads it; what it cannot read is `info`); `json` gives lines of
/// JSON wherever they go. A second start changes nothing.
pub fn start(filter: &str, json: bool) {
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let journal = if json || !is_journal() { None } else { Some(journal()) };
    let unreached = match journal {
        Some(Ok(layer)) => {
            let _ = tracing_subscriber::registry().with(filter).with(layer).try_init();
            return;
        }
        Some(Err(error)) => Some(error),
        None => None,
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_target(false).with_writer(io::stderr);
    let lines = lines.with_ansi(io::stderr().is_terminal());
    let _ = if json { lines.json().try_init() } else { lines.try_init() };
    if let Some(error) = unreached {
        tracing::warn!("the journal's socket cannot be reached, so that its entries have no fields: {error}");
    }
}

/// The journal's socket, with priorities as syslog(3) means them.
fn journal() -> io::Result<Layer> {
    let priorities = PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    };
    Ok(Layer::new()?.with_field_prefix(Some(PREFIX.to_owned())).with_priority_mappings(priorities))
}

/// Whether standard error goes to the journal: systemd says by which device and inode it would (systemd.exec(5), `JOURNAL_STREAM`),
/// and what inherited the variable may have sent it elsewhere.
fn is_journal() -> bool {
    let told = std::env::var("JOURNAL_STREAM").unwrap_or_default();
    let here = rustix::fs::fstat(io::stderr().as_fd()).map(|stat| format!("{}:{}", stat.st_dev, stat.st_ino));
    here.is_ok_and(|here| here == told)
}
