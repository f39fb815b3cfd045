//! The bodies of events, one type a kind. Shapes are DESIGN's contract; EVE and the wire follow them.

use crate::{
    AppDetail, Both, Classifier, Direction, Ech, FlowEnd, FlowId, FlowState, Kind, Ledger, Loss, Mac, MessageKind,
    Method, Operation, Protocol, Reason, SshBehaviour, Timestamp, TlsAlert, Unit, Verdict,
};
use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

/// What an event says.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // each variant is documented by its type
pub enum Body {
    Flow(Box<Flow>),
    Tls(Box<Tls>),
    Quic(Box<Quic>),
    Ssh(Box<Ssh>),
    Dns(Box<Dns>),
    Http(Box<Http>),
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
            Self::Quic(_) => Kind::Quic,
            Self::Ssh(_) => Kind::Ssh,
            Self::Dns(_) => Kind::Dns,
            Self::Http(_) => Kind::Http,
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
    /// What the payload looks like; only where the protocol is unknown or guessed and payload was seen.
    pub payload: Option<PayloadShape>,
    /// The tunnel it was found in; `None` for a conversation in the open.
    pub tunnel: Option<Box<Tunnel>>,
    /// What its messages say of it, where they are no events of their own.
    pub detail: Option<Box<AppDetail>>,
    /// The first TLS records in the order they were seen, at most [`TLS_RECORDS_MAX`], in the first row behind them.
    pub tls_records: Vec<TlsRecord>,
}

/// What the first payload bytes of an unknown conversation look like.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PayloadShape {
    /// Shannon entropy of the bytes kept, 0 to 8 bits a byte.
    pub entropy: f32,
    /// Share of printable ASCII among them.
    pub printable: Unit,
    /// The first bytes each way, 0 bytes where nothing was said.
    pub first: Both<Head>,
}

/// At most eight bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    bytes: [u8; 8],
    length: u8,
}

impl Head {
    /// The first eight of `bytes`, or all of them.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut head = Self::default();
        for (to, from) in head.bytes.iter_mut().zip(bytes) {
            *to = *from;
            head.length += 1;
        }
        head
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// The innermost tunnel round a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Tunnel {
    /// Which kind (`gre`, `vxlan`, `gtp`, ...).
    pub kind: Cow<'static, str>,
    /// Its sender, where the tunnel runs over IP, of the packet that opened the conversation.
    pub src: Option<IpAddr>,
    /// Its receiver, likewise.
    pub dest: Option<IpAddr>,
    /// Its number (VNI, TEID, key, session), where it has one.
    pub id: Option<u32>,
    /// How many tunnels lie inside each other, at least 1.
    pub depth: u8,
}

/// A record of TLS (RFC 8446 section 5.1), by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TlsRecord {
    /// Its type: 20 change cipher spec, 21 alert, 22 handshake, 23 application data and all that is encrypted, 24 heartbeat.
    pub kind: u8,
    /// Which way it went.
    pub direction: Direction,
    /// Length of its body, bytes.
    pub length: u16,
}

/// Records of TLS that a row tells at most.
pub const TLS_RECORDS_MAX: usize = 20;

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
    /// SHA-256 of the bundle that gave it; `None` for the one built into the agent's release, and for scores of rules.
    pub digest: Option<Arc<[u8; 32]>>,
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
    /// The client program, where its fingerprint is known.
    pub client: Option<Cow<'static, str>>,
    /// Whether the session was resumed.
    pub resumed: bool,
    /// Leaf certificate, where it went in clear.
    pub certificate: Option<Certificate>,
    /// Certificates in the chain sent.
    pub chain_length: u8,
    /// What else the hellos say.
    pub hellos: Hellos,
}

/// What the two hellos of a handshake say beside versions, names and ciphers, the same over TLS, DTLS and QUIC.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Hellos {
    /// Whether the client's hello carries another one, encrypted; `None` where it does not.
    pub ech: Option<Ech>,
    /// Whether the client's hello carries GREASE (RFC 8701).
    pub grease: bool,
    /// The application protocol the server chose, where it went in clear (TLS 1.2 and older).
    pub server_alpn: Option<String>,
    /// Fingerprint of the server's hello (`tls1:...`).
    pub server_fingerprint: Option<String>,
    /// The alert that went in clear: the first fatal one, else the first.
    pub alert: Option<TlsAlert>,
}

