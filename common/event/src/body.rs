//! The bodies of events, one type a kind. Shapes are DESIGN's contract; EVE and the wire follow them.

use crate::{
    Both, Classifier, FlowEnd, FlowState, Kind, Ledger, Loss, Mac, MessageKind, Method, Operation, Protocol, Reason,
    Timestamp, Unit, Verdict,
};
use std::borrow::Cow;
use std::net::IpAddr;

/// What an event says. Kinds whose bodies are not defined yet are known by name and skipped on the wire.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each variant is documented by its type
pub enum Body {
    Flow(Box<Flow>),
    Tls(Box<Tls>),
    Dns(Box<Dns>),
    Ics(Box<Ics>),
    Host(Box<Host>),
    Pair(Box<Pair>),
    Asset(Box<Asset>),
    Anomaly(Anomaly),
    Alert(Box<Alert>),
    Stats(Box<Ledger>),
    Loss(Loss),
}

impl Body {
    /// The kind it belongs to.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Flow(_) => Kind::Flow,
            Self::Tls(_) => Kind::Tls,
            Self::Dns(_) => Kind::Dns,
            Self::Ics(_) => Kind::Ics,
            Self::Host(_) => Kind::Host,
            Self::Pair(_) => Kind::Pair,
            Self::Asset(_) => Kind::Asset,
            Self::Anomaly(_) => Kind::Anomaly,
            Self::Alert(_) => Kind::Alert,
            Self::Stats(_) => Kind::Stats,
            Self::Loss(_) => Kind::Loss,
        }
    }
}

/// What protocol a conversation speaks, and how that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// The protocol, `unknown` where none was recognised.
    pub protocol: Protocol,
    /// How sure the sensor is.
    pub confidence: Unit,
    /// By what; `None` exactly where the protocol is unknown.
    pub method: Option<Method>,
}

impl App {
    /// Not recognised.
    #[must_use]
    pub const fn unknown() -> Self {
        Self { protocol: Protocol::UNKNOWN, confidence: Unit::ZERO, method: None }
    }
}

/// One conversation, or `count` merged ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Flow {
    /// Time of the first packet.
    pub start: Timestamp,
    /// Time of the last packet.
    pub end: Timestamp,
    /// Packets each way.
    pub packets: Both<u64>,
    /// Bytes on the wire each way, link header included.
    pub bytes: Both<u64>,
    /// Union of the TCP flags each way; 0 for other transports.
    pub tcp_flags: Both<u8>,
    /// Where it stands.
    pub state: FlowState,
    /// Why the row was written.
    pub reason: FlowEnd,
    /// What it speaks.
    pub app: App,
    /// How many conversations this row stands for, at least 1.
    pub count: u32,
    /// How regular the starts of merged conversations were.
    pub gap: Option<Gap>,
    /// What the classifiers say; `None` where no scoring took place.
    pub score: Option<Score>,
}

/// Regularity of merged conversations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Mean time between starts, seconds.
    pub mean: f64,
    /// Standard deviation over mean.
    pub cv: f64,
}

/// A verdict with what led to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Score {
    /// The verdict.
    pub verdict: Verdict,
    /// 0 benign to 1 malicious.
    pub value: Unit,
    /// The votes of those that did not abstain.
    pub votes: Vec<Vote>,
    /// Why, largest contribution first. Never empty for suspicious and malicious.
    pub reasons: Vec<Reason>,
}

/// One classifier's say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vote {
    /// Who.
    pub classifier: Classifier,
    /// Calibrated probability of malicious.
    pub value: Unit,
    /// Its weight in the vote.
    pub weight: Unit,
}

/// A TLS handshake.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tls {
    /// Negotiated version on the wire (0x0303 is 1.2, 0x0304 is 1.3); 0 unknown.
    pub version: u16,
    /// Server name the client asked for.
    pub sni: Option<String>,
    /// Application protocols the client offered.
    pub alpn: Vec<String>,
    /// Negotiated cipher suite.
    pub cipher: Option<u16>,
    /// JA3, MD5 of the client hello.
    pub ja3: Option<[u8; 16]>,
    /// JA3S, MD5 of the server hello.
    pub ja3s: Option<[u8; 16]>,
    /// JA4 text.
    pub ja4: Option<String>,
    /// Whether the session was resumed.
    pub resumed: bool,
    /// Leaf certificate, where it went in clear.
    pub certificate: Option<Certificate>,
    /// Certificates in the chain sent.
    pub chain_length: u8,
}

