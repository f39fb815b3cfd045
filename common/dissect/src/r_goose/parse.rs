//! Session units (IEC 61850-90-5 clause 8.2) in units of the connectionless transport (ISO/IEC 8602).

use super::table::{MANAGEMENT, TUNNELLED};
use picket_reader::{Fault, Reader};

/// A session's unit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit<'a> {
    pub(crate) kind: u8,
    /// What it carries: one or more payloads, then a signature.
    pub(crate) payloads: Reader<'a>,
}

/// Reads a datagram.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn unit(bytes: &[u8]) -> Result<Unit<'_>, Fault> {
    let mut r = Reader::new(bytes);
    // A unit of data without parameters.
    if (r.u8("length")?, r.u8("transport")?) != (1, 0x40) {
        return Err(Fault::Malformed("r_goose: transport"));
    }
    let (kind, length) = (r.u8("session")?, usize::from(r.u8("header length")?));
    let header = r.position();
    if !(TUNNELLED..=MANAGEMENT).contains(&kind) || r.u8("common header")? != 0x80 {
        return Err(Fault::Malformed("r_goose: session"));
    }
    let common = usize::from(r.u8("common length")?);
    r.skip(8, "length and number")?;
    let version = r.u16("version")?;
    r.skip(10, "key times and number")?;
    r.vec8("initialisation vector")?;
    if !(1..=2).contains(&version) || length != r.position() - header || common + 2 != length {
        return Err(Fault::Malformed("r_goose: header length"));
    }
    let length = usize::try_from(r.u32("payload length")?).unwrap_or(usize::MAX);
    Ok(Unit { kind, payloads: r.sub(length, "payloads")? })
}

/// One payload: its kind, its application's number and its bytes.
///
/// # Errors
/// [`Fault`] where it is cut.
pub(crate) fn payload<'a>(r: &mut Reader<'a>) -> Result<(u8, u16, &'a [u8]), Fault> {
    let kind = r.u8("kind")?;
    r.u8("simulation")?;
    let application = r.u16("APPID")?;
    Ok((kind, application, r.vec16("message")?.rest()))
}