/// What a leaf certificate says.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// SHA-256 of its DER; zeros where it was left out.
    pub sha256: [u8; 32],
    /// Subject, as RFC 4514 writes it, bounded.
    pub subject: String,
    /// Issuer, likewise.
    pub issuer: String,
    /// Serial number, bytes as sent, bounded; empty where it was left out.
    pub serial: Vec<u8>,
    /// Start of validity.
    pub not_before: Timestamp,
    /// End of validity.
    pub not_after: Timestamp,
    /// DNS names and addresses of the subject alternative name, bounded.
    pub names: Vec<String>,
    /// Whether subject equals issuer.
    pub self_signed: bool,
    /// Fingerprint of its shape (`crt1:...`), the same for certificates that one tool makes; empty where it is not known.
    pub fingerprint: String,
}

/// A QUIC connection's handshake (RFC 9000, RFC 9001).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Quic {
    /// Version of the connection, as in the long header.
    pub version: u32,
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
    /// The client program, where its fingerprint is known.
    pub client: Option<Cow<'static, str>>,
    /// Whether the session was resumed.
    pub resumed: bool,
    /// Whether the server asked for a retry.
    pub retry: bool,
    /// The flow whose handshake this was, where the connection goes on from another address or port.
    pub continues: Option<FlowId>,
    /// What else the hellos say.
    pub hellos: Hellos,
}

/// An SSH connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ssh {
    /// The client's side, where it was seen.
    pub client: Option<SshEnd>,
    /// The server's side, where it was seen.
    pub server: Option<SshEnd>,
    /// What the connection was used for, judged from the sizes and times of its packets.
    pub behaviour: Option<SshBehaviour>,
    /// Whether a log-in succeeded, judged likewise.
    pub authenticated: Option<bool>,
    /// Log-ins tried, judged likewise; 0 unknown.
    pub attempts: u8,
}

/// One side of an SSH connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshEnd {
    /// Protocol version of the banner (`2.0`).
    pub version: String,
    /// Software and comment of the banner, bounded.
    pub software: String,
    /// HASSH (client) or HASSH-server, MD5.
    pub hassh: Option<[u8; 16]>,
}

/// An HTTP/1 request with its answer, as far as each was seen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Http {
    /// Method; empty where only the answer was seen.
    pub method: String,
    /// Host asked for, without credentials.
    pub host: Option<String>,
    /// Request target, bounded, without credentials.
    pub url: String,
    /// Protocol version (`HTTP/1.1`).
    pub version: String,
    /// Client program.
    pub user_agent: Option<String>,
    /// Media type of the answer's body.
    pub content_type: Option<String>,
    /// Server program.
    pub server: Option<String>,
    /// Status of the answer.
    pub status: Option<u16>,
    /// Length of the request's body, bytes.
    pub request_length: u64,
    /// Length of the answer's body, bytes.
    pub response_length: u64,
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
    /// The operation before it in the conversation; the sensor fills it in.
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

impl Ics {
    /// A message that says no more than what it does.
    #[must_use]
    pub const fn new(
        protocol: Protocol,
        operation: Operation,
        kind: MessageKind,
        function: u32,
        function_name: &'static str,
    ) -> Self {
        Self {
            protocol,
            operation,
            previous: None,
            kind,
            function,
            function_name: Cow::Borrowed(function_name),
            unit: None,
            object: None,
            range: None,
            value: None,
            count: 1,
        }
    }
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
    /// Of these, not known as this host's from before.
    pub new_peers: u32,
    /// Distinct destination ports.
    pub ports: u32,
    /// Distinct server names asked for.
    pub names: u32,
    /// Distinct fingerprints of its hellos.
    pub fingerprints: u32,
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
    /// Other names it goes by.
    pub names: Vec<String>,
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
    /// Services it answers on, as `tcp/443 tls`.
    pub services: Vec<String>,
    /// Fingerprints of its ways: `ts1:...` of TCP, `dhcp1:...` of DHCP.
    pub fingerprints: Vec<String>,
    /// Purdue level, guessed.
    pub purdue_level: Option<u8>,
    /// What told it: `modbus`, `dhcp`, ...
    pub source: String,
    /// When the sensor first saw it.
    pub first_seen: Option<Timestamp>,
    /// When the sensor last saw it.
    pub last_seen: Option<Timestamp>,
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
