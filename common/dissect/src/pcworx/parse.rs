//! Messages: direction, function, length, number.

use picket_reader::{Fault, Reader};

const LENGTH_MAX: u16 = 4096;

/// Length in all, whether it is an answer, and the function as a request names it.
///
/// # Errors
/// [`Fault::Incomplete`] while it is cut, [`Fault::Malformed`] where no message begins.
pub(crate) fn head(bytes: &[u8]) -> Result<(usize, bool, u32), Fault> {
    let mut r = Reader::new(bytes);
    let (side, function) = (r.u8("side")?, r.u8("function")?);
    if !matches!(side, 0x01 | 0x81) || !(1..=0x40).contains(&function) {
        return Err(Fault::Malformed("pcworx: no message begins here"));
    }
    let length = r.u16("length")?;
    r.skip(2, "number")?;
    if !(8..=LENGTH_MAX).contains(&length) {
        return Err(Fault::Malformed("pcworx: no message begins here"));
    }
    Ok((usize::from(length), side & 0x80 != 0, 0x0100 | u32::from(function)))
}

/// Type and firmware of a controller, at their places in the answer.
pub(crate) fn controller(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    Some((bytes.get(30..66)?, bytes.get(66..79)?))
}
