//! Virtual link layers, the network header and the application header (ASHRAE 135-2020 annexes J and U, clauses 6, 7, 9, 20).

use crate::digits::{push_hex, push_number};
use picket_reader::{Fault, Reader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Bytes of an address beyond a router that are written; the longest in use is that of BACnet/IPv6, 18.
const STATION_MAX: usize = 18;

/// What the messages come over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Medium {
    /// A virtual link layer over UDP.
    #[default]
    Ip,
    /// IEEE 802.2.
    Ethernet,
    /// MS/TP frames, their preamble or three bytes of time before them.
    Serial,
}

/// A network message or application message, with the station beyond a router it is for or from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Packet<'a> {
    /// Its receiver, where that is not on this network.
    pub(crate) to: Option<Station<'a>>,
    /// Its sender, likewise.
    pub(crate) from: Option<Station<'a>>,
    /// Who sent it, where another hands it on to its own subnet.
    pub(crate) origin: Option<IpAddr>,
    /// The length of the link layer fits.
    pub(crate) fits: bool,
    pub(crate) inside: Inside<'a>,
}

/// A station beyond a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Station<'a> {
    pub(crate) network: u16,
    /// Its address there: one byte on MS/TP; none for all of them.
    pub(crate) address: &'a [u8],
}

impl Station<'_> {
    /// What tells it from others, never 0 (FNV-1a).
    pub(crate) fn key(&self) -> u64 {
        let begin = 0xcbf2_9ce4_8422_2325 ^ u64::from(self.network);
        self.address.iter().fold(begin, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)) | 1
    }

    /// Its name as tools write it: `2001:12`, `2001:0xc0000201bac0`, `2001:*` for all of its network; everybody has none.
    pub(crate) fn name(&self) -> Option<String> {
        if self.network == u16::MAX {
            return None;
        }
        let mut text = String::with_capacity(16);
        push_number(&mut text, self.network);
        text.push(':');
        match self.address {
            [] => text.push('*'),
            [one] => push_number(&mut text, *one),
            long => {
                text.push_str("0x");
                long.iter().take(STATION_MAX).for_each(|byte| push_hex(&mut text, *byte));
            }
        }
        Some(text)
    }
}

/// What a network packet carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Inside<'a> {
    Network(u8),
    Application(&'a [u8]),
}

/// The whole of a datagram: nothing where it is a message of the link layer alone.
///
/// # Errors
/// Where it is cut or contradicts itself.
pub(crate) fn packet(medium: Medium, bytes: &[u8]) -> Result<Option<Packet<'_>>, Fault> {
    let (npdu, origin) = match medium {
        Medium::Ip => bvlc(bytes)?,
        Medium::Ethernet => match bytes {
            [0x82, 0x82, 3, npdu @ ..] => (Some(npdu), None),
            _ => return Err(Fault::Malformed("bacnet: other service access point")),
        },
        Medium::Serial => (mstp(bytes)?, None),
    };
    let fits =
        medium != Medium::Ip || bytes.get(2..4).is_some_and(|length| length == (bytes.len() as u16).to_be_bytes());
    npdu.map(|npdu| network(npdu).map(|packet| Packet { fits, origin, ..packet })).transpose()
}

/// What a message of the link layer carries, and who sent it where it is handed on.
type Carried<'a> = (Option<&'a [u8]>, Option<IpAddr>);

/// The network packet in a virtual link layer message of IPv4 (0x81) or IPv6 (0x82).
fn bvlc(bytes: &[u8]) -> Result<Carried<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (kind, function, length) = (r.u8("type")?, r.u8("function")?, r.u16("length")?);
    // Some programs send lengths that are wrong; what they carry is read all the same.
    let carries = kind == 0x81 && matches!(function, 0x04 | 0x09..=0x0b) && length < 1500;
    if usize::from(length) != bytes.len() && !carries {
        return Err(Fault::Malformed("bacnet: length does not fit"));
    }
    let rest = r.remaining();
    // What stands before a network packet, or how long a message of the link layer is.
    let before = match (kind, function) {
        (0x81, 0x09..=0x0b) => 0,
        (0x81, 0x04) => 6,
        (0x82, 0x01) => 6,
        (0x82, 0x02 | 0x0c) => 3,
        (0x82, 0x08) => 21,
        (0x81, 0x00 | 0x05) if rest == 2 => return Ok((None, None)),
        (0x81, 0x02 | 0x06) if rest == 0 => return Ok((None, None)),
        (0x81, 0x01 | 0x03) if rest.is_multiple_of(10) && distributes(r.peek()) => return Ok((None, None)),
        (0x81, 0x07) if rest.is_multiple_of(10) => return Ok((None, None)),
        (0x81, 0x08) if rest == 6 => return Ok((None, None)),
        (0x81, 0x0c) | (0x82, 0x0b) => return Ok((None, None)),
        (0x82, 0x00 | 0x09) if rest == 5 => return Ok((None, None)),
        (0x82, 0x03 | 0x05 | 0x06 | 0x07) if matches!(rest, 3 | 6) => return Ok((None, None)),
        (0x82, 0x04 | 0x0a) if matches!(rest, 21 | 24) => return Ok((None, None)),
        _ => return Err(Fault::Malformed("bacnet: link layer message of no kind")),
    };
    let origin = origin(kind, function, r.take(before, "origin")?);
    Ok((Some(r.rest()), origin))
}

/// The first sender of what is forwarded: an address of IPv4 and a port (annex J.2.5), or a virtual address, an address of IPv6
/// and a port (annex U.2.9).
fn origin(kind: u8, function: u8, bytes: &[u8]) -> Option<IpAddr> {
    match (kind, function) {
        (0x81, 0x04) => bytes.first_chunk::<4>().map(|ip| Ipv4Addr::from(*ip).into()),
        (0x82, 0x08) => bytes.get(3..)?.first_chunk::<16>().map(|ip| Ipv6Addr::from(*ip).into()),
        _ => None,
    }
}

