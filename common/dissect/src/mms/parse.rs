//! MMS units (ISO 9506-2 section 7).

use super::{carried, name};
use crate::ber;
use crate::iso::Sight;
use picket_event::Direction;
use picket_reader::{Fault, Reader};

/// Bytes of a connecting message in which its abstract syntax is looked for.
const SYNTAX_WITHIN: usize = 512;
/// The highest number of a confirmed service (ISO 9506-2:2003).
const SERVICE_MAX: u16 = 85;

/// One unit.
#[derive(Clone, Copy, Debug)]
pub(super) enum Unit<'a> {
    Request(Service<'a>),
    Response(Service<'a>),
    /// A negative answer to a confirmed request.
    Error {
        invoke: u32,
    },
    /// A unit that could not be understood, with the request it belongs to where there is one.
    Reject {
        invoke: Option<u32>,
    },
    /// Service number and what it holds.
    Unconfirmed(u16, Reader<'a>),
    /// Cancelling, initiating and concluding: the unit's number, and the part it plays.
    Association(u16, Part),
}

/// The part of a unit that belongs to the association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Request,
    Response,
    Error,
}

/// A confirmed service.
#[derive(Clone, Copy, Debug)]
pub(super) struct Service<'a> {
    pub(super) invoke: u32,
    pub(super) number: u16,
    pub(super) inside: Reader<'a>,
}

/// Reads a unit.
///
/// # Errors
/// [`Fault`] where it is not well-formed.
pub(super) fn unit(bytes: &[u8]) -> Result<Unit<'_>, Fault> {
    let mut r = Reader::new(bytes);
    let (tag, mut inside) = ber::value(&mut r)?;
    r.done("mms: bytes behind a unit")?;
    Ok(match tag {
        0xa0 => Unit::Request(service(inside)?),
        0xa1 => Unit::Response(service(inside)?),
        0xa2 => Unit::Error { invoke: invoke(&mut inside, 0x80)? },
        0xa3 => {
            let (class, number, inside) = ber::numbered(&mut inside)?;
            if class & 0xc0 != 0x80 {
                return Err(Fault::Malformed("mms: unconfirmed service"));
            }
            Unit::Unconfirmed(number, inside)
        }
        0xa4 => Unit::Reject { invoke: invoke(&mut inside, 0x80).ok() },
        0x85 => Unit::Association(5, Part::Request),
        0x86 => Unit::Association(6, Part::Response),
        0xa7 => Unit::Association(7, Part::Error),
        0xa8 => Unit::Association(8, Part::Request),
        0xa9 => Unit::Association(9, Part::Response),
        0xaa => Unit::Association(10, Part::Error),
        0x8b => Unit::Association(11, Part::Request),
        0x8c => Unit::Association(12, Part::Response),
        0xad => Unit::Association(13, Part::Error),
        _ => return Err(Fault::Malformed("mms: unit")),
    })
}

fn invoke(r: &mut Reader<'_>, tag: u8) -> Result<u32, Fault> {
    let bytes = ber::expect(r, tag, "mms: invoke id")?.rest();
    if bytes.is_empty() || bytes.len() > 5 {
        return Err(Fault::Malformed("mms: invoke id"));
    }
    Ok(bytes.iter().fold(0u32, |id, byte| id << 8 | u32::from(*byte)))
}

fn service(mut r: Reader<'_>) -> Result<Service<'_>, Fault> {
    let invoke = invoke(&mut r, 2)?;
    // Modifiers may stand before the service.
    if r.peek().first() == Some(&0x30) {
        ber::value(&mut r)?;
    }
    let (class, number, inside) = ber::numbered(&mut r)?;
    if class & 0xc0 != 0x80 || number > SERVICE_MAX {
        return Err(Fault::Malformed("mms: confirmed service"));
    }
    Ok(Service { invoke, number, inside })
}

/// Whether a message can begin so; it may be cut.
pub(super) fn fits(bytes: &[u8]) -> bool {
    sight(bytes, false) != Sight::Foreign && (opening(bytes).is_ok() || carried::is_session(bytes))
}

/// How a message's beginning looks.
pub(super) fn sight(bytes: &[u8], whole: bool) -> Sight {
    if !whole {
        return cut(bytes);
    }
    let mut seen = None;
    let (mut weak, mut foreign) = (false, false);
    let mut take = |bytes: &[u8]| match unit(bytes) {
        Ok(unit) if unit.tells(bytes) => seen = seen.or(Some(unit.from())),
        Ok(_) => weak = true,
        Err(_) => foreign = true,
    };
    match (carried::each(bytes, &mut take), seen) {
        (_, Some(from)) if !foreign => Sight::Mine(from),
        // Connections say what they are for; endings carry nothing that tells.
        _ if connects(bytes) => Sight::Mine(None),
        (Ok(0), _) if carried::is_session(bytes) => Sight::Cut,
        _ if weak && !foreign => Sight::Cut,
        _ => Sight::Foreign,
    }
}

impl Unit<'_> {
    /// Whether its structure is MMS's alone: other protocols of ISO number their units in the same way.
    fn tells(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Request(_) | Self::Response(_) => true,
            Self::Unconfirmed(0, inside) => name::variables(&mut { *inside }).is_ok(),
            Self::Association(8 | 9, _) => initiates(bytes).is_ok(),
            _ => false,
        }
    }

    /// Who says it, where that is the rule.
    const fn from(&self) -> Option<Direction> {
        match self {
            Self::Request(_) | Self::Association(_, Part::Request) => Some(Direction::ToServer),
            Self::Response(_) | Self::Error { .. } | Self::Unconfirmed(..) => Some(Direction::ToClient),
            Self::Association(_, _) => Some(Direction::ToClient),
            Self::Reject { .. } => None,
        }
    }
}

