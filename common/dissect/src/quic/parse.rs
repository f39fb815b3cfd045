//! Packets of a datagram and frames of an Initial packet, bytes to values (RFC 9000 sections 12, 17 and 19).

use super::table::{CID_LIMIT, TAG, Type, family, frame};
use picket_reader::{Fault, Reader};

/// A connection id (RFC 9000 section 5.1), by value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    bytes: [u8; CID_LIMIT],
    length: u8,
}

impl ConnectionId {
    /// From its bytes; `None` when they are more than 20.
    #[must_use]
    pub fn new(from: &[u8]) -> Option<Self> {
        let mut bytes = [0; CID_LIMIT];
        bytes.get_mut(..from.len())?.copy_from_slice(from);
        Some(Self { bytes, length: u8::try_from(from.len()).ok()? })
    }

    /// Its bytes, 0 to 20.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&[])
    }
}

/// One packet of a datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Packet<'a> {
    /// With a long header.
    Long(Long<'a>),
    /// With a short header: it fills the datagram, and nothing in it can be read.
    Short,
}

/// A packet with a long header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Long<'a> {
    pub(crate) version: u32,
    /// Destination and source connection ids.
    pub(crate) to: ConnectionId,
    pub(crate) from: ConnectionId,
    pub(crate) content: Content<'a>,
}

/// What a long header packet carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Content<'a> {
    /// Protected: the whole packet, and where its packet number begins.
    Protected { kind: Type, token: &'a [u8], packet: &'a [u8], number_at: usize },
    /// As `Protected`, but the capture holds less of it than there was.
    Cut { kind: Type, token: &'a [u8] },
    /// The packet without its integrity tag, and the tag.
    Retry { pseudo: &'a [u8], tag: [u8; TAG] },
    /// The versions a server offers.
    Negotiation { versions: &'a [u8] },
    /// Of a version whose packets are not known: the rest of the datagram.
    Opaque,
}

/// A variable-length integer (RFC 9000 section 16).
pub(crate) fn varint(r: &mut Reader<'_>, field: &'static str) -> Result<u64, Fault> {
    let first = r.peek().first().copied().unwrap_or(0);
    Ok(match first >> 6 {
        0 => u64::from(r.u8(field)?),
        1 => u64::from(r.u16(field)? & 0x3fff),
        2 => u64::from(r.u32(field)? & 0x3fff_ffff),
        _ => r.u64(field)? & 0x3fff_ffff_ffff_ffff,
    })
}

fn length(r: &mut Reader<'_>, field: &'static str) -> Result<usize, Fault> {
    usize::try_from(varint(r, field)?).map_err(|_| Fault::Malformed(field))
}

/// The next packet of a datagram.
///
/// # Errors
/// [`Fault`] when the header cannot be read, a connection id is too long, or the fixed bit of a short header
/// is not set: what follows in the datagram is not QUIC then.
pub(crate) fn packet<'a>(r: &mut Reader<'a>) -> Result<Packet<'a>, Fault> {
    let start = *r;
    let first = r.u8("quic: flags")?;
    if first & 0x80 == 0 {
        r.rest();
        return if first & 0x40 != 0 { Ok(Packet::Short) } else { Err(Fault::Malformed("quic: fixed bit")) };
    }
    let version = r.u32("quic: version")?;
    let to = connection_id(r)?;
    let from = connection_id(r)?;
    let content = match (version, family(version)) {
        (0, _) => Content::Negotiation { versions: r.rest() },
        (_, None) => {
            r.rest();
            Content::Opaque
        }
        (_, Some(family)) => {
            let [a, b, c, d] = family.types;
            let kind = match first >> 4 & 3 {
                0 => a,
                1 => b,
                2 => c,
                _ => d,
            };
            if kind == Type::Retry { retry(r, &start)? } else { protected(r, &start, kind)? }
        }
    };
    Ok(Packet::Long(Long { version, to, from, content }))
}

fn connection_id(r: &mut Reader<'_>) -> Result<ConnectionId, Fault> {
    let bytes = r.vec8("quic: connection id")?.rest();
    ConnectionId::new(bytes).ok_or(Fault::Malformed("quic: connection id longer than 20 bytes"))
}

fn retry<'a>(r: &mut Reader<'a>, start: &Reader<'a>) -> Result<Content<'a>, Fault> {
    let whole = start.peek();
    r.rest();
    let (pseudo, tag) = whole.split_last_chunk::<TAG>().ok_or(Fault::Malformed("quic: retry without tag"))?;
    Ok(Content::Retry { pseudo, tag: *tag })
}

fn protected<'a>(r: &mut Reader<'a>, start: &Reader<'a>, kind: Type) -> Result<Content<'a>, Fault> {
    let token = if kind == Type::Initial {
        let token = length(r, "quic: token length")?;
        r.take(token, "quic: token")?
    } else {
        &[]
    };
    let payload = length(r, "quic: length")?;
    let number_at = r.position().saturating_sub(start.position());
    if r.skip(payload, "quic: payload").is_err() {
        r.rest();
        return Ok(Content::Cut { kind, token });
    }
    let packet = start.peek().get(..number_at.saturating_add(payload)).unwrap_or(&[]);
    Ok(Content::Protected { kind, token, packet, number_at })
}

/// A frame of an Initial packet, as far as it matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// Handshake bytes at an offset of their stream.
    Crypto { offset: u64, data: &'a [u8] },
    /// The connection is closed, with this error code.
    Close(u64),
    /// Padding, pings, acknowledgements.
    Other,
}

/// The next frame, of a version whose CRYPTO frames have this type.
///
/// # Errors
/// [`Fault`] when it is cut or must not stand in an Initial packet.
pub(crate) fn frame<'a>(r: &mut Reader<'a>, crypto: u64) -> Result<Frame<'a>, Fault> {
    let kind = varint(r, "quic: frame type")?;
    match kind {
        frame::PADDING => {
            let padding = r.peek().iter().take_while(|byte| **byte == 0).count();
            r.skip(padding, "quic: padding")?;
        }
        frame::PING => {}
        frame::ACK | frame::ACK_ECN => acknowledgement(r, kind == frame::ACK_ECN)?,
        kind if kind == crypto => {
            let offset = varint(r, "quic: crypto offset")?;
            let length = length(r, "quic: crypto length")?;
            return Ok(Frame::Crypto { offset, data: r.take(length, "quic: crypto data")? });
        }
        frame::CONNECTION_CLOSE => {
            let code = varint(r, "quic: error code")?;
            varint(r, "quic: frame type of the error")?;
            let reason = length(r, "quic: reason length")?;
            r.skip(reason, "quic: reason")?;
            return Ok(Frame::Close(code));
        }
        _ => return Err(Fault::Malformed("quic: frame that an initial packet must not carry")),
    }
    Ok(Frame::Other)
}

fn acknowledgement(r: &mut Reader<'_>, ecn: bool) -> Result<(), Fault> {
    varint(r, "quic: largest acknowledged")?;
    varint(r, "quic: delay")?;
    let ranges = varint(r, "quic: ranges")?;
    varint(r, "quic: first range")?;
    // Each range takes bytes, so that a count that lies ends with the packet.
    for _ in 0..ranges {
        varint(r, "quic: gap")?;
        varint(r, "quic: range")?;
    }
    for _ in 0..if ecn { 3 } else { 0 } {
        varint(r, "quic: ecn count")?;
    }
    Ok(())
}
