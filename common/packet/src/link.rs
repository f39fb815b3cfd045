//! Link layers: Ethernet (IEEE 802.3), VLAN tags (802.1Q, 802.1ad), IEEE 802.2, raw IP; and which file reads the
//! others. Numbers: tcpdump.org/linktypes.html.

use crate::network::{self, ETHER_IPV4, ETHER_IPV6};
use crate::{Decoded, Layer, Link, Stop, WireLen, cooked, mpls, serial, wire_above, wireless};
use picket_reader::Reader;

/// LINKTYPE_ETHERNET.
pub const LINK_ETHERNET: u16 = 1;

/// VLAN tags read at most.
pub const MAX_VLAN_DEPTH: usize = 8;

/// The least value of the type field that is a type and not a length (IEEE 802.3 section 3.2.6).
pub(crate) const LEAST_ETHER_TYPE: u16 = 0x0600;
const ETHER_MPLS: u16 = 0x8847;
const ETHER_MPLS_UPSTREAM: u16 = 0x8848;
const ETHER_PPPOE: u16 = 0x8864;
/// What sniffers put frames of IEEE 802.15.4 under.
const ETHER_IEEE_802_15_4: u16 = 0x809a;
/// The SNAP number that analysers of Cimetrics put MS/TP frames under.
const MS_TP: u16 = 0x0001;

#[inline]
pub(crate) fn decode<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    if layer.frame.link_type == LINK_ETHERNET {
        return ethernet(layer);
    }
    other(layer, layer.frame.link_type)
}

/// Reads the whole of a layer's bytes as a link type's frame.
pub(crate) fn other<'a>(layer: &Layer<'_, 'a>, link_type: u16) -> Decoded<'a> {
    let data = layer.frame.data;
    match link_type {
        LINK_ETHERNET => ethernet(layer),
        // LINKTYPE_NULL and LOOP.
        0 | 108 => cooked::loopback(layer),
        113 => cooked::sll(layer),
        276 => cooked::sll2(layer),
        // LINKTYPE_RAW and the numbers some systems' DLT_RAW has; 228 and 229 say the version.
        12 | 14 | 101 | 228 | 229 => raw(layer, Link::default(), data),
        // LINKTYPE_PPP, PPP_HDLC, PPP_WITH_DIR, PPP_PPPD, PPP_ETHER.
        9 | 50 => serial::framed(layer, data),
        204 => serial::directed(layer, data),
        166 => serial::pppd(layer, data),
        51 => serial::session(layer, Link::default(), data),
        // LINKTYPE_C_HDLC.
        104 => serial::cisco(layer, data),
        // LINKTYPE_IEEE802_11, PRISM, RADIOTAP, AVS, PPI.
        105 => wireless::frame(layer, data, wireless::Trailer::Absent),
        119 => wireless::prism(layer),
        127 => wireless::radiotap(layer),
        163 => wireless::avs(layer),
        192 => wireless::ppi(layer),
        219 => mpls::decode(layer, Link::default(), data),
        // LINKTYPE_BACNET_MS_TP, and IEEE802_15_4_WITHFCS, _NOFCS and _TAP, go by the numbers that their frames have over
        // Ethernet: their own addresses are shorter.
        165 => numbered(layer, MS_TP, data),
        195 | 230 => numbered(layer, ETHER_IEEE_802_15_4, data),
        283 => match tapped(data) {
            Some(frame) => numbered(layer, ETHER_IEEE_802_15_4, frame),
            None => Decoded::stopped(Link::default(), data, Stop::RadioTruncated),
        },
        unknown => Decoded::stopped(Link::default(), data, Stop::LinkType(unknown)),
    }
}

/// The frame behind the header of LINKTYPE_IEEE802_15_4_TAP: version 0, the header's own length, and what the sniffer noted.
fn tapped(data: &[u8]) -> Option<&[u8]> {
    let (&[version, _, low, high], _) = data.split_first_chunk()?;
    let header = usize::from(u16::from_le_bytes([low, high]));
    data.get(header..).filter(|_| version == 0 && header >= 4)
}

