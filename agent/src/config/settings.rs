//! Every key of the agent's configuration, with its default and range.

use super::units::{Size, Span};
use crate::capture::Backend;
use crate::sensor::privacy::{Treatment, Treatments};
use crate::sensor::{Level, Limits, Timeouts};
use crate::spool;
use crate::uplink::Choice;
use picket_event::INTERFACE_TAGS_MAX;
use picket_packet::Checksums;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

/// The agent's whole configuration.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)] // the sections are documented by their types
pub struct Config {
    pub agent: Agent,
    pub capture: Capture,
    pub governor: Governor,
    pub flow: Flow,
    pub score: Score,
    pub privacy: Privacy,
    pub protocols: Protocols,
    pub output: Output,
    pub spool: Spool,
    pub uplink: Uplink,
    pub detail: Detail,
    pub status: Status,
    pub metrics: Metrics,
    pub log: Log,
}

/// `[agent]`: what it is and where it keeps things.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Agent {
    /// Site its events belong to; empty where none.
    pub site: String,
    /// State directory: identity, spool, bundles.
    pub state: PathBuf,
    /// Workers an input, 1 to 64; 0 shares out the cores.
    pub threads: usize,
}

/// `[capture]`: where frames come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Capture {
    /// Interfaces to watch where the command names none.
    pub interfaces: Vec<String>,
    /// Names that events give interfaces, by the system's name; the others keep theirs.
    pub names: BTreeMap<String, String>,
    /// Tags of interfaces, in their events and in `status`, by the system's name; at most 16 each.
    pub tags: BTreeMap<String, Vec<String>>,
    /// How frames are taken from the kernel.
    pub backend: Backend,
    /// Rings that share out the frames of one interface, each with a sensor of its own, 1 to 64; `ring` only.
    pub rings: u32,
    /// Bytes kept of a frame, 64 B to 256 KiB.
    pub snap_length: Size,
    /// Kernel buffer of one interface, or of each of its rings, 1 MiB to 1 GiB.
    pub buffer: Size,
    /// Filter in pcap-filter(7) syntax; empty takes everything.
    pub filter: String,
    /// Whether to see frames for others.
    pub promiscuous: bool,
    /// Whether the agent's own traffic to its collector is left out (and counted).
    pub exclude_own_traffic: bool,
}

/// `[governor]`: keeps the agent within processor time and memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Governor {
    /// Whether it may degrade.
    pub enabled: bool,
    /// Per cent of one core, up to 6400; 0 is what the unit's cgroup allows.
    pub cpu_percent: u32,
    /// The agent's own memory; 0 is what the unit's cgroup allows, else 1 MiB and more.
    pub memory: Size,
}

/// `[flow]`: caps and time-outs of conversations, all on capture time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)] // named as in sensor::Limits and sensor::Timeouts, which document them
pub struct Flow {
    pub max_flows: u32,
    pub reassembly_flow: Size,
    pub reassembly_total: Size,
    pub fragment_datagrams: u32,
    pub fragment_total: Size,
    pub tcp_established: Span,
    pub tcp_unestablished: Span,
    pub tcp_closed: Span,
    pub tcp_late: Span,
    pub udp: Span,
    pub other: Span,
    pub link: Span,
    pub active: Span,
    pub fragment: Span,
    /// `check` leaves out (and counts) packets with wrong checksums, `ignore` does not look at them. On a host
    /// that leaves checksums to its interface its own packets are captured with wrong ones.
    pub checksums: Verification,
}

/// What is done about checksums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Verification {
    /// Do not look at them
    #[default]
    Ignore,
    /// Leave out packets whose checksum is wrong
    Check,
}

impl From<Verification> for Checksums {
    fn from(asked: Verification) -> Self {
        match asked {
            Verification::Ignore => Self::Ignore,
            Verification::Check => Self::Check,
        }
    }
}

/// `[score]`: classifiers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Score {
    /// Whether classifiers vote.
    pub enabled: bool,
    /// Bundle file; empty uses the one that is built in.
    pub bundle: PathBuf,
    /// SHA-256 of a bundle that the collector holds, in place of `bundle`; for policies. Empty where none.
    pub digest: String,
}

/// `[protocols]`: a site's own protocols.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Protocols {
    /// Folder with a description (TOML) of each; empty where there are none.
    pub folder: PathBuf,
}

