//! The fields of an EVE line, as JSON has them.

pub use super::detail::Detail;
use super::value::function_code;
pub use super::value::{Number, Time};
use crate::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;

type Text<'a> = Cow<'a, str>;

macro_rules! rows {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        #[serde(default)]
        pub struct $name<'a> {
            $($(#[$fdoc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<$type>,)*
            #[serde(skip)]
            #[doc(hidden)]
            pub borrowed: std::marker::PhantomData<&'a ()>,
        }
    )*};
}

/// One line.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields, title = "Picket EVE line")]
pub struct Row<'a> {
    /// When it happened, capture time.
    pub timestamp: Time,
    /// The event's kind.
    pub event_type: Text<'a>,
    /// The site of the sensor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub site: Option<Text<'a>>,
    /// The sensor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agent: Option<Text<'a>>,
    /// The spool's epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub epoch: Option<u64>,
    /// The event's number within the epoch.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<u64>,
    /// Base name of the capture file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pcap_filename: Option<Text<'a>>,
    /// Name of the live interface.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub in_iface: Option<Text<'a>>,
    /// What the interface was tagged with (`capture.tags`).
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub tags: Vec<Text<'a>>,
    /// VLAN ids, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub vlan: Vec<u16>,
    /// The conversation's id, unique within a file or a run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flow_id: Option<u64>,
    /// The client's address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub src_ip: Option<IpAddr>,
    /// The client's port.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub src_port: Option<u16>,
    /// The server's address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dest_ip: Option<IpAddr>,
    /// The server's port.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dest_port: Option<u16>,
    /// The transport.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proto: Option<Text<'a>>,
    /// ICMP type, where the transport is ICMP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icmp_type: Option<u16>,
    /// ICMP code.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub icmp_code: Option<u16>,
    /// The sender's MAC address, below IP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub src_mac: Option<Text<'a>>,
    /// The receiver's MAC address, below IP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dest_mac: Option<Text<'a>>,
    /// The EtherType, below IP.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ether_type: Option<u16>,
    /// The capture's link type (LINKTYPE_ number), where frames have no MAC addresses.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub link_type: Option<u16>,
    /// Community ID version 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub community_id: Option<Text<'a>>,
    /// The protocol.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub app_proto: Option<Text<'a>>,
    /// How sure the sensor is of it, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub app_confidence: Option<f32>,
    /// How it was recognised.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub app_method: Option<Text<'a>>,
    /// What the classifiers say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub score: Option<Score<'a>>,
    /// Body of `flow`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub flow: Option<Flow<'a>>,
    /// The tunnel a conversation was found in.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tunnel: Option<Tunnel<'a>>,
    /// TCP flags of `flow`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tcp: Option<Tcp<'a>>,
    /// Body of `tls`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tls: Option<Tls<'a>>,
    /// Body of `quic`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub quic: Option<Quic<'a>>,
    /// Body of `ssh`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ssh: Option<Ssh<'a>>,
    /// Body of `dns`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dns: Option<Dns<'a>>,
    /// Body of `http`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub http: Option<Http<'a>>,
    /// Body of `ics`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ics: Option<Ics<'a>>,
    /// Body of `host`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<Host<'a>>,
    /// Body of `pair`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pair: Option<Pair<'a>>,
    /// Body of `asset`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub asset: Option<Asset<'a>>,
    /// Body of `anomaly`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub anomaly: Option<Anomaly<'a>>,
    /// Body of `alert`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub alert: Option<Alert<'a>>,
    /// Body of `stats`: the ledger.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stats: Option<Stats>,
    /// Body of `loss`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub loss: Option<Loss<'a>>,
    /// Fields that a privacy switch hashed or left out.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub redacted: Vec<String>,
}

impl Row<'_> {
    /// A line without a body.
    #[must_use]
    pub const fn new(time: Timestamp, event_type: &'static str) -> Self {
        Self {
            timestamp: Time(time),
            event_type: Cow::Borrowed(event_type),
            site: None,
            agent: None,
            epoch: None,
            sequence: None,
            pcap_filename: None,
            in_iface: None,
            tags: Vec::new(),
            vlan: Vec::new(),
            flow_id: None,
            src_ip: None,
            src_port: None,
            dest_ip: None,
            dest_port: None,
            proto: None,
            icmp_type: None,
            icmp_code: None,
            src_mac: None,
            dest_mac: None,
            ether_type: None,
            link_type: None,
            community_id: None,
            app_proto: None,
            app_confidence: None,
            app_method: None,
            score: None,
            flow: None,
            tunnel: None,
            tcp: None,
            tls: None,
            quic: None,
            ssh: None,
            dns: None,
            http: None,
            ics: None,
            host: None,
            pair: None,
            asset: None,
            anomaly: None,
            alert: None,
            stats: None,
            loss: None,
            redacted: Vec::new(),
        }
    }
}

