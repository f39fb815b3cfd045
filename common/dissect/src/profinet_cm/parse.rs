//! Calls of connectionless DCE/RPC (C706 section 12.5), and the blocks inside (IEC 61158-6-10), which are big-endian always.

use crate::teller;
use picket_event::Mac;
use picket_event::body::Asset;
use picket_reader::{Fault, Reader};

/// Lengths before the blocks, of a request and of an answer alike.
const ARGUMENTS: usize = 20;

/// The interfaces' ids DEA00001 to DEA00004-6C97-11D1-8271-00A02442DF7D behind their first number.
const OURS: &[u8] = &[0x82, 0x71, 0x00, 0xa0, 0x24, 0x42, 0xdf, 0x7d];
/// The end-point mapper's, E1AF8308-5D1F-11C9-91A4-08002B14A0FA, likewise.
const MAPPER: &[u8] = &[0x91, 0xa4, 0x08, 0x00, 0x2b, 0x14, 0xa0, 0xfa];

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Call<'a> {
    pub(crate) kind: u8,
    /// Belongs to PROFINET.
    pub(crate) ours: bool,
    /// Belongs to the end-point mapper.
    pub(crate) mapper: bool,
    pub(crate) operation: u32,
    /// Numbers that an answer repeats.
    pub(crate) number: u32,
    pub(crate) activity: u32,
    /// Number of the fragment; 0 where it is the first or the only one.
    pub(crate) fragment: u16,
    pub(crate) body: &'a [u8],
}

/// Reads a packet.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn call(bytes: &[u8]) -> Result<Call<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (version, kind) = (r.u8("version")?, r.u8("kind")?);
    r.skip(2, "flags")?;
    let order = r.u8("byte order")?;
    r.skip(3, "number formats")?;
    if version != 4 || kind > 10 || !matches!(order, 0 | 0x10) {
        return Err(Fault::Malformed("profinet_cm: no call of DCE/RPC"));
    }
    r.skip(16, "object")?;
    let interface: [u8; 16] = r.array("interface")?;
    let activity: [u8; 16] = r.array("activity")?;
    let little = order == 0x10;
    r.skip(8, "boot time and version")?;
    let number = if little { r.u32_le("number") } else { r.u32("number") }?;
    let mut short = |field| if little { r.u16_le(field) } else { r.u16(field) };
    let operation = u32::from(short("operation")?);
    let (_, _) = (short("hint")?, short("hint")?);
    let (length, fragment) = (short("length")?, short("fragment")?);
    r.skip(2, "authentication and number")?;
    // The interface's first number says which of the four it is, in the order of the packet.
    let first = if little { [0, 0xa0, 0xde] } else { [0xde, 0xa0, 0] };
    let named = if little { interface.get(1..4) } else { interface.get(..3) } == Some(&first);
    let ends = |tail: &[u8]| interface.ends_with(tail);
    let [a, b, c, d, ..] = activity;
    Ok(Call {
        kind,
        ours: named && ends(OURS),
        mapper: ends(MAPPER),
        operation,
        number,
        activity: u32::from_be_bytes([a, b, c, d]),
        fragment,
        body: r.take(usize::from(length), "body")?,
    })
}

/// The blocks of a first fragment: kind and inside of each, version left out.
pub(crate) fn blocks(body: &[u8]) -> impl Iterator<Item = (u16, Reader<'_>)> {
    let mut r = Reader::new(body.get(ARGUMENTS..).unwrap_or(&[]));
    std::iter::from_fn(move || {
        let kind = r.u16("block").ok()?;
        // A block that goes on in the next fragment is read as far as it goes.
        let length = usize::from(r.u16("block length").ok()?);
        let mut inside = r.sub(length.min(r.remaining()), "block").ok()?;
        inside.skip(2, "version").ok()?;
        Some((kind, inside))
    })
}

/// Where a record is: slot, subslot, index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) slot: u16,
    pub(crate) subslot: u16,
    pub(crate) index: u32,
}

/// The place that a read or write names (blocks 0x0008, 0x0009 and their answers 0x8008, 0x8009).
pub(crate) fn place(body: &[u8]) -> Option<Place> {
    let (_, mut r) = blocks(body).find(|(kind, _)| matches!(kind & 0x7fff, 8 | 9))?;
    r.skip(2 + 16 + 4, "number, relation, application").ok()?;
    let (slot, subslot) = (r.u16("slot").ok()?, r.u16("subslot").ok()?);
    r.skip(2, "padding").ok()?;
    Some(Place { slot, subslot, index: u32::from(r.u16("index").ok()?) })
}

/// The command of a control (blocks 0x0110, 0x0112, 0x0116 and kin).
pub(crate) fn command(body: &[u8]) -> Option<u16> {
    let (_, mut r) = blocks(body).find(|(kind, _)| matches!(kind & 0x7fff, 0x0110..=0x0118))?;
    r.skip(2 + 16 + 2 + 2, "relation and session").ok()?;
    r.u16("command").ok()
}

/// What the one who connects tells of itself (block 0x0101): its name and its address below IP.
pub(crate) fn initiator(body: &[u8], asset: &mut Asset) {
    let Some((_, mut r)) = blocks(body).find(|(kind, _)| *kind == 0x0101) else { return };
    let mut read = || {
        r.skip(2 + 16 + 2, "relation")?;
        let mac = Mac(r.array("address")?);
        r.skip(16 + 4 + 2 + 2, "object, properties, time-out, port")?;
        Ok::<_, Fault>((mac, r.vec16("name")?))
    };
    if let Ok((mac, name)) = read() {
        asset.mac = Some(mac).filter(teller::is_station);
        asset.hostname = teller::name(name.peek());
    }
}

/// What a device tells in its identification (block 0x0020): vendor, order number, versions.
pub(crate) fn identification(body: &[u8]) -> Option<(u16, Option<String>, String)> {
    let (_, mut r) = blocks(body).find(|(kind, _)| *kind == 0x0020)?;
    let vendor = r.u16("vendor").ok()?;
    let order = teller::text(r.take(20, "order number").ok()?);
    r.skip(16 + 2, "serial number and hardware").ok()?;
    let [kind, major, minor, patch] = r.array("software").ok()?;
    let prefix = if kind.is_ascii_uppercase() { char::from(kind) } else { 'V' };
    Some((vendor, order, format!("{prefix}{major}.{minor}.{patch}")))
}
