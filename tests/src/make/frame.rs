//! Ethernet, IP and UDP headers.

use super::Capture;
use std::net::IpAddr;

/// A machine: a MAC address and an IP address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// Its MAC address.
    pub mac: [u8; 6],
    /// Its address.
    pub ip: IpAddr,
}

impl Host {
    /// A machine by number (its locally administered MAC address) and address.
    ///
    /// # Panics
    /// When the text is no address: callers write it into their source.
    #[must_use]
    pub fn new(number: u32, ip: &str) -> Self {
        let [a, b, c, d] = number.to_be_bytes();
        Self { mac: [0x02, 0x50, a, b, c, d], ip: ip.parse().unwrap_or_else(|_| panic!("{ip} is no address")) }
    }

    /// The bytes of its IPv4 address; nothing of an IPv6 one.
    #[must_use]
    pub const fn ip_octets(&self) -> [u8; 4] {
        match self.ip {
            IpAddr::V4(v4) => v4.octets(),
            IpAddr::V6(_) => [0; 4],
        }
    }
}

/// A frame below IP.
#[must_use]
pub fn layer2(from: [u8; 6], to: [u8; 6], ether_type: u16, payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(14 + payload.len());
    frame.extend(to);
    frame.extend(from);
    frame.extend(ether_type.to_be_bytes());
    frame.extend(payload);
    frame
}

/// Adds one datagram.
pub fn udp(capture: &mut Capture, time_ns: i64, from: (&Host, u16), to: (&Host, u16), payload: &[u8]) {
    let length = u16::try_from(payload.len() + 8).unwrap_or(u16::MAX);
    let mut segment = Vec::with_capacity(payload.len() + 8);
    for word in [from.1, to.1, length, 0] {
        segment.extend(word.to_be_bytes());
    }
    segment.extend(payload);
    capture.push(time_ns, over_ip(from.0, to.0, 17, segment, Some(6)));
}

/// Adds one message of ICMPv6: type, code, and what stands behind the checksum.
pub fn icmp6(capture: &mut Capture, time_ns: i64, from: &Host, to: &Host, kind: (u8, u8), body: &[u8]) {
    let segment = [&[kind.0, kind.1, 0, 0][..], body].concat();
    capture.push(time_ns, over_ip(from, to, 58, segment, Some(2)));
}

/// An Ethernet frame of an IP packet; `checksum_at` is where the segment's checksum stands, where it has one.
pub(super) fn over_ip(
    from: &Host,
    to: &Host,
    protocol: u8,
    mut segment: Vec<u8>,
    checksum_at: Option<usize>,
) -> Vec<u8> {
    let length = u16::try_from(segment.len()).unwrap_or(u16::MAX);
    let mut pseudo = Vec::with_capacity(segment.len() + 40);
    let (ether_type, header) = match (from.ip, to.ip) {
        (IpAddr::V4(src), IpAddr::V4(dest)) => {
            pseudo.extend(src.octets());
            pseudo.extend(dest.octets());
            let mut header = vec![0x45, 0];
            header.extend((length + 20).to_be_bytes());
            header.extend([0, 0, 0x40, 0, 64, protocol, 0, 0]);
            header.extend(src.octets());
            header.extend(dest.octets());
            let sum = checksum(&header);
            header.splice(10..12, sum.to_be_bytes());
            (0x0800, header)
        }
        (src, dest) => {
            let (src, dest) = (v6(src), v6(dest));
            pseudo.extend(src);
            pseudo.extend(dest);
            let mut header = vec![0x60, 0, 0, 0];
            header.extend(length.to_be_bytes());
            header.extend([protocol, 64]);
            header.extend(src);
            header.extend(dest);
            (0x86dd, header)
        }
    };
    pseudo.extend([0, protocol]);
    pseudo.extend(length.to_be_bytes());
    pseudo.extend(&segment);
    let sum = match (checksum(&pseudo), protocol) {
        (0, 17) => 0xffff, // RFC 768: zero means that no checksum was made
        (sum, _) => sum,
    };
    if let Some(at) = checksum_at {
        segment.splice(at..at + 2, sum.to_be_bytes());
    }
    layer2(from.mac, to.mac, ether_type, &[header, segment].concat())
}

fn v6(ip: IpAddr) -> [u8; 16] {
    match ip {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

/// The Internet checksum (RFC 1071).
pub(super) fn checksum(bytes: &[u8]) -> u16 {
    let mut sum = 0u32;
    for pair in bytes.chunks(2) {
        let word = [pair.first().copied().unwrap_or(0), pair.get(1).copied().unwrap_or(0)];
        sum += u32::from(u16::from_be_bytes(word));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or(0)
}