rows! {
    /// What the classifiers say.
    Score {
        /// malicious, suspicious, benign or abstain.
        verdict: Text<'a>,
        /// 0 benign to 1 malicious.
        value: f32,
        /// The votes.
        votes: Vec<Vote<'a>>,
        /// Why, in words, largest contribution first.
        reasons: Vec<Text<'a>>,
        /// SHA-256 of the bundle that gave it, where that is not the one built into the agent's release.
        digest: Text<'a>,
    }
    /// One classifier's vote.
    Vote {
        /// Who.
        classifier: Text<'a>,
        /// Calibrated probability of malicious.
        value: f32,
        /// Its weight.
        weight: f32,
    }
    /// A conversation, or merged ones.
    Flow {
        /// Packets from the client.
        pkts_toserver: u64,
        /// Packets from the server.
        pkts_toclient: u64,
        /// Bytes from the client.
        bytes_toserver: u64,
        /// Bytes from the server.
        bytes_toclient: u64,
        /// First packet.
        start: Time,
        /// Last packet.
        end: Time,
        /// Whole seconds from start to end.
        age: u64,
        /// new, established or closed.
        state: Text<'a>,
        /// Why the row was written.
        reason: Text<'a>,
        /// Conversations it stands for; absent for one.
        count: u32,
        /// Regularity of merged conversations.
        gap: Gap<'a>,
        /// What the payload looks like, where the protocol is unknown or guessed.
        payload: Payload<'a>,
        /// What the messages say, where they are no events of their own.
        app: Detail<'a>,
        /// The first TLS records, in the conversation's first row.
        tls_records: TlsRecords<'a>,
    }
    /// TLS records by their headers, in the order they were seen.
    TlsRecords {
        /// Types: 20 change cipher spec, 21 alert, 22 handshake, 23 application data and what else is encrypted, 24 heartbeat.
        types: Vec<u8>,
        /// Lengths of their bodies, bytes; positive to the server, negative to the client.
        lengths: Vec<i32>,
    }
    /// What the first payload bytes of an unknown conversation look like.
    Payload {
        /// Bits a byte, 0 to 8.
        entropy: f64,
        /// Share of printable bytes.
        printable: f32,
        /// First bytes from the client, hexadecimal.
        first_toserver: Text<'a>,
        /// First bytes from the server, hexadecimal.
        first_toclient: Text<'a>,
    }
    /// The innermost tunnel round a conversation.
    Tunnel {
        /// Which kind.
        kind: Text<'a>,
        /// Sender of the tunnel's packets.
        src_ip: IpAddr,
        /// Receiver of the tunnel's packets.
        dest_ip: IpAddr,
        /// Its number.
        id: u32,
        /// Tunnels inside each other.
        depth: u8,
    }
    /// Regularity of merged conversations.
    Gap {
        /// Mean seconds between starts.
        mean: f64,
        /// Standard deviation over mean.
        cv: f64,
    }
    /// TCP flags, hexadecimal.
    Tcp {
        /// Both directions.
        tcp_flags: Text<'a>,
        /// From the client.
        tcp_flags_ts: Text<'a>,
        /// From the server.
        tcp_flags_tc: Text<'a>,
    }
    /// A TLS handshake.
    Tls {
        /// Negotiated version, as `TLS 1.3`.
        version: Text<'a>,
        /// Server name asked for.
        sni: Text<'a>,
        /// Application protocols offered.
        client_alpns: Vec<Text<'a>>,
        /// Negotiated cipher suite, its IANA number.
        cipher_suite: u16,
        /// Client fingerprint.
        ja3: Hash<'a>,
        /// Server fingerprint.
        ja3s: Hash<'a>,
        /// Client fingerprint.
        ja4: Text<'a>,
        /// Client program, where its fingerprint is known.
        client: Text<'a>,
        /// Whether the session was resumed.
        session_resumed: bool,
        /// Subject of the leaf certificate.
        subject: Text<'a>,
        /// Issuer of the leaf certificate.
        issuerdn: Text<'a>,
        /// Serial number, hexadecimal.
        serial: Text<'a>,
        /// SHA-256 of the leaf certificate, hexadecimal.
        certificate_sha256: Text<'a>,
        /// Start of its validity.
        notbefore: Time,
        /// End of its validity.
        notafter: Time,
        /// Its alternative names.
        subjectaltname: Vec<Text<'a>>,
        /// Whether subject equals issuer.
        self_signed: bool,
        /// Certificates in the chain.
        chain_length: u8,
        /// Fingerprint of the certificate's shape.
        certificate_fingerprint: Text<'a>,
        /// Application protocol the server chose, where it went in clear.
        server_alpns: Vec<Text<'a>>,
        /// Whether the client's hello carries an encrypted one: offered (real or GREASE, which look alike), outer (the
        /// name in `sni` is the outer one, not the server's) or grease (there is none).
        ech: Text<'a>,
        /// Whether the client's hello carries GREASE.
        grease: bool,
        /// Fingerprint of the server's hello.
        server_fingerprint: Text<'a>,
        /// The alert that went in clear.
        alert: TlsAlert<'a>,
    }
    /// A QUIC handshake.
    Quic {
        /// Version: `1`, `2`, `draft-29`, or its number.
        version: Text<'a>,
        /// Server name asked for.
        sni: Text<'a>,
        /// Application protocols offered.
        client_alpns: Vec<Text<'a>>,
        /// Negotiated cipher suite, its IANA number.
        cipher_suite: u16,
        /// Client fingerprint.
        ja3: Hash<'a>,
        /// Server fingerprint.
        ja3s: Hash<'a>,
        /// Client fingerprint.
        ja4: Text<'a>,
        /// Client program, where its fingerprint is known.
        client: Text<'a>,
        /// Whether the session was resumed.
        session_resumed: bool,
        /// Whether the server asked for a retry.
        retry: bool,
        /// The flow whose handshake this was: the connection goes on from another address or port.
        continues: u64,
        /// Application protocol the server chose, where it went in clear.
        server_alpns: Vec<Text<'a>>,
        /// Whether the client's hello carries an encrypted one: offered (real or GREASE, which look alike), outer (the
        /// name in `sni` is the outer one, not the server's) or grease (there is none).
        ech: Text<'a>,
        /// Whether the client's hello carries GREASE.
        grease: bool,
        /// Fingerprint of the server's hello.
        server_fingerprint: Text<'a>,
        /// The alert that went in clear.
        alert: TlsAlert<'a>,
    }
    /// An SSH connection.
    Ssh {
        /// The client's side.
        client: SshEnd<'a>,
        /// The server's side.
        server: SshEnd<'a>,
        /// What it was used for.
        behaviour: Text<'a>,
        /// Whether a log-in succeeded.
        authenticated: bool,
        /// Log-ins tried.
        attempts: u8,
    }
    /// One side of an SSH connection.
    SshEnd {
        /// Protocol version.
        proto_version: Text<'a>,
        /// Program, as its banner says.
        software_version: Text<'a>,
        /// Fingerprint.
        hassh: Hash<'a>,
    }
    /// An HTTP request and its answer.
    Http {
        /// Host asked for.
        hostname: Text<'a>,
        /// Request target.
        url: Text<'a>,
        /// Method.
        http_method: Text<'a>,
        /// Version.
        protocol: Text<'a>,
        /// Client program.
        http_user_agent: Text<'a>,
        /// Media type of the answer.
        http_content_type: Text<'a>,
        /// Server program.
        server: Text<'a>,
        /// Status of the answer.
        status: u16,
        /// Length of the answer's body, bytes.
        length: u64,
        /// Length of the request's body, bytes.
        request_length: u64,
    }
    /// An alert of TLS.
    TlsAlert {
        /// fatal or warning.
        level: Text<'a>,
        /// What it is about, as RFC 8446 names it.
        description: Text<'a>,
        /// Who sent it: client or server.
        from: Text<'a>,
    }
    /// A hash.
    Hash {
        /// Hexadecimal.
        hash: Text<'a>,
    }
    /// A DNS message.
    Dns {
        /// query or answer.
        r#type: Text<'a>,
        /// Transaction id.
        id: u16,
        /// Name asked for.
        rrname: Text<'a>,
        /// Type asked for.
        rrtype: Text<'a>,
        /// Response code.
        rcode: Text<'a>,
        /// Answers.
        answers: Vec<DnsAnswer<'a>>,
    }
    /// A DNS record.
    DnsAnswer {
        /// Owner.
        rrname: Text<'a>,
        /// Type.
        rrtype: Text<'a>,
        /// Seconds to live.
        ttl: u32,
        /// Data.
        rdata: Text<'a>,
    }
    /// An industrial message, or equal ones.
    Ics {
        /// What it does.
        operation: Text<'a>,
        /// The operation before it in the conversation.
        previous: Text<'a>,
        /// request, response, exception or unsolicited.
        kind: Text<'a>,
        /// The protocol's function code.
        #[serde(deserialize_with = "function_code")]
        function: u32,
        /// The protocol's name of it.
        function_name: Text<'a>,
        /// Unit or station.
        unit: u32,
        /// What it acts on.
        object: Text<'a>,
        /// First and last address.
        range: [u32; 2],
        /// The value.
        value: Number,
        /// Messages it stands for; absent for one.
        count: u32,
    }
    /// A host over a window.
    Host {
        /// The host.
        ip: IpAddr,
        /// Seconds.
        window_seconds: u32,
        /// Conversations begun.
        flows: u32,
        /// Begun and not answered.
        failed: u32,
        /// Distinct other sides.
        peers: u32,
        /// Of these, not known as this host's from before.
        new_peers: u32,
        /// Distinct destination ports.
        ports: u32,
        /// Distinct server names asked for.
        names: u32,
        /// Distinct fingerprints of its hellos.
        fingerprints: u32,
        /// Bytes sent.
        bytes_out: u64,
        /// Bytes received.
        bytes_in: u64,
    }
    /// Regularity between flows of a client, server and port.
    Pair {
        /// Flows.
        connections: u32,
        /// Median seconds between starts.
        interval: f64,
        /// Median bytes.
        size: f64,
        /// Seconds from the first start to the last.
        duration: f64,
    }
    /// What is known of a device.
    Asset {
        /// Address.
        ip: IpAddr,
        /// MAC address.
        mac: Text<'a>,
        /// Name.
        hostname: Text<'a>,
        /// Other names.
        names: Vec<Text<'a>>,
        /// Maker.
        vendor: Text<'a>,
        /// Model.
        model: Text<'a>,
        /// Firmware.
        firmware: Text<'a>,
        /// Operating system.
        os: Text<'a>,
        /// Roles.
        roles: Vec<Text<'a>>,
        /// Services it answers on.
        services: Vec<Text<'a>>,
        /// Fingerprints of its ways: `ts1:...` of TCP, `dhcp1:...` of DHCP.
        fingerprints: Vec<Text<'a>>,
        /// Purdue level.
        purdue_level: u8,
        /// What told it.
        source: Text<'a>,
        /// When it was first seen.
        first_seen: Time,
        /// When it was last seen.
        last_seen: Time,
    }
    /// Something no well-behaved peer sends.
    Anomaly {
        /// What.
        kind: Text<'a>,
        /// In words.
        detail: Text<'a>,
    }
    /// An alert.
    Alert {
        /// What.
        kind: Text<'a>,
        /// 1 to 10.
        severity: u8,
        /// ATT&CK ids.
        techniques: Vec<Text<'a>>,
        /// Why.
        reasons: Vec<Text<'a>>,
    }
    /// Events that will never arrive.
    Loss {
        /// Why.
        reason: Text<'a>,
        /// First sequence number.
        first: u64,
        /// Last sequence number.
        last: u64,
        /// Events lost.
        count: u64,
    }
}

