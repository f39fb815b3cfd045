//! The one table of names: kinds, protocols, operations, methods, verdicts, classifiers.
//!
//! Numbers are the wire's and never change meaning; new names are appended.

use bincode::{Decode, Encode};
use std::fmt;

/// Defines an enum whose variants have one name each, used by JSON, the wire and the documents.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$vdoc:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
        pub enum $type { $(#[doc = concat!("`", $name, "`. ")] $(#[$vdoc])* $variant,)* }

        impl $type {
            /// Every value, in the wire's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The value of a name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

words! {
    /// The kind of an event (`event_type` in EVE).
    Kind {
        Flow = "flow",
        Tls = "tls",
        Quic = "quic",
        Ssh = "ssh",
        Dns = "dns",
        Http = "http",
        Ics = "ics",
        /// One host over a window of five minutes.
        Host = "host",
        /// The regularity between the flows of one client, server and port.
        Pair = "pair",
        Asset = "asset",
        Anomaly = "anomaly",
        Alert = "alert",
        /// The ledger.
        Stats = "stats",
        Loss = "loss",
    }
}

words! {
    /// What an industrial message does; one vocabulary for every protocol.
    Operation {
        Read = "read",
        Write = "write",
        Control = "control",
        Select = "select",
        Subscribe = "subscribe",
        Report = "report",
        Browse = "browse",
        Identify = "identify",
        Diagnose = "diagnose",
        Session = "session",
        Start = "start",
        Stop = "stop",
        Restart = "restart",
        Mode = "mode",
        ProgramRead = "program_read",
        ProgramWrite = "program_write",
        Firmware = "firmware",
        File = "file",
        Time = "time",
        Alarm = "alarm",
        Other = "other",
    }
}

words! {
    /// The part a message plays.
    MessageKind {
        Request = "request",
        Response = "response",
        /// A negative answer of the application.
        Exception = "exception",
        /// Data nobody asked for in that message.
        Unsolicited = "unsolicited",
    }
}

words! {
    /// How a protocol was recognised.
    Method {
        Port = "port",
        Fingerprint = "fingerprint",
        Behaviour = "behaviour",
        Reverse = "reverse",
    }
}

words! {
    /// What the vote says of a flow.
    Verdict {
        Abstain = "abstain",
        Benign = "benign",
        Suspicious = "suspicious",
        Malicious = "malicious",
    }
}

words! {
    /// Where a conversation stands.
    FlowState {
        /// Nobody answered.
        New = "new",
        /// Both sides spoke.
        Established = "established",
        /// Ended by the protocol (FIN both ways, RST).
        Closed = "closed",
    }
}

words! {
    /// Why a flow row was written.
    FlowEnd {
        /// Silence longer than the idle time-out.
        Timeout = "timeout",
        /// Both sides finished.
        Finished = "finished",
        /// One side reset the connection.
        Reset = "reset",
        /// It outlived the active time-out; the conversation goes on in another row.
        Active = "active",
        /// Its place was needed.
        Evicted = "evicted",
        /// The input ended.
        Shutdown = "shutdown",
    }
}

words! {
    /// Who votes on a flow or host.
    Classifier {
        Packet = "packet",
        Flow = "flow",
        Sequence = "sequence",
        Handshake = "handshake",
        Certificate = "certificate",
        Names = "names",
        Fingerprint = "fingerprint",
        Pair = "pair",
        Host = "host",
        Novelty = "novelty",
        Tunnel = "tunnel",
        Web = "web",
        IcsBehaviour = "ics_behaviour",
        /// A rule on a single feature.
        HighConfidence = "high_confidence",
        /// Yes-or-no signs, weighed without training.
        Signs = "signs",
    }
}

words! {
    /// What an SSH connection was used for, as its packets' sizes and times tell.
    SshBehaviour {
        /// Somebody types.
        Interactive = "interactive",
        /// One command, its output, the end.
        Command = "command",
        /// Bulk from the client.
        Upload = "upload",
        /// Bulk from the server.
        Download = "download",
        /// The server's side types: a shell was handed back.
        ReverseShell = "reverse_shell",
        /// Other conversations run inside.
        Tunnel = "tunnel",
        /// Nobody got in.
        LoginFailed = "login_failed",
    }
}

words! {
    /// Whether a client's hello carries another one, encrypted (RFC 9849). A real one and GREASE are made to look alike.
    Ech {
        /// Real or GREASE.
        Offered = "offered",
        /// Real: the name asked for in clear is one that is made for outer hellos, and not the server's, or the client's second
        /// hello goes on with the key of the first.
        Outer = "outer",
        /// There is none: behind the server's request for another hello the client has repeated it to the byte.
        Grease = "grease",
    }
}

/// A protocol's name (`app_proto`): one of the product's table, or a site's own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub enum Protocol {
    /// A name of [`PROTOCOLS`], by its index.
    Known(u16),
    /// A site's own name, lower case.
    Named(Box<str>),
}

macro_rules! protocols {
    ($($constant:ident = $name:literal,)*) => {
        /// Every protocol name of the product, in the wire's order.
        pub const PROTOCOLS: &[&str] = &[$($name,)*];

        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy)]
        enum Index { $($constant,)* }

        impl Protocol {
            $(#[doc = concat!("`", $name, "`.")] pub const $constant: Self = Self::Known(Index::$constant as u16);)*
        }
    };
}

protocols! {
    UNKNOWN = "unknown",
    TLS = "tls", QUIC = "quic", SSH = "ssh", DNS = "dns", HTTP = "http", DTLS = "dtls", WIREGUARD = "wireguard",
    OPENVPN = "openvpn", IKE = "ike", ESP = "esp", TOR = "tor", RDP = "rdp", SMTP = "smtp", IMAP = "imap",
    POP3 = "pop3", FTP = "ftp", LDAP = "ldap", XMPP = "xmpp", POSTGRESQL = "postgresql", MYSQL = "mysql", SOCKS = "socks",
    DHCP = "dhcp", DHCPV6 = "dhcpv6", MDNS = "mdns", LLMNR = "llmnr", NBNS = "nbns", SSDP = "ssdp", LLDP = "lldp",
    CDP = "cdp", NTP = "ntp", SNMP = "snmp", SMB = "smb", KERBEROS = "kerberos", SIP = "sip", STUN = "stun", RTP = "rtp",
    RTSP = "rtsp", TDS = "tds", IPP = "ipp", DCERPC = "dcerpc", NETBIOS = "netbios", ARP = "arp", ICMP = "icmp",
    IGMP = "igmp", PTP = "ptp", TELNET = "telnet", RPC = "rpc", TFTP = "tftp", SYSLOG = "syslog", BITTORRENT = "bittorrent",
    MODBUS = "modbus", UMAS = "umas", DNP3 = "dnp3", IEC104 = "iec104", S7COMM = "s7comm", S7COMM_PLUS = "s7comm_plus",
    MMS = "mms", ICCP = "iccp", GOOSE = "goose", R_GOOSE = "r_goose", GSSE = "gsse", SV = "sv", ENIP = "enip",
    CIP_IO = "cip_io", BACNET = "bacnet", OPCUA = "opcua", PROFINET_DCP = "profinet_dcp", PROFINET_CM = "profinet_cm",
    PROFINET_RT = "profinet_rt", PROFINET_PTCP = "profinet_ptcp", PROFINET_MRP = "profinet_mrp", ETHERCAT = "ethercat",
    POWERLINK = "powerlink", SERCOS = "sercos", HART_IP = "hart_ip", FINS = "fins", ADS = "ads",
    SYNCHROPHASOR = "synchrophasor", C1222 = "c1222", DLMS = "dlms", GE_SRTP = "ge_srtp", EGD = "egd", MELSEC = "melsec",
    CODESYS = "codesys", FOX = "fox", BSAP = "bsap", GENISYS = "genisys", ROC_PLUS = "roc_plus", KNXIP = "knxip",
    MQTT = "mqtt", COAP = "coap", DOIP = "doip", PCWORX = "pcworx", PROCONOS = "proconos", CRIMSON = "crimson",
    RTPS = "rtps", SOMEIP = "someip", FF_HSE = "ff_hse", CNP_IP = "cnp_ip", ATG = "atg", ETHERSBUS = "ethersbus",
    ETHERSIO = "ethersio", HISLIP = "hislip", TRDP = "trdp", ZIGBEE = "zigbee",
    STP = "stp", LACP = "lacp", EAPOL = "eapol", MACSEC = "macsec", HOMEPLUG = "homeplug", LLTD = "lltd", PPPOE = "pppoe",
    ETHERNET_OAM = "ethernet_oam", VTP = "vtp", DTP = "dtp", UDLD = "udld", PAGP = "pagp", ISIS = "isis", MVRP = "mvrp",
    WAKE_ON_LAN = "wake_on_lan", LOOPBACK = "loopback", PRP = "prp", AVTP = "avtp", REALTEK = "realtek", XID = "xid",
    ND = "nd",
    AH = "ah", GRE = "gre", OSPF = "ospf", VRRP = "vrrp", PIM = "pim", EIGRP = "eigrp", L2TP = "l2tp", PPTP = "pptp",
    BGP = "bgp", RADIUS = "radius", DIAMETER = "diameter", RTCP = "rtcp", RTMP = "rtmp", VNC = "vnc", MONGODB = "mongodb",
    REDIS = "redis", MEMCACHED = "memcached", CASSANDRA = "cassandra", KAFKA = "kafka", AMQP = "amqp", TNS = "tns",
    NFS = "nfs", GIT = "git", RSYNC = "rsync", IRC = "irc", NNTP = "nntp", IPMI = "ipmi", WSD = "wsd",
    GNUTELLA = "gnutella", NATS = "nats", HTTP2 = "http2", WEBSOCKET = "websocket",
    MANAGESIEVE = "managesieve", PROXY = "proxy",
    DOT = "dot", DOH = "doh", DOQ = "doq",
    CAPWAP = "capwap",
}

impl Protocol {
    /// The name, lower case.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(index) => PROTOCOLS.get(usize::from(*index)).copied().unwrap_or("unknown"),
            Self::Named(name) => name,
        }
    }

    /// The protocol of a name; a name that the table lacks becomes a site's own, lower case.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        match PROTOCOLS.iter().position(|known| *known == lower) {
            Some(index) => Self::Known(u16::try_from(index).unwrap_or(0)),
            None => Self::Named(lower.into_boxed_str()),
        }
    }

    /// Whether the protocol was not recognised.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        *self == Self::UNKNOWN
    }

    /// Whether the protocol belongs to a plant.
    #[must_use]
    pub fn is_industrial(&self) -> bool {
        matches!(self, Self::Known(index) if *index >= Index::MODBUS as u16 && *index <= Index::ZIGBEE as u16)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_lower_case() {
        let unique: BTreeSet<_> = PROTOCOLS.iter().collect();
        assert_eq!(unique.len(), PROTOCOLS.len());
        assert!(PROTOCOLS.iter().all(|name| *name == name.to_ascii_lowercase()));
    }

    #[test]
    fn names_round_trip() {
        for name in PROTOCOLS {
            assert_eq!(Protocol::from_name(name).name(), *name);
        }
        for operation in Operation::ALL {
            assert_eq!(Operation::from_name(operation.name()), Some(*operation));
        }
        assert!(Protocol::MODBUS.is_industrial());
        assert!(!Protocol::TLS.is_industrial());
        assert!(Protocol::ZIGBEE.is_industrial() && !Protocol::STP.is_industrial());
        assert_eq!(Protocol::from_name("Acme-Bus").name(), "acme-bus");
    }
}
