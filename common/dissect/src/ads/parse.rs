//! AMS messages and the datagrams of routers.

use picket_reader::{Fault, Reader};

/// Header of AMS/TCP, and of AMS.
pub(crate) const TCP_HEAD: usize = 6;
const AMS_HEAD: u32 = 32;
/// Longest data that is believed; a session keeps no longer message.
const DATA_MAX: u32 = 1 << 20;
/// Begins each datagram of a router.
pub(crate) const ROUTER_MAGIC: u32 = 0x7114_6603;

/// One message of ADS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ams<'a> {
    /// The port of the device that is spoken to, or that speaks.
    pub(crate) target: u16,
    pub(crate) source: u16,
    pub(crate) command: u16,
    pub(crate) answer: bool,
    pub(crate) error: u32,
    pub(crate) invoke: u32,
    pub(crate) data: &'a [u8],
}

/// The length of the message that begins here, from the header that tells it; the lengths of both headers agree.
///
/// # Errors
/// [`Fault::Incomplete`] while it is cut, [`Fault::Malformed`] where it is none.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    const NONE: Fault = Fault::Malformed("ads: no message begins here");
    let mut r = Reader::new(bytes);
    let (reserved, length) = (r.u16_le("reserved")?, r.u32_le("length")?);
    if reserved != 0 || !(AMS_HEAD..=AMS_HEAD + DATA_MAX).contains(&length) {
        return Err(NONE);
    }
    r.skip(18, "ends and command")?;
    let (flags, data) = (r.u16_le("flags")?, r.u32_le("data length")?);
    // Bit 2 marks ADS; 0 an answer; 1, 3 to 5 and 7 are rare but known; 6 is for UDP.
    if flags & 0xff44 != 0x0004 || data.checked_add(AMS_HEAD) != Some(length) {
        return Err(NONE);
    }
    Ok(TCP_HEAD.saturating_add(usize::try_from(length).unwrap_or(usize::MAX)))
}

/// Reads a whole message.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn message(bytes: &[u8]) -> Result<Ams<'_>, Fault> {
    let mut r = Reader::new(bytes);
    r.skip(TCP_HEAD + 6, "target")?;
    let target = r.u16_le("target port")?;
    r.skip(6, "source")?;
    let (source, command, flags) = (r.u16_le("source port")?, r.u16_le("command")?, r.u16_le("flags")?);
    r.skip(4, "data length")?;
    let (error, invoke) = (r.u32_le("error")?, r.u32_le("invoke id")?);
    Ok(Ams { target, source, command, answer: flags & 1 != 0, error, invoke, data: r.rest() })
}

/// Index group, offset and length, and the number that is written where it is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Access {
    pub(crate) group: u32,
    pub(crate) offset: u32,
    pub(crate) length: u32,
    pub(crate) value: Option<f64>,
}

/// What a read or write touches.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn access(data: &[u8], write: bool) -> Result<Access, Fault> {
    let mut r = Reader::new(data);
    let (group, offset, length) = (r.u32_le("group")?, r.u32_le("offset")?, r.u32_le("length")?);
    let value = match (write, r.peek()) {
        (true, [one]) => Some(f64::from(*one)),
        (true, [low, high]) => Some(f64::from(u16::from_le_bytes([*low, *high]))),
        (true, [a, b, c, d]) => Some(f64::from(u32::from_le_bytes([*a, *b, *c, *d]))),
        _ => None,
    };
    Ok(Access { group, offset, length, value })
}

/// What a device says of itself: version, and its name.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn device(data: &[u8]) -> Result<(String, &[u8]), Fault> {
    let mut r = Reader::new(data);
    r.skip(4, "result")?;
    let (major, minor, build) = (r.u8("major")?, r.u8("minor")?, r.u16_le("build")?);
    Ok((format!("{major}.{minor}.{build}"), r.take(16, "name")?))
}

/// A datagram of a router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Router<'a> {
    /// As sent, bit 31 of an answer included.
    pub(crate) service: u32,
    pub(crate) tags: Reader<'a>,
    pub(crate) count: u32,
}

/// Reads a datagram of a router.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn router(bytes: &[u8]) -> Result<Router<'_>, Fault> {
    let mut r = Reader::new(bytes);
    if r.u32_le("magic")? != ROUTER_MAGIC {
        return Err(Fault::Malformed("ads: no datagram of a router"));
    }
    r.skip(4, "invoke id")?;
    let service = r.u32_le("service")?;
    r.skip(8, "sender")?;
    let count = r.u32_le("tags")?;
    Ok(Router { service, tags: r, count })
}

/// The next tag: its number and what stands in it.
///
/// # Errors
/// [`Fault::Incomplete`] where it is cut.
pub(crate) fn tag<'a>(r: &mut Reader<'a>) -> Result<(u16, &'a [u8]), Fault> {
    let (tag, length) = (r.u16_le("tag")?, r.u16_le("tag length")?);
    Ok((tag, r.take(usize::from(length), "tag")?))
}
