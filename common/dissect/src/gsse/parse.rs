//! Frames: IEEE 802.2, the inactive subset of ISO 8473, a unit of ISO/IEC 8602.

use picket_reader::{Fault, Reader};

/// Finds what the transport carries.
///
/// # Errors
/// [`Fault`] where it is no such frame.
pub(crate) fn frame(bytes: &[u8]) -> Result<&[u8], Fault> {
    let mut r = Reader::new(bytes);
    if r.array("service access points and control")? != [0xfe, 0xfe, 3] || r.u8("network layer")? != 0 {
        return Err(Fault::Malformed("gsse: link and network layer"));
    }
    let mut header = r.vec8("transport")?;
    // A unit of data, then parameters: the selectors of both ends, a checksum.
    if header.u8("transport")? & 0xf0 != 0x40 {
        return Err(Fault::Malformed("gsse: transport"));
    }
    while !header.is_empty() {
        let kind = header.u8("parameter")?;
        header.vec8("parameter")?;
        if !matches!(kind, 0xc1..=0xc3) {
            return Err(Fault::Malformed("gsse: parameter of the transport"));
        }
    }
    match r.rest() {
        [] => Err(Fault::Malformed("gsse: nothing is carried")),
        carried => Ok(carried),
    }
}
