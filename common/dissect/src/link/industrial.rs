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

/// PROFINET's discovery (IEC 61158-6-10): its frame ids, a service, a block length that fits.
pub(super) fn profinet_dcp(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (id, service, kind) = (r.u16("frame id")?, r.u8("service")?, r.u8("service type")?);
    r.skip(6, "transaction and delay")?;
    r.vec16("blocks")?;
    when((0xfefc..=0xfeff).contains(&id) && (3..=6).contains(&service) && matches!(kind, 0 | 1 | 5), 0.98)
}

/// PROFINET's time synchronisation: its frame ids.
pub(super) fn profinet_ptcp(bytes: &[u8]) -> Verdict {
    let id = Reader::new(bytes).u16("frame id")?;
    let known = matches!(id, 0x0020 | 0x0021 | 0x0080 | 0x0081 | 0xff00 | 0xff01 | 0xff20..=0xff22 | 0xff40..=0xff43);
    when(known && bytes.len() >= 26, 0.9)
}

/// PROFINET's cyclic data, whose end carries a counter, the data's status and the transfer's, which is 0; and alarms.
pub(super) fn profinet_rt(bytes: &[u8]) -> Verdict {
    let id = Reader::new(bytes).u16("frame id")?;
    match id {
        0xfc01 | 0xfe01 => alarm(bytes),
        0x0100..=0x0fff | 0x8000..=0xfbff => {
            let [.., status, transfer] = *bytes else { return Ok(None) };
            when(bytes.len() >= 42 && transfer == 0 && status & 0x48 == 0, 0.9)
        }
        _ => Ok(None),
    }
}

fn alarm(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    r.skip(6, "frame id and endpoints")?;
    let kind = r.u8("PDU type")?;
    r.skip(5, "flags and sequence")?;
    r.vec16("variable part")?;
    when(kind >> 4 == 1 && (1..=4).contains(&(kind & 15)), 0.97)
}

/// Media redundancy (IEC 62439-2 section 8): version 1, an element that exists.
pub(super) fn profinet_mrp(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let (version, kind) = (r.u16("version")?, r.u8("TLV")?);
    r.vec8("TLV")?;
    when(version == 1 && matches!(kind, 1..=7 | 0x7f), 0.97)
}

/// EtherCAT (IEC 61158-4-12): a length, a type that exists, and in the first datagram a command that exists.
pub(super) fn ethercat(bytes: &[u8]) -> Verdict {
    let mut r = Reader::new(bytes);
    let head = r.u16_le("header")?;
    let mut body = r.sub(usize::from(head & 0x07ff), "datagrams")?;
    match head >> 11 {
        // Datagrams: the command, then at least 11 bytes more.
        0b00010 => {
            let command = body.u8("command")?;
            body.skip(11, "datagram")?;
            when(command <= 14, 0.97)
        }
        // Network variables and mailboxes.
        0b01000 | 0b01010 => when(body.remaining() >= 6, 0.9),
        _ => Ok(None),
    }
}

/// POWERLINK (EPSG DS 301 section 4.6): a message type with the nodes that may send and receive it.
pub(super) fn powerlink(bytes: &[u8]) -> Verdict {
    const MANAGING: u8 = 240;
    const ALL: u8 = 255;
    let [kind, to, from, ..] = *bytes else { return Err(Fault::Incomplete { field: "nodes", missing: 3 }) };
    let fits = match kind & 0x7f {
        1 | 5 => to == ALL && from == MANAGING,
        3 => from == MANAGING,
        4 => to == ALL,
        6 => to != 0 && from != ALL,
        _ => false,
    };
    when(fits && bytes.len() >= 46, 0.95)
}

/// Sercos III (IEC 61158-4-19): one of four telegrams of either type, a phase up to 4, the checksum.
pub(super) fn sercos(bytes: &[u8]) -> Verdict {
    let [kind, phase, _, _, _, _, ..] = *bytes else { return Err(Fault::Incomplete { field: "header", missing: 6 }) };
    when(kind & 0x1c == 0 && phase & 0x70 == 0 && phase & 15 <= 4 && bytes.len() >= 40, 0.8)
}
