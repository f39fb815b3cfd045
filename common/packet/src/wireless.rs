//! IEEE 802.11, with the headers that capturing radios put before a frame (radiotap.org; PPI, Prism and AVS as
//! tcpdump.org/linktypes.html has them). Data frames in the clear are read on; those that are encrypted, and
//! management and control, stay conversations of the link.

use crate::{Decoded, Frame, Layer, Link, Stop, WireLen, link, wire_above};
use picket_reader::{Fault, Reader};

/// Whether the frame check sequence stands behind the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trailer {
    Absent,
    Present,
}

/// LINKTYPE_IEEE802_11_RADIOTAP.
pub(crate) fn radiotap<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    match radiotap_head(layer.frame.data) {
        Ok((rest, flags)) => {
            let trailer = if flags & 0x10 == 0 { Trailer::Absent } else { Trailer::Present };
            frame_padded(layer, rest, trailer, flags & 0x20 != 0)
        }
        Err(_) => Decoded::stopped(Link::default(), layer.frame.data, Stop::RadioTruncated),
    }
}

/// What is behind the header, and its flags field (0 where it has none).
fn radiotap_head(data: &[u8]) -> Result<(&[u8], u8), Fault> {
    /// Words that say which fields are present, at most.
    const PRESENT_MAX: usize = 8;
    let mut reader = Reader::new(data);
    reader.skip(2, "radiotap version")?;
    let length = usize::from(reader.u16_le("radiotap length")?);
    let rest = data.get(length..).ok_or(Fault::Malformed("radiotap length"))?;
    let present = reader.u32_le("radiotap fields")?;
    let mut more = present;
    for _ in 0..PRESENT_MAX {
        if more & 0x8000_0000 == 0 {
            break;
        }
        more = reader.u32_le("radiotap fields")?;
    }
    if present & 1 != 0 {
        // The timer stands on a multiple of eight.
        let padding = reader.position().wrapping_neg() % 8;
        reader.skip(padding + 8, "radiotap timer")?;
    }
    let flags = if present & 2 == 0 { 0 } else { reader.u8("radiotap flags")? };
    Ok((rest, flags))
}

/// LINKTYPE_PPI: fields of a type and a length each, then a frame of the link type it names.
pub(crate) fn ppi<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    let data = layer.frame.data;
    let stopped = Decoded::stopped(Link::default(), data, Stop::RadioTruncated);
    let Some(&[_, _, length_low, length_high, a, b, c, d]) = data.first_chunk::<8>() else { return stopped };
    let Some(rest) = data.get(usize::from(u16::from_le_bytes([length_low, length_high])).max(8)..) else {
        return stopped;
    };
    match u32::from_le_bytes([a, b, c, d]) {
        105 => {
            // The common field of 802.11 comes first where it is there: type 2, flags behind its timer.
            let has_trailer = matches!(*data, [_, _, _, _, _, _, _, _, 2, 0, 20, 0, _, _, _, _, _, _, _, _, flags, ..] if flags & 1 != 0);
            frame(layer, rest, if has_trailer { Trailer::Present } else { Trailer::Absent })
        }
        1 => {
            let frame = Frame { data: rest, wire_len: wire_above(layer, rest.len()), ..*layer.frame };
            link::ethernet(&Layer { frame: &frame, ..*layer })
        }
        other => Decoded::stopped(Link::default(), data, Stop::LinkType(u16::try_from(other).unwrap_or(u16::MAX))),
    }
}

/// LINKTYPE_IEEE802_11_PRISM, in the byte order of who captured. AVS headers come under its number too.
pub(crate) fn prism<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    let data = layer.frame.data;
    let Some(&[first, second, _, _, a, b, c, d]) = data.first_chunk::<8>() else {
        return Decoded::stopped(Link::default(), data, Stop::RadioTruncated);
    };
    if [first, second] == [0x80, 0x21] {
        return avs(layer);
    }
    let length = u32::from_le_bytes([a, b, c, d]).min(u32::from_be_bytes([a, b, c, d]));
    match data.get(length as usize..).filter(|_| length >= 8) {
        Some(rest) => frame(layer, rest, Trailer::Absent),
        None => Decoded::stopped(Link::default(), data, Stop::RadioTruncated),
    }
}

/// LINKTYPE_IEEE802_11_AVS: the length stands behind the version, both big-endian.
pub(crate) fn avs<'a>(layer: &Layer<'_, 'a>) -> Decoded<'a> {
    let data = layer.frame.data;
    let length = data.get(4..8).and_then(|bytes| <[u8; 4]>::try_from(bytes).ok()).map(u32::from_be_bytes);
    match length.filter(|length| *length >= 8).and_then(|length| data.get(length as usize..)) {
        Some(rest) => frame(layer, rest, Trailer::Absent),
        None => Decoded::stopped(Link::default(), data, Stop::RadioTruncated),
    }
}

/// A frame of IEEE 802.11-2020 section 9.2.
pub(crate) fn frame<'a>(layer: &Layer<'_, 'a>, data: &'a [u8], trailer: Trailer) -> Decoded<'a> {
    frame_padded(layer, data, trailer, false)
}

