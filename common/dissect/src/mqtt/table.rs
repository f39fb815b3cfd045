//! Control packets (MQTT 5.0 section 2.1.2), what Sparkplug's messages do, reason codes.

use picket_event::{MessageKind, Operation};

/// One kind of packet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet {
    pub(crate) name: &'static str,
    pub(crate) operation: Operation,
    /// The part it plays; none where it only carries a delivery on.
    pub(crate) kind: Option<MessageKind>,
}

const fn p(name: &'static str, operation: Operation, kind: MessageKind) -> Packet {
    Packet { name, operation, kind: Some(kind) }
}

const fn half(name: &'static str) -> Packet {
    Packet { name, operation: Operation::Report, kind: None }
}

use MessageKind::{Request, Response, Unsolicited};

/// Packets by number, from 1 on.
pub(crate) const PACKETS: [Packet; 15] = [
    p("CONNECT", Operation::Session, Request),
    p("CONNACK", Operation::Session, Response),
    p("PUBLISH", Operation::Report, Unsolicited),
    p("PUBACK", Operation::Report, Response),
    half("PUBREC"),
    half("PUBREL"),
    p("PUBCOMP", Operation::Report, Response),
    p("SUBSCRIBE", Operation::Subscribe, Request),
    p("SUBACK", Operation::Subscribe, Response),
    p("UNSUBSCRIBE", Operation::Subscribe, Request),
    p("UNSUBACK", Operation::Subscribe, Response),
    p("PINGREQ", Operation::Session, Request),
    p("PINGRESP", Operation::Session, Response),
    p("DISCONNECT", Operation::Session, Request),
    p("AUTH", Operation::Session, Request),
];

pub(crate) const CONNECT: u8 = 1;
pub(crate) const CONNACK: u8 = 2;
pub(crate) const PUBLISH: u8 = 3;
pub(crate) const PUBACK: u8 = 4;
pub(crate) const PUBREC: u8 = 5;
pub(crate) const PUBREL: u8 = 6;
pub(crate) const PUBCOMP: u8 = 7;
pub(crate) const SUBSCRIBE: u8 = 8;
pub(crate) const SUBACK: u8 = 9;
pub(crate) const UNSUBSCRIBE: u8 = 10;
pub(crate) const UNSUBACK: u8 = 11;
pub(crate) const PINGREQ: u8 = 12;
pub(crate) const PINGRESP: u8 = 13;
pub(crate) const DISCONNECT: u8 = 14;

/// What a packet of a number is.
pub(crate) fn packet(number: u8) -> Option<Packet> {
    PACKETS.get(usize::from(number.checked_sub(1)?)).copied()
}

/// Sparkplug's message types (section 6.4): those that command write to a node or device.
pub(crate) const SPARKPLUG: &[(&[u8], &str, Operation, MessageKind)] = &[
    (b"NBIRTH", "PUBLISH NBIRTH", Operation::Report, Unsolicited),
    (b"NDEATH", "PUBLISH NDEATH", Operation::Report, Unsolicited),
    (b"NDATA", "PUBLISH NDATA", Operation::Report, Unsolicited),
    (b"NCMD", "PUBLISH NCMD", Operation::Write, Request),
    (b"DBIRTH", "PUBLISH DBIRTH", Operation::Report, Unsolicited),
    (b"DDEATH", "PUBLISH DDEATH", Operation::Report, Unsolicited),
    (b"DDATA", "PUBLISH DDATA", Operation::Report, Unsolicited),
    (b"DCMD", "PUBLISH DCMD", Operation::Write, Request),
    (b"STATE", "PUBLISH STATE", Operation::Report, Unsolicited),
];

/// What a topic of Sparkplug B says: `spBv1.0/group/type/node/device`, or `spBv1.0/STATE/host`.
pub(crate) fn sparkplug(topic: &[u8]) -> Option<(&'static str, Operation, MessageKind)> {
    let mut parts = topic.strip_prefix(b"spBv1.0/")?.split(|byte| *byte == b'/');
    let (group, kind) = (parts.next()?, parts.next()?);
    let word = if group == b"STATE" { group } else { kind };
    let found = SPARKPLUG.iter().find(|(known, ..)| *known == word);
    found.map(|(_, name, operation, kind)| (*name, *operation, *kind))
}

/// Reasons a connection is refused for, of version 3 (section 3.2.2.3) and 5 (section 3.2.2.2).
pub(crate) const REASONS: &[(u8, &str)] = &[
    (1, "unacceptable protocol version"),
    (2, "identifier rejected"),
    (3, "server unavailable"),
    (4, "bad user name or password"),
    (5, "not authorized"),
    (0x80, "unspecified error"),
    (0x81, "malformed packet"),
    (0x82, "protocol error"),
    (0x84, "unsupported protocol version"),
    (0x85, "client identifier not valid"),
    (0x86, "bad user name or password"),
    (0x87, "not authorized"),
    (0x88, "server unavailable"),
    (0x89, "server busy"),
    (0x8a, "banned"),
    (0x8d, "keep alive timeout"),
    (0x8e, "session taken over"),
    (0x90, "topic name invalid"),
    (0x97, "quota exceeded"),
];

/// The name of a reason.
pub(crate) fn reason(code: u8) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| name)
}
