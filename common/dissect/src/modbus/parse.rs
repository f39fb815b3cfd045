//! Frames and messages (MODBUS Messaging on TCP/IP 1.0b section 3.1.3; Application Protocol 1.1b3 section 6).

use super::table::{MEI_CANOPEN, MEI_DEVICE_ID, UMAS};
use picket_reader::{Fault, Reader};

/// MBAP header and function code: what has to be in view to judge a frame.
pub(crate) const HEAD: usize = 8;
/// Longest `length` of a standard message: unit, function and 252 bytes.
const LENGTH_MAX: u16 = 254;
/// Longest `length` that UMAS uses.
const UMAS_LENGTH_MAX: u16 = 1026;

/// One message with its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) transaction: u16,
    pub(crate) unit: u8,
    /// As sent, bit 7 included.
    pub(crate) function: u8,
    pub(crate) data: &'a [u8],
}

/// The start of a frame: its total length in bytes and its function, if it can be one.
///
/// # Errors
/// [`Fault::Incomplete`] below [`HEAD`] bytes, as long as these fit; [`Fault::Malformed`] otherwise.
pub(crate) fn head(bytes: &[u8]) -> Result<(usize, u8), Fault> {
    let mut r = Reader::new(bytes);
    r.u16("transaction")?;
    match (r.clone().u16("protocol"), r.peek()) {
        (Ok(0), _) | (Err(_), [0] | []) => {}
        _ => return Err(Fault::Malformed("modbus: protocol id is not 0")),
    }
    r.u16("protocol")?;
    let length = r.u16("length")?;
    if !(2..=UMAS_LENGTH_MAX).contains(&length) {
        return Err(Fault::Malformed("modbus: length out of range"));
    }
    r.u8("unit")?;
    let function = r.u8("function")?;
    if length > LENGTH_MAX && function & 0x7f != UMAS {
        return Err(Fault::Malformed("modbus: length out of range"));
    }
    Ok((usize::from(length) + 6, function))
}

/// The frame at the start of `bytes`, and its length.
///
/// # Errors
/// As [`head`], and [`Fault::Incomplete`] while the frame is cut.
pub(crate) fn frame(bytes: &[u8]) -> Result<(Frame<'_>, usize), Fault> {
    let (total, function) = head(bytes)?;
    let mut r = Reader::new(bytes);
    let mut whole = r.sub(total, "modbus message")?;
    let transaction = whole.u16("transaction")?;
    whole.skip(4, "protocol and length")?;
    let unit = whole.u8("unit")?;
    whole.skip(1, "function")?;
    Ok((Frame { transaction, unit, function, data: whole.rest() }, total))
}

/// How well a message's inside fits its function and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// It contradicts the standard.
    Wrong,
    /// The standard says nothing of it, or there is too little to check.
    Open,
    /// Counts, ranges and lengths agree.
    Exact,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Ask {
    /// First and last address.
    pub(crate) range: Option<(u32, u32)>,
    /// The value, where it is one.
    pub(crate) value: Option<f64>,
    /// Sub-function, MEI type, file number or UMAS code.
    pub(crate) sub: Option<u16>,
    /// Block of UMAS's memory.
    pub(crate) block: Option<u16>,
}

fn range(start: u16, count: u16) -> Option<(u32, u32)> {
    let start = u32::from(start);
    Some((start, start + u32::from(count).checked_sub(1)?))
}

/// Reads a request's data.
pub(crate) fn request(function: u8, data: &[u8]) -> (Fit, Ask) {
    match read_request(function, data) {
        Ok(read) => read,
        Err(_) => (Fit::Wrong, Ask::default()),
    }
}

