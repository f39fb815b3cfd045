//! The header (TS20085 section 10) and the token-passing message behind it (TS20081 section 5).

use super::table;
use crate::sides::{Side, Speaker};
use picket_event::Transport;
use picket_reader::{Fault, Reader};

/// A pass-through holds 8 + 1 + 5 + 3 + 1 + 1 + 255 + 1 bytes at most; logs and direct messages are longer.
const LENGTH_MAX: u16 = 4096;

pub(crate) const REQUEST: u8 = 0;
pub(crate) const RESPONSE: u8 = 1;
pub(crate) const PUBLISH: u8 = 2;
pub(crate) const NAK: u8 = 15;

pub(crate) const INITIATE: u8 = 0;
pub(crate) const CLOSE: u8 = 1;
pub(crate) const KEEP_ALIVE: u8 = 2;
pub(crate) const PASS_THROUGH: u8 = 3;

/// A message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) kind: u8,
    pub(crate) id: u8,
    pub(crate) status: u8,
    pub(crate) sequence: u16,
    pub(crate) body: &'a [u8],
}

/// The whole length of the message at the start.
///
/// # Errors
/// [`Fault::Malformed`] where no message begins.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let (version, kind, id) = (r.u8("version")?, r.u8("type")?, r.u8("id")?);
    if !matches!(version, 1 | 2) || !matches!(kind, REQUEST | RESPONSE | PUBLISH | NAK) || !matches!(id, 0..=5 | 128) {
        return Err(Fault::Malformed("hart_ip: header of no kind"));
    }
    r.skip(3, "status and sequence")?;
    let length = r.u16("byte count")?;
    let least = if id == PASS_THROUGH && kind != NAK { 13 } else { 8 };
    if !(least..=LENGTH_MAX).contains(&length) {
        return Err(Fault::Malformed("hart_ip: byte count out of range"));
    }
    Ok(usize::from(length))
}

/// Reads a whole message.
///
/// # Errors
/// Where it is cut.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(1, "version")?;
    let (kind, id, status, sequence) = (r.u8("type")? & 15, r.u8("id")?, r.u8("status")?, r.u16("sequence")?);
    r.skip(2, "byte count")?;
    Ok(Frame { kind, id, status, sequence, body: r.rest() })
}

/// A HART message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pdu<'a> {
    /// A polling address, or the number of a device among its maker's.
    pub(crate) address: u32,
    /// It is the polling address 0: who speaks HART-IP, and not one behind it.
    pub(crate) itself: bool,
    pub(crate) command: u16,
    /// Behind the two bytes of status, where it answers.
    pub(crate) data: &'a [u8],
}

/// Reads a HART message; the checksum has to fit.
///
/// # Errors
/// Where it is cut or its checksum does not fit.
pub(crate) fn pdu(bytes: &[u8]) -> Result<Pdu<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let delimiter = r.u8("delimiter")?;
    let answers = match delimiter & 7 {
        1 | 6 => true,
        2 => false,
        _ => return Err(Fault::Malformed("hart_ip: delimiter of no kind")),
    };
    let short = delimiter & 0x80 == 0;
    let address = if short {
        u32::from(r.u8("address")? & 0x3f)
    } else {
        r.skip(2, "device type")?;
        r.u24("device id")?
    };
    r.skip(usize::from(delimiter >> 5 & 3), "expansion")?;
    let mut command = u16::from(r.u8("command")?);
    let mut data = r.vec8("data")?;
    let covered = bytes.get(..r.position()).unwrap_or(bytes);
    if r.u8("checksum")? != covered.iter().fold(0, |sum, byte| sum ^ byte) {
        return Err(Fault::Malformed("hart_ip: checksum does not fit"));
    }
    if answers {
        data.skip(2, "status")?;
    }
    // Commands of sixteen bits hide behind command 31.
    if command == 31 {
        command = data.u16("extended command")?;
    }
    Ok(Pdu { address, itself: short && address == 0, command, data: data.rest() })
}

/// How sure a direction's bytes are HART-IP.
pub(crate) fn judge(bytes: &[u8], transport: Transport) -> Side {
    let total = match length(bytes) {
        Ok(total) => total,
        Err(Fault::Incomplete { .. }) if transport == Transport::TCP => return Side::Open,
        Err(_) => return Side::Foreign,
    };
    let Some(whole) = bytes.get(..total) else {
        return if transport == Transport::TCP { Side::Open } else { Side::Foreign };
    };
    let behind = bytes.get(total..).unwrap_or(&[]);
    let chains = match length(behind) {
        _ if behind.is_empty() => None,
        Ok(_) => Some(true),
        Err(Fault::Incomplete { .. }) => None,
        Err(Fault::Malformed(_)) => return Side::Foreign,
    };
    let Ok(frame) = frame(whole) else { return Side::Foreign };
    let part = if frame.kind == REQUEST { Speaker::Client } else { Speaker::Server };
    let sure = match (frame.id, frame.body) {
        (PASS_THROUGH, body) if frame.kind != NAK => match pdu(body) {
            Ok(_) => 0.98,
            Err(_) => return Side::Foreign,
        },
        // Master, then a timer in milliseconds.
        (INITIATE, [0 | 1, high, ..]) if frame.body.len() == 5 => {
            if *high == 0 {
                0.97
            } else {
                0.85
            }
        }
        (CLOSE | KEEP_ALIVE, []) => 0.75,
        (_, []) if frame.kind == NAK || frame.status != 0 => 0.6,
        (INITIATE | CLOSE | KEEP_ALIVE, _) => return Side::Foreign,
        _ => 0.5,
    };
    let sure = if chains == Some(true) { f32::max(sure, 0.9) } else { sure };
    Side::Fits(sure, part)
}

/// Who a device is (command 0, TS20127 section 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Maker and type in one, as HART 7 has it.
    pub(crate) device_type: u16,
    pub(crate) device_revision: u8,
    pub(crate) software_revision: u8,
    pub(crate) device: u32,
    pub(crate) vendor: u16,
}

/// Reads it; `None` where it is another answer.
pub(crate) fn identity(data: &[u8]) -> Option<Identity> {
    let mut r = Reader::new(data);
    let (mark, device_type) = (r.u8("mark").ok()?, r.u16("device type").ok()?);
    r.skip(1, "preambles").ok()?;
    let protocol = r.u8("universal revision").ok()?;
    let (device_revision, software_revision) = (r.u8("device revision").ok()?, r.u8("software revision").ok()?);
    r.skip(2, "hardware and flags").ok()?;
    let device = r.u24("device id").ok()?;
    if mark != 254 {
        return None;
    }
    let expanded = r.skip(5, "counters").and_then(|()| r.u16("vendor")).ok();
    let vendor = if protocol >= 7 { expanded } else { None }.unwrap_or(device_type >> 8);
    Some(Identity { device_type, device_revision, software_revision, device, vendor })
}

/// The operation of a message id that is no command.
pub(crate) const fn operation(id: u8) -> Option<picket_event::Operation> {
    match id {
        INITIATE | CLOSE | KEEP_ALIVE => Some(table::SESSION),
        _ => None,
    }
}
