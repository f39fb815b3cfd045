//! What lies between transport and MMS: session (ISO 8327-1 section 8.3), presentation (ISO 8823-1 section 8) and ACSE
//! (ISO 8650-1 section 9). Only as much is read as leads to the values inside.

use crate::ber;
use picket_reader::{Fault, Reader};

/// Object identifier of MMS's abstract syntax: iso standard 9506 part 2 version 1.
pub(super) const MMS_SYNTAX: &[u8] = &[0x28, 0xca, 0x22, 0x02, 0x01];
/// Session units: give tokens and data transfer have the same code.
const DATA: u8 = 1;
/// Connect and accept.
const CONNECT: u8 = 13;
const ACCEPT: u8 = 14;
/// Refuse, finish, disconnect, abort, abort accept, not finished.
const ENDINGS: &[u8] = &[12, 9, 10, 25, 26, 8];
/// Values of one message that are looked at.
const VALUES_LIMIT: usize = 16;

/// Whether MMS can stand here: a tag of one of its units.
pub(super) const fn is_mms(tag: u8) -> bool {
    matches!(tag, 0xa0..=0xa4 | 0x85 | 0x86 | 0xa7..=0xaa | 0x8b | 0x8c | 0xad)
}

/// Whether session's units begin so.
pub(super) fn is_session(bytes: &[u8]) -> bool {
    match bytes {
        [DATA, 0, DATA, ..] => true,
        [CONNECT | ACCEPT, ..] => true,
        [code, ..] => ENDINGS.contains(code),
        [] => false,
    }
}

/// Gives every MMS unit that a transport message carries to `take`; answers how many there were.
///
/// # Errors
/// [`Fault`] where a layer is not well-formed.
pub(super) fn each<'a>(bytes: &'a [u8], mut take: impl FnMut(&'a [u8])) -> Result<usize, Fault> {
    let mut count = 0;
    let mut count_and_take = |unit| {
        count += 1;
        take(unit);
    };
    if bytes.first().copied().is_some_and(is_mms) {
        // Without the layers between.
        count_and_take(bytes);
        return Ok(count);
    }
    let mut r = session(bytes)?;
    if r.is_empty() {
        return Ok(0);
    }
    match ber::value(&mut r)? {
        (0x61, values) => listed(values, &mut count_and_take)?,
        // Connecting and its answers: the mode, then parameters of the normal mode.
        (0x31 | 0x30, mut inside) => {
            while !inside.is_empty() {
                if let (0xa2, mut parameters) = ber::value(&mut inside)? {
                    while !parameters.is_empty() {
                        if let (0x61, values) = ber::value(&mut parameters)? {
                            listed(values, &mut count_and_take)?;
                        }
                    }
                }
            }
        }
        _ => {}
    }
    Ok(count)
}

/// What session's units carry.
fn session(bytes: &[u8]) -> Result<Reader<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let code = r.u8("session unit")?;
    let length = session_length(&mut r)?;
    if code == DATA {
        // Give tokens stands before data transfer.
        r.skip(length, "tokens")?;
        if r.u8("session unit")? != DATA {
            return Err(Fault::Malformed("session: unit"));
        }
        let length = session_length(&mut r)?;
        r.skip(length, "parameters")?;
        return Ok(r);
    }
    if !matches!(code, CONNECT | ACCEPT) && !ENDINGS.contains(&code) {
        return Err(Fault::Malformed("session: unit"));
    }
    let mut parameters = r.sub(length, "parameters")?;
    while !parameters.is_empty() {
        let kind = parameters.u8("parameter")?;
        let length = session_length(&mut parameters)?;
        // User data, plain or extended, are the last. Some leave their length out.
        if matches!(kind, 0xc1 | 0xc2) {
            return Ok(parameters);
        }
        parameters.skip(length, "parameter")?;
    }
    Ok(parameters)
}

/// A length of one byte, or of two behind 0xff.
fn session_length(r: &mut Reader<'_>) -> Result<usize, Fault> {
    Ok(match r.u8("length")? {
        0xff => usize::from(r.u16("length")?),
        short => usize::from(short),
    })
}

/// Values of the presentation layer: transfer syntax, context, the value.
fn listed<'a>(mut values: Reader<'a>, take: &mut impl FnMut(&'a [u8])) -> Result<(), Fault> {
    for _ in 0..VALUES_LIMIT {
        if values.is_empty() {
            break;
        }
        let mut value = ber::expect(&mut values, 0x30, "presentation: list of values")?;
        let Some(inside) = external(&mut value)? else { continue };
        match inside.first() {
            Some(tag) if is_mms(*tag) => take(inside),
            // Asking for an association, and its answer.
            Some(0x60 | 0x61) => association(inside, take)?,
            _ => {}
        }
    }
    Ok(())
}

/// What a value of a presentation context holds: behind identifiers, in one of three wrappings.
fn external<'a>(r: &mut Reader<'a>) -> Result<Option<&'a [u8]>, Fault> {
    while !r.is_empty() {
        let (tag, mut inside) = ber::value(r)?;
        if matches!(tag, 0xa0 | 0x81 | 0x82) {
            return Ok(Some(inside.rest()));
        }
    }
    Ok(None)
}

/// The user information of ACSE.
fn association<'a>(bytes: &'a [u8], take: &mut impl FnMut(&'a [u8])) -> Result<(), Fault> {
    let (_, mut inside) = ber::value(&mut Reader::new(bytes))?;
    while !inside.is_empty() {
        let (tag, mut information) = ber::value(&mut inside)?;
        if tag == 0xbe {
            let mut value = ber::expect(&mut information, 0x28, "acse: user information")?;
            match external(&mut value)? {
                Some(unit) if unit.first().copied().is_some_and(is_mms) => take(unit),
                _ => {}
            }
        }
    }
    Ok(())
}
