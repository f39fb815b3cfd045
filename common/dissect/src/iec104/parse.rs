//! Frames and data units (IEC 60870-5-104 clause 5, IEC 60870-5-101 clause 7).

use super::table::{self, SEGMENT};
use picket_reader::{Fault, Reader};

const START: u8 = 0x68;

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// I format.
    Information(Unit<'a>),
    /// S format: it acknowledges.
    Supervisory,
    /// U format, with its first control octet.
    Unnumbered(u8),
}

/// A data unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unit<'a> {
    pub(crate) code: u8,
    /// The objects have consecutive addresses, and only the first is written.
    pub(crate) sequence: bool,
    pub(crate) count: u8,
    pub(crate) cause: u8,
    pub(crate) negative: bool,
    pub(crate) address: u16,
    pub(crate) objects: &'a [u8],
}

/// The length of the frame at the start.
///
/// # Errors
/// [`Fault::Incomplete`] below [`HEAD`] bytes; [`Fault::Malformed`] where no frame begins so.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    if r.u8("start")? != START {
        return Err(Fault::Malformed("iec104: no start of a frame"));
    }
    let length = r.u8("length")?;
    // The other two formats have no data.
    let control = r.u8("control")?;
    if !(4..=253).contains(&length) || (control & 1 == 1 && length != 4) {
        return Err(Fault::Malformed("iec104: length out of range"));
    }
    Ok(usize::from(length) + 2)
}

/// Reads a whole frame.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(2, "start and length")?;
    let [first, second, third, fourth] = r.array("control")?;
    match first & 3 {
        3 if (second, third, fourth) == (0, 0, 0) => Ok(Frame::Unnumbered(first)),
        1 if first == 1 && second == 0 && third & 1 == 0 => Ok(Frame::Supervisory),
        0 | 2 if third & 1 == 0 => unit(r).map(Frame::Information),
        _ => Err(Fault::Malformed("iec104: control octets")),
    }
}

fn unit(mut r: Reader<'_>) -> Result<Unit<'_>, Fault> {
    let (code, qualifier, cause) = (r.u8("type")?, r.u8("structure")?, r.u8("cause")?);
    r.u8("originator")?;
    let address = r.u16_le("common address")?;
    let (sequence, count) = (qualifier & 0x80 != 0, qualifier & 0x7f);
    let (negative, cause) = (cause & 0x40 != 0, cause & 0x3f);
    Ok(Unit { code, sequence, count, cause, negative, address, objects: r.rest() })
}

impl Unit<'_> {
    /// Whether the objects fill the unit; `None` where their length is not known.
    pub(crate) fn fits(&self) -> Option<bool> {
        let count = usize::from(self.count);
        let needed = match table::kind(self.code).element.map(usize::from) {
            Some(element) if self.sequence => element * count + 3,
            Some(element) => (element + 3) * count,
            None if self.code == SEGMENT => 7 + usize::from(self.objects.get(6).copied()?),
            None => return None,
        };
        Some(needed == self.objects.len() && count > 0)
    }

    /// First and last address of the objects.
    pub(crate) fn range(&self) -> Option<(u32, u32)> {
        let mut r = Reader::new(self.objects);
        let first = address(&mut r)?;
        let count = u32::from(self.count);
        if self.sequence {
            return Some((first, first.saturating_add(count.saturating_sub(1))));
        }
        let element = table::kind(self.code).element.map(usize::from);
        let (mut low, mut high) = (first, first);
        for _ in 1..count {
            r.skip(element?, "element").ok()?;
            let next = address(&mut r)?;
            (low, high) = (low.min(next), high.max(next));
        }
        Some((low, high))
    }

    /// The first element, behind its address.
    fn element(&self) -> Option<&[u8]> {
        self.objects.get(3..)
    }

    /// Whether a command only selects.
    pub(crate) fn selects(&self) -> bool {
        let at = match self.code {
            45..=47 | 58..=60 => 0,
            48 | 49 | 61 | 62 => 2,
            50 | 63 => 4,
            _ => return false,
        };
        self.element().and_then(|element| element.get(at)).is_some_and(|qualifier| qualifier & 0x80 != 0)
    }

    /// The value of the object, where there is one and it is a number; the qualifier of interrogations.
    pub(crate) fn value(&self) -> Option<f64> {
        if self.count != 1 {
            return None;
        }
        let mut r = Reader::new(self.element()?);
        Some(match self.code {
            1 | 2 | 30 | 45 | 58 => f64::from(r.u8("value").ok()? & 1),
            3 | 4 | 31 | 46 | 47 | 59 | 60 => f64::from(r.u8("value").ok()? & 3),
            // Seven bits with a sign.
            5 | 6 | 32 => f64::from((r.u8("value").ok()? << 1) as i8 >> 1),
            7 | 8 | 33 | 51 | 64 => f64::from(r.u32_le("value").ok()?),
            9 | 10 | 21 | 34 | 48 | 61 | 110 => f64::from(r.u16_le("value").ok()? as i16) / 32_768.0,
            11 | 12 | 35 | 49 | 62 | 111 => f64::from(r.u16_le("value").ok()? as i16),
            13 | 14 | 36 | 50 | 63 | 112 => f64::from(f32::from_bits(r.u32_le("value").ok()?)),
            15 | 16 | 37 => f64::from(r.u32_le("value").ok()? as i32),
            100 | 101 | 105 | 113 => f64::from(r.u8("qualifier").ok()?),
            _ => return None,
        })
        .filter(|value| value.is_finite())
    }
}

/// An information object's address.
fn address(r: &mut Reader<'_>) -> Option<u32> {
    let [low, middle, high] = r.array("object address").ok()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}
