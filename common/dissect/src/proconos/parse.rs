//! Headers of 16 bytes, little-endian.

use super::table::{REGISTERED, RETURN};
use picket_reader::{Fault, Reader};

/// Length of a header.
pub(crate) const HEADER: usize = 16;
const BODY_MAX: u32 = 60_000;

/// The start of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: u16,
    pub(crate) service: u16,
    pub(crate) call: u16,
    /// The sum of the header is there and right.
    pub(crate) summed: bool,
    pub(crate) total: usize,
}

impl Head {
    /// Whether the server says this.
    pub(crate) const fn answer(&self) -> bool {
        matches!(self.kind, REGISTERED | RETURN)
    }
}

/// Reads the header that begins here.
///
/// # Errors
/// [`Fault::Incomplete`] while it is cut, [`Fault::Malformed`] where no message begins.
pub(crate) fn head(bytes: &[u8]) -> Result<Head, Fault> {
    const NONE: Fault = Fault::Malformed("proconos: no message begins here");
    let mut r = Reader::new(bytes);
    let (version, kind) = (r.u16_le("version")?, r.u16_le("kind")?);
    if version != 1 || kind > RETURN {
        return Err(NONE);
    }
    let (zero, length) = (r.u16_le("reserved")?, r.u16_le("length")?);
    let (service, call) = (r.u16_le("service")?, r.u16_le("call")?);
    let (more, sum) = (r.u16_le("reserved")?, r.u16_le("sum")?);
    let words = [version, kind, zero, length, service, call, more, sum];
    // The words add up to 0xffff, carries left out, unless the sum is left empty.
    let total = words.iter().fold(0u16, |total, word| total.wrapping_add(*word));
    let summed = sum != 0 && total == 0xffff;
    if zero != 0 || more != 0 || (sum != 0 && !summed) || u32::from(length) > BODY_MAX {
        return Err(NONE);
    }
    Ok(Head { kind, service, call, summed, total: HEADER + usize::from(length) })
}