/// Initiating names versions and services in its last value.
fn initiates(bytes: &[u8]) -> Result<(), Fault> {
    let (_, mut inside) = ber::value(&mut Reader::new(bytes))?;
    loop {
        match ber::value(&mut inside)? {
            (0x80..=0x83, _) => {}
            (0xa4, mut detail) => {
                ber::expect(&mut detail, 0x80, "mms: version")?;
                ber::expect(&mut detail, 0x81, "mms: parameters")?;
                ber::expect(&mut detail, 0x82, "mms: services")?;
                return Ok(());
            }
            _ => return Err(Fault::Malformed("mms: initiating")),
        }
    }
}

fn connects(bytes: &[u8]) -> bool {
    let head = bytes.get(..SYNTAX_WITHIN).unwrap_or(bytes);
    let syntax = carried::MMS_SYNTAX;
    matches!(head, [13 | 14, ..]) && head.windows(syntax.len()).any(|window| window == syntax)
}

/// A message that is cut: its layers open one in the other, and each is as long as the one round it.
fn cut(bytes: &[u8]) -> Sight {
    if connects(bytes) {
        return Sight::Mine(None);
    }
    match opening(bytes) {
        Ok(0xa0 | 0xa8) => Sight::Mine(Some(Direction::ToServer)),
        Ok(0xa1 | 0xa3 | 0xa9) => Sight::Mine(Some(Direction::ToClient)),
        Ok(_) | Err(Fault::Incomplete { .. }) => Sight::Cut,
        Err(Fault::Malformed(_)) => Sight::Foreign,
    }
}

/// The tag of the MMS unit that a message opens with, once enough of it is seen to tell.
fn opening(bytes: &[u8]) -> Result<u8, Fault> {
    let mut r = Reader::new(bytes);
    match bytes {
        [1, 0, 1, 0, ..] => {
            r.skip(4, "session")?;
            let values = open(&mut r, 0x61)?;
            let value = open(&mut r, 0x30)?;
            if value > values {
                return Err(Fault::Malformed("presentation: lengths"));
            }
            let (tag, _) = ber::value(&mut r)?;
            if tag == 6 {
                ber::expect(&mut r, 2, "presentation: context")?;
            } else if tag != 2 {
                return Err(Fault::Malformed("presentation: context"));
            }
            if open(&mut r, 0xa0)? > value {
                return Err(Fault::Malformed("presentation: lengths"));
            }
        }
        [1] | [1, 0] | [1, 0, 1] => r.skip(4, "session")?,
        [tag, ..] if carried::is_mms(*tag) => {}
        [code, ..] if *code != 1 && carried::is_session(bytes) => r.skip(bytes.len().saturating_add(1), "session")?,
        _ => return Err(Fault::Malformed("mms: opening")),
    }
    inner(&mut r)
}

/// The tag of a unit whose first value fits it.
fn inner(r: &mut Reader<'_>) -> Result<u8, Fault> {
    let tag = r.u8("unit")?;
    ber::length(r)?;
    match tag {
        0xa0 | 0xa1 => {
            invoke(r, 2)?;
            let (class, number) = ber::tag(r)?;
            let modifiers = (class, number) == (0x20, 16);
            if !modifiers && (class & 0xc0 != 0x80 || number > SERVICE_MAX) {
                return Err(Fault::Malformed("mms: confirmed service"));
            }
        }
        0xa3 if ber::tag(r)?.0 & 0xc0 != 0x80 => return Err(Fault::Malformed("mms: unconfirmed service")),
        _ if !carried::is_mms(tag) => return Err(Fault::Malformed("mms: unit")),
        _ => {}
    }
    Ok(tag)
}

/// Opens a value of this tag; answers its length.
fn open(r: &mut Reader<'_>, tag: u8) -> Result<usize, Fault> {
    if r.u8("tag")? != tag {
        return Err(Fault::Malformed("presentation: tag"));
    }
    ber::length(r)
}
