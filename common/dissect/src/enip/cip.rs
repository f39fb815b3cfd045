//! CIP messages (CIP Networks Library volume 1 section 2-4, appendix C): services, paths, wrappers, values.

use super::table::{self, CONNECTION_MANAGER, MULTIPLE_SERVICE, UNCONNECTED_SEND};
use crate::digits::{push_escaped, push_hex_number, push_number};
use picket_reader::{Fault, Reader};

/// Wrappers within wrappers that are opened.
const DEPTH: u8 = 3;
/// Services of one Multiple Service Packet that are read.
pub(crate) const SERVICES_MAX: usize = 64;
/// Longest name of a tag that is kept, bytes.
const NAME_MAX: usize = 96;

/// A path: what a request is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) class: Option<u32>,
    pub(crate) instance: Option<u32>,
    attribute: Option<u32>,
    /// Names and members of a tag, joined.
    symbol: String,
}

impl Path {
    /// Reads the segments of a padded path.
    ///
    /// # Errors
    /// Where a segment is cut or of a kind that nobody knows.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Fault> {
        let mut path = Self::default();
        let mut r = Reader::new(bytes);
        while !r.is_empty() {
            let segment = r.u8("segment")?;
            match segment >> 5 {
                0 => port(&mut r, segment)?,
                1 => path.logical(&mut r, segment)?,
                // Network segments: one byte, or a length in words.
                2 if segment & 0x10 == 0 => r.skip(1, "network segment")?,
                2 => words(&mut r)?,
                4 if segment == 0x91 => path.name(&mut r)?,
                4 => words(&mut r)?,
                _ => return Err(Fault::Malformed("enip: path segment of no kind")),
            }
        }
        Ok(path)
    }

    fn logical(&mut self, r: &mut Reader<'_>, segment: u8) -> Result<(), Fault> {
        let kind = segment >> 2 & 7;
        // Electronic keys have a format of their own.
        if kind == 5 {
            return words_of_key(r, segment);
        }
        let value = match segment & 3 {
            0 => u32::from(r.u8("logical segment")?),
            1 => {
                r.skip(1, "pad")?;
                u32::from(r.u16_le("logical segment")?)
            }
            2 => {
                r.skip(1, "pad")?;
                r.u32_le("logical segment")?
            }
            _ => return Err(Fault::Malformed("enip: logical segment of no size")),
        };
        match kind {
            0 if self.class.is_none() => self.class = Some(value),
            1 if self.instance.is_none() => self.instance = Some(value),
            4 => self.attribute = Some(value),
            2 if !self.symbol.is_empty() && self.symbol.len() < NAME_MAX => {
                self.symbol.push('[');
                push_number(&mut self.symbol, value);
                self.symbol.push(']');
            }
            _ => {}
        }
        Ok(())
    }

    fn name(&mut self, r: &mut Reader<'_>) -> Result<(), Fault> {
        let name = r.vec8("symbol")?.rest();
        if name.len() % 2 == 1 {
            r.skip(1, "pad")?;
        }
        if self.symbol.len() < NAME_MAX {
            if !self.symbol.is_empty() {
                self.symbol.push('.');
            }
            push_escaped(&mut self.symbol, name, NAME_MAX);
        }
        Ok(())
    }

    /// In words: the tag, or class, instance and attribute.
    pub(crate) fn text(self) -> Option<String> {
        if !self.symbol.is_empty() {
            return Some(self.symbol);
        }
        let class = self.class?;
        let mut text = String::with_capacity(48);
        match table::class(class) {
            Some(name) => text.push_str(name),
            None => {
                text.push_str("class 0x");
                push_hex_number(&mut text, class, 2);
            }
        }
        if let Some(instance) = self.instance {
            text.push_str(" instance ");
            push_number(&mut text, instance);
        }
        if let Some(attribute) = self.attribute {
            text.push_str(" attribute ");
            push_number(&mut text, attribute);
        }
        Some(text)
    }
}

/// A port segment: the way to another network.
fn port(r: &mut Reader<'_>, segment: u8) -> Result<(), Fault> {
    let long = segment & 0x10 != 0;
    let size = if long { usize::from(r.u8("link address size")?) } else { 1 };
    if segment & 15 == 15 {
        r.skip(2, "port")?;
    }
    r.skip(size, "link address")?;
    let odd = long && size % 2 == 1;
    if odd && !r.is_empty() {
        r.skip(1, "pad")?;
    }
    Ok(())
}

fn words(r: &mut Reader<'_>) -> Result<(), Fault> {
    let words = r.u8("segment length")?;
    r.skip(2 * usize::from(words), "segment")
}

