//! A conversation's identity, the same for both directions, and its keyed hash.

use crate::sip;
use picket_event::{Endpoints, Mac, Transport};
use picket_packet::{Decoded, Network, Plain, Upper};
use std::net::IpAddr;

/// Both ends in a fixed order, the protocol, and for layer 2 the link type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlowKey {
    low: u128,
    high: u128,
    low_port: u16,
    high_port: u16,
    /// IP protocol; 0 for layer 2.
    protocol: u8,
    family: Family,
    /// LINKTYPE_ number for layer 2; 1 for an ICMP message that has no counterpart.
    extra: u16,
}

/// What the ends are, in one byte, so that keys are compared as plain numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Family(u8);

impl Family {
    const V4: Self = Self(0);
    const V6: Self = Self(1);
    /// Below IP; with the next bits, what is known of it.
    const LINK: u8 = 0x80;
    const HAS_LOW: u8 = 1;
    const HAS_HIGH: u8 = 2;
    const HAS_TYPE: u8 = 4;

    fn link(has_low: bool, has_high: bool, has_type: bool) -> Self {
        let bit = |is: bool, bit: u8| if is { bit } else { 0 };
        Self(Self::LINK | bit(has_low, Self::HAS_LOW) | bit(has_high, Self::HAS_HIGH) | bit(has_type, Self::HAS_TYPE))
    }

    const fn is_link(self) -> bool {
        self.0 & Self::LINK != 0
    }
}

/// A key with the side its sender is on.
#[derive(Clone, Copy, Debug)]
pub struct Keyed {
    /// The conversation.
    pub key: FlowKey,
    /// Whether the sender is the key's first end.
    pub from_low: bool,
    /// Whether the ports show that the sender is the client (ICMP requests; see
    /// [`crate::client_is_sender`] for TCP and UDP).
    pub from_client: bool,
}

/// Request types of ICMP with the type that answers them (FACTS of Community ID version 1).
const ICMP_REQUESTS: &[(u8, u8)] = &[(8, 0), (13, 14), (15, 16), (10, 9), (17, 18)];
/// Likewise for ICMPv6.
const ICMP6_REQUESTS: &[(u8, u8)] = &[(128, 129), (133, 134), (135, 136), (130, 131), (139, 140), (144, 145)];

impl FlowKey {
    /// The key of a decoded packet. `None` where neither IP with a readable transport nor a link layer
    /// is there.
    #[must_use]
    #[inline]
    pub fn of(decoded: &Decoded<'_>, link_type: u16) -> Option<Keyed> {
        match (&decoded.network, &decoded.upper) {
            (Some(network), Some(upper)) => Some(Self::ip(network, upper)),
            (Some(_), None) => None,
            (None, _) => Some(Self::link(decoded, link_type)),
        }
    }

    /// The key of a packet over IP.
    #[must_use]
    #[inline]
    pub fn ip(network: &Network, upper: &Upper) -> Keyed {
        let (src_port, dest_port, from_client, extra) = match *upper {
            Upper::Tcp(tcp) => ports(tcp.src_port, tcp.dest_port),
            Upper::Udp { src_port, dest_port } | Upper::Sctp { src_port, dest_port } => ports(src_port, dest_port),
            Upper::Icmp { kind, code } => icmp(network.protocol, kind, code),
            Upper::Other => (0, 0, true, 0),
        };
        let (src, dest, family) = match (network.src, network.dest) {
            (IpAddr::V4(src), IpAddr::V4(dest)) => (u32::from(src).into(), u32::from(dest).into(), Family::V4),
            (src, dest) => (wide(src), wide(dest), Family::V6),
        };
        // A one-way ICMP message keeps its ports in the sender's order and stands apart by direction.
        let from_low = (src, src_port) <= (dest, dest_port);
        let extra = if extra != 0 && !from_low { 2 } else { extra };
        let from_low_key = if from_low { (src, src_port, dest, dest_port) } else { (dest, dest_port, src, src_port) };
        let (low, low_port, high, high_port) = from_low_key;
        let key = Self { low, high, low_port, high_port, protocol: network.protocol, family, extra };
        Keyed { key, from_low, from_client }
    }

    /// The key of a plain packet: that of [`FlowKey::of`], in one go.
    #[must_use]
    #[inline]
    pub fn plain(packet: &Plain<'_>) -> Keyed {
        let (src_port, dest_port) = match packet.upper {
            Upper::Tcp(tcp) => (tcp.src_port, tcp.dest_port),
            Upper::Udp { src_port, dest_port } | Upper::Sctp { src_port, dest_port } => (src_port, dest_port),
            Upper::Icmp { .. } | Upper::Other => (0, 0),
        };
        let end = |address: u32, port: u16| u64::from(address) << 16 | u64::from(port);
        let (src, dest) = (end(packet.src, src_port), end(packet.dest, dest_port));
        let (low, high) = (src.min(dest), src.max(dest));
        let key = Self {
            low: (low >> 16).into(),
            high: (high >> 16).into(),
            low_port: low as u16,
            high_port: high as u16,
            protocol: packet.protocol,
            family: Family::V4,
            extra: 0,
        };
        Keyed { key, from_low: src <= dest, from_client: true }
    }

