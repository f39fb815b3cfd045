//! The collector's configuration: what can be set, its defaults, and its checks.
//!
//! `packaging/collector.toml` documents each key; a test holds it equal to the defaults here.

mod load;
mod units;

pub use load::{ConfigError, Loaded, load};
pub use units::{Size, Span};

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Where the configuration is looked for when none is named.
pub const DEFAULT_PATH: &str = "/etc/picket/collector.toml";

/// Everything that can be set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the collector keeps what it must not forget.
    pub state: State,
    /// What it listens on, and under which names.
    pub listen: Listen,
    /// How long things are kept.
    pub retention: Retention,
    /// The judgement.
    pub engine: Engine,
    /// People and their sessions.
    pub access: Access,
    /// Packets of hosts, on request.
    pub detail: Detail,
    /// Bounds of what one caller may ask.
    pub limits: Limits,
}

/// Where the collector keeps what it must not forget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// The state directory: store, keys, admin socket.
    pub directory: PathBuf,
}

/// What it listens on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Listen {
    /// Events of agents, QUIC.
    pub ingest: SocketAddr,
    /// Page, API and enrolment, HTTPS.
    pub https: SocketAddr,
    /// Prometheus metrics, clear text: keep it on loopback.
    pub metrics: SocketAddr,
    /// Names and addresses under which agents and people reach the collector.
    pub names: Vec<String>,
}

/// How long things are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retention {
    /// Events.
    pub events: Span,
    /// Findings, alerts and the audit log.
    pub findings: Span,
    /// Disk the store may use; the oldest events go first.
    pub disk: Size,
}

/// The judgement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Engine {
    /// Alerts of the baseline at most, per site and day.
    pub alerts_per_site_day: u32,
    /// Sites in the form of `judge --sites`: time zones, calendars, zones, planned work.
    pub sites: Option<PathBuf>,
    /// How often the ranking shown by API and page is renewed.
    pub ranking_interval: Span,
    /// Days before today of which events are still judged and learnt: what an agent that was away sends. 0 takes none.
    pub late_days: u32,
}

/// People and their sessions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Access {
    /// How long a log-in lasts.
    pub session: Span,
    /// How long the first start's setup link works.
    pub setup_link: Span,
    /// How long an API token works unless asked otherwise.
    pub api_token: Span,
    /// Log-in attempts a minute, per account and per address.
    pub login_attempts: u32,
}

/// Packets of hosts, on request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detail {
    /// Who approves a request.
    pub approval: Approval,
    /// How long packets that came are kept.
    pub keep: Span,
}

/// Who approves a request for packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Approval {
    /// Another person than the one who asked.
    #[default]
    Other,
    /// Nobody: a request is approved when it is made.
    None,
}

/// Bounds of what one caller may ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// HTTPS connections at once.
    pub connections: u32,
    /// Largest request body.
    pub request_body: Size,
    /// Longest time a request may take.
    pub request_time: Span,
}

impl Default for State {
    fn default() -> Self {
        Self { directory: PathBuf::from("/var/lib/picket-collector") }
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            ingest: SocketAddr::from(([0, 0, 0, 0], 8740)),
            https: SocketAddr::from(([0, 0, 0, 0], 8741)),
            metrics: SocketAddr::from(([127, 0, 0, 1], 9741)),
            names: Vec::new(),
        }
    }
}

const fn seconds(count: u64) -> Span {
    Span(std::time::Duration::from_secs(count))
}

const DAY: u64 = 86_400;

impl Default for Retention {
    fn default() -> Self {
        Self { events: seconds(30 * DAY), findings: seconds(365 * DAY), disk: Size(20 << 30) }
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self { alerts_per_site_day: 1, sites: None, ranking_interval: seconds(1), late_days: 7 }
    }
}

impl Default for Access {
    fn default() -> Self {
        Self { session: seconds(12 * 3600), setup_link: seconds(DAY), api_token: seconds(90 * DAY), login_attempts: 10 }
    }
}

impl Default for Detail {
    fn default() -> Self {
        Self { approval: Approval::Other, keep: seconds(30 * DAY) }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections: 1000, request_body: Size(1 << 20), request_time: seconds(15) }
    }
}

impl Config {
    /// What no value of the right type may still say, as (key, reason).
    #[must_use]
    pub fn impossible(&self) -> Option<(&'static str, &'static str)> {
        let Self { state, listen, retention, engine, access, detail, limits } = self;
        let checks = [
            ("state.directory", state.directory.as_os_str().is_empty(), "a directory is needed"),
            ("listen.names", listen.names.len() > 64, "at most 64 names fit the certificate"),
            (
                "listen.names",
                listen.names.iter().any(|n| n.is_empty() || n.len() > 253),
                "a name is 1 to 253 characters",
            ),
            ("retention.events", retention.events < seconds(3600), "at least 1h is needed"),
            ("retention.findings", retention.findings < retention.events, "must not be shorter than retention.events"),
            ("retention.disk", retention.disk < Size(64 << 20), "at least 64MiB is needed"),
            ("engine.alerts_per_site_day", engine.alerts_per_site_day == 0, "at least 1 is needed"),
            ("engine.ranking_interval", engine.ranking_interval.0.is_zero(), "must be longer than 0"),
            ("engine.late_days", engine.late_days > 30, "at most 30 are possible"),
            ("access.session", access.session < seconds(60), "at least 1m is needed"),
            ("access.setup_link", access.setup_link < seconds(60), "at least 1m is needed"),
            ("access.api_token", access.api_token < seconds(60), "at least 1m is needed"),
            ("access.login_attempts", access.login_attempts == 0, "at least 1 is needed, or nobody can log in"),
            ("detail.keep", detail.keep < seconds(3600), "at least 1h is needed"),
            ("limits.connections", !(8..=100_000).contains(&limits.connections), "8 to 100000 are possible"),
            ("limits.request_body", limits.request_body < Size(4096), "at least 4KiB is needed"),
            ("limits.request_time", limits.request_time < seconds(1), "at least 1s is needed"),
        ];
        checks.into_iter().find(|(_, wrong, _)| *wrong).map(|(key, _, reason)| (key, reason))
    }
}

#[cfg(test)]
mod tests;
