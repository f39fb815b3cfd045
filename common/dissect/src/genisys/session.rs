//! Messages of Genisys told and read.

use super::parse;
use crate::Output;
use crate::framed::Framing;
use crate::sides::{Mark, Speaker};
use crate::teller::Message;
use picket_event::body::Ics;
use picket_event::{Direction, MessageKind, Protocol};
use picket_reader::Fault;

/// One connection between an office and field stations.
#[derive(Debug, Default)]
pub(crate) struct Genisys {}

impl Framing for Genisys {
    fn length(&self, bytes: &[u8], _: Direction) -> Result<usize, Fault> {
        parse::length(bytes)
    }

    /// Messages without a checksum are three bytes of which two are fixed: one alone tells nothing, a poll with its
    /// acknowledgement does.
    fn judge(frame: &[u8]) -> Option<Mark> {
        let read = parse::message(frame).ok()?;
        let speaker = if read.message.kind == MessageKind::Request { Speaker::Client } else { Speaker::Server };
        Some(Mark { sure: if read.checked { 0.93 } else { 0.3 }, speaker })
    }

    fn message(&mut self, frame: &Message<'_>, output: &mut Output) -> Result<(), Fault> {
        let read = parse::message(frame.bytes)?;
        let known = read.message;
        let message = Ics::new(Protocol::GENISYS, known.operation, known.kind, u32::from(known.code), known.name);
        let unit = Some(u32::from(read.station));
        output.ics(Ics { unit, range: read.range, value: read.value, ..message });
        Ok(())
    }
}
