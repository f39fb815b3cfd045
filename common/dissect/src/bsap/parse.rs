//! Datagrams: a header, then requests or answers behind their lengths.

use super::table::{DATA_BASE, EXTENSION};
use picket_reader::{Fault, Reader};

/// The shorter of two headers.
const HEADER: u16 = 14;
/// The longer one.
const LONG_HEADER: u16 = 22;

/// A datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Datagram<'a> {
    pub(crate) count: u16,
    pub(crate) answers: bool,
    pub(crate) messages: Reader<'a>,
}

/// Reads a datagram's header.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn datagram(bytes: &[u8]) -> Result<Datagram<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (header, count, function) = (r.u16_le("header length")?, r.u16_le("messages")?, r.u16_le("function")?);
    if !matches!(header, HEADER | LONG_HEADER) || !matches!(function, 0 | 1 | 5 | 6 | 0x84 | 0x86) {
        return Err(Fault::Malformed("bsap: header"));
    }
    r.skip(usize::from(header) - 6, "sequence numbers")?;
    // A poll carries nothing.
    if count == 0 && (function != 0 || !r.is_empty()) {
        return Err(Fault::Malformed("bsap: poll"));
    }
    Ok(Datagram { count, answers: matches!(function, 1 | 5), messages: r })
}

/// A request or an answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message {
    pub(crate) sequence: u32,
    /// In requests the application's function, in answers a status.
    pub(crate) application: u8,
    /// The function that follows where the application has one.
    pub(crate) function: u16,
}

/// Reads the next message.
///
/// # Errors
/// [`Fault`] where it does not fit.
pub(crate) fn message(r: &mut Reader<'_>, answers: bool) -> Result<Message, Fault> {
    let length = usize::try_from(r.u32_le("length")?).unwrap_or(usize::MAX);
    let mut inside = r.sub(length.checked_sub(4).ok_or(Fault::Malformed("bsap: length of a message"))?, "message")?;
    inside.u8("header length")?;
    let (sequence, application) = (inside.u32_le("sequence")?, inside.u8("function")?);
    let function = match application {
        _ if answers => 0,
        DATA_BASE => {
            inside.u8("node status")?;
            u16::from(inside.u8("function")?)
        }
        EXTENSION => {
            inside.u8("node status")?;
            inside.u16_le("function")?
        }
        _ => 0,
    };
    Ok(Message { sequence, application, function })
}
