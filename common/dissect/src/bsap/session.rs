//! Datagrams of BSAP told and read.

use super::parse::{self, Datagram};
use super::table::{self, ANSWER, POLL, Row};
use crate::Output;
use crate::framed::Framing;
use crate::pending::Pending;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// What two ends say to each other.
#[derive(Debug, Default)]
pub(crate) struct Bsap {
    /// By the asking side and sequence number.
    asked: Pending<(bool, u32), Row>,
}

impl Framing for Bsap {
    const HELD: usize = Pending::<(bool, u32), Row>::LIMIT;

    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    /// Every length has to fit to the byte; a poll has only its fixed bytes.
    fn judge(frame: &[u8]) -> Option<Mark> {
        let Datagram { count, answers, mut messages } = parse::datagram(frame).ok()?;
        if count == 0 {
            return frame.get(6..10).is_some_and(|bytes| bytes == [0; 4]).then_some(POLLED);
        }
        for _ in 0..count {
            parse::message(&mut messages, answers).ok()?;
        }
        let speaker = if answers { Speaker::Server } else { Speaker::Client };
        messages.is_empty().then_some(Mark { sure: 0.97, speaker })
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let Datagram { count, answers, mut messages } =
            parse::datagram(frame.bytes).map_err(|_| Fault::Malformed("bsap: header does not fit"))?;
        if count == 0 {
            self.say(POLL, MessageKind::Request, output);
        }
        for _ in 0..count {
            let message =
                parse::message(&mut messages, answers).map_err(|_| Fault::Malformed("bsap: message does not fit"))?;
            if answers {
                let asked = self.asked.answer(&(!frame.is_from_client(), message.sequence));
                self.say(asked.unwrap_or(ANSWER), MessageKind::Response, output);
            } else {
                let row = table::request(message.application, message.function);
                self.asked.ask_anew((frame.is_from_client(), message.sequence), row);
                let kind = if table::is_report(row) { MessageKind::Unsolicited } else { MessageKind::Request };
                self.say(row, kind, output);
            }
        }
        if messages.is_empty() { Ok(()) } else { Err(Fault::Malformed("bsap: bytes behind the last message")) }
    }
}

/// What a poll shows.
const POLLED: Mark = Mark { sure: 0.85, speaker: Speaker::Either };

impl Bsap {
    fn say(&mut self, (code, name, operation): Row, kind: MessageKind, output: &mut Output) {
        output.ics(Ics::new(Protocol::BSAP, operation, kind, u32::from(code), name));
    }
}