/// `[privacy]`: what events may say of people's names: `keep`, `hash` or `drop` for each group.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(missing_docs)] // the groups are documented by sensor::privacy::Treatments
pub struct Privacy {
    pub server_names: Treatment,
    pub queries: Treatment,
    pub http_heads: Treatment,
    pub certificates: Treatment,
    pub host_names: Treatment,
    /// File with the site's key (at least 16 bytes), needed where anything is hashed.
    pub key_file: PathBuf,
}

impl Privacy {
    /// The treatment of every group.
    #[must_use]
    pub const fn treatments(&self) -> Treatments {
        let Self { server_names, queries, http_heads, certificates, host_names, .. } = self;
        Treatments {
            server_names: *server_names,
            queries: *queries,
            http_heads: *http_heads,
            certificates: *certificates,
            host_names: *host_names,
        }
    }
}

/// `[output]`: which events leave.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Output {
    /// Event kinds; empty means all.
    pub kinds: Vec<String>,
    /// How much is said of a conversation.
    pub detail: Told,
}

/// How much is said of a conversation, as far as the configuration decides it: the governor begins from there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Told {
    /// Everything that is read.
    #[default]
    Full,
    /// What its first bytes say.
    Heads,
    /// What it is, and no more than was read to recognise it.
    Recognition,
}

impl From<Told> for Level {
    fn from(told: Told) -> Self {
        match told {
            Told::Full => Self::Full,
            Told::Heads => Self::Heads,
            Told::Recognition => Self::Recognition,
        }
    }
}

/// `[spool]`: events on disk until the collector has acknowledged them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spool {
    /// Directory; empty is `spool` in the state directory.
    pub directory: PathBuf,
    /// Bytes on disk at most, 16 MiB and more.
    pub size: Size,
    /// Bytes of one segment file, 1 MiB to 1 GiB.
    pub segment: Size,
    /// Frames kept at most.
    pub frames: usize,
}

/// `[uplink]`: the connection to the collector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Uplink {
    /// Collectors as `host:port`; empty uses those learnt at enrolment.
    pub collectors: Vec<String>,
    /// `auto` uses QUIC, and TLS over TCP where UDP does not pass; `quic` and `tcp` use one alone.
    pub transport: Choice,
    /// Longest time an event waits for others to share a frame with, 10 ms to 1 min.
    pub batch_delay: Span,
    /// Events that may wait between sensor and spool, 1,000 to 10,000,000.
    pub queue_events: usize,
}

/// `[detail]`: packets of one host, kept and sent when the collector asks for them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Detail {
    /// Whether this host keeps packets and answers such requests.
    pub allow: bool,
    /// Memory for packets of the last while, 1 MiB to 64 GiB.
    pub memory: Size,
    /// How far they reach back, 1 s to 1 d.
    pub span: Span,
    /// Bytes kept for one request, 64 KiB to 1 GiB.
    pub answer: Size,
    /// Bytes sent a second, 16 KiB to 1 GiB.
    pub rate: Size,
}

/// `[status]`: the local socket that `status` and `top` ask.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Status {
    /// Path; empty is `/run/picket/agent.sock`, or `agent.sock` in a state directory given by `--state`.
    pub socket: PathBuf,
}

/// `[metrics]`: Prometheus text over HTTP.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Metrics {
    /// Address and port; empty switches it off. Port 0 takes a free one.
    pub listen: String,
}

/// `[log]`: what is told on standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug` or `trace`.
    pub level: String,
    /// `text` or `json`.
    pub format: String,
}

impl Default for Agent {
    fn default() -> Self {
        Self { site: String::new(), state: super::DEFAULT_STATE.into(), threads: 0 }
    }
}

impl Default for Capture {
    fn default() -> Self {
        Self {
            interfaces: Vec::new(),
            names: BTreeMap::new(),
            tags: BTreeMap::new(),
            backend: Backend::default(),
            rings: 1,
            snap_length: Size(256 << 10),
            buffer: Size(64 << 20),
            filter: String::new(),
            promiscuous: true,
            exclude_own_traffic: true,
        }
    }
}

impl Default for Governor {
    fn default() -> Self {
        Self { enabled: true, cpu_percent: 0, memory: Size(0) }
    }
}

