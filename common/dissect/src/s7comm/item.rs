//! Variables that are read and written: their addresses and single values.

use super::table::{self, COUNTERS, DATA_BLOCK, DINT, INSTANCE_BLOCK, INT, REAL, TIMERS};
use crate::digits::numbered;
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// Addressing by area and bit; the other syntaxes are rare.
const ANY: u8 = 0x10;
/// Addressing of several places in data blocks.
const DB_READ: u8 = 0xb0;

/// What a message acts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Target {
    area: u8,
    block: u16,
    /// Type of its elements.
    kind: u8,
    /// First and last address: bytes, or numbers of counters and timers.
    pub(crate) range: Option<(u32, u32)>,
    /// It is the only one of its message.
    pub(crate) alone: bool,
}

impl Target {
    /// Its name.
    pub(crate) fn object(&self) -> Option<Cow<'static, str>> {
        match (self.area, table::area(self.area)) {
            (DATA_BLOCK, _) => Some(numbered("DB", self.block).into()),
            (INSTANCE_BLOCK, _) => Some(numbered("DI", self.block).into()),
            (_, "") => None,
            (_, name) => Some(name.into()),
        }
    }

    const fn same(&self, other: &Self) -> bool {
        self.area == other.area && self.block == other.block
    }
}

/// What the items of a job to read or write act on: the first one's place, and the addresses of all that lie there.
pub(crate) fn target(parameters: &[u8]) -> Option<Target> {
    let mut r = Reader::new(parameters);
    r.skip(1, "function").ok()?;
    let count = r.u8("items").ok()?;
    let mut first: Option<Target> = None;
    for number in 0..count {
        let Ok(Some(item)) = item(&mut r, number + 1 < count) else { break };
        match &mut first {
            None => first = Some(Target { alone: count == 1, ..item }),
            Some(first) if first.same(&item) => {
                first.range = match (first.range, item.range) {
                    (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
                    (one, other) => one.or(other),
                };
            }
            Some(_) => {}
        }
    }
    first
}

fn item(r: &mut Reader<'_>, more: bool) -> Result<Option<Target>, Fault> {
    if r.u8("specification")? != 0x12 {
        return Err(Fault::Malformed("s7comm: specification of a variable"));
    }
    let mut inside = r.vec8("variable")?;
    // Items begin at even places.
    if inside.remaining() % 2 == 1 && more {
        r.skip(1, "filling")?;
    }
    match inside.u8("syntax")? {
        ANY => {
            let (kind, count, block) = (inside.u8("type")?, inside.u16("count")?, inside.u16("block")?);
            let (area, address) = (inside.u8("area")?, inside.u24("address")?);
            let range = range(area, kind, count, address);
            Ok(Some(Target { area, block, kind, range, alone: false }))
        }
        DB_READ => {
            inside.skip(1, "places")?;
            let (length, block, start) = (inside.u8("length")?, inside.u16("block")?, inside.u16("address")?);
            let start = u32::from(start);
            let range = u32::from(length).checked_sub(1).map(|more| (start, start + more));
            Ok(Some(Target { area: DATA_BLOCK, block, kind: 2, range, alone: false }))
        }
        _ => Ok(None),
    }
}

fn range(area: u8, kind: u8, count: u16, address: u32) -> Option<(u32, u32)> {
    let more = u32::from(count).checked_sub(1)?;
    if matches!(area, COUNTERS | TIMERS) {
        return Some((address, address + more));
    }
    let start = address >> 3;
    if kind == 1 {
        return Some((start, (address + more) >> 3));
    }
    Some((start, start + u32::from(count) * table::width(kind) - 1))
}

/// The value of a single variable, from the data of a job to write or of an answer to reading.
pub(crate) fn value(target: &Target, data: &[u8]) -> Option<f64> {
    if !target.alone {
        return None;
    }
    let mut r = Reader::new(data);
    r.skip(1, "return code").ok()?;
    let (unit, length) = (r.u8("unit").ok()?, r.u16("length").ok()?);
    // Lengths count bits or bytes.
    let bytes = if matches!(unit, 3..=5) { length.div_ceil(8) } else { length };
    if u32::from(bytes) != table::width(target.kind) {
        return None;
    }
    match (target.kind, bytes) {
        (REAL, 4) => r.u32("real").ok().map(|bits| f64::from(f32::from_bits(bits))).filter(|value| value.is_finite()),
        (INT, 2) => r.u16("int").ok().map(|word| f64::from(word.cast_signed())),
        (DINT, 4) => r.u32("dint").ok().map(|word| f64::from(word.cast_signed())),
        (_, 1) => r.u8("byte").ok().map(f64::from),
        (_, 2) => r.u16("word").ok().map(f64::from),
        (_, 4) => r.u32("double word").ok().map(f64::from),
        _ => None,
    }
}
