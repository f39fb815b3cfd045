//! Blocks, datagrams, channels and services.

use super::second;
use super::table::{ADDRESS_REQUEST, ADDRESS_RESPONSE, CHANNEL, NAME_REQUEST, NAME_RESPONSE};
use crate::{Head, Probe};
use picket_event::{Transport, Unit};
use picket_reader::{Fault, Reader};

/// First byte of a datagram.
const MAGIC: u8 = 0xc5;
/// First bytes of a block over TCP.
const BLOCK: u32 = 0xe817_0100;
/// Block header: magic and length.
pub(super) const BLOCK_HEAD: usize = 8;
/// The longest block: 512 bytes and its headers, with room.
const BLOCK_MAX: usize = 2048;
/// What services begin with, plain and encrypted.
const PLAIN: u16 = 0xcd55;
const SECURE: u16 = 0x7557;
/// The answer of the name service that describes a device.
const DEVICE: u16 = 0xc280;
/// Longest name that is kept, characters.
const TEXT_LIMIT: usize = 64;

/// The length of the block at the start of `bytes`.
///
/// # Errors
/// [`Fault`] where it is cut or none.
pub(super) fn block(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    let (magic, length) = (r.u32_le("block magic")?, r.u32_le("block length")?);
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if magic != BLOCK || !(BLOCK_HEAD + 6..=BLOCK_MAX).contains(&length) {
        return Err(Fault::Malformed("codesys: block"));
    }
    Ok(length)
}

/// One datagram of the router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Datagram<'a> {
    pub(super) service: u8,
    pub(super) inside: &'a [u8],
}

/// Reads a datagram: header length in words, lengths of both addresses, then what it carries at a place that four divides.
///
/// # Errors
/// [`Fault`] where it is none.
pub(super) fn datagram(bytes: &[u8]) -> Result<Datagram<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (magic, hops, _) = (r.u8("magic")?, r.u8("hops")?, r.u8("packet info")?);
    let (service, _, lengths) = (r.u8("service")?, r.u8("message")?, r.u8("lengths")?);
    if magic != MAGIC || hops & 7 != 3 {
        return Err(Fault::Malformed("codesys: datagram"));
    }
    let addresses = 2 * usize::from((lengths >> 4) + (lengths & 0x0f));
    r.skip(addresses, "addresses")?;
    if !r.position().is_multiple_of(4) {
        // Nothing stands behind the addresses, or they are filled up.
        r.skip(2.min(r.remaining()), "filling")?;
    }
    Ok(Datagram { service, inside: r.rest() })
}

/// What a datagram says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said<'a> {
    /// Whether it is an answer.
    Address(bool),
    /// Whether it is an answer, and what it says.
    Names(bool, &'a [u8]),
    /// A channel's message by its kind.
    Channel(u8),
    /// A service: component, command, whether it is an answer.
    Service(u8, u16, bool),
    /// An encrypted service.
    Secured(bool),
    /// Acknowledgements, and what goes on with a message.
    Nothing,
}

/// Reads what a datagram says.
///
/// # Errors
/// [`Fault`] where it is nothing that is known.
pub(super) fn said<'a>(datagram: &Datagram<'a>) -> Result<Said<'a>, Fault> {
    let inside = datagram.inside;
    match datagram.service {
        ADDRESS_REQUEST | ADDRESS_RESPONSE if inside.len() <= 4 => {
            Ok(Said::Address(datagram.service == ADDRESS_RESPONSE))
        }
        NAME_REQUEST | NAME_RESPONSE if inside.len() >= 8 => Ok(Said::Names(datagram.service == NAME_RESPONSE, inside)),
        CHANNEL => channel(inside),
        _ => Err(Fault::Malformed("codesys: service of the router")),
    }
}

fn channel(inside: &[u8]) -> Result<Said<'_>, Fault> {
    let mut r = Reader::new(inside);
    let (kind, flags) = (r.u8("kind")?, r.u8("flags")?);
    match kind {
        0x01 => {
            r.skip(10, "channel, block and acknowledged block")?;
            if flags & 1 == 0 {
                return Ok(Said::Nothing);
            }
            r.skip(8, "size and checksum")?;
            service(r)
        }
        0x02 if r.remaining() >= 6 => Ok(Said::Nothing),
        0x03 if r.remaining() >= 2 => Ok(Said::Channel(kind)),
        0xc2 | 0xc3 | 0x83 | 0xc4 => {
            if r.u16_le("version")? != 0x0101 {
                return Err(Fault::Malformed("codesys: version of a channel"));
            }
            r.skip(4, "checksum")?;
            Ok(Said::Channel(kind))
        }
        _ => Err(Fault::Malformed("codesys: kind of a channel's message")),
    }
}