/// Makes the row of the ledger from the one list of its counters.
macro_rules! stats {
    ([$({$name:ident {$($kind:tt)*} {$($attribute:tt)*}})*]) => {
        /// The ledger; counters that are 0 may be left out, `frames` never is.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[schemars(deny_unknown_fields)]
        #[serde(default)]
        #[allow(missing_docs)] // as in crate::Ledger
        pub struct Stats {
            $($($attribute)* pub $name: $($kind)*,)*
        }

        impl From<crate::Ledger> for Stats {
            fn from(ledger: crate::Ledger) -> Self {
                Self { $($name: ledger.$name,)* }
            }
        }

        impl From<Stats> for crate::Ledger {
            fn from(stats: Stats) -> Self {
                Self { $($name: stats.$name,)* }
            }
        }
    };
    ([$($done:tt)*] {Count $place:ident uptime_seconds $doc:tt} $($rest:tt)*) => {
        stats! { [$($done)* {uptime_seconds {u64} {#[serde(rename = "uptime")]}}] $($rest)* }
    };
    ([$($done:tt)*] {Count $place:ident $name:ident $doc:tt} $($rest:tt)*) => {
        stats! { [$($done)* {$name {u64} {}}] $($rest)* }
    };
    ([$($done:tt)*] {Counts $place:ident $name:ident $doc:tt} $($rest:tt)*) => {
        stats! {
            [$($done)* {
                $name {BTreeMap<String, u64>} {#[serde(skip_serializing_if = "BTreeMap::is_empty")]}
            }]
            $($rest)*
        }
    };
}

crate::ledger_fields!(stats []);
