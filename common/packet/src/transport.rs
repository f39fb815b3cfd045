//! TCP (RFC 9293), UDP (RFC 768), ICMP (RFC 792), ICMPv6 (RFC 4443), SCTP (RFC 9260).

use crate::{Stop, WireLen};

/// What is above IP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Upper {
    /// TCP.
    Tcp(TcpHeader),
    /// UDP.
    Udp {
        /// The sender's port.
        src_port: u16,
        /// The receiver's port.
        dest_port: u16,
    },
    /// ICMP and ICMPv6; the network's protocol number says which.
    Icmp {
        /// The message's type.
        kind: u8,
        /// Its code.
        code: u8,
    },
    /// SCTP.
    Sctp {
        /// The sender's port.
        src_port: u16,
        /// The receiver's port.
        dest_port: u16,
    },
    /// Anything else; the network's protocol number says what.
    Other,
}

/// A TCP header without its options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpHeader {
    /// The sender's port.
    pub src_port: u16,
    /// The receiver's port.
    pub dest_port: u16,
    /// Sequence number of the first payload byte, or of SYN.
    pub seq: u32,
    /// Acknowledgement number; meaningless without the flag.
    pub ack: u32,
    /// Flags, as in the header's byte.
    pub flags: u8,
    /// Window, unscaled.
    pub window: u16,
}

#[allow(missing_docs)] // RFC 9293 section 3.1
impl TcpHeader {
    pub const FIN: u8 = 0x01;
    pub const SYN: u8 = 0x02;
    pub const RST: u8 = 0x04;
    pub const PSH: u8 = 0x08;
    pub const ACK: u8 = 0x10;

    /// Whether all of these flags are set.
    #[must_use]
    #[inline]
    pub const fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }
}

/// A transport header, its payload as captured, the payload's length on the wire, why it stopped.
pub(crate) type Read<'a> = (Option<Upper>, &'a [u8], WireLen, Option<Stop>);

pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;

/// Reads what an IP datagram carries that is neither TCP nor UDP: `data` is captured, `wire` its length by the IP header.
pub(crate) fn others(protocol: u8, data: &[u8], wire: WireLen) -> Read<'_> {
    match protocol {
        1 | 58 => match *data {
            [kind, code, _, _, ref rest @ ..] => {
                (Some(Upper::Icmp { kind, code }), rest, WireLen(wire.0.saturating_sub(4)), None)
            }
            _ => (None, data, wire, Some(Stop::IcmpTruncated)),
        },
        132 => match data.split_first_chunk::<12>() {
            Some((&[a, b, c, d, ..], rest)) => {
                let (src_port, dest_port) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
                (Some(Upper::Sctp { src_port, dest_port }), rest, WireLen(wire.0.saturating_sub(12)), None)
            }
            None => (None, data, wire, Some(Stop::SctpTruncated)),
        },
        _ => (Some(Upper::Other), data, wire, None),
    }
}

/// As [`others`], of TCP.
#[inline(always)]
pub(crate) fn tcp(data: &[u8], wire: WireLen) -> Read<'_> {
    let Some((head, rest)) = data.split_first_chunk::<20>() else {
        return (None, data, wire, Some(Stop::TcpTruncated));
    };
    let &[sa, sb, da, db, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] = head;
    let header = u32::from(offset >> 4) * 4;
    if header < 20 || header > wire.0 {
        return (None, data, wire, Some(Stop::TcpHeaderLength));
    }
    // Options may be cut by the snap length; the header's own fields are then still good.
    let payload = rest.get(header as usize - 20..).unwrap_or_default();
    let tcp = TcpHeader {
        src_port: u16::from_be_bytes([sa, sb]),
        dest_port: u16::from_be_bytes([da, db]),
        seq: u32::from_be_bytes([q0, q1, q2, q3]),
        ack: u32::from_be_bytes([a0, a1, a2, a3]),
        flags,
        window: u16::from_be_bytes([w0, w1]),
    };
    (Some(Upper::Tcp(tcp)), payload, WireLen(wire.0 - header), None)
}

/// As [`others`], of UDP.
#[inline(always)]
pub(crate) fn udp(data: &[u8], wire: WireLen) -> Read<'_> {
    let Some((&[sa, sb, da, db, len_high, len_low, _, _], rest)) = data.split_first_chunk::<8>() else {
        return (None, data, wire, Some(Stop::UdpTruncated));
    };
    let length = u32::from(u16::from_be_bytes([len_high, len_low]));
    // 0 is a jumbogram (RFC 2675) or segmentation offload: IP's length counts.
    let length = match length {
        0 => wire.0,
        1..8 => return (None, data, wire, Some(Stop::UdpLength)),
        _ => length.min(wire.0),
    };
    let payload_wire = WireLen(length.saturating_sub(8));
    let payload = rest.get(..payload_wire.0 as usize).unwrap_or(rest);
    let (src_port, dest_port) = (u16::from_be_bytes([sa, sb]), u16::from_be_bytes([da, db]));
    (Some(Upper::Udp { src_port, dest_port }), payload, payload_wire, None)
}
