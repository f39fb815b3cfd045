//! Values of BER (ITU-T X.690) as SNMP and Kerberos use them: definite lengths, one-byte tags.

use picket_reader::{Fault, Reader};

/// Reads a value: its tag and what it holds.
///
/// # Errors
/// [`Fault`] where it is cut or its length has another form.
pub(crate) fn value<'a>(r: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Fault> {
    let tag = r.u8("tag")?;
    let length = match r.u8("length")? {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(r.u8("length")?),
        0x82 => usize::from(r.u16("length")?),
        0x83 => usize::try_from(r.u24("length")?).unwrap_or(usize::MAX),
        0x84 => usize::try_from(r.u32("length")?).unwrap_or(usize::MAX),
        _ => return Err(Fault::Malformed("ber: form of length")),
    };
    Ok((tag, r.sub(length, "value")?))
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
