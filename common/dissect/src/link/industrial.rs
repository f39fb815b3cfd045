//! Protocols of plants below IP.

use super::{Verdict, when};
use picket_reader::{Fault, Reader};

/// The header that sampled values share with GOOSE (IEC 61850-8-1 annex C): an application's
/// number, a length, 4 reserved bytes; then one value of BER that fits.
fn substation(bytes: &[u8], tags: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    r.skip(2, "APPID")?;
    let length = usize::from(r.u16("length")?);
    r.skip(4, "reserved")?;
    let tag = r.u8("tag")?;
    if !tags.contains(&tag) || length < 10 {
        return Ok(None);
    }
    let value = match r.u8("length")? {
        short @ 0..=0x7f => usize::from(short),
        0x81 => usize::from(r.u8("length")?),
        0x82 => usize::from(r.u16("length")?),
        _ => return Ok(None),
    };
    when(r.position().saturating_add(value) == length, 0.98)
}

/// Sampled values (IEC 61850-9-2).
pub(super) fn sv(bytes: &[u8]) -> Verdict {
    substation(bytes, &[0x60])
}

/// PROFINET's time synchronisation: its frame ids.
pub(super) fn profinet_ptcp(bytes: &[u8]) -> Verdict {
    let id = Reader::new(bytes).u16("frame id")?;
    let known = matches!(id, 0x0020 | 0x0021 | 0x0080 | 0x0081 | 0xff00 | 0xff01 | 0xff20..=0xff22 | 0xff40..=0xff43);
    when(known && bytes.len() >= 26, 0.9)
}

/// Media redundancy (IEC 62439-2 section 8): version 1, an element that exists.
pub(super) fn profinet_mrp(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (version, kind) = (r.u16("version")?, r.u8("TLV")?);
    r.vec8("TLV")?;
    when(version == 1 && matches!(kind, 1..=7 | 0x7f), 0.97)
}

/// Sercos III (IEC 61158-4-19): one of four telegrams of either type, a phase up to 4, the cycle's count where a bit says
/// that it is there. The checksum covers the addresses too, which stand before the type.
pub(super) fn sercos(bytes: &[u8]) -> Verdict {
    let [kind, phase, _, _, _, _, ..] = *bytes else { return Err(Fault::Incomplete { field: "header", missing: 6 }) };
    let counted = kind & 0x20 != 0 || phase & 0x70 == 0;
    when(kind & 0x1c == 0 && counted && phase & 15 <= 4 && bytes.len() >= 40, 0.8)
}
