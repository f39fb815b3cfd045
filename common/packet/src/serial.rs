//! Serial lines: PPP (RFC 1661, RFC 1662) alone and over Ethernet (RFC 2516), and Cisco's HDLC.

use crate::network::{self, ETHER_IPV4, ETHER_IPV6};
use crate::{Decoded, Layer, Link, Stop, link, mpls, wire_above};

/// Address and control of HDLC-like framing.
const ADDRESS_ALL: u8 = 0xff;
const CONTROL: u8 = 0x03;
/// Cisco's addresses: unicast and broadcast.
const CISCO: [u8; 2] = [0x0f, 0x8f];

/// LINKTYPE_PPP and PPP_HDLC: the address tells PPP from Cisco's HDLC.
pub(crate) fn framed<'a>(layer: &Layer<'_, 'a>, data: &'a [u8]) -> Decoded<'a> {
    match *data {
        [first, 0, ..] if CISCO.contains(&first) => cisco(layer, data),
        _ => ppp(layer, Link::default(), data),
    }
}

/// LINKTYPE_PPP_WITH_DIR: a byte for the direction, then PPP.
pub(crate) fn directed<'a>(layer: &Layer<'_, 'a>, data: &'a [u8]) -> Decoded<'a> {
    match data.split_first() {
        Some((_, rest)) => framed(layer, rest),
        None => Decoded::stopped(Link::default(), data, Stop::PppTruncated),
    }
}

/// LINKTYPE_PPP_PPPD: the direction takes the address's place.
pub(crate) fn pppd<'a>(layer: &Layer<'_, 'a>, data: &'a [u8]) -> Decoded<'a> {
    match *data {
        [0 | 1, CONTROL, ref rest @ ..] => ppp(layer, Link::default(), rest),
        _ => framed(layer, data),
    }
}

/// LINKTYPE_C_HDLC: address, control, EtherType.
pub(crate) fn cisco<'a>(layer: &Layer<'_, 'a>, data: &'a [u8]) -> Decoded<'a> {
    match *data {
        [_, _, high, low, ref rest @ ..] => link::typed(layer, Link::default(), u16::from_be_bytes([high, low]), rest),
        _ => Decoded::stopped(Link::default(), data, Stop::HdlcTruncated),
    }
}

/// A PPP frame, with or without address and control, the protocol in one byte or two. What is not IP stays a
/// conversation of the link.
pub(crate) fn ppp<'a>(layer: &Layer<'_, 'a>, link: Link, data: &'a [u8]) -> Decoded<'a> {
    let frame = data.strip_prefix(&[ADDRESS_ALL, CONTROL]).unwrap_or(data);
    let (protocol, rest) = match *frame {
        // RFC 1661 section 2: the last byte of the protocol is odd, the others are even.
        [first, ref rest @ ..] if first & 1 == 1 => (u16::from(first), rest),
        [high, low, ref rest @ ..] => (u16::from_be_bytes([high, low]), rest),
        _ => return Decoded::stopped(link, data, Stop::PppTruncated),
    };
    match protocol {
        0x0021 => network::decode(layer, link, Some(ETHER_IPV4), rest),
        0x0057 => network::decode(layer, link, Some(ETHER_IPV6), rest),
        0x0281 | 0x0283 => mpls::decode(layer, link, rest),
        _ => Decoded::begin(link, data, wire_above(layer, data.len())),
    }
}

/// A PPPoE session packet behind its EtherType (RFC 2516 section 4).
#[cold]
#[inline(never)]
pub(crate) fn session<'a>(layer: &Layer<'_, 'a>, link: Link, data: &'a [u8]) -> Decoded<'a> {
    let Some((&[version, code, _, _, high, low], rest)) = data.split_first_chunk::<6>() else {
        return Decoded::stopped(link, data, Stop::PppoeTruncated);
    };
    if version != 0x11 || code != 0 {
        return Decoded::begin(link, data, wire_above(layer, data.len()));
    }
    // What is behind the length is Ethernet's padding.
    let length = usize::from(u16::from_be_bytes([high, low]));
    ppp(layer, link, rest.get(..length).unwrap_or(rest))
}