fn service(mut r: Reader<'_>) -> Result<Said<'static>, Fault> {
    let (protocol, size) = (r.u16_le("protocol")?, r.u16_le("header size")?);
    let (group, command) = (r.u16_le("component")?, r.u16_le("command")?);
    let answer = group & 0x80 != 0;
    match protocol {
        PLAIN if size >= 12 => Ok(Said::Service((group & 0x7f) as u8, command, answer)),
        SECURE => Ok(Said::Secured(answer)),
        _ => Err(Fault::Malformed("codesys: service")),
    }
}

/// How sure a datagram is, and whether a client says it, where that is told.
type Judged = (f32, Option<bool>);

/// How often datagrams look so by chance.
fn judge(bytes: &[u8]) -> Option<Judged> {
    let datagram = datagram(bytes).ok()?;
    let info = bytes.get(2).copied().unwrap_or(0);
    match said(&datagram).ok()? {
        // Short messages: lengths that fit to the byte, and no free bits.
        Said::Address(false) => (info & 0x2f == 0 && datagram.inside.is_empty()).then_some((0.97, Some(true))),
        Said::Address(true) => (info & 0x2f == 0).then_some((0.9, Some(false))),
        Said::Names(answer, inside) => matches!(inside, [_, 0xc2, ..]).then_some((0.97, Some(!answer))),
        Said::Service(_, _, answer) | Said::Secured(answer) => Some((0.98, Some(!answer))),
        Said::Channel(3) => Some((0.85, None)),
        Said::Channel(kind) => Some((0.98, Some(kind != 0x83))),
        Said::Nothing => Some((0.7, None)),
    }
}

/// The same of a block over TCP: its two magic numbers and its length tell, also while the rest is cut.
fn judge_block(bytes: &[u8]) -> Result<Option<Judged>, Fault> {
    let length = block(bytes)?;
    let mut r = Reader::new(bytes);
    match r.take(length, "block") {
        Ok(whole) => Ok(judge(whole.get(BLOCK_HEAD..).unwrap_or(&[]))),
        Err(cut) => match bytes.get(BLOCK_HEAD..) {
            Some([MAGIC, hops, ..]) if hops & 7 == 3 => Ok(Some((0.97, None))),
            Some([] | [MAGIC]) => Err(cut),
            _ => Ok(None),
        },
    }
}

/// Told by its magic numbers and by lengths that fit.
pub(super) fn probe(head: &Head<'_>) -> Probe {
    let look = |bytes: &[u8]| match (head.transport == Transport::TCP, bytes) {
        (true, [0xbb, ..]) => second::judge(bytes).map(|sure| sure.map(|sure| (sure, None))),
        (true, _) => judge_block(bytes),
        (false, _) => Ok(judge(bytes)),
    };
    let seen = |bytes: &[u8]| match look(bytes) {
        _ if bytes.is_empty() => Ok(None),
        Ok(Some(found)) => Ok(Some(found)),
        Ok(None) | Err(Fault::Malformed(_)) => Err(Probe::No),
        Err(Fault::Incomplete { .. }) => Err(Probe::More),
    };
    match (seen(head.to_server), seen(head.to_client)) {
        (Err(probe), _) | (_, Err(probe)) => probe,
        (Ok(None), Ok(None)) => Probe::More,
        (Ok(a), Ok(b)) => {
            let sure = |judged: Option<Judged>| judged.map_or(0.0, |(sure, _)| sure);
            let asks = |judged: Option<Judged>| judged.and_then(|(_, asks)| asks);
            let reversed = match (asks(a), asks(b)) {
                (Some(a), Some(b)) => !a && b,
                (Some(a), None) => !a,
                (None, Some(b)) => b,
                (None, None) => false,
            };
            Probe::Yes { confidence: Unit::new(sure(a).max(sure(b))), reversed }
        }
    }
}

/// What a device tells of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Device {
    pub(super) node: Option<String>,
    pub(super) model: Option<String>,
    pub(super) vendor: Option<String>,
    pub(super) firmware: String,
}

/// The description of a device: counts of characters, version, the parent's address, then names that end with zero.
///
/// # Errors
/// [`Fault`] where it is something else.
pub(super) fn device(inside: &[u8]) -> Result<Device, Fault> {
    let mut r = Reader::new(inside);
    if r.u16_le("package")? != DEVICE {
        return Err(Fault::Malformed("codesys: package"));
    }
    r.skip(10, "version, request, channels, byte order")?;
    let parent = r.u16_le("parent's address")?;
    let (node, model, vendor) = (r.u16_le("node")?, r.u16_le("device")?, r.u16_le("vendor")?);
    r.skip(8, "target")?;
    let [d, c, b, a] = r.array::<4>("version")?;
    r.skip(8, "flags and lengths")?;
    r.skip(usize::from(parent), "parent's address")?;
    let firmware = format!("{a}.{b}.{c}.{d}");
    let [node, model, vendor] = [text(&mut r, node)?, text(&mut r, model)?, text(&mut r, vendor)?];
    Ok(Device { node, model, vendor, firmware })
}

/// A text of so many characters of 16 bits, with a zero behind it.
fn text(r: &mut Reader<'_>, count: u16) -> Result<Option<String>, Fault> {
    let bytes = r.take(usize::from(count) * 2, "name")?;
    if r.u16_le("end of a name")? != 0 {
        return Err(Fault::Malformed("codesys: end of a name"));
    }
    let (units, _) = bytes.as_chunks::<2>();
    let text: String = char::decode_utf16(units.iter().map(|unit| u16::from_le_bytes(*unit)))
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|unit| !unit.is_control())
        .take(TEXT_LIMIT)
        .collect();
    Ok((!text.trim().is_empty()).then(|| text.trim().to_owned()))
}
