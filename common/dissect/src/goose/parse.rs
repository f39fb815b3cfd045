//! Frames and messages of GOOSE (IEC 61850-8-1 annexes A and C).

use super::table::{self, Message};
use crate::ber;
use picket_reader::{Fault, Reader};

/// Application's number, length and reserved octets.
const HEADER: usize = 8;

/// A frame: its application's number and what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) application: u16,
    pub(crate) message: Message,
    /// What is inside the message, as far as it is there.
    pub(crate) inside: &'a [u8],
    /// The frame holds all that its length says.
    pub(crate) whole: bool,
}

/// Reads a frame from behind its EtherType, padding included.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (application, length) = (r.u16("APPID")?, usize::from(r.u16("length")?));
    let reserved = r.u32("reserved")?;
    let (message, content) = message(&mut r)?;
    let end = r.position().saturating_add(content);
    // Behind the message a signature can stand, whose length the first reserved word tells (IEC 62351-6 clause 7).
    let signature = usize::try_from(reserved >> 16 & 0xff).unwrap_or(0);
    if length < HEADER + 2 || (end != length && end.saturating_add(signature) != length) {
        return Err(Fault::Malformed("goose: length does not fit"));
    }
    let whole = r.remaining() >= content;
    let inside = r.peek().get(..content).unwrap_or(r.peek());
    Ok(Frame { application, message, inside, whole })
}

/// The tag and the length of a message.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn message(r: &mut Reader<'_>) -> Result<(Message, usize), Fault> {
    let message = table::message(r.u8("tag")?).ok_or(Fault::Malformed("goose: tag of a message"))?;
    let content = match r.u8("length")? {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(r.u8("length")?),
        0x82 => usize::from(r.u16("length")?),
        _ => return Err(Fault::Malformed("goose: form of length")),
    };
    Ok((message, content))
}

/// What a message says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// Reference of the control block.
    pub(crate) control: Option<&'a [u8]>,
    pub(crate) data_set: Option<&'a [u8]>,
    pub(crate) identifier: Option<&'a [u8]>,
    pub(crate) state: Option<u32>,
    /// Fields that were there, by the number of their tag.
    fields: u16,
}

impl Said<'_> {
    /// Whether all fields are there that the standard demands: all but goID, simulation and ndsCom.
    pub(crate) const fn complete(&self) -> bool {
        const DEMANDED: u16 = 0b1101_0111_0111;
        self.fields & DEMANDED == DEMANDED
    }
}

/// Reads the fields of a goosePdu; those behind damage are missing.
///
/// # Errors
/// [`Fault`] at the damage.
pub(crate) fn said<'a>(inside: &'a [u8], said: &mut Said<'a>) -> Result<(), Fault> {
    let mut r = Reader::new(inside);
    while !r.is_empty() {
        let (tag, value) = ber::value(&mut r)?;
        let number = tag & 0x1f;
        if tag & 0xc0 != 0x80 || number > 11 {
            return Err(Fault::Malformed("goose: field that nobody knows"));
        }
        said.fields |= 1 << number;
        match number {
            0 => said.control = Some(value.peek()),
            2 => said.data_set = Some(value.peek()),
            3 => said.identifier = Some(value.peek()),
            5 => said.state = number_of(value.peek()),
            // What follows are the data.
            11 => break,
            _ => {}
        }
    }
    Ok(())
}

fn number_of(bytes: &[u8]) -> Option<u32> {
    let fits = (1..=5).contains(&bytes.len());
    fits.then(|| bytes.iter().fold(0u32, |sum, byte| sum << 8 | u32::from(*byte)))
}
