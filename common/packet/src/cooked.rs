//! What hosts hand out instead of a link layer: the cooked captures of Linux, and loopback.
//! Layouts: tcpdump.org/linktypes.html.

use crate::link::{self, LEAST_ETHER_TYPE};
use crate::{Decoded, Layer, Link, Stop, wire_above};
use picket_reader::Reader;

const LINUX_802_2: u16 = 0x0004;

pub(crate) fn sll<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    let mut reader = Reader::new(layer.frame.data);
    let Ok(head) = reader.array::<16>("SLL header") else {
        return Decoded::stopped(Link::default(), layer.frame.data, Stop::CookedTruncated);
    };
    let [_, _, hardware_high, hardware_low, _, length, a, b, c, d, e, f, _, _, high, low] = head;
    let hardware = u16::from_be_bytes([hardware_high, hardware_low]);
    cooked(layer, hardware, length, [a, b, c, d, e, f], u16::from_be_bytes([high, low]), reader.rest())
}

pub(crate) fn sll2<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    let mut reader = Reader::new(layer.frame.data);
    let Ok(head) = reader.array::<20>("SLL2 header") else {
        return Decoded::stopped(Link::default(), layer.frame.data, Stop::CookedTruncated);
    };
    let [high, low, _, _, _, _, _, _, hardware_high, hardware_low, _, length, a, b, c, d, e, f, _, _] = head;
    let hardware = u16::from_be_bytes([hardware_high, hardware_low]);
    cooked(layer, hardware, length, [a, b, c, d, e, f], u16::from_be_bytes([high, low]), reader.rest())
}

/// What both cooked headers say: the sender's address alone, and a protocol type.
fn cooked<'a>(
    layer: &Layer<'_, 'a>,
    hardware: u16,
    length: u8,
    mac: [u8; 6],
    kind: u16,
    rest: &'a [u8],
) -> Decoded<'a> {
    /// ARPHRD_NETLINK and ARPHRD_IPGRE give the type another meaning.
    const NO_ETHER_TYPE: [u16; 2] = [824, 778];
    let link = Link { src: (length == 6).then_some(mac), ..Link::default() };
    if NO_ETHER_TYPE.contains(&hardware) {
        return Decoded::begin(link, rest, wire_above(layer, rest.len()));
    }
    if kind == LINUX_802_2 {
        let length = u16::try_from(rest.len().min(1500)).unwrap_or(1500);
        return link::ieee_802_2(layer, link, length, rest);
    }
    if kind < LEAST_ETHER_TYPE {
        return Decoded::begin(link, rest, wire_above(layer, rest.len()));
    }
    link::typed(layer, link, kind, rest)
}

/// LINKTYPE_NULL holds the address family in the capturing host's byte order, LINKTYPE_LOOP in the network's.
pub(crate) fn loopback<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    let Some((family, rest)) = layer.frame.data.split_first_chunk::<4>() else {
        return Decoded::stopped(Link::default(), layer.frame.data, Stop::LoopbackTruncated);
    };
    // The family is below 256 on every system, so the byte order can be told.
    let family = u32::from_be_bytes(*family).min(u32::from_le_bytes(*family));
    match family {
        // AF_INET; AF_INET6 of Linux, NetBSD, FreeBSD and macOS.
        2 | 10 | 24 | 28 | 30 => link::raw(layer, Link::default(), rest),
        _ => Decoded::stopped(Link::default(), rest, Stop::LoopbackFamily),
    }
}