fn read_request(function: u8, data: &[u8]) -> Result<(Fit, Ask), Fault> {
    let mut r = Reader::new(data);
    let mut ask = Ask::default();
    let fit = match function {
        1..=4 => read_many(function, &mut r, &mut ask)?,
        5 | 6 => write_single(function, &mut r, &mut ask)?,
        8 => {
            ask.sub = Some(r.u16("sub-function")?);
            r.skip(2, "data")?;
            if ask.sub.is_some_and(|sub| sub <= 21) { Fit::Exact } else { Fit::Open }
        }
        15 | 16 => return write_multiple(function, r),
        20 | 21 => return file_records(function, r),
        22 => {
            ask.range = range(r.u16("address")?, 1);
            r.skip(4, "masks")?;
            exact(&r, true)
        }
        23 => read_and_write(&mut r, &mut ask)?,
        24 => {
            ask.range = range(r.u16("pointer")?, 1);
            exact(&r, true)
        }
        43 => encapsulated(&mut r, &mut ask)?,
        7 | 11 | 12 | 17 => open(&r),
        UMAS => {
            r.u8("session")?;
            ask.sub = Some(u16::from(r.u8("umas function")?));
            if ask.sub == Some(super::table::UMAS_READ_MEMORY) {
                // Where the place is cut, the function still is one.
                let _ = memory_block(&mut r, &mut ask);
            }
            Fit::Open
        }
        _ => Fit::Open,
    };
    Ok((fit, ask))
}

/// The place of a block of UMAS's memory: kind, block, offset, length.
fn memory_block(r: &mut Reader<'_>, ask: &mut Ask) -> Result<(), Fault> {
    r.skip(1, "kind")?;
    let (block, start, count) = (r.u16_le("block")?, r.u32_le("offset")?, r.u16_le("length")?);
    ask.block = Some(block);
    ask.range = u32::from(count).checked_sub(1).map(|more| (start, start.saturating_add(more)));
    Ok(())
}

/// Reading of coils, discrete inputs and registers: functions 1 to 4.
fn read_many(function: u8, r: &mut Reader<'_>, ask: &mut Ask) -> Result<Fit, Fault> {
    let (start, count) = (r.u16("start")?, r.u16("count")?);
    ask.range = range(start, count);
    let limit = if function <= 2 { 2000 } else { 125 };
    // Counts beyond the standard's are asked for by careless clients, and answered by an exception.
    Ok(if (1..=limit).contains(&count) { exact(r, true) } else { open(r) })
}

/// Writing of one coil (5, on or off) or one register (6).
fn write_single(function: u8, r: &mut Reader<'_>, ask: &mut Ask) -> Result<Fit, Fault> {
    let (at, value) = (r.u16("address")?, r.u16("value")?);
    ask.range = range(at, 1);
    if function == 5 {
        ask.value = Some(f64::from(u8::from(value != 0)));
        return Ok(exact(r, matches!(value, 0 | 0xff00)));
    }
    ask.value = Some(f64::from(value));
    Ok(exact(r, true))
}

/// Function 23; what it writes is what it asks for.
fn read_and_write(r: &mut Reader<'_>, ask: &mut Ask) -> Result<Fit, Fault> {
    let (_, read) = (r.u16("read start")?, r.u16("read count")?);
    let (start, count, bytes) = (r.u16("write start")?, r.u16("write count")?, r.u8("bytes")?);
    ask.range = range(start, count);
    r.skip(usize::from(bytes), "registers")?;
    Ok(exact(r, read <= 125 && u16::from(bytes) == count.wrapping_mul(2)))
}

/// Function 43: another protocol inside.
fn encapsulated(r: &mut Reader<'_>, ask: &mut Ask) -> Result<Fit, Fault> {
    let kind = r.u8("mei type")?;
    ask.sub = Some(u16::from(kind));
    Ok(match kind {
        MEI_DEVICE_ID => {
            let (code, _) = (r.u8("read device id code")?, r.u8("object")?);
            // Some clients send a byte more.
            match (code, r.remaining()) {
                (1..=4, 0) => Fit::Exact,
                (1..=4, 1) => Fit::Open,
                _ => Fit::Wrong,
            }
        }
        MEI_CANOPEN => Fit::Open,
        _ => Fit::Wrong,
    })
}

fn open(r: &Reader<'_>) -> Fit {
    if r.is_empty() { Fit::Open } else { Fit::Wrong }
}

fn exact(r: &Reader<'_>, plausible: bool) -> Fit {
    if r.is_empty() && plausible { Fit::Exact } else { Fit::Wrong }
}