impl Default for Flow {
    fn default() -> Self {
        let limits = Limits::default();
        let times = &limits.timeouts;
        Self {
            max_flows: limits.flows,
            reassembly_flow: Size(u64::from(limits.reassembly_flow_bytes)),
            reassembly_total: Size(u64::from(limits.reassembly_bytes)),
            fragment_datagrams: limits.fragment_datagrams,
            fragment_total: Size(u64::from(limits.fragment_bytes)),
            tcp_established: Span(times.tcp_established),
            tcp_unestablished: Span(times.tcp_unestablished),
            tcp_closed: Span(times.tcp_closed),
            tcp_late: Span(times.tcp_late),
            udp: Span(times.udp),
            other: Span(times.other),
            link: Span(times.link),
            active: Span(times.active),
            fragment: Span(times.fragment),
            checksums: Verification::Ignore,
        }
    }
}

impl Flow {
    /// The sensor's caps and time-outs.
    #[must_use]
    pub fn limits(&self) -> Limits {
        let bytes = |size: Size| u32::try_from(size.0).unwrap_or(u32::MAX);
        Limits {
            flows: self.max_flows,
            reassembly_flow_bytes: bytes(self.reassembly_flow),
            reassembly_bytes: bytes(self.reassembly_total),
            fragment_datagrams: self.fragment_datagrams,
            fragment_bytes: bytes(self.fragment_total),
            timeouts: Timeouts {
                tcp_established: self.tcp_established.0,
                tcp_unestablished: self.tcp_unestablished.0,
                tcp_closed: self.tcp_closed.0,
                tcp_late: self.tcp_late.0,
                udp: self.udp.0,
                other: self.other.0,
                link: self.link.0,
                active: self.active.0,
                fragment: self.fragment.0,
            },
        }
    }
}

impl Default for Score {
    fn default() -> Self {
        Self { enabled: true, bundle: PathBuf::new(), digest: String::new() }
    }
}

impl Default for Spool {
    fn default() -> Self {
        let limits = spool::Limits::default();
        Self {
            directory: PathBuf::new(),
            size: Size(limits.bytes),
            segment: Size(limits.segment_bytes),
            frames: limits.frames,
        }
    }
}

impl Default for Uplink {
    fn default() -> Self {
        Self { collectors: Vec::new(), transport: Choice::Auto, batch_delay: Span::seconds(1), queue_events: 65_536 }
    }
}

impl Default for Detail {
    fn default() -> Self {
        Self {
            allow: false,
            memory: Size(64 << 20),
            span: Span::seconds(600),
            answer: Size(64 << 20),
            rate: Size(512 << 10),
        }
    }
}

impl Default for Status {
    fn default() -> Self {
        Self { socket: PathBuf::new() }
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self { listen: "127.0.0.1:9740".to_owned() }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: "text".to_owned() }
    }
}

impl Config {
    /// The spool's directory.
    #[must_use]
    pub fn spool_directory(&self) -> PathBuf {
        if self.spool.directory.as_os_str().is_empty() {
            self.agent.state.join("spool")
        } else {
            self.spool.directory.clone()
        }
    }

