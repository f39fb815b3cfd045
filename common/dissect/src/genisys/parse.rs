//! Messages between a control character and a terminator; bytes from 0xf0 on are escaped.

use super::table::{self, ACKNOWLEDGE, Message, POLL};
use crate::checksum;
use picket_reader::Fault;

/// Control character, address, terminator.
pub(crate) const HEAD: usize = 3;
/// The longest message, escaped: an address and data for each of 256 places, and a checksum.
const LENGTH_MAX: usize = 1100;
/// The longest message that is read, not escaped.
const CONTENT_MAX: usize = 520;
const ESCAPE: u8 = 0xf0;
const TERMINATOR: u8 = 0xf6;

/// A message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) message: Message,
    pub(crate) station: u8,
    /// It had a checksum, which fits.
    pub(crate) checked: bool,
    /// First and last place in its data.
    pub(crate) range: Option<(u32, u32)>,
    /// The data, where they are of one place.
    pub(crate) value: Option<f64>,
}

/// The length of the message at the start.
///
/// # Errors
/// [`Fault::Incomplete`] where its terminator is not in view; [`Fault::Malformed`] where no message begins so.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let Some((first, rest)) = bytes.split_first() else {
        return Err(Fault::Incomplete { field: "control character", missing: HEAD });
    };
    if table::message(*first).is_none() {
        return Err(Fault::Malformed("genisys: no start of a message"));
    }
    // Some escape the data and not the checksum, the two bytes before the terminator.
    let mut raw = 0usize;
    for (at, byte) in rest.iter().take(LENGTH_MAX).enumerate() {
        match *byte {
            TERMINATOR => return Ok(at + 2),
            _ if raw >= 2 => return Err(Fault::Malformed("genisys: byte that is not escaped")),
            0xf1.. => raw += 1,
            _ => raw += usize::from(raw > 0),
        }
    }
    if rest.len() < LENGTH_MAX {
        return Err(Fault::Incomplete { field: "terminator", missing: 1 });
    }
    Err(Fault::Malformed("genisys: message is too long"))
}

/// Reads a whole message.
///
/// # Errors
/// [`Fault::Malformed`] where it is none, or its checksum does not fit.
pub(crate) fn message(bytes: &[u8]) -> Result<Read, Fault> {
    let mut content = [0u8; CONTENT_MAX];
    let (mut places, mut length) = (content.iter_mut(), 0);
    let mut put = |byte: u8| {
        let place = places.next().ok_or(Fault::Malformed("genisys: message is too long"))?;
        (*place, length) = (byte, length + 1);
        Ok(())
    };
    let mut inside = bytes.get(..bytes.len().saturating_sub(1)).unwrap_or_default();
    if let Some((first, rest)) = inside.split_first() {
        put(*first)?;
        inside = rest;
    }
    while let Some((byte, rest)) = inside.split_first() {
        inside = rest;
        match (*byte, rest.split_first()) {
            (ESCAPE, Some((low @ 0..=0x0f, rest))) => {
                put(ESCAPE | low)?;
                inside = rest;
            }
            // An escape that escapes nothing: some send this byte as it is.
            (byte, _) => put(byte)?,
        }
    }
    read(content.get(..length).unwrap_or_default())
}

fn read(content: &[u8]) -> Result<Read, Fault> {
    let (Some(code), Some(station)) = (content.first(), content.get(1)) else {
        return Err(Fault::Malformed("genisys: address is missing"));
    };
    let message = table::message(*code).ok_or(Fault::Malformed("genisys: control character"))?;
    let mut read = Read { message, station: *station, checked: false, range: None, value: None };
    if content.len() == 2 && matches!(*code, ACKNOWLEDGE | POLL) {
        return Ok(read);
    }
    let Some((covered, [low, high])) = content.split_last_chunk::<2>() else {
        return Err(Fault::Malformed("genisys: checksum is missing"));
    };
    if checksum::modbus(covered) != u16::from_le_bytes([*low, *high]) {
        return Err(Fault::Malformed("genisys: checksum"));
    }
    read.checked = true;
    let data = covered.get(2..).unwrap_or_default();
    for pair in data.chunks(2) {
        if let [place, value] = pair {
            let place = u32::from(*place);
            let (first, last) = read.range.unwrap_or((place, place));
            read.range = Some((first.min(place), last.max(place)));
            read.value = (data.len() == 2).then(|| f64::from(*value));
        }
    }
    Ok(read)
}
