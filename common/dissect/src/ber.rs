//! Values of BER (ITU-T X.690) as SNMP, Kerberos and MMS use them: definite lengths.

use picket_reader::{Fault, Reader};

/// Reads a value: its tag and what it holds.
///
/// # Errors
/// [`Fault`] where it is cut or its length has another form.
pub(crate) fn value<'a>(r: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Fault> {
    let tag = r.u8("tag")?;
    Ok((tag, inside(r)?))
}

/// Reads a length, and what it is the length of.
fn inside<'a>(r: &mut Reader<'a>) -> Result<Reader<'a>, Fault> {
    let length = length(r)?;
    r.sub(length, "value")
}

/// Reads a length.
///
/// # Errors
/// [`Fault`] where it is cut or has another form.
#[inline]
pub(crate) fn length(r: &mut Reader<'_>) -> Result<usize, Fault> {
    match r.u8("length")? {
        short @ 0..=0x7f => Ok(usize::from(short)),
        form => long(form, r),
    }
}

fn long(form: u8, r: &mut Reader<'_>) -> Result<usize, Fault> {
    Ok(match form {
        0x81 => usize::from(r.u8("length")?),
        0x82 => usize::from(r.u16("length")?),
        0x83 => usize::try_from(r.u24("length")?).unwrap_or(usize::MAX),
        0x84 => usize::try_from(r.u32("length")?).unwrap_or(usize::MAX),
        _ => return Err(Fault::Malformed("ber: form of length")),
    })
}

/// Reads a value whose tag may have a number over 30: the tag's class and form (its upper three bits), its number, what it
/// holds.
///
/// # Errors
/// As [`value`], and where the number is over 14 bits.
pub(crate) fn numbered<'a>(r: &mut Reader<'a>) -> Result<(u8, u16, Reader<'a>), Fault> {
    let (class, number) = tag(r)?;
    Ok((class, number, inside(r)?))
}

/// Reads a tag: class and form, number.
///
/// # Errors
/// [`Fault`] where it is cut, or its number is over 14 bits.
pub(crate) fn tag(r: &mut Reader<'_>) -> Result<(u8, u16), Fault> {
    let first = r.u8("tag")?;
    let class = first & 0xe0;
    if first & 0x1f != 0x1f {
        return Ok((class, u16::from(first & 0x1f)));
    }
    let high = r.u8("tag number")?;
    if high & 0x80 == 0 {
        return Ok((class, u16::from(high)));
    }
    match r.u8("tag number")? {
        low @ 0..=0x7f => Ok((class, u16::from(high & 0x7f) << 7 | u16::from(low))),
        _ => Err(Fault::Malformed("ber: number of a tag")),
    }
}

/// Reads a value of this tag.
///
/// # Errors
/// As [`value`], and where the tag is another.
pub(crate) fn expect<'a>(r: &mut Reader<'a>, tag: u8, what: &'static str) -> Result<Reader<'a>, Fault> {
    match value(r)? {
        (found, inside) if found == tag => Ok(inside),
        _ => Err(Fault::Malformed(what)),
    }
}
