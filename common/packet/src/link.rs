//! Link layers: Ethernet (IEEE 802.3), VLAN tags (802.1Q, 802.1ad), the cooked captures of Linux, raw IP
//! and loopback. Layouts of the last three: tcpdump.org/linktypes.html.

use crate::network::{self, ETHER_IPV4, ETHER_IPV6};
use crate::{Decoded, Frame, Link, Stop, WireLen, wire_above};
use picket_reader::Reader;

/// LINKTYPE_ETHERNET.
pub const LINK_ETHERNET: u16 = 1;
const LINK_NULL: u16 = 0;
const LINK_LOOP: u16 = 108;
const LINK_SLL: u16 = 113;
const LINK_SLL2: u16 = 276;

/// VLAN tags read at most.
pub const MAX_VLAN_DEPTH: usize = 8;

/// The least value of the type field that is a type and not a length (IEEE 802.3 section 3.2.6).
const LEAST_ETHER_TYPE: u16 = 0x0600;
const LINUX_802_2: u16 = 0x0004;

#[inline]
pub(crate) fn decode(frame: Frame<'_>) -> Decoded<'_> {
    match frame.link_type {
        LINK_ETHERNET => ethernet(frame),
        LINK_SLL => sll(frame),
        LINK_SLL2 => sll2(frame),
        // LINKTYPE_RAW and the numbers some systems' DLT_RAW has; 228 and 229 say the version.
        12 | 14 | 101 | 228 | 229 => raw(&frame, Link::default(), frame.data),
        LINK_NULL | LINK_LOOP => loopback(frame),
        other => Decoded::stopped(Link::default(), frame.data, Stop::LinkType(other)),
    }
}

#[inline]
fn ethernet(frame: Frame<'_>) -> Decoded<'_> {
    let Some((dest, rest)) = frame.data.split_first_chunk::<6>() else {
        return Decoded::stopped(Link::default(), frame.data, Stop::EthernetTruncated);
    };
    let Some((src, rest)) = rest.split_first_chunk::<6>() else {
        return Decoded::stopped(Link::default(), frame.data, Stop::EthernetTruncated);
    };
    let link = Link { src: Some(*src), dest: Some(*dest), ..Link::default() };
    let Some((kind, rest)) = rest.split_first_chunk::<2>() else {
        return Decoded::stopped(link, rest, Stop::EthernetTruncated);
    };
    typed(&frame, link, u16::from_be_bytes(*kind), rest)
}

/// Goes on behind a type field: VLAN tags, IP, an IEEE 802.2 frame, or anything else as it is.
#[inline]
fn typed<'a>(frame: &Frame<'a>, mut link: Link, mut kind: u16, mut rest: &'a [u8]) -> Decoded<'a> {
    let mut depth = 0;
    while matches!(kind, 0x8100 | 0x88a8 | 0x9100 | 0x9200) {
        if depth == MAX_VLAN_DEPTH {
            return Decoded::stopped(link, rest, Stop::VlanDepth);
        }
        depth += 1;
        let Some((&[tag_high, tag_low, kind_high, kind_low], behind)) = rest.split_first_chunk::<4>() else {
            return Decoded::stopped(link, rest, Stop::VlanTruncated);
        };
        link.vlan = link.vlan.or(Some(u16::from_be_bytes([tag_high, tag_low]) & 0x0fff));
        kind = u16::from_be_bytes([kind_high, kind_low]);
        rest = behind;
    }
    link.ether_type = Some(kind);
    match kind {
        ETHER_IPV4 | ETHER_IPV6 => network::decode(frame, link, Some(kind), rest),
        length if length < LEAST_ETHER_TYPE => ieee_802_2(frame, link, length, rest),
        _ => Decoded::begin(link, rest, wire_above(frame, rest.len())),
    }
}

/// A frame with a length field: an IEEE 802.2 header follows. SNAP (DSAP 0xaa) names a type of its own.
fn ieee_802_2<'a>(frame: &Frame<'a>, mut link: Link, length: u16, rest: &'a [u8]) -> Decoded<'a> {
    let body = rest.get(..usize::from(length)).unwrap_or(rest);
    // A length of 0 is not padding but a field that was left empty: all that is there belongs to it.
    let (body, wire) = if length == 0 { (rest, wire_above(frame, rest.len())) } else { (body, WireLen(length.into())) };
    link.ether_type = Some(body.first().copied().unwrap_or(0).into());
    let mut reader = Reader::new(body);
    let snap = reader.array::<8>("SNAP header").ok();
    match snap {
        Some([0xaa, 0xaa, 0x03, 0, 0, 0, high, low]) => {
            let kind = u16::from_be_bytes([high, low]);
            link.ether_type = Some(kind);
            if matches!(kind, ETHER_IPV4 | ETHER_IPV6) {
                return network::decode(frame, link, Some(kind), reader.rest());
            }
            Decoded::begin(link, reader.rest(), WireLen(wire.0.saturating_sub(8)))
        }
        Some([0xaa, 0xaa, 0x03, _, _, _, high, low]) => {
            link.ether_type = Some(u16::from_be_bytes([high, low]));
            Decoded::begin(link, reader.rest(), WireLen(wire.0.saturating_sub(8)))
        }
        _ => Decoded::begin(link, body, wire),
    }
}

fn sll(frame: Frame<'_>) -> Decoded<'_> {
    let mut reader = Reader::new(frame.data);
    let Ok(head) = reader.array::<16>("SLL header") else {
        return Decoded::stopped(Link::default(), frame.data, Stop::CookedTruncated);
    };
    let [_, _, hardware_high, hardware_low, _, length, a, b, c, d, e, f, _, _, high, low] = head;
    let hardware = u16::from_be_bytes([hardware_high, hardware_low]);
    cooked(&frame, hardware, length, [a, b, c, d, e, f], u16::from_be_bytes([high, low]), reader.rest())
}

fn sll2(frame: Frame<'_>) -> Decoded<'_> {
    let mut reader = Reader::new(frame.data);
    let Ok(head) = reader.array::<20>("SLL2 header") else {
        return Decoded::stopped(Link::default(), frame.data, Stop::CookedTruncated);
    };
    let [high, low, _, _, _, _, _, _, hardware_high, hardware_low, _, length, a, b, c, d, e, f, _, _] = head;
    let hardware = u16::from_be_bytes([hardware_high, hardware_low]);
    cooked(&frame, hardware, length, [a, b, c, d, e, f], u16::from_be_bytes([high, low]), reader.rest())
}

/// What both cooked headers say: the sender's address alone, and a protocol type.
fn cooked<'a>(frame: &Frame<'a>, hardware: u16, length: u8, mac: [u8; 6], kind: u16, rest: &'a [u8]) -> Decoded<'a> {
    /// ARPHRD_NETLINK and ARPHRD_IPGRE give the type another meaning.
    const NO_ETHER_TYPE: [u16; 2] = [824, 778];
    let link = Link { src: (length == 6).then_some(mac), ..Link::default() };
    if NO_ETHER_TYPE.contains(&hardware) {
        return Decoded::begin(link, rest, wire_above(frame, rest.len()));
    }
    if kind == LINUX_802_2 {
        let length = u16::try_from(rest.len().min(1500)).unwrap_or(1500);
        return ieee_802_2(frame, link, length, rest);
    }
    if kind < LEAST_ETHER_TYPE {
        return Decoded::begin(link, rest, wire_above(frame, rest.len()));
    }
    typed(frame, link, kind, rest)
}

/// LINKTYPE_NULL holds the address family in the capturing host's byte order, LINKTYPE_LOOP in the network's.
fn loopback(frame: Frame<'_>) -> Decoded<'_> {
    let Some((family, rest)) = frame.data.split_first_chunk::<4>() else {
        return Decoded::stopped(Link::default(), frame.data, Stop::LoopbackTruncated);
    };
    // The family is below 256 on every system, so the byte order can be told.
    let family = u32::from_be_bytes(*family).min(u32::from_le_bytes(*family));
    match family {
        // AF_INET; AF_INET6 of Linux, NetBSD, FreeBSD and macOS.
        2 | 10 | 24 | 28 | 30 => raw(&frame, Link::default(), rest),
        _ => Decoded::stopped(Link::default(), rest, Stop::LoopbackFamily),
    }
}

/// IP without a link header.
#[inline]
fn raw<'a>(frame: &Frame<'a>, link: Link, rest: &'a [u8]) -> Decoded<'a> {
    if rest.is_empty() {
        return Decoded::stopped(link, rest, Stop::Empty);
    }
    network::decode(frame, link, None, rest)
}