/// Whether these are entries of a broadcast distribution table (annex J.2.2): an address, a port, a mask of ones and zeros
/// behind.
fn distributes(entries: &[u8]) -> bool {
    let masks = entries.chunks(10).filter_map(<[u8]>::last_chunk).copied().map(u32::from_be_bytes);
    masks.into_iter().all(|mask| mask.leading_ones() + mask.trailing_zeros() == 32)
}

/// The network packet in an MS/TP frame (clause 9.3): none in tokens, polls and tests.
fn mstp(bytes: &[u8]) -> Result<Option<&[u8]>, Fault> {
    let mut r = Reader::new(bytes);
    // Captures of the line itself begin with the preamble.
    r.skip(if bytes.starts_with(&[0x55, 0xff]) { 2 } else { 3 }, "time or preamble")?;
    let header = r.array::<5>("header")?;
    if r.u8("header checksum")? != header_checksum(&header) {
        return Err(Fault::Malformed("bacnet: header checksum does not fit"));
    }
    let [kind, _, _, high, low] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if !matches!(kind, 0..=7 | 0x80..) {
        return Err(Fault::Malformed("bacnet: frame of no type"));
    }
    if !matches!(kind, 5 | 6) || length == 0 {
        return Ok(None);
    }
    Ok(Some(r.take(length, "data")?))
}

/// Annex G.1: x^8 + x^7 + 1, begun with ones, sent inverted.
fn header_checksum(header: &[u8]) -> u8 {
    !header.iter().fold(0xff_u8, |crc, byte| {
        let sum = u16::from(crc ^ byte);
        let sum = sum ^ sum << 1 ^ sum << 2 ^ sum << 3 ^ sum << 4 ^ sum << 5 ^ sum << 6 ^ sum << 7;
        ((sum & 0xfe) ^ (sum >> 8 & 1)) as u8
    })
}

/// The network header (clause 6.2).
fn network(bytes: &[u8]) -> Result<Packet<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (version, control) = (r.u8("network version")?, r.u8("control")?);
    if version != 1 || control & 0x50 != 0 {
        return Err(Fault::Malformed("bacnet: network header of no kind"));
    }
    let to = if control & 0x20 != 0 { Some(station(&mut r)?) } else { None };
    let from = if control & 0x08 != 0 { Some(station(&mut r)?) } else { None };
    if control & 0x20 != 0 {
        r.skip(1, "hop count")?;
    }
    if control & 0x80 == 0 {
        return Ok(Packet { to, from, origin: None, fits: true, inside: Inside::Application(r.rest()) });
    }
    let kind = r.u8("message type")?;
    if kind >= 0x80 {
        r.skip(2, "vendor")?;
    }
    Ok(Packet { to, from, origin: None, fits: true, inside: Inside::Network(kind) })
}

fn station<'a>(r: &mut Reader<'a>) -> Result<Station<'a>, Fault> {
    Ok(Station { network: r.u16("network")?, address: r.vec8("address")?.rest() })
}

/// One application message (clause 20.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Apdu<'a> {
    Confirmed { invoke: u8, segment: Option<Segment>, service: u8, data: &'a [u8] },
    Unconfirmed { service: u8, data: &'a [u8] },
    SimpleAck { invoke: u8, service: u8 },
    ComplexAck { invoke: u8, segment: Option<Segment>, service: u8, data: &'a [u8] },
    SegmentAck,
    Error { invoke: u8, service: u8, data: &'a [u8] },
    Reject { invoke: u8, reason: u8 },
    Abort { invoke: u8, reason: u8 },
}

/// Which piece of a message this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) number: u8,
    pub(crate) more: bool,
}

/// Reads an application message.
///
/// # Errors
/// Where it is cut or of no type.
pub(crate) fn apdu(bytes: &[u8]) -> Result<Apdu<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let head = r.u8("type")?;
    match head >> 4 {
        0 => {
            r.skip(1, "sizes")?;
            let (invoke, segment, service) = pieces(&mut r, head)?;
            Ok(Apdu::Confirmed { invoke, segment, service, data: r.rest() })
        }
        1 => Ok(Apdu::Unconfirmed { service: r.u8("service")?, data: r.rest() }),
        2 => Ok(Apdu::SimpleAck { invoke: r.u8("invoke id")?, service: r.u8("service")? }),
        3 => {
            let (invoke, segment, service) = pieces(&mut r, head)?;
            Ok(Apdu::ComplexAck { invoke, segment, service, data: r.rest() })
        }
        4 => r.skip(3, "segment").map(|()| Apdu::SegmentAck),
        5 => Ok(Apdu::Error { invoke: r.u8("invoke id")?, service: r.u8("service")?, data: r.rest() }),
        6 => Ok(Apdu::Reject { invoke: r.u8("invoke id")?, reason: r.u8("reason")? }),
        7 => Ok(Apdu::Abort { invoke: r.u8("invoke id")?, reason: r.u8("reason")? }),
        _ => Err(Fault::Malformed("bacnet: application message of no type")),
    }
}

fn pieces(r: &mut Reader<'_>, head: u8) -> Result<(u8, Option<Segment>, u8), Fault> {
    let invoke = r.u8("invoke id")?;
    let segment = if head & 8 == 0 {
        None
    } else {
        let number = r.u8("sequence number")?;
        r.skip(1, "window")?;
        Some(Segment { number, more: head & 4 != 0 })
    };
    Ok((invoke, segment, r.u8("service")?))
}
