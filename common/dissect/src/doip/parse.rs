//! The header (ISO 13400-2:2019 section 9.2), announcements and diagnostic messages.

use super::table;
use crate::sides::{Side, Speaker};
use picket_event::{Mac, MessageKind, Transport};
use picket_reader::{Fault, Reader};

/// Length of the header.
pub(crate) const HEAD: usize = 8;

/// The payload's type and the whole length of the message at the start.
///
/// # Errors
/// [`Fault::Malformed`] where no message begins.
pub(crate) fn head(bytes: &[u8]) -> Result<(table::Payload, usize), Fault> {
    let mut r = Reader::new(bytes);
    let (version, inverse) = (r.u8("version")?, r.u8("inverse version")?);
    if version != !inverse || !matches!(version, 1..=4 | 0xff) {
        return Err(Fault::Malformed("doip: header of no kind"));
    }
    let payload = table::payload(r.u16("payload type")?).ok_or(Fault::Malformed("doip: payload of no type"))?;
    let length = r.u32("length")?;
    let (least, most) = payload.lengths;
    if !(least..=most).contains(&length) {
        return Err(Fault::Malformed("doip: length does not fit its payload"));
    }
    Ok((payload, HEAD + usize::try_from(length).unwrap_or(usize::MAX)))
}

/// How sure a direction's bytes are DoIP.
pub(crate) fn judge(bytes: &[u8], transport: Transport) -> Side {
    let (payload, total) = match head(bytes) {
        Ok(found) => found,
        Err(Fault::Incomplete { .. }) if transport == Transport::TCP => return Side::Open,
        Err(_) => return Side::Foreign,
    };
    let behind = bytes.get(total..);
    let chains = behind.is_none_or(|behind| !matches!(head(behind), Err(Fault::Malformed(_))));
    let cut = transport == Transport::UDP && bytes.len() != total;
    if !chains || cut {
        return Side::Foreign;
    }
    let part = match payload.kind {
        // A gateway asks too whether its tester lives.
        _ if matches!(payload.code, 0x0007 | 0x0008) => Speaker::Either,
        // Both send diagnostic messages: the service tells.
        _ if payload.code == table::DIAGNOSTIC => match diagnostic(bytes.get(HEAD..).unwrap_or(&[])) {
            Ok(said) if said.kind == MessageKind::Request => Speaker::Client,
            Ok(_) => Speaker::Server,
            Err(_) => Speaker::Either,
        },
        Some(MessageKind::Request) => Speaker::Client,
        _ => Speaker::Server,
    };
    Side::Fits(0.97, part)
}

/// A vehicle that makes itself known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Vehicle<'a> {
    pub(crate) number: &'a [u8],
    pub(crate) address: u16,
    pub(crate) entity: Mac,
}

/// Reads an announcement.
///
/// # Errors
/// Where it is cut.
pub(crate) fn vehicle(body: &[u8]) -> Result<Vehicle<'_>, Fault> {
    let mut r = Reader::new(body);
    Ok(Vehicle { number: r.take(17, "vehicle")?, address: r.u16("address")?, entity: Mac(r.array("entity")?) })
}

/// A diagnostic message: which entity it is for or from, which service, and whether it refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    pub(crate) entity: u16,
    pub(crate) service: u8,
    pub(crate) kind: MessageKind,
}

/// Reads a diagnostic message.
///
/// # Errors
/// Where it is cut.
pub(crate) fn diagnostic(body: &[u8]) -> Result<Diagnostic, Fault> {
    const NEGATIVE: u8 = 0x7f;
    /// The answer will come.
    const PENDING: u8 = 0x78;
    let mut r = Reader::new(body);
    let (source, target, first) = (r.u16("source")?, r.u16("target")?, r.u8("service")?);
    let (service, kind) = match first {
        NEGATIVE => {
            let (service, code) = (r.u8("service")?, r.u8("code")?);
            (service, if code == PENDING { MessageKind::Response } else { MessageKind::Exception })
        }
        _ if first & 0x40 != 0 => (first & !0x40, MessageKind::Response),
        _ => (first, MessageKind::Request),
    };
    let entity = if kind == MessageKind::Request { target } else { source };
    Ok(Diagnostic { entity, service, kind })
}