    fn link(decoded: &Decoded<'_>, link_type: u16) -> Keyed {
        let number = |mac: Option<[u8; 6]>| mac.map_or(0, mac_number);
        let (src, dest) = (number(decoded.link.src), number(decoded.link.dest));
        let (has_src, has_dest) = (decoded.link.src.is_some(), decoded.link.dest.is_some());
        let from_low = src <= dest;
        let (low, high) = if from_low { (src, dest) } else { (dest, src) };
        let (has_low, has_high) = if from_low { (has_src, has_dest) } else { (has_dest, has_src) };
        let family = Family::link(has_low, has_high, decoded.link.ether_type.is_some());
        let low_port = decoded.link.ether_type.unwrap_or(0);
        let key = Self { low, high, low_port, high_port: 0, protocol: 0, family, extra: link_type };
        Keyed { key, from_low, from_client: true }
    }

    /// The keyed hash, the same for both directions. SipHash-1-3: nobody without the key can aim at a bucket.
    #[must_use]
    #[inline]
    pub fn hash(&self, key: [u64; 2]) -> u64 {
        let rest = u64::from(self.low_port) << 48
            | u64::from(self.high_port) << 32
            | u64::from(self.extra) << 16
            | u64::from(self.protocol);
        if self.family == Family::V4 {
            // Both addresses fit 64 bits.
            return sip::hash(key, [(self.low << 32 | self.high) as u64, rest]);
        }
        self.hash_wide(key, rest)
    }

    /// Apart, so that the other is short enough to be worked out where the key is made.
    #[inline(never)]
    fn hash_wide(&self, key: [u64; 2], rest: u64) -> u64 {
        let halves = |wide: u128| ((wide >> 64) as u64, wide as u64);
        let ((a, b), (c, d)) = (halves(self.low), halves(self.high));
        sip::hash(key, [a, b, c, d, rest])
    }

    /// The transport; `None` below IP.
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        (!self.family.is_link()).then_some(Transport(self.protocol))
    }

    /// Whether it runs over TCP.
    #[must_use]
    #[inline]
    pub fn is_tcp(&self) -> bool {
        self.protocol == Transport::TCP.0
    }

    /// Both ends, the client first.
    #[must_use]
    pub fn endpoints(&self, client_low: bool) -> Endpoints {
        let mut ends = Endpoints::Link { src: None, dest: None, ether_type: None, link_type: 0 };
        self.write_endpoints(client_low, &mut ends);
        ends
    }

    /// Writes both ends, the client first, to where they are read, each kind as a whole: of what is returned or put together
    /// the parts would be copied while they are still on their way to memory, once for every packet.
    #[inline(never)]
    pub fn write_endpoints(&self, client_low: bool, to: &mut Endpoints) {
        if self.family.is_link() {
            *to = self.link_ends(client_low);
            return;
        }
        let Self { low, high, low_port, high_port, protocol, family, extra } = *self;
        let (src, src_port, dest, dest_port) =
            if client_low { (low, low_port, high, high_port) } else { (high, high_port, low, low_port) };
        let transport = Transport(protocol);
        // Events give ICMP's type and code; a message with a counterpart has code 0.
        let icmp = matches!(transport, Transport::ICMP | Transport::ICMP6);
        let dest_port = if icmp && extra == 0 { 0 } else { dest_port };
        if family == Family::V4 {
            let (src, dest) = (IpAddr::V4((src as u32).into()), IpAddr::V4((dest as u32).into()));
            *to = Endpoints::Ip { src, src_port, dest, dest_port, transport };
        } else {
            let (src, dest) = (IpAddr::V6(src.into()), IpAddr::V6(dest.into()));
            *to = Endpoints::Ip { src, src_port, dest, dest_port, transport };
        }
    }

    #[cold]
    fn link_ends(&self, client_low: bool) -> Endpoints {
        let known = |bit: u8| self.family.0 & bit != 0;
        let ends = Endpoints::Link {
            src: known(Family::HAS_LOW).then(|| mac(self.low)),
            dest: known(Family::HAS_HIGH).then(|| mac(self.high)),
            ether_type: known(Family::HAS_TYPE).then_some(self.low_port),
            link_type: self.extra,
        };
        if client_low { ends } else { ends.swapped() }
    }
}

#[inline]
fn ports(src: u16, dest: u16) -> (u16, u16, bool, u16) {
    (src, dest, true, 0)
}

fn icmp(protocol: u8, kind: u8, code: u8) -> (u16, u16, bool, u16) {
    let pairs = if protocol == Transport::ICMP.0 { ICMP_REQUESTS } else { ICMP6_REQUESTS };
    for (request, answer) in pairs {
        if kind == *request {
            return (kind.into(), (*answer).into(), true, 0);
        }
        if kind == *answer {
            return (kind.into(), (*request).into(), false, 0);
        }
    }
    (kind.into(), code.into(), true, 1)
}

fn wide(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(v4) => u32::from(v4).into(),
        IpAddr::V6(v6) => v6.into(),
    }
}

fn mac_number(bytes: [u8; 6]) -> u128 {
    bytes.iter().fold(0, |number, byte| number << 8 | u128::from(*byte))
}

fn mac(number: u128) -> Mac {
    let [.., a, b, c, d, e, f] = number.to_be_bytes();
    Mac([a, b, c, d, e, f])
}
