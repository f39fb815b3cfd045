//! Tunnels over UDP: believed where the port and the structure agree.

use super::{Content, Inside, TunnelKind, enter};
use crate::{Decoded, Divided, Fragment, Layer, Upper, VlanIds, WireLen, network};
use picket_reader::{Fault, Reader};

const L2TP: u16 = 1701;
const GTP: u16 = 2152;
const TEREDO: u16 = 3544;
const VXLAN: u16 = 4789;
const VXLAN_GPE: u16 = 4790;
const CAPWAP: u16 = 5247;
const GENEVE: u16 = 6081;
const MPLS: u16 = 6635;
/// Where Linux put VXLAN before it had a number, and still does unless told otherwise.
const VXLAN_LINUX: u16 = 8472;

/// GTP-U extension headers stepped over at most.
const GTP_EXTENSIONS_MAX: usize = 8;

/// Whether these ports are worth a look. The senders of VXLAN, Geneve and MPLS choose their own port.
#[inline]
pub(crate) const fn is_candidate(src_port: u16, dest_port: u16) -> bool {
    matches!(dest_port, L2TP | GTP | TEREDO | VXLAN | VXLAN_GPE | CAPWAP | GENEVE | MPLS | VXLAN_LINUX)
        || matches!(src_port, L2TP | GTP | TEREDO | CAPWAP)
}

/// Reads what a datagram between such ports holds; the datagram as it is, where that is no tunnel's packet.
#[cold]
#[inline(never)]
pub(crate) fn unwrap<'a>(layer: &Layer<'_, 'a>, outer: Decoded<'a>) -> Decoded<'a> {
    let Some(Upper::Udp { src_port, dest_port }) = outer.upper else { return outer };
    let inside = match (src_port, dest_port) {
        (_, VXLAN | VXLAN_LINUX) => vxlan(outer.payload),
        (_, VXLAN_GPE) => vxlan_gpe(outer.payload),
        (_, GENEVE) => geneve(outer.payload),
        (_, MPLS) => mpls(outer.payload),
        (_, GTP) | (GTP, _) => gtp(outer.payload),
        (_, TEREDO) | (TEREDO, _) => teredo(outer.payload),
        (_, CAPWAP) | (CAPWAP, _) => capwap(outer.payload),
        _ => l2tp(outer.payload),
    };
    let Ok(Some(Found { kind, content, id, fragment, reader })) = inside else { return outer };
    let wire = WireLen(outer.payload_wire.0.saturating_sub(u32::try_from(reader.position()).unwrap_or(0)));
    if let Some(fragment) = fragment {
        // Parts are put together by where they begin, in eights.
        if reader.is_empty() || (fragment.more && !wire.0.is_multiple_of(8)) {
            return outer;
        }
        let end = if src_port == CAPWAP { dest_port } else { src_port };
        let fragment = Some(Fragment { id: u32::from(end) << 16 | fragment.id, ..fragment });
        return Decoded { fragment, upper: None, segment: &[], payload: reader.peek(), payload_wire: wire, ..outer };
    }
    let inside = Inside { kind, content, bytes: reader.peek(), wire, id, vlan: VlanIds::NONE };
    let inner = enter(layer, outer, &inside);
    // What does not decode was no tunnel's packet, unless the capture cut it.
    let is_cut = outer.payload.len() < outer.payload_wire.0 as usize;
    if inner.unread.is_some() && !is_cut { Decoded { unread: None, ..inner } } else { inner }
}

struct Found<'a> {
    kind: TunnelKind,
    content: Content,
    id: Option<u32>,
    /// Where it is one part of what is inside.
    fragment: Option<Fragment>,
    reader: Reader<'a>,
}

type Tried<'a> = Result<Option<Found<'a>>, Fault>;

