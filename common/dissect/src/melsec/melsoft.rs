//! MELSOFT, the programming protocol: not published. Known from captures and public scanners: a header that names the two
//! ends and a length, then a frame of two lengths, a way, a command and a number.

use picket_reader::{Fault, Reader};

/// Header before the length's own end.
pub(crate) const HEADER: usize = 21;
const BODY_MAX: u16 = 8192;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) answer: bool,
    pub(crate) command: u16,
    /// Of an answer: 0 where it is positive.
    pub(crate) end: u16,
    /// Behind the command and its number.
    pub(crate) data: &'a [u8],
}

/// The length of the frame that begins here.
///
/// # Errors
/// [`Fault::Incomplete`] while it is cut, [`Fault::Malformed`] where it is none.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let kind = r.u8("kind")?;
    r.skip(4, "numbers")?;
    let mark = r.u16("mark")?;
    let network = r.u8("network")?;
    r.skip(11, "ends")?;
    let length = r.u16_le("length")?;
    if !matches!(kind, 0x57 | 0xd7)
        || mark != 0x1111
        || !matches!(network, 0x07 | 0x7f)
        || !(8..=BODY_MAX).contains(&length)
    {
        return Err(Fault::Malformed("melsec: no frame begins here"));
    }
    Ok(HEADER + usize::from(length))
}

/// Reads a whole frame.
///
/// # Errors
/// [`Fault`] where its inside ends early or contradicts its header.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let answer = r.u8("kind")? & 0x80 != 0;
    r.skip(HEADER - 1, "header")?;
    let inner = r.u8("frame")?;
    r.skip(2, "lengths")?;
    if inner != if answer { 0x9c } else { 0x1c } {
        return Err(Fault::Malformed("melsec: frame inside"));
    }
    let way = r.u8("length of the way")?;
    r.skip(usize::from(way), "way")?;
    let end = if answer { r.u16_le("end code")? } else { 0 };
    let command = r.u16("command")?;
    r.skip(1, "number")?;
    Ok(Frame { answer, command, end, data: r.rest() })
}

/// The question and the answer of the search over UDP: four bytes, and four the same with an answer behind.
pub(crate) fn search(bytes: &[u8]) -> Option<(bool, u8)> {
    match bytes {
        [0x5a, 0, 0, what] => Some((false, *what)),
        [0xda, 0, 0, what, rest @ ..] if matches!(rest.len(), 10 | 24) => Some((true, *what)),
        _ => None,
    }
}
