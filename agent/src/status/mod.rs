//! What a running agent tells on its local socket, and who asks.
//!
//! One connection, one answer: a [`Snapshot`] as one JSON line. The socket is for its owner alone.

mod render;
mod server;
mod top;

#[cfg(test)]
mod tests;

pub use render::text;
pub use server::{Server, ask};
pub use top::{plain, screen};

use crate::config::DEFAULT_STATE;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The running agent at one moment. Counters are totals since its start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Snapshot {
    /// The program's version.
    pub version: String,
    /// The agent's id; empty where it is not enrolled.
    pub agent: String,
    /// Its site.
    pub site: String,
    /// Its process id.
    pub pid: u32,
    /// Seconds since its start.
    pub uptime_seconds: u64,
    /// Interfaces and files.
    pub inputs: Vec<InputStatus>,
    /// Conversations that ended, by protocol.
    pub protocols: BTreeMap<String, u64>,
    /// Events made, by kind.
    pub kinds: BTreeMap<String, u64>,
    /// Verdicts on conversations, by word.
    pub verdicts: BTreeMap<String, u64>,
    /// The ledger as EVE's `stats` object.
    pub ledger: serde_json::Value,
    /// The ledger in words.
    pub ledger_text: String,
    /// How far the process is confined, in words.
    pub confined: String,
    /// The connection to the collector; `None` where nothing is sent.
    pub uplink: Option<UplinkStatus>,
}

/// One interface or file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InputStatus {
    /// Its name.
    pub name: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// In words: `capturing`, `down, ...`, `gone, trying again: ...`, `reading`, `done`, `bad: ...`.
    pub state: String,
    /// Frames received.
    pub frames: u64,
    /// Bytes captured.
    pub bytes: u64,
    /// Frames the kernel dropped.
    pub kernel_drops: u64,
    /// Frames the interface dropped.
    pub interface_drops: u64,
}

/// The connection to the collector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UplinkStatus {
    /// Whether the collector has answered the hello.
    pub connected: bool,
    /// In words.
    pub state: String,
    /// `QUIC`, or `TCP` where UDP does not pass; empty while not connected.
    pub transport: String,
    /// Whether the collector refuses this agent.
    pub refused: bool,
    /// The spool's epoch.
    pub epoch: u64,
    /// Bytes of the spool on disk.
    pub spool_bytes: u64,
    /// The spool's last trouble.
    pub trouble: Option<String>,
}

/// Where the socket of a service is.
pub const DEFAULT_SOCKET: &str = "/run/picket/agent.sock";

/// The socket of an agent: as configured, or the service's; an agent with a state directory of its own has it there,
/// whether an option named that or the configuration.
#[must_use]
pub fn socket_path(configured: &Path, state: &Path) -> PathBuf {
    if !configured.as_os_str().is_empty() {
        return configured.to_owned();
    }
    if state == Path::new(DEFAULT_STATE) { PathBuf::from(DEFAULT_SOCKET) } else { state.join("agent.sock") }
}
