//! One conversation between nodes.

use super::parse::{self, Sdo};
use super::table::{self, ASYNC_SEND, NMT_COMMAND, SDO};
use crate::Output;
use crate::codes::{Code, find, ics};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{self, Message};
use picket_event::body::Ics;
use picket_event::{Direction, Endpoints, MessageKind, Operation, Protocol};
use picket_reader::Fault;

/// What an answer takes from its request: what it was, and its object.
pub(crate) type Waiting = (Code, Option<(u16, u8)>);

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Powerlink {
    asked: Pending<u64, Waiting>,
}

impl Framing for Powerlink {
    const HELD: usize = Pending::<u64, Waiting>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let [kind, to, from, service, inside @ ..] = message.bytes else {
            return Err(Fault::Incomplete { field: "nodes", missing: 4 });
        };
        if kind & 0x7f != ASYNC_SEND {
            return Ok(());
        }
        let first = matches!(message.context.endpoints, Endpoints::Link { ether_type: Some(table::VERSION_1), .. });
        match *service {
            // Version 1 has channels in place of services, of which the first alone has a form.
            _ if first && !parse::is_identity(message.bytes) => {}
            SDO => self.sdo(&parse::sdo(inside)?, (*from, *to), output),
            NMT_COMMAND => {
                let code = find(table::NMT, u32::from(inside.first().copied().unwrap_or(0)));
                let code = Code { operation: Operation::Mode, ..code };
                output.ics(Ics { unit: Some(u32::from(*to)), ..event(code, MessageKind::Request) });
            }
            _ if parse::is_identity(message.bytes) => {
                let mut asset = teller::about(None, message.sender());
                let read = if first { parse::identity_v1 } else { parse::identity };
                read(inside, &mut asset)?;
                asset.roles.push(if *from == table::MANAGING { "managing_node" } else { "controlled_node" }.to_owned());
                asset.purdue_level = Some(1);
                "powerlink".clone_into(&mut asset.source);
                output.asset(asset);
            }
            _ => {}
        }
        Ok(())
    }
}

fn event(code: Code, kind: MessageKind) -> Ics {
    ics(Protocol::POWERLINK, code, kind)
}

impl Powerlink {
    fn sdo(&mut self, sdo: &Sdo<'_>, (from, to): (u8, u8), output: &mut Output) {
        // The sequence layer alone, and what goes on with a transfer.
        if sdo.command == 0 && !sdo.abort || sdo.segment >= 2 {
            return;
        }
        let code = find(table::COMMANDS, u32::from(sdo.command));
        let (client, server) = if sdo.answer { (to, from) } else { (from, to) };
        let number = u64::from(sdo.transaction) | u64::from(client) << 8 | u64::from(server) << 16;
        let (code, object, kind) = if sdo.answer {
            let (asked, object) = self.asked.answer(&number).unwrap_or((code, None));
            (asked, object, if sdo.abort { MessageKind::Exception } else { MessageKind::Response })
        } else {
            let object = if matches!(sdo.command, 1..=4) { parse::object(sdo) } else { None };
            self.asked.ask(number, (code, object));
            (code, object, if sdo.abort { MessageKind::Exception } else { MessageKind::Request })
        };
        let event = Ics { unit: Some(server.into()), ..event(code, kind) };
        output.ics(match object {
            Some((index, sub)) => Ics {
                object: Some(format!("0x{index:04x}:{sub}").into()),
                range: Some((index.into(), index.into())),
                ..event
            },
            None => event,
        });
    }
}
