//! Frames, their datagrams, and the mailboxes in these.

use super::table::{COMMAND_MAX, READS, WRITES};
use crate::link::Verdict;
use picket_reader::{Fault, Reader};

/// A datagram: its command, whom it is for, the place it touches, its data, and how many slaves worked on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Datagram<'a> {
    pub(crate) command: u8,
    pub(crate) slave: u16,
    pub(crate) place: u16,
    pub(crate) data: &'a [u8],
    pub(crate) worked: u16,
    /// Another follows.
    pub(crate) more: bool,
}

/// The kind of a frame, and what is behind its header.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn frame(bytes: &[u8]) -> Result<(u16, Reader<'_>), Fault> {
    let mut r = Reader::new(bytes);
    let head = r.u16_le("header")?;
    Ok((head >> 11, r.sub(usize::from(head & 0x07ff), "datagrams")?))
}

/// Reads the next datagram.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn datagram<'a>(r: &mut Reader<'a>) -> Result<Datagram<'a>, Fault> {
    let command = r.u8("command")?;
    r.skip(1, "index")?;
    let (slave, place, length) = (r.u16_le("slave")?, r.u16_le("place")?, r.u16_le("length")?);
    r.skip(2, "interrupt")?;
    let data = r.take(usize::from(length & 0x07ff), "data")?;
    Ok(Datagram { command, slave, place, data, worked: r.u16_le("working counter")?, more: length & 0x8000 != 0 })
}

/// Kind 1 (datagrams), with commands that exist up to the last, which says so; below IP also network variables and mailboxes
/// by their length.
pub(super) fn probe(bytes: &[u8]) -> Verdict {
    let (kind, inside) = frame(bytes)?;
    match kind {
        0b00010 => Ok(chains(inside).then_some(0.98)),
        0b01000 | 0b01010 => Ok((inside.remaining() >= 6 && bytes.len() >= 44).then_some(0.9)),
        _ => Ok(None),
    }
}

/// Over UDP datagrams alone, and nothing behind them.
pub(super) fn probe_datagram(bytes: &[u8]) -> Verdict {
    let (kind, inside) = frame(bytes)?;
    let whole = inside.remaining().saturating_add(2) == bytes.len();
    Ok((kind == 0b00010 && whole && chains(inside)).then_some(0.98))
}

/// Whether commands exist and the last one, which says so, ends at the end.
fn chains(mut r: Reader<'_>) -> bool {
    loop {
        match datagram(&mut r) {
            Ok(read) if read.command > COMMAND_MAX => return false,
            Ok(read) if read.more => {}
            Ok(_) => return r.is_empty(),
            Err(_) => return false,
        }
    }
}

/// A mailbox: its kind, and what it carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mailbox<'a> {
    pub(crate) kind: u8,
    pub(crate) inside: &'a [u8],
    /// The master wrote it; else a slave's was read.
    pub(crate) written: bool,
    /// It is on its way back, where what was written is known already.
    pub(crate) again: bool,
}

/// The mailbox in a datagram, where it can hold one: memory from 0x1000 on, a kind that exists, a length that fits, and the
/// working counter that says whether a slave has put it there.
pub(crate) fn mailbox<'a>(datagram: &Datagram<'a>) -> Option<Mailbox<'a>> {
    let written = WRITES.contains(&datagram.command);
    let read = READS.contains(&datagram.command) && datagram.worked != 0;
    if !(written || read) || datagram.place < 0x1000 {
        return None;
    }
    let mut r = Reader::new(datagram.data);
    let length = usize::from(r.u16_le("length").ok()?);
    r.skip(2, "address").ok()?;
    let (channel, kind) = (r.u8("channel").ok()?, r.u8("kind").ok()?);
    let inside = r.take(length, "mailbox").ok()?;
    let fits = channel & 0x3f == 0 && kind & 0x80 == 0 && (1..=5).contains(&(kind & 15)) && length >= 4;
    fits.then_some(Mailbox { kind: kind & 15, inside, written, again: written && datagram.worked != 0 })
}

/// What a CoE mailbox carries: its service, and the SDO's command, object and data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sdo<'a> {
    pub(crate) service: u8,
    pub(crate) command: u8,
    pub(crate) index: u16,
    pub(crate) sub: u8,
    pub(crate) data: &'a [u8],
}

/// Reads a CoE mailbox.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn coe(inside: &[u8]) -> Result<Sdo<'_>, Fault> {
    let mut r = Reader::new(inside);
    let service = (r.u16_le("CoE header")? >> 12) as u8;
    if !(2..=3).contains(&service) {
        return Ok(Sdo { service, command: 0, index: 0, sub: 0, data: r.rest() });
    }
    let command = r.u8("command")?;
    // A segment names no object.
    if inside.len() < 10 {
        return Ok(Sdo { service, command, index: 0, sub: 0, data: r.rest() });
    }
    Ok(Sdo { service, command, index: r.u16_le("index")?, sub: r.u8("subindex")?, data: r.rest() })
}

/// What an upload's answer holds, where it is whole: inside the answer itself, or behind its length.
pub(crate) fn uploaded<'a>(sdo: &Sdo<'a>) -> Option<&'a [u8]> {
    if sdo.command & 2 != 0 {
        let unused = if sdo.command & 1 != 0 { usize::from(sdo.command >> 2 & 3) } else { 0 };
        return sdo.data.get(..4 - unused);
    }
    let (length, rest) = sdo.data.split_first_chunk()?;
    rest.get(..usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

/// The value of an expedited transfer: 1 to 4 bytes, as the command says.
pub(crate) fn expedited(sdo: &Sdo<'_>) -> Option<f64> {
    if sdo.command & 3 != 3 {
        return None;
    }
    let length = 4 - usize::from(sdo.command >> 2 & 3);
    let bytes = sdo.data.get(..length)?;
    Some(f64::from(bytes.iter().rev().fold(0u32, |value, byte| value << 8 | u32::from(*byte))))
}
