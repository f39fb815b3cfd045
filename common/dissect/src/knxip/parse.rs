//! The header (KNX standard 3/8/1 section 2.3), telegrams (3/6/3) and descriptions of devices (3/8/2 section 7.5.4).

use super::table;
use crate::sides::{Side, Speaker};
use picket_event::{Mac, MessageKind, Transport};
use picket_reader::{Fault, Reader};

/// Length of the header.
pub(crate) const HEAD: usize = 6;

/// The whole length of the message at the start.
///
/// # Errors
/// [`Fault::Malformed`] where no message begins.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let (header, version) = (r.u8("header length")?, r.u8("version")?);
    let service = r.u16("service")?;
    if header != 6 || version != 0x10 || !matches!(service >> 8, 2..=9) {
        return Err(Fault::Malformed("knxip: header of no kind"));
    }
    let length = usize::from(r.u16("length")?);
    if length < HEAD {
        return Err(Fault::Malformed("knxip: length out of range"));
    }
    Ok(length)
}

/// How sure a direction's bytes are KNXnet/IP.
pub(crate) fn judge(bytes: &[u8], transport: Transport) -> Side {
    let total = match length(bytes) {
        Ok(total) => total,
        Err(Fault::Incomplete { .. }) if transport == Transport::TCP => return Side::Open,
        Err(_) => return Side::Foreign,
    };
    let behind = bytes.get(total..).unwrap_or(&[]);
    let chains = behind.is_empty() || !matches!(length(behind), Err(Fault::Malformed(_)));
    let cut = transport == Transport::UDP && bytes.len() < total;
    let code = bytes.get(2..4).and_then(|code| Reader::new(code).u16("service").ok()).unwrap_or(0);
    let service = table::service(code);
    if !chains || cut || service.name.is_empty() {
        return Side::Foreign;
    }
    match (code, service.kind) {
        (0x0310 | 0x0420, _) => Side::Fits(0.97, through(bytes.get(HEAD..).unwrap_or(&[]))),
        // Both sides acknowledge what came through the tunnel: what the other says tells who it is.
        (0x0311 | 0x0421, _) => Side::Fits(0.6, Speaker::Either),
        (0x0422..=0x0425 | 0x0207 | 0x0209 | 0x0500.., MessageKind::Request | MessageKind::Unsolicited) => {
            Side::Fits(0.97, Speaker::Either)
        }
        (_, MessageKind::Response) => Side::Fits(0.97, Speaker::Server),
        _ => Side::Fits(0.97, Speaker::Client),
    }
}

/// Who sends what goes through a tunnel: a client asks for telegrams and properties, a server confirms and indicates them
/// (message codes of cEMI, KNX standard 3/6/3 section 4.1.3).
fn through(body: &[u8]) -> Speaker {
    match body {
        [4, _, _, _, 0x10 | 0x11 | 0x13 | 0xf1 | 0xf6 | 0xf8 | 0xf9 | 0xfc, ..] => Speaker::Client,
        [4, _, _, _, 0x25 | 0x29 | 0x2b | 0x2d..=0x2f | 0xf0 | 0xf5 | 0xf7 | 0xfa | 0xfb, ..] => Speaker::Server,
        _ => Speaker::Either,
    }
}

/// A telegram on the bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Telegram {
    /// Who sent it: area, line, device.
    pub(crate) from: u16,
    pub(crate) to: u16,
    /// `to` is a group.
    pub(crate) group: bool,
    /// Of a group's telegram: the value in its last bits.
    pub(crate) small: Option<u8>,
}

/// A telegram (cEMI, KNX standard 3/6/3 section 4.1.5); `None` where it is something else.
pub(crate) fn telegram(bytes: &[u8]) -> Option<Telegram> {
    let mut r = Reader::new(bytes);
    let kind = r.u8("message code").ok()?;
    if !matches!(kind, 0x11 | 0x29 | 0x2e) {
        return None;
    }
    r.vec8("additional information").ok()?;
    r.skip(1, "control").ok()?;
    let control = r.u8("control").ok()?;
    let (from, to) = (r.u16("source").ok()?, r.u16("destination").ok()?);
    let length = r.u8("length").ok()?;
    r.skip(1, "transport").ok()?;
    // A group's answer or write of up to six bits stands in the application's byte.
    let small =
        r.u8("application").ok().filter(|byte| length == 1 && matches!(byte >> 6, 1 | 2)).map(|byte| byte & 0x3f);
    Some(Telegram { from, to, group: control & 0x80 != 0, small })
}

impl Telegram {
    /// The receiver as KNX writes it.
    pub(crate) fn receiver(&self) -> String {
        let to = self.to;
        if self.group {
            format!("{}/{}/{}", to >> 11, to >> 8 & 7, to & 255)
        } else {
            format!("{}.{}.{}", to >> 12, to >> 8 & 15, to & 255)
        }
    }
}

/// What a device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Device<'a> {
    pub(crate) address: u16,
    pub(crate) serial: [u8; 6],
    pub(crate) mac: Mac,
    pub(crate) name: &'a [u8],
}

/// Finds the device in description blocks.
pub(crate) fn device(bytes: &[u8]) -> Option<Device<'_>> {
    let mut r = Reader::new(bytes);
    while !r.is_empty() {
        let (length, kind) = (r.u8("length").ok()?, r.u8("type").ok()?);
        let mut block = r.sub(usize::from(length).checked_sub(2)?, "block").ok()?;
        if kind != 1 {
            continue;
        }
        block.skip(2, "medium and status").ok()?;
        let address = block.u16("address").ok()?;
        block.skip(2, "project").ok()?;
        let serial = block.array("serial").ok()?;
        block.skip(4, "multicast").ok()?;
        return Some(Device { address, serial, mac: Mac(block.array("mac").ok()?), name: block.rest() });
    }
    None
}