fn found(kind: TunnelKind, content: Content, id: Option<u32>, reader: Reader<'_>) -> Tried<'_> {
    Ok(Some(Found { kind, content, id, fragment: None, reader }))
}

/// A network's number of 24 bits.
fn network_id([a, b, c]: [u8; 3]) -> Option<u32> {
    Some(u32::from_be_bytes([0, a, b, c]))
}

/// RFC 7348 section 5: the I flag, and zero in the last byte. Group policy uses other flags and the bytes between.
fn vxlan(payload: &[u8]) -> Tried<'_> {
    let mut reader = Reader::new(payload);
    let [flags, _, _, _, a, b, c, last] = reader.array::<8>("VXLAN header")?;
    if flags & 0x08 == 0 || last != 0 {
        return Ok(None);
    }
    found(TunnelKind::Vxlan, Content::Ethernet, network_id([a, b, c]), reader)
}

/// draft-ietf-nvo3-vxlan-gpe: the next protocol stands in the fourth byte where the P flag is set.
fn vxlan_gpe(payload: &[u8]) -> Tried<'_> {
    let mut reader = Reader::new(payload);
    let [flags, _, _, next, a, b, c, last] = reader.array::<8>("VXLAN header")?;
    if flags & 0xf8 != 0x08 || last != 0 {
        return Ok(None);
    }
    let content = match (flags & 0x04, next) {
        (0, _) | (_, 3) => Content::Ethernet,
        (_, 1) => Content::Typed(network::ETHER_IPV4),
        (_, 2) => Content::Typed(network::ETHER_IPV6),
        _ => return Ok(None),
    };
    found(TunnelKind::Vxlan, content, network_id([a, b, c]), reader)
}

/// RFC 8926 section 3.4.
fn geneve(payload: &[u8]) -> Tried<'_> {
    let mut reader = Reader::new(payload);
    let [first, flags, high, low, a, b, c, reserved] = reader.array::<8>("Geneve header")?;
    if first >> 6 != 0 || flags & 0x3f != 0 || reserved != 0 {
        return Ok(None);
    }
    reader.skip(usize::from(first & 0x3f) * 4, "Geneve options")?;
    let content = match u16::from_be_bytes([high, low]) {
        0x6558 => Content::Ethernet,
        kind @ (network::ETHER_IPV4 | network::ETHER_IPV6) => Content::Typed(kind),
        _ => return Ok(None),
    };
    found(TunnelKind::Geneve, content, network_id([a, b, c]), reader)
}

/// RFC 7510: the label stack at once.
fn mpls(payload: &[u8]) -> Tried<'_> {
    found(TunnelKind::Mpls, Content::Mpls, None, Reader::new(payload))
}

/// 3GPP TS 29.281 section 5: version 1, GTP (not GTP'), a G-PDU.
fn gtp(payload: &[u8]) -> Tried<'_> {
    const OPTIONAL: u8 = 0x07;
    const EXTENSION: u8 = 0x04;
    const G_PDU: u8 = 0xff;
    let mut reader = Reader::new(payload);
    let [flags, message, high, low, a, b, c, d] = reader.array::<8>("GTP-U header")?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if flags & 0xf8 != 0x30 || message != G_PDU || length == 0 {
        return Ok(None);
    }
    if flags & OPTIONAL != 0 {
        let [_, _, _, mut next] = reader.array::<4>("GTP-U optional fields")?;
        // Without its flag the field means nothing.
        next = if flags & EXTENSION == 0 { 0 } else { next };
        for _ in 0..GTP_EXTENSIONS_MAX {
            if next == 0 {
                break;
            }
            let units = usize::from(reader.u8("GTP-U extension length")?);
            if units == 0 {
                return Err(Fault::Malformed("GTP-U extension length"));
            }
            reader.skip(units * 4 - 2, "GTP-U extension")?;
            next = reader.u8("GTP-U next extension")?;
        }
        if next != 0 {
            return Err(Fault::Malformed("too many GTP-U extensions"));
        }
    }
    found(TunnelKind::Gtp, Content::Ip, Some(u32::from_be_bytes([a, b, c, d])), reader)
}

