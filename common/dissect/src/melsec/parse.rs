//! Frames 3E and 4E, binary and ASCII (SLMP specification, part 1 "Message format").

use super::table::{self, DEVICES};
use crate::codes::range;
use picket_reader::{Fault, Reader};

/// The longest body that the length of either form may say.
const BODY_MAX: usize = 8192;

/// Numbers as either form writes them: bytes with the least significant first, or digits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbers<'a> {
    pub(crate) rest: Reader<'a>,
    pub(crate) ascii: bool,
}

impl Numbers<'_> {
    /// A number of so many bytes, at most 4.
    pub(crate) fn number(&mut self, bytes: usize) -> Result<u32, Fault> {
        if self.ascii {
            return digits(self.rest.take(bytes * 2, "number")?, 16);
        }
        let bytes = self.rest.take(bytes, "number")?;
        Ok(bytes.iter().rev().fold(0u32, |number, byte| number << 8 | u32::from(*byte)))
    }
}

/// Digits of ASCII.
fn digits(text: &[u8], radix: u32) -> Result<u32, Fault> {
    text.iter().try_fold(0u32, |number, byte| {
        let digit = char::from(*byte).to_digit(radix).ok_or(Fault::Malformed("melsec: not a digit"))?;
        Ok(number.wrapping_mul(radix).wrapping_add(digit))
    })
}

/// The start of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) ascii: bool,
    pub(crate) answer: bool,
    /// The number of a 4E frame.
    pub(crate) serial: Option<u16>,
    pub(crate) network: u8,
    pub(crate) station: u8,
    /// Module the frame is for: 0x03ff is the processor that was reached.
    pub(crate) module: u16,
    /// Bytes up to the body, and in all.
    pub(crate) body: usize,
    pub(crate) total: usize,
}

/// The start of the frame that begins here.
///
/// # Errors
/// [`Fault::Incomplete`] while it is cut, [`Fault::Malformed`] where it is none.
pub(crate) fn head(bytes: &[u8]) -> Result<Head, Fault> {
    let mut r = Reader::new(bytes);
    let (first, second) = (r.u8("sub-header")?, r.u8("sub-header")?);
    let (ascii, answer, numbered) = match (first, second) {
        (0x50, 0) => (false, false, false),
        (0xd0, 0) => (false, true, false),
        (0x54, 0) => (false, false, true),
        (0xd4, 0) => (false, true, true),
        (b'5' | b'D', number @ (b'0' | b'4')) => {
            if r.take(2, "sub-header")? != b"00" {
                return Err(Fault::Malformed("melsec: sub-header"));
            }
            (true, first == b'D', number == b'4')
        }
        _ => return Err(Fault::Malformed("melsec: sub-header")),
    };
    let mut n = Numbers { rest: r, ascii };
    let mut serial = None;
    if numbered {
        serial = u16::try_from(n.number(2)?).ok();
        if n.number(2)? != 0 {
            return Err(Fault::Malformed("melsec: reserved word is not 0"));
        }
    }
    let (network, controller) = (n.number(1)?, n.number(1)?);
    let (module, station, length) = (n.number(2)?, n.number(1)?, n.number(2)?);
    // Own station 0xff or 1 to 120, of the own network 0 or another up to 239.
    let known = matches!(module, 0x03d0..=0x03d3 | 0x03e0..=0x03e3 | 0x03fe | 0x03ff | 0..=0x01ff);
    let (length, unit) = (usize::try_from(length).unwrap_or(usize::MAX), if ascii { 4 } else { 2 });
    let least = if answer { unit } else { unit * 3 };
    if !known
        || network > 239
        || !(1..=120).contains(&controller) && controller < 0x7d
        || !(least..=BODY_MAX).contains(&length)
    {
        return Err(Fault::Malformed("melsec: no frame begins here"));
    }
    let body = n.rest.position();
    let byte = |number: u32| u8::try_from(number).unwrap_or(u8::MAX);
    Ok(Head {
        ascii,
        answer,
        serial,
        network: byte(network),
        station: byte(station),
        module: u16::try_from(module).unwrap_or(0),
        body,
        total: body.saturating_add(length),
    })
}

