//! Frames of DLMS told, and the services inside read.

use super::parse::{self, Apdu, Attribute, Carried, HEAD};
use super::table::Part;
use crate::Output;
use crate::framed::{Frame, Framed, Mark, Speaker};
use crate::pending::Pending;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Operation, Protocol};
use picket_reader::Fault;

/// A request waiting for its answer.
#[derive(Clone, Copy, Debug)]
struct Asked {
    operation: Operation,
    attribute: Option<Attribute>,
}

/// One connection to a meter, or through a gateway to several.
#[derive(Debug, Default)]
pub(crate) struct Dlms {
    /// By meter and invocation.
    asked: Pending<(u32, u8), Asked>,
    /// What was asked last, for refusals that name no invocation.
    last: Option<Operation>,
    /// A service of this direction goes on in the next frame.
    begun: [bool; 2],
}

impl Framed for Dlms {
    const HEAD: usize = HEAD;
    const REST: Option<&'static str> = Some("dlms: bytes behind the last frame");
    const HELD: usize = Pending::<(u32, u8), Asked>::LIMIT;

    fn length(bytes: &[u8]) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        let hdlc = frame.first() == Some(&0x7e);
        match parse::frame(frame, false, false) {
            Ok(Carried::Service { bytes, continues, .. }) => {
                let read = parse::apdu(bytes).ok();
                let speaker = match read.map(|read| read.service.part) {
                    Some(Part::Request) => Speaker::Client,
                    Some(Part::Response | Part::Refusal) => Speaker::Server,
                    _ => Speaker::Either,
                };
                match read {
                    _ if hdlc => Some(Mark { sure: 0.97, speaker }),
                    Some(read) if read.certain && !continues => Some(Mark { sure: 0.93, speaker }),
                    Some(_) => Some(Mark { sure: 0.6, speaker }),
                    None => None,
                }
            }
            // A lone flag says nothing.
            Ok(_) if frame.len() == 1 => Some(Mark { sure: 0.0, speaker: Speaker::Either }),
            Ok(_) => Some(Mark { sure: 0.95, speaker: Speaker::Either }),
            // A frame in the middle of a service has no header of its own, and a checksum that fits.
            Err(Fault::Malformed("dlms: logical link")) => Some(Mark { sure: 0.9, speaker: Speaker::Either }),
            Err(_) => None,
        }
    }

    fn frame(&mut self, frame: &Frame<'_>, output: &mut Output) -> Result<(), &'static str> {
        let at = frame.direction.index();
        let begun = self.begun.get(at).copied().unwrap_or(false);
        let carried = match parse::frame(frame.bytes, begun, frame.is_from_client()) {
            Ok(carried) => carried,
            Err(Fault::Malformed(reason)) => return Err(reason),
            Err(Fault::Incomplete { .. }) => return Err("dlms: frame is cut"),
        };
        let continues = match carried {
            Carried::Nothing => return Ok(()),
            Carried::Service { continues, .. } | Carried::More { continues } => continues,
        };
        if let Some(flag) = self.begun.get_mut(at) {
            *flag = continues;
        }
        let Carried::Service { bytes, meter, .. } = carried else { return Ok(()) };
        match parse::apdu(bytes) {
            Ok(read) => {
                self.service(&read, meter, frame.is_from_client(), output);
                Ok(())
            }
            Err(Fault::Malformed(reason)) => Err(reason),
            Err(Fault::Incomplete { .. }) => Err("dlms: service is cut"),
        }
    }

    fn gap(&mut self, direction: Direction) {
        if let Some(flag) = self.begun.get_mut(direction.index()) {
            *flag = false;
        }
    }
}

impl Dlms {
    fn service(&mut self, read: &Apdu, meter: u32, from_client: bool, output: &mut Output) {
        let service = read.service;
        let mut operation = service.operation;
        let mut attribute = read.attribute;
        let kind = match service.part {
            Part::Request => {
                self.last = Some(operation);
                if let Some(invocation) = read.invocation {
                    self.asked.ask_anew((meter, invocation), Asked { operation, attribute });
                }
                MessageKind::Request
            }
            Part::Response => {
                let asked = read.invocation.and_then(|invocation| self.asked.answer(&(meter, invocation)));
                attribute = asked.filter(|asked| asked.operation == operation).and_then(|asked| asked.attribute);
                if read.negative { MessageKind::Exception } else { MessageKind::Response }
            }
            Part::Report => MessageKind::Unsolicited,
            Part::Refusal => {
                operation = self.last.take().unwrap_or(operation);
                MessageKind::Exception
            }
            Part::Any if from_client => MessageKind::Request,
            Part::Any => MessageKind::Response,
        };
        let message = Ics::new(Protocol::DLMS, operation, kind, u32::from(service.tag), service.name);
        let object = attribute.map(|attribute| name(&attribute).into());
        output.ics(Ics { unit: Some(meter), object, ..message });
    }
}

/// An attribute in words: class, the name of the object as IEC 62056-61 writes it, number.
fn name(attribute: &Attribute) -> String {
    let Attribute { class, name: [a, b, c, d, e, f], number } = *attribute;
    format!("class {class} {a}-{b}:{c}.{d}.{e}*{f} {number}")
}
