//! FINS frames, bare and behind the header of FINS/TCP.

use super::table::{self, MEMORY_FILL, MEMORY_READ, MEMORY_WRITE};
use crate::codes::{name, range};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// Longest message: 2,000 bytes of data and the headers, with room for what manuals do not say.
const LENGTH_MAX: u32 = 4096;

/// One FINS frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) answer: bool,
    /// Network, node and unit of who is spoken to, and of who speaks.
    pub(crate) to: [u8; 3],
    pub(crate) from: [u8; 3],
    pub(crate) number: u8,
    pub(crate) command: u32,
    pub(crate) data: &'a [u8],
}

/// Reads a frame.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (control, reserved, gateways) = (r.u8("ICF")?, r.u8("RSV")?, r.u8("GCT")?);
    if control & 0x3e != 0 || reserved != 0 || gateways > 7 {
        return Err(Fault::Malformed("fins: no frame begins here"));
    }
    let (to, from, number) = (r.array("DNA")?, r.array("SNA")?, r.u8("SID")?);
    let command = u32::from(r.u16("command")?);
    Ok(Frame { answer: control & 0x40 != 0, to, from, number, command, data: r.rest() })
}

/// The length of the FINS/TCP message that begins here.
///
/// # Errors
/// [`Fault::Incomplete`] while it is cut, [`Fault::Malformed`] where it is none.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    const NONE: Fault = Fault::Malformed("fins: no message begins here");
    let mut r = Reader::new(bytes);
    if !b"FINS".starts_with(r.peek().get(..4).unwrap_or(r.peek())) {
        return Err(NONE);
    }
    r.skip(4, "FINS")?;
    let length = r.u32("length")?;
    if !(8..=LENGTH_MAX).contains(&length) {
        return Err(NONE);
    }
    Ok(8 + usize::try_from(length).unwrap_or(0))
}

/// What stands behind the header of FINS/TCP: its command, its error, and the rest.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn tcp(bytes: &[u8]) -> Result<(u32, u32, &[u8]), Fault> {
    let mut r = Reader::new(bytes);
    r.skip(8, "FINS")?;
    Ok((r.u32("command")?, r.u32("error")?, r.rest()))
}

/// What a memory command touches.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Access {
    pub(crate) area: Option<Cow<'static, str>>,
    pub(crate) range: Option<(u32, u32)>,
    pub(crate) value: Option<f64>,
}

/// Reads what a request touches; none for commands without a memory area.
///
/// # Errors
/// [`Fault`] where its data do not fit the command.
pub(crate) fn access(command: u32, data: &[u8]) -> Result<Access, Fault> {
    if !matches!(command, MEMORY_READ | MEMORY_WRITE | MEMORY_FILL) {
        return Ok(Access::default());
    }
    let mut r = Reader::new(data);
    let (area, start) = (u32::from(r.u8("area")?), r.u16("address")?);
    r.skip(1, "bit")?;
    let count = r.u16("count")?;
    let known = name(table::AREAS, area);
    let area: Cow<'static, str> = if known.is_empty() { format!("area 0x{area:02x}").into() } else { known.into() };
    let single = command == MEMORY_WRITE && r.remaining() == 2 || command == MEMORY_FILL;
    let value = if single { r.u16("value").ok().map(f64::from) } else { None };
    Ok(Access { area: Some(area), range: range(start.into(), count.into()), value })
}
