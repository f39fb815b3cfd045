//! MPLS label stacks (RFC 3032), and what is behind them: IP, or an Ethernet pseudo-wire with or without its
//! control word (RFC 4448). The labels do not say which; the first bytes do, as RFC 4928 has it.

use crate::network::{ETHER_IPV4, ETHER_IPV6};
use crate::tunnel::MAX_TUNNEL_DEPTH;
use crate::{Decoded, Frame, Layer, Link, Stop, checksum, link, wire_above};
use picket_reader::Reader;

/// Labels read at most.
pub const MAX_LABELS: usize = 16;

/// Types that let bytes pass for an Ethernet header: IP, ARP, VLAN tags, MPLS, PPPoE and slow protocols.
const ETHERNET_TYPES: [u16; 11] =
    [0x0800, 0x0806, 0x8100, 0x86dd, 0x8809, 0x8847, 0x8848, 0x8863, 0x8864, 0x88a8, 0x88cc];

/// Reads a label stack. What is behind it and cannot be told stays a conversation of the link.
#[cold]
#[inline(never)]
pub(crate) fn decode<'a>(layer: &Layer<'_, 'a>, link: Link, stack: &'a [u8]) -> Decoded<'a> {
    let mut reader = Reader::new(stack);
    for _ in 0..MAX_LABELS {
        let Ok([_, _, third, _]) = reader.array::<4>("MPLS label") else {
            return Decoded::stopped(link, stack, Stop::MplsTruncated);
        };
        if third & 1 == 1 {
            return behind(layer, link, stack, reader.rest());
        }
    }
    Decoded::stopped(link, stack, Stop::MplsDepth)
}

fn behind<'a>(layer: &Layer<'_, 'a>, link: Link, stack: &'a [u8], rest: &'a [u8]) -> Decoded<'a> {
    let whole = Decoded::begin(link, stack, wire_above(layer, stack.len()));
    match rest.first().map(|first| first >> 4) {
        // A destination address may begin like an IP version; a header's checksum does not come right by chance.
        Some(4) if is_ethernet(rest) && !has_right_checksum(rest) => pseudo_wire(layer, whole, rest),
        Some(4) => link::typed(layer, link, ETHER_IPV4, rest),
        Some(6) => {
            let decoded = link::typed(layer, link, ETHER_IPV6, rest);
            let fits = decoded.stop.is_none() && decoded.payload_wire <= wire_above(layer, rest.len());
            if fits || !is_ethernet(rest) { decoded } else { pseudo_wire(layer, whole, rest) }
        }
        // A control word of zeroes but for flags and a sequence number.
        Some(0) => match rest.split_at_checked(4) {
            Some((_, frame)) if is_ethernet(frame) => pseudo_wire(layer, whole, frame),
            _ if is_ethernet(rest) => pseudo_wire(layer, whole, rest),
            _ => whole,
        },
        Some(_) if is_ethernet(rest) => pseudo_wire(layer, whole, rest),
        _ => whole,
    }
}

fn has_right_checksum(ipv4: &[u8]) -> bool {
    let length = ipv4.first().map_or(0, |first| usize::from(first & 0x0f) * 4);
    ipv4.get(..length.max(20)).is_some_and(checksum::is_right_ipv4)
}

fn is_ethernet(bytes: &[u8]) -> bool {
    matches!(bytes.get(12..14), Some(&[high, low]) if ETHERNET_TYPES.contains(&u16::from_be_bytes([high, low])))
}

fn pseudo_wire<'a>(layer: &Layer<'_, 'a>, whole: Decoded<'a>, bytes: &'a [u8]) -> Decoded<'a> {
    if layer.depth >= MAX_TUNNEL_DEPTH {
        return Decoded { stop: Some(Stop::TunnelDepth), ..whole };
    }
    let frame = Frame { data: bytes, wire_len: wire_above(layer, bytes.len()), ..*layer.frame };
    let mut inner = link::ethernet(&Layer { frame: &frame, depth: layer.depth + 1, ..*layer });
    inner.link.vlan = whole.link.vlan.or(inner.link.vlan);
    inner
}