    /// The key and the sentence of the first value that is impossible, alone or beside another.
    #[must_use]
    pub fn impossible(&self) -> Option<(&'static str, String)> {
        let capture = &self.capture;
        let keyed = !self.privacy.treatments().needs_key() || !self.privacy.key_file.as_os_str().is_empty();
        let checks: &[(&'static str, bool, &str)] = &[
            ("privacy.key_file", keyed, "a file with the site's key, since something is hashed"),
            ("agent.threads", self.agent.threads <= 64, "0 to 64"),
            ("agent.state", !self.agent.state.as_os_str().is_empty(), "a directory"),
            ("capture.snap_length", within(capture.snap_length.0, 64, 256 << 10), "64B to 256KiB"),
            ("capture.rings", within(u64::from(capture.rings), 1, 64), "1 to 64"),
            (
                "capture.rings",
                capture.rings == 1 || capture.backend == Backend::Ring,
                "1 where capture.backend is libpcap",
            ),
            ("governor.cpu_percent", self.governor.cpu_percent <= 6400, "0 to 6400"),
            (
                "governor.memory",
                self.governor.memory.0 == 0 || self.governor.memory.0 >= 1 << 20,
                "0B, or 1MiB and more",
            ),
            ("capture.buffer", within(capture.buffer.0, 1 << 20, 1 << 30), "1MiB to 1GiB"),
            ("flow.max_flows", within(u64::from(self.flow.max_flows), 64, 1 << 26), "64 to 67108864"),
            (
                "flow.reassembly_flow",
                self.flow.reassembly_flow <= self.flow.reassembly_total,
                "at most flow.reassembly_total",
            ),
            ("flow.reassembly_total", self.flow.reassembly_total.0 <= 1 << 31, "at most 2GiB"),
            ("flow.fragment_total", self.flow.fragment_total.0 <= 1 << 31, "at most 2GiB"),
            ("spool.segment", within(self.spool.segment.0, 1 << 20, 1 << 30), "1MiB to 1GiB"),
            ("spool.size", self.spool.size.0 >= 2 * self.spool.segment.0, "at least twice spool.segment"),
            (
                "uplink.batch_delay",
                within(u64::try_from(self.uplink.batch_delay.0.as_millis()).unwrap_or(u64::MAX), 10, 60_000),
                "10ms to 1min",
            ),
            ("uplink.queue_events", within(self.uplink.queue_events as u64, 1000, 10_000_000), "1000 to 10000000"),
            ("detail.memory", within(self.detail.memory.0, 1 << 20, 64 << 30), "1MiB to 64GiB"),
            ("detail.span", within(self.detail.span.0.as_secs(), 1, 86_400), "1s to 1d"),
            ("detail.answer", within(self.detail.answer.0, 64 << 10, 1 << 30), "64KiB to 1GiB"),
            ("detail.rate", within(self.detail.rate.0, 16 << 10, 1 << 30), "16KiB to 1GiB"),
        ];
        for &(key, holds, range) in checks {
            if !holds {
                return Some((key, format!("must be {range}")));
            }
        }
        self.impossible_words()
    }

    fn impossible_words(&self) -> Option<(&'static str, String)> {
        const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
        if let Some(kind) = self.output.kinds.iter().find(|kind| picket_event::Kind::from_name(kind).is_none()) {
            return Some(("output.kinds", format!("\"{kind}\" is no event kind; there are {}", kinds())));
        }
        if !self.score.digest.is_empty() && !crate::policy::bundle::is_digest(&self.score.digest) {
            return Some(("score.digest", "must be 64 hexadecimal digits, lower case, or empty".to_owned()));
        }
        if !LEVELS.contains(&self.log.level.as_str()) {
            return Some(("log.level", format!("must be one of {}", LEVELS.join(", "))));
        }
        if !["text", "json"].contains(&self.log.format.as_str()) {
            return Some(("log.format", "must be text or json".to_owned()));
        }
        if !self.metrics.listen.is_empty() && self.metrics.listen.parse::<SocketAddr>().is_err() {
            return Some(("metrics.listen", "must be an address and port such as 127.0.0.1:9740, or empty".to_owned()));
        }
        if let Some(wrong) = wrong_label(&self.capture) {
            return Some(wrong);
        }
        let named =
            |collector: &String| collector.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
        if let Some(wrong) = self.uplink.collectors.iter().find(|collector| !named(collector)) {
            return Some(("uplink.collectors", format!("\"{wrong}\" is not host:port")));
        }
        None
    }
}

/// The key and the sentence of a name or tag that no interface can have.
fn wrong_label(capture: &Capture) -> Option<(&'static str, String)> {
    const LABEL_MAX: usize = 64;
    let good = |label: &str| !label.is_empty() && label.len() <= LABEL_MAX && !label.chars().any(char::is_control);
    let sentence = |label: &str| format!("\"{label}\" must be 1 to {LABEL_MAX} bytes without control characters");
    if let Some(wrong) = capture.names.values().find(|name| !good(name)) {
        return Some(("capture.names", sentence(wrong)));
    }
    if capture.tags.values().any(|tags| tags.len() > INTERFACE_TAGS_MAX) {
        return Some(("capture.tags", format!("an interface has at most {INTERFACE_TAGS_MAX} tags")));
    }
    capture.tags.values().flatten().find(|tag| !good(tag)).map(|wrong| ("capture.tags", sentence(wrong)))
}

const fn within(value: u64, low: u64, high: u64) -> bool {
    value >= low && value <= high
}

/// Every event kind, separated by commas.
#[must_use]
pub fn kinds() -> String {
    picket_event::Kind::ALL.iter().map(|kind| kind.name()).collect::<Vec<_>>().join(", ")
}