fn words_of_key(r: &mut Reader<'_>, segment: u8) -> Result<(), Fault> {
    let format = r.u8("key format")?;
    if segment != 0x34 || format != 4 {
        return Err(Fault::Malformed("enip: electronic key of no format"));
    }
    r.skip(8, "electronic key")
}

/// A request without its wrappers.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) service: u16,
    pub(crate) path: Path,
    pub(crate) data: &'a [u8],
}

/// Reads a request, and out of wrappers those inside; each is given to `tell`.
///
/// # Errors
/// Where the message or one inside is cut.
pub(crate) fn requests<'a>(bytes: &'a [u8], tell: &mut dyn FnMut(Request<'a>)) -> Result<(), Fault> {
    inside(bytes, DEPTH, tell)
}

fn inside<'a>(bytes: &'a [u8], depth: u8, tell: &mut dyn FnMut(Request<'a>)) -> Result<(), Fault> {
    let mut r = Reader::new(bytes);
    let service = u16::from(r.u8("service")?);
    let words = usize::from(r.u8("path length")?);
    let path = Path::read(r.take(2 * words, "path")?)?;
    let data = r.rest();
    match service {
        _ if depth == 0 => {}
        UNCONNECTED_SEND if path.class == Some(CONNECTION_MANAGER) => {
            let mut r = Reader::new(data);
            r.skip(2, "timing")?;
            let length = usize::from(r.u16_le("message length")?);
            return inside(r.take(length, "message")?, depth - 1, tell);
        }
        MULTIPLE_SERVICE => {
            for message in multiple(data)? {
                inside(message, depth - 1, tell)?;
            }
            return Ok(());
        }
        _ => {}
    }
    tell(Request { service, path, data });
    Ok(())
}

/// The messages of a Multiple Service Packet (volume 1 appendix ): a count, offsets from it, messages.
///
/// # Errors
/// Where offsets do not rise or lie outside.
pub(crate) fn multiple(data: &[u8]) -> Result<Vec<&[u8]>, Fault> {
    let mut r = Reader::new(data);
    let count = usize::from(r.u16_le("count")?);
    if count > SERVICES_MAX {
        return Err(Fault::Malformed("enip: too many services in a packet"));
    }
    let mut parts = Vec::with_capacity(count);
    let mut offsets = Reader::new(r.take(2 * count, "offset")?);
    let mut from = if count > 0 { usize::from(offsets.u16_le("offset")?) } else { 0 };
    for _ in 0..count {
        let to = if offsets.is_empty() { data.len() } else { usize::from(offsets.u16_le("offset")?) };
        parts.push(data.get(from..to).ok_or(Fault::Malformed("enip: offset outside of its packet"))?);
        from = to;
    }
    Ok(parts)
}

/// An answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer<'a> {
    /// The service it answers.
    pub(crate) service: u16,
    pub(crate) status: u8,
    pub(crate) data: &'a [u8],
}

impl Answer<'_> {
    /// Whether it refuses; 6 says that there is more to fetch.
    pub(crate) const fn refuses(&self) -> bool {
        !matches!(self.status, 0 | 6)
    }
}

/// Reads an answer.
///
/// # Errors
/// Where it is cut or is none.
pub(crate) fn answer(bytes: &[u8]) -> Result<Answer<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let service = r.u8("service")?;
    if service & 0x80 == 0 {
        return Err(Fault::Malformed("enip: no answer"));
    }
    r.skip(1, "reserved")?;
    let (status, words) = (r.u8("general status")?, r.u8("status length")?);
    r.skip(2 * usize::from(words), "additional status")?;
    Ok(Answer { service: u16::from(service & 0x7f), status, data: r.rest() })
}

/// The one value behind a tag's type (1756-PM020 table of data types), where it is one.
pub(crate) fn value(kind: u16, data: &[u8]) -> Option<f64> {
    let one = |size: usize| data.len() == size;
    let mut r = Reader::new(data);
    match kind {
        0xc1 | 0xc6 | 0xd1 if one(1) => r.u8("value").ok().map(f64::from),
        0xc2 if one(1) => r.u8("value").ok().map(|v| f64::from(i8::from_le_bytes([v]))),
        0xc3 if one(2) => r.array("value").ok().map(|v| f64::from(i16::from_le_bytes(v))),
        0xc7 | 0xd2 if one(2) => r.u16_le("value").ok().map(f64::from),
        0xc4 if one(4) => r.array("value").ok().map(|v| f64::from(i32::from_le_bytes(v))),
        0xc8 | 0xd3 if one(4) => r.u32_le("value").ok().map(f64::from),
        0xca if one(4) => r.array("value").ok().map(|v| f64::from(f32::from_le_bytes(v))),
        0xcb if one(8) => r.array("value").ok().map(f64::from_le_bytes),
        _ => None,
    }
    .filter(|value| value.is_finite())
}