/// A request: its command, its sub-command, and what stands behind them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) command: u32,
    pub(crate) sub: u32,
    pub(crate) data: Numbers<'a>,
}

/// Reads a request's body.
///
/// # Errors
/// [`Fault`] where it ends early.
pub(crate) fn request<'a>(head: &Head, bytes: &'a [u8]) -> Result<Request<'a>, Fault> {
    let mut data = body(head, bytes);
    data.number(2)?;
    Ok(Request { command: data.number(2)?, sub: data.number(2)?, data })
}

/// Reads an answer's body: the end code, and what stands behind it.
///
/// # Errors
/// [`Fault`] where it ends early.
pub(crate) fn answer<'a>(head: &Head, bytes: &'a [u8]) -> Result<(u32, Numbers<'a>), Fault> {
    let mut data = body(head, bytes);
    Ok((data.number(2)?, data))
}

fn body<'a>(head: &Head, bytes: &'a [u8]) -> Numbers<'a> {
    let rest = Reader::new(bytes.get(head.body..head.total).unwrap_or(&[]));
    Numbers { rest, ascii: head.ascii }
}

/// What a device access touches.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Access {
    pub(crate) device: Option<&'static str>,
    pub(crate) range: Option<(u32, u32)>,
    pub(crate) value: Option<f64>,
}

/// The devices of a batch read or write (0x0401, 0x1401).
pub(crate) fn access(request: &Request<'_>) -> Access {
    let mut data = request.data;
    let batch = matches!(request.command, 0x0401 | 0x1401);
    // Sub-commands 0 and 1 (words, bits), 2 and 3 with the longer numbers of the iQ-R series.
    if !batch || request.sub > 3 {
        return Access::default();
    }
    let wide = request.sub >= 2;
    let found = if data.ascii { named(&mut data, wide) } else { coded(&mut data, wide) };
    let Ok((device, start)) = found else { return Access::default() };
    let count = data.number(2).unwrap_or(0);
    let word = request.command == 0x1401 && request.sub & 1 == 0 && count == 1;
    let value = if word { data.number(2).ok().map(f64::from) } else { None };
    Access { device: Some(device), range: range(start, count), value }
}

fn coded(data: &mut Numbers<'_>, wide: bool) -> Result<(&'static str, u32), Fault> {
    let start = data.number(if wide { 4 } else { 3 })?;
    let code = data.number(if wide { 2 } else { 1 })?;
    let device = DEVICES.iter().find(|(known, ..)| u32::from(*known) == code);
    device.map(|(_, name, _)| (*name, start)).ok_or(Fault::Malformed("melsec: device code"))
}

fn named(data: &mut Numbers<'_>, wide: bool) -> Result<(&'static str, u32), Fault> {
    let name = data.rest.take(if wide { 4 } else { 2 }, "device")?;
    let number = data.rest.take(if wide { 8 } else { 6 }, "device number")?;
    let end = name.iter().position(|byte| *byte == b'*').unwrap_or(name.len());
    let name = name.get(..end).unwrap_or(&[]);
    let device = DEVICES.iter().find(|(_, known, _)| known.as_bytes() == name);
    let (_, name, hexadecimal) = *device.ok_or(Fault::Malformed("melsec: device name"))?;
    Ok((name, digits(number, if hexadecimal { 16 } else { 10 })?))
}

/// Whether a command and its sub-command exist.
pub(crate) fn exists(request: &Request<'_>) -> bool {
    !table::command(request.command).name.is_empty()
        && matches!(request.sub, 0..=0x000f | 0x0040 | 0x0080..=0x0083 | 0x00c0)
}
