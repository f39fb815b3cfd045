//! Messages of ACSE with what they carry (ANSI C12.22-2012 clause 5.3.4).

use super::table::{FULL_READ, FULL_WRITE, OFFSET_READ, OFFSET_WRITE};
use crate::ber;
use picket_reader::{Fault, Reader};

/// The longest message: segments are shorter.
const LENGTH_MAX: usize = 0xffff;
/// Services of one message that are read.
pub(crate) const SERVICES_MAX: usize = 32;

/// A message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    /// The invocation's number, of the request where this answers one.
    pub(crate) invocation: u32,
    /// It names the invocation that it answers.
    pub(crate) answers: bool,
    /// What it carries cannot be read.
    pub(crate) encrypted: bool,
    pub(crate) services: Reader<'a>,
}

/// The length of the message at the start.
///
/// # Errors
/// [`Fault::Incomplete`] where the length is not in view; [`Fault::Malformed`] where no message begins so.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    if r.u8("tag")? != 0x60 {
        return Err(Fault::Malformed("c1222: no start of a message"));
    }
    let length = match r.u8("length")? {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(r.u8("length")?),
        0x82 => usize::from(r.u16("length")?),
        _ => return Err(Fault::Malformed("c1222: form of length")),
    };
    // The first element has a tag of its context.
    if !r.is_empty() && !matches!(r.peek().first(), Some(0xa1..=0xbe)) {
        return Err(Fault::Malformed("c1222: first element"));
    }
    match r.position().saturating_add(length) {
        total @ 8..=LENGTH_MAX => Ok(total),
        _ => Err(Fault::Malformed("c1222: length out of range")),
    }
}

/// Reads a whole message.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn message(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    let mut whole = Reader::new(bytes);
    let mut elements = ber::expect(&mut whole, 0x60, "c1222: tag")?;
    let (mut called, mut calling, mut user) = (None, None, None);
    while !elements.is_empty() {
        let (tag, mut value) = ber::value(&mut elements)?;
        match tag {
            0xa4 => called = Some(number(&mut value)?),
            0xa8 => calling = Some(number(&mut value)?),
            0xbe => user = Some(value),
            // Context, titles, qualifiers, mechanism and authentication.
            0xa1 | 0xa2 | 0xa5 | 0xa6 | 0xa7 | 0x8b | 0xac => {}
            _ => return Err(Fault::Malformed("c1222: element")),
        }
    }
    let mut user = user.ok_or(Fault::Malformed("c1222: user information"))?;
    let mut external = ber::expect(&mut user, 0x28, "c1222: external")?;
    let (_, mut epsem) = ber::value(&mut external)?;
    let flags = epsem.u8("flags")?;
    if flags & 0x80 == 0 {
        return Err(Fault::Malformed("c1222: flags"));
    }
    // A class of devices can stand before the services; encryption hides it.
    let encrypted = flags & 0x0c == 0x08;
    if flags & 0x10 != 0 && !encrypted {
        epsem.skip(4, "class of devices")?;
    }
    let invocation = called.or(calling).unwrap_or(0);
    Ok(Message { invocation, answers: called.is_some(), encrypted, services: epsem })
}

/// An integer, whole or its last bytes.
fn number(value: &mut Reader<'_>) -> Result<u32, Fault> {
    let inside = ber::expect(value, 2, "c1222: number")?;
    Ok(inside.peek().iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)))
}

/// The next service: its code and its bytes. A length of 0 ends a message that was padded.
///
/// # Errors
/// [`Fault`] where it is cut.
pub(crate) fn service<'a>(r: &mut Reader<'a>) -> Result<Option<(u8, Reader<'a>)>, Fault> {
    let length = match r.u8("length")? {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(r.u8("length")?),
        0x82 => usize::from(r.u16("length")?),
        _ => return Err(Fault::Malformed("c1222: length of a service")),
    };
    if length == 0 {
        return Ok(None);
    }
    let mut inside = r.sub(length, "service")?;
    Ok(Some((inside.u8("code")?, inside)))
}

/// The table that a service reads or writes.
pub(crate) fn table(code: u8, mut data: Reader<'_>) -> Option<u16> {
    match code {
        FULL_READ..=0x39 | OFFSET_READ | FULL_WRITE..=0x49 | OFFSET_WRITE => data.u16("table").ok(),
        _ => None,
    }
}

/// The table of manufacturer identification.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Manufacturer<'a> {
    pub(crate) maker: &'a [u8],
    pub(crate) model: &'a [u8],
    /// Version and revision of the firmware.
    pub(crate) firmware: [u8; 2],
}

/// Reads the table of manufacturer identification.
///
/// # Errors
/// [`Fault`] where it is cut.
pub(crate) fn manufacturer(mut data: Reader<'_>) -> Result<Manufacturer<'_>, Fault> {
    data.u16("count")?;
    let (maker, model) = (data.take(4, "maker")?, data.take(8, "model")?);
    data.skip(2, "hardware")?;
    Ok(Manufacturer { maker, model, firmware: data.array("firmware")? })
}
