//! Names of what is acted on (ISO 9506-2 section 7.5.2 and 14), and what they mean in IEC 61850 and in TASE.2.

use super::table;
use crate::ber;
use crate::digits::push_escaped;
use picket_reader::{Fault, Reader};

/// Longest name that is kept, bytes.
pub(super) const LIMIT: usize = 129;
/// How deep a name is looked for.
const DEPTH: u8 = 5;
/// Names in a list that are looked at.
const LIST_LIMIT: usize = 64;

/// A name: of a domain's item, or of the device's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Name<'a> {
    pub(super) domain: &'a [u8],
    pub(super) item: &'a [u8],
}

impl Name<'_> {
    /// As events give it.
    pub(super) fn text(&self) -> Option<String> {
        if self.domain.is_empty() && self.item.is_empty() {
            return None;
        }
        let mut text = String::with_capacity(LIMIT.min(self.domain.len() + 1 + self.item.len()));
        for part in [self.domain, self.item].into_iter().filter(|part| !part.is_empty()) {
            if !text.is_empty() {
                text.push('/');
            }
            push_escaped(&mut text, part.get(..LIMIT / 2).unwrap_or(part), usize::MAX);
        }
        Some(text)
    }

    /// What writing or reading it does beside that: IEC 61850-8-1 section 20 (control), functional constraint CO.
    pub(super) fn control(&self) -> Option<Control> {
        let mut parts = self.item.split(|byte| *byte == b'$');
        if parts.nth(1) != Some(b"CO") {
            return None;
        }
        Some(match parts.find(|part| matches!(*part, b"SBO" | b"SBOw" | b"Oper" | b"Cancel")) {
            Some(b"SBO") => Control::Select,
            Some(b"SBOw") => Control::SelectWithValue,
            _ => Control::Operate,
        })
    }

    /// Whether TASE.2 names something so (IEC 60870-6-802).
    pub(super) fn is_tase2(&self) -> bool {
        table::TASE2.iter().any(|known| self.item.starts_with(known))
    }
}

/// What stands behind a functional constraint CO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Select,
    SelectWithValue,
    Operate,
}

/// An object's name: of the device ([0]), of a domain ([1]) or of the association ([2]).
pub(super) fn object<'a>(r: &mut Reader<'a>) -> Result<Name<'a>, Fault> {
    match ber::value(r)? {
        (0x80 | 0x82, mut item) => Ok(Name { domain: &[], item: item.rest() }),
        (0xa1, mut inside) => {
            let (_, mut domain) = ber::value(&mut inside)?;
            let (_, mut item) = ber::value(&mut inside)?;
            Ok(Name { domain: domain.rest(), item: item.rest() })
        }
        _ => Err(Fault::Malformed("mms: name of an object")),
    }
}

/// The variables that a service is for: the first one's name, or that of their list.
pub(super) fn variables<'a>(r: &mut Reader<'a>) -> Result<Name<'a>, Fault> {
    match ber::value(r)? {
        (0xa0, mut list) => {
            let mut first = ber::expect(&mut list, 0x30, "mms: variable")?;
            match ber::value(&mut first)? {
                (0xa0, mut name) => object(&mut name),
                _ => Ok(Name::default()),
            }
        }
        (0xa1, mut name) => object(&mut name),
        _ => Err(Fault::Malformed("mms: variables")),
    }
}

/// The first name inside of a service that is not known closer: one that can be read, with its domain.
pub(super) fn any<'a>(r: Reader<'a>) -> Name<'a> {
    search(r, DEPTH).unwrap_or_default()
}

fn search<'a>(mut r: Reader<'a>, depth: u8) -> Option<Name<'a>> {
    for _ in 0..LIST_LIMIT {
        if r.is_empty() {
            break;
        }
        let (class, _, inside) = ber::numbered(&mut r).ok()?;
        if class & 0x20 == 0 {
            if readable(inside.peek()) {
                return Some(Name { domain: &[], item: inside.peek() });
            }
            continue;
        }
        if let Ok(name @ Name { domain: [_, ..], .. }) = both(inside) {
            return Some(name);
        }
        if let Some(found) = depth.checked_sub(1).and_then(|depth| search(inside, depth)) {
            return Some(found);
        }
    }
    None
}

/// Two texts one behind the other: a domain and its item.
fn both(mut r: Reader<'_>) -> Result<Name<'_>, Fault> {
    let domain = ber::expect(&mut r, 0x1a, "mms: domain")?.rest();
    let item = ber::expect(&mut r, 0x1a, "mms: item")?.rest();
    r.done("mms: name")?;
    Ok(Name { domain, item })
}

fn readable(bytes: &[u8]) -> bool {
    bytes.len() > 1 && bytes.iter().all(u8::is_ascii_graphic)
}

/// A number or a truth, also where it is the first part of a structure (the value of a command).
pub(super) fn value(r: &mut Reader<'_>) -> Option<f64> {
    let (mut tag, mut inside) = ber::value(r).ok()?;
    if tag == 0xa2 {
        (tag, inside) = ber::value(&mut inside).ok()?;
    }
    let bytes = inside.rest();
    match (tag, bytes) {
        (0x83, [truth]) => Some(f64::from(u8::from(*truth != 0))),
        (0x85, _) => signed(bytes),
        (0x86, _) => unsigned(bytes),
        (0x87, [8, bits @ ..]) => {
            let value = f32::from_be_bytes(bits.try_into().ok()?);
            value.is_finite().then_some(f64::from(value))
        }
        _ => None,
    }
}

fn signed(bytes: &[u8]) -> Option<f64> {
    let first = bytes.first().filter(|_| bytes.len() <= 4)?;
    let start = i64::from(first.cast_signed() >> 7);
    let value = bytes.iter().fold(start, |value, byte| value << 8 | i64::from(*byte));
    i32::try_from(value).ok().map(f64::from)
}

fn unsigned(bytes: &[u8]) -> Option<f64> {
    if bytes.is_empty() || bytes.len() > 5 {
        return None;
    }
    let value = bytes.iter().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
    u32::try_from(value).ok().map(f64::from)
}
