//! One conversation with a controller.

use super::parse::{self, Access, Frame};
use super::table::{self, CONTROLLER_DATA};
use crate::Output;
use crate::codes::{code, ics};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{self, Message};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, Endpoints, MessageKind, Operation, Protocol, Transport};
use picket_reader::{Fault, Reader};

/// What an answer takes from its request.
pub(crate) type Waiting = Access;

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Fins {
    asked: Pending<u64, Waiting>,
}

impl Framing for Fins {
    // Areas nobody knows have a name of their own.
    const HELD: usize = Pending::<u64, Waiting>::LIMIT + Pending::<u64, Waiting>::MAX * 32;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    /// Over UDP there is no header: a frame is a datagram.
    fn within(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::frame(bytes).map(|_| bytes.len())
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        if matches!(message.context.endpoints, Endpoints::Ip { transport: Transport::UDP, .. }) {
            return self.frame(&parse::frame(message.bytes)?, message, output);
        }
        let (command, error, inside) = parse::tcp(message.bytes)?;
        match (command, error) {
            (2, 0) => return self.frame(&parse::frame(inside)?, message, output),
            (0, _) => output.ics(ics(Protocol::FINS, table::NODE_ADDRESS, MessageKind::Request)),
            (1, 0) => output.ics(ics(Protocol::FINS, table::NODE_ADDRESS, MessageKind::Response)),
            (1, _) => output.ics(ics(Protocol::FINS, table::NODE_ADDRESS, MessageKind::Exception)),
            _ => {
                let kind = if error == 0 { MessageKind::Request } else { MessageKind::Exception };
                output.ics(ics(Protocol::FINS, code(command, "FINS/TCP", Operation::Session), kind));
            }
        }
        Ok(())
    }
}

impl Fins {
    fn frame(&mut self, frame: &Frame<'_>, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let code = table::command(frame.command);
        // The number and the node that was asked, as the answer turns them round.
        let [network, node, unit] = if frame.answer { frame.from } else { frame.to };
        let number = u64::from(frame.number) | u64::from(node) << 8 | u64::from(frame.command) << 16;
        let event = Ics {
            unit: Some(u32::from_be_bytes([0, network, node, unit])),
            ..ics(Protocol::FINS, code, MessageKind::Request)
        };
        if !frame.answer {
            let access = parse::access(frame.command, frame.data);
            let known = access.clone().unwrap_or_default();
            if known.area.is_some() {
                self.asked.ask(number, Access { value: None, ..known.clone() });
            }
            output.ics(Ics { object: known.area, range: known.range, value: known.value, ..event });
            return access.map(|_| ());
        }
        let access = self.asked.answer(&number).unwrap_or_default();
        let event = Ics { object: access.area, range: access.range, ..event };
        match Reader::new(frame.data).u16("end code")? {
            0 => output.ics(Ics { kind: MessageKind::Response, ..event }),
            end => {
                let object = Some(format!("end code 0x{end:04x}").into());
                output.ics(Ics { kind: MessageKind::Exception, object, ..event });
                return Ok(());
            }
        }
        if frame.command == CONTROLLER_DATA {
            output.asset(controller(frame, message));
        }
        Ok(())
    }
}

/// What a controller said of itself: model and version, 20 characters each (W342 section 5-3-19).
fn controller(frame: &Frame<'_>, message: &Message<'_>) -> Asset {
    let mut asset = message.about();
    asset.model = frame.data.get(2..22).and_then(teller::text);
    // The version of the processor, and behind it that of its system.
    asset.firmware = frame.data.get(22..32).and_then(teller::text);
    if asset.model.is_some() {
        asset.vendor = Some("Omron".to_owned());
        asset.roles.push("plc".to_owned());
        asset.purdue_level = Some(1);
        "fins".clone_into(&mut asset.source);
    }
    asset
}
