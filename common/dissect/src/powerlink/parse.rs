//! Frames, and what asynchronous sends carry.

use super::table::{ASYNC_SEND, COMMANDS, EVERYBODY, IDENT_RESPONSE, MANAGING, SDO};
use crate::codes::find;
use crate::link::Verdict;
use crate::teller;
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};

/// A message type with the nodes that may send and receive it (DS 301 section 4.6).
pub(super) fn probe(bytes: &[u8]) -> Verdict {
    let [kind, to, from, service, ..] = *bytes else {
        return Err(Fault::Incomplete { field: "nodes", missing: 4 });
    };
    let fits = match kind & 0x7f {
        // Version 1 ends its cycles too.
        1 | 2 | 5 => to == EVERYBODY && from == MANAGING,
        3 => from == MANAGING,
        4 => to == EVERYBODY,
        // Services 1 to 5, and those of makers; in version 1 channels, the last of them for everything.
        6 => to != 0 && from != EVERYBODY && matches!(service, 0..=7 | 0xa0..=0xff),
        7 => to == EVERYBODY && from != EVERYBODY,
        _ => false,
    };
    Ok((fits && bytes.len() >= 46).then_some(0.95))
}

/// An SDO in a datagram: the nodes are empty, both layers have to be right.
pub(super) fn probe_datagram(bytes: &[u8]) -> Verdict {
    let [ASYNC_SEND, 0, 0, SDO, ..] = *bytes else { return Ok(None) };
    let read = sdo(bytes.get(4..).unwrap_or(&[]));
    Ok(read.is_ok_and(|sdo| sdo.size <= 1500).then_some(0.97))
}

/// An SDO.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sdo<'a> {
    pub(crate) answer: bool,
    pub(crate) abort: bool,
    /// 0 and 1 begin a transfer, 2 and 3 go on with one.
    pub(crate) segment: u8,
    pub(crate) transaction: u8,
    /// 0 where the sequence layer speaks alone.
    pub(crate) command: u8,
    pub(crate) size: u16,
    pub(crate) data: &'a [u8],
}

/// Reads the two layers of an SDO (DS 301 sections 6.3.2.3 and 6.3.2.4).
///
/// # Errors
/// [`Fault`] where they are cut or contradict themselves.
pub(crate) fn sdo(bytes: &[u8]) -> Result<Sdo<'_>, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(2, "sequence numbers")?;
    let reserved = r.u16("reserved")?;
    // Opening, closing and acknowledging need no command.
    if r.remaining() < 8 {
        let empty = Sdo { answer: false, abort: false, segment: 0, transaction: 0, command: 0, size: 0, data: &[] };
        return if reserved == 0 { Ok(empty) } else { Err(Fault::Malformed("powerlink: sequence layer")) };
    }
    r.skip(1, "reserved")?;
    let (transaction, flags, command, size) =
        (r.u8("transaction")?, r.u8("flags")?, r.u8("command")?, r.u16_le("segment size")?);
    let zero = r.u16("reserved")?;
    let known = command == 0 || !find(COMMANDS, command.into()).name.is_empty();
    if reserved != 0 || zero != 0 || !known || flags & 0x0f != 0 {
        return Err(Fault::Malformed("powerlink: command layer"));
    }
    let segment = flags >> 4 & 3;
    if segment == 1 {
        r.skip(4, "data size")?;
    }
    Ok(Sdo { answer: flags & 0x80 != 0, abort: flags & 0x40 != 0, segment, transaction, command, size, data: r.rest() })
}

/// The object that a read or write by index names.
pub(crate) fn object(sdo: &Sdo<'_>) -> Option<(u16, u8)> {
    let mut r = Reader::new(sdo.data);
    Some((r.u16_le("index").ok()?, r.u8("subindex").ok()?))
}

/// What a node says of itself (IdentResponse, DS 301 section 7.3.3.2), from behind its service on.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn identity(bytes: &[u8], asset: &mut Asset) -> Result<(), Fault> {
    let mut r = Reader::new(bytes);
    r.skip(22, "state, features, sizes, device type")?;
    r.skip(4, "device type")?;
    let (vendor, product, revision) = (r.u32_le("vendor")?, r.u32_le("product")?, r.u32_le("revision")?);
    r.skip(4 + 8 + 16, "serial number, dates")?;
    let [d, c, b, a] = r.array("address")?;
    r.skip(8, "mask and gateway")?;
    let known = super::table::VENDORS.iter().find(|(number, _)| *number == vendor);
    asset.vendor = Some(known.map_or_else(|| format!("CANopen vendor 0x{vendor:x}"), |(_, name)| (*name).to_owned()));
    asset.model = Some(format!("product 0x{product:x}"));
    asset.firmware = (revision != 0).then(|| format!("revision 0x{revision:x}"));
    asset.ip = Some([a, b, c, d].into()).filter(|ip| teller::is_host(*ip));
    asset.hostname = r.take(32, "host name").ok().and_then(teller::name);
    Ok(())
}

/// What a node of version 1 says of itself (ETHERNET Powerlink white paper V0006), from behind its channel on.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn identity_v1(bytes: &[u8], asset: &mut Asset) -> Result<(), Fault> {
    let mut r = Reader::new(bytes);
    r.skip(2 + 4 + 4, "size, node, hardware")?;
    let (firmware, variant) = (r.u32_le("firmware")?, r.u32_le("variant")?);
    asset.model = Some(format!("variant 0x{variant:x}"));
    asset.firmware = Some(format!("firmware 0x{firmware:x}"));
    Ok(())
}

/// Whether a frame is a node's answer to who it is.
pub(crate) fn is_identity(bytes: &[u8]) -> bool {
    matches!(bytes, [kind, _, _, IDENT_RESPONSE, ..] if kind & 0x7f == ASYNC_SEND)
}
