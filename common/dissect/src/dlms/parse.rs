//! Frames of the wrapper and of HDLC, and the services inside.

use super::table::{
    self, ACTION_REQUEST, ACTION_RESPONSE, ASSOCIATED, GET_REQUEST, GET_RESPONSE, Part, SET_REQUEST, SET_RESPONSE,
    Service,
};
use crate::{ber, checksum};
use picket_reader::{Fault, Reader};

const FLAG: u8 = 0x7e;
/// Version, both ports and length of the wrapper.
const WRAPPER: usize = 8;
/// Format, two addresses, control and checksum.
const SHORTEST: usize = 7;

/// The length of the frame at the start.
///
/// # Errors
/// [`Fault::Incomplete`] where the length is not in view; [`Fault::Malformed`] where no frame begins so.
pub(crate) fn length(bytes: &[u8]) -> Result<usize, Fault> {
    let mut r = Reader::new(bytes);
    match r.u8("start")? {
        0 => wrapper(&mut r),
        // Flags fill the time between frames.
        FLAG if r.peek().first() == Some(&FLAG) => Ok(1),
        FLAG => {
            let format = r.u16("format")?;
            let length = usize::from(format & 0x7ff);
            if format >> 12 != 0xa || length < SHORTEST {
                return Err(Fault::Malformed("dlms: format of a frame"));
            }
            match (bytes.get(length + 1), bytes.get(length + 2)) {
                // One flag ends a frame and begins the next.
                (Some(&FLAG), Some(next)) if next >> 4 == 0xa => Ok(length + 1),
                (Some(&FLAG) | None, _) => Ok(length + 2),
                _ => Err(Fault::Malformed("dlms: frame does not end where it says")),
            }
        }
        _ => Err(Fault::Malformed("dlms: no start of a frame")),
    }
}

fn wrapper(r: &mut Reader<'_>) -> Result<usize, Fault> {
    let version = r.u8("version")?;
    let (src, dest, length) = (r.u16("source")?, r.u16("destination")?, r.u16("length")?);
    if version != 1 || src == 0 || dest == 0 || length < 2 {
        return Err(Fault::Malformed("dlms: wrapper"));
    }
    Ok(WRAPPER + usize::from(length))
}

/// What a frame carries.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Carried<'a> {
    /// Nothing of the application: the link's own frames.
    Nothing,
    /// A service, or its beginning where more frames follow.
    Service {
        bytes: &'a [u8],
        /// The meter, as the frame addresses it.
        meter: u32,
        continues: bool,
    },
    /// What follows of a service, and whether more does.
    More { continues: bool },
}

/// Reads a whole frame; `begun` where a service of its direction goes on, `up` where the client sends it.
///
/// # Errors
/// [`Fault`] where it is none.
pub(crate) fn frame(bytes: &[u8], begun: bool, up: bool) -> Result<Carried<'_>, Fault> {
    let mut r = Reader::new(bytes);
    match r.u8("start")? {
        0 => {
            r.skip(1, "version")?;
            let (src, dest) = (r.u16("source")?, r.u16("destination")?);
            r.skip(2, "length")?;
            let bytes = r.rest();
            let to_meter = match bytes.first().and_then(|tag| table::service(*tag)).map(|service| service.part) {
                Some(Part::Request) => true,
                Some(Part::Any) => up,
                _ => false,
            };
            Ok(Carried::Service { bytes, meter: u32::from(if to_meter { dest } else { src }), continues: false })
        }
        _ if r.is_empty() => Ok(Carried::Nothing),
        _ => hdlc(r, begun),
    }
}

fn hdlc(mut r: Reader<'_>, begun: bool) -> Result<Carried<'_>, Fault> {
    let format = r.clone().u16("format")?;
    let covered = r.take(usize::from(format & 0x7ff).saturating_sub(2), "frame")?;
    if checksum::hdlc(covered) != r.u16_le("checksum")? {
        return Err(Fault::Malformed("dlms: checksum"));
    }
    let continues = format & 0x0800 != 0;
    let mut r = Reader::new(covered);
    r.skip(2, "format")?;
    let (dest, src, control) = (address(&mut r)?, address(&mut r)?, r.u8("control")?);
    if control & 1 != 0 || r.is_empty() {
        return Ok(Carried::Nothing);
    }
    r.skip(2, "checksum of the header")?;
    if begun {
        return Ok(Carried::More { continues });
    }
    // The logical link's header says who speaks.
    let meter = match r.array("logical link")? {
        [0xe6, 0xe6, 0] => dest,
        [0xe6, 0xe7, 0] => src,
        _ => return Err(Fault::Malformed("dlms: logical link")),
    };
    Ok(Carried::Service { bytes: r.rest(), meter, continues })
}

/// An address of one, two or four bytes, the last of which is odd; seven bits of each count.
fn address(r: &mut Reader<'_>) -> Result<u32, Fault> {
    let mut sum = 0u32;
    for _ in 0..4 {
        let byte = r.u8("address")?;
        sum = sum << 7 | u32::from(byte >> 1);
        if byte & 1 == 1 {
            return Ok(sum);
        }
    }
    Err(Fault::Malformed("dlms: address"))
}

/// An object's attribute or method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attribute {
    pub(crate) class: u16,
    pub(crate) name: [u8; 6],
    pub(crate) number: u8,
}

/// A service, as far as it is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Apdu {
    pub(crate) service: Service,
    /// What a request and its answer share.
    pub(crate) invocation: Option<u8>,
    pub(crate) attribute: Option<Attribute>,
    /// It refuses.
    pub(crate) negative: bool,
    /// More than the tag fits.
    pub(crate) certain: bool,
}

/// Reads a service.
///
/// # Errors
/// [`Fault`] where its tag is unknown or it is cut.
pub(crate) fn apdu(bytes: &[u8]) -> Result<Apdu, Fault> {
    let mut r = Reader::new(bytes);
    let tag = r.u8("tag")?;
    let service = table::service(tag).ok_or(Fault::Malformed("dlms: tag of a service"))?;
    let mut read = Apdu { service, invocation: None, attribute: None, negative: false, certain: false };
    match tag {
        0x60..=0x63 | 0xc8..=0xcf | 0xd0..=0xd7 => {
            let (_, inside) = ber::value(&mut Reader::new(bytes))?;
            read.certain = inside.remaining() + 2 <= bytes.len() && inside.remaining() + 5 >= bytes.len();
            read.negative = tag == ASSOCIATED && rejected(inside);
        }
        GET_REQUEST | SET_REQUEST | ACTION_REQUEST => {
            let kind = r.u8("kind")?;
            read.invocation = Some(r.u8("invocation")? & 15);
            read.certain = (1..=6).contains(&kind);
            if kind == 1 {
                let (class, name) = (r.u16("class")?, r.array("name")?);
                read.attribute = Some(Attribute { class, name, number: r.u8("attribute")? });
            }
        }
        GET_RESPONSE | SET_RESPONSE | ACTION_RESPONSE => {
            let kind = r.u8("kind")?;
            read.invocation = Some(r.u8("invocation")? & 15);
            read.certain = (1..=6).contains(&kind);
            read.negative = kind == 1 && r.u8("result")? != 0;
        }
        _ => {}
    }
    Ok(read)
}

/// Whether an association's result is not 0, accepted.
fn rejected(mut inside: Reader<'_>) -> bool {
    while let Ok((tag, mut value)) = ber::value(&mut inside) {
        if tag == 0xa2 {
            return ber::expect(&mut value, 2, "result").is_ok_and(|result| result.peek() != [0]);
        }
    }
    false
}
