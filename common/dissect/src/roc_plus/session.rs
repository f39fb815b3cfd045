//! Messages of ROC Plus told and read.

use super::parse;
use super::table::{self, ERROR, GET_PARAMETERS, Opcode, REPORT, SET_PARAMETERS};
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// One connection between a host and controllers.
#[derive(Debug, Default)]
pub(crate) struct RocPlus {
    /// The last opcode asked of each unit and group.
    asked: Pending<[u8; 2], u8>,
}

impl Framing for RocPlus {
    const MARKED: bool = false;
    const HELD: usize = Pending::<[u8; 2], u8>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    fn may_begin(bytes: &[u8]) -> bool {
        bytes.get(4).is_none_or(|opcode| table::opcode(*opcode).is_some())
    }

    fn is_whole(frame: &[u8]) -> bool {
        parse::message(frame).is_ok()
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        let message = parse::message(frame).ok()?;
        table::opcode(message.opcode)?;
        // An error says which.
        if message.opcode == ERROR && message.data.is_empty() {
            return None;
        }
        // The other checksum is that of Modbus on a serial line: what it answers, or is answered, has to fit too.
        Some(Mark { sure: if message.by_manual { 0.92 } else { 0.55 }, speaker: Speaker::Either })
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let read = parse::message(frame.bytes).map_err(|_| Fault::Malformed("roc_plus: checksum"))?;
        let opcode = table::opcode(read.opcode).unwrap_or(table::unknown(read.opcode));
        let (opcode, kind, controller) = match (read.opcode, frame.is_from_client()) {
            (ERROR, _) => (self.refused(read.src, opcode), MessageKind::Exception, read.src),
            (REPORT, false) => (opcode, MessageKind::Unsolicited, read.src),
            (_, false) => (opcode, MessageKind::Response, read.src),
            (_, true) => {
                self.asked.ask_anew(read.dest, read.opcode);
                (opcode, MessageKind::Request, read.dest)
            }
        };
        let range = match read.opcode {
            SET_PARAMETERS | GET_PARAMETERS => parse::parameters(read.data),
            _ => None,
        };
        let [unit, _] = controller;
        let message = Ics::new(Protocol::ROC_PLUS, opcode.operation, kind, u32::from(opcode.code), opcode.name);
        output.ics(Ics { unit: Some(u32::from(unit)), range, ..message });
        Ok(())
    }
}

impl RocPlus {
    /// The request that an error is about: the last one of its sender.
    fn refused(&mut self, sender: [u8; 2], error: Opcode) -> Opcode {
        self.asked.answer(&sender).and_then(table::opcode).unwrap_or(error)
    }
}