/// What a leaf certificate says.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// SHA-256 of its DER.
    pub sha256: [u8; 32],
    /// Subject, as RFC 4514 writes it, bounded.
    pub subject: String,
    /// Issuer, likewise.
    pub issuer: String,
    /// Serial number, bytes as sent, bounded.
    pub serial: Vec<u8>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// DNS names and addresses of the subject alternative name, bounded.
    pub names: Vec<String>,
    /// Whether subject equals issuer.
    pub self_signed: bool,
}

/// A DNS message.
#[derive(Clone, Debug, PartialEq)]
pub struct Dns {
    /// Whether it is an answer.
    pub answer: bool,
    /// Transaction id.
    pub id: u16,
    /// Name of the first question, lower case, escaped as RFC 1035 section 5.1 writes names.
    pub name: String,
    /// Type of the first question (1 is A).
    pub record_type: u16,
    /// Response code; 0 for queries.
    pub rcode: u8,
    /// Answer records, bounded.
    pub answers: Vec<DnsRecord>,
}

/// One resource record.
#[derive(Clone, Debug, PartialEq)]
pub struct DnsRecord {
    /// Owner.
    pub name: String,
    /// Type.
    pub record_type: u16,
    /// Time to live, seconds.
    pub ttl: u32,
    /// Data in presentation form, bounded.
    pub data: String,
}

/// One industrial message, or `count` equal ones of one minute.
#[derive(Clone, Debug, PartialEq)]
pub struct Ics {
    /// The protocol it belongs to.
    pub protocol: Protocol,
    /// What it does.
    pub operation: Operation,
    /// The operation before it in the conversation.
    pub previous: Option<Operation>,
    /// The part it plays.
    pub kind: MessageKind,
    /// The protocol's own function code.
    pub function: u32,
    /// The protocol's own name of it; empty where nobody knows the code.
    pub function_name: Cow<'static, str>,
    /// Unit, station or device.
    pub unit: Option<u32>,
    /// What it acts on: a table, object, block or file.
    pub object: Option<Cow<'static, str>>,
    /// First and last address touched.
    pub range: Option<(u32, u32)>,
    /// The value written or read, where it is one and cheap.
    pub value: Option<f64>,
    /// How many equal messages this stands for, at least 1.
    pub count: u32,
}

/// One host over a window.
#[derive(Clone, Debug, PartialEq)]
pub struct Host {
    /// The host.
    pub ip: IpAddr,
    /// Length of the window, seconds.
    pub window_seconds: u32,
    /// Conversations it began.
    pub flows: u32,
    /// Conversations it began that nobody answered.
    pub failed: u32,
    /// Distinct other sides.
    pub peers: u32,
    /// Distinct destination ports.
    pub ports: u32,
    /// Bytes sent.
    pub bytes_out: u64,
    /// Bytes received.
    pub bytes_in: u64,
    /// What the host classifier says.
    pub score: Option<Score>,
}

/// The regularity between flows of one client, server and port.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// Flows seen.
    pub connections: u32,
    /// Median time between starts, seconds.
    pub interval: f64,
    /// Median bytes of a flow.
    pub size: f64,
    /// From the first start to the last, seconds.
    pub duration: f64,
    /// What the pair classifier says.
    pub score: Option<Score>,
}

/// What is known of a device.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asset {
    /// Address, where it is known.
    pub ip: Option<IpAddr>,
    /// MAC address, where it is known.
    pub mac: Option<Mac>,
    /// Name.
    pub hostname: Option<String>,
    /// Maker.
    pub vendor: Option<String>,
    /// Model or product code.
    pub model: Option<String>,
    /// Firmware or revision.
    pub firmware: Option<String>,
    /// Operating system, guessed.
    pub os: Option<String>,
    /// Roles: `client`, `server`, `plc`, ...
    pub roles: Vec<String>,
    /// Purdue level, guessed.
    pub purdue_level: Option<u8>,
    /// What told it: `modbus`, `dhcp`, ...
    pub source: String,
}

/// Something no well-behaved peer sends.
#[derive(Clone, Debug, PartialEq)]
pub struct Anomaly {
    /// What, as a name of the documents (`tcp_overlap`, `fragment_overlap`, `malformed`...).
    pub kind: String,
    /// In words.
    pub detail: String,
}

/// An alert.
#[derive(Clone, Debug, PartialEq)]
pub struct Alert {
    /// What.
    pub kind: String,
    /// 1 to 10.
    pub severity: u8,
    /// ATT&CK ids.
    pub techniques: Vec<String>,
    /// Why; never empty.
    pub reasons: Vec<Reason>,
}
