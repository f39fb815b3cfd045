//! Fragments and what a message begins with.

use super::table;
use crate::iso::Sight;
use picket_event::Direction;
use picket_reader::{Fault, Reader};

/// First byte of fragments and of their trailers.
const PROTOCOL: u8 = 0x72;
/// Versions whose fragments carry messages; from 3 on with a digest.
const MESSAGES: std::ops::RangeInclusive<u8> = 1..=3;
const DIGEST: u8 = 3;
/// Events of the connection, and signs of life.
const SYSTEM: std::ops::RangeInclusive<u8> = 0xfe..=0xff;
/// Length of a header or a trailer.
const HEAD: usize = 4;

/// A fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fragment<'a> {
    /// It carries nothing of a message.
    pub(super) system: bool,
    /// What it carries, digest left out.
    pub(super) inside: &'a [u8],
    /// It ends its message.
    pub(super) last: bool,
}

/// Reads a fragment; `whole` when its end is where the bytes end.
///
/// # Errors
/// [`Fault`] where it is none.
pub(super) fn fragment(bytes: &[u8], whole: bool) -> Result<Fragment<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (protocol, version, length) = (r.u8("protocol")?, r.u8("version")?, usize::from(r.u16("length")?));
    let system = SYSTEM.contains(&version);
    if protocol != PROTOCOL || !(system || MESSAGES.contains(&version)) {
        return Err(Fault::Malformed("s7comm-plus: version"));
    }
    let behind = r.remaining().checked_sub(length);
    let last = match behind {
        Some(0) => false,
        Some(HEAD) => bytes.get(length.saturating_add(HEAD)..) == Some(&[PROTOCOL, version, 0, 0]),
        _ if !whole => false,
        _ => return Err(Fault::Malformed("s7comm-plus: length")),
    };
    if behind == Some(HEAD) && !last && whole {
        return Err(Fault::Malformed("s7comm-plus: trailer"));
    }
    let mut inside = Reader::new(r.peek().get(..length).unwrap_or(r.peek()));
    if version == DIGEST {
        inside.vec8("digest")?;
    }
    Ok(Fragment { system, inside: inside.rest(), last })
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Message<'a> {
    /// Function.
    Request(u16),
    /// Function, whether it tells of an error, and what follows.
    Response(u16, bool, &'a [u8]),
    Notification,
}

/// Reads a message's beginning.
///
/// # Errors
/// [`Fault`] where it is none.
pub(super) fn message(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let opcode = r.u8("opcode")?;
    if opcode == 0x33 {
        r.u32("object")?;
        return Ok(Message::Notification);
    }
    let (reserved, function, zero) = (r.u16("reserved")?, r.u16("function")?, r.u16("reserved")?);
    if reserved != 0 || zero != 0 {
        return Err(Fault::Malformed("s7comm-plus: reserved bytes"));
    }
    r.u16("sequence number")?;
    match opcode {
        0x31 => {
            r.u32("session")?;
            Ok(Message::Request(function))
        }
        0x32 => {
            r.u8("transport flags")?;
            // The lower half of the answer's code is negative for errors.
            let failed = number(&mut r).is_ok_and(|code| (code as u16).cast_signed() < 0);
            Ok(Message::Response(function, failed, r.rest()))
        }
        _ => Err(Fault::Malformed("s7comm-plus: opcode")),
    }
}

/// A number of seven bits a byte, the last of nine bytes has eight.
fn number(r: &mut Reader<'_>) -> Result<u64, Fault> {
    let mut value = 0u64;
    for at in 0..9 {
        let byte = r.u8("number")?;
        if at == 8 {
            return Ok(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            break;
        }
    }
    Ok(value)
}

/// Whether TLS records stand here, as between controllers and clients of the newer kind; `whole` when the last of them has to
/// end where the bytes end.
pub(super) fn secured(bytes: &[u8], whole: bool) -> bool {
    let mut rest = bytes;
    while let [0x14..=0x17, 3, 0..=4, high, low, behind @ ..] = rest {
        match behind.get(usize::from(u16::from_be_bytes([*high, *low]))..) {
            Some([]) => return true,
            Some(more) => rest = more,
            None => return !whole,
        }
    }
    false
}

/// Whether a message can begin so; it may be cut.
pub(super) fn fits(bytes: &[u8]) -> bool {
    if secured(bytes, false) {
        return true;
    }
    fragment(bytes, false).is_ok_and(|fragment| fragment.system || message(fragment.inside).is_ok())
}

/// How a message's beginning looks.
pub(super) fn sight(bytes: &[u8], whole: bool) -> Sight {
    if secured(bytes, whole) {
        // Nobody else has TLS inside of units of the transport.
        return if whole { Sight::Mine(None) } else { Sight::Cut };
    }
    let fragment = match fragment(bytes, whole) {
        Ok(fragment) => fragment,
        Err(Fault::Incomplete { .. }) if !whole => return Sight::Cut,
        Err(_) => return Sight::Foreign,
    };
    match message(fragment.inside) {
        _ if fragment.system => Sight::Cut,
        Ok(Message::Notification) => Sight::Mine(Some(Direction::ToClient)),
        Ok(Message::Request(code)) if known(code) => Sight::Mine(Some(Direction::ToServer)),
        Ok(Message::Response(code, ..)) if known(code) => Sight::Mine(Some(Direction::ToClient)),
        // The rest of a message that began before.
        _ => Sight::Cut,
    }
}

/// Whether a request or an answer begins here, and not the rest of one.
pub(super) fn begins(bytes: &[u8]) -> bool {
    matches!(message(bytes), Ok(Message::Request(code) | Message::Response(code, ..)) if known(code))
}

fn known(code: u16) -> bool {
    !table::function(code).name.is_empty()
}

/// Order number and firmware, as `1;6ES7 211-1AE40-0XB0;V4.1` among what a session is made of.
pub(super) fn identity(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut texts = bytes.split(|byte| !(b' '..=b'~').contains(byte));
    let text = texts.find(|text| text.windows(3).any(|part| part == b";6E" || part == b";6G"))?;
    let mut parts = text.split(|byte| *byte == b';');
    let order = parts.find(|part| part.starts_with(b"6E") || part.starts_with(b"6G"))?;
    let firmware = parts.next().filter(|part| part.starts_with(b"V")).unwrap_or(&[]);
    Some((order, firmware))
}
