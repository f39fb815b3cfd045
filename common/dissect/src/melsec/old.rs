//! Frame 1E, binary (MC protocol reference manual, "1E frame"). An answer does not say how long it is: its request does.

use super::table::{OLD, OLD_DEVICES};
use crate::codes::{Code, find, range};
use picket_reader::{Fault, Reader};

/// A request: what it asks, and how long its answer will be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Request {
    pub(crate) code: u8,
    pub(crate) controller: u8,
    pub(crate) device: Option<&'static str>,
    pub(crate) range: Option<(u32, u32)>,
    pub(crate) value: Option<f64>,
    pub(crate) total: usize,
    /// Length of a positive answer.
    pub(crate) answer: usize,
}

/// What the code of a request is.
pub(crate) fn function(code: u8) -> Code {
    find(OLD, u32::from(code))
}

/// Reads the request that begins here; its length may reach behind what is in view.
///
/// # Errors
/// [`Fault::Incomplete`] while its length cannot be told, [`Fault::Malformed`] where it is none.
pub(crate) fn request(bytes: &[u8]) -> Result<Request, Fault> {
    let mut r = Reader::new(bytes);
    let (code, controller) = (r.u8("sub-header")?, r.u8("controller")?);
    let asked = Request { code, controller, device: None, range: None, value: None, total: 4, answer: 2 };
    r.skip(2, "timer")?;
    match code {
        0x00..=0x03 => batch(asked, &mut r),
        0x13 | 0x14 => Ok(asked),
        0x15 => Ok(Request { answer: 4, ..asked }),
        0x16 => {
            let count = usize::from(r.u8("count")?);
            Ok(Request { total: 5 + count, answer: 3 + count, ..asked })
        }
        _ => Err(Fault::Malformed("melsec: no frame begins here")),
    }
}

fn batch(asked: Request, r: &mut Reader<'_>) -> Result<Request, Fault> {
    let (start, device) = (r.u32_le("device number")?, r.array::<2>("device")?);
    let (count, last) = (r.u8("count")?, r.u8("end")?);
    let known = OLD_DEVICES.iter().find(|(code, _)| *code == device);
    let (Some((_, name)), 0) = (known, last) else { return Err(Fault::Malformed("melsec: device")) };
    // 0 stands for 256.
    let count = if count == 0 { 256 } else { u16::from(count) };
    let points = usize::from(count);
    let data = if asked.code & 1 == 0 { points.div_ceil(2) } else { points * 2 };
    let (total, answer) = if asked.code < 2 { (12, 2 + data) } else { (12 + data, 2) };
    let value = if asked.code == 3 && count == 1 { r.u16_le("value").ok().map(f64::from) } else { None };
    Ok(Request { device: Some(name), range: range(start, count.into()), value, total, answer, ..asked })
}

/// The length of the answer to a request: negative ones are short (5b names a reason).
///
/// # Errors
/// [`Fault::Incomplete`] while it cannot be told, [`Fault::Malformed`] where it is none.
pub(crate) fn answer_length(bytes: &[u8], asked: &Request) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let code = r.u8("sub-header")?;
    if code != asked.code | 0x80 {
        return Err(Fault::Malformed("melsec: an answer to something else"));
    }
    Ok(match r.u8("complete code")? {
        0 => asked.answer,
        0x5b => 4,
        _ => 2,
    })
}