fn write_multiple(function: u8, mut r: Reader<'_>) -> Result<(Fit, Ask), Fault> {
    let (start, count, bytes) = (r.u16("start")?, r.u16("count")?, r.u8("bytes")?);
    let mut values = r.sub(usize::from(bytes), "values")?;
    let mut ask = Ask { range: range(start, count), ..Ask::default() };
    let needed = if function == 15 { count.div_ceil(8) } else { count.wrapping_mul(2) };
    if count == 1 {
        ask.value = match function {
            15 => values.u8("coil").ok().map(|byte| f64::from(byte & 1)),
            _ => values.u16("register").ok().map(f64::from),
        };
    }
    Ok((exact(&r, count > 0 && u16::from(bytes) == needed), ask))
}

/// Sub-requests of reading and writing files: reference type 6, file, record, length (sections 6.14, 6.15).
fn file_records(function: u8, mut r: Reader<'_>) -> Result<(Fit, Ask), Fault> {
    let mut list = r.vec8("file records")?;
    let mut ask = Ask::default();
    let mut fit = exact(&r, !list.is_empty());
    while !list.is_empty() {
        let (kind, file) = (list.u8("reference type")?, list.u16("file")?);
        let (record, length) = (list.u16("record")?, list.u16("record length")?);
        if function == 21 {
            list.skip(usize::from(length).saturating_mul(2), "record data")?;
        }
        if kind != 6 {
            fit = Fit::Wrong;
        }
        if ask.sub.is_none() {
            ask = Ask { sub: Some(file), range: range(record, length), ..Ask::default() };
        }
    }
    Ok((fit, ask))
}

/// Reads a response's data; `function` without bit 7.
pub(crate) fn response(function: u8, data: &[u8]) -> (Fit, Ask) {
    match read_response(function, data) {
        Ok(read) => read,
        Err(_) => (Fit::Wrong, Ask::default()),
    }
}

fn read_response(function: u8, data: &[u8]) -> Result<(Fit, Ask), Fault> {
    let mut r = Reader::new(data);
    let mut ask = Ask::default();
    let fit = match function {
        1 | 2 => {
            let bits = r.vec8("coils")?;
            exact(&r, !bits.is_empty())
        }
        3 | 4 | 23 => {
            let mut registers = r.vec8("registers")?;
            let fit = exact(&r, registers.remaining() % 2 == 0 && !registers.is_empty());
            if registers.remaining() == 2 {
                ask.value = registers.u16("register").ok().map(f64::from);
            }
            fit
        }
        5 | 6 | 22 => return read_request(function, data),
        8 => return read_request(function, data),
        15 | 16 => {
            let (start, count) = (r.u16("start")?, r.u16("count")?);
            ask.range = range(start, count);
            exact(&r, count > 0)
        }
        7 => {
            r.u8("status")?;
            open(&r)
        }
        11 => {
            r.skip(4, "status and count")?;
            open(&r)
        }
        12 | 17 | 20 => {
            let list = r.vec8("bytes")?;
            exact(&r, !list.is_empty())
        }
        21 => return file_records(function, r),
        24 => {
            let (bytes, count) = (r.u16("bytes")?, r.u16("count")?);
            r.skip(usize::from(bytes).saturating_sub(2), "queue")?;
            exact(&r, bytes == count.wrapping_mul(2).wrapping_add(2))
        }
        43 => {
            let kind = r.u8("mei type")?;
            ask.sub = Some(u16::from(kind));
            // Some devices answer with bytes too many: that is damage, and still an answer.
            if kind == MEI_DEVICE_ID && device_id(data).is_ok() { Fit::Exact } else { Fit::Open }
        }
        UMAS => {
            r.u8("session")?;
            ask.sub = Some(u16::from(r.u8("umas function")?));
            Fit::Open
        }
        _ => Fit::Open,
    };
    Ok((fit, ask))
}

/// Objects of an answer to Read Device Identification (section 6.21): id and value.
///
/// # Errors
/// [`Fault`] when the answer is not well-formed.
pub(crate) fn device_id(data: &[u8]) -> Result<Vec<(u8, &[u8])>, Fault> {
    let mut r = Reader::new(data);
    if r.u8("mei type")? != MEI_DEVICE_ID {
        return Err(Fault::Malformed("modbus: mei type"));
    }
    r.skip(4, "code, conformity, more follows, next object")?;
    let count = r.u8("number of objects")?;
    let mut objects = Vec::new();
    for _ in 0..count {
        let id = r.u8("object id")?;
        objects.push((id, r.vec8("object")?.rest()));
    }
    r.done("modbus: bytes behind the last object")?;
    Ok(objects)
}
