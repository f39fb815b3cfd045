//! One conversation with a controller.

use super::parse::{self, Access, Head};
use super::{melsoft, old, table};
use crate::Output;
use crate::codes::{Code, find, ics};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::{self, Message};
use picket_event::body::{Asset, Ics};
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// Frames 3E have no number: they wait in order, under this.
const UNNUMBERED: u64 = u64::MAX;

/// A request that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Waiting {
    New { command: u32, access: Access },
    Old(old::Request),
}

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct Melsec {
    asked: Pending<u64, Waiting>,
    /// Frames of the newer forms were seen: there will be none of the older.
    newer: bool,
    /// A request of the older form was read: its answers have requests from now on.
    older: bool,
}

impl Framing for Melsec {
    const HELD: usize = Pending::<u64, Waiting>::LIMIT;

    fn length(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        match bytes {
            [0x57 | 0xd7, ..] => melsoft::length(bytes),
            [0x50 | 0x54 | 0xd0 | 0xd4, 0, ..] | [b'5' | b'D', b'0' | b'4', ..] => parse::head(bytes).map(|h| h.total),
            [_, _, ..] if !self.newer => self.old_length(bytes, direction),
            [_] | [] => Err(Fault::Incomplete { field: "sub-header", missing: 1 }),
            _ => Err(Fault::Malformed("melsec: no frame begins here")),
        }
    }

    fn within(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        if melsoft::search(bytes).is_some() { Ok(bytes.len()) } else { self.length(bytes, direction) }
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        match message.bytes {
            [0x5a | 0xda, 0, 0, ..] => search(message, output),
            [0x57 | 0xd7, ..] => self.programming(message, output),
            [0x50 | 0x54 | 0xd0 | 0xd4, 0, ..] | [b'5' | b'D', b'0' | b'4', ..] => self.frame(message, output),
            _ => self.old_frame(message, output),
        }
    }
}

fn event(code: Code, kind: MessageKind) -> Ics {
    ics(Protocol::MELSEC, code, kind)
}

fn accessed(event: Ics, access: Access) -> Ics {
    Ics { object: access.device.map(Into::into), range: access.range, value: access.value, ..event }
}

fn search(message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
    let Some((answer, what)) = melsoft::search(message.bytes) else {
        return Err(Fault::Malformed("melsec: search"));
    };
    let kind = if answer { MessageKind::Response } else { MessageKind::Request };
    let object = Some(format!("search 0x{what:02x}").into());
    output.ics(Ics { object, ..event(find(table::MELSOFT, table::SEARCH), kind) });
    Ok(())
}

impl Melsec {
    fn old_length(&self, bytes: &[u8], direction: Direction) -> Result<usize, Fault> {
        if direction == Direction::ToServer {
            return old::request(bytes).map(|request| request.total);
        }
        match self.asked.of(&UNNUMBERED) {
            Some(Waiting::Old(asked)) => old::answer_length(bytes, asked),
            // Asked before the first that was seen: the next request waits for all of it, so it is passed over.
            _ if !self.older => Ok(bytes.len()),
            // Nobody asked, as far as is known: nothing says where it ends.
            _ => Err(Fault::Malformed("melsec: an answer without its request")),
        }
    }

    fn programming(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        self.newer = true;
        let frame = melsoft::frame(message.bytes)?;
        let code = find(table::MELSOFT, u32::from(frame.command));
        let kind = match (frame.answer, frame.end) {
            (false, _) => MessageKind::Request,
            (true, 0) => MessageKind::Response,
            (true, _) => MessageKind::Exception,
        };
        output.ics(event(code, kind));
        if kind == MessageKind::Response && code.operation == picket_event::Operation::Identify {
            output.asset(processor(message, frame.data.get(3..19).unwrap_or(&[])));
        }
        Ok(())
    }

    fn frame(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        self.newer = true;
        let head = parse::head(message.bytes)?;
        let number = head.serial.map_or(UNNUMBERED, u64::from);
        let event = if head.answer {
            self.answer(&head, number, message, output)?
        } else {
            let request = parse::request(&head, message.bytes)?;
            let access = parse::access(&request);
            let code = table::command(request.command);
            if request.command == table::ON_DEMAND {
                event(code, MessageKind::Unsolicited)
            } else {
                self.asked.ask(number, Waiting::New { command: request.command, access });
                accessed(event(code, MessageKind::Request), access)
            }
        };
        output.ics(Ics { unit: Some(u32::from(head.network) << 8 | u32::from(head.station)), ..event });
        Ok(())
    }

    fn answer(&mut self, head: &Head, number: u64, message: &Message<'_>, output: &mut Output) -> Result<Ics, Fault> {
        let (end, data) = parse::answer(head, message.bytes)?;
        let asked = self.asked.answer(&number);
        let (command, access) = match asked {
            Some(Waiting::New { command, access }) => (command, access),
            _ => (0, Access::default()),
        };
        let (code, access) = (table::command(command), Access { value: None, ..access });
        if end != 0 {
            let object = Some(format!("end code 0x{end:04x}").into());
            return Ok(Ics { object, ..accessed(event(code, MessageKind::Exception), access) });
        }
        if command == table::READ_TYPE_NAME {
            // Sixteen characters in either form.
            output.asset(processor(message, data.rest.peek().get(..16).unwrap_or(&[])));
        }
        Ok(accessed(event(code, MessageKind::Response), access))
    }

    fn old_frame(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        if message.direction == Direction::ToServer {
            let request = old::request(message.bytes)?;
            self.older = true;
            self.asked.ask(UNNUMBERED, Waiting::Old(request));
            let access = Access { device: request.device, range: request.range, value: request.value };
            let event = accessed(event(old::function(request.code), MessageKind::Request), access);
            output.ics(Ics { unit: Some(u32::from(request.controller)), ..event });
            return Ok(());
        }
        let Some(Waiting::Old(asked)) = self.asked.answer(&UNNUMBERED) else { return Ok(()) };
        let positive = message.bytes.get(1) == Some(&0);
        let kind = if positive { MessageKind::Response } else { MessageKind::Exception };
        let access = Access { device: asked.device, range: asked.range, value: None };
        let event = accessed(event(old::function(asked.code), kind), access);
        output.ics(Ics { unit: Some(u32::from(asked.controller)), ..event });
        Ok(())
    }
}

/// What a controller told of itself.
fn processor(message: &Message<'_>, name: &[u8]) -> Asset {
    let mut asset = message.about();
    asset.model = teller::text(name);
    if asset.model.is_some() {
        asset.vendor = Some("Mitsubishi Electric".to_owned());
        asset.roles.push("plc".to_owned());
        asset.purdue_level = Some(1);
        "melsec".clone_into(&mut asset.source);
    }
    asset
}
