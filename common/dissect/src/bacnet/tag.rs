//! Tagged values (ASHRAE 135-2020 clause 20.2): objects, properties, numbers, texts.

use picket_reader::{Fault, Reader};

/// A tag with its contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tag<'a> {
    /// Of an application's type.
    Application(u8, &'a [u8]),
    /// Whose type the service knows.
    Context(u8, &'a [u8]),
    Opening(u8),
    Closing(u8),
}

/// Reads a tag and its contents.
///
/// # Errors
/// Where they are cut.
pub(crate) fn tag<'a>(r: &mut Reader<'a>) -> Result<Tag<'a>, Fault> {
    let head = r.u8("tag")?;
    let number = if head >> 4 == 15 { r.u8("tag number")? } else { head >> 4 };
    let context = head & 8 != 0;
    match (context, head & 7) {
        (true, 6) => return Ok(Tag::Opening(number)),
        (true, 7) => return Ok(Tag::Closing(number)),
        // A Boolean's value stands in place of its length.
        (false, value) if number == 1 => return Ok(Tag::Application(1, if value == 0 { &[0] } else { &[1] })),
        _ => {}
    }
    let length = match head & 7 {
        5 => match r.u8("length")? {
            254 => usize::from(r.u16("length")?),
            255 => usize::try_from(r.u32("length")?).unwrap_or(usize::MAX),
            short => usize::from(short),
        },
        short => usize::from(short),
    };
    let contents = r.take(length, "contents")?;
    Ok(if context { Tag::Context(number, contents) } else { Tag::Application(number, contents) })
}

/// An unsigned number.
pub(crate) fn unsigned(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() || bytes.len() > 4 {
        return None;
    }
    Some(bytes.iter().fold(0u32, |value, byte| value << 8 | u32::from(*byte)))
}

/// An object identifier: type and instance.
pub(crate) fn object(bytes: &[u8]) -> Option<(u16, u32)> {
    let id = Reader::new(bytes).u32("object").ok().filter(|_| bytes.len() == 4)?;
    Some((u16::try_from(id >> 22).ok()?, id & 0x003f_ffff))
}

/// A value that is one number: null is none.
pub(crate) fn number(kind: u8, bytes: &[u8]) -> Option<f64> {
    let mut r = Reader::new(bytes);
    match (kind, bytes.len()) {
        (1 | 2 | 9, _) => unsigned(bytes).map(f64::from),
        (3, 1..=4) => {
            let negative = bytes.first().is_some_and(|first| first & 0x80 != 0);
            let begin = if negative { -1i64 } else { 0 };
            let value = bytes.iter().fold(begin, |value, byte| value << 8 | i64::from(*byte));
            i32::try_from(value).ok().map(f64::from)
        }
        (4, 4) => r.array("real").ok().map(f32::from_be_bytes).map(f64::from),
        (5, 8) => r.array("double").ok().map(f64::from_be_bytes),
        _ => None,
    }
    .filter(|value| value.is_finite())
}

/// A text without its character set; sets of one byte and UTF-8 are kept.
pub(crate) fn text(bytes: &[u8]) -> Option<&[u8]> {
    match bytes {
        [0 | 5, text @ ..] => Some(text),
        _ => None,
    }
}
