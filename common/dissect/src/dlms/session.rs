//! Frames of DLMS told, and the services inside read.

use super::parse::{self, Apdu, Attribute, Carried};
use super::table::Part;
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
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

impl Framing for Dlms {
    const HELD: usize = Pending::<(u32, u8), Asked>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
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

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let at = frame.direction.index();
        let begun = self.begun.get(at).copied().unwrap_or(false);
        let carried = parse::frame(frame.bytes, begun, frame.is_from_client())?;
        let continues = match carried {
            Carried::Nothing => return Ok(()),
            Carried::Service { continues, .. } | Carried::More { continues } => continues,
        };
        if let Some(flag) = self.begun.get_mut(at) {
            *flag = continues;
        }
        let Carried::Service { bytes, meter, .. } = carried else { return Ok(()) };
        self.service(&parse::apdu(bytes)?, meter, frame.is_from_client(), output);
        Ok(())
    }

    fn interrupted(&mut self, direction: Direction, _: &mut Output) {
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
