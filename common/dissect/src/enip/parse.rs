//! Encapsulation (CIP Networks Library volume 2 section 2-3 and 2-6): the header, the items of a common packet.

use super::table;
use picket_reader::{Fault, Reader};

/// Length of the header.
pub(crate) const HEAD: usize = 24;
/// Items that are read of one packet.
const ITEMS_MAX: u16 = 8;

/// One encapsulated message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) command: u16,
    pub(crate) session: u32,
    pub(crate) status: u32,
    /// The sender's own number, echoed in the answer.
    pub(crate) context: u64,
    pub(crate) data: &'a [u8],
}

/// The whole length of the message at the start.
///
/// # Errors
/// [`Fault::Malformed`] where the header is none: commands, status and options are checked as far as they are in view.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let command = r.u16_le("command")?;
    if table::command(command).is_none() {
        return Err(Fault::Malformed("enip: unknown command"));
    }
    let length = r.u16_le("length")?;
    r.skip(4, "session")?;
    let status = r.u32_le("status")?;
    // Volume 2 table 2-3.3 gives names to few of these, and leaves those between to what was before it.
    if status > 0x6a {
        return Err(Fault::Malformed("enip: unknown status"));
    }
    r.skip(8, "context")?;
    if r.u32_le("options")? != 0 {
        return Err(Fault::Malformed("enip: options are not 0"));
    }
    Ok(HEAD + usize::from(length))
}

/// Reads a whole message.
///
/// # Errors
/// Where it is cut.
pub(crate) fn frame(bytes: &[u8]) -> Result<Frame<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let command = r.u16_le("command")?;
    r.skip(2, "length")?;
    let (session, status, context) = (r.u32_le("session")?, r.u32_le("status")?, r.u64("context")?);
    r.skip(4, "options")?;
    Ok(Frame { command, session, status, context, data: r.rest() })
}

/// What a common packet carries that matters.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Packet<'a> {
    /// A message without a connection.
    pub(crate) unconnected: Option<&'a [u8]>,
    /// A message of a connection: sequence count, message.
    pub(crate) connected: Option<(u16, &'a [u8])>,
    /// A device's identity.
    pub(crate) identity: Option<&'a [u8]>,
    /// The items fill the packet.
    pub(crate) exact: bool,
}

/// Reads the items behind interface handle and timeout, as SendRRData and SendUnitData have them.
///
/// # Errors
/// Where items are cut or too many.
pub(crate) fn packet(data: &[u8]) -> Result<Packet<'_>, Fault> {
    let mut r = Reader::new(data);
    r.skip(6, "interface and timeout")?;
    items(r.rest())
}

/// Reads items.
///
/// # Errors
/// Where items are cut or too many.
pub(crate) fn items(data: &[u8]) -> Result<Packet<'_>, Fault> {
    let mut r = Reader::new(data);
    let count = r.u16_le("item count")?;
    if count > ITEMS_MAX {
        return Err(Fault::Malformed("enip: too many items"));
    }
    let mut packet = Packet::default();
    for _ in 0..count {
        let (kind, length) = (r.u16_le("item type")?, r.u16_le("item length")?);
        let mut item = r.sub(usize::from(length), "item")?;
        match kind {
            0x0c => packet.identity = Some(item.rest()),
            0xb1 => packet.connected = Some((item.u16_le("sequence count")?, item.rest())),
            0xb2 => packet.unconnected = Some(item.rest()),
            _ => {}
        }
    }
    packet.exact = r.is_empty();
    Ok(packet)
}

/// What a device says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Identity<'a> {
    pub(crate) vendor: u16,
    pub(crate) device_type: u16,
    pub(crate) product: u16,
    pub(crate) revision: (u8, u8),
    pub(crate) serial: u32,
    pub(crate) name: &'a [u8],
}

/// The attributes of the Identity object in order (volume 1 section 5-2), as Get_Attributes_All gives them.
///
/// # Errors
/// Where they are cut.
pub(crate) fn identity(data: &[u8]) -> Result<Identity<'_>, Fault> {
    let mut r = Reader::new(data);
    let (vendor, device_type, product) = (r.u16_le("vendor")?, r.u16_le("device type")?, r.u16_le("product")?);
    let revision = (r.u8("major revision")?, r.u8("minor revision")?);
    r.skip(2, "status")?;
    let serial = r.u32_le("serial")?;
    let name = r.vec8("product name")?.rest();
    Ok(Identity { vendor, device_type, product, revision, serial, name })
}

/// The identity item of ListIdentity (volume 2 section 2-4.2): version, socket address, then the attributes.
///
/// # Errors
/// Where it is cut.
pub(crate) fn identity_item(data: &[u8]) -> Result<Identity<'_>, Fault> {
    let mut r = Reader::new(data);
    r.skip(18, "version and address")?;
    identity(r.rest())
}
