//! Messages: a length, a function, data.

use picket_reader::{Fault, Reader};

/// One message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message<'a> {
    pub(crate) code: u32,
    pub(crate) data: &'a [u8],
}

/// The length in all of the message that begins here; functions are 0x0100 to 0x04ff as far as is known.
///
/// # Errors
/// [`Fault::Incomplete`] while its head is cut, [`Fault::Malformed`] where none begins.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let (length, code) = (r.u16("length")?, r.u16("function")?);
    if !(2..=4096).contains(&length) || !(0x0100..=0x04ff).contains(&code) {
        return Err(Fault::Malformed("crimson: no message begins here"));
    }
    Ok(2 + usize::from(length))
}

/// Reads the message that begins here, and its length in all.
///
/// # Errors
/// As [`length`], and [`Fault::Incomplete`] while it is cut.
pub(crate) fn message(bytes: &[u8]) -> Result<(usize, Message<'_>), Fault> {
    let total = length(bytes)?;
    let mut r = Reader::new(bytes).sub(total, "message")?;
    r.skip(2, "length")?;
    Ok((total, Message { code: u32::from(r.u16("function")?), data: r.rest() }))
}
