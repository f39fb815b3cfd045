//! The header of 56 bytes, and the text behind it.

use super::table;
use picket_reader::{Fault, Reader};

/// Every message begins with so many bytes.
pub(crate) const HEADER: usize = 56;

/// What a header is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first message of a connection, and its answer.
    Initiation,
    Initiated,
    Request,
    Answer,
}

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) kind: Kind,
    pub(crate) number: u16,
    /// Kind of message inside.
    pub(crate) inside: u8,
    /// The service request and its arguments: selector, offset, count.
    pub(crate) service: u8,
    pub(crate) arguments: &'a [u8],
    /// Data: of a long request behind the header, of a short one at its end.
    pub(crate) text: &'a [u8],
}

/// The length of the message that begins here, and what it is.
///
/// # Errors
/// [`Fault::Incomplete`] while its header is cut, [`Fault::Malformed`] where it is none.
pub(crate) fn head(bytes: &[u8]) -> Result<(usize, Kind), Fault> {
    const NONE: Fault = Fault::Malformed("ge_srtp: no message begins here");
    let mut r = Reader::new(bytes);
    if !matches!(r.peek(), [] | [0..=3] | [0..=3, 0, ..]) {
        return Err(NONE);
    }
    let (kind, _) = (r.u8("kind")?, r.u8("reserved")?);
    let (_, length) = (r.u16_le("number")?, r.u16_le("text length")?);
    let rest = r.take(HEADER - 6, "header")?;
    let empty = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
    let (before, _) = rest.split_at_checked(2).ok_or(NONE)?;
    let kind = match kind {
        0 if length == 0 && empty(rest) => Kind::Initiation,
        // The answer sets the byte behind, and no other.
        1 if length == 0 && empty(before) && empty(rest.get(3..).unwrap_or(&[])) => Kind::Initiated,
        2 | 3 => {
            let [.., packet, packets] = *rest.get(..36).unwrap_or(&[]) else { return Err(NONE) };
            let inside = rest.get(25).copied().unwrap_or(0);
            let request = matches!(inside, table::SHORT_REQUEST | table::LONG_REQUEST);
            let answer = matches!(inside, table::ACK | table::ACK_WITH_TEXT | table::REFUSAL);
            // Everything between the length and the clock is empty but for two marks.
            let quiet = empty(before) && empty(rest.get(4..11).unwrap_or(&[])) && rest.get(11) == Some(&1);
            if !quiet || packet == 0 || packets == 0 || !(if kind == 2 { request } else { answer }) {
                return Err(NONE);
            }
            if kind == 2 { Kind::Request } else { Kind::Answer }
        }
        _ => return Err(NONE),
    };
    Ok((HEADER + usize::from(length), kind))
}

/// Reads a whole message.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn message(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    let (_, kind) = head(bytes)?;
    let mut r = Reader::new(bytes);
    r.skip(2, "kind")?;
    let number = r.u16_le("number")?;
    r.skip(27, "header")?;
    let inside = r.u8("message kind")?;
    r.skip(10, "mailboxes and packets")?;
    // A long request has its service behind the room of a short one.
    if inside == table::LONG_REQUEST {
        r.skip(8, "packets")?;
        let (service, arguments) = (r.u8("service")?, r.take(5, "arguments")?);
        return Ok(Message { kind, number, inside, service, arguments, text: r.rest() });
    }
    let (service, arguments) = (r.u8("service")?, r.take(5, "arguments")?);
    Ok(Message { kind, number, inside, service, arguments, text: r.rest() })
}