/// RFC 4380 section 5.1.1: an authentication and an origin indication may stand before the IPv6 packet.
fn teredo(payload: &[u8]) -> Tried<'_> {
    let mut reader = Reader::new(payload);
    if reader.peek().starts_with(&[0, 1]) {
        reader.skip(2, "Teredo authentication")?;
        let [identifier, value] = reader.array::<2>("Teredo authentication")?;
        // Nonce and confirmation take nine bytes.
        reader.skip(usize::from(identifier) + usize::from(value) + 9, "Teredo authentication")?;
    }
    if reader.peek().starts_with(&[0, 0]) {
        reader.skip(8, "Teredo origin")?;
    }
    found(TunnelKind::Teredo, Content::Typed(network::ETHER_IPV6), None, reader)
}

/// RFC 2661 section 3.1: data messages of version 2.
fn l2tp(payload: &[u8]) -> Tried<'_> {
    const CONTROL: u16 = 0x8000;
    const LENGTH: u16 = 0x4000;
    const SEQUENCE: u16 = 0x0800;
    const OFFSET: u16 = 0x0200;
    const RESERVED: u16 = 0x34f0;
    let mut reader = Reader::new(payload);
    let flags = reader.u16("L2TP flags")?;
    if flags & 0x000f != 2 || flags & (CONTROL | RESERVED) != 0 {
        return Ok(None);
    }
    if flags & LENGTH != 0 {
        reader.skip(2, "L2TP length")?;
    }
    let session = reader.u32("L2TP session")?;
    if flags & SEQUENCE != 0 {
        reader.skip(4, "L2TP sequence numbers")?;
    }
    if flags & OFFSET != 0 {
        let offset = reader.u16("L2TP offset")?;
        reader.skip(usize::from(offset), "L2TP offset")?;
    }
    found(TunnelKind::L2tp, Content::Ppp, Some(session), reader)
}

/// RFC 5415 section 4.3: data without DTLS, of IEEE 802.3 or of IEEE 802.11, whole or a fragment.
fn capwap(payload: &[u8]) -> Tried<'_> {
    const IEEE_802_11: u32 = 1;
    const NATIVE: u32 = 0x100;
    const FRAGMENT: u32 = 0x80;
    const LAST: u32 = 0x40;
    const KEEP_ALIVE: u32 = 0x08;
    const RESERVED: u32 = 0x07;
    let mut reader = Reader::new(payload);
    // Preamble (8 bits), length of the header in words (5), radio (5), kind of wireless (5), flags.
    let word = reader.u32("CAPWAP header")?;
    let place = reader.u32("CAPWAP fragment")?;
    let (preamble, words, wireless) = (word >> 24, (word >> 19 & 0x1f) as usize, word >> 9 & 0x1f);
    let rest = (words * 4).checked_sub(reader.position()).ok_or(Fault::Malformed("CAPWAP header length"))?;
    if preamble != 0 || word & KEEP_ALIVE != 0 {
        return Ok(None);
    }
    // The radio's address and what it says of the frame.
    reader.skip(rest, "CAPWAP header")?;
    let (content, of) = match (word & NATIVE != 0, wireless) {
        (false, _) => (Content::Ethernet, Divided::CapwapEthernet),
        (true, IEEE_802_11) => (Content::Wireless, Divided::CapwapWireless),
        _ => return Ok(None),
    };
    if word & FRAGMENT == 0 {
        return found(TunnelKind::Capwap, content, None, reader);
    }
    // The inside cannot vouch for a part: the bits that are zero have to.
    if (word | place) & RESERVED != 0 {
        return Ok(None);
    }
    let (id, offset, more) = (place >> 16, place & 0xfff8, word & LAST == 0);
    let fragment = Some(Fragment { id, offset, more, of });
    Ok(Some(Found { kind: TunnelKind::Capwap, content, id: None, fragment, reader }))
}
