//! DER, as far as certificates need it (ITU-T X.690). Nothing here recurses: the caller descends one
//! known level at a time, so that nesting in the input costs nothing.

use picket_reader::{Fault, Reader};

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const OID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;

/// The next element: its tag and its contents. Only low tag numbers and definite lengths of at most four bytes.
///
/// # Errors
/// [`Fault::Malformed`] for other forms, [`Fault::Incomplete`] when the element is cut.
pub(crate) fn element<'a>(r: &mut Reader<'a>) -> Result<(u8, Reader<'a>), Fault> {
    let tag = r.u8("asn.1 tag")?;
    if tag & 0x1f == 0x1f {
        return Err(Fault::Malformed("asn.1: high tag number"));
    }
    let first = r.u8("asn.1 length")?;
    let length = match first {
        0..=0x7f => usize::from(first),
        0x81..=0x84 => {
            let bytes = r.take(usize::from(first & 0x7f), "asn.1 length")?;
            bytes.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte))
        }
        _ => return Err(Fault::Malformed("asn.1: length form")),
    };
    Ok((tag, r.sub(length, "asn.1 contents")?))
}

/// The contents of the next element, which has to have this tag.
///
/// # Errors
/// [`Fault::Malformed`] for another tag, and as [`element`].
pub(crate) fn expect<'a>(r: &mut Reader<'a>, wanted: u8, reason: &'static str) -> Result<Reader<'a>, Fault> {
    match element(r)? {
        (tag, contents) if tag == wanted => Ok(contents),
        _ => Err(Fault::Malformed(reason)),
    }
}

/// Steps over the next element if it has this tag.
///
/// # Errors
/// As [`element`].
pub(crate) fn optional<'a>(r: &mut Reader<'a>, wanted: u8) -> Result<Option<Reader<'a>>, Fault> {
    if r.peek().first() == Some(&wanted) { element(r).map(|(_, contents)| Some(contents)) } else { Ok(None) }
}

/// Bits of an unsigned integer.
pub(crate) fn bits(integer: &[u8]) -> u16 {
    let zeros = integer.iter().take_while(|byte| **byte == 0).count();
    let significant = integer.get(zeros..).unwrap_or_default();
    let unused = significant.first().map_or(0, |top| top.leading_zeros() as usize);
    u16::try_from(significant.len().saturating_mul(8).saturating_sub(unused)).unwrap_or(u16::MAX)
}