/// All of a frame, under a type that stands elsewhere.
fn numbered<'a>(layer: &Layer<'_, 'a>, kind: u16, data: &'a [u8]) -> Decoded<'a> {
    Decoded::begin(Link { ether_type: Some(kind), ..Link::default() }, data, wire_above(layer, data.len()))
}

#[inline]
pub(crate) fn ethernet<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    let Some((dest, rest)) = layer.frame.data.split_first_chunk::<6>() else {
        return Decoded::stopped(Link::default(), layer.frame.data, Stop::EthernetTruncated);
    };
    let Some((src, rest)) = rest.split_first_chunk::<6>() else {
        return Decoded::stopped(Link::default(), layer.frame.data, Stop::EthernetTruncated);
    };
    let link = Link { src: Some(*src), dest: Some(*dest), ..Link::default() };
    let Some((kind, rest)) = rest.split_first_chunk::<2>() else {
        return Decoded::stopped(link, rest, Stop::EthernetTruncated);
    };
    typed(layer, link, u16::from_be_bytes(*kind), rest)
}

/// Goes on behind a type field: VLAN tags, IP, an IEEE 802.2 frame, or anything else as it is.
#[inline]
pub(crate) fn typed<'a>(layer: &Layer<'_, 'a>, mut link: Link, mut kind: u16, mut rest: &'a [u8]) -> Decoded<'a> {
    let mut depth = 0;
    while matches!(kind, 0x8100 | 0x88a8 | 0x9100 | 0x9200) {
        if depth == MAX_VLAN_DEPTH {
            return Decoded::stopped(link, rest, Stop::VlanDepth);
        }
        depth += 1;
        let Some((&[tag_high, tag_low, kind_high, kind_low], behind)) = rest.split_first_chunk::<4>() else {
            return Decoded::stopped(link, rest, Stop::VlanTruncated);
        };
        link.vlan.push(u16::from_be_bytes([tag_high, tag_low]));
        kind = u16::from_be_bytes([kind_high, kind_low]);
        rest = behind;
    }
    link.ether_type = Some(kind);
    match kind {
        ETHER_IPV4 | ETHER_IPV6 => network::decode(layer, link, Some(kind), rest),
        length if length < LEAST_ETHER_TYPE => ieee_802_2(layer, link, length, rest),
        ETHER_MPLS | ETHER_MPLS_UPSTREAM => mpls::decode(layer, link, rest),
        ETHER_PPPOE => serial::session(layer, link, rest),
        _ => Decoded::begin(link, rest, wire_above(layer, rest.len())),
    }
}

/// A frame with a length field: an IEEE 802.2 header follows. SNAP (DSAP 0xaa) names a type of its own.
pub(crate) fn ieee_802_2<'a>(layer: &Layer<'_, 'a>, mut link: Link, length: u16, rest: &'a [u8]) -> Decoded<'a> {
    let body = rest.get(..usize::from(length)).unwrap_or(rest);
    // A length of 0 is not padding but a field that was left empty: all that is there belongs to it.
    let (body, wire) = if length == 0 { (rest, wire_above(layer, rest.len())) } else { (body, WireLen(length.into())) };
    link.ether_type = Some(body.first().copied().unwrap_or(0).into());
    let mut reader = Reader::new(body);
    let snap = reader.array::<8>("SNAP header").ok();
    match snap {
        Some([0xaa, 0xaa, 0x03, 0, 0, 0, high, low]) => {
            let kind = u16::from_be_bytes([high, low]);
            link.ether_type = Some(kind);
            if matches!(kind, ETHER_IPV4 | ETHER_IPV6) {
                return network::decode(layer, link, Some(kind), reader.rest());
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

/// IP without a link header.
#[inline]
pub(crate) fn raw<'a>(layer: &Layer<'_, 'a>, link: Link, rest: &'a [u8]) -> Decoded<'a> {
    if rest.is_empty() {
        return Decoded::stopped(link, rest, Stop::Empty);
    }
    network::decode(layer, link, None, rest)
}
