//! The Internet checksum (RFC 1071) of IPv4, TCP, UDP, ICMP and ICMPv6.

use crate::{Network, Stop, WireLen};
use std::net::IpAddr;

/// Whether checksums are looked at.
///
/// Captures on a host that leaves checksums to its interface hold wrong ones of its own packets, so that they are
/// ignored unless asked for; at a span port a wrong one shows a packet that its receiver will drop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Checksums {
    /// Not looked at.
    #[default]
    Ignore,
    /// A packet with a wrong one is not decoded: its receiver drops it too.
    Check,
}

/// The one's complement sum of 16-bit words, an odd byte filled up with zero.
fn sum(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    // 2^32 is 1 modulo 2^16 - 1, so words of four bytes give the same sum.
    let total: u64 = words.iter().map(|word| u64::from(u32::from_be_bytes(*word))).sum();
    let last = match *rest {
        [a, b, c] => u32::from_be_bytes([a, b, c, 0]),
        [a, b] => u32::from_be_bytes([a, b, 0, 0]),
        [a] => u32::from_be_bytes([a, 0, 0, 0]),
        _ => 0,
    };
    total + u64::from(last)
}

/// Whether sums that include the checksum come out right: all ones.
const fn is_right(mut total: u64) -> bool {
    while total > 0xffff {
        total = (total & 0xffff) + (total >> 16);
    }
    total == 0xffff
}

/// Whether an IPv4 header, options included, has its right checksum.
pub(crate) fn is_right_ipv4(header: &[u8]) -> bool {
    is_right(sum(header))
}

/// What is wrong with a transport's packet; nothing where the capture cut it or it carries no checksum.
pub(crate) fn transport(network: &Network, data: &[u8], wire: WireLen) -> Option<Stop> {
    if data.len() as u64 != u64::from(wire.0) {
        return None;
    }
    let pseudo = |protocol: u8, length: usize| {
        let addresses = match (network.src, network.dest) {
            (IpAddr::V4(src), IpAddr::V4(dest)) => sum(&src.octets()) + sum(&dest.octets()),
            (IpAddr::V6(src), IpAddr::V6(dest)) => sum(&src.octets()) + sum(&dest.octets()),
            _ => 0,
        };
        addresses + u64::from(protocol) + length as u64
    };
    match network.protocol {
        6 => (!is_right(pseudo(6, data.len()) + sum(data))).then_some(Stop::ChecksumTcp),
        17 => {
            let &[_, _, _, _, high, low, check_high, check_low] = data.first_chunk::<8>()?;
            // Zero says that none was made (RFC 768; RFC 6935 for tunnels over IPv6).
            if [check_high, check_low] == [0, 0] {
                return None;
            }
            let length = usize::from(u16::from_be_bytes([high, low]));
            let data = data.get(..length).filter(|data| data.len() >= 8).unwrap_or(data);
            (!is_right(pseudo(17, data.len()) + sum(data))).then_some(Stop::ChecksumUdp)
        }
        1 => (!is_right(sum(data))).then_some(Stop::ChecksumIcmp),
        58 => (!is_right(pseudo(58, data.len()) + sum(data))).then_some(Stop::ChecksumIcmp),
        _ => None,
    }
}
