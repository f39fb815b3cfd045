//! Messages: addresses, an opcode, a length, a checksum (ROC Plus Protocol Specifications Manual, chapter 1).

use crate::checksum;
use picket_reader::{Fault, Reader};

/// Both addresses, opcode and length.
pub(crate) const HEAD: usize = 6;

/// A message whose checksum fits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    /// Unit and group of the receiver, and of the sender.
    pub(crate) dest: [u8; 2],
    pub(crate) src: [u8; 2],
    pub(crate) opcode: u8,
    pub(crate) data: &'a [u8],
    /// The checksum begins as the manual has it.
    pub(crate) by_manual: bool,
}

/// The length of the message at the start.
///
/// # Errors
/// [`Fault::Incomplete`] below [`HEAD`] bytes.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(5, "addresses and opcode")?;
    Ok(HEAD + usize::from(r.u8("length")?) + 2)
}

/// Reads a whole message.
///
/// # Errors
/// [`Fault`] where its checksum does not fit.
pub(crate) fn message(bytes: &[u8]) -> Result<Message<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let covered = r.take(bytes.len().saturating_sub(2), "message")?;
    let sum = r.u16_le("checksum")?;
    // The manual begins the checksum with zeros; there are devices that begin it with ones.
    let by_manual = checksum::arc(covered) == sum;
    if !by_manual && checksum::modbus(covered) != sum {
        return Err(Fault::Malformed("roc_plus: checksum"));
    }
    let mut r = Reader::new(covered);
    let (dest, src, opcode) = (r.array("destination")?, r.array("source")?, r.u8("opcode")?);
    Ok(Message { dest, src, opcode, data: r.vec8("data")?.rest(), by_manual })
}

/// First and last parameter of a single point, in requests and answers alike: point type, point, count, first.
pub(crate) fn parameters(data: &[u8]) -> Option<(u32, u32)> {
    let [_, _, count, first, ..] = *data else { return None };
    let last = (u32::from(first) + u32::from(count)).checked_sub(1)?;
    Some((u32::from(first), last.max(u32::from(first))))
}
