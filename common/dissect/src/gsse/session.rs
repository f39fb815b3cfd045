//! Messages of GSSE told and counted.

use super::{parse, table};
use crate::Output;
use crate::framed::Framing;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// What one publisher sends to one group.
#[derive(Debug, Default)]
pub(crate) struct Gsse {}

impl Framing for Gsse {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        Ok(bytes.len())
    }

    fn judge(frame: &[u8]) -> Option<Mark> {
        parse::frame(frame).ok().map(|_| Mark { sure: 0.85, speaker: Speaker::Client })
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        parse::frame(frame.bytes).map_err(|_| Fault::Malformed("gsse: frame does not fit"))?;
        let message = Ics::new(Protocol::GSSE, table::REPORT, MessageKind::Unsolicited, 0, table::NAME);
        output.ics(message);
        Ok(())
    }
}
