//! One conversation with a controller.

use super::parse::{self, Kind};
use super::table::{self, READ_SYSTEM, REFUSAL, WRITE_SYSTEM};
use crate::Output;
use crate::codes::{Code, find, ics, name, range};
use crate::framed::Framing;
use crate::pending::Pending;
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::{Fault, Reader};
use std::borrow::Cow;

/// What an answer takes from its request.
pub(crate) type Waiting = (Code, Option<(u8, u16, u16)>);

/// What is remembered of a conversation.
#[derive(Debug, Default)]
pub(crate) struct GeSrtp {
    asked: Pending<u64, Waiting>,
}

impl Framing for GeSrtp {
    const HELD: usize = Pending::<u64, Waiting>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::head(bytes).map(|(total, _)| total)
    }

    fn message(&mut self, message: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let read = parse::message(message.bytes)?;
        let event = |code, kind| ics(Protocol::GE_SRTP, code, kind);
        match read.kind {
            Kind::Initiation => output.ics(event(table::INITIATION, MessageKind::Request)),
            Kind::Initiated => output.ics(event(table::INITIATION, MessageKind::Response)),
            Kind::Request => {
                let code = find(table::SERVICES, u32::from(read.service));
                let memory = memory(code, read.arguments);
                self.asked.ask(u64::from(read.number), (code, memory));
                let word = code.code == WRITE_SYSTEM && memory.is_some_and(|(_, _, count)| count == 1);
                let value = if word { Reader::new(read.text).u16_le("value").ok().map(f64::from) } else { None };
                output.ics(Ics { value, ..placed(event(code, MessageKind::Request), memory) });
            }
            Kind::Answer => {
                let (code, memory) = self.asked.answer(&u64::from(read.number)).unwrap_or((table::UNKNOWN, None));
                let kind = if read.inside == REFUSAL { MessageKind::Exception } else { MessageKind::Response };
                output.ics(placed(event(code, kind), memory));
            }
        }
        Ok(())
    }
}

/// Selector, first place and count of a memory request.
fn memory(code: Code, arguments: &[u8]) -> Option<(u8, u16, u16)> {
    if !matches!(code.code, READ_SYSTEM | WRITE_SYSTEM) {
        return None;
    }
    let mut r = Reader::new(arguments);
    Some((r.u8("selector").ok()?, r.u16_le("offset").ok()?, r.u16_le("count").ok()?))
}

fn placed(event: Ics, memory: Option<(u8, u16, u16)>) -> Ics {
    let Some((selector, offset, count)) = memory else { return event };
    let known = name(table::AREAS, u32::from(selector));
    let object: Cow<'static, str> =
        if known.is_empty() { format!("selector 0x{selector:02x}").into() } else { known.into() };
    Ics { object: Some(object), range: range(offset.into(), count.into()), ..event }
}