/// A frame as an access point hands it to its controller (RFC 5416 section 4): without its check sequence. Many
/// exchange both bytes of the frame control field; which of the two is a data frame's tells.
pub(crate) fn bridged<'a>(layer: &Layer<'_, 'a>, data: &'a [u8]) -> Decoded<'a> {
    const DATA: u8 = 0x08;
    let is_exchanged = matches!(data, [first, second, ..] if first & 0x0f != DATA && second & 0x0f == DATA);
    const SNAP: usize = 8;
    let wire = wire_above(layer, data.len());
    let header = header(data, false, is_exchanged).and_then(|header| {
        // Cut before the type behind the header: nobody knows what the frame carries.
        let is_cut = (data.len() as u64) < u64::from(wire.0) && header.body.is_some_and(|body| body.len() < SNAP);
        if is_cut { Err(Fault::Malformed("802.11 frame without its type")) } else { Ok(header) }
    });
    above(layer, data, wire, header)
}

/// `padded`: the header is filled up to a multiple of four bytes.
fn frame_padded<'a>(layer: &Layer<'_, 'a>, data: &'a [u8], trailer: Trailer, padded: bool) -> Decoded<'a> {
    let wire = wire_above(layer, data.len());
    let (data, wire) = match trailer {
        // The sequence is cut off only where the capture reached it.
        Trailer::Present if data.len() as u64 == u64::from(wire.0) => {
            (data.get(..data.len().saturating_sub(4)).unwrap_or_default(), WireLen(wire.0.saturating_sub(4)))
        }
        _ => (data, wire),
    };
    above(layer, data, wire, header(data, padded, false))
}

/// What is behind the header, where it goes in the clear.
fn above<'a>(layer: &Layer<'_, 'a>, data: &'a [u8], wire: WireLen, header: Result<Header<'a>, Fault>) -> Decoded<'a> {
    match header {
        Ok(Header { link, body: Some(body) }) => {
            let left = wire.0.saturating_sub(u32::try_from(data.len() - body.len()).unwrap_or(0));
            let frame = Frame { data: body, wire_len: WireLen(left), ..*layer.frame };
            let length = u16::try_from(left.min(1535)).unwrap_or(1535);
            link::ieee_802_2(&Layer { frame: &frame, ..*layer }, link, length, body)
        }
        Ok(Header { link, body: None }) => Decoded::begin(link, data, wire),
        Err(_) => Decoded::stopped(Link::default(), data, Stop::WirelessTruncated),
    }
}

struct Header<'a> {
    link: Link,
    /// The IEEE 802.2 frame of data in the clear.
    body: Option<&'a [u8]>,
}

/// `exchanged`: of the first two bytes.
fn header(data: &[u8], padded: bool, exchanged: bool) -> Result<Header<'_>, Fault> {
    const TO_DS: u8 = 0x01;
    const FROM_DS: u8 = 0x02;
    const MORE_FRAGMENTS: u8 = 0x04;
    const PROTECTED: u8 = 0x40;
    const ORDER: u8 = 0x80;
    let mut reader = Reader::new(data);
    let [first, second] = reader.array::<2>("802.11 frame control")?;
    let (control, flags) = if exchanged { (second, first) } else { (first, second) };
    reader.skip(2, "802.11 duration")?;
    let first = reader.array::<6>("802.11 receiver")?;
    let (kind, subtype) = (control >> 2 & 3, control >> 4);
    if kind == 1 {
        // Control frames name one or two ends; clear-to-send and acknowledgement only the receiver.
        let src = if matches!(subtype, 12 | 13) { None } else { reader.array::<6>("802.11 transmitter").ok() };
        return Ok(Header { link: Link { src, dest: Some(first), ..Link::default() }, body: None });
    }
    let second = reader.array::<6>("802.11 transmitter")?;
    let third = reader.array::<6>("802.11 third address")?;
    let sequence = reader.u16_le("802.11 sequence control")?;
    let (dest, src) = match flags & (TO_DS | FROM_DS) {
        0 => (first, second),
        FROM_DS => (first, third),
        TO_DS => (third, second),
        _ => (third, reader.array::<6>("802.11 fourth address")?),
    };
    let link = Link { src: Some(src), dest: Some(dest), ..Link::default() };
    // Subtype bit 2 says that there is no data, bit 3 that there is a quality-of-service field.
    let is_fragment = flags & MORE_FRAGMENTS != 0 || sequence & 0x0f != 0;
    if kind != 2 || subtype & 4 != 0 || flags & PROTECTED != 0 || is_fragment {
        return Ok(Header { link, body: None });
    }
    let mut aggregated = false;
    if subtype & 8 != 0 {
        aggregated = reader.u16_le("802.11 QoS control")? & 0x80 != 0;
        if flags & ORDER != 0 {
            reader.skip(4, "802.11 HT control")?;
        }
    }
    if padded {
        reader.skip(reader.position().wrapping_neg() % 4, "802.11 header padding")?;
    }
    if !aggregated {
        return Ok(Header { link, body: Some(reader.rest()) });
    }
    // Of an aggregate the first subframe is read: its ends, its length, its frame.
    let dest = reader.array::<6>("A-MSDU destination")?;
    let src = reader.array::<6>("A-MSDU source")?;
    let length = usize::from(reader.u16("A-MSDU length")?);
    let body = reader.peek().get(..length).unwrap_or(reader.peek());
    Ok(Header { link: Link { src: Some(src), dest: Some(dest), ..link }, body: Some(body) })
}
